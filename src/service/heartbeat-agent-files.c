/* SPDX-License-Identifier: MIT */

#include "service/heartbeat-agent-files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "agent/heartbeat-agent.h"
#include "config/heartbeat-config.h"
#include "base/heartbeat-i18n.h"
#include "json/heartbeat-json.h"
#include "storage/heartbeat-storage.h"

#define SUFFIX      ".json"
#define LONG_SUFFIX ".heartbeat.json"
#define FILE_NAME   "heartbeat.json"

/* --- One file ------------------------------------------------------------------------------------------------------- */

/**
 * heartbeat_agent_files_dup_stem:
 * @entry: the name of a file in a folder of agents, or of one in a folder below
 *
 * Returns: (transfer full) (nullable): the name of the agent where the file says none: what is before `.json` or
 *   `.heartbeat.json`, or the name of the folder of a `heartbeat.json`; %NULL where this is no agent's file
 */
char *
heartbeat_agent_files_dup_stem (const char *entry)
{
  const char *slash;

  g_return_val_if_fail (entry != NULL, NULL);

  slash = strchr (entry, G_DIR_SEPARATOR);
  if (*entry == '.')
    return NULL;
  if (slash != NULL)
    return strcmp (slash + 1, FILE_NAME) == 0 ? g_strndup (entry, slash - entry) : NULL;
  if (g_str_has_suffix (entry, LONG_SUFFIX))
    return g_strndup (entry, strlen (entry) - strlen (LONG_SUFFIX));
  if (g_str_has_suffix (entry, SUFFIX))
    return g_strndup (entry, strlen (entry) - strlen (SUFFIX));
  return NULL;
}

/**
 * heartbeat_agent_file_new:
 * @folder: a folder of agents
 * @entry: the name of a file in it, or of one in a folder below
 *
 * Returns: (transfer full) (nullable): the file, not read; %NULL where this is no agent's
 */
HeartbeatAgentFile *
heartbeat_agent_file_new (const char *folder, const char *entry)
{
  g_autofree char *stem = NULL;
  HeartbeatAgentFile *self = NULL;

  g_return_val_if_fail (folder != NULL, NULL);
  g_return_val_if_fail (entry != NULL, NULL);

  stem = heartbeat_agent_files_dup_stem (entry);
  if (stem == NULL)
    return NULL;
  self = g_new0 (HeartbeatAgentFile, 1);
  self->entry = g_strdup (entry);
  self->path = g_build_filename (folder, entry, NULL);
  self->stem = g_steal_pointer (&stem);
  return self;
}

void
heartbeat_agent_file_free (HeartbeatAgentFile *self)
{
  g_free (self->entry);
  g_free (self->path);
  g_free (self->agent);
  g_free (self->stem);
  g_free (self->problem);
  g_free (self);
}

/**
 * heartbeat_agent_file_get_name:
 * @self: a file
 *
 * Returns: (transfer none): the name of its agent
 */
const char *
heartbeat_agent_file_get_name (const HeartbeatAgentFile *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->agent != NULL ? self->agent : self->stem;
}

static char *
dup_agent (const HeartbeatJson *root)
{
  HeartbeatJson agent;

  if (!heartbeat_json_get_member (root, "agent", &agent) || !heartbeat_json_is_string (&agent))
    return NULL;
  return heartbeat_json_dup_string (&agent, NULL);
}

/* The agent shows what is wrong with its file, and keeps its name until the file gives a new one. */
static void
read_file (HeartbeatAgentFile *self, const HeartbeatAgentFile *known)
{
  gint64 now = g_get_real_time ();
  g_autoptr (GBytes) text
      = heartbeat_storage_read (self->path, HEARTBEAT_CONFIG_MAX_BYTES, &self->identity, NULL);
  HeartbeatJson root;

  if (text != NULL
      && heartbeat_json_scan (g_bytes_get_data (text, NULL), g_bytes_get_size (text),
                              HEARTBEAT_JSON_ALLOW_BOM, &root, NULL)
      && heartbeat_json_is_object (&root))
    self->agent = dup_agent (&root);
  else if (known != NULL)
    self->agent = g_strdup (known->agent);
  self->settled = text != NULL && !heartbeat_identity_is_racy (&self->identity, now);
}

static void
look_at (HeartbeatAgentFile *self, const HeartbeatAgentFile *known)
{
  HeartbeatIdentity identity;

  if (known != NULL && known->settled && heartbeat_identity_query (&identity, AT_FDCWD, self->path)
      && heartbeat_identity_equal (&identity, &known->identity))
    {
      self->agent = g_strdup (known->agent);
      self->identity = identity;
      self->settled = TRUE;
    }
  else
    read_file (self, known);
}

/* --- Which are served ----------------------------------------------------------------------------------------------- */

static int
compare_entries (gconstpointer a, gconstpointer b)
{
  const HeartbeatAgentFile *const *first = a, *const *second = b;

  return strcmp ((*first)->entry, (*second)->entry);
}

