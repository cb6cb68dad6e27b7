/* SPDX-License-Identifier: MIT */

#include "broker/heartbeat-broker-uri.h"

#include <gio/gio.h>
#include <string.h>

#include "core/heartbeat-error.h"

#define PORT_AMQP  5672
#define PORT_AMQPS 5671

/* AMQP's short strings. */
#define NAME_MAX_BYTES 255

struct _HeartbeatBrokerUri
{
  gatomicrefcount refs;
  gboolean tls;
  guint16 port;
  char *host;
  char *user;
  char *password;
  char *vhost;
};

G_DEFINE_BOXED_TYPE (HeartbeatBrokerUri,
                     heartbeat_broker_uri,
                     heartbeat_broker_uri_ref,
                     heartbeat_broker_uri_unref)

/* The messages quote nothing of the URL: where a password holds a raw '/' or '@', any part may be a piece of it. */
static gboolean
invalid (GError **error, const char *rule)
{
  g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT, "Unusable broker URL: %s",
               rule);
  return FALSE;
}

static gboolean
has_control_character (const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    {
      if (g_ascii_iscntrl (*p))
        return TRUE;
    }
  return FALSE;
}

/* Takes one part of the URL out of its percent-encoding. */
static gboolean
decode (const char *encoded, const char *fallback, char **decoded, GError **error)
{
  if (encoded == NULL)
    {
      *decoded = g_strdup (fallback);
      return TRUE;
    }

  *decoded = g_uri_unescape_string (encoded, NULL);
  if (*decoded == NULL)
    return invalid (error, "%XX stands for one byte, and %00 is not allowed");
  if (!g_utf8_validate (*decoded, -1, NULL))
    return invalid (error, "user name, password and virtual host are UTF-8");
  if (has_control_character (*decoded))
    return invalid (error, "control characters are not allowed");
  if (strlen (*decoded) > NAME_MAX_BYTES)
    return invalid (error, "user name, password and virtual host have at most 255 bytes each");
  return TRUE;
}

static gboolean
parse_scheme (HeartbeatBrokerUri *self, GUri *uri, GError **error)
{
  const char *scheme = g_uri_get_scheme (uri);

  self->tls = g_ascii_strcasecmp (scheme, "amqps") == 0;
  if (!self->tls && g_ascii_strcasecmp (scheme, "amqp") != 0)
    return invalid (error, "it begins with amqp:// or amqps://");
  return TRUE;
}

