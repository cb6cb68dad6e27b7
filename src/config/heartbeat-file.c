/* SPDX-License-Identifier: MIT */

#include "config/heartbeat-file.h"

#include <fcntl.h>

/**
 * HeartbeatFile:
 *
 * A heartbeat.json on disk: it is read and edited on GTask's threads, one job after the other, and knows whether what was
 * read last still is what is there.
 */
struct _HeartbeatFile
{
  GObject parent_instance;

  char *path;
  HeartbeatIdentity identity;
  gint64 looked; /* when a look began that found it unchanged, monotonic; 0: none */
  gboolean trusted;
  gboolean swept;
  guint64 reads;
  HeartbeatConfig *config; /* what was good last, NULL before */
  GQueue jobs;             /* of GTask; the first is under way */
};

G_DEFINE_FINAL_TYPE (HeartbeatFile, heartbeat_file, G_TYPE_OBJECT)

/* What the thread of a job is given, and what it found. */
typedef struct
{
  char *path;
  HeartbeatEdit edit; /* NULL only reads */
  gpointer data;
  GDestroyNotify destroy;
  HeartbeatConfig *known; /* what spares reading most of the text, or NULL */
  gboolean sweep;         /* remove what a killed process has left */
  HeartbeatIdentity identity;
  gboolean racy;
  gboolean read;
} Job;

static void
job_free (gpointer data)
{
  Job *job = data;

  if (job->destroy != NULL)
    job->destroy (job->data);
  g_clear_pointer (&job->known, heartbeat_config_unref);
  g_free (job->path);
  g_free (job);
}

static void
heartbeat_file_finalize (GObject *object)
{
  HeartbeatFile *self = HEARTBEAT_FILE (object);

  g_clear_pointer (&self->config, heartbeat_config_unref);
  g_free (self->path);
  G_OBJECT_CLASS (heartbeat_file_parent_class)->finalize (object);
}

static void
heartbeat_file_class_init (HeartbeatFileClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = heartbeat_file_finalize;
}

static void
heartbeat_file_init (HeartbeatFile *self)
{
  g_queue_init (&self->jobs);
}

/**
 * heartbeat_file_new:
 * @path: where it is, or will be
 *
 * Returns: (transfer full): a file that was not read yet
 */
HeartbeatFile *
heartbeat_file_new (const char *path)
{
  HeartbeatFile *self = g_object_new (HEARTBEAT_TYPE_FILE, NULL);

  self->path = g_canonicalize_filename (path, NULL);
  return self;
}

/**
 * heartbeat_file_get_path:
 * @self: a file
 *
 * Returns: (transfer none): its absolute path
 */
const char *
heartbeat_file_get_path (HeartbeatFile *self)
{
  return self->path;
}

/**
 * heartbeat_file_is_current:
 * @self: a file
 * @moment: monotonic time in microseconds, or %HEARTBEAT_FILE_NOW
 *
 * Costs one `statx`, but nothing for a moment before the last one: whatever was written until then has been seen.
 *
 * Returns: whether what was read last was there at @moment or later
 */
gboolean
heartbeat_file_is_current (HeartbeatFile *self, gint64 moment)
{
  HeartbeatIdentity identity;
  gint64 now;

  if (!self->trusted)
    return FALSE;
  if (moment < self->looked)
    return TRUE;
  now = g_get_monotonic_time ();
  heartbeat_identity_query (&identity, AT_FDCWD, self->path);
  self->looked = heartbeat_identity_equal (&identity, &self->identity) ? now : 0;
  return self->looked != 0;
}

/**
 * heartbeat_file_get_reads:
 * @self: a file
 *
 * Returns: how often it was read; who has kept what heartbeat_file_finish() returned for a while sees by it whether that
 *   still is the latest
 */
guint64
heartbeat_file_get_reads (HeartbeatFile *self)
{
  return self->reads;
}

/**
 * heartbeat_file_get_config:
 * @self: a file
 *
 * Returns: (transfer none) (nullable): what it said when it last was good, %NULL before that; perhaps it says something else
 *   now
 */
HeartbeatConfig *
heartbeat_file_get_config (HeartbeatFile *self)
{
  return self->config;
}

