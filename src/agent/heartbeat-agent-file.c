/* SPDX-License-Identifier: MIT */

#include "agent/heartbeat-agent-internal.h"

#include <string.h>

#include "agent/heartbeat-absent-handler.h"
#include "agent/heartbeat-config-report.h"
#include "base/heartbeat-error.h"
#include "base/heartbeat-log.h"

static void
set_config_error (HeartbeatAgent *self, const char *message)
{
  if (strcmp (self->config_error, message) == 0)
    return;
  g_free (self->config_error);
  self->config_error = g_strdup (message);
  if (*message != '\0')
    heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_CONFIG_BROKEN, self->name, NULL, "%s: %s",
                   heartbeat_document_get_path (self->document), message);
  else
    heartbeat_log (G_LOG_LEVEL_MESSAGE, HEARTBEAT_EVENT_CONFIG_GOOD, self->name, NULL,
                   "%s: is good again", heartbeat_document_get_path (self->document));
  g_object_notify_by_pspec (G_OBJECT (self),
                            heartbeat_agent_props[HEARTBEAT_AGENT_PROP_CONFIG_ERROR]);
}

/* A check's `lastRun` always comes from the file, or from the state file while heartbeat.json cannot be written. */
void
heartbeat_agent_refresh_last_run (HeartbeatAgent *self, HeartbeatCheck *check)
{
  const HeartbeatCheckSpec *spec;
  gint64 last_run;

  g_return_if_fail (HEARTBEAT_IS_AGENT (self));
  g_return_if_fail (HEARTBEAT_IS_CHECK (check));

  spec = heartbeat_check_get_spec (check);
  if (!heartbeat_last_run_store_lookup (self->store, spec, &last_run))
    last_run = spec->last_run;
  heartbeat_check_set_last_run (check, last_run);
}

static void
refresh_last_runs (HeartbeatAgent *self)
{
  GPtrArray *checks = heartbeat_schedule_get_checks (self->schedule);

  for (guint i = 0; i < checks->len; i++)
    heartbeat_agent_refresh_last_run (self, g_ptr_array_index (checks, i));
  heartbeat_schedule_invalidate (self->schedule);
}

static void
apply_config (HeartbeatAgent *self)
{
  HeartbeatConfig *config = heartbeat_document_get_config (self->document);
  g_autoptr (GPtrArray) added = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) removed = g_ptr_array_new_with_free_func (g_object_unref);

  heartbeat_config_report (self->name, heartbeat_document_get_path (self->document), self->schedule,
                           config, g_get_real_time () / 1000);
  heartbeat_schedule_apply (self->schedule, config, added, removed);
  refresh_last_runs (self);
  for (guint i = 0; i < removed->len; i++)
    g_signal_emit (self, heartbeat_agent_signals[HEARTBEAT_AGENT_CHECK_REMOVED], 0,
                   g_ptr_array_index (removed, i));
  for (guint i = 0; i < added->len; i++)
    g_signal_emit (self, heartbeat_agent_signals[HEARTBEAT_AGENT_CHECK_ADDED], 0,
                   g_ptr_array_index (added, i));
  set_config_error (self, "");
  g_object_notify_by_pspec (G_OBJECT (self), heartbeat_agent_props[HEARTBEAT_AGENT_PROP_NEXT_DUE]);
  g_object_notify_by_pspec (G_OBJECT (self), heartbeat_agent_props[HEARTBEAT_AGENT_PROP_PAUSED]);
}

static void
on_moved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  heartbeat_last_run_store_finish (HEARTBEAT_LAST_RUN_STORE (source), result);
}

/* The file may be writable by now. */
static void
move_last_runs (HeartbeatAgent *self)
{
  if (!self->stopping && self->store_ready && heartbeat_last_run_store_can_move (self->store)
      && *self->config_error == '\0')
    heartbeat_last_run_store_move_async (self->store, on_moved, NULL);
}

static void
on_loaded (HeartbeatAgent *self)
{
  g_autoptr (HeartbeatAgent) keep = g_object_ref (self); /* a signal may drop the last other one */

  if (heartbeat_document_get_config (self->document)
      != heartbeat_schedule_get_config (self->schedule))
    apply_config (self);
  else
    {
      refresh_last_runs (self);
      set_config_error (self, "");
    }
  move_last_runs (self);
}

static void
on_broken (HeartbeatAgent *self)
{
  set_config_error (self, heartbeat_document_get_error (self->document));
}

void
heartbeat_agent_watch_document (HeartbeatAgent *self)
{
  g_return_if_fail (HEARTBEAT_IS_AGENT (self));

  g_signal_connect_swapped (self->document, "loaded", G_CALLBACK (on_loaded), self);
  g_signal_connect_swapped (self->document, "broken", G_CALLBACK (on_broken), self);
}

/* Programs on D-Bus may come later than the first tick. */
static void
expect_bus_handlers (HeartbeatAgent *self)
{
  g_autoptr (GPtrArray) names = heartbeat_last_run_store_list_bus_handlers (self->store);

  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);

      if (!heartbeat_registry_has (self->registry, HEARTBEAT_HANDLER_BUS, name))
        heartbeat_absent_handler_register (self->registry, name);
    }
}

static void
on_store_ready (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatAgent) self = user_data;

  heartbeat_last_run_store_load_finish (HEARTBEAT_LAST_RUN_STORE (source), result);
  self->store_ready = TRUE;
  expect_bus_handlers (self);
  refresh_last_runs (self);
  if (heartbeat_schedule_get_config (self->schedule) != NULL)
    move_last_runs (self);
  heartbeat_agent_decide_waiting_tick (self);
}

/* Nothing is decided before it is known what the state file has. */
void
heartbeat_agent_load_store (HeartbeatAgent *self)
{
  g_return_if_fail (HEARTBEAT_IS_AGENT (self));

  if (self->store_asked)
    return;
  self->store_asked = TRUE;
  heartbeat_last_run_store_load_async (self->store, on_store_ready, g_object_ref (self));
}

static void
on_reloaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  heartbeat_document_read_finish (HEARTBEAT_DOCUMENT (source), result);
  g_task_return_boolean (task, TRUE);
}

/**
 * heartbeat_agent_reload_async:
 * @self: an agent
 * @cancellable: (nullable): stops waiting for the answer
 * @callback: called when it is done; it calls heartbeat_agent_reload_finish()
 * @user_data: passed to @callback
 *
 * Reads heartbeat.json now, changed or not.
 */
void
heartbeat_agent_reload_async (HeartbeatAgent *self,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_return_if_fail (HEARTBEAT_IS_AGENT (self));

  heartbeat_agent_load_store (self);
  heartbeat_document_reload_async (self->document, on_reloaded,
                                   g_task_new (self, cancellable, callback, user_data));
}

/**
 * heartbeat_agent_reload_finish:
 * @self: an agent
 * @result: what the callback was given
 * @error: return location for %HEARTBEAT_ERROR_CONFIG_UNUSABLE
 *
 * Ends heartbeat_agent_reload_async().
 *
 * Returns: whether the file is valid
 */
gboolean
heartbeat_agent_reload_finish (HeartbeatAgent *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;
  if (*self->config_error == '\0')
    return TRUE;
  g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE, "%s: %s",
               heartbeat_document_get_path (self->document), self->config_error);
  return FALSE;
}
