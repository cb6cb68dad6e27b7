/* SPDX-License-Identifier: MIT */

#include "service/heartbeat-agents-folder.h"

#include <gio/gio.h>

#include "base/heartbeat-deadline.h"
#include "base/heartbeat-i18n.h"

/* A change seldom comes alone: a file is written beside the old one and renamed, or many are copied. */
#define BURST_US (200 * G_TIME_SPAN_MILLISECOND)

/* Poll what cannot be watched: the targets of links, network file systems, a folder that is missing. */
#define PATROL_US      (60 * G_USEC_PER_SEC)
#define PATROL_AWAY_US (2 * G_USEC_PER_SEC)

/**
 * HeartbeatAgentsFolder:
 *
 * Watches a folder of agents. Files are read on another thread.
 */
struct _HeartbeatAgentsFolder
{
  GObject parent_instance;

  char *path;                    /* absolute, as events have it */
  HeartbeatAgentFiles *contents; /* NULL while there is no folder */
  GHashTable *watches;           /* path of a folder → Watch */
  GSource *timer;
  gint64 next_look; /* monotonic time in µs, while the timer is set */
  char *error;
  gboolean was_read;
  gboolean reading;
  gboolean look_again;
  gboolean stopped;
};

typedef struct
{
  HeartbeatIdentity identity;
  GFileMonitor *monitor; /* NULL where the system cannot */
} Watch;

/* The work of the thread. */
typedef struct
{
  char *path;
  HeartbeatAgentFiles *known;
} Job;

enum
{
  CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (HeartbeatAgentsFolder, heartbeat_agents_folder, G_TYPE_OBJECT)

static void
watch_free (gpointer data)
{
  Watch *watch = data;

  if (watch->monitor != NULL)
    g_file_monitor_cancel (watch->monitor);
  g_clear_object (&watch->monitor);
  g_free (watch);
}

static void
job_free (gpointer data)
{
  Job *job = data;

  g_free (job->path);
  g_clear_pointer (&job->known, heartbeat_agent_files_unref);
  g_free (job);
}

static void
heartbeat_agents_folder_dispose (GObject *object)
{
  heartbeat_agents_folder_stop (HEARTBEAT_AGENTS_FOLDER (object));
  G_OBJECT_CLASS (heartbeat_agents_folder_parent_class)->dispose (object);
}

static void
heartbeat_agents_folder_finalize (GObject *object)
{
  HeartbeatAgentsFolder *self = HEARTBEAT_AGENTS_FOLDER (object);

  g_clear_pointer (&self->contents, heartbeat_agent_files_unref);
  g_hash_table_unref (self->watches);
  g_free (self->error);
  g_free (self->path);
  G_OBJECT_CLASS (heartbeat_agents_folder_parent_class)->finalize (object);
}

static void
heartbeat_agents_folder_class_init (HeartbeatAgentsFolderClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = heartbeat_agents_folder_dispose;
  object_class->finalize = heartbeat_agents_folder_finalize;

  /**
   * HeartbeatAgentsFolder::changed:
   * @self: a folder
   *
   * The folder was read, whether or not anything is new.
   */
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void
heartbeat_agents_folder_init (HeartbeatAgentsFolder *self)
{
  self->error = g_strdup ("");
  self->watches = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, watch_free);
}

/**
 * heartbeat_agents_folder_new:
 * @path: a folder, which need not exist
 *
 * Returns: (transfer full): the folder, not read yet
 */
HeartbeatAgentsFolder *
heartbeat_agents_folder_new (const char *path)
{
  HeartbeatAgentsFolder *self = g_object_new (HEARTBEAT_TYPE_AGENTS_FOLDER, NULL);

  g_return_val_if_fail (path != NULL, NULL);

  self->path = g_canonicalize_filename (path, NULL);
  return self;
}

static gboolean
on_timer (gpointer user_data)
{
  heartbeat_agents_folder_look (user_data);
  return G_SOURCE_REMOVE;
}

/* If a look is due already, the earlier one counts. */
static void
look_in (HeartbeatAgentsFolder *self, gint64 delay_us)
{
  gint64 when = g_get_monotonic_time () + delay_us;

  if (self->stopped || (self->timer != NULL && self->next_look <= when))
    return;
  self->next_look = when;
  heartbeat_deadline_set (&self->timer, when, on_timer, self);
}

/* --- Watching ------------------------------------------------------------------------------------------------------- */

static gboolean
is_hidden (GFile *file)
{
  g_autofree char *name = file != NULL ? g_file_get_basename (file) : NULL;

  return name == NULL || *name == '.';
}

/* A new folder of that name could get the inode of the old one, and would then look the same. */
static void
forget_folder (HeartbeatAgentsFolder *self, GFile *file)
{
  g_autofree char *path = g_file_get_path (file);

  if (path != NULL)
    g_hash_table_remove (self->watches, path);
}

/* Files that are being written are hidden until they are renamed. A removed file may be the folder itself. */
static void
on_event (GFileMonitor *monitor,
          GFile *file,
          GFile *other,
          GFileMonitorEvent event,
          HeartbeatAgentsFolder *self)
{
  gboolean gone = event == G_FILE_MONITOR_EVENT_DELETED || event == G_FILE_MONITOR_EVENT_MOVED_OUT
                  || event == G_FILE_MONITOR_EVENT_RENAMED
                  || event == G_FILE_MONITOR_EVENT_UNMOUNTED;

  if (gone)
    forget_folder (self, file);
  if (gone || !is_hidden (file) || !is_hidden (other))
    look_in (self, BURST_US);
}

static void
watch_folder (HeartbeatAgentsFolder *self, const char *path, const HeartbeatIdentity *identity)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  Watch *watch = g_new0 (Watch, 1);

