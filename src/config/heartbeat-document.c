/* SPDX-License-Identifier: MIT */

#include "config/heartbeat-document.h"

#include <fcntl.h>

#include "base/heartbeat-deadline.h"
#include "base/heartbeat-error.h"

#define REREAD_DELAY_US G_USEC_PER_SEC

/**
 * HeartbeatDocument:
 *
 * A heartbeat.json: watches, reads and edits the file, one job at a time on GTask's threads, and holds its last valid
 * configuration. It is the only source of that configuration.
 *
 * If the text is not JSON, or the file has disappeared, it is read again a second later: somebody may be writing or
 * replacing it.
 */
struct _HeartbeatDocument
{
  GObject parent_instance;

  char *path;
  GFileMonitor *monitor;
  HeartbeatIdentity identity;
  gint64 verified_at; /* when a look began that found the identity unchanged, monotonic; 0: none */
  gboolean trusted;
  HeartbeatConfig *config;
  char *error; /* why the file cannot be used, NULL where it can */

  GQueue jobs; /* of GTask; the first is under way */
  gboolean swept;
  gboolean closed;

  gboolean reading;
  gboolean read_again;            /* somebody asked for what the read under way may have missed */
  gboolean changed_while_reading; /* the file changed during the read under way */
  gboolean was_good;              /* what was read last */
  gboolean second_look;           /* at a text that is not JSON, or a file that is not there */
  GSource *reread_timer;
  GPtrArray *waiters; /* of GTask: for the end of this read */
  GPtrArray *next;    /* of GTask: for the end of the one after it */
};

/* Input and output of a job, which runs on another thread. */
typedef struct
{
  char *path;
  gboolean sweep;                /* remove what a killed process has left */
  HeartbeatStorageEditFunc edit; /* NULL only reads */
  gpointer data;
  GDestroyNotify destroy;
  HeartbeatConfig *known; /* the configuration when the job began */
  GTask *edit_task;       /* the task of heartbeat_document_edit_async() */

  gboolean read;
  HeartbeatIdentity identity;
  gboolean racy;
} Job;

enum
{
  LOADED,
  BROKEN,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (HeartbeatDocument, heartbeat_document, G_TYPE_OBJECT)

static void read_file (HeartbeatDocument *self);

static void
heartbeat_document_dispose (GObject *object)
{
  heartbeat_document_close (HEARTBEAT_DOCUMENT (object));
  G_OBJECT_CLASS (heartbeat_document_parent_class)->dispose (object);
}

static void
heartbeat_document_finalize (GObject *object)
{
  HeartbeatDocument *self = HEARTBEAT_DOCUMENT (object);

  g_ptr_array_unref (self->waiters);
  g_ptr_array_unref (self->next);
  g_clear_pointer (&self->config, heartbeat_config_unref);
  g_free (self->error);
  g_free (self->path);
  G_OBJECT_CLASS (heartbeat_document_parent_class)->finalize (object);
}

static void
heartbeat_document_class_init (HeartbeatDocumentClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GType type = G_TYPE_FROM_CLASS (klass);

  object_class->dispose = heartbeat_document_dispose;
  object_class->finalize = heartbeat_document_finalize;

  /**
   * HeartbeatDocument::loaded:
   * @self: a document
   *
   * The file was read or edited, and is valid: heartbeat_document_get_config() is what it says now, perhaps the same as
   * before.
   */
  signals[LOADED]
      = g_signal_new ("loaded", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);

  /**
   * HeartbeatDocument::broken:
   * @self: a document
   *
   * The file was read, and cannot be used: heartbeat_document_get_error() says why.
   */
  signals[BROKEN]
      = g_signal_new ("broken", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
heartbeat_document_init (HeartbeatDocument *self)
{
  g_queue_init (&self->jobs);
  self->waiters = g_ptr_array_new_with_free_func (g_object_unref);
  self->next = g_ptr_array_new_with_free_func (g_object_unref);
}

static void
on_file_event (HeartbeatDocument *self)
{
  self->changed_while_reading = self->reading;
  if (!self->reading && !heartbeat_document_is_current (self, g_get_monotonic_time ()))
    read_file (self);
}

/* Where the system cannot watch the file, each tick still looks at it. */
static void
watch_file (HeartbeatDocument *self)
{
  g_autoptr (GFile) file = g_file_new_for_path (self->path);

  self->monitor = g_file_monitor_file (file, G_FILE_MONITOR_WATCH_MOVES, NULL, NULL);
  if (self->monitor != NULL)
    g_signal_connect_swapped (self->monitor, "changed", G_CALLBACK (on_file_event), self);
}

/**
 * heartbeat_document_new:
 * @path: where the file is, or will be
 *
 * Returns: (transfer full): a document that has not been read yet
 */
HeartbeatDocument *
heartbeat_document_new (const char *path)
{
  HeartbeatDocument *self;

  g_return_val_if_fail (path != NULL, NULL);

  self = g_object_new (HEARTBEAT_TYPE_DOCUMENT, NULL);
  self->path = g_canonicalize_filename (path, NULL);
  watch_file (self);
  return self;
}

static GPtrArray *
take (GPtrArray **waiters)
{
  GPtrArray *taken = *waiters;

  *waiters = g_ptr_array_new_with_free_func (g_object_unref);
  return taken;
}

static void
answer (GPtrArray *waiters)
{
  for (guint i = 0; i < waiters->len; i++)
    g_task_return_boolean (g_ptr_array_index (waiters, i), TRUE);
  g_ptr_array_unref (waiters);
}

/**
 * heartbeat_document_close:
 * @self: a document
 *
 * Watches and reads the file no more, and emits no more signals. Those who wait for a read are answered now. Edits are
 * still made.
 */
void
heartbeat_document_close (HeartbeatDocument *self)
{
  g_return_if_fail (HEARTBEAT_IS_DOCUMENT (self));

  self->closed = TRUE;
  heartbeat_deadline_clear (&self->reread_timer);
  if (self->monitor != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->monitor, self);
      g_file_monitor_cancel (self->monitor);
    }
  g_clear_object (&self->monitor);
  answer (take (&self->waiters));
  answer (take (&self->next));
}

/**
 * heartbeat_document_get_path:
 * @self: a document
 *
 * Returns: (transfer none): the absolute path of the file
 */
const char *
heartbeat_document_get_path (HeartbeatDocument *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_DOCUMENT (self), NULL);

  return self->path;
}

/**
 * heartbeat_document_get_config:
 * @self: a document
 *
 * Returns: (transfer none) (nullable): what the file said when it last was valid; %NULL before that
 */
HeartbeatConfig *
heartbeat_document_get_config (HeartbeatDocument *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_DOCUMENT (self), NULL);

