/* SPDX-License-Identifier: MIT */

#include "agent/heartbeat-history.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/heartbeat-io-error.h"
#include "base/heartbeat-limits.h"
#include "json/heartbeat-json.h"
#include "base/heartbeat-log.h"

#define FOLDER "heartbeat-consumer"

/* What waits to be written while a disk does not answer. */
#define MAX_PENDING (1024 * 1024)

/**
 * HeartbeatHistory:
 *
 * The past runs of an agent: the file `NAME.history.jsonl` in the folder `heartbeat-consumer` of the user's state folder, a
 * line of JSON for each run. When it has 1 MiB it becomes `NAME.history.jsonl.1`, in place of the one before; where it
 * cannot, no more is written, rather than without an end. It is a record for people: a run does not wait for it, and does
 * not fail with it.
 */
struct _HeartbeatHistory
{
  GObject parent_instance;

  char *agent;
  char *path;
  GString *pending;
  GQueue jobs; /* of GTask; the first is under way */
  gboolean warned;
};

/* What a thread does: writes lines, then reads entries if it is asked to. */
typedef struct
{
  char *path;
  char *lines;
  GError *write_error;
  gboolean read;
  char *check; /* NULL for all */
  guint most;
} Job;

G_DEFINE_FINAL_TYPE (HeartbeatHistory, heartbeat_history, G_TYPE_OBJECT)

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatHistoryEntry, heartbeat_history_entry_free)

static void start_job (HeartbeatHistory *self);

/**
 * heartbeat_history_entry_free:
 * @entry: (transfer full): a run of the past
 */
void
heartbeat_history_entry_free (HeartbeatHistoryEntry *entry)
{
  g_free (entry->check);
  g_free (entry->message);
  g_free (entry);
}

static void
job_free (gpointer data)
{
  Job *job = data;

  g_clear_error (&job->write_error);
  g_free (job->path);
  g_free (job->lines);
  g_free (job->check);
  g_free (job);
}

static void
heartbeat_history_finalize (GObject *object)
{
  HeartbeatHistory *self = HEARTBEAT_HISTORY (object);

  g_string_free (self->pending, TRUE);
  g_free (self->path);
  g_free (self->agent);
  G_OBJECT_CLASS (heartbeat_history_parent_class)->finalize (object);
}

static void
heartbeat_history_class_init (HeartbeatHistoryClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = heartbeat_history_finalize;
}

static void
heartbeat_history_init (HeartbeatHistory *self)
{
  self->pending = g_string_new (NULL);
  g_queue_init (&self->jobs);
}

/**
 * heartbeat_history_new:
 * @agent: the agent's name
 *
 * Returns: (transfer full): its history; nothing was read or written yet
 */
HeartbeatHistory *
heartbeat_history_new (const char *agent)
{
  HeartbeatHistory *self = g_object_new (HEARTBEAT_TYPE_HISTORY, NULL);
  g_autofree char *name = g_strconcat (agent, ".history.jsonl", NULL);

  self->agent = g_strdup (agent);
  self->path = g_build_filename (g_get_user_state_dir (), FOLDER, name, NULL);
  return self;
}

/**
 * heartbeat_history_get_path:
 * @self: a history
 *
 * Returns: (transfer none): where it is kept
 */
const char *
heartbeat_history_get_path (HeartbeatHistory *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_HISTORY (self), NULL);

  return self->path;
}

/* --- Writing, on another thread ------------------------------------------------------------------------------------- */

static char *
old_path (const char *path)
{
  return g_strconcat (path, ".1", NULL);
}

/* Not a pipe that somebody has put there: it could keep us waiting. */
static int
open_for_appending (const char *path, struct stat *status, GError **error)
{
  int fd = open (path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);

  if (fd < 0 || fstat (fd, status) != 0)
    heartbeat_io_error (error, errno, "open %s", path);
  else if (!S_ISREG (status->st_mode))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, "it is no ordinary file");
  else
    return fd;
  if (fd >= 0)
    close (fd);
  return -1;
}

/* One write, so that lines of several processes stay whole. */
static gboolean
append (int fd, const char *path, const char *lines, GError **error)
{
  gsize length = strlen (lines);
  gssize n = write (fd, lines, length);

  if (n == (gssize) length)
    return TRUE;
  return heartbeat_io_error (error, n < 0 ? errno : ENOSPC, "write %s", path);
}

/* A full disk or a loss of power may have cut the last line: it must not take the next one with it. */
static gboolean
is_torn (int fd, goffset size)
{
  char last = '\n';

  return size > 0 && pread (fd, &last, 1, size - 1) == 1 && last != '\n';
}

