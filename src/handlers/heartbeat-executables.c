/* SPDX-License-Identifier: MIT */

#include "handlers/heartbeat-executables.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"
#include "base/heartbeat-text.h"
#include "run/heartbeat-run-private.h"
#include "handlers/heartbeat-outcome.h"

#define PROGRAM_FOLDER "heartbeat-consumer"
#define FOLDER         "handlers"

/* A file system that hangs keeps each thread that looks into it, and those who save are not to wait for them: they share
 * GTask's. */
#define MAX_HANGING 4

/**
 * HeartbeatExecutables:
 *
 * The handlers that are executable files in some folders. A file is looked for at each run, since files come and go; on a
 * thread, since a folder of a file server that is away blocks the caller. Such a run ends by its time limit.
 */
struct _HeartbeatExecutables
{
  GObject parent_instance;

  GStrv folders;
  HeartbeatProcesses *processes;
  gint hanging; /* atomic: threads that still look for what nobody waits for any more */
};

G_DEFINE_FINAL_TYPE (HeartbeatExecutables, heartbeat_executables, G_TYPE_OBJECT)

static void
heartbeat_executables_finalize (GObject *object)
{
  HeartbeatExecutables *self = HEARTBEAT_EXECUTABLES (object);

  g_strfreev (self->folders);
  g_object_unref (self->processes);
  G_OBJECT_CLASS (heartbeat_executables_parent_class)->finalize (object);
}

static void
heartbeat_executables_class_init (HeartbeatExecutablesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = heartbeat_executables_finalize;
}

static void
heartbeat_executables_init (HeartbeatExecutables *self)
{
}

static void
add_default_folders (GStrvBuilder *builder)
{
  g_autofree char *own = g_build_filename (g_get_user_config_dir (), PROGRAM_FOLDER, FOLDER, NULL);
  g_autofree char *installed = g_build_filename (LIBEXECDIR, PROGRAM_FOLDER, FOLDER, NULL);

  g_strv_builder_add_many (builder, own, installed, NULL);
}

/**
 * heartbeat_executables_parse_path:
 * @path: (nullable): absolute folders, separated by colons; %NULL for the default ones
 * @error: return location for %HEARTBEAT_ERROR_INVALID_ARGUMENT
 *
 * Empty parts are ignored: unlike in `PATH` they do not mean the working folder.
 *
 * Returns: (transfer full): the folders, in the order in which they are searched
 */
GStrv
heartbeat_executables_parse_path (const char *path, GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) parts = NULL;

  if (path == NULL)
    {
      add_default_folders (builder);
      return g_strv_builder_end (builder);
    }
  parts = g_strsplit (path, ":", -1);
  for (guint i = 0; parts[i] != NULL; i++)
    {
      if (*parts[i] == '\0')
        continue;
      if (!g_path_is_absolute (parts[i]))
        {
          g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                       _ ("the handler folder “%s” is not absolute"), parts[i]);
          return NULL;
        }
      g_strv_builder_add (builder, parts[i]);
    }
  return g_strv_builder_end (builder);
}

/**
 * heartbeat_executables_is_name:
 * @name: a handler's name
 *
 * Returns: whether a file in a handler folder may have it: 1 to 255 bytes, no slash, no dot in front, no control characters
 */
gboolean
heartbeat_executables_is_name (const char *name)
{
  g_return_val_if_fail (name != NULL, FALSE);

  return *name != '\0' && *name != '.' && strlen (name) <= NAME_MAX && strchr (name, '/') == NULL
         && g_utf8_validate (name, -1, NULL) && !heartbeat_text_has_controls (name);
}

static gboolean
refuse (GError **error, const char *path, const char *why)
{
  g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
               _ ("the handler “%s” cannot be used: %s"), path, why);
  return FALSE;
}

/* Says why what is there is no executable. */
static gboolean
check_file (const char *path, const struct stat *info, GError **error)
{
  if (S_ISDIR (info->st_mode))
    return refuse (error, path, _ ("it is a folder"));
  if (!S_ISREG (info->st_mode))
    return refuse (error, path, _ ("it is no file"));
  if (faccessat (AT_FDCWD, path, X_OK, AT_EACCESS) == 0)
    return TRUE;
  return refuse (error, path,
                 errno == EACCES ? _ ("it is not executable (chmod +x)") : g_strerror (errno));
}