  return self->config;
}

/**
 * heartbeat_document_get_error:
 * @self: a document
 *
 * Returns: (transfer none) (nullable): why the file cannot be used; %NULL where it is valid, or was not read yet
 */
const char *
heartbeat_document_get_error (HeartbeatDocument *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_DOCUMENT (self), NULL);

  return self->error;
}

/**
 * heartbeat_document_is_reading:
 * @self: a document
 *
 * Returns: whether the file is being read, or will be for a second look
 */
gboolean
heartbeat_document_is_reading (HeartbeatDocument *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_DOCUMENT (self), FALSE);

  return self->reading;
}

/**
 * heartbeat_document_is_current:
 * @self: a document
 * @moment: monotonic time in microseconds
 *
 * Costs one `statx`, but nothing for a moment before the last one: whatever was written until then has been seen.
 *
 * Returns: whether what was read last was in the file at @moment or later
 */
gboolean
heartbeat_document_is_current (HeartbeatDocument *self, gint64 moment)
{
  HeartbeatIdentity identity;
  gint64 now;

  g_return_val_if_fail (HEARTBEAT_IS_DOCUMENT (self), FALSE);

  if (self->reading || !self->trusted)
    return FALSE;
  if (moment < self->verified_at)
    return TRUE;
  now = g_get_monotonic_time ();
  heartbeat_identity_query (&identity, AT_FDCWD, self->path);
  self->verified_at = heartbeat_identity_equal (&identity, &self->identity) ? now : 0;
  return self->verified_at != 0;
}

/* --- On another thread ---------------------------------------------------------------------------------------------- */

static void
job_free (gpointer data)
{
  Job *job = data;

  if (job->destroy != NULL)
    job->destroy (job->data);
  g_clear_object (&job->edit_task);
  g_clear_pointer (&job->known, heartbeat_config_unref);
  g_free (job->path);
  g_free (job);
}

