/* SPDX-License-Identifier: MIT */

#include "agent/heartbeat-agent-internal.h"

#include "base/heartbeat-deadline.h"
#include "base/heartbeat-i18n.h"
#include "base/heartbeat-limits.h"
#include "base/heartbeat-log.h"

/* A tick that waits for its decision or for the end of its run. */
typedef struct
{
  char *body;
  guint quarter; /* that it names, 0 for none */
} WaitingTick;

static WaitingTick *
waiting_tick_new (const HeartbeatTick *tick)
{
  WaitingTick *self = g_new (WaitingTick, 1);

  self->body = g_strndup (tick->body, tick->length);
  self->quarter = heartbeat_tick_get_fresh_quarter (tick, g_get_real_time () / 1000);
  return self;
}

static void
waiting_tick_free (gpointer data)
{
  WaitingTick *self = data;

  g_free (self->body);
  g_free (self);
}

static gint64
now_ms (void)
{
  return g_get_real_time () / 1000;
}

/* --- A run ---------------------------------------------------------------------------------------------------------- */

static gboolean
is_for_tick (GTask *task)
{
  return g_task_get_source_tag (task) == heartbeat_agent_run_due_async;
}

static void
return_stopped (GTask *task)
{
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, _ ("the agent stops"));
}

/* A tick whose run was cut short is delivered again. */
static void
return_run (HeartbeatAgent *self, GTask *task, HeartbeatResult *result)
{
  if (is_for_tick (task) && g_cancellable_is_cancelled (self->cancellable)
      && heartbeat_result_get_status (result) == HEARTBEAT_STATUS_FAILED)
    return_stopped (task);
  else
    g_task_return_pointer (task, heartbeat_result_ref (result),
                           (GDestroyNotify) heartbeat_result_unref);
}

static void
on_history_flushed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  heartbeat_history_flush_finish (HEARTBEAT_HISTORY (source), result);
  g_task_return_boolean (task, TRUE);
}

static void
check_stopped (HeartbeatAgent *self)
{
  if (!self->stopping || self->n_running > 0 || self->stop_task == NULL)
    return;
  heartbeat_deadline_clear (&self->stop_timer);
  heartbeat_document_close (self->document);
  heartbeat_history_flush_async (self->history, on_history_flushed,
                                 g_steal_pointer (&self->stop_task));
}

static void
log_result (HeartbeatAgent *self, HeartbeatCheck *check, HeartbeatResult *result)
{
  gboolean failed = heartbeat_result_get_status (result) == HEARTBEAT_STATUS_FAILED;
  const char *message = heartbeat_result_get_message (result);

  heartbeat_log (failed ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_INFO,
                 failed ? HEARTBEAT_EVENT_RUN_FAILED : HEARTBEAT_EVENT_RUN_FINISHED, self->name,
                 heartbeat_check_get_name (check), "%s %s in %.3f s%s%s",
                 heartbeat_check_get_name (check),
                 heartbeat_status_to_string (heartbeat_result_get_status (result)),
                 heartbeat_result_get_duration (result) / 1e6, *message == '\0' ? "" : ": ",
                 message);
}

static void
on_run_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  HeartbeatAgent *self = g_task_get_source_object (task);
  HeartbeatCheck *check = HEARTBEAT_CHECK (source);
  g_autoptr (HeartbeatResult) ended = heartbeat_check_run_finish (check, result);
  gboolean by_tick = is_for_tick (task);

  if (self->abandoned)
    {
      return_stopped (task);
      return;
    }
  heartbeat_agent_refresh_last_run (self, check);
  heartbeat_check_end (check, ended, now_ms ());
  heartbeat_schedule_end_run (self->schedule, check);
  self->ended[heartbeat_result_get_status (ended)]++;
  log_result (self, check, ended);
  heartbeat_history_append (self->history, heartbeat_check_get_name (check), ended, !by_tick);
  g_signal_emit (self, heartbeat_agent_signals[HEARTBEAT_AGENT_CHECK_FINISHED], 0, check, ended);
  g_object_notify_by_pspec (G_OBJECT (self), heartbeat_agent_props[HEARTBEAT_AGENT_PROP_NEXT_DUE]);
  self->n_running--;
  if (by_tick)
    self->n_running_for_ticks--;
  return_run (self, task, ended);
  heartbeat_agent_decide_waiting_tick (self);
  check_stopped (self);
}

