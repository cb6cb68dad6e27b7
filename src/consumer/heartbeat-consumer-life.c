/* SPDX-License-Identifier: MIT */

#include "consumer/heartbeat-consumer-internal.h"

#include <signal.h>
#include <string.h>

#include <glib-unix.h>

#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"
#include "base/heartbeat-limits.h"
#include "base/heartbeat-log.h"
#include "base/heartbeat-setting-spec.h"
#include "handlers/heartbeat-built-in.h"
#include "json/heartbeat-envelope.h"

/* The first local tick is delayed so that the desktop sees its effects. */
#define FIRST_TICK_US G_USEC_PER_SEC

/* --- Messages ------------------------------------------------------------------------------------------------------- */

static void
postpone_local_ticks (gpointer user_data)
{
  HeartbeatConsumer *self = user_data;

  if (self->ticker != NULL)
    heartbeat_ticker_start (self->ticker,
                            (gint64) (self->tick_interval * HEARTBEAT_TICK_OUTAGE_INTERVALS
                                      * G_USEC_PER_SEC));
}

static void
on_received (const char *routing_key, const char *event_type, const char *body, gpointer user_data)
{
  g_signal_emit (user_data, heartbeat_consumer_signals[HEARTBEAT_CONSUMER_MESSAGE_RECEIVED], 0,
                 routing_key, event_type, body);
}

static void
on_rejected (gpointer user_data)
{
  g_object_notify_by_pspec (user_data,
                            heartbeat_consumer_props[HEARTBEAT_CONSUMER_PROP_MESSAGES_REJECTED]);
}

/* A handler or a signal handler may drop the last other reference. */
static HeartbeatDisposition
on_message (HeartbeatInbox *inbox, const HeartbeatMessage *message, gpointer user_data)
{
  g_autoptr (HeartbeatConsumer) self = g_object_ref (user_data);

  return heartbeat_receiver_take (self->receiver, inbox, message);
}

/* --- Local ticks ---------------------------------------------------------------------------------------------------- */

static void
on_local_tick (gpointer user_data)
{
  const HeartbeatEnvelopeSource source = { "scheduled", HEARTBEAT_SOURCE_APP };
  g_autoptr (HeartbeatConsumer) self = g_object_ref (user_data);
  g_autoptr (HeartbeatEnvelope) envelope
      = heartbeat_envelope_new_tick (&source, g_get_real_time () / 1000);
  HeartbeatTick tick;
  gsize length;
  const char *body = g_bytes_get_data (envelope->body, &length);

  if (heartbeat_tick_parse (&tick, body, length, NULL)
      && heartbeat_agent_tick (self->agent, &tick, g_get_monotonic_time ()) == HEARTBEAT_TICK_DUE)
    heartbeat_agent_run_due_async (self->agent, &tick, NULL, NULL);
}

/* --- Life ----------------------------------------------------------------------------------------------------------- */

static gboolean
has_ticks_from_broker (HeartbeatConsumer *self)
{
  return strcmp (self->tick_source, "local") != 0;
}

static void
update_ready (HeartbeatConsumer *self)
{
  if (self->loaded && self->attempted)
    g_object_notify_by_pspec (G_OBJECT (self),
                              heartbeat_consumer_props[HEARTBEAT_CONSUMER_PROP_READY]);
}

static void
on_inbox_state (HeartbeatConsumer *self)
{
  HeartbeatConnectionState state = heartbeat_inbox_get_state (self->inbox);
  gboolean settled = state == HEARTBEAT_CONNECTION_STATE_CONNECTED
                     || state == HEARTBEAT_CONNECTION_STATE_WAITING;

  g_object_notify_by_pspec (G_OBJECT (self),
                            heartbeat_consumer_props[HEARTBEAT_CONSUMER_PROP_CONNECTION_STATE]);
  g_object_notify_by_pspec (G_OBJECT (self),
                            heartbeat_consumer_props[HEARTBEAT_CONSUMER_PROP_BROKER_ADDRESS]);
  if (self->attempted || !settled)
    return;
  self->attempted = TRUE;
  update_ready (self);
}

static void
on_inbox_error (HeartbeatConsumer *self)
{
  g_object_notify_by_pspec (G_OBJECT (self),
                            heartbeat_consumer_props[HEARTBEAT_CONSUMER_PROP_CONNECTION_ERROR]);
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatConsumer) self = user_data;

  /* What is wrong with the file is shown by the agent. */
  heartbeat_agent_reload_finish (HEARTBEAT_AGENT (source), result, NULL);
  self->loaded = TRUE;
  update_ready (self);
}