static gboolean
is_absent (int code)
{
  return code == ENOENT || code == ENOTDIR || code == ENAMETOOLONG;
}

/**
 * heartbeat_executables_find:
 * @folders: (array zero-terminated=1): where to look, in turn
 * @name: a handler's name, see heartbeat_executables_is_name()
 * @error: return location for an error: there is something of that name, and it cannot be executed
 *
 * Looks for an executable. This may wait for the file system.
 *
 * Returns: (transfer full) (nullable): its path; %NULL without @error where there is none
 */
char *
heartbeat_executables_find (const char *const *folders, const char *name, GError **error)
{
  g_return_val_if_fail (heartbeat_executables_is_name (name), NULL);

  for (guint i = 0; folders[i] != NULL; i++)
    {
      g_autofree char *path = g_build_filename (folders[i], name, NULL);
      struct stat info;

      if (stat (path, &info) == 0)
        return check_file (path, &info, error) ? g_steal_pointer (&path) : NULL;
      if (!is_absent (errno))
        refuse (error, path, g_strerror (errno));
      else if (lstat (path, &info) == 0 && S_ISLNK (info.st_mode))
        refuse (error, path, _ ("it is a symbolic link to nowhere"));
      else
        continue;
      return NULL;
    }
  return NULL;
}

/* --- A lookup ------------------------------------------------------------------------------------------------------- */

/* A handler that was found. */
typedef struct
{
  HeartbeatProcesses *processes;
  char *path;
} Program;

static void
program_free (gpointer data)
{
  Program *program = data;

  g_object_unref (program->processes);
  g_free (program->path);
  g_free (program);
}

static void
run_program (HeartbeatRun *run, gpointer user_data)
{
  Program *program = user_data;
  const char *const argv[] = { program->path, NULL };

  heartbeat_outcome_run (program->processes, run, argv);
}

enum
{
  SEARCHING,
  FOUND,
  GIVEN_UP,
};

/* What the thread works with. It may outlive the lookup. */
typedef struct
{
  GStrv folders;
  char *name;
  gint state; /* atomic */
} Search;

static void
search_free (gpointer data)
{
  Search *search = data;

  g_strfreev (search->folders);
  g_free (search->name);
  g_free (search);
}

static void
search_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  HeartbeatExecutables *self = HEARTBEAT_EXECUTABLES (source);
  Search *search = data;
  GError *error = NULL;
  char *path
      = heartbeat_executables_find ((const char *const *) search->folders, search->name, &error);

  if (!g_atomic_int_compare_and_exchange (&search->state, SEARCHING, FOUND))
    g_atomic_int_add (&self->hanging, -1);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, path, g_free);
}

/* Counts the thread until it is back. The count goes up first, since the thread may come back at any moment. */
static void
give_up (HeartbeatExecutables *self, Search *search)
{
  g_atomic_int_inc (&self->hanging);
  if (!g_atomic_int_compare_and_exchange (&search->state, SEARCHING, GIVEN_UP))
    g_atomic_int_add (&self->hanging, -1);
}

static void
on_found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HeartbeatExecutables *self = HEARTBEAT_EXECUTABLES (source);
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  char *path = g_task_propagate_pointer (G_TASK (result), &error);
  Program *program;

  if (g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    give_up (self, g_task_get_task_data (G_TASK (result)));
  if (path == NULL)
    {
      if (error != NULL)
        g_task_return_error (task, error);
      else
        g_task_return_pointer (task, NULL, NULL);
      return;
    }
  program = g_new (Program, 1);
  program->processes = g_object_ref (self->processes);
  program->path = path;
  g_task_return_pointer (task, heartbeat_handler_new (run_program, program, program_free),
                         (GDestroyNotify) heartbeat_handler_unref);
}