static gboolean
write_lines (const char *path, const char *lines, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *old = old_path (path);
  g_autofree char *text = NULL;
  struct stat status;
  gboolean written;
  int fd;

  g_mkdir_with_parents (folder, 0700);
  fd = open_for_appending (path, &status, error);
  if (fd < 0)
    return FALSE;
  if (status.st_size > 0 && status.st_size + (goffset) strlen (lines) > HEARTBEAT_HISTORY_MAX_BYTES)
    {
      close (fd);
      if (g_rename (path, old) != 0 && errno != ENOENT)
        return heartbeat_io_error (error, errno, "rename %s to %s", path, old);
      fd = open_for_appending (path, &status, error);
      if (fd < 0)
        return FALSE;
    }
  text = g_strconcat (is_torn (fd, status.st_size) ? "\n" : "", lines, NULL);
  written = append (fd, path, text, error);
  close (fd);
  return written;
}

/* --- Reading, on another thread ------------------------------------------------------------------------------------- */

static gboolean
get_text (const HeartbeatJson *object, const char *name, char **text)
{
  HeartbeatJson member;

  if (!heartbeat_json_get_member (object, name, &member) || !heartbeat_json_is_string (&member))
    return FALSE;
  *text = heartbeat_json_dup_string (&member, NULL);
  return TRUE;
}

static gboolean
get_integer (const HeartbeatJson *object, const char *name, gint64 *value)
{
  HeartbeatJson member;

  return heartbeat_json_get_member (object, name, &member)
         && heartbeat_json_get_integer (&member, value);
}

/* NULL for a line that was torn, or written by something else. */
static HeartbeatHistoryEntry *
parse_line (const char *line, gsize length)
{
  g_autoptr (HeartbeatHistoryEntry) entry = g_new0 (HeartbeatHistoryEntry, 1);
  g_autofree char *status = NULL;
  g_autofree char *trigger = NULL;
  HeartbeatJson root;

  if (!heartbeat_json_scan (line, length, HEARTBEAT_JSON_NONE, &root, NULL)
      || !heartbeat_json_is_object (&root) || !get_text (&root, "check", &entry->check)
      || !get_text (&root, "status", &status) || !get_text (&root, "message", &entry->message)
      || !get_text (&root, "trigger", &trigger) || !get_integer (&root, "time", &entry->time)
      || !get_integer (&root, "durationMs", &entry->duration))
    return NULL;
  entry->status = heartbeat_status_from_string (status);
  entry->manual = strcmp (trigger, "manual") == 0;
  return entry->status != HEARTBEAT_STATUS_NONE ? g_steal_pointer (&entry) : NULL;
}

/* From the end of the file, since the last runs are what people ask for. */
static void
read_entries (const char *path, const Job *job, GPtrArray *entries)
{
  g_autofree char *text = NULL;
  struct stat status;
  gsize length;

  if (stat (path, &status) != 0 || !S_ISREG (status.st_mode)
      || !g_file_get_contents (path, &text, &length, NULL))
    return;
  while (length > 0 && entries->len < job->most)
    {
      const char *before = memrchr (text, '\n', length - 1);
      gsize start = before != NULL ? (gsize) (before - text) + 1 : 0;
      g_autoptr (HeartbeatHistoryEntry) entry = parse_line (text + start, length - start);

      if (entry != NULL && (job->check == NULL || strcmp (entry->check, job->check) == 0))
        g_ptr_array_add (entries, g_steal_pointer (&entry));
      length = start;
    }
}

static void
do_job (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Job *job = task_data;
  GPtrArray *entries
      = g_ptr_array_new_with_free_func ((GDestroyNotify) heartbeat_history_entry_free);

  if (*job->lines != '\0')
    write_lines (job->path, job->lines, &job->write_error);
  if (job->read)
    {
      g_autofree char *old = old_path (job->path);

      read_entries (job->path, job, entries);
      read_entries (old, job, entries);
    }
  g_task_return_pointer (task, entries, (GDestroyNotify) g_ptr_array_unref);
}

/* --- Jobs ----------------------------------------------------------------------------------------------------------- */

static void
on_job_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HeartbeatHistory *self = HEARTBEAT_HISTORY (source);
  Job *job = g_task_get_task_data (G_TASK (result));
  g_autoptr (GTask) outer = g_queue_pop_head (&self->jobs);
  GPtrArray *entries = g_task_propagate_pointer (G_TASK (result), NULL);

  if (job->write_error != NULL)
    heartbeat_log (self->warned ? G_LOG_LEVEL_DEBUG : G_LOG_LEVEL_WARNING,
                   HEARTBEAT_EVENT_HISTORY_FAILED, self->agent, NULL, "runs are not recorded: %s",
                   job->write_error->message);
  self->warned = job->write_error != NULL;
  start_job (self);
  g_task_return_pointer (outer, entries, (GDestroyNotify) g_ptr_array_unref);
}