/* Too many open files, or a disk or server that fails: that passes, and the file looks as before. */
static gboolean
may_pass (const GError *error)
{
  return error != NULL && error->domain == G_IO_ERROR
         && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

/* Before a save, and once more after most of them, the text is that of the active configuration. */
static HeartbeatConfig *
parse (const Job *job, GBytes *text, GError **error)
{
  if (job->known != NULL && g_bytes_equal (text, job->known->text))
    return heartbeat_config_ref (job->known);
  return heartbeat_config_parse (text, error);
}

static HeartbeatConfig *
read_config (Job *job, GError **error)
{
  gint64 read_at = g_get_real_time ();
  g_autoptr (GError) reason = NULL;
  g_autoptr (GBytes) text
      = heartbeat_storage_read (job->path, HEARTBEAT_CONFIG_MAX_BYTES, &job->identity, &reason);

  job->read = TRUE;
  job->racy = heartbeat_identity_is_racy (&job->identity, read_at) || may_pass (reason);
  if (text != NULL)
    return parse (job, text, error);
  g_propagate_error (error, g_steal_pointer (&reason));
  return NULL;
}

/* Never write to a file that is not valid. */
static GBytes *
edit_valid (GBytes *text, gconstpointer data, GError **error)
{
  const Job *job = data;
  g_autoptr (HeartbeatConfig) config = parse (job, text, error);

  return config != NULL ? job->edit (text, job->data, error) : NULL;
}

/* An edit does not know which identity the file has now, so the file is read again: that is the active configuration. If
 * that fails, somebody is writing it already. The edit was saved all the same, and the file is read again at the next look. */
static HeartbeatConfig *
edit_config (Job *job, GError **error)
{
  g_autoptr (GBytes) text
      = heartbeat_storage_edit (job->path, HEARTBEAT_CONFIG_MAX_BYTES, edit_valid, job, error);
  HeartbeatConfig *config;

  if (text == NULL)
    return NULL;
  config = read_config (job, NULL);
  if (config != NULL)
    return config;
  job->racy = TRUE;
  return heartbeat_config_parse (text, error);
}

static void
run_job (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Job *job = task_data;
  HeartbeatConfig *config;
  GError *error = NULL;

  if (job->sweep)
    heartbeat_storage_sweep (job->path);
  config = job->edit != NULL ? edit_config (job, &error) : read_config (job, &error);
  if (config == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, config, (GDestroyNotify) heartbeat_config_unref);
}

/* --- On the loop's thread ------------------------------------------------------------------------------------------- */

static void on_job_done (GObject *source, GAsyncResult *result, gpointer user_data);

static void
start_next (HeartbeatDocument *self)
{
  GTask *task = g_queue_peek_head (&self->jobs);

  if (task != NULL)
    g_task_run_in_thread (task, run_job);
}

static void
push (HeartbeatDocument *self, Job *job)
{
  GTask *task = g_task_new (self, NULL, on_job_done, NULL);

  job->path = g_strdup (self->path);
  if (self->config != NULL)
    job->known = heartbeat_config_ref (self->config);
  job->sweep = !self->swept;
  self->swept = TRUE;
  g_task_set_task_data (task, job, job_free);
  g_queue_push_tail (&self->jobs, task);
  if (self->jobs.length == 1)
    start_next (self);
}

/* A read that begins now answers everyone who is waiting. */
static void
push_read (HeartbeatDocument *self)
{
  self->read_again = FALSE;
  g_ptr_array_extend_and_steal (self->waiters, take (&self->next));
  push (self, g_new0 (Job, 1));
}

static gboolean
on_reread (gpointer user_data)
{
  push_read (user_data);
  return G_SOURCE_REMOVE;
}

static void
set_config (HeartbeatDocument *self, HeartbeatConfig *config)
{
  g_clear_pointer (&self->config, heartbeat_config_unref);
  self->config = heartbeat_config_ref (config);
  g_clear_pointer (&self->error, g_free);
  self->was_good = TRUE;
  if (!self->closed)
    g_signal_emit (self, signals[LOADED], 0);
}

static void
set_error (HeartbeatDocument *self, const GError *error)
{
  g_free (self->error);
  self->error = g_strdup (error->message);
  self->was_good = FALSE;
  g_signal_emit (self, signals[BROKEN], 0);
}

/* Somebody may be writing or replacing the file. */
static gboolean
deserves_second_look (HeartbeatDocument *self, const GError *error)
{
  return !self->second_look
         && (g_error_matches (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT)
             || (self->was_good && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND)));
}

static void
end_read (HeartbeatDocument *self, HeartbeatConfig *config, const GError *error)
{
  GPtrArray *waiters;

  if (self->closed)
    return;
  if (deserves_second_look (self, error))
    {
      self->second_look = TRUE;
      heartbeat_deadline_set_in (&self->reread_timer, REREAD_DELAY_US, on_reread, self);
      return;
    }
  self->second_look = FALSE;
  waiters = take (&self->waiters);
  self->reading = self->read_again;
  if (self->read_again)
    push_read (self);
  if (config != NULL)
    set_config (self, config);
  else
    set_error (self, error);
  answer (waiters);
  if (self->changed_while_reading && !self->reading && !self->closed)
    on_file_event (self);
}

