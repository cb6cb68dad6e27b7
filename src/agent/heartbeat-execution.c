/* SPDX-License-Identifier: MIT */

#include "agent/heartbeat-execution.h"

#include "base/heartbeat-i18n.h"

/**
 * HeartbeatExecution:
 *
 * The agent's side of a run: its time limit, and that it ends exactly once. It holds no reference to the #HeartbeatRun.
 */
struct _HeartbeatExecution
{
  HeartbeatCheck *check;
  HeartbeatRun *run; /* unowned; NULL before the start and after the end */
  HeartbeatExecutionEnded ended;
  HeartbeatExecutionDeclined declined;
  gpointer user_data;
  char *note;
  gint64 started;
  gint64 started_monotonic;
  guint timeout;
  GSource *timer;
};

/**
 * heartbeat_execution_new:
 * @check: (nullable): the check; %NULL where a message of the inbox is handled
 * @ended: called when it has ended
 * @user_data: passed to @ended
 *
 * Returns: (transfer full): an execution that has not been started
 */
HeartbeatExecution *
heartbeat_execution_new (HeartbeatCheck *check, HeartbeatExecutionEnded ended, gpointer user_data)
{
  HeartbeatExecution *self = g_new0 (HeartbeatExecution, 1);

  g_set_object (&self->check, check);
  self->ended = ended;
  self->user_data = user_data;
  return self;
}

static void
stop_timer (HeartbeatExecution *self)
{
  if (self->timer == NULL)
    return;
  g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

/**
 * heartbeat_execution_free:
 * @self: (transfer full): an execution; a run that still goes on is cancelled, without a result
 */
void
heartbeat_execution_free (HeartbeatExecution *self)
{
  stop_timer (self);
  if (self->run != NULL)
    heartbeat_run_abandon (self->run);
  g_clear_object (&self->check);
  g_free (self->note);
  g_free (self);
}

/* The note of an unknown handler takes the place of what `default` says. */
static HeartbeatResult *
annotate (HeartbeatExecution *self, HeartbeatResult *result)
{
  if (self->note == NULL)
    return heartbeat_result_ref (result);
  return heartbeat_result_new (heartbeat_result_get_status (result), self->note,
                               heartbeat_result_get_started (result),
                               heartbeat_result_get_duration (result),
                               heartbeat_result_get_details (result));
}

static void
on_run_ended (HeartbeatRun *run, HeartbeatResult *result, gpointer user_data)
{
  HeartbeatExecution *self = user_data;
  g_autoptr (HeartbeatResult) annotated = annotate (self, result);

  self->run = NULL;
  stop_timer (self);
  self->ended (self, annotated, self->user_data);
}

static void
on_run_passed (HeartbeatRun *run, gpointer user_data)
{
  HeartbeatExecution *self = user_data;
  g_autofree char *name = g_strdup (heartbeat_run_get_handler (run));

  if (self->declined != NULL)
    self->declined (self, name, self->user_data);
}

static gboolean
on_timeout (gpointer user_data)
{
  HeartbeatExecution *self = user_data;
  g_autofree char *why = NULL;

  if (self->timeout % 1000 == 0)
    why = g_strdup_printf (_ ("timed out after %u s"), self->timeout / 1000);
  else
    why = g_strdup_printf (_ ("timed out after %u ms"), self->timeout);
  heartbeat_execution_cancel (self, why);
  return G_SOURCE_REMOVE;
}

/**
 * heartbeat_execution_start:
 * @self: an execution
 * @input: what the handler is told
 * @handler: who does it
 * @timeout: the time limit in ms
 *
 * Calls the handler. @self may be gone when this returns.
 */
void
heartbeat_execution_start (HeartbeatExecution *self,
                           const HeartbeatRunInput *input,
                           const HeartbeatHandler *handler,
                           guint timeout)
{
  g_autoptr (HeartbeatRun) run = NULL;

  self->started = input->started;
  self->started_monotonic = g_get_monotonic_time ();
  self->timeout = timeout;
  self->timer = g_timeout_source_new (timeout);
  g_source_set_static_name (self->timer, "heartbeat handler time-out");
  g_source_set_callback (self->timer, on_timeout, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());

  run = heartbeat_run_new (input, on_run_ended, self);
  heartbeat_run_set_declined (run, on_run_passed);
  self->run = run;
  heartbeat_run_call (run, handler->func, handler->user_data);
}

/**
 * heartbeat_execution_set_declined:
 * @self: an execution that has not been started
 * @declined: called when a handler passes the run on
 */
void
heartbeat_execution_set_declined (HeartbeatExecution *self, HeartbeatExecutionDeclined declined)
{
  self->declined = declined;
}

/**
 * heartbeat_execution_redirect:
 * @self: an execution whose run was declined on
 * @name: the name of the next handler
 * @handler: who does it
 *
 * Calls the next handler. @self may be gone when this returns.
 */
void
heartbeat_execution_redirect (HeartbeatExecution *self,
                              const char *name,
                              const HeartbeatHandler *handler)
{
  g_autoptr (HeartbeatRun) run = g_object_ref (self->run);

  heartbeat_run_set_handler (run, name);
  heartbeat_run_call (run, handler->func, handler->user_data);
}

/**
 * heartbeat_execution_set_note:
 * @self: an execution
 * @note: a message in place of the handler's own
 */
void
heartbeat_execution_set_note (HeartbeatExecution *self, const char *note)
{
  g_free (self->note);
  self->note = g_strdup (note);
}

/**
 * heartbeat_execution_cancel:
 * @self: an execution
 * @why: the message of its result
 *
 * Ends it as failed, and cancels what its handler does. @self may be gone when this returns.
 */
void
heartbeat_execution_cancel (HeartbeatExecution *self, const char *why)
{
  g_autoptr (HeartbeatResult) result = NULL;
  HeartbeatRun *run = g_steal_pointer (&self->run);

  if (run == NULL)
    return;
  stop_timer (self);
  result = heartbeat_result_new (HEARTBEAT_STATUS_FAILED, why, self->started,
                                 g_get_monotonic_time () - self->started_monotonic, NULL);
  heartbeat_run_abandon (run);
  self->ended (self, result, self->user_data);
}

/**
 * heartbeat_execution_get_check:
 * @self: an execution
 *
 * Returns: (transfer none) (nullable): its check
 */
HeartbeatCheck *
heartbeat_execution_get_check (HeartbeatExecution *self)
{
  return self->check;
}
