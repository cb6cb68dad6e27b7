/* SPDX-License-Identifier: MIT */

#include "run/heartbeat-publisher.h"

/**
 * HeartbeatPublisher:
 *
 * Publishes an agent's events. Handlers publish through it without knowing a broker.
 */
G_DEFINE_INTERFACE (HeartbeatPublisher, heartbeat_publisher, G_TYPE_OBJECT)

static void
heartbeat_publisher_default_init (HeartbeatPublisherInterface *iface)
{
}

/**
 * heartbeat_publisher_has_broker:
 * @self: a publisher
 *
 * Returns: whether there is a broker to publish to, reachable or not
 */
gboolean
heartbeat_publisher_has_broker (HeartbeatPublisher *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_PUBLISHER (self), FALSE);

  return HEARTBEAT_PUBLISHER_GET_IFACE (self)->has_broker (self);
}

/**
 * heartbeat_publisher_publish_async:
 * @self: a publisher
 * @event_type: the type of the event, which also is its routing key
 * @cause: (nullable): the `event_id` of the event that caused it
 * @payload: (transfer full): its payload
 * @cancellable: (nullable): cancels the waiting
 * @callback: called when the broker has confirmed the event, or it failed
 * @user_data: passed to @callback
 *
 * Publishes an event. Without a broker that is an error.
 */
void
heartbeat_publisher_publish_async (HeartbeatPublisher *self,
                                   const char *event_type,
                                   const char *cause,
                                   JsonNode *payload,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_return_if_fail (HEARTBEAT_IS_PUBLISHER (self));
  g_return_if_fail (event_type != NULL);
  g_return_if_fail (payload != NULL);

  HEARTBEAT_PUBLISHER_GET_IFACE (self)->publish_async (self, event_type, cause, payload,
                                                       cancellable, callback, user_data);
}

/**
 * heartbeat_publisher_publish_finish:
 * @self: a publisher
 * @result: what the callback was given
 * @error: return location for a #HeartbeatError
 *
 * Returns: (transfer full): the `event_id` of the event, which the broker has
 */
char *
heartbeat_publisher_publish_finish (HeartbeatPublisher *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (HEARTBEAT_IS_PUBLISHER (self), NULL);
  g_return_val_if_fail (G_IS_ASYNC_RESULT (result), NULL);

  return HEARTBEAT_PUBLISHER_GET_IFACE (self)->publish_finish (self, result, error);
}
