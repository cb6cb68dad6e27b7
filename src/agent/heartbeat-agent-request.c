/* SPDX-License-Identifier: MIT */

#include "agent/heartbeat-agent-internal.h"

#include <string.h>

#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"
#include "base/heartbeat-text.h"
#include "config/heartbeat-config-edit.h"
#include "json/heartbeat-json.h"

/* Requests of users: changes to heartbeat.json, and manual runs. */

static GError *
to_change_error (HeartbeatAgent *self, const GError *error)
{
  HeartbeatError code = HEARTBEAT_ERROR_CONFIG_UNUSABLE;

  if (error->domain == HEARTBEAT_ERROR && error->code == HEARTBEAT_ERROR_NO_SUCH_CHECK)
    code = HEARTBEAT_ERROR_NO_SUCH_CHECK;
  else if (heartbeat_storage_is_read_only_error (error))
    code = HEARTBEAT_ERROR_READ_ONLY;
  else if (error->domain != HEARTBEAT_ERROR)
    code = HEARTBEAT_ERROR_FAILED;
  return g_error_new (HEARTBEAT_ERROR, code, "%s: %s", heartbeat_agent_get_config_path (self),
                      error->message);
}

static void
on_edited (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;

  if (heartbeat_document_edit_finish (HEARTBEAT_DOCUMENT (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, to_change_error (g_task_get_source_object (task), error));
}

static gboolean
concerns_all (const HeartbeatConfigEdit *change)
{
  return strcmp (change->check, "*") == 0
         && (change->kind == HEARTBEAT_CONFIG_EDIT_PAUSE
             || change->kind == HEARTBEAT_CONFIG_EDIT_RESUME);
}

static void
on_current (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  HeartbeatAgent *self = g_task_get_source_object (task);
  HeartbeatConfigEdit *change = g_task_get_task_data (task);

  heartbeat_document_read_finish (HEARTBEAT_DOCUMENT (source), result);
  if (!concerns_all (change) && heartbeat_agent_get_check (self, change->check) == NULL)
    g_task_return_new_error (task, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NO_SUCH_CHECK,
                             _ ("the agent “%s” has no check “%s”"),
                             heartbeat_agent_get_name (self), change->check);
  else
    heartbeat_document_edit_async (HEARTBEAT_DOCUMENT (source), heartbeat_config_edit_apply, change,
                                   NULL, on_edited, g_steal_pointer (&task));
}

/* Bring the configuration up to date first, so that an unknown check is noticed. */
static void
change_file (HeartbeatAgent *self,
             HeartbeatConfigEdit *change,
             gpointer source_tag,
             GAsyncReadyCallback callback,
             gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, source_tag);
  g_task_set_task_data (task, change, (GDestroyNotify) heartbeat_config_edit_free);
  heartbeat_document_refresh_async (heartbeat_agent_get_document (self), on_current, task);
}

/**
 * heartbeat_agent_pause_async:
 * @self: an agent
 * @check: the name of a check, or `*` for all
 * @until: the end of the pause, in µs since the epoch, or 0 for none
 * @reason: (nullable): why, for people
 * @callback: called when heartbeat.json says so; it calls heartbeat_agent_pause_finish()
 * @user_data: passed to @callback
 *
 * Pauses a check, or all, in heartbeat.json.
 */
void
heartbeat_agent_pause_async (HeartbeatAgent *self,
                             const char *check,
                             gint64 until,
                             const char *reason,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  HeartbeatConfigEdit *change;

  g_return_if_fail (HEARTBEAT_IS_AGENT (self));
  g_return_if_fail (check != NULL);
  g_return_if_fail (until >= 0);

  change = heartbeat_config_edit_new (HEARTBEAT_CONFIG_EDIT_PAUSE, check);
  /* A time that heartbeat.json cannot express counts as for ever: clients have G_MAXINT64 for that. */
  change->until = until == 0 ? 0 : CLAMP (until / 1000, 1, HEARTBEAT_JSON_MAX_INTEGER);
  if (reason != NULL)
    {
      g_free (change->reason);
      change->reason = heartbeat_text_dup_valid (reason);
    }
  change_file (self, change, heartbeat_agent_pause_async, callback, user_data);
}

/**
 * heartbeat_agent_pause_finish:
 * @self: an agent
 * @result: what the callback was given
 * @error: return location for %HEARTBEAT_ERROR_NO_SUCH_CHECK, %HEARTBEAT_ERROR_READ_ONLY,
 *   %HEARTBEAT_ERROR_CONFIG_UNUSABLE or %HEARTBEAT_ERROR_FAILED
 *
 * Ends heartbeat_agent_pause_async().
 *
 * Returns: whether heartbeat.json was changed
 */
gboolean
heartbeat_agent_pause_finish (HeartbeatAgent *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, heartbeat_agent_pause_async), FALSE);

  return heartbeat_agent_change_finish (self, result, error);
}