static char *
find_problem (const HeartbeatAgentFile *file, GHashTable *served)
{
  const char *name = heartbeat_agent_file_get_name (file);
  g_autofree char *shown = g_filename_display_name (file->path);
  const HeartbeatAgentFile *other;

  if (!g_utf8_validate (file->path, -1, NULL))
    return g_strdup_printf (_ ("%s: the name of the file is not UTF-8: rename it"), shown);
  if (!heartbeat_agent_is_name (name))
    return g_strdup_printf (file->agent != NULL
                                ? _ ("%s: the agent's name “%s” is not of the form "
                                     "[A-Za-z0-9][A-Za-z0-9_-]{0,63}: change its “agent”")
                                : _ ("%s: the agent's name “%s” is not of the form "
                                     "[A-Za-z0-9][A-Za-z0-9_-]{0,63}: give it an “agent”"),
                            shown, name);
  other = g_hash_table_lookup (served, name);
  if (other == NULL)
    return NULL;
  return g_strdup_printf (_ ("%s: the agent “%s” is served from %s: change the “agent” of one of "
                             "the two, or remove one"),
                          shown, name, other->path);
}

/**
 * heartbeat_agent_files_resolve:
 * @files: (element-type HeartbeatAgentFile): files in any order
 *
 * Sorts @files by name and sets the problem of each that cannot be served: of two with the same agent the first is served.
 * A file that has a problem already keeps it.
 */
void
heartbeat_agent_files_resolve (GPtrArray *files)
{
  g_autoptr (GHashTable) served = g_hash_table_new (g_str_hash, g_str_equal);

  g_ptr_array_sort (files, compare_entries);
  for (guint i = 0; i < files->len; i++)
    {
      HeartbeatAgentFile *file = g_ptr_array_index (files, i);

      if (file->problem == NULL)
        file->problem = find_problem (file, served);
      if (file->problem == NULL)
        g_hash_table_insert (served, (gpointer) heartbeat_agent_file_get_name (file), file);
    }
}

/* --- A folder ------------------------------------------------------------------------------------------------------- */

static void
free_file (gpointer file)
{
  heartbeat_agent_file_free (file);
}

static HeartbeatAgentFiles *
files_new (void)
{
  HeartbeatAgentFiles *self = g_new0 (HeartbeatAgentFiles, 1);

  g_atomic_ref_count_init (&self->refs);
  self->files = g_ptr_array_new_with_free_func (free_file);
  self->folders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

HeartbeatAgentFiles *
heartbeat_agent_files_ref (HeartbeatAgentFiles *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
heartbeat_agent_files_unref (HeartbeatAgentFiles *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_ptr_array_unref (self->files);
  g_hash_table_unref (self->folders);
  g_free (self);
}

/* Maps names to the files of @known, which keeps them. */
static GHashTable *
index_files (HeartbeatAgentFiles *known)
{
  GHashTable *index = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; known != NULL && i < known->files->len; i++)
    {
      HeartbeatAgentFile *file = g_ptr_array_index (known->files, i);

      g_hash_table_insert (index, file->entry, file);
    }
  return index;
}

static gboolean
is_missing (int code)
{
  return code == ENOENT || code == ENOTDIR;
}

/* A file that exists but cannot be examined still belongs to an agent, which reports why. */
static void
add_file (HeartbeatAgentFiles *self, const char *folder, const char *entry, GHashTable *index)
{
  g_autoptr (HeartbeatAgentFile) file = heartbeat_agent_file_new (folder, entry);
  const HeartbeatAgentFile *known = g_hash_table_lookup (index, entry);
  struct stat status;
  int code;

  if (file == NULL)
    return;
  code = stat (file->path, &status) == 0 ? 0 : errno;
  if (is_missing (code) && lstat (file->path, &status) != 0)
    return;
  if (is_missing (code) || code == ELOOP)
    {
      g_autofree char *shown = g_filename_display_name (file->path);

      file->problem = g_strdup_printf (_ ("%s: the link leads to no file"), shown);
    }
  else if (code == 0)
    look_at (file, known);
  else if (known != NULL)
    file->agent = g_strdup (known->agent);
  g_ptr_array_add (self->files, g_steal_pointer (&file));
}

static void
add_folder (HeartbeatAgentFiles *self, const char *path)
{
  HeartbeatIdentity *identity = g_new0 (HeartbeatIdentity, 1);

  heartbeat_identity_query (identity, AT_FDCWD, path);
  g_hash_table_insert (self->folders, g_strdup (path), identity);
}

static void
add_entry (HeartbeatAgentFiles *self, const char *folder, const char *name, GHashTable *index)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *below = NULL;

  if (*name == '.')
    return;
  if (!g_file_test (path, G_FILE_TEST_IS_DIR))
    {
      add_file (self, folder, name, index);
      return;
    }
  below = g_build_filename (name, FILE_NAME, NULL);
  add_folder (self, path);
  add_file (self, folder, below, index);
}

/**
 * heartbeat_agent_files_read:
 * @folder: a folder of agents
 * @known: (nullable): what was in it before: only files that have changed since are read
 * @error: return location for a #GFileError
 *
 * Reads the names and agents of the files, and resolves them. This blocks.
 *
 * Returns: (transfer full): what is in @folder
 */
HeartbeatAgentFiles *
heartbeat_agent_files_read (const char *folder, HeartbeatAgentFiles *known, GError **error)
{
  g_autoptr (HeartbeatAgentFiles) self = NULL;
  g_autoptr (GHashTable) index = NULL;
  g_autoptr (GDir) directory = NULL;
  const char *name;

  g_return_val_if_fail (folder != NULL, NULL);

  directory = g_dir_open (folder, 0, error);
  if (directory == NULL)
    return NULL;
  self = files_new ();
  index = index_files (known);
  add_folder (self, folder);
  while ((name = g_dir_read_name (directory)) != NULL)
    add_entry (self, folder, name, index);
  heartbeat_agent_files_resolve (self->files);
  return g_steal_pointer (&self);
}
