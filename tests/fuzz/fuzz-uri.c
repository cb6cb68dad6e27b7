/* SPDX-License-Identifier: MIT */

/* The broker's URL: whatever was accepted means the same when it is written down again. */

#include <string.h>

#include "amqp/heartbeat-broker-uri.h"
#include "base/heartbeat-error.h"
#include "fuzz.h"

#define NAME_MAX_BYTES 255

static void
check_name (const char *name)
{
  g_assert_nonnull (name);
  g_assert_true (g_utf8_validate (name, -1, NULL));
  g_assert_cmpuint (strlen (name), <=, NAME_MAX_BYTES);
}

/* It is shown and logged. */
static void
check_host (const char *host)
{
  g_assert_cmpstr (host, !=, "");
  g_assert_true (g_str_is_ascii (host));
  for (const char *p = host; *p != '\0'; p++)
    g_assert_true (g_ascii_isgraph (*p));
}

/* The zone of an IPv6 address follows a %, which is an escape in a URL. */
static char *
write_address (const HeartbeatBrokerUri *uri)
{
  g_autofree char *shown = heartbeat_broker_uri_to_display (uri);
  g_auto (GStrv) parts = g_strsplit (shown, "%", -1);

  return g_strjoinv ("%25", parts);
}

static char *
write_again (const HeartbeatBrokerUri *uri)
{
  g_autofree char *user = g_uri_escape_string (uri->user, NULL, FALSE);
  g_autofree char *password = g_uri_escape_string (uri->password, NULL, FALSE);
  g_autofree char *vhost = g_uri_escape_string (uri->vhost, NULL, FALSE);
  g_autofree char *address = write_address (uri);

  return g_strdup_printf ("amqp%s://%s:%s@%s/%s", uri->tls ? "s" : "", user, password, address,
                          vhost);
}

static void
check_uri (const HeartbeatBrokerUri *uri)
{
  g_autofree char *text = write_again (uri);
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatBrokerUri) again = heartbeat_broker_uri_parse (text, &error);

  check_name (uri->user);
  check_name (uri->password);
  check_name (uri->vhost);
  check_host (uri->host);
  g_assert_cmpuint (uri->port, >, 0);

  g_assert_no_error (error);
  g_assert_true (again->tls == uri->tls);
  g_assert_cmpuint (again->port, ==, uri->port);
  g_assert_cmpstr (again->host, ==, uri->host);
  g_assert_cmpstr (again->user, ==, uri->user);
  g_assert_cmpstr (again->password, ==, uri->password);
  g_assert_cmpstr (again->vhost, ==, uri->vhost);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) uris = heartbeat_broker_uri_parse_list (text, &error);

  if (uris == NULL)
    {
      g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return 0;
    }
  g_assert_no_error (error);
  g_assert_cmpuint (uris->len, >, 0);
  for (guint i = 0; i < uris->len; i++)
    check_uri (g_ptr_array_index (uris, i));
  return 0;
}
