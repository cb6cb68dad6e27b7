/* SPDX-License-Identifier: MIT */

#include "run/heartbeat-execution.h"

#include "base/heartbeat-deadline.h"
#include "base/heartbeat-i18n.h"

/* The service's side of a run: its handler, its time limit, and that it ends exactly once. */
typedef struct
{
  GTask *task;       /* owns this; NULL once the run has ended */
  HeartbeatRun *run; /* owned until it is handed to its handler; NULL once it has ended */
  gboolean called;
  gint64 started;
  gint64 started_monotonic;
  guint timeout_ms;
  GSource *deadline;
  GSource *cancelled;
} Execution;

static GTask *
end (Execution *self)
{
  heartbeat_deadline_clear (&self->deadline);
  if (self->cancelled != NULL)
    g_source_destroy (self->cancelled);
  g_clear_pointer (&self->cancelled, g_source_unref);
  if (!self->called)
    g_clear_object (&self->run);
  self->run = NULL;
  return g_steal_pointer (&self->task);
}

static void
return_result (Execution *self, HeartbeatResult *result)
{
  g_autoptr (GTask) task = end (self);

  g_task_return_pointer (task, result, (GDestroyNotify) heartbeat_result_unref);
}

static void
on_run_ended (HeartbeatRun *run, HeartbeatResult *result, gpointer user_data)
{
  return_result (user_data, heartbeat_result_ref (result));
}

/* Ends the run as failed, and cancels what its handler does. */
static void
give_up (Execution *self, const char *why)
{
  heartbeat_run_abandon (self->run);
  return_result (self,
                 heartbeat_result_new (HEARTBEAT_STATUS_FAILED, why, self->started,
                                       g_get_monotonic_time () - self->started_monotonic, NULL));
}

static gboolean
on_timeout (gpointer user_data)
{
  Execution *self = user_data;
  g_autofree char *why = NULL;

  if (self->timeout_ms % 1000 == 0)
    why = g_strdup_printf (_ ("timed out after %u s"), self->timeout_ms / 1000);
  else
    why = g_strdup_printf (_ ("timed out after %u ms"), self->timeout_ms);
  give_up (self, why);
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  give_up (user_data, _ ("the service stops"));
  return G_SOURCE_REMOVE;
}

static void
on_looked_up (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Execution *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatHandler) handler
      = heartbeat_registry_lookup_finish (HEARTBEAT_REGISTRY (source), result, &error);
  g_autoptr (HeartbeatRun) run = NULL;

  if (self->run == NULL)
    return;
  if (error != NULL)
    give_up (self, error->message);
  else if (handler == NULL)
    {
      run = g_object_ref (self->run);
      heartbeat_run_abandon (run);
      g_object_unref (end (self));
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                               _ ("there is no handler “%s”"), heartbeat_run_get_handler (run));
    }
  else
    {
      run = self->run;
      self->called = TRUE;
      heartbeat_run_call (run, handler->func, handler->user_data);
    }
}

/**
 * heartbeat_execute_async:
 * @registry: the handlers
 * @input: what the handler is told; its `check` and `envelope` are taken
 * @timeout_ms: the time limit, in ms
 * @cancellable: (nullable): ends the run as failed, since the service stops
 * @callback: called when the run has ended; it calls heartbeat_execute_finish()
 * @user_data: passed to @callback
 *
 * Finds the handler and has it execute a run, which it may keep for as long as it likes. Nobody else holds the
 * #HeartbeatRun, so that one which its handler drops is noticed.
 */
void
heartbeat_execute_async (HeartbeatRegistry *registry,
                         const HeartbeatRunInput *input,
                         guint timeout_ms,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  Execution *self;

  g_return_if_fail (HEARTBEAT_IS_REGISTRY (registry));
  g_return_if_fail (input != NULL && input->handler != NULL);

  self = g_new0 (Execution, 1);
  self->task = g_task_new (registry, NULL, callback, user_data);
  g_task_set_task_data (self->task, self, g_free);
  self->run = heartbeat_run_new (input, on_run_ended, self);
  self->started = input->started;
  self->started_monotonic = g_get_monotonic_time ();
  self->timeout_ms = timeout_ms;
  heartbeat_deadline_set (&self->deadline, self->started_monotonic + (gint64) timeout_ms * 1000,
                          on_timeout, self);
  if (cancellable != NULL)
    {
      self->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (self->cancelled, G_SOURCE_FUNC (on_cancelled), self, NULL);
      g_source_attach (self->cancelled, g_main_context_get_thread_default ());
    }
  heartbeat_registry_lookup_async (registry, input->handler,
                                   heartbeat_run_get_cancellable (self->run), on_looked_up,
                                   g_object_ref (self->task));
}

/**
 * heartbeat_execute_finish:
 * @registry: the handlers
 * @result: what the callback was given
 * @error: return location for %G_IO_ERROR_NOT_FOUND: there is no handler of that name
 *
 * Ends heartbeat_execute_async().
 *
 * Returns: (transfer full): how the run ended
 */
HeartbeatResult *
heartbeat_execute_finish (HeartbeatRegistry *registry, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, registry), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
