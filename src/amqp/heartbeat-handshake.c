/* SPDX-License-Identifier: MIT */

#include "amqp/heartbeat-handshake.h"

#include <string.h>

#include "amqp/heartbeat-frame.h"
#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"
#include "base/heartbeat-limits.h"

static amqp_table_entry_t
text_entry (const char *key, const char *value)
{
  return (amqp_table_entry_t){
    .key = amqp_cstring_bytes (key),
    .value = { .kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes (value) },
  };
}

static amqp_table_entry_t
true_entry (const char *key)
{
  return (amqp_table_entry_t){
    .key = amqp_cstring_bytes (key),
    .value = { .kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = 1 },
  };
}

/* SASL's PLAIN: nobody to act for, the user, the password. */
static GByteArray *
plain_response (const HeartbeatBrokerUri *uri)
{
  GByteArray *response = g_byte_array_new ();
  const char *user = uri->user;
  const char *password = uri->password;

  g_byte_array_append (response, (const guint8 *) "", 1);
  g_byte_array_append (response, (const guint8 *) user, (guint) strlen (user) + 1);
  g_byte_array_append (response, (const guint8 *) password, (guint) strlen (password));
  return response;
}

static gboolean
choose_login (const amqp_connection_start_t *start,
              const HeartbeatBrokerUri *uri,
              HeartbeatLogin *login,
              GError **error)
{
  g_autofree char *mechanisms = g_strndup (start->mechanisms.bytes, start->mechanisms.len);
  g_auto (GStrv) names = g_strsplit (mechanisms, " ", -1);
  HeartbeatLogin wanted = uri->login;
  gboolean external = g_strv_contains ((const char *const *) names, "EXTERNAL");
  const char *rule = NULL;

  *login = external && wanted != HEARTBEAT_LOGIN_PLAIN ? HEARTBEAT_LOGIN_EXTERNAL
                                                       : HEARTBEAT_LOGIN_PLAIN;
  if (wanted == HEARTBEAT_LOGIN_EXTERNAL && !external)
    rule = _ ("The broker takes no login by certificate: it needs rabbitmq_auth_mechanism_ssl, and "
              "EXTERNAL among its auth_mechanisms");
  else if (*login == HEARTBEAT_LOGIN_PLAIN
           && !g_strv_contains ((const char *const *) names, "PLAIN"))
    rule = external
               ? _ ("The broker takes no login by password, only by certificate: name yours with "
                    "?certfile=&keyfile=&auth_mechanism=external")
               : _ ("The broker takes no login by password");
  if (rule != NULL)
    g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NOT_CONNECTED, rule);
  return rule == NULL;
}

/**
 * heartbeat_handshake_start:
 * @out: where to append
 * @start: what the broker began with
 * @uri: who we are
 * @purpose: what the connection is for, shown by the broker's tools
 * @login: (out): how: %HEARTBEAT_LOGIN_PLAIN or %HEARTBEAT_LOGIN_EXTERNAL
 * @error: return location for %HEARTBEAT_ERROR_NOT_CONNECTED
 *
 * Appends the login, and announces what RabbitMQ only sends to clients that understand it: the end of a consumer, alarms, a
 * clear answer to a wrong password.
 *
 * Returns: whether the broker takes a login that @uri has
 */
