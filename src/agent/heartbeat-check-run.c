/* SPDX-License-Identifier: MIT */

#include "agent/heartbeat-check-run.h"

#include <string.h>

#include "agent/heartbeat-check-private.h"
#include "json/heartbeat-envelope.h"
#include "base/heartbeat-i18n.h"
#include "base/heartbeat-log.h"
#include "run/heartbeat-result-private.h"

#define DEFAULT_HANDLER "default"

/**
 * HeartbeatCheckRun:
 *
 * One run of a check from its start until all that it caused is safe: the handler is found and executed, and `lastRun`
 * is saved unless it failed.
 */
struct _HeartbeatCheckRun
{
  const HeartbeatRunContext *context;
  HeartbeatExecution *execution;
  HeartbeatResult *result;
  gboolean by_tick;
  HeartbeatPendingTick *tick; /* the tick that caused it, until it is told of the end */
  GTask *task;                /* who asked for it, or NULL */
  HeartbeatCheckRunDone done;
  GObject *owner; /* unowned: it owns the run */
};

static void
on_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HeartbeatCheckRun *self = user_data;
  g_autoptr (GObject) owner = self->owner; /* the reference that the save has held */

  heartbeat_last_run_store_finish (HEARTBEAT_LAST_RUN_STORE (source), result);
  self->done (self, owner);
}

static void
on_ended (HeartbeatExecution *execution, HeartbeatResult *result, gpointer user_data)
{
  HeartbeatCheckRun *self = user_data;

  self->result = heartbeat_result_ref (result);
  if (self->tick != NULL)
    heartbeat_result_set_cause (result, heartbeat_envelope_dup_event_id (self->tick->body));
  if (heartbeat_result_get_status (result) == HEARTBEAT_STATUS_FAILED)
    {
      self->done (self, self->owner);
      return;
    }
  g_object_ref (self->owner);
  heartbeat_last_run_store_save_async (
      self->context->store, heartbeat_check_get_spec (heartbeat_check_run_get_check (self)),
      heartbeat_result_get_started (result) / 1000, on_saved, self);
}

/* In place of a handler that does not exist. */
static const HeartbeatHandler *
find_default (HeartbeatCheckRun *self, const char *name)
{
  HeartbeatCheck *check = heartbeat_check_run_get_check (self);
  g_autofree char *note
      = g_strdup_printf (_ ("there is no handler “%s”, “%s” ran"), name, DEFAULT_HANDLER);

  heartbeat_execution_set_note (self->execution, note);
  if (heartbeat_check_first_complaint (check))
    heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_HANDLER_UNKNOWN, self->context->agent_name,
                   heartbeat_check_get_name (check),
                   "there is no handler “%s”: “" DEFAULT_HANDLER "” runs in its place", name);
  return heartbeat_registry_find (self->context->registry, DEFAULT_HANDLER);
}

/* There is no executable of that name. */
static void
on_declined (HeartbeatExecution *execution, const char *name, gpointer user_data)
{
  HeartbeatCheckRun *self = user_data;
  const HeartbeatHandler *handler
      = heartbeat_registry_find_below (self->context->registry, name, HEARTBEAT_HANDLER_EXECUTABLE);

  if (handler == NULL && strcmp (name, DEFAULT_HANDLER) != 0)
    {
      handler = find_default (self, name);
      name = DEFAULT_HANDLER;
    }
  if (handler == NULL)
    {
      g_autofree char *why = g_strdup_printf (_ ("there is no handler “%s”"), DEFAULT_HANDLER);

      heartbeat_execution_cancel (execution, why);
      return;
    }
  handler = heartbeat_handler_ref (handler);
  heartbeat_execution_redirect (execution, name, handler);
  heartbeat_handler_unref (handler);
}

static char *
manual_envelope (gint64 now)
{
  const HeartbeatEnvelopeSource source = { "manual", HEARTBEAT_SOURCE_APP };
  g_autoptr (HeartbeatEnvelope) envelope = heartbeat_envelope_new_tick (&source, now);
  gsize length;
  const char *text = g_bytes_get_data (envelope->body, &length);

  return g_strndup (text, length);
}

/**
 * heartbeat_check_run_new:
 * @context: where it begins
 * @check: the check that is to run
 * @tick: (transfer full) (nullable): the tick that has caused it, %NULL for a run by hand
 * @done: called when all is safe; it frees the run
 * @owner: passed to @done, and held while `lastRun` is saved
 *
 * Returns: (transfer full): a run that has not begun
 */
