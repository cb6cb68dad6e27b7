/* SPDX-License-Identifier: MIT */

#include "amqp/heartbeat-broker-uri.h"

#include <gio/gio.h>
#include <string.h>

#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"
#include "base/heartbeat-limits.h"
#include "base/heartbeat-text.h"

#define PORT_AMQP  5672
#define PORT_AMQPS 5671

/* Both connections of a broker may read at once, and once more while a file server hangs. */
#define MAX_READERS 4

G_DEFINE_BOXED_TYPE (HeartbeatBrokerUri,
                     heartbeat_broker_uri,
                     heartbeat_broker_uri_ref,
                     heartbeat_broker_uri_unref)

/* The messages quote nothing of the URL: where a password holds a raw '/' or '@', any part may be a piece of it. */
static gboolean
invalid (GError **error, const char *rule)
{
  g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
               _ ("Unusable broker URL: %s"), rule);
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
    /* xgettext:no-c-format */
    return invalid (error, _ ("%XX stands for one byte, and %00 is not allowed"));
  if (!g_utf8_validate (*decoded, -1, NULL))
    return invalid (error, _ ("user name, password and virtual host are UTF-8"));
  if (heartbeat_text_has_controls (*decoded))
    return invalid (error, _ ("control characters are not allowed"));
  if (strlen (*decoded) > HEARTBEAT_SHORT_STRING_MAX_BYTES)
    return invalid (error, _ ("user name, password and virtual host have at most 255 bytes each"));
  return TRUE;
}

static gboolean
parse_scheme (HeartbeatBrokerUri *self, GUri *uri, GError **error)
{
  const char *scheme = g_uri_get_scheme (uri);

  self->tls = g_ascii_strcasecmp (scheme, "amqps") == 0;
  if (!self->tls && g_ascii_strcasecmp (scheme, "amqp") != 0)
    return invalid (error, _ ("it begins with amqp:// or amqps://"));
  return TRUE;
}

static gboolean
is_name (const char *text)
{
  return strspn (text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-._") == strlen (text);
}

/* GLib takes anything for the zone of an IPv6 address; it is the name of a network interface, and shown to people. */
static gboolean
is_host (const char *text)
{
  const char *zone = strchr (text, '%');

  return is_name (text)
         || (g_hostname_is_ip_address (text) && (zone == NULL || is_name (zone + 1)));
}

static gboolean
parse_host (HeartbeatBrokerUri *self, GUri *uri, GError **error)
{
  const char *host = g_uri_get_host (uri);
  int port = g_uri_get_port (uri);

  if (host == NULL)
    return invalid (error, _ ("it has the form amqp://USER:PASSWORD@HOST:PORT/VHOST"));
  if (*host == '\0')
    host = "localhost";
  if (!is_host (host))
    return invalid (error,
                    _ ("the host is a name or an address, IPv6 in brackets; an @ or / in user "
                       "name or password is written %40 or %2F"));
  if (port == 0)
    return invalid (error, _ ("the port is a number from 1 to 65535"));

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
    return invalid (error, _ ("a / in the virtual host is written %2F, an @ is written %40"));
  return decode (*path != '\0' ? path : NULL, "/", &self->vhost, error);
}

/* Parameters that may follow the '?', each at most once. The names are RabbitMQ's; all but auth_mechanism are about TLS. */
static const char *const parameter_names[]
    = { "cacertfile",     "certfile", "keyfile", "verify", "server_name_indication",
        "auth_mechanism", NULL };

/* Only the name of a known parameter is shown: all else may be a piece of a password with a raw '?'. */
static gboolean invalid_parameter (GError **error, const char *rule, ...) G_GNUC_PRINTF (2, 3);

static gboolean
invalid_parameter (GError **error, const char *rule, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, rule);
  text = g_strdup_vprintf (rule, args);
  va_end (args);
  return invalid (error, text);
}

static gboolean
check_parameter (GHashTable *parameters, const char *name, const char *value, GError **error)
{
  if (!g_strv_contains (parameter_names, name))
    return invalid (error,
                    _ ("after the ? only cacertfile, certfile, keyfile, verify, "
                       "server_name_indication and auth_mechanism are known; a ? in user name "
                       "or password is written %3F"));
  if (g_hash_table_contains (parameters, name))
    return invalid_parameter (error, _ ("the parameter %s is given twice"), name);
  if (*value == '\0')
    return invalid_parameter (error, _ ("the parameter %s is empty"), name);
  if (heartbeat_text_has_controls (value))
    return invalid (error, _ ("control characters are not allowed"));
  return TRUE;
}

