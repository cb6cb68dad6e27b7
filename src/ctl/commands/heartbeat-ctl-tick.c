/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "amqp/heartbeat-broker-uri.h"
#include "broker/heartbeat-amqp-publisher.h"
#include "consumer/heartbeat-consumer.h"
#include "json/heartbeat-envelope.h"
#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"
#include "base/heartbeat-limits.h"
#include "ctl/heartbeat-ctl-settings-resolver.h"
#include "ctl/heartbeat-ctl.h"

/* One publish, from the call to the end of the connection. */
typedef struct
{
  GMainLoop *loop;
  HeartbeatConnection *connection;
  GCancellable *cancellable;
  char *failure; /* why the broker cannot be reached */
  GError *error;
} Sending;

static void
on_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Sending *sending = user_data;

  heartbeat_connection_close_finish (sending->connection, result, NULL);
  g_main_loop_quit (sending->loop);
}

static void
on_published (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Sending *sending = user_data;

  heartbeat_amqp_publisher_publish_finish (HEARTBEAT_AMQP_PUBLISHER (source), result,
                                           &sending->error);
  heartbeat_connection_close_async (sending->connection, on_closed, sending);
}

/* The connection would retry for ever. */
static void
on_state (Sending *sending)
{
  if (heartbeat_connection_get_state (sending->connection) != HEARTBEAT_CONNECTION_STATE_WAITING
      || sending->failure != NULL)
    return;
  sending->failure = g_strdup (heartbeat_connection_get_error (sending->connection));
  g_cancellable_cancel (sending->cancellable);
}

/* Only options and the environment count: a tick is for all agents, so no agent's file does. */
static const HeartbeatCtlSettingsResolver settings = { 0 };

static GPtrArray *
find_brokers (HeartbeatCtl *self, GError **error)
{
  const char *from = NULL;
  g_autofree char *url
      = heartbeat_ctl_settings_resolver_dup_url (&settings, self->rabbit_url, &from);

  return heartbeat_broker_uri_parse_list (url, error);
}

static HeartbeatCtlExit
report_failure (const Sending *sending, const HeartbeatPublication *publication)
{
  const char *broker = heartbeat_connection_get_broker (sending->connection);

  if (sending->failure != NULL)
    return heartbeat_ctl_report (HEARTBEAT_CTL_FAILED, _ ("the broker %s cannot be reached: %s"),
                                 broker, sending->failure);
  if (!g_error_matches (sending->error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_RETURNED))
    return heartbeat_ctl_report (HEARTBEAT_CTL_FAILED, _ ("the tick was not published: %s"),
                                 sending->error->message);
  if (strcmp (publication->routing_key, HEARTBEAT_TICK_ROUTING_KEY) != 0)
    return heartbeat_ctl_report (HEARTBEAT_CTL_FAILED, _ ("no queue is bound to %s for %s"),
                                 publication->exchange, publication->routing_key);
  return heartbeat_ctl_report (HEARTBEAT_CTL_FAILED,
                               _ ("no queue is bound to %s for %s: no consumer has run yet"),
                               publication->exchange, publication->routing_key);
}

static HeartbeatCtlExit
report_sent (HeartbeatCtl *self, const HeartbeatPublication *publication)
{
  const char *exchange = publication->exchange;
  const char *routing_key = publication->routing_key;
  const char *event_id = publication->message_id;

  if (self->json)
    heartbeat_ctl_print_json (
        g_variant_new_parsed ("{'event_id': <%s>, 'exchange': <%s>, 'routing_key': <%s>}", event_id,
                              exchange, routing_key));
  else
    g_print (_ ("published %s to %s (event %s)\n"), routing_key, exchange, event_id);
  return HEARTBEAT_CTL_OK;
}

static HeartbeatCtlExit
send (HeartbeatCtl *self, GPtrArray *uris, const HeartbeatPublication *publication)
{
  g_autoptr (HeartbeatConnection) connection = heartbeat_connection_new (uris, "heartbeatctl");
  g_autoptr (HeartbeatAmqpPublisher) publisher = heartbeat_amqp_publisher_new (connection);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Sending sending = { loop, connection, cancellable, NULL, NULL };
  HeartbeatCtlExit status;

  g_signal_connect_swapped (connection, "changed", G_CALLBACK (on_state), &sending);
  heartbeat_amqp_publisher_publish_async (publisher, publication, cancellable, on_published,
                                          &sending);
  g_main_loop_run (loop);
  g_signal_handlers_disconnect_by_data (connection, &sending);
  status = sending.error == NULL ? report_sent (self, publication)
                                 : report_failure (&sending, publication);
  g_clear_error (&sending.error);
  g_free (sending.failure);
  return status;
}

/* `heartbeatctl tick`: publishes a tick for all agents on the exchange. */
HeartbeatCtlExit
heartbeat_ctl_tick (HeartbeatCtl *self, char **args)
{
  const HeartbeatEnvelopeSource source = { "scheduled", "heartbeatctl" };
  const char *routing_key
      = self->routing_key != NULL ? self->routing_key : HEARTBEAT_TICK_ROUTING_KEY;
  g_autoptr (GError) error = NULL;
  g_autofree char *exchange
      = heartbeat_ctl_settings_resolver_dup (&settings, self->exchange, "EXCHANGE_NAME", &error);
  g_autoptr (GPtrArray) uris = NULL;
  g_autoptr (HeartbeatEnvelope) envelope
      = heartbeat_envelope_new_tick (&source, g_get_real_time () / 1000);
  const HeartbeatPublication publication = {
    .exchange = exchange,
    .routing_key = routing_key,
    .message_id = envelope->event_id,
    .body = envelope->body,
    .expiration_ms = HEARTBEAT_EXPIRATION_MS,
  };

  if (exchange == NULL)
    return heartbeat_ctl_report (HEARTBEAT_CTL_USAGE, "%s", error->message);
  if (*routing_key == '\0' || strlen (routing_key) > HEARTBEAT_SHORT_STRING_MAX_BYTES)
    return heartbeat_ctl_report (HEARTBEAT_CTL_USAGE,
                                 _ ("an exchange and a routing key have 1 to 255 bytes"));
  uris = find_brokers (self, &error);
  if (uris == NULL)
    return heartbeat_ctl_report (HEARTBEAT_CTL_USAGE, _ ("RABBIT_URL (--rabbit-url): %s"),
                                 error->message);
  return send (self, uris, &publication);
}
