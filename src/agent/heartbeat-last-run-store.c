/* SPDX-License-Identifier: MIT */

#include "agent/heartbeat-last-run-store.h"

#include <string.h>

#include "json/heartbeat-json-edit.h"
#include "base/heartbeat-error.h"
#include "base/heartbeat-log.h"
#include "agent/heartbeat-state-file.h"

/**
 * HeartbeatLastRunStore:
 *
 * Keeps each check's `lastRun`: in heartbeat.json, where that cannot be written in the state file, and where that cannot be
 * written either in memory, with one warning. What is in the state file goes into heartbeat.json as soon as that can be
 * written.
 */
struct _HeartbeatLastRunStore
{
  GObject parent_instance;

  char *agent;
  HeartbeatDocument *document;
  HeartbeatStateFile *state;
  guint n_edits; /* of heartbeat.json that are under way */
  gboolean loaded;
  gboolean
      handlers_unsaved; /* set before the state file was loaded: saving then would overwrite its contents */
  gboolean warned; /* that heartbeat.json cannot be written */
  gboolean warned_of_state;
};

/* One `lastRun` on its way into heartbeat.json. */
typedef struct
{
  char *check;
  gint64 stands_for;
  gint64 last_run;
} Entry;

/* What one edit writes: shared with the thread that does it. */
typedef struct
{
  gatomicrefcount refs;
  Entry own; /* `check` is NULL for a mere move */
  GArray *others;
} Batch;

G_DEFINE_FINAL_TYPE (HeartbeatLastRunStore, heartbeat_last_run_store, G_TYPE_OBJECT)

static void
heartbeat_last_run_store_finalize (GObject *object)
{
  HeartbeatLastRunStore *self = HEARTBEAT_LAST_RUN_STORE (object);

  g_clear_object (&self->state);
  g_clear_object (&self->document);
  g_free (self->agent);
  G_OBJECT_CLASS (heartbeat_last_run_store_parent_class)->finalize (object);
}

static void
heartbeat_last_run_store_class_init (HeartbeatLastRunStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = heartbeat_last_run_store_finalize;
}

static void
heartbeat_last_run_store_init (HeartbeatLastRunStore *self)
{
}

/**
 * heartbeat_last_run_store_new:
 * @agent: the agent's name
 * @document: its heartbeat.json
 *
 * Returns: (transfer full): a store that has not read the state file
 */
HeartbeatLastRunStore *
heartbeat_last_run_store_new (const char *agent, HeartbeatDocument *document)
{
  HeartbeatLastRunStore *self = g_object_new (HEARTBEAT_TYPE_LAST_RUN_STORE, NULL);

  g_return_val_if_fail (agent != NULL, NULL);
  g_return_val_if_fail (HEARTBEAT_IS_DOCUMENT (document), NULL);

  self->agent = g_strdup (agent);
  self->document = g_object_ref (document);
  self->state = heartbeat_state_file_new (agent, heartbeat_document_get_path (document));
  return self;
}

static void
on_handlers_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatLastRunStore) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!heartbeat_state_file_save_finish (self->state, result, &error))
    heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_STATE_FAILED, self->agent, NULL,
                   "%s: cannot be written, the handlers on D-Bus are forgotten at the end: %s",
                   heartbeat_state_file_get_path (self->state), error->message);
}

static void
save_handlers (HeartbeatLastRunStore *self)
{
  self->handlers_unsaved = FALSE;
  heartbeat_state_file_save_async (self->state, on_handlers_saved, g_object_ref (self));
}

static void
on_state_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  HeartbeatLastRunStore *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;

  if (!heartbeat_state_file_load_finish (self->state, result, &error))
    heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_STATE_FAILED, self->agent, NULL,
                   "the state file is not used: %s", error->message);
  self->loaded = TRUE;
  if (self->handlers_unsaved)
    save_handlers (self);
  g_task_return_boolean (task, TRUE);
}

/**
 * heartbeat_last_run_store_load_async:
 * @self: a store
 * @callback: called when the state file was read; it calls heartbeat_last_run_store_load_finish()
 * @user_data: passed to @callback
 */
void
heartbeat_last_run_store_load_async (HeartbeatLastRunStore *self,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  g_return_if_fail (HEARTBEAT_IS_LAST_RUN_STORE (self));

  heartbeat_state_file_load_async (self->state, on_state_loaded,
                                   g_task_new (self, NULL, callback, user_data));
}

void
heartbeat_last_run_store_load_finish (HeartbeatLastRunStore *self, GAsyncResult *result)
{
  g_return_if_fail (g_task_is_valid (result, self));

  g_task_propagate_boolean (G_TASK (result), NULL);
}

/**
 * heartbeat_last_run_store_lookup:
 * @self: a store
 * @spec: a check as heartbeat.json has it
 * @last_run: (out): its `lastRun`, newer than that in heartbeat.json, in Unix ms
 *
 * Returns: whether there is one
 */