static void
search_folders (HeartbeatExecutables *self, const char *name, GTask *outer)
{
  GCancellable *cancellable = g_task_get_cancellable (outer);
  g_autoptr (GTask) task = g_task_new (self, cancellable, on_found, outer);
  Search *search = g_new0 (Search, 1);

  search->folders = g_strdupv (self->folders);
  search->name = g_strdup (name);
  g_task_set_task_data (task, search, search_free);
  g_task_set_return_on_cancel (task, TRUE);
  g_task_run_in_thread (task, search_in_thread);
}

/* A #HeartbeatRegistrySearch. */
static void
look_up (const char *name, GTask *task, gpointer user_data)
{
  HeartbeatExecutables *self = user_data;

  if (!heartbeat_executables_is_name (name) || *self->folders == NULL)
    g_task_return_pointer (task, NULL, NULL);
  else if (g_atomic_int_get (&self->hanging) >= MAX_HANGING)
    g_task_return_new_error (task, HEARTBEAT_ERROR, HEARTBEAT_ERROR_FAILED,
                             _ ("the folders of HANDLER_PATH cannot be searched: their file system "
                                "does not answer"));
  else
    {
      search_folders (self, name, task);
      return;
    }
  g_object_unref (task);
}

/* --- All of them ---------------------------------------------------------------------------------------------------- */

static void
list_folder (const char *folder, GHashTable *names)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *const folders[] = { folder, NULL };
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = heartbeat_executables_is_name (name)
                                  ? heartbeat_executables_find (folders, name, NULL)
                                  : NULL;

      if (path != NULL)
        g_hash_table_add (names, g_strdup (name));
    }
}

static void
list_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const char *const *folders = data;
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  GHashTableIter iter;
  gpointer name;

  for (guint i = 0; folders[i] != NULL; i++)
    list_folder (folders[i], names);
  g_hash_table_iter_init (&iter, names);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_strv_builder_add (builder, name);
  g_task_return_pointer (task, g_strv_builder_end (builder), (GDestroyNotify) g_strfreev);
}

/**
 * heartbeat_executables_list_async:
 * @self: executables
 * @callback: called when they are known; it calls heartbeat_executables_list_finish()
 * @user_data: passed to @callback
 *
 * Looks into the folders, on a thread.
 */
void
heartbeat_executables_list_async (HeartbeatExecutables *self,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (HEARTBEAT_IS_EXECUTABLES (self));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_task_data (task, g_strdupv (self->folders), (GDestroyNotify) g_strfreev);
  g_task_run_in_thread (task, list_in_thread);
}

/**
 * heartbeat_executables_list_finish:
 * @self: executables
 * @result: what the callback was given
 *
 * Returns: (transfer full): the names of what can be executed, each once, in no order
 */
GStrv
heartbeat_executables_list_finish (HeartbeatExecutables *self, GAsyncResult *result)
{
  g_return_val_if_fail (HEARTBEAT_IS_EXECUTABLES (self), NULL);
  g_return_val_if_fail (G_IS_ASYNC_RESULT (result), NULL);

  return g_task_propagate_pointer (G_TASK (result), NULL);
}

/**
 * heartbeat_executables_new:
 * @path: (nullable): see heartbeat_executables_parse_path()
 * @processes: the programs that an agent's handlers run
 * @error: return location for %HEARTBEAT_ERROR_INVALID_ARGUMENT
 *
 * Returns: (transfer full): the executables in these folders
 */
HeartbeatExecutables *
heartbeat_executables_new (const char *path, HeartbeatProcesses *processes, GError **error)
{
  HeartbeatExecutables *self;
  GStrv folders = NULL;

  g_return_val_if_fail (HEARTBEAT_IS_PROCESSES (processes), NULL);

  folders = heartbeat_executables_parse_path (path, error);
  if (folders == NULL)
    return NULL;
  self = g_object_new (HEARTBEAT_TYPE_EXECUTABLES, NULL);
  self->folders = folders;
  self->processes = g_object_ref (processes);
  return self;
}

/**
 * heartbeat_executables_register:
 * @self: executables
 * @registry: the handlers that an agent knows
 */
void
heartbeat_executables_register (HeartbeatExecutables *self, HeartbeatRegistry *registry)
{
  g_return_if_fail (HEARTBEAT_IS_EXECUTABLES (self));

  heartbeat_registry_set_search (registry, look_up, g_object_ref (self), g_object_unref);
}
