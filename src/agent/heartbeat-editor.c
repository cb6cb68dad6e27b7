/* SPDX-License-Identifier: MIT */

#include "agent/heartbeat-editor.h"

#include <string.h>

#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"
#include "storage/heartbeat-storage.h"

/**
 * HeartbeatEditor:
 *
 * Makes the changes of heartbeat.json that users ask for: to pause, resume, enable and disable checks.
 */
struct _HeartbeatEditor
{
  char *agent_name;
  HeartbeatFile *file;
  HeartbeatLoader *loader;
  HeartbeatSchedule *schedule; /* unowned */
  HeartbeatEditorFunc func;
  gpointer user_data;
};

/* A change on its way. */
typedef struct
{
  HeartbeatEditor *editor;
  HeartbeatChange *change;
} Edit;

static void
edit_free (gpointer data)
{
  Edit *edit = data;

  heartbeat_change_free (edit->change);
  g_free (edit);
}

static GError *
to_change_error (HeartbeatEditor *self, const GError *error)
{
  HeartbeatError code = HEARTBEAT_ERROR_CONFIG_UNUSABLE;

  if (error->domain == HEARTBEAT_ERROR && error->code == HEARTBEAT_ERROR_NO_SUCH_CHECK)
    code = HEARTBEAT_ERROR_NO_SUCH_CHECK;
  else if (heartbeat_storage_is_read_only_error (error))
    code = HEARTBEAT_ERROR_READ_ONLY;
  else if (error->domain != HEARTBEAT_ERROR)
    code = HEARTBEAT_ERROR_FAILED;
  return g_error_new (HEARTBEAT_ERROR, code, "%s: %s", heartbeat_file_get_path (self->file),
                      error->message);
}

static void
on_changed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Edit *edit = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatConfig) config
      = heartbeat_file_finish (HEARTBEAT_FILE (source), result, &error);

  if (config == NULL)
    {
      g_task_return_error (task, to_change_error (edit->editor, error));
      return;
    }
  edit->editor->func (config, edit->editor->user_data);
  g_task_return_boolean (task, TRUE);
}

static void
on_current (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Edit *edit = g_task_get_task_data (task);
  HeartbeatEditor *self = edit->editor;
  HeartbeatChange *change = edit->change;
  gboolean all
      = strcmp (change->check, "*") == 0
        && (change->kind == HEARTBEAT_CHANGE_PAUSE || change->kind == HEARTBEAT_CHANGE_RESUME);

  heartbeat_loader_finish (HEARTBEAT_LOADER (source), result);
  if (!all && heartbeat_schedule_lookup (self->schedule, change->check) == NULL)
    g_task_return_new_error (task, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NO_SUCH_CHECK,
                             _ ("the agent “%s” has no check “%s”"), self->agent_name,
                             change->check);
  else
    heartbeat_file_edit_async (self->file, heartbeat_change_apply, change, NULL, on_changed,
                               g_steal_pointer (&task));
}

/**
 * heartbeat_editor_new:
 * @agent_name: the agent
 * @file: its heartbeat.json
 * @loader: reads @file
 * @schedule: the checks of @file; it outlives the editor
 * @func: called after a change
 * @user_data: passed to @func
 *
 * Returns: (transfer full): an editor
 */
HeartbeatEditor *
heartbeat_editor_new (const char *agent_name,
                      HeartbeatFile *file,
                      HeartbeatLoader *loader,
                      HeartbeatSchedule *schedule,
                      HeartbeatEditorFunc func,
                      gpointer user_data)
{
  HeartbeatEditor *self = g_new0 (HeartbeatEditor, 1);

  self->agent_name = g_strdup (agent_name);
  self->file = g_object_ref (file);
  self->loader = g_object_ref (loader);
  self->schedule = schedule;
  self->func = func;
  self->user_data = user_data;
  return self;
}

/**
 * heartbeat_editor_free:
 * @self: (transfer full): an editor with no change under way
 */
void
heartbeat_editor_free (HeartbeatEditor *self)
{
  g_object_unref (self->loader);
  g_object_unref (self->file);
  g_free (self->agent_name);
  g_free (self);
}

/**
 * heartbeat_editor_change:
 * @self: an editor
 * @change: (transfer full): what is to be changed
 * @task: (transfer full): who asks for it; its source object owns the editor
 *
 * Changes the file when it is known what it says now. @task gets %TRUE, or %HEARTBEAT_ERROR_NO_SUCH_CHECK,
 * %HEARTBEAT_ERROR_READ_ONLY, %HEARTBEAT_ERROR_CONFIG_UNUSABLE or %HEARTBEAT_ERROR_FAILED.
 */
void
heartbeat_editor_change (HeartbeatEditor *self, HeartbeatChange *change, GTask *task)
{
  Edit *edit = g_new (Edit, 1);

  edit->editor = self;
  edit->change = change;
  g_task_set_task_data (task, edit, edit_free);
  heartbeat_loader_wait_async (self->loader, on_current, task);
}