gboolean
heartbeat_last_run_store_lookup (HeartbeatLastRunStore *self,
                                 const HeartbeatCheckSpec *spec,
                                 gint64 *last_run)
{
  g_return_val_if_fail (HEARTBEAT_IS_LAST_RUN_STORE (self), FALSE);
  g_return_val_if_fail (spec != NULL, FALSE);

  return heartbeat_state_file_lookup (self->state, spec->name, spec->last_run, last_run);
}

/**
 * heartbeat_last_run_store_can_move:
 * @self: a store
 *
 * Returns: whether something waits in the state file for heartbeat.json to be writable, and no save is under way that takes
 *   it along
 */
gboolean
heartbeat_last_run_store_can_move (HeartbeatLastRunStore *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_LAST_RUN_STORE (self), FALSE);

  return self->n_edits == 0 && !heartbeat_state_file_is_empty (self->state);
}

/**
 * heartbeat_last_run_store_set_bus_handler:
 * @self: a store
 * @name: the name of a handler
 * @is_on_bus: whether a program on D-Bus is to execute it
 *
 * Notes in the state file where a handler is, for the time after the next start.
 */
void
heartbeat_last_run_store_set_bus_handler (HeartbeatLastRunStore *self,
                                          const char *name,
                                          gboolean is_on_bus)
{
  g_return_if_fail (HEARTBEAT_IS_LAST_RUN_STORE (self));
  g_return_if_fail (name != NULL);

  if (!heartbeat_state_file_set_bus_handler (self->state, name, is_on_bus))
    return;
  self->handlers_unsaved = TRUE;
  if (self->loaded)
    save_handlers (self);
}

/**
 * heartbeat_last_run_store_list_bus_handlers:
 * @self: a store that has read the state file
 *
 * Returns: (transfer full) (element-type utf8): the names of the handlers that programs on D-Bus execute
 */
GPtrArray *
heartbeat_last_run_store_list_bus_handlers (HeartbeatLastRunStore *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_LAST_RUN_STORE (self), NULL);

  return heartbeat_state_file_list_bus_handlers (self->state);
}

/* --- The edit, on another thread ------------------------------------------------------------------------------------ */

static void
entry_clear (gpointer data)
{
  Entry *entry = data;

  g_free (entry->check);
}

static Batch *
batch_ref (Batch *batch)
{
  g_atomic_ref_count_inc (&batch->refs);
  return batch;
}

static void
batch_unref (Batch *batch)
{
  if (!g_atomic_ref_count_dec (&batch->refs))
    return;
  entry_clear (&batch->own);
  g_array_unref (batch->others);
  g_free (batch);
}

static void
add_other (const char *check, gint64 stands_for, gint64 last_run, gpointer user_data)
{
  Batch *batch = user_data;
  const Entry entry = { g_strdup (check), stands_for, last_run };

  g_array_append_val (batch->others, entry);
}

static Batch *
batch_new (HeartbeatLastRunStore *self)
{
  Batch *batch = g_new0 (Batch, 1);

  g_atomic_ref_count_init (&batch->refs);
  batch->others = g_array_new (FALSE, FALSE, sizeof (Entry));
  g_array_set_clear_func (batch->others, entry_clear);
  heartbeat_state_file_foreach (self->state, add_other, batch);
  return batch;
}

static GBytes *
set_last_run (GBytes *text, const Entry *entry, GError **error)
{
  const char *const path[] = { "checks", entry->check, NULL };
  g_autofree char *time = g_strdup_printf ("%" G_GINT64_FORMAT, entry->last_run);

  return heartbeat_json_edit_set_member (text, path, "lastRun", time, error);
}

/* The `lastRun` that the text has for a check; one that is missing is 0, as the file's default. */
static gboolean
find_last_run (GBytes *text, const char *check, gint64 *last_run)
{
  gsize length;
  const char *data = g_bytes_get_data (text, &length);
  HeartbeatJson root, checks, object, value;

  *last_run = 0;
  if (!heartbeat_json_scan (data, length, HEARTBEAT_JSON_ALLOW_BOM, &root, NULL)
      || !heartbeat_json_is_object (&root) || !heartbeat_json_get_member (&root, "checks", &checks)
      || !heartbeat_json_is_object (&checks) || !heartbeat_json_get_member (&checks, check, &object)
      || !heartbeat_json_is_object (&object))
    return FALSE;
  return !heartbeat_json_get_member (&object, "lastRun", &value)
         || heartbeat_json_get_integer (&value, last_run);
}

static GBytes *
write_batch (GBytes *text, gconstpointer data, GError **error)
{
  const Batch *batch = data;
  g_autoptr (GBytes) current = g_bytes_ref (text);
  gint64 there;

  for (guint i = 0; i < batch->others->len; i++)
    {
      const Entry *entry = &g_array_index (batch->others, Entry, i);
      GBytes *next;

      if (g_strcmp0 (entry->check, batch->own.check) == 0
          || !find_last_run (current, entry->check, &there) || there != entry->stands_for)
        continue;
      next = set_last_run (current, entry, error);
      if (next == NULL)
        return NULL;
      g_bytes_unref (current);
      current = next;
    }
  if (batch->own.check == NULL)
    return g_steal_pointer (&current);
  return set_last_run (current, &batch->own, error);
}