static void
start_inbox (HeartbeatConsumer *self)
{
  static const HeartbeatReceiverFuncs funcs = { postpone_local_ticks, on_received, on_rejected };
  const HeartbeatInboxOptions options
      = { self->agent_name, self->exchange_name, self->queue_type, 0 };
  HeartbeatAmqpPublisher *publisher = heartbeat_broker_get_publisher (self->broker);

  self->receiver
      = heartbeat_receiver_new (self->agent, heartbeat_amqp_publisher_get_app_id (publisher),
                                &funcs, self);
  self->inbox = heartbeat_inbox_new (heartbeat_broker_get_connection (self->broker), &options,
                                     on_message, self);
  g_signal_connect_object (self->inbox, "notify::state", G_CALLBACK (on_inbox_state), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->inbox, "notify::error", G_CALLBACK (on_inbox_error), self,
                           G_CONNECT_SWAPPED);
  if (self->inbox_handler != NULL)
    self->inbox_runner = heartbeat_inbox_runner_new (self->agent, self->inbox, self->inbox_handler,
                                                     self->timeout * 1000);
  heartbeat_receiver_set_runner (self->receiver, self->inbox_runner);
  heartbeat_inbox_start (self->inbox);
  if (!self->shares_broker)
    heartbeat_broker_start (self->broker);
}

static void
on_resumed (HeartbeatConsumer *self)
{
  if (self->ticker != NULL)
    heartbeat_ticker_resume (self->ticker);
}

static void
start_ticker (HeartbeatConsumer *self)
{
  gboolean local = strcmp (self->tick_source, "local") == 0;

  if (!local && strcmp (self->tick_source, "auto") != 0)
    return;
  self->ticker = heartbeat_ticker_new (self->tick_interval, on_local_tick, self);
  if (self->clock == NULL)
    self->clock = heartbeat_clock_watch_new ();
  g_signal_connect_object (self->clock, "resumed", G_CALLBACK (on_resumed), self,
                           G_CONNECT_SWAPPED);
  if (local)
    heartbeat_ticker_start (self->ticker, FIRST_TICK_US);
  else
    postpone_local_ticks (self);
}

static gboolean
check_settings (HeartbeatConsumer *self, GError **error)
{
  if (self->started || self->stopping)
    g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                         _ ("a consumer is started only once: make another one"));
  else if (!heartbeat_agent_is_name (self->agent_name))
    g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                 _ ("the agent's name “%s” is not of the form [A-Za-z0-9][A-Za-z0-9_-]{0,63}"),
                 self->agent_name);
  else if (*self->heartbeat_path == '\0')
    g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                         _ ("the path of heartbeat.json is missing"));
  else if (*self->exchange_name == '\0'
           || strlen (self->exchange_name) > HEARTBEAT_SHORT_STRING_MAX_BYTES)
    g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                         _ ("the name of the exchange has 1 to 255 bytes"));
  else if (!heartbeat_setting_spec_has_choice (heartbeat_setting_spec_find ("TICK_SOURCE"),
                                               self->tick_source))
    g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                 _ ("the tick source “%s” is not amqp, local or auto"), self->tick_source);
  else if (!heartbeat_setting_spec_has_choice (heartbeat_setting_spec_find ("QUEUE_TYPE"),
                                               self->queue_type))
    g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                 _ ("the queue type “%s” is not classic or quorum"), self->queue_type);
  else if (self->inbox_handler != NULL && *self->inbox_handler == '\0')
    g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                         _ ("the name of the inbox handler is empty"));
  else
    return TRUE;
  return FALSE;
}

static gboolean
make_executables (HeartbeatConsumer *self, GError **error)
{
  if (self->executables == NULL)
    self->executables = heartbeat_executables_new (self->handler_path, self->processes, error);
  return self->executables != NULL;
}

/* With local ticks a broker is used only where it is asked for, and then only to publish. */
static gboolean
make_broker (HeartbeatConsumer *self, GError **error)
{
  const char *url = self->rabbit_url;

  if (self->broker != NULL || (url == NULL && !has_ticks_from_broker (self)))
    return TRUE;
  self->broker = heartbeat_broker_new (url != NULL ? url : HEARTBEAT_DEFAULT_RABBIT_URL, error);
  return self->broker != NULL;
}