  watch->identity = *identity;
  watch->monitor = g_file_monitor_directory (file, G_FILE_MONITOR_WATCH_MOVES, NULL, NULL);
  if (watch->monitor != NULL)
    g_signal_connect_object (watch->monitor, "changed", G_CALLBACK (on_event), self, 0);
  g_hash_table_replace (self->watches, g_strdup (path), watch);
}

static gboolean
is_gone (gpointer path, gpointer watch, gpointer folders)
{
  return !g_hash_table_contains (folders, path);
}

/* Changes made before a folder was watched went unnoticed: look at it once more. */
static void
update_watches (HeartbeatAgentsFolder *self)
{
  GHashTableIter iter;
  const char *path;
  const HeartbeatIdentity *identity;

  if (self->contents == NULL)
    {
      g_hash_table_remove_all (self->watches);
      return;
    }
  g_hash_table_foreach_remove (self->watches, is_gone, self->contents->folders);
  g_hash_table_iter_init (&iter, self->contents->folders);
  while (g_hash_table_iter_next (&iter, (gpointer *) &path, (gpointer *) &identity))
    {
      const Watch *watch = g_hash_table_lookup (self->watches, path);

      if (watch != NULL && heartbeat_identity_is_same_file (&watch->identity, identity))
        continue;
      watch_folder (self, path, identity);
      look_in (self, BURST_US);
    }
}

/* --- Reading -------------------------------------------------------------------------------------------------------- */

static void
set_error (HeartbeatAgentsFolder *self, char *message)
{
  g_free (self->error);
  self->error = message;
}