/* Runs @check for @task, which is taken. @tick is NULL for a manual run; @timeout 0 is that of the check. */
void
heartbeat_agent_start_run (HeartbeatAgent *self,
                           HeartbeatCheck *check,
                           GTask *task,
                           const char *tick,
                           guint timeout)
{
  const HeartbeatCheckSpec *spec;

  g_return_if_fail (HEARTBEAT_IS_AGENT (self));
  g_return_if_fail (HEARTBEAT_IS_CHECK (check));
  g_return_if_fail (G_IS_TASK (task));

  spec = heartbeat_check_get_spec (check);
  heartbeat_log (G_LOG_LEVEL_INFO, HEARTBEAT_EVENT_RUN_STARTED, self->name, spec->name,
                 "running %s: %.2f × its cadence has passed, priority %" G_GINT64_FORMAT
                 ", handler %s",
                 spec->name, heartbeat_check_get_overdue_ratio (check), spec->priority,
                 spec->handler);
  self->n_running++;
  if (tick != NULL)
    self->n_running_for_ticks++;
  if (timeout == 0)
    timeout = spec->timeout != 0 ? spec->timeout : self->timeout;

  heartbeat_check_begin (check);
  heartbeat_schedule_invalidate (self->schedule);
  heartbeat_check_run_async (check, &self->context, tick, timeout, self->cancellable, on_run_done,
                             task);
  g_signal_emit (self, heartbeat_agent_signals[HEARTBEAT_AGENT_CHECK_STARTED], 0, check);
}

/* --- Ticks ---------------------------------------------------------------------------------------------------------- */

static void
count_idle (HeartbeatAgent *self)
{
  self->ticks_idle++;
  g_object_notify_by_pspec (G_OBJECT (self),
                            heartbeat_agent_props[HEARTBEAT_AGENT_PROP_TICKS_IDLE]);
}

static void
on_refreshed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatAgent) self = user_data;

  heartbeat_document_read_finish (HEARTBEAT_DOCUMENT (source), result);
  self->refreshing = FALSE;
  heartbeat_agent_decide_waiting_tick (self);
}

/* Reads the file, if it has changed, before the waiting tick is decided. */
static void
refresh (HeartbeatAgent *self)
{
  if (self->refreshing)
    return;
  self->refreshing = TRUE;
  heartbeat_document_refresh_async (self->document, on_refreshed, g_object_ref (self));
}

/* Decides the waiting tick, unless something still blocks it. */
void
heartbeat_agent_decide_waiting_tick (HeartbeatAgent *self)
{
  g_autoptr (GTask) task = NULL;
  const WaitingTick *tick;
  HeartbeatCheck *check;
  gint64 now;

  g_return_if_fail (HEARTBEAT_IS_AGENT (self));

  now = now_ms ();
  if (self->waiting == NULL || !self->store_ready || self->refreshing || self->stopping
      || self->n_running_for_ticks >= self->max_concurrent_runs)
    return;
  if (heartbeat_document_is_reading (self->document))
    {
      refresh (self);
      return;
    }
  task = g_steal_pointer (&self->waiting);
  tick = g_task_get_task_data (task);
  check = heartbeat_schedule_choose (self->schedule, tick->quarter, now);
  if (check != NULL)
    {
      heartbeat_agent_start_run (self, check, g_steal_pointer (&task), tick->body, 0);
      return;
    }
  heartbeat_schedule_next_due (self->schedule, tick->quarter, now);
  count_idle (self);
  g_task_return_pointer (task, NULL, NULL);
}

/**
 * heartbeat_agent_tick:
 * @self: an agent
 * @tick: a tick
 * @received_us: when it was received, in µs of monotonic time
 *
 * Counts a tick and says what becomes of it. With nothing due that costs a comparison, and one `statx` for all ticks that
 * were received before it.
 *
 * Returns: %HEARTBEAT_TICK_IDLE for most; a tick that may be due is to be passed to heartbeat_agent_run_due_async()
 */
HeartbeatTickAnswer
heartbeat_agent_tick (HeartbeatAgent *self, const HeartbeatTick *tick, gint64 received_us)
{
  gint64 now = now_ms ();
  guint quarter;

  g_return_val_if_fail (HEARTBEAT_IS_AGENT (self), HEARTBEAT_TICK_REFUSED);
  g_return_val_if_fail (tick != NULL, HEARTBEAT_TICK_REFUSED);

  if (self->stopping)
    return HEARTBEAT_TICK_REFUSED;
  self->last_tick = g_get_real_time ();
  self->ticks_received++;
  g_object_notify_by_pspec (G_OBJECT (self),
                            heartbeat_agent_props[HEARTBEAT_AGENT_PROP_TICKS_RECEIVED]);
  /* Whoever was notified may have stopped the agent. */
  if (self->stopping)
    return HEARTBEAT_TICK_REFUSED;
  quarter = heartbeat_tick_get_fresh_quarter (tick, now);
  if (self->waiting == NULL
      && !(self->store_ready && heartbeat_document_is_current (self->document, received_us)
           && heartbeat_schedule_is_idle (self->schedule, quarter, now)))
    return HEARTBEAT_TICK_DUE;
  count_idle (self);
  return HEARTBEAT_TICK_IDLE;
}