/**
 * heartbeat_consumer_start:
 * @self: a consumer
 * @error: return location for %HEARTBEAT_ERROR_INVALID_ARGUMENT
 *
 * Reads heartbeat.json and connects to the broker, in the background, on the thread-default main context. Neither a bad
 * file nor a broker that is away is an error here: it goes on when they are good. A consumer is started only once.
 *
 * Returns: whether the settings are good
 */
gboolean
heartbeat_consumer_start (HeartbeatConsumer *self, GError **error)
{
  HeartbeatAmqpPublisher *amqp = NULL;

  g_return_val_if_fail (HEARTBEAT_IS_CONSUMER (self), FALSE);

  if (!check_settings (self, error) || !make_executables (self, error)
      || !make_broker (self, error))
    return FALSE;
  self->started = TRUE;
  if (self->broker != NULL)
    {
      amqp = heartbeat_broker_get_publisher (self->broker);
      heartbeat_broker_watch_network (self->broker);
    }
  self->publisher = heartbeat_outbox_new (amqp, self->agent_name, self->exchange_name);
  heartbeat_built_in_register (self->registry, self->publisher, self->processes);
  heartbeat_executables_register (self->executables, self->registry);
  if (self->publish_results && amqp != NULL)
    self->reporter = heartbeat_reporter_new (self->agent, self->publisher);

  heartbeat_agent_reload_async (self->agent, NULL, on_loaded, g_object_ref (self));
  if (has_ticks_from_broker (self))
    start_inbox (self);
  else
    {
      self->attempted = TRUE;
      if (self->inbox_handler != NULL)
        heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_INBOX_UNUSED, self->agent_name, NULL,
                       "the inbox handler %s hears nothing: with local ticks there is no inbox",
                       self->inbox_handler);
    }
  start_ticker (self);
  return TRUE;
}

/**
 * heartbeat_consumer_retry_now:
 * @self: a consumer
 *
 * Tries at once to reach the broker and to consume, instead of at the end of the wait: for users who have mended what was
 * wrong.
 */
void
heartbeat_consumer_retry_now (HeartbeatConsumer *self)
{
  g_return_if_fail (HEARTBEAT_IS_CONSUMER (self));

  if (self->broker != NULL)
    heartbeat_broker_retry_now (self->broker);
  if (self->inbox != NULL)
    heartbeat_inbox_retry_now (self->inbox);
}

static void
finish_stop (HeartbeatConsumer *self)
{
  g_autoptr (GPtrArray) tasks = g_steal_pointer (&self->stop_tasks);

  self->stopped = TRUE;
  self->stop_tasks = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < tasks->len; i++)
    g_task_return_boolean (g_ptr_array_index (tasks, i), TRUE);
  if (self->loop != NULL)
    g_main_loop_quit (self->loop);
}

static void
on_broker_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatConsumer) self = user_data;

  heartbeat_broker_close_finish (HEARTBEAT_BROKER (source), result, NULL);
  finish_stop (self);
}

/* Every run has been acknowledged and reported by now. */
static void
leave_broker (HeartbeatConsumer *self)
{
  if (self->inbox != NULL)
    heartbeat_inbox_close_async (self->inbox, NULL, NULL);
  if (self->broker != NULL && !self->shares_broker)
    heartbeat_broker_close_async (self->broker, on_broker_closed, g_object_ref (self));
  else
    finish_stop (self);
}

static void
on_reported (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatConsumer) self = user_data;

  heartbeat_reporter_flush_finish (HEARTBEAT_REPORTER (source), result);
  leave_broker (self);
}

static void
on_processes_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatConsumer) self = user_data;

  heartbeat_processes_stop_finish (HEARTBEAT_PROCESSES (source), result);
  if (self->reporter != NULL)
    heartbeat_reporter_flush_async (self->reporter, on_reported, g_object_ref (self));
  else
    leave_broker (self);
}

/* Runs of checks and of messages end beside each other. Programs of those that were ended must not outlive the service. */
static void
end_of_runs (HeartbeatConsumer *self)
{
  if (--self->runs_to_stop == 0)
    heartbeat_processes_stop_async (self->processes, on_processes_stopped, g_object_ref (self));
}

static void
on_messages_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatConsumer) self = user_data;

  heartbeat_inbox_runner_stop_finish (HEARTBEAT_INBOX_RUNNER (source), result);
  end_of_runs (self);
}

static void
on_agent_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatConsumer) self = user_data;

  heartbeat_agent_stop_finish (HEARTBEAT_AGENT (source), result);
  end_of_runs (self);
}