static gboolean
read_parameters (GUri *uri, GHashTable *parameters, GError **error)
{
  const char *query = g_uri_get_query (uri);
  g_autoptr (GError) syntax = NULL;
  GUriParamsIter iter;

  if (g_uri_get_fragment (uri) != NULL)
    return invalid (error, _ ("a # is written %23"));
  if (query == NULL || *query == '\0')
    return TRUE;

  g_uri_params_iter_init (&iter, query, -1, "&", G_URI_PARAMS_NONE);
  while (TRUE)
    {
      g_autofree char *name = NULL;
      g_autofree char *value = NULL;

      if (!g_uri_params_iter_next (&iter, &name, &value, &syntax))
        break;
      if (!check_parameter (parameters, name, value, error))
        return FALSE;
      g_hash_table_insert (parameters, g_steal_pointer (&name), g_steal_pointer (&value));
    }
  return syntax == NULL
         || invalid (error,
                     /* xgettext:no-c-format */
                     _ ("what follows the ? has the form NAME=VALUE&NAME=VALUE, with %XX for "
                        "bytes of UTF-8"));
}

/* The service's folder is an accident, and nothing expands a '~': only absolute paths mean something. */
static gboolean
take_path (GHashTable *parameters, const char *name, char **path, GError **error)
{
  *path = g_strdup (g_hash_table_lookup (parameters, name));
  return *path == NULL || **path == '/'
         || invalid_parameter (
             error, _ ("the parameter %s is an absolute path (~ stands for no folder here)"), name);
}

static gboolean
take_files (HeartbeatBrokerUri *self, GHashTable *parameters, GError **error)
{
  if (!take_path (parameters, "cacertfile", &self->cacertfile, error)
      || !take_path (parameters, "certfile", &self->certfile, error)
      || !take_path (parameters, "keyfile", &self->keyfile, error))
    return FALSE;
  if (self->keyfile != NULL && self->certfile == NULL)
    return invalid_parameter (error, _ ("the parameter %s needs certfile beside it"), "keyfile");
  if (self->keyfile == NULL)
    self->keyfile = g_strdup (self->certfile);
  return TRUE;
}

static gboolean
take_verify (HeartbeatBrokerUri *self, GHashTable *parameters, GError **error)
{
  const char *verify = g_hash_table_lookup (parameters, "verify");

  self->verify = verify == NULL || g_str_equal (verify, "verify_peer");
  return self->verify || g_str_equal (verify, "verify_none")
         || invalid_parameter (error, _ ("the parameter %s is verify_peer or verify_none"),
                               "verify");
}

static gboolean
take_server_name (HeartbeatBrokerUri *self, GHashTable *parameters, GError **error)
{
  const char *name = g_hash_table_lookup (parameters, "server_name_indication");

  if (name != NULL && !is_host (name))
    return invalid_parameter (error, _ ("the parameter %s is a host name"),
                              "server_name_indication");
  if (name != NULL && g_str_equal (name, "disable"))
    return invalid_parameter (
        error,
        _ ("the parameter %s cannot be disabled; verify=verify_none accepts any certificate"),
        "server_name_indication");
  self->server_name = g_strdup (name != NULL ? name : self->host);
  return TRUE;
}

/* A URL with a certificate and without a user means a login by certificate. */
static gboolean
take_login (HeartbeatBrokerUri *self, GHashTable *parameters, gboolean has_user, GError **error)
{
  const char *mechanism = g_hash_table_lookup (parameters, "auth_mechanism");

  if (mechanism == NULL)
    self->login = self->certfile != NULL && !has_user ? HEARTBEAT_LOGIN_EXTERNAL_IF_OFFERED
                                                      : HEARTBEAT_LOGIN_PLAIN;
  else if (g_ascii_strcasecmp (mechanism, "plain") == 0)
    self->login = HEARTBEAT_LOGIN_PLAIN;
  else if (g_ascii_strcasecmp (mechanism, "external") != 0)
    return invalid_parameter (error, _ ("the parameter %s is plain or external"), "auth_mechanism");
  else if (self->certfile == NULL)
    return invalid_parameter (error, _ ("the parameter %s is external only beside certfile"),
                              "auth_mechanism");
  else
    self->login = HEARTBEAT_LOGIN_EXTERNAL;
  return TRUE;
}