gboolean
heartbeat_handshake_start (GByteArray *out,
                           const amqp_connection_start_t *start,
                           const HeartbeatBrokerUri *uri,
                           const char *purpose,
                           HeartbeatLogin *login,
                           GError **error)
{
  g_return_val_if_fail (uri != NULL, FALSE);
  g_return_val_if_fail (purpose != NULL, FALSE);
  g_return_val_if_fail (login != NULL, FALSE);

  g_autofree char *name = g_strdup_printf ("heartbeat-consumer: %s", purpose);
  g_autoptr (GByteArray) response = plain_response (uri);
  amqp_table_entry_t capabilities[] = {
    true_entry ("consumer_cancel_notify"),       true_entry ("connection.blocked"),
    true_entry ("publisher_confirms"),           true_entry ("basic.nack"),
    true_entry ("authentication_failure_close"),
  };
  amqp_table_entry_t properties[] = {
    text_entry ("product", "heartbeat-consumer"),
    text_entry ("version", PACKAGE_VERSION),
    text_entry ("platform", "GLib"),
    text_entry ("connection_name", name),
    { .key = amqp_cstring_bytes ("capabilities"),
      .value = { .kind = AMQP_FIELD_KIND_TABLE,
                 .value.table = { G_N_ELEMENTS (capabilities), capabilities } } },
  };
  amqp_connection_start_ok_t ok = {
    .client_properties = { G_N_ELEMENTS (properties), properties },
    .locale = amqp_cstring_bytes ("en_US"),
  };

  if (!choose_login (start, uri, login, error))
    return FALSE;
  /* The certificate identifies us, so the authorization id is empty. */
  if (*login == HEARTBEAT_LOGIN_EXTERNAL)
    g_byte_array_set_size (response, 0);
  ok.response = (amqp_bytes_t){ response->len, response->data };
  ok.mechanism = amqp_cstring_bytes (*login == HEARTBEAT_LOGIN_EXTERNAL ? "EXTERNAL" : "PLAIN");
  heartbeat_frame_append_method (out, 0, AMQP_CONNECTION_START_OK_METHOD, &ok);
  return TRUE;
}

/**
 * heartbeat_handshake_describe_refusal:
 * @uri: who we are
 * @login: how we logged in
 *
 * Returns: what is wrong when the broker refuses a login, for people
 */
const char *
heartbeat_handshake_describe_refusal (const HeartbeatBrokerUri *uri, HeartbeatLogin login)
{
  g_return_val_if_fail (uri != NULL, NULL);

  if (login == HEARTBEAT_LOGIN_EXTERNAL)
    return _ ("the broker has no user for the client certificate (its name is the certificate's "
              "subject, or what ssl_cert_login_from says), or asks for no certificate "
              "(ssl_options.verify)");
  if (uri->login == HEARTBEAT_LOGIN_EXTERNAL_IF_OFFERED)
    return _ ("the URL names no user, and the broker takes no login by certificate (EXTERNAL), nor "
              "the user guest");
  return _ ("wrong user name or password (403): correct RABBIT_URL, or set it: rabbitmqctl "
            "change_password; a user guest may come from the broker's own machine only");
}

/* The smaller one of two limits, where 0 is none. */
static guint32
smaller (guint32 theirs, guint32 ours)
{
  return theirs == 0 ? ours : MIN (theirs, ours);
}

/**
 * heartbeat_handshake_tune:
 * @out: where to append
 * @tune: what the broker proposes
 * @tuning: (out caller-allocates): what is agreed on
 * @error: return location for %HEARTBEAT_ERROR_FAILED
 *
 * Agrees on limits and heartbeats. There are always heartbeats, even where the broker would do without.
 *
 * Returns: whether the limits are usable
 */
gboolean
heartbeat_handshake_tune (GByteArray *out,
                          const amqp_connection_tune_t *tune,
                          HeartbeatTuning *tuning,
                          GError **error)
{
  amqp_connection_tune_ok_t ok = {
    .channel_max = (guint16) smaller (tune->channel_max, HEARTBEAT_AMQP_MAX_CHANNELS),
    .frame_max = smaller (tune->frame_max, HEARTBEAT_FRAME_MAX),
    .heartbeat = (guint16) smaller (tune->heartbeat, HEARTBEAT_AMQP_HEARTBEAT_S),
  };

  g_return_val_if_fail (tuning != NULL, FALSE);

  if (ok.frame_max < AMQP_FRAME_MIN_SIZE)
    {
      g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_FAILED,
                           _ ("The broker's frames are smaller than AMQP allows"));
      return FALSE;
    }
  *tuning = (HeartbeatTuning){ ok.channel_max, ok.frame_max, ok.heartbeat };
  heartbeat_frame_append_method (out, 0, AMQP_CONNECTION_TUNE_OK_METHOD, &ok);
  return TRUE;
}

/**
 * heartbeat_handshake_open:
 * @out: where to append
 * @uri: names the virtual host
 *
 * Appends the request to enter the virtual host.
 */
void
heartbeat_handshake_open (GByteArray *out, const HeartbeatBrokerUri *uri)
{
  amqp_connection_open_t open = {
    .virtual_host = amqp_cstring_bytes (uri->vhost),
  };

  heartbeat_frame_append_method (out, 0, AMQP_CONNECTION_OPEN_METHOD, &open);
}
