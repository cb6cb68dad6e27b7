/* SPDX-License-Identifier: MIT */

#include "service/heartbeat-served-agent.h"

#include "service/heartbeat-lock.h"

/**
 * HeartbeatServedAgent:
 *
 * An agent that this process serves or wants to serve: its consumer and its lock.
 */
struct _HeartbeatServedAgent
{
  GObject parent_instance;

  char *name;
  char *path;
  char *problem; /* why it cannot be served, or NULL */
  HeartbeatLock *lock;
  HeartbeatConsumer *consumer; /* NULL while another process has the agent */
  gboolean stopping;
};

enum
{
  CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (HeartbeatServedAgent, heartbeat_served_agent, G_TYPE_OBJECT)

static void
heartbeat_served_agent_finalize (GObject *object)
{
  HeartbeatServedAgent *self = HEARTBEAT_SERVED_AGENT (object);

  g_clear_object (&self->consumer);
  g_clear_pointer (&self->lock, heartbeat_lock_release);
  g_free (self->problem);
  g_free (self->path);
  g_free (self->name);
  G_OBJECT_CLASS (heartbeat_served_agent_parent_class)->finalize (object);
}

static void
heartbeat_served_agent_class_init (HeartbeatServedAgentClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = heartbeat_served_agent_finalize;

  /**
   * HeartbeatServedAgent::changed:
   * @self: an agent
   *
   * It has become ready, or its connection, its checks or its problem have changed.
   */
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void
heartbeat_served_agent_init (HeartbeatServedAgent *self)
{
}

/**
 * heartbeat_served_agent_new:
 * @name: an agent's name
 * @path: the path of its heartbeat.json
 *
 * Returns: (transfer full): the agent, not served yet
 */
HeartbeatServedAgent *
heartbeat_served_agent_new (const char *name, const char *path)
{
  HeartbeatServedAgent *self = g_object_new (HEARTBEAT_TYPE_SERVED_AGENT, NULL);

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (path != NULL, NULL);

  self->name = g_strdup (name);
  self->path = g_strdup (path);
  return self;
}

static void
emit_changed (HeartbeatServedAgent *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
}

/* Only a broker that is set is used with local ticks. */
static HeartbeatConsumer *
new_consumer (HeartbeatServedAgent *self, const HeartbeatSettings *settings)
{
  const char *url = heartbeat_settings_has (settings, "RABBIT_URL")
                        ? heartbeat_settings_get (settings, "RABBIT_URL")
                        : NULL;

  /* clang-format off */
  return g_object_new (HEARTBEAT_TYPE_CONSUMER,
      "agent-name", self->name,
      "heartbeat-path", self->path,
      "rabbit-url", url,
      "exchange-name", heartbeat_settings_get (settings, "EXCHANGE_NAME"),
      "queue-type", heartbeat_settings_get (settings, "QUEUE_TYPE"),
      "tick-source", heartbeat_settings_get (settings, "TICK_SOURCE"),
      "tick-interval", heartbeat_settings_get_number (settings, "TICK_INTERVAL_S"),
      "max-concurrent-runs", heartbeat_settings_get_number (settings, "MAX_CONCURRENT_RUNS"),
      "handler-timeout", heartbeat_settings_get_number (settings, "HANDLER_TIMEOUT_S"),
      "handler-path", heartbeat_settings_get (settings, "HANDLER_PATH"),
      "inbox-handler", heartbeat_settings_get (settings, "INBOX_HANDLER"),
      "publish-results", heartbeat_settings_is (settings, "PUBLISH_RESULTS", "yes"),
      NULL);
  /* clang-format on */
}

static void
make_consumer (HeartbeatServedAgent *self,
               const HeartbeatSettings *settings,
               HeartbeatBroker *broker,
               HeartbeatClockWatch *clock)
{
  HeartbeatAgent *agent;

  self->consumer = new_consumer (self, settings);
  if (broker != NULL)
    heartbeat_consumer_share_broker (self->consumer, broker);
  heartbeat_consumer_share_clock (self->consumer, clock);
  heartbeat_consumer_set_file_limit (self->consumer, settings->file_limit);
  g_signal_connect_object (self->consumer, "notify::ready", G_CALLBACK (emit_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->consumer, "notify::connection-state", G_CALLBACK (emit_changed),
                           self, G_CONNECT_SWAPPED);
  agent = heartbeat_consumer_get_agent (self->consumer);
  g_signal_connect_object (agent, "notify::config-error", G_CALLBACK (emit_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (agent, "check-added", G_CALLBACK (emit_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (agent, "check-removed", G_CALLBACK (emit_changed), self,
                           G_CONNECT_SWAPPED);
}

/**
 * heartbeat_served_agent_open:
 * @self: an agent without a consumer
 * @settings: the settings of all agents
 * @broker: (nullable): the broker that all agents share; %NULL for its own, if any
 * @clock: the watch for resume and clock changes that all agents share
 * @error: return location for %HEARTBEAT_ERROR_ALREADY_RUNNING, or a #GIOErrorEnum
 *
 * Locks the agent and makes its consumer. After an error it may be tried again.
 *
 * Returns: whether this process may serve the agent
 */
gboolean
heartbeat_served_agent_open (HeartbeatServedAgent *self,
                             const HeartbeatSettings *settings,
                             HeartbeatBroker *broker,
                             HeartbeatClockWatch *clock,
                             GError **error)
{
  g_autoptr (GError) lock_error = NULL;

  g_return_val_if_fail (HEARTBEAT_IS_SERVED_AGENT (self), FALSE);
  g_return_val_if_fail (settings != NULL, FALSE);
  g_return_val_if_fail (HEARTBEAT_IS_CLOCK_WATCH (clock), FALSE);

  g_clear_pointer (&self->problem, g_free);
  self->lock = heartbeat_lock_take (self->name, &lock_error);
  if (self->lock == NULL)
    {
      self->problem = g_strdup_printf ("%s: %s", self->path, lock_error->message);
      g_propagate_error (error, g_steal_pointer (&lock_error));
      return FALSE;
    }
  make_consumer (self, settings, broker, clock);
  return TRUE;
}

/**
 * heartbeat_served_agent_start:
 * @self: an agent that was opened
 * @error: return location for %HEARTBEAT_ERROR_INVALID_ARGUMENT
 *
 * Starts its consumer, see heartbeat_consumer_start().
 *
 * Returns: whether the settings can be used
 */
gboolean
heartbeat_served_agent_start (HeartbeatServedAgent *self, GError **error)
{
  g_autoptr (GError) start_error = NULL;

  g_return_val_if_fail (HEARTBEAT_IS_SERVED_AGENT (self), FALSE);

  if (heartbeat_consumer_start (self->consumer, &start_error))
    return TRUE;
  self->problem = g_strdup_printf ("%s: %s", self->path, start_error->message);
  g_propagate_error (error, g_steal_pointer (&start_error));
  return FALSE;
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  heartbeat_consumer_stop_finish (HEARTBEAT_CONSUMER (source), result, NULL);
  g_task_return_boolean (task, TRUE);
}

/**
 * heartbeat_served_agent_stop_async:
 * @self: an agent that is not being stopped
 * @callback: called when it has stopped
 * @user_data: for @callback
 *
 * Stops its consumer, see heartbeat_consumer_stop_async().
 */
void
heartbeat_served_agent_stop_async (HeartbeatServedAgent *self,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (HEARTBEAT_IS_SERVED_AGENT (self));

  task = g_task_new (self, NULL, callback, user_data);
  self->stopping = TRUE;
  if (self->consumer == NULL)
    g_task_return_boolean (task, TRUE);
  else
    heartbeat_consumer_stop_async (self->consumer, on_stopped, g_steal_pointer (&task));
}

/**
 * heartbeat_served_agent_stop_finish:
 * @self: an agent
 * @result: what the callback was given
 *
 * Ends heartbeat_served_agent_stop_async(): releases the consumer, then the lock.
 */
void
heartbeat_served_agent_stop_finish (HeartbeatServedAgent *self, GAsyncResult *result)
{
  g_return_if_fail (g_task_is_valid (result, self));

  g_task_propagate_boolean (G_TASK (result), NULL);
  g_clear_object (&self->consumer);
  g_clear_pointer (&self->lock, heartbeat_lock_release);
}

/**
 * heartbeat_served_agent_force_stop:
 * @self: an agent that is being stopped
 *
 * Ends the runs that are still going on.
 */
void
heartbeat_served_agent_force_stop (HeartbeatServedAgent *self)
{
  g_return_if_fail (HEARTBEAT_IS_SERVED_AGENT (self));

  if (self->consumer != NULL)
    heartbeat_consumer_force_stop (self->consumer);
}

/**
 * heartbeat_served_agent_get_name:
 * @self: an agent
 *
 * Returns: (transfer none): its name
 */
const char *
heartbeat_served_agent_get_name (HeartbeatServedAgent *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_SERVED_AGENT (self), NULL);

  return self->name;
}

/**
 * heartbeat_served_agent_get_path:
 * @self: an agent
 *
 * Returns: (transfer none): where its heartbeat.json is
 */
const char *
heartbeat_served_agent_get_path (HeartbeatServedAgent *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_SERVED_AGENT (self), NULL);

  return self->path;
}

/**
 * heartbeat_served_agent_get_consumer:
 * @self: an agent
 *
 * Returns: (transfer none) (nullable): its consumer; %NULL where it could not be opened
 */
HeartbeatConsumer *
heartbeat_served_agent_get_consumer (HeartbeatServedAgent *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_SERVED_AGENT (self), NULL);

  return self->consumer;
}

/**
 * heartbeat_served_agent_get_problem:
 * @self: an agent
 *
 * Returns: (transfer none) (nullable): why it is not served; it shows itself what is wrong with its file
 */
const char *
heartbeat_served_agent_get_problem (HeartbeatServedAgent *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_SERVED_AGENT (self), NULL);

  return self->problem;
}

/**
 * heartbeat_served_agent_is_stopping:
 * @self: an agent
 *
 * Returns: whether it is stopping, or has stopped
 */
gboolean
heartbeat_served_agent_is_stopping (HeartbeatServedAgent *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_SERVED_AGENT (self), FALSE);

  return self->stopping;
}

/**
 * heartbeat_served_agent_is_settled:
 * @self: an agent
 *
 * Returns: whether it is ready, or cannot be served
 */
gboolean
heartbeat_served_agent_is_settled (HeartbeatServedAgent *self)
{
  gboolean ready;

  g_return_val_if_fail (HEARTBEAT_IS_SERVED_AGENT (self), FALSE);

  if (self->consumer == NULL || self->problem != NULL)
    return TRUE;
  g_object_get (self->consumer, "ready", &ready, NULL);
  return ready;
}
