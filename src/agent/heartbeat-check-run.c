/* SPDX-License-Identifier: MIT */

#include "agent/heartbeat-check-run.h"

#include "agent/heartbeat-check-private.h"
#include "json/heartbeat-envelope.h"
#include "base/heartbeat-log.h"
#include "run/heartbeat-execution.h"
#include "run/heartbeat-result-private.h"

#define DEFAULT_HANDLER "default"

/* One run of a check, from its start until all that it caused is safe. */
typedef struct
{
  const HeartbeatRunContext *context;
  char *tick;    /* the event that caused it, NULL for a manual run */
  char *handler; /* as heartbeat.json names it */
  gint64 started;
  HeartbeatResult *result;
} CheckRun;

static void
check_run_free (gpointer data)
{
  CheckRun *run = data;

  g_free (run->tick);
  g_free (run->handler);
  g_clear_pointer (&run->result, heartbeat_result_unref);
  g_free (run);
}

static void
return_result (GTask *task)
{
  CheckRun *run = g_task_get_task_data (task);

  g_task_return_pointer (task, g_steal_pointer (&run->result),
                         (GDestroyNotify) heartbeat_result_unref);
}

static void
on_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  heartbeat_last_run_store_finish (HEARTBEAT_LAST_RUN_STORE (source), result);
  return_result (task);
}

/* Not even the default handler exists. */
static HeartbeatResult *
make_failure (CheckRun *run, const GError *error)
{
  return heartbeat_result_new (HEARTBEAT_STATUS_FAILED, error->message, run->started, 0, NULL);
}

static void
on_executed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  HeartbeatCheck *check = g_task_get_source_object (task);
  CheckRun *run = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  gboolean is_missing;

  run->result = heartbeat_execute_finish (HEARTBEAT_REGISTRY (source), result, &is_missing, &error);
  if (run->result == NULL)
    run->result = make_failure (run, error);
  if (is_missing && heartbeat_check_mark_reported (check))
    heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_HANDLER_UNKNOWN, run->context->agent_name,
                   heartbeat_check_get_name (check),
                   "there is no handler “%s”: “" DEFAULT_HANDLER "” runs in its place",
                   run->handler);
  if (run->tick != NULL)
    heartbeat_result_set_cause (run->result, heartbeat_envelope_dup_event_id (run->tick));
  if (heartbeat_result_get_status (run->result) == HEARTBEAT_STATUS_FAILED)
    return_result (task);
  else
    heartbeat_last_run_store_save_async (run->context->store, heartbeat_check_get_spec (check),
                                         run->started / 1000, on_saved, g_steal_pointer (&task));
}

static char *
make_envelope (gint64 now)
{
  const HeartbeatEnvelopeSource source = { "manual", HEARTBEAT_SOURCE_APP };
  g_autoptr (HeartbeatEnvelope) envelope = heartbeat_envelope_new_tick (&source, now);
  gsize length;
  const char *text = g_bytes_get_data (envelope->body, &length);

  return g_strndup (text, length);
}

/**
 * heartbeat_check_run_async:
 * @check: a check
 * @context: what all runs of its agent share
 * @tick: (nullable): the event that has caused the run, as JSON; %NULL for a manual run
 * @timeout_ms: the time limit, in ms
 * @cancellable: (nullable): ends the run as failed, since the service stops
 * @callback: called when all that the run caused is safe; it calls heartbeat_check_run_finish()
 * @user_data: passed to @callback
 *
 * Has the handler of the check execute a run, and saves `lastRun` unless it failed.
 */
void
heartbeat_check_run_async (HeartbeatCheck *check,
                           const HeartbeatRunContext *context,
                           const char *tick,
                           guint timeout_ms,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  const HeartbeatCheckSpec *spec;
  HeartbeatRunInput input;
  CheckRun *run;
  GTask *task;

  g_return_if_fail (HEARTBEAT_IS_CHECK (check));
  g_return_if_fail (context != NULL);

  spec = heartbeat_check_get_spec (check);
  run = g_new0 (CheckRun, 1);
  run->context = context;
  run->tick = g_strdup (tick);
  run->handler = g_strdup (spec->handler);
  run->started = g_get_real_time ();
  task = g_task_new (check, NULL, callback, user_data);
  g_task_set_task_data (task, run, check_run_free);
  input = (HeartbeatRunInput){
    .agent_name = context->agent_name,
    .check_name = spec->name,
    .working_folder = context->folder,
    .started = run->started,
    .check = heartbeat_json_dup_text (&spec->json),
    .envelope = tick != NULL ? g_strdup (tick) : make_envelope (run->started / 1000),
    .handler = spec->handler,
    .fallback = DEFAULT_HANDLER,
  };
  heartbeat_execute_async (context->registry, &input, timeout_ms, cancellable, on_executed, task);
}

/**
 * heartbeat_check_run_finish:
 * @check: a check
 * @result: what the callback was given
 *
 * Ends heartbeat_check_run_async().
 *
 * Returns: (transfer full): how the run ended
 */
HeartbeatResult *
heartbeat_check_run_finish (HeartbeatCheck *check, GAsyncResult *result)
{
  g_return_val_if_fail (g_task_is_valid (result, check), NULL);

  return g_task_propagate_pointer (G_TASK (result), NULL);
}