static gboolean
parse_host (HeartbeatBrokerUri *self, GUri *uri, GError **error)
{
  const char *host = g_uri_get_host (uri);
  int port = g_uri_get_port (uri);

  if (host == NULL)
    return invalid (error, "it has the form amqp://USER:PASSWORD@HOST:PORT/VHOST");
  if (*host == '\0')
    host = "localhost";
  if (!g_hostname_is_ip_address (host)
      && strspn (host, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-._") != strlen (host))
    return invalid (error, "the host is a name or an address, IPv6 in brackets; an @ or / in user "
                           "name or password is written %40 or %2F");
  if (port == 0)
    return invalid (error, "the port is a number from 1 to 65535");

  self->host = g_strdup (host);
  self->port = (guint16) (port > 0 ? port : self->tls ? PORT_AMQPS : PORT_AMQP);
  return TRUE;
}

static gboolean
parse_login (HeartbeatBrokerUri *self, GUri *uri, GError **error)
{
  const char *user = g_uri_get_user (uri);

  /* RabbitMQ's own defaults hold where the URL names nobody at all. */
  return decode (user, "guest", &self->user, error)
         && decode (g_uri_get_password (uri), user != NULL ? "" : "guest", &self->password, error);
}

static gboolean
parse_vhost (HeartbeatBrokerUri *self, GUri *uri, GError **error)
{
  const char *path = g_uri_get_path (uri);

  if (*path == '/')
    path++;
  if (strpbrk (path, "/@") != NULL)
    return invalid (error, "a / in the virtual host is written %2F, an @ is written %40");
  return decode (*path != '\0' ? path : NULL, "/", &self->vhost, error);
}

static gboolean
parse_query (GUri *uri, GError **error)
{
  static const char *const later[] = { "cacertfile", "certfile", "keyfile", "verify", NULL };
  const char *query = g_uri_get_query (uri);
  GUriParamsIter iter;
  g_autofree char *name = NULL;
  g_autofree char *value = NULL;
  g_autofree char *rule = NULL;

  if (g_uri_get_fragment (uri) != NULL)
    return invalid (error, "a # is written %23");
  if (query == NULL)
    return TRUE;

  g_uri_params_iter_init (&iter, query, -1, "&", G_URI_PARAMS_NONE);
  if (!g_uri_params_iter_next (&iter, &name, &value, NULL))
    return *query == '\0'
           || invalid (error, "what follows the ? has the form NAME=VALUE&NAME=VALUE");

  if (g_strv_contains (later, name))
    rule = g_strdup_printf ("the parameter %s is not supported yet", name);
  else
    rule = g_strdup ("after the ? only cacertfile, certfile, keyfile and verify are known; a ? in "
                     "user name or password is written %3F");
  return invalid (error, rule);
}

/**
 * heartbeat_broker_uri_parse:
 * @text: `amqp://USER:PASSWORD@HOST:PORT/VHOST` or `amqps://…`, parts percent-encoded
 * @error: return location for %HEARTBEAT_ERROR_INVALID_ARGUMENT; its message names the rule and quotes nothing
 *
 * Reads a broker's URL. An empty path is the virtual host "/"; without user and password they are "guest".
 *
 * Returns: (transfer full): the URL's parts, or %NULL
 */
HeartbeatBrokerUri *
heartbeat_broker_uri_parse (const char *text, GError **error)
{
  g_autoptr (HeartbeatBrokerUri) self = NULL;
  g_autoptr (GUri) uri = NULL;

  g_return_val_if_fail (text != NULL, NULL);

  self = g_new0 (HeartbeatBrokerUri, 1);
  g_atomic_ref_count_init (&self->refs);

  uri = g_uri_parse (text, G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_ENCODED, NULL);
  if (uri == NULL)
    {
      invalid (error, "it has the form amqp://USER:PASSWORD@HOST:PORT/VHOST; in user name and "
                      "password @ is written %40, : %3A, / %2F, % %25");
      return NULL;
    }

  if (!parse_scheme (self, uri, error) || !parse_host (self, uri, error)
      || !parse_login (self, uri, error) || !parse_vhost (self, uri, error)
      || !parse_query (uri, error))
    return NULL;
  return g_steal_pointer (&self);
}

/* A password may hold a comma, so one separates only where a URL follows. */
static gboolean
is_separator (const char *p)
{
  return g_ascii_isspace (*p) || (*p == ',' && g_ascii_strncasecmp (p + 1, "amqp", 4) == 0);
}

/**
 * heartbeat_broker_uri_parse_list:
 * @text: one URL or several, separated by white space or by a comma directly before `amqp`
 * @error: return location for %HEARTBEAT_ERROR_INVALID_ARGUMENT
 *
 * Reads all of them; one that is unusable makes the whole list unusable.
 *
 * Returns: (transfer full) (element-type HeartbeatBrokerUri): at least one, in the order of @text, or %NULL
 */
GPtrArray *
heartbeat_broker_uri_parse_list (const char *text, GError **error)
{
  g_autoptr (GPtrArray) uris = NULL;

  g_return_val_if_fail (text != NULL, NULL);

  uris = g_ptr_array_new_with_free_func ((GDestroyNotify) heartbeat_broker_uri_unref);
  for (const char *p = text; *p != '\0';)
    {
      const char *start = p;
      g_autofree char *part = NULL;
      HeartbeatBrokerUri *uri = NULL;

      while (*p != '\0' && !is_separator (p))
        p++;
      part = g_strndup (start, (gsize) (p - start));
      if (*p != '\0')
        p++;
      if (*part == '\0')
        continue;

      uri = heartbeat_broker_uri_parse (part, error);
      if (uri == NULL)
        return NULL;
      g_ptr_array_add (uris, uri);
    }

  if (uris->len == 0)
    {
      invalid (error, "it is empty");
      return NULL;
    }
  return g_steal_pointer (&uris);
}

/**
 * heartbeat_broker_uri_ref:
 * @self: a broker's URL
 *
 * Returns: (transfer full): @self
 */
HeartbeatBrokerUri *
heartbeat_broker_uri_ref (HeartbeatBrokerUri *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->refs);
  return self;
}

/**
 * heartbeat_broker_uri_unref:
 * @self: (transfer full): a broker's URL
 *
 * Gives a reference back.
 */
void
heartbeat_broker_uri_unref (HeartbeatBrokerUri *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_free (self->host);
  g_free (self->user);
  g_free (self->password);
  g_free (self->vhost);
  g_free (self);
}

/**
 * heartbeat_broker_uri_get_tls:
 * @self: a broker's URL
 *
 * Returns: whether it is `amqps`
 */
gboolean
heartbeat_broker_uri_get_tls (const HeartbeatBrokerUri *self)
{
  return self->tls;
}

/**
 * heartbeat_broker_uri_get_host:
 * @self: a broker's URL
 *
 * Returns: host name or address, without brackets
 */
const char *
heartbeat_broker_uri_get_host (const HeartbeatBrokerUri *self)
{
  return self->host;
}

/**
 * heartbeat_broker_uri_get_port:
 * @self: a broker's URL
 *
 * Returns: the port
 */
guint16
heartbeat_broker_uri_get_port (const HeartbeatBrokerUri *self)
{
  return self->port;
}

/**
 * heartbeat_broker_uri_get_user:
 * @self: a broker's URL
 *
 * Returns: the user's name
 */
const char *
heartbeat_broker_uri_get_user (const HeartbeatBrokerUri *self)
{
  return self->user;
}

/**
 * heartbeat_broker_uri_get_password:
 * @self: a broker's URL
 *
 * Returns: the password, for the login and nothing else
 */
const char *
heartbeat_broker_uri_get_password (const HeartbeatBrokerUri *self)
{
  return self->password;
}

/**
 * heartbeat_broker_uri_get_vhost:
 * @self: a broker's URL
 *
 * Returns: the virtual host
 */
const char *
heartbeat_broker_uri_get_vhost (const HeartbeatBrokerUri *self)
{
  return self->vhost;
}

/**
 * heartbeat_broker_uri_to_display:
 * @self: a broker's URL
 *
 * Returns: (transfer full): "host:port", for people
 */
char *
heartbeat_broker_uri_to_display (const HeartbeatBrokerUri *self)
{
  gboolean ipv6 = strchr (self->host, ':') != NULL;

  return g_strdup_printf ("%s%s%s:%u", ipv6 ? "[" : "", self->host, ipv6 ? "]" : "", self->port);
}
