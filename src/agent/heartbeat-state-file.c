/* SPDX-License-Identifier: MIT */

#include "agent/heartbeat-state-file.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include "config/heartbeat-config.h"
#include "base/heartbeat-error.h"
#include "json/heartbeat-json.h"
#include "storage/heartbeat-storage.h"

#define FOLDER "heartbeat-consumer"

/**
 * HeartbeatStateFile:
 *
 * What could not be written into heartbeat.json: each check's `lastRun`, with the one in the file that it stands for. It
 * counts only while that one is still there, so that a user who resets `lastRun` wins.
 *
 * Besides it knows which handlers are programs on D-Bus, so that their checks wait for them after a login.
 *
 * It is the file `NAME.json` in the folder `heartbeat-consumer` of the user's state folder:
 * `{"path": "/…/heartbeat.json", "checks": {"CHECK": {"standsFor": UnixMs, "lastRun": UnixMs}}, "busHandlers": ["NAME"]}`.
 */
struct _HeartbeatStateFile
{
  GObject parent_instance;

  char *path;
  char *config_path;
  GHashTable *entries;      /* name → Entry */
  GHashTable *bus_handlers; /* a set of names */
  gboolean saving;
  GPtrArray *waiters;   /* of GTask: they wait for the save that has their change */
  GPtrArray *next_turn; /* of GTask: their change came after that save began */
};

typedef struct
{
  gint64 stands_for;
  gint64 last_run;
} Entry;

G_DEFINE_FINAL_TYPE (HeartbeatStateFile, heartbeat_state_file, G_TYPE_OBJECT)

static void
heartbeat_state_file_finalize (GObject *object)
{
  HeartbeatStateFile *self = HEARTBEAT_STATE_FILE (object);

  g_hash_table_unref (self->entries);
  g_hash_table_unref (self->bus_handlers);
  g_ptr_array_unref (self->waiters);
  g_ptr_array_unref (self->next_turn);
  g_free (self->config_path);
  g_free (self->path);
  G_OBJECT_CLASS (heartbeat_state_file_parent_class)->finalize (object);
}

static void
heartbeat_state_file_class_init (HeartbeatStateFileClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = heartbeat_state_file_finalize;
}

static void
heartbeat_state_file_init (HeartbeatStateFile *self)
{
  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->bus_handlers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->waiters = g_ptr_array_new_with_free_func (g_object_unref);
  self->next_turn = g_ptr_array_new_with_free_func (g_object_unref);
}

/**
 * heartbeat_state_file_new:
 * @agent: the agent's name
 * @config_path: the absolute path of its heartbeat.json
 *
 * Returns: (transfer full): a state that was not read yet
 */
HeartbeatStateFile *
heartbeat_state_file_new (const char *agent, const char *config_path)
{
  HeartbeatStateFile *self = g_object_new (HEARTBEAT_TYPE_STATE_FILE, NULL);
  g_autofree char *name = g_strconcat (agent, ".json", NULL);

  self->path = g_build_filename (g_get_user_state_dir (), FOLDER, name, NULL);
  self->config_path = g_strdup (config_path);
  return self;
}

/**
 * heartbeat_state_file_get_path:
 * @self: a state
 *
 * Returns: (transfer none): where it is kept
 */
const char *
heartbeat_state_file_get_path (HeartbeatStateFile *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_STATE_FILE (self), NULL);

  return self->path;
}

/* --- Reading -------------------------------------------------------------------------------------------------------- */

static void
read_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  HeartbeatIdentity identity;
  GError *error = NULL;
  GBytes *text;

  heartbeat_storage_sweep (task_data);
  text = heartbeat_storage_read (task_data, HEARTBEAT_CONFIG_MAX_BYTES, &identity, &error);

  if (text != NULL)
    g_task_return_pointer (task, text, (GDestroyNotify) g_bytes_unref);
  else
    g_task_return_error (task, error);
}

/**
 * heartbeat_state_file_load_async:
 * @self: a state
 * @callback: called when it was read; it calls heartbeat_state_file_load_finish()
 * @user_data: passed to @callback
 */
void
heartbeat_state_file_load_async (HeartbeatStateFile *self,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (HEARTBEAT_IS_STATE_FILE (self));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_task_data (task, g_strdup (self->path), g_free);
  g_task_run_in_thread (task, read_in_thread);
}

static void
read_entry (HeartbeatStateFile *self, const HeartbeatJson *name, const HeartbeatJson *value)
{
  g_autofree char *check = NULL;
  HeartbeatJson stands_for, last_run;
  Entry entry;

  if (!heartbeat_json_is_object (value)
      || !heartbeat_json_get_member (value, "standsFor", &stands_for)
      || !heartbeat_json_get_integer (&stands_for, &entry.stands_for)
      || !heartbeat_json_get_member (value, "lastRun", &last_run)
      || !heartbeat_json_get_integer (&last_run, &entry.last_run))
    return;
  check = heartbeat_json_dup_string (name, NULL);
  heartbeat_state_file_set (self, check, entry.stands_for, entry.last_run);
}