/**
 * heartbeat_consumer_stop_async:
 * @self: a consumer
 * @callback: (nullable): called when it has stopped; it calls heartbeat_consumer_stop_finish()
 * @user_data: passed to @callback
 *
 * Starts no more runs, gives those that go on ten seconds, ends the programs that are left then, acknowledges what is done
 * and leaves the broker. What was not acknowledged is delivered again. heartbeat_consumer_run() returns then. It may be
 * called more than once.
 */
void
heartbeat_consumer_stop_async (HeartbeatConsumer *self,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (HEARTBEAT_IS_CONSUMER (self));

  task = g_task_new (self, NULL, callback, user_data);
  if (self->stopped)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  g_ptr_array_add (self->stop_tasks, g_steal_pointer (&task));
  if (self->stopping)
    return;
  self->stopping = TRUE;
  g_clear_pointer (&self->ticker, heartbeat_ticker_free);
  self->runs_to_stop = self->inbox_runner != NULL ? 2 : 1;
  if (self->inbox_runner != NULL)
    heartbeat_inbox_runner_stop_async (self->inbox_runner, on_messages_stopped,
                                       g_object_ref (self));
  heartbeat_agent_stop_async (self->agent, on_agent_stopped, g_object_ref (self));
}

/**
 * heartbeat_consumer_force_stop:
 * @self: a consumer that is being stopped
 *
 * Ends the runs that go on now: somebody does not want to wait.
 */
void
heartbeat_consumer_force_stop (HeartbeatConsumer *self)
{
  g_return_if_fail (HEARTBEAT_IS_CONSUMER (self));

  if (self->inbox_runner != NULL)
    heartbeat_inbox_runner_force_stop (self->inbox_runner);
  heartbeat_agent_force_stop (self->agent);
}

/**
 * heartbeat_consumer_stop_finish:
 * @self: a consumer
 * @result: what the callback was given
 * @error: return location for an error; there is none so far
 *
 * Ends heartbeat_consumer_stop_async().
 *
 * Returns: whether it has stopped
 */
gboolean
heartbeat_consumer_stop_finish (HeartbeatConsumer *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* The second signal of an impatient user ends the runs that the first one lets go on. */
static gboolean
on_signal (gpointer user_data)
{
  HeartbeatConsumer *self = user_data;

  if (self->stopping)
    heartbeat_consumer_force_stop (self);
  else
    heartbeat_consumer_stop_async (self, NULL, NULL);
  return G_SOURCE_CONTINUE;
}

typedef struct
{
  int number;
  struct sigaction former;
  GSource *source;
} SignalWatch;

static void
watch_signal (SignalWatch *watch, int number, HeartbeatConsumer *self)
{
  watch->number = number;
  sigaction (number, NULL, &watch->former);
  watch->source = g_unix_signal_source_new (number);
  g_source_set_callback (watch->source, on_signal, self, NULL);
  g_source_attach (watch->source, g_main_context_get_thread_default ());
}

/* GLib would leave the default action behind, which is not Python's. */
static void
unwatch_signal (SignalWatch *watch)
{
  g_source_destroy (watch->source);
  g_source_unref (watch->source);
  sigaction (watch->number, &watch->former, NULL);
}

/**
 * heartbeat_consumer_run:
 * @self: a consumer that was not started
 * @error: return location for %HEARTBEAT_ERROR_INVALID_ARGUMENT
 *
 * Starts the consumer, and blocks until SIGINT, SIGTERM or heartbeat_consumer_stop_async(). For programs that have no main
 * loop of their own. A second signal ends the runs that go on at once.
 *
 * Returns: whether the settings were good
 */
gboolean
heartbeat_consumer_run (HeartbeatConsumer *self, GError **error)
{
  g_autoptr (HeartbeatConsumer) keep = NULL;
  SignalWatch interrupt, terminate;

  g_return_val_if_fail (HEARTBEAT_IS_CONSUMER (self), FALSE);

  if (!heartbeat_consumer_start (self, error))
    return FALSE;
  keep = g_object_ref (self);
  watch_signal (&interrupt, SIGINT, self);
  watch_signal (&terminate, SIGTERM, self);
  self->loop = g_main_loop_new (g_main_context_get_thread_default (), FALSE);
  g_main_loop_run (self->loop);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  unwatch_signal (&terminate);
  unwatch_signal (&interrupt);
  return TRUE;
}
