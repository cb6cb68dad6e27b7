/* SPDX-License-Identifier: MIT */

#include "broker/heartbeat-outbox.h"

#include "core/heartbeat-envelope.h"
#include "core/heartbeat-error.h"
#include "core/heartbeat-i18n.h"

/* What nobody fetches within an hour is of no use, and the inbox of an agent that is gone must not grow for ever. */
#define EXPIRATION_MS 3600000

/**
 * HeartbeatOutbox:
 *
 * What one agent sends: events on its exchange. Without a broker, with local ticks only, sending is an error.
 */
struct _HeartbeatOutbox
{
  GObject parent_instance;

  HeartbeatPublisher *publisher;
  char *agent;
  char *exchange;
};

G_DEFINE_FINAL_TYPE (HeartbeatOutbox, heartbeat_outbox, G_TYPE_OBJECT)

static void
heartbeat_outbox_finalize (GObject *object)
{
  HeartbeatOutbox *self = HEARTBEAT_OUTBOX (object);

  g_clear_object (&self->publisher);
  g_free (self->agent);
  g_free (self->exchange);
  G_OBJECT_CLASS (heartbeat_outbox_parent_class)->finalize (object);
}

static void
heartbeat_outbox_class_init (HeartbeatOutboxClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = heartbeat_outbox_finalize;
}

static void
heartbeat_outbox_init (HeartbeatOutbox *self)
{
}

/**
 * heartbeat_outbox_new:
 * @publisher: (nullable): who publishes; %NULL where there is no broker
 * @agent: the agent's name
 * @exchange: the exchange
 *
 * Returns: (transfer full): an outbox
 */
HeartbeatOutbox *
heartbeat_outbox_new (HeartbeatPublisher *publisher, const char *agent, const char *exchange)
{
  HeartbeatOutbox *self = g_object_new (HEARTBEAT_TYPE_OUTBOX, NULL);

  g_set_object (&self->publisher, publisher);
  self->agent = g_strdup (agent);
  self->exchange = g_strdup (exchange);
  return self;
}

/**
 * heartbeat_outbox_get_agent:
 * @self: an outbox
 *
 * Returns: (transfer none): the name of the agent that sends
 */
const char *
heartbeat_outbox_get_agent (HeartbeatOutbox *self)
{
  return self->agent;
}

/**
 * heartbeat_outbox_has_broker:
 * @self: an outbox
 *
 * Returns: whether there is a broker to send to, reachable or not
 */
gboolean
heartbeat_outbox_has_broker (HeartbeatOutbox *self)
{
  return self->publisher != NULL;
}

static void
on_published (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (heartbeat_publisher_publish_finish (HEARTBEAT_PUBLISHER (source), result, &error))
    g_task_return_pointer (task, g_strdup (g_task_get_task_data (task)), g_free);
  else
    g_task_return_error (task, error);
}

/**
 * heartbeat_outbox_send_async:
 * @self: an outbox
 * @event_type: the type of the event, which also is its routing key
 * @cause: (nullable): the `event_id` of the event that caused it
 * @payload: (transfer full): its payload
 * @cancellable: (nullable): cancels the waiting
 * @callback: called when the broker has confirmed it, or it failed; it calls heartbeat_outbox_send_finish()
 * @user_data: passed to @callback
 *
 * Publishes an event.
 */
void
heartbeat_outbox_send_async (HeartbeatOutbox *self,
                             const char *event_type,
                             const char *cause,
                             JsonNode *payload,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  const HeartbeatEnvelopeSource source = { HEARTBEAT_SOURCE_TYPE_AGENT, HEARTBEAT_SOURCE_APP };
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (HeartbeatEnvelope) envelope = NULL;
  HeartbeatPublication publication = { 0 };

  envelope
      = heartbeat_envelope_new (event_type, &source, cause, payload, g_get_real_time () / 1000);
  if (self->publisher == NULL)
    {
      g_task_return_new_error (task, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NOT_CONNECTED,
                               _ ("there is no broker: ticks are local"));
      return;
    }
  g_task_set_task_data (task, g_strdup (envelope->event_id), g_free);
  publication.exchange = self->exchange;
  publication.routing_key = event_type;
  publication.message_id = envelope->event_id;
  publication.body = envelope->body;
  publication.expiration_ms = EXPIRATION_MS;
  heartbeat_publisher_publish_async (self->publisher, &publication, cancellable, on_published,
                                     g_steal_pointer (&task));
}

/**
 * heartbeat_outbox_send_finish:
 * @self: an outbox
 * @result: what the callback was given
 * @error: return location for a #HeartbeatError
 *
 * Returns: (transfer full): the `event_id` of the event, which the broker has
 */
char *
heartbeat_outbox_send_finish (HeartbeatOutbox *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
