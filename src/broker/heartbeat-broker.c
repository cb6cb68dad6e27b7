/* SPDX-License-Identifier: MIT */

#include "broker/heartbeat-broker.h"

#include "amqp/heartbeat-broker-uri.h"

struct _HeartbeatBroker
{
  GObject parent_instance;

  HeartbeatConnection *consuming;
  HeartbeatConnection *publishing;
  HeartbeatAmqpPublisher *publisher;
  HeartbeatNetworkWatch *network;
};

G_DEFINE_FINAL_TYPE (HeartbeatBroker, heartbeat_broker, G_TYPE_OBJECT)

static void
heartbeat_broker_dispose (GObject *object)
{
  HeartbeatBroker *self = HEARTBEAT_BROKER (object);

  g_clear_object (&self->network);
  g_clear_object (&self->publisher);
  g_clear_object (&self->publishing);
  g_clear_object (&self->consuming);

  G_OBJECT_CLASS (heartbeat_broker_parent_class)->dispose (object);
}

static void
heartbeat_broker_class_init (HeartbeatBrokerClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = heartbeat_broker_dispose;
}

static void
heartbeat_broker_init (HeartbeatBroker *self)
{
}

static void
shuffle (GPtrArray *array)
{
  for (guint i = array->len; i > 1; i--)
    {
      guint j = (guint) g_random_int_range (0, (gint32) i);
      gpointer other = g_ptr_array_index (array, j);

      g_ptr_array_index (array, j) = g_ptr_array_index (array, i - 1);
      g_ptr_array_index (array, i - 1) = other;
    }
}

/* Both lead to the same brokers: if one got through the other need not wait any longer. */
static void
on_changed (HeartbeatBroker *self, HeartbeatConnection *connection)
{
  HeartbeatConnection *other = connection == self->consuming ? self->publishing : self->consuming;

  if (heartbeat_connection_get_state (connection) == HEARTBEAT_CONNECTION_STATE_CONNECTED
      && heartbeat_connection_get_state (other) == HEARTBEAT_CONNECTION_STATE_WAITING)
    heartbeat_connection_retry_now (other);
}

static HeartbeatConnection *
connection_new (HeartbeatBroker *self, GPtrArray *uris, const char *purpose)
{
  HeartbeatConnection *connection = heartbeat_connection_new (uris, purpose);

  g_signal_connect_object (connection, "changed", G_CALLBACK (on_changed), self, G_CONNECT_SWAPPED);
  return connection;
}

/**
 * heartbeat_broker_new:
 * @urls: one broker URL or several, see heartbeat_broker_uri_parse_list()
 * @error: return location for %HEARTBEAT_ERROR_INVALID_ARGUMENT
 *
 * Makes the pair of connections that all agents of a process share: one to consume, and one to publish, which is opened with
 * the first publish.
 *
 * Returns: (transfer full): a broker that is not connected, or %NULL
 */
HeartbeatBroker *
heartbeat_broker_new (const char *urls, GError **error)
{
  g_autoptr (GPtrArray) uris = NULL;
  HeartbeatBroker *self = NULL;

  g_return_val_if_fail (urls != NULL, NULL);

  uris = heartbeat_broker_uri_parse_list (urls, error);
  if (uris == NULL)
    return NULL;
  shuffle (uris);

  self = g_object_new (HEARTBEAT_TYPE_BROKER, NULL);
  self->consuming = connection_new (self, uris, "consuming");
  self->publishing = connection_new (self, uris, "publishing");
  self->publisher = heartbeat_amqp_publisher_new (self->publishing);
  return self;
}

/**
 * heartbeat_broker_start:
 * @self: a broker
 *
 * Begins to connect for consuming.
 */
void
heartbeat_broker_start (HeartbeatBroker *self)
{
  g_return_if_fail (HEARTBEAT_IS_BROKER (self));

  heartbeat_connection_start (self->consuming);
}

/**
 * heartbeat_broker_retry_now:
 * @self: a broker
 *
 * Ends the wait for the next attempt at once, see heartbeat_connection_retry_now().
 */
void
heartbeat_broker_retry_now (HeartbeatBroker *self)
{
  g_return_if_fail (HEARTBEAT_IS_BROKER (self));

  heartbeat_connection_retry_now (self->consuming);
  heartbeat_connection_retry_now (self->publishing);
}

/**
 * heartbeat_broker_watch_network:
 * @self: a broker
 *
 * Tries at once from now on whenever the network changes or the machine wakes up. Watching again changes nothing.
 *
 * Returns: (transfer none): the watch
 */
HeartbeatNetworkWatch *
heartbeat_broker_watch_network (HeartbeatBroker *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_BROKER (self), NULL);

  if (self->network == NULL)
    {
      self->network = heartbeat_network_watch_new ();
      g_signal_connect_object (self->network, "changed", G_CALLBACK (heartbeat_broker_retry_now),
                               self, G_CONNECT_SWAPPED);
    }
  return self->network;
}

static void
on_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  guint *left = g_task_get_task_data (task);

  heartbeat_connection_close_finish (HEARTBEAT_CONNECTION (source), result, NULL);
  if (--*left == 0)
    g_task_return_boolean (task, TRUE);
}

/**
 * heartbeat_broker_close_async:
 * @self: a broker
 * @callback: (nullable): called when both connections are closed, 2 s later at most
 * @user_data: for @callback
 *
 * Closes both connections in good order. Publishes that were not confirmed yet fail: wait for them first.
 */
void
heartbeat_broker_close_async (HeartbeatBroker *self,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  guint *left = NULL;

  g_return_if_fail (HEARTBEAT_IS_BROKER (self));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, heartbeat_broker_close_async);
  left = g_new (guint, 1);
  *left = 2;
  g_task_set_task_data (task, left, g_free);
  heartbeat_connection_close_async (self->consuming, on_closed, g_object_ref (task));
  heartbeat_connection_close_async (self->publishing, on_closed, g_object_ref (task));
}

/**
 * heartbeat_broker_close_finish:
 * @self: a broker
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Returns: %TRUE
 */
gboolean
heartbeat_broker_close_finish (HeartbeatBroker *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * heartbeat_broker_get_connection:
 * @self: a broker
 *
 * Returns: (transfer none): the connection that consumes, for inboxes
 */
HeartbeatConnection *
heartbeat_broker_get_connection (HeartbeatBroker *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_BROKER (self), NULL);

  return self->consuming;
}

/**
 * heartbeat_broker_get_publisher:
 * @self: a broker
 *
 * Returns: (transfer none): the publisher
 */
HeartbeatAmqpPublisher *
heartbeat_broker_get_publisher (HeartbeatBroker *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_BROKER (self), NULL);

  return self->publisher;
}