/**
 * heartbeat_agent_resume_async:
 * @self: an agent
 * @check: the name of a check, or `*` for the pause of all
 * @callback: called when heartbeat.json says so; it calls heartbeat_agent_resume_finish()
 * @user_data: passed to @callback
 *
 * Removes a pause; that there is none is no error.
 */
void
heartbeat_agent_resume_async (HeartbeatAgent *self,
                              const char *check,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_return_if_fail (HEARTBEAT_IS_AGENT (self));
  g_return_if_fail (check != NULL);

  change_file (self, heartbeat_config_edit_new (HEARTBEAT_CONFIG_EDIT_RESUME, check),
               heartbeat_agent_resume_async, callback, user_data);
}

/**
 * heartbeat_agent_resume_finish:
 * @self: an agent
 * @result: what the callback was given
 * @error: return location for %HEARTBEAT_ERROR_NO_SUCH_CHECK, %HEARTBEAT_ERROR_READ_ONLY,
 *   %HEARTBEAT_ERROR_CONFIG_UNUSABLE or %HEARTBEAT_ERROR_FAILED
 *
 * Ends heartbeat_agent_resume_async().
 *
 * Returns: whether heartbeat.json was changed
 */
gboolean
heartbeat_agent_resume_finish (HeartbeatAgent *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, heartbeat_agent_resume_async), FALSE);

  return heartbeat_agent_change_finish (self, result, error);
}

/**
 * heartbeat_agent_set_enabled_async:
 * @self: an agent
 * @check: the name of a check
 * @enabled: whether it is to run
 * @callback: called when heartbeat.json says so; it calls heartbeat_agent_set_enabled_finish()
 * @user_data: passed to @callback
 *
 * Enables or disables a check in heartbeat.json.
 */
void
heartbeat_agent_set_enabled_async (HeartbeatAgent *self,
                                   const char *check,
                                   gboolean enabled,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_return_if_fail (HEARTBEAT_IS_AGENT (self));
  g_return_if_fail (check != NULL);

  change_file (self,
               heartbeat_config_edit_new (
                   enabled ? HEARTBEAT_CONFIG_EDIT_ENABLE : HEARTBEAT_CONFIG_EDIT_DISABLE, check),
               heartbeat_agent_set_enabled_async, callback, user_data);
}

/**
 * heartbeat_agent_set_enabled_finish:
 * @self: an agent
 * @result: what the callback was given
 * @error: return location for %HEARTBEAT_ERROR_NO_SUCH_CHECK, %HEARTBEAT_ERROR_READ_ONLY,
 *   %HEARTBEAT_ERROR_CONFIG_UNUSABLE or %HEARTBEAT_ERROR_FAILED
 *
 * Ends heartbeat_agent_set_enabled_async().
 *
 * Returns: whether heartbeat.json was changed
 */
gboolean
heartbeat_agent_set_enabled_finish (HeartbeatAgent *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, heartbeat_agent_set_enabled_async),
                        FALSE);

  return heartbeat_agent_change_finish (self, result, error);
}