/* --- Saving --------------------------------------------------------------------------------------------------------- */

static void
on_state_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  HeartbeatLastRunStore *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;

  if (heartbeat_state_file_save_finish (self->state, result, &error))
    self->warned_of_state = FALSE;
  else
    {
      heartbeat_log (self->warned_of_state ? G_LOG_LEVEL_DEBUG : G_LOG_LEVEL_WARNING,
                     HEARTBEAT_EVENT_STATE_FAILED, self->agent, NULL,
                     "%s: cannot be written, lastRun is kept in memory only: %s",
                     heartbeat_state_file_get_path (self->state), error->message);
      self->warned_of_state = TRUE;
    }
  g_task_return_boolean (task, TRUE);
}

/* Keep entries that are newer than the batch. */
static void
forget (HeartbeatLastRunStore *self, const Batch *batch)
{
  for (guint i = 0; i < batch->others->len; i++)
    {
      const Entry *entry = &g_array_index (batch->others, Entry, i);
      gboolean is_own = g_strcmp0 (entry->check, batch->own.check) == 0;

      heartbeat_state_file_forget (self->state, entry->check,
                                   is_own ? batch->own.last_run : entry->last_run);
    }
}

static void
keep_in_state (HeartbeatLastRunStore *self, const Batch *batch, const GError *error)
{
  heartbeat_log (self->warned ? G_LOG_LEVEL_DEBUG : G_LOG_LEVEL_WARNING,
                 HEARTBEAT_EVENT_SAVE_FAILED, self->agent, batch->own.check,
                 "%s: cannot be written, lastRun goes to %s: %s",
                 heartbeat_document_get_path (self->document),
                 heartbeat_state_file_get_path (self->state), error->message);
  self->warned = TRUE;
  heartbeat_state_file_set (self->state, batch->own.check, batch->own.stands_for,
                            batch->own.last_run);
}

static void
on_edited (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  HeartbeatLastRunStore *self = g_task_get_source_object (task);
  Batch *batch = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  gboolean edited = heartbeat_document_edit_finish (self->document, result, &error);
  gboolean gone = g_error_matches (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NO_SUCH_CHECK);
  gboolean state_changed = batch->own.check != NULL && !gone;

  self->n_edits--;
  if (edited)
    {
      self->warned = FALSE;
      forget (self, batch);
      state_changed = batch->others->len > 0;
    }
  else if (state_changed)
    keep_in_state (self, batch, error);
  if (state_changed)
    heartbeat_state_file_save_async (self->state, on_state_saved, g_steal_pointer (&task));
  else
    g_task_return_boolean (task, TRUE);
}

static void
start (HeartbeatLastRunStore *self, Batch *batch, GTask *task)
{
  self->n_edits++;
  g_task_set_task_data (task, batch, (GDestroyNotify) batch_unref);
  heartbeat_document_edit_async (self->document, write_batch, batch_ref (batch),
                                 (GDestroyNotify) batch_unref, on_edited, task);
}

/**
 * heartbeat_last_run_store_save_async:
 * @self: a store
 * @spec: a check as heartbeat.json has it
 * @last_run: its new `lastRun`, in Unix ms
 * @callback: called when it is as safe as it can be; it calls heartbeat_last_run_store_finish()
 * @user_data: passed to @callback
 */
void
heartbeat_last_run_store_save_async (HeartbeatLastRunStore *self,
                                     const HeartbeatCheckSpec *spec,
                                     gint64 last_run,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  Batch *batch = batch_new (self);

  batch->own = (Entry){ g_strdup (spec->name), spec->last_run, last_run };
  start (self, batch, g_task_new (self, NULL, callback, user_data));
}

/**
 * heartbeat_last_run_store_move_async:
 * @self: a store
 * @callback: called when it was tried; it calls heartbeat_last_run_store_finish()
 * @user_data: passed to @callback
 *
 * Tries to move what is in the state file into heartbeat.json.
 */
void
heartbeat_last_run_store_move_async (HeartbeatLastRunStore *self,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  g_return_if_fail (HEARTBEAT_IS_LAST_RUN_STORE (self));

  start (self, batch_new (self), g_task_new (self, NULL, callback, user_data));
}

/**
 * heartbeat_last_run_store_finish:
 * @self: a store
 * @result: what the callback was given
 *
 * Ends heartbeat_last_run_store_save_async() and heartbeat_last_run_store_move_async().
 */
void
heartbeat_last_run_store_finish (HeartbeatLastRunStore *self, GAsyncResult *result)
{
  g_return_if_fail (g_task_is_valid (result, self));

  g_task_propagate_boolean (G_TASK (result), NULL);
}