static void
end_edit (HeartbeatDocument *self, GTask *editor, HeartbeatConfig *config, GError *error)
{
  if (config == NULL)
    {
      g_task_return_error (editor, g_error_copy (error));
      return;
    }
  set_config (self, config);
  g_task_return_boolean (editor, TRUE);
}

static void
on_job_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatDocument) self = g_object_ref (HEARTBEAT_DOCUMENT (source));
  g_autoptr (GTask) task = g_queue_pop_head (&self->jobs);
  Job *job = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatConfig) config = g_task_propagate_pointer (task, &error);

  g_warn_if_fail (G_TASK (result) == task);
  if (job->read)
    {
      self->identity = job->identity;
      self->trusted = !job->racy;
    }
  start_next (self);
  if (job->edit != NULL)
    end_edit (self, job->edit_task, config, error);
  else
    end_read (self, config, error);
}

static void
read_file (HeartbeatDocument *self)
{
  if (self->reading || self->closed)
    return;
  self->reading = TRUE;
  push_read (self);
}

/**
 * heartbeat_document_reload_async:
 * @self: a document
 * @callback: called when the file was read; it calls heartbeat_document_read_finish()
 * @user_data: passed to @callback
 *
 * Reads the file as it is now: a read under way may have begun before the last change.
 */
void
heartbeat_document_reload_async (HeartbeatDocument *self,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (HEARTBEAT_IS_DOCUMENT (self));

  task = g_task_new (self, NULL, callback, user_data);
  if (self->closed)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  self->read_again = self->reading && self->reread_timer == NULL;
  g_ptr_array_add (self->read_again ? self->next : self->waiters, g_steal_pointer (&task));
  read_file (self);
}

/**
 * heartbeat_document_refresh_async:
 * @self: a document
 * @callback: called when the configuration is what the file says now, or cannot be; it calls
 *   heartbeat_document_read_finish()
 * @user_data: passed to @callback
 *
 * Reads the file if it has changed since it was read last.
 */
void
heartbeat_document_refresh_async (HeartbeatDocument *self,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (HEARTBEAT_IS_DOCUMENT (self));

  if (!heartbeat_document_is_current (self, g_get_monotonic_time ()))
    {
      heartbeat_document_reload_async (self, callback, user_data);
      return;
    }
  task = g_task_new (self, NULL, callback, user_data);
  g_task_return_boolean (task, TRUE);
}

/**
 * heartbeat_document_read_finish:
 * @self: a document
 * @result: what the callback was given
 *
 * Ends heartbeat_document_reload_async() and heartbeat_document_refresh_async(). What was found is in
 * heartbeat_document_get_config() and heartbeat_document_get_error().
 */
void
heartbeat_document_read_finish (HeartbeatDocument *self, GAsyncResult *result)
{
  g_return_if_fail (g_task_is_valid (result, self));

  g_task_propagate_boolean (G_TASK (result), NULL);
}

/**
 * heartbeat_document_edit_async:
 * @self: a document
 * @edit: what to do with the text, called on another thread
 * @data: passed to @edit
 * @destroy: (nullable): frees @data
 * @callback: called when the change is on disk; it calls heartbeat_document_edit_finish()
 * @user_data: passed to @callback
 *
 * Edits the file as heartbeat_storage_edit() does, and reads it again: #HeartbeatDocument::loaded comes before @callback.
 */
void
heartbeat_document_edit_async (HeartbeatDocument *self,
                               HeartbeatStorageEditFunc edit,
                               gpointer data,
                               GDestroyNotify destroy,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  Job *job;

  g_return_if_fail (HEARTBEAT_IS_DOCUMENT (self));
  g_return_if_fail (edit != NULL);

  job = g_new0 (Job, 1);
  job->edit = edit;
  job->data = data;
  job->destroy = destroy;
  job->edit_task = g_task_new (self, NULL, callback, user_data);
  push (self, job);
}

/**
 * heartbeat_document_edit_finish:
 * @self: a document
 * @result: what the callback was given
 * @error: return location for a #GIOErrorEnum where the file cannot be read or written, a #HeartbeatError where its text
 *   is wrong or the edit is impossible
 *
 * Ends heartbeat_document_edit_async().
 *
 * Returns: whether the file was changed
 */
gboolean
heartbeat_document_edit_finish (HeartbeatDocument *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