/* Without the folder there are no files. If it only cannot be read, nobody knows, and the agents stay. */
static void
take_error (HeartbeatAgentsFolder *self, const GError *error)
{
  if (g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT)
      || g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOTDIR))
    {
      g_clear_pointer (&self->contents, heartbeat_agent_files_unref);
      set_error (self, g_strdup_printf (_ ("there is no folder %s: waiting for it"), self->path));
    }
  else
    {
      set_error (self,
                 g_strdup_printf (_ ("the folder of agents cannot be read: %s"), error->message));
    }
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HeartbeatAgentsFolder *self = HEARTBEAT_AGENTS_FOLDER (source);
  g_autoptr (GError) error = NULL;
  HeartbeatAgentFiles *contents = g_task_propagate_pointer (G_TASK (result), &error);

  self->reading = FALSE;
  if (contents != NULL)
    {
      g_clear_pointer (&self->contents, heartbeat_agent_files_unref);
      self->contents = contents;
      set_error (self, g_strdup (""));
    }
  else
    {
      take_error (self, error);
    }
  if (self->stopped)
    return;
  self->was_read = TRUE;
  update_watches (self);
  if (self->look_again)
    look_in (self, BURST_US);
  look_in (self, contents != NULL ? PATROL_US : PATROL_AWAY_US);
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
read_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Job *job = data;
  GError *error = NULL;
  HeartbeatAgentFiles *contents = heartbeat_agent_files_read (job->path, job->known, &error);

  if (contents != NULL)
    g_task_return_pointer (task, contents, (GDestroyNotify) heartbeat_agent_files_unref);
  else
    g_task_return_error (task, error);
}

/**
 * heartbeat_agents_folder_look:
 * @self: a folder
 *
 * Reads the folder now, and again whenever something in it changes. ::changed is emitted each time.
 */
void
heartbeat_agents_folder_look (HeartbeatAgentsFolder *self)
{
  g_autoptr (GTask) task = NULL;
  Job *job;

  g_return_if_fail (HEARTBEAT_IS_AGENTS_FOLDER (self));

  if (self->stopped)
    return;
  self->look_again = self->reading;
  if (self->reading)
    return;
  self->reading = TRUE;
  job = g_new0 (Job, 1);
  job->path = g_strdup (self->path);
  if (self->contents != NULL)
    job->known = heartbeat_agent_files_ref (self->contents);
  task = g_task_new (self, NULL, on_read, NULL);
  g_task_set_task_data (task, job, job_free);
  g_task_run_in_thread (task, read_in_thread);
}

/**
 * heartbeat_agents_folder_stop:
 * @self: a folder
 *
 * Stops watching. No signal is emitted any more.
 */
void
heartbeat_agents_folder_stop (HeartbeatAgentsFolder *self)
{
  g_return_if_fail (HEARTBEAT_IS_AGENTS_FOLDER (self));

  self->stopped = TRUE;
  heartbeat_deadline_clear (&self->timer);
  g_hash_table_remove_all (self->watches);
}

/**
 * heartbeat_agents_folder_was_read:
 * @self: a folder
 *
 * Returns: whether the first look has ended, well or not
 */
gboolean
heartbeat_agents_folder_was_read (HeartbeatAgentsFolder *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_AGENTS_FOLDER (self), FALSE);

  return self->was_read;
}

/**
 * heartbeat_agents_folder_is_settled:
 * @self: a folder
 *
 * Returns: whether each heartbeat_agents_folder_look() so far has ended
 */
gboolean
heartbeat_agents_folder_is_settled (HeartbeatAgentsFolder *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_AGENTS_FOLDER (self), FALSE);

  return !self->reading && !self->look_again;
}

/**
 * heartbeat_agents_folder_get_files:
 * @self: a folder
 *
 * Returns: (transfer none) (nullable) (element-type HeartbeatAgentFile): its files, until the next ::changed; %NULL while
 *   there is no folder
 */
GPtrArray *
heartbeat_agents_folder_get_files (HeartbeatAgentsFolder *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_AGENTS_FOLDER (self), NULL);

  return self->contents != NULL ? self->contents->files : NULL;
}

/**
 * heartbeat_agents_folder_get_error:
 * @self: a folder
 *
 * Returns: (transfer none): why it cannot be read, or an empty text
 */
const char *
heartbeat_agents_folder_get_error (HeartbeatAgentsFolder *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_AGENTS_FOLDER (self), NULL);

  return self->error;
}