/* Lines that came while another job was under way go with this one. */
static void
start_job (HeartbeatHistory *self)
{
  GTask *outer = g_queue_peek_head (&self->jobs);
  g_autoptr (GTask) task = NULL;
  const Job *order = NULL;
  Job *job = NULL;

  if (outer == NULL)
    return;
  order = g_task_get_task_data (outer);
  job = g_new0 (Job, 1);
  job->path = g_strdup (self->path);
  job->lines = g_string_free (self->pending, FALSE);
  self->pending = g_string_new (NULL);
  job->read = order->read;
  job->check = g_strdup (order->check);
  job->most = order->most;
  task = g_task_new (self, NULL, on_job_done, NULL);
  g_task_set_task_data (task, job, job_free);
  g_task_run_in_thread (task, do_job);
}

static void
add_job (HeartbeatHistory *self, Job *order, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_task_set_task_data (task, order, job_free);
  g_queue_push_tail (&self->jobs, task);
  if (self->jobs.length == 1)
    start_job (self);
}

static char *
make_line (const char *check, HeartbeatResult *result, gboolean manual)
{
  g_autofree char *name = heartbeat_json_quote (check);
  g_autofree char *message = heartbeat_json_quote (heartbeat_result_get_message (result));

  return g_strdup_printf ("{\"time\": %" G_GINT64_FORMAT
                          ", \"check\": %s, \"status\": \"%s\", \"message\": %s, "
                          "\"durationMs\": %" G_GINT64_FORMAT ", \"trigger\": \"%s\"}\n",
                          heartbeat_result_get_started (result) / 1000, name,
                          heartbeat_status_to_string (heartbeat_result_get_status (result)),
                          message, heartbeat_result_get_duration (result) / 1000,
                          manual ? "manual" : "tick");
}

/**
 * heartbeat_history_append:
 * @self: a history
 * @check: the name of a check
 * @result: how a run of it ended
 * @manual: whether somebody ran it by hand
 *
 * Records a run, in the background.
 */
void
heartbeat_history_append (HeartbeatHistory *self,
                          const char *check,
                          HeartbeatResult *result,
                          gboolean manual)
{
  g_autofree char *line = NULL;

  g_return_if_fail (HEARTBEAT_IS_HISTORY (self));

  line = make_line (check, result, manual);
  if (self->pending->len + strlen (line) > MAX_PENDING)
    return;
  g_string_append (self->pending, line);
  if (g_queue_is_empty (&self->jobs))
    add_job (self, g_new0 (Job, 1), NULL, NULL);
}

/**
 * heartbeat_history_read_async:
 * @self: a history
 * @check: (nullable): the name of a check, %NULL for all
 * @most: how many runs at most
 * @callback: called when they were read; it calls heartbeat_history_read_finish()
 * @user_data: passed to @callback
 *
 * Reads the last runs, those of them included that were recorded just before.
 */
void
heartbeat_history_read_async (HeartbeatHistory *self,
                              const char *check,
                              guint most,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  Job *order = NULL;

  g_return_if_fail (HEARTBEAT_IS_HISTORY (self));

  order = g_new0 (Job, 1);
  order->read = TRUE;
  order->check = g_strdup (check);
  order->most = most;
  add_job (self, order, callback, user_data);
}

/**
 * heartbeat_history_read_finish:
 * @self: a history
 * @result: what the callback was given
 * @error: return location for an error; there is none so far
 *
 * Returns: (transfer full) (element-type HeartbeatHistoryEntry): the runs, newest first
 */
GPtrArray *
heartbeat_history_read_finish (HeartbeatHistory *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * heartbeat_history_flush_async:
 * @self: a history
 * @callback: called when all runs are recorded; it calls heartbeat_history_flush_finish()
 * @user_data: passed to @callback
 */
void
heartbeat_history_flush_async (HeartbeatHistory *self,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (HEARTBEAT_IS_HISTORY (self));

  add_job (self, g_new0 (Job, 1), callback, user_data);
}

void
heartbeat_history_flush_finish (HeartbeatHistory *self, GAsyncResult *result)
{
  g_return_if_fail (g_task_is_valid (result, self));

  g_autoptr (GPtrArray) none = g_task_propagate_pointer (G_TASK (result), NULL);
}