/**
 * heartbeat_agent_change_finish:
 * @self: an agent
 * @result: what the callback was given
 * @error: return location for %HEARTBEAT_ERROR_NO_SUCH_CHECK, %HEARTBEAT_ERROR_READ_ONLY,
 *   %HEARTBEAT_ERROR_CONFIG_UNUSABLE or %HEARTBEAT_ERROR_FAILED
 *
 * Ends heartbeat_agent_pause_async(), heartbeat_agent_resume_async() or heartbeat_agent_set_enabled_async(), for a
 * callback that serves more than one of them.
 *
 * Returns: whether heartbeat.json was changed
 */
gboolean
heartbeat_agent_change_finish (HeartbeatAgent *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- Runs by hand --------------------------------------------------------------------------------------------------- */

typedef struct
{
  char *name;
  guint timeout;
} Order;

static void
order_free (gpointer data)
{
  Order *order = data;

  g_free (order->name);
  g_free (order);
}

/* The check that may run by hand now, whatever the clock says. */
static HeartbeatCheck *
find_runnable (HeartbeatAgent *self, const char *name, GError **error)
{
  HeartbeatCheck *check = heartbeat_schedule_lookup (self->schedule, name);

  if (self->stopping)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, _ ("the agent stops"));
  else if (heartbeat_schedule_get_config (self->schedule) == NULL)
    g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE, "%s: %s",
                 heartbeat_document_get_path (self->document), self->config_error);
  else if (check == NULL)
    g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NO_SUCH_CHECK,
                 _ ("the agent “%s” has no check “%s”"), self->name, name);
  else if (*heartbeat_check_get_error (check) != '\0')
    g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE, "%s: %s",
                 heartbeat_document_get_path (self->document), heartbeat_check_get_error (check));
  else if (heartbeat_check_peek_state (check)->running)
    g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_ALREADY_RUNNING,
                 _ ("the check “%s” is running"), name);
  else
    return check;
  return NULL;
}

static void
on_current_for_run (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  HeartbeatAgent *self = g_task_get_source_object (task);
  Order *order = g_task_get_task_data (task);
  HeartbeatCheck *check;
  GError *error = NULL;

  heartbeat_document_read_finish (HEARTBEAT_DOCUMENT (source), result);
  check = find_runnable (self, order->name, &error);
  if (check == NULL)
    g_task_return_error (task, error);
  else
    heartbeat_agent_start_run (self, check, g_steal_pointer (&task), NULL, order->timeout);
}

/**
 * heartbeat_agent_run_check_async:
 * @self: an agent
 * @name: the name of a check
 * @timeout: its time limit in ms, or 0 for that of the check
 * @cancellable: (nullable): stops waiting for the answer; the run continues
 * @callback: called when the run has ended and `lastRun` is saved; it calls heartbeat_agent_run_check_finish()
 * @user_data: passed to @callback
 *
 * Runs a check now: paused, disabled or not due, and besides the runs that ticks may have going.
 */
void
heartbeat_agent_run_check_async (HeartbeatAgent *self,
                                 const char *name,
                                 guint timeout,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  GTask *task;
  Order *order;

  g_return_if_fail (HEARTBEAT_IS_AGENT (self));
  g_return_if_fail (name != NULL);

  order = g_new (Order, 1);
  order->name = g_strdup (name);
  order->timeout = timeout;
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_task_data (task, order, order_free);
  heartbeat_document_refresh_async (self->document, on_current_for_run, task);
}

/**
 * heartbeat_agent_run_check_finish:
 * @self: an agent
 * @result: what the callback was given
 * @error: return location for %HEARTBEAT_ERROR_NO_SUCH_CHECK, %HEARTBEAT_ERROR_ALREADY_RUNNING or
 *   %HEARTBEAT_ERROR_CONFIG_UNUSABLE; a failed run is not an error
 *
 * Ends heartbeat_agent_run_check_async().
 *
 * Returns: (transfer full): how the run ended
 */
HeartbeatResult *
heartbeat_agent_run_check_finish (HeartbeatAgent *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
