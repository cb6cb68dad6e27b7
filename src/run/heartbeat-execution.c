/* SPDX-License-Identifier: MIT */

#include "run/heartbeat-execution.h"

#include "base/heartbeat-deadline.h"
#include "base/heartbeat-i18n.h"

/* The service's side of a run: its handler, its time limit, and that it ends exactly once. */
typedef struct
{
  GTask *task;       /* owns this; NULL once the run has ended */
  HeartbeatRun *run; /* owned until it is handed to its handler; NULL once it has ended */
  char *handler;
  const char *fallback; /* for a handler that does not exist; NULL once it has been tried */
  char *note;           /* in place of the fallback's message */
  gboolean called;
  gint64 started;
  gint64 started_monotonic;
  guint timeout_ms;
  GSource *deadline;
  GCancellable *cancellable;
  gulong cancelled_id;
} Execution;

static void
execution_free (gpointer data)
{
  Execution *self = data;

  g_clear_object (&self->cancellable);
  g_free (self->handler);
  g_free (self->note);
  g_free (self);
}

static GTask *
end (Execution *self)
{
  heartbeat_deadline_clear (&self->deadline);
  /* Not g_cancellable_disconnect(), which waits for the callback that this may be called from. */
  if (self->cancelled_id != 0)
    g_signal_handler_disconnect (self->cancellable, self->cancelled_id);
  self->cancelled_id = 0;
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
  Execution *self = user_data;

  if (self->note == NULL)
    return_result (self, heartbeat_result_ref (result));
  else
    return_result (self, heartbeat_result_new (heartbeat_result_get_status (result), self->note,
                                               heartbeat_result_get_started (result),
                                               heartbeat_result_get_duration (result),
                                               heartbeat_result_get_details (result)));
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

static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  give_up (user_data, _ ("the service stops"));
}

static void look_up (Execution *self, HeartbeatRegistry *registry, const char *handler);

static void
end_without_handler (Execution *self, HeartbeatRegistry *registry)
{
  const char *fallback = g_steal_pointer (&self->fallback);
  g_autoptr (GTask) task = NULL;

  if (fallback != NULL && g_strcmp0 (fallback, self->handler) != 0)
    {
      self->note
          = g_strdup_printf (_ ("there is no handler “%s”, “%s” ran"), self->handler, fallback);
      g_free (self->handler);
      self->handler = g_strdup (fallback);
      look_up (self, registry, fallback);
      return;
    }
  heartbeat_run_abandon (self->run);
  task = end (self);
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _ ("there is no handler “%s”"),
                           self->handler);
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
    {
      g_clear_pointer (&self->note, g_free);
      heartbeat_run_fail (self->run, error->message);
    }
  else if (handler == NULL)
    end_without_handler (self, HEARTBEAT_REGISTRY (source));
  else
    {
      run = self->run;
      self->called = TRUE;
      heartbeat_run_call (run, handler->func, handler->user_data);
    }
}

static void
look_up (Execution *self, HeartbeatRegistry *registry, const char *handler)
{
  heartbeat_registry_lookup_async (registry, handler, heartbeat_run_get_cancellable (self->run),
                                   on_looked_up, g_object_ref (self->task));
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
 * Finds the handler, or else the fallback, and has it execute a run. The handler may keep the run for as long as it likes.
 * Nobody else holds a reference to it, so a run that its handler drops is noticed.
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
  g_task_set_task_data (self->task, self, execution_free);
  self->run = heartbeat_run_new (input, on_run_ended, self);
  self->started = input->started;
  self->started_monotonic = g_get_monotonic_time ();
  self->timeout_ms = timeout_ms;
  heartbeat_deadline_set (&self->deadline, self->started_monotonic + (gint64) timeout_ms * 1000,
                          on_timeout, self);
  self->handler = g_strdup (input->handler);
  self->fallback = input->fallback;
  if (cancellable != NULL)
    {
      self->cancellable = g_object_ref (cancellable);
      self->cancelled_id
          = g_signal_connect (cancellable, "cancelled", G_CALLBACK (on_cancelled), self);
    }
  if (g_cancellable_is_cancelled (cancellable))
    on_cancelled (cancellable, self);
  else
    look_up (self, registry, input->handler);
}

/**
 * heartbeat_execute_finish:
 * @registry: the handlers
 * @result: what the callback was given
 * @is_missing: (out) (optional): whether the fallback has run, since there is no handler of that name
 * @error: return location for %G_IO_ERROR_NOT_FOUND: there is not even the fallback
 *
 * Ends heartbeat_execute_async().
 *
 * Returns: (transfer full): how the run ended
 */
HeartbeatResult *
heartbeat_execute_finish (HeartbeatRegistry *registry,
                          GAsyncResult *result,
                          gboolean *is_missing,
                          GError **error)
{
  const Execution *self;

  g_return_val_if_fail (g_task_is_valid (result, registry), NULL);

  self = g_task_get_task_data (G_TASK (result));
  if (is_missing != NULL)
    *is_missing = self->note != NULL;
  return g_task_propagate_pointer (G_TASK (result), error);
}
