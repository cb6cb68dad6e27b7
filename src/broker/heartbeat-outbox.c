/* SPDX-License-Identifier: MIT */

#include "broker/heartbeat-outbox.h"

#include "json/heartbeat-envelope.h"
#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"
#include "base/heartbeat-limits.h"

/**
 * HeartbeatOutbox:
 *
 * Publishes the events of one agent on its exchange. Without a broker, with local ticks only, publishing is an error.
 */
struct _HeartbeatOutbox
{
  GObject parent_instance;

  HeartbeatAmqpPublisher *publisher;
  char *agent;
  char *exchange;
};

static void implement_publisher (HeartbeatPublisherInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HeartbeatOutbox,
                               heartbeat_outbox,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (HEARTBEAT_TYPE_PUBLISHER,
                                                      implement_publisher))

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
 * @publisher: (nullable): the publisher; %NULL without a broker
 * @agent: the agent's name
 * @exchange: the exchange
 *
 * Returns: (transfer full): an outbox
 */
HeartbeatPublisher *
heartbeat_outbox_new (HeartbeatAmqpPublisher *publisher, const char *agent, const char *exchange)
{
  HeartbeatOutbox *self = NULL;

  g_return_val_if_fail (publisher == NULL || HEARTBEAT_IS_AMQP_PUBLISHER (publisher), NULL);
  g_return_val_if_fail (agent != NULL && exchange != NULL, NULL);

  self = g_object_new (HEARTBEAT_TYPE_OUTBOX, NULL);

  g_set_object (&self->publisher, publisher);
  self->agent = g_strdup (agent);
  self->exchange = g_strdup (exchange);
  return HEARTBEAT_PUBLISHER (self);
}

static gboolean
has_broker (HeartbeatPublisher *publisher)
{
  HeartbeatOutbox *self = HEARTBEAT_OUTBOX (publisher);

  return self->publisher != NULL;
}

static void
on_published (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (heartbeat_amqp_publisher_publish_finish (HEARTBEAT_AMQP_PUBLISHER (source), result, &error))
    g_task_return_pointer (task, g_strdup (g_task_get_task_data (task)), g_free);
  else
    g_task_return_error (task, error);
}

static void
publish_async (HeartbeatPublisher *publisher,
               const char *event_type,
               const char *cause,
               JsonNode *payload,
               GCancellable *cancellable,
               GAsyncReadyCallback callback,
               gpointer user_data)
{
  const HeartbeatEnvelopeSource source = { HEARTBEAT_SOURCE_TYPE_AGENT, HEARTBEAT_SOURCE_APP };
  HeartbeatOutbox *self = HEARTBEAT_OUTBOX (publisher);
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
  publication.expiration_ms = HEARTBEAT_EXPIRATION_MS;
  heartbeat_amqp_publisher_publish_async (self->publisher, &publication, cancellable, on_published,
                                          g_steal_pointer (&task));
}

static char *
publish_finish (HeartbeatPublisher *publisher, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, publisher), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
implement_publisher (HeartbeatPublisherInterface *iface)
{
  iface->has_broker = has_broker;
  iface->publish_async = publish_async;
  iface->publish_finish = publish_finish;
}