/* A state that was written for another heartbeat.json says nothing about this one. */
static void
read_entries (HeartbeatStateFile *self, const HeartbeatJson *root)
{
  HeartbeatJsonIter iter;
  HeartbeatJson path, checks, name, value;

  if (!heartbeat_json_is_object (root) || !heartbeat_json_get_member (root, "path", &path)
      || !heartbeat_json_equals (&path, self->config_path)
      || !heartbeat_json_get_member (root, "checks", &checks)
      || !heartbeat_json_is_object (&checks))
    return;
  heartbeat_json_iter_init (&iter, &checks);
  while (heartbeat_json_iter_member (&iter, &name, &value))
    read_entry (self, &name, &value);
}

static void
read_bus_handlers (HeartbeatStateFile *self, const HeartbeatJson *root)
{
  HeartbeatJsonIter iter;
  HeartbeatJson names, name;

  if (!heartbeat_json_is_object (root) || !heartbeat_json_get_member (root, "busHandlers", &names)
      || !heartbeat_json_is_array (&names))
    return;
  heartbeat_json_iter_init (&iter, &names);
  while (heartbeat_json_iter_element (&iter, &name))
    if (heartbeat_json_is_string (&name))
      g_hash_table_add (self->bus_handlers, heartbeat_json_dup_string (&name, NULL));
}

/**
 * heartbeat_state_file_load_finish:
 * @self: a state
 * @result: what the callback was given
 * @error: return location for an error; that there is no state is none
 *
 * Returns: whether it could be read
 */
gboolean
heartbeat_state_file_load_finish (HeartbeatStateFile *self, GAsyncResult *result, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GBytes) text = NULL;
  HeartbeatJson root;
  gsize length;
  const char *data;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  text = g_task_propagate_pointer (G_TASK (result), &local);
  if (text == NULL)
    {
      if (g_error_matches (local, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  data = g_bytes_get_data (text, &length);
  if (!heartbeat_json_scan (data, length, HEARTBEAT_JSON_NONE, &root, error))
    {
      g_prefix_error (error, "%s: ", self->path);
      return FALSE;
    }
  read_entries (self, &root);
  read_bus_handlers (self, &root);
  return TRUE;
}

/* --- Entries -------------------------------------------------------------------------------------------------------- */

gboolean
heartbeat_state_file_is_empty (HeartbeatStateFile *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_STATE_FILE (self), FALSE);

  return g_hash_table_size (self->entries) == 0;
}

/**
 * heartbeat_state_file_lookup:
 * @self: a state
 * @check: the name of a check
 * @stands_for: the `lastRun` in heartbeat.json, in Unix ms
 * @last_run: (out): the one that belongs there, in Unix ms
 *
 * Returns: whether there is one
 */
gboolean
heartbeat_state_file_lookup (HeartbeatStateFile *self,
                             const char *check,
                             gint64 stands_for,
                             gint64 *last_run)
{
  const Entry *entry;

  g_return_val_if_fail (HEARTBEAT_IS_STATE_FILE (self), FALSE);
  g_return_val_if_fail (check != NULL, FALSE);

  entry = g_hash_table_lookup (self->entries, check);
  if (entry == NULL || entry->stands_for != stands_for)
    return FALSE;
  *last_run = entry->last_run;
  return TRUE;
}

/**
 * heartbeat_state_file_set:
 * @self: a state
 * @check: the name of a check
 * @stands_for: the `lastRun` in heartbeat.json, in Unix ms
 * @last_run: the one that belongs there, in Unix ms
 */
void
heartbeat_state_file_set (HeartbeatStateFile *self,
                          const char *check,
                          gint64 stands_for,
                          gint64 last_run)
{
  const Entry entry = { stands_for, last_run };

  g_return_if_fail (HEARTBEAT_IS_STATE_FILE (self));
  g_return_if_fail (check != NULL);

  g_hash_table_replace (self->entries, g_strdup (check), g_memdup2 (&entry, sizeof entry));
}

/**
 * heartbeat_state_file_forget:
 * @self: a state
 * @check: the name of a check
 * @last_run: the `lastRun` that heartbeat.json has now; a newer one stays
 */
void
heartbeat_state_file_forget (HeartbeatStateFile *self, const char *check, gint64 last_run)
{
  const Entry *entry;

  g_return_if_fail (HEARTBEAT_IS_STATE_FILE (self));
  g_return_if_fail (check != NULL);

  entry = g_hash_table_lookup (self->entries, check);
  if (entry != NULL && entry->last_run <= last_run)
    g_hash_table_remove (self->entries, check);
}

/**
 * heartbeat_state_file_foreach:
 * @self: a state, which must not be changed meanwhile
 * @func: (scope call): called for each check
 * @user_data: passed to @func
 */
void
heartbeat_state_file_foreach (HeartbeatStateFile *self,
                              HeartbeatStateFileFunc func,
                              gpointer user_data)
{
  GHashTableIter iter;
  gpointer name, value;

  g_return_if_fail (HEARTBEAT_IS_STATE_FILE (self));

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, &name, &value))
    {
      const Entry *entry = value;

      func (name, entry->stands_for, entry->last_run, user_data);
    }
}