/**
 * heartbeat_agent_run_due_async:
 * @self: an agent
 * @tick: a tick that was answered with %HEARTBEAT_TICK_DUE just now; its body is copied
 * @callback: called when all that the tick has caused is safe; it calls heartbeat_agent_run_due_finish()
 * @user_data: passed to @callback
 *
 * Decides by what the file says now, and runs the most overdue check, if there is one. The tick waits while as many runs as
 * allowed go on.
 */
void
heartbeat_agent_run_due_async (HeartbeatAgent *self,
                               const HeartbeatTick *tick,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (HEARTBEAT_IS_AGENT (self));
  g_return_if_fail (tick != NULL);
  g_return_if_fail (self->waiting == NULL);

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, heartbeat_agent_run_due_async);
  g_task_set_task_data (task, waiting_tick_new (tick), waiting_tick_free);
  self->waiting = g_steal_pointer (&task);
  heartbeat_agent_load_store (self);
  /* At once, so that the tick after this one can wait for the run. */
  if (heartbeat_document_is_current (self->document, g_get_monotonic_time ()))
    heartbeat_agent_decide_waiting_tick (self);
  else
    refresh (self);
}

/**
 * heartbeat_agent_run_due_finish:
 * @self: an agent
 * @result: what the callback was given
 *
 * Ends heartbeat_agent_run_due_async().
 *
 * Returns: whether the tick may be acknowledged; %FALSE if the agent stopped before the run has ended
 */
gboolean
heartbeat_agent_run_due_finish (HeartbeatAgent *self, GAsyncResult *result)
{
  g_autoptr (GError) error = NULL;
  HeartbeatResult *ended;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  ended = g_task_propagate_pointer (G_TASK (result), &error);
  g_clear_pointer (&ended, heartbeat_result_unref);
  return error == NULL;
}

/* --- Stopping ------------------------------------------------------------------------------------------------------- */

static gboolean
on_grace_over (gpointer user_data)
{
  HeartbeatAgent *self = user_data;

  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_REMOVE;
}

/* A waiting tick is left for the broker to redeliver. */
static void
refuse_ticks (HeartbeatAgent *self)
{
  g_autoptr (GTask) waiting = g_steal_pointer (&self->waiting);

  self->stopping = TRUE;
  if (waiting != NULL)
    return_stopped (waiting);
}

/**
 * heartbeat_agent_force_stop:
 * @self: an agent
 *
 * Starts no more runs, and ends those that go on.
 */
void
heartbeat_agent_force_stop (HeartbeatAgent *self)
{
  g_return_if_fail (HEARTBEAT_IS_AGENT (self));

  refuse_ticks (self);
  g_cancellable_cancel (self->cancellable);
}

/**
 * heartbeat_agent_abandon:
 * @self: an agent whose owner goes
 *
 * Ends the runs that go on, without a signal, an entry in the history or a line in the log.
 */
void
heartbeat_agent_abandon (HeartbeatAgent *self)
{
  g_return_if_fail (HEARTBEAT_IS_AGENT (self));

  self->abandoned = TRUE;
  heartbeat_agent_force_stop (self);
}

/**
 * heartbeat_agent_stop_async:
 * @self: an agent
 * @callback: called when nothing runs any more; it calls heartbeat_agent_stop_finish()
 * @user_data: passed to @callback
 *
 * Starts no more runs, and gives those that go on ten seconds. A waiting tick is left for the broker to redeliver.
 */
void
heartbeat_agent_stop_async (HeartbeatAgent *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (HEARTBEAT_IS_AGENT (self));
  g_return_if_fail (self->stop_task == NULL);

  self->stop_task = g_task_new (self, NULL, callback, user_data);
  refuse_ticks (self);
  if (self->n_running > 0)
    heartbeat_deadline_set_in (&self->stop_timer, HEARTBEAT_STOP_GRACE_MS * 1000, on_grace_over,
                               self);
  check_stopped (self);
}

void
heartbeat_agent_stop_finish (HeartbeatAgent *self, GAsyncResult *result)
{
  g_return_if_fail (g_task_is_valid (result, self));

  g_task_propagate_boolean (G_TASK (result), NULL);
}