static gboolean
has_tls_parameter (GHashTable *parameters)
{
  return g_hash_table_size (parameters)
         > (g_hash_table_contains (parameters, "auth_mechanism") ? 1 : 0);
}

static gboolean
parse_query (HeartbeatBrokerUri *self, GUri *uri, GError **error)
{
  g_autoptr (GHashTable) parameters
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  if (!read_parameters (uri, parameters, error))
    return FALSE;
  if (!self->tls && has_tls_parameter (parameters))
    return invalid (error, _ ("certificates are for amqps://, and it begins with amqp://"));
  return take_files (self, parameters, error) && take_verify (self, parameters, error)
         && take_server_name (self, parameters, error)
         && take_login (self, parameters, g_uri_get_user (uri) != NULL, error);
}

/**
 * heartbeat_broker_uri_parse:
 * @text: `amqp://USER:PASSWORD@HOST:PORT/VHOST` or `amqps://…`, parts percent-encoded
 * @error: return location for %HEARTBEAT_ERROR_INVALID_ARGUMENT; its message names the rule and quotes nothing
 *
 * Reads a broker's URL. An empty path is the virtual host "/"; without user and password they are "guest". The parameters
 * `cacertfile`, `certfile`, `keyfile`, `verify`, `server_name_indication` and `auth_mechanism` are as in RabbitMQ's URI
 * specification. No file is looked at.
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
      invalid (error, _ ("it has the form amqp://USER:PASSWORD@HOST:PORT/VHOST; in user name and "
                         "password @ is written %40, : %3A, / %2F, % %25"));
      return NULL;
    }

  if (!parse_scheme (self, uri, error) || !parse_host (self, uri, error)
      || !parse_login (self, uri, error) || !parse_vhost (self, uri, error)
      || !parse_query (self, uri, error))
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
  g_autofree char *spaced = g_strdup (text);
  g_auto (GStrv) parts = NULL;
  g_autoptr (GPtrArray) uris = NULL;

  g_return_val_if_fail (text != NULL, NULL);

  for (char *p = spaced; *p != '\0'; p++)
    {
      if (is_separator (p))
        *p = ' ';
    }
  parts = g_strsplit (spaced, " ", -1);
  uris = g_ptr_array_new_with_free_func ((GDestroyNotify) heartbeat_broker_uri_unref);
  for (char **part = parts; *part != NULL; part++)
    {
      HeartbeatBrokerUri *uri = NULL;

      if (**part == '\0')
        continue;
      uri = heartbeat_broker_uri_parse (*part, error);
      if (uri == NULL)
        return NULL;
      g_ptr_array_add (uris, uri);
    }

  if (uris->len == 0)
    {
      invalid (error, _ ("it is empty"));
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
  g_free (self->cacertfile);
  g_free (self->certfile);
  g_free (self->keyfile);
  g_free (self->server_name);
  g_free (self);
}

/**
 * heartbeat_broker_uri_begin_reading:
 * @self: a broker's URL
 *
 * A thread calls this before it reads the files of @self. A file server that hangs blocks the thread for good, and GTask has
 * few of them: the limit keeps some for saves.
 *
 * Returns: whether it may; then it calls heartbeat_broker_uri_end_reading() afterwards
 */
gboolean
heartbeat_broker_uri_begin_reading (HeartbeatBrokerUri *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  if (g_atomic_int_add (&self->readers, 1) < MAX_READERS)
    return TRUE;
  g_atomic_int_add (&self->readers, -1);
  return FALSE;
}

/**
 * heartbeat_broker_uri_end_reading:
 * @self: a broker's URL
 *
 * Ends what heartbeat_broker_uri_begin_reading() allowed.
 */
void
heartbeat_broker_uri_end_reading (HeartbeatBrokerUri *self)
{
  g_return_if_fail (self != NULL);

  g_atomic_int_add (&self->readers, -1);
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
  gboolean ipv6 = FALSE;

  g_return_val_if_fail (self != NULL, NULL);

  ipv6 = strchr (self->host, ':') != NULL;
  return g_strdup_printf ("%s%s%s:%u", ipv6 ? "[" : "", self->host, ipv6 ? "]" : "", self->port);
}