/* Too many open files, or a disk or server that fails: that passes, and the file looks as before. */
static gboolean
may_pass (const GError *error)
{
  return error != NULL && error->domain == G_IO_ERROR
         && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

/* What the file says now, which may be what is expected, and its identity. */
static HeartbeatConfig *
read_config (Job *job, GBytes *expected, GError **error)
{
  gint64 read_at = g_get_real_time ();
  g_autoptr (GError) reason = NULL;
  g_autoptr (GBytes) text = heartbeat_storage_read_again (job->path, HEARTBEAT_CONFIG_MAX_SIZE,
                                                          expected, &job->identity, &reason);

  job->read = TRUE;
  job->racy = heartbeat_identity_is_racy (&job->identity, read_at) || may_pass (reason);
  if (text != NULL)
    return heartbeat_config_parse_after (job->known, text, error);
  g_propagate_error (error, g_steal_pointer (&reason));
  return NULL;
}

/* Editing does not tell which identity the file has now, so what is in force is what a read has found. If that fails,
 * somebody writes it again already: the change was saved all the same, and the file is read again at the next look. */
static HeartbeatConfig *
edit_config (Job *job, GBytes *expected, GError **error)
{
  g_autoptr (GBytes) text = heartbeat_storage_edit (job->path, HEARTBEAT_CONFIG_MAX_SIZE, expected,
                                                    job->edit, job->data, error);
  HeartbeatConfig *config;

  if (text == NULL)
    return NULL;
  config = read_config (job, text, NULL);
  if (config != NULL)
    return config;
  job->racy = TRUE;
  return heartbeat_config_parse_after (job->known, text, error);
}

static void
run_job (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Job *job = task_data;
  GBytes *expected = job->known != NULL ? job->known->text : NULL;
  HeartbeatConfig *config;
  GError *error = NULL;

  if (job->sweep)
    heartbeat_storage_sweep (job->path);
  config = job->edit != NULL ? edit_config (job, expected, &error)
                             : read_config (job, expected, &error);
  if (config == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, config, (GDestroyNotify) heartbeat_config_unref);
}

static void
start_next (HeartbeatFile *self)
{
  GTask *task = g_queue_peek_head (&self->jobs);
  Job *job;

  if (task == NULL)
    return;
  job = g_task_get_task_data (task);
  job->known = self->config != NULL ? heartbeat_config_ref (self->config) : NULL;
  g_task_run_in_thread (task, run_job);
}

static void
push (HeartbeatFile *self, Job *job, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  job->path = g_strdup (self->path);
  job->sweep = !self->swept;
  self->swept = TRUE;
  g_task_set_task_data (task, job, job_free);
  g_queue_push_tail (&self->jobs, task);
  if (self->jobs.length == 1)
    start_next (self);
}

/**
 * heartbeat_file_load_async:
 * @self: a file
 * @callback: called when it was read; it calls heartbeat_file_finish()
 * @user_data: passed to @callback
 *
 * Reads the file.
 */
void
heartbeat_file_load_async (HeartbeatFile *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (HEARTBEAT_IS_FILE (self));

  push (self, g_new0 (Job, 1), callback, user_data);
}

/**
 * heartbeat_file_edit_async:
 * @self: a file
 * @edit: what to do with its text, called on another thread
 * @data: passed to @edit
 * @destroy: frees @data
 * @callback: called when the change is on disk; it calls heartbeat_file_finish()
 * @user_data: passed to @callback
 *
 * Edits the file as heartbeat_storage_edit() does, and reads it.
 */
void
heartbeat_file_edit_async (HeartbeatFile *self,
                           HeartbeatEdit edit,
                           gpointer data,
                           GDestroyNotify destroy,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  Job *job = g_new0 (Job, 1);

  g_return_if_fail (HEARTBEAT_IS_FILE (self));

  job->edit = edit;
  job->data = data;
  job->destroy = destroy;
  push (self, job, callback, user_data);
}

/**
 * heartbeat_file_finish:
 * @self: a file
 * @result: what the callback was given
 * @error: return location for a #GIOErrorEnum where the file cannot be read or written, a #HeartbeatError where its text
 *   is wrong
 *
 * Ends heartbeat_file_load_async() and heartbeat_file_edit_async().
 *
 * Returns: (transfer full): what the file says now
 */
HeartbeatConfig *
heartbeat_file_finish (HeartbeatFile *self, GAsyncResult *result, GError **error)
{
  GTask *task = G_TASK (result);
  Job *job = g_task_get_task_data (task);
  HeartbeatConfig *config;

  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  if (job->read)
    {
      self->reads++;
      self->identity = job->identity;
      self->trusted = !job->racy;
    }
  config = g_task_propagate_pointer (task, error);
  if (config != NULL)
    {
      g_clear_pointer (&self->config, heartbeat_config_unref);
      self->config = heartbeat_config_ref (config);
    }
  g_warn_if_fail (g_queue_pop_head (&self->jobs) == task);
  start_next (self);
  /* The queue's reference; the caller of the callback holds another. */
  g_object_unref (task);
  return config;
}