/**
 * heartbeat_state_file_set_bus_handler:
 * @self: a state
 * @name: the name of a handler
 * @is_on_bus: whether a program on D-Bus is to execute it
 *
 * Returns: whether that is new
 */
gboolean
heartbeat_state_file_set_bus_handler (HeartbeatStateFile *self,
                                      const char *name,
                                      gboolean is_on_bus)
{
  g_return_val_if_fail (HEARTBEAT_IS_STATE_FILE (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  if (is_on_bus)
    return g_hash_table_add (self->bus_handlers, g_strdup (name));
  return g_hash_table_remove (self->bus_handlers, name);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/**
 * heartbeat_state_file_list_bus_handlers:
 * @self: a state
 *
 * Returns: (transfer full) (element-type utf8): the names of the handlers that programs on D-Bus execute, sorted
 */
GPtrArray *
heartbeat_state_file_list_bus_handlers (HeartbeatStateFile *self)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer name;

  g_return_val_if_fail (HEARTBEAT_IS_STATE_FILE (self), NULL);

  g_hash_table_iter_init (&iter, self->bus_handlers);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  return names;
}

/* --- Writing -------------------------------------------------------------------------------------------------------- */

static void
add_entry (const char *check, gint64 stands_for, gint64 last_run, gpointer user_data)
{
  JsonBuilder *builder = user_data;

  json_builder_set_member_name (builder, check);
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "standsFor");
  json_builder_add_int_value (builder, stands_for);
  json_builder_set_member_name (builder, "lastRun");
  json_builder_add_int_value (builder, last_run);
  json_builder_end_object (builder);
}

static void
add_bus_handlers (HeartbeatStateFile *self, JsonBuilder *builder)
{
  g_autoptr (GPtrArray) names = heartbeat_state_file_list_bus_handlers (self);

  json_builder_set_member_name (builder, "busHandlers");
  json_builder_begin_array (builder);
  for (guint i = 0; i < names->len; i++)
    json_builder_add_string_value (builder, g_ptr_array_index (names, i));
  json_builder_end_array (builder);
}

static GBytes *
to_text (HeartbeatStateFile *self)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  char *text;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "path");
  json_builder_add_string_value (builder, self->config_path);
  json_builder_set_member_name (builder, "checks");
  json_builder_begin_object (builder);
  heartbeat_state_file_foreach (self, add_entry, builder);
  json_builder_end_object (builder);
  if (g_hash_table_size (self->bus_handlers) > 0)
    add_bus_handlers (self, builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  text = heartbeat_json_print (root, TRUE);
  return g_bytes_new_take (text, strlen (text));
}

typedef struct
{
  char *path;
  GBytes *text;
} Writing;

static void
writing_free (gpointer data)
{
  Writing *writing = data;

  g_free (writing->path);
  g_bytes_unref (writing->text);
  g_free (writing);
}

static void
write_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Writing *writing = task_data;
  GError *error = NULL;

  if (heartbeat_storage_write (writing->path, writing->text, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void begin_saving (HeartbeatStateFile *self);

static void
answer (GPtrArray *waiters, const GError *error)
{
  for (guint i = 0; i < waiters->len; i++)
    {
      if (error != NULL)
        g_task_return_error (g_ptr_array_index (waiters, i), g_error_copy (error));
      else
        g_task_return_boolean (g_ptr_array_index (waiters, i), TRUE);
    }
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HeartbeatStateFile *self = HEARTBEAT_STATE_FILE (source);
  g_autoptr (GPtrArray) waiters = self->waiters;
  g_autoptr (GError) error = NULL;

  g_task_propagate_boolean (G_TASK (result), &error);
  self->saving = FALSE;
  self->waiters = self->next_turn;
  self->next_turn = g_ptr_array_new_with_free_func (g_object_unref);
  if (self->waiters->len > 0)
    begin_saving (self);
  answer (waiters, error);
}

static void
begin_saving (HeartbeatStateFile *self)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, on_written, NULL);
  Writing *writing = g_new (Writing, 1);

  writing->path = g_strdup (self->path);
  writing->text = to_text (self);
  self->saving = TRUE;
  g_task_set_task_data (task, writing, writing_free);
  g_task_run_in_thread (task, write_in_thread);
}

/**
 * heartbeat_state_file_save_async:
 * @self: a state
 * @callback: called when it is on disk; it calls heartbeat_state_file_save_finish()
 * @user_data: passed to @callback
 *
 * Writes it durably. Changes that come while one is being written go together in the next one.
 */
void
heartbeat_state_file_save_async (HeartbeatStateFile *self,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_ptr_array_add (self->saving ? self->next_turn : self->waiters, task);
  if (!self->saving)
    begin_saving (self);
}

/**
 * heartbeat_state_file_save_finish:
 * @self: a state
 * @result: what the callback was given
 * @error: return location for a #GIOErrorEnum
 *
 * Returns: whether it is on disk
 */
gboolean
heartbeat_state_file_save_finish (HeartbeatStateFile *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