HeartbeatCheckRun *
heartbeat_check_run_new (const HeartbeatRunContext *context,
                         HeartbeatCheck *check,
                         HeartbeatPendingTick *tick,
                         HeartbeatCheckRunDone done,
                         GObject *owner)
{
  HeartbeatCheckRun *self = g_new0 (HeartbeatCheckRun, 1);

  self->context = context;
  self->by_tick = tick != NULL;
  self->tick = tick;
  self->done = done;
  self->owner = owner;
  self->execution = heartbeat_execution_new (check, on_ended, self);
  heartbeat_execution_set_declined (self->execution, on_declined);
  return self;
}

/**
 * heartbeat_check_run_free:
 * @self: (transfer full): a run
 *
 * Ends a run. Its tick, and who has asked for it, hear of that unless they were taken before.
 */
void
heartbeat_check_run_free (HeartbeatCheckRun *self)
{
  g_clear_pointer (&self->execution, heartbeat_execution_free);
  g_clear_pointer (&self->result, heartbeat_result_unref);
  heartbeat_pending_tick_end (g_steal_pointer (&self->tick), FALSE);
  if (self->task != NULL)
    g_task_return_new_error (self->task, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                             _ ("the agent has stopped"));
  g_clear_object (&self->task);
  g_free (self);
}

/**
 * heartbeat_check_run_set_task:
 * @self: a run that has not begun
 * @task: (transfer full): who has asked for it, and gets its result
 */
void
heartbeat_check_run_set_task (HeartbeatCheckRun *self, GTask *task)
{
  self->task = task;
}

/**
 * heartbeat_check_run_start:
 * @self: a run
 * @timeout: the time limit of the run, in ms
 *
 * Executes the check. The run may be over before this returns.
 */
void
heartbeat_check_run_start (HeartbeatCheckRun *self, guint timeout)
{
  const HeartbeatCheckSpec *spec = heartbeat_check_get_spec (heartbeat_check_run_get_check (self));
  const gint64 started = g_get_real_time ();
  HeartbeatRunInput input = {
    .agent_name = self->context->agent_name,
    .check_name = spec->name,
    .working_folder = self->context->folder,
    .started = started,
    .check = heartbeat_json_dup_text (&spec->json),
    .envelope = self->tick != NULL ? g_strdup (self->tick->body) : manual_envelope (started / 1000),
    .handler = spec->handler,
  };
  const HeartbeatHandler *handler
      = heartbeat_registry_find (self->context->registry, spec->handler);

  if (handler == NULL)
    {
      input.handler = DEFAULT_HANDLER;
      handler = find_default (self, spec->handler);
    }
  handler = heartbeat_handler_ref (handler);
  heartbeat_execution_start (self->execution, &input, handler, timeout);
  heartbeat_handler_unref (handler);
}

/**
 * heartbeat_check_run_give_up:
 * @self: a run
 * @why: said in the result
 *
 * Ends the run, if it has not ended yet, as failed. Its tick stays unsettled.
 */
void
heartbeat_check_run_give_up (HeartbeatCheckRun *self, const char *why)
{
  if (self->result != NULL)
    return;
  heartbeat_pending_tick_end (g_steal_pointer (&self->tick), FALSE);
  heartbeat_execution_cancel (self->execution, why);
}

/**
 * heartbeat_check_run_get_check:
 * @self: a run
 *
 * Returns: (transfer none): the check that runs
 */
HeartbeatCheck *
heartbeat_check_run_get_check (HeartbeatCheckRun *self)
{
  return heartbeat_execution_get_check (self->execution);
}

/**
 * heartbeat_check_run_get_result:
 * @self: a run
 *
 * Returns: (transfer none) (nullable): how the run has ended
 */
HeartbeatResult *
heartbeat_check_run_get_result (HeartbeatCheckRun *self)
{
  return self->result;
}

/**
 * heartbeat_check_run_is_by_tick:
 * @self: a run
 *
 * Returns: whether a tick has caused it, and not somebody by hand
 */
gboolean
heartbeat_check_run_is_by_tick (HeartbeatCheckRun *self)
{
  return self->by_tick;
}

/**
 * heartbeat_check_run_steal_tick:
 * @self: a run
 *
 * Returns: (transfer full) (nullable): the tick that has caused it, where it was not told of the end yet
 */
HeartbeatPendingTick *
heartbeat_check_run_steal_tick (HeartbeatCheckRun *self)
{
  return g_steal_pointer (&self->tick);
}

/**
 * heartbeat_check_run_steal_task:
 * @self: a run
 *
 * Returns: (transfer full) (nullable): who has asked for it
 */
GTask *
heartbeat_check_run_steal_task (HeartbeatCheckRun *self)
{
  return g_steal_pointer (&self->task);
}
