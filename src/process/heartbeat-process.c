/* SPDX-License-Identifier: MIT */

#include "process/heartbeat-process.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <json-glib/json-glib.h>

#include "json/heartbeat-json.h"
#include "run/heartbeat-run-private.h"
#include "process/heartbeat-group.h"
#include "process/heartbeat-spawn.h"

#define MAX_ERROR_TEXT (4 * 1024)
#define PIPE_SIZE      (64 * 1024)

/* Credentials, and what systemd sets for the service itself. INVOCATION_ID stays: it identifies this start of the unit in
 * what the program logs. */
static const char *const private_variables[] = {
  "RABBIT_URL",
  "CREDENTIALS_DIRECTORY",
  "NOTIFY_SOCKET",
  "WATCHDOG_PID",
  "WATCHDOG_USEC",
  "JOURNAL_STREAM",
  "LISTEN_PID",
  "LISTEN_FDS",
  "LISTEN_FDNAMES",
  "MEMORY_PRESSURE_WATCH",
  "MEMORY_PRESSURE_WRITE",
  "SYSTEMD_EXEC_PID",
};

/* One of the program's output streams: read to its end, kept up to a limit. */
typedef struct
{
  GInputStream *stream;
  GSource *source;
  GString *text;
  gsize max;
  gboolean truncated;
} Reader;

/* A running program. Its task, its group and the writing of its input each hold a reference. */
typedef struct
{
  gatomicrefcount refs;
  HeartbeatGroup *group; /* NULL once it is over */
  HeartbeatProcesses *processes;
  GTask *task; /* until the program has ended */
  HeartbeatLaunch *launch;
  GOutputStream *in;
  GBytes *input;
  GCancellable *input_cancellable;
  Reader out;
  Reader err;
  GCancellable *cancellable;
  gulong cancelled_id;
} Process;

static void
reader_stop (Reader *reader)
{
  if (reader->source != NULL)
    g_source_destroy (reader->source);
  g_clear_pointer (&reader->source, g_source_unref);
}

static void
process_unref (Process *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  reader_stop (&self->out);
  reader_stop (&self->err);
  g_string_free (self->out.text, TRUE);
  g_string_free (self->err.text, TRUE);
  g_clear_object (&self->out.stream);
  g_clear_object (&self->err.stream);
  g_clear_object (&self->in);
  heartbeat_launch_unref (self->launch);
  g_clear_object (&self->processes);
  g_clear_object (&self->input_cancellable);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->input, g_bytes_unref);
  g_free (self);
}

static Process *
process_ref (Process *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

/* Reads what is there, but no more than a pipe holds, so that endless output does not block the loop. Returns FALSE at the
 * end of the stream. */
static gboolean
drain (Reader *reader)
{
  GPollableInputStream *stream = G_POLLABLE_INPUT_STREAM (reader->stream);
  char buffer[4096];

  for (guint i = 0; i < PIPE_SIZE / sizeof buffer; i++)
    {
      g_autoptr (GError) error = NULL;
      gssize n
          = g_pollable_input_stream_read_nonblocking (stream, buffer, sizeof buffer, NULL, &error);

      if (n < 0)
        return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
      if (n == 0)
        return FALSE;
      reader->truncated |= (gsize) n > reader->max - reader->text->len;
      g_string_append_len (reader->text, buffer, MIN ((gsize) n, reader->max - reader->text->len));
    }
  return TRUE;
}

static gboolean
on_readable (GObject *stream, gpointer user_data)
{
  return drain (user_data) ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
reader_start (Reader *reader, int fd, gsize max)
{
  reader->stream = g_unix_input_stream_new (fd, TRUE);
  reader->text = g_string_new (NULL);
  reader->max = max;
  reader->source
      = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (reader->stream), NULL);
  g_source_set_callback (reader->source, G_SOURCE_FUNC (on_readable), reader, NULL);
  g_source_attach (reader->source, g_main_context_get_thread_default ());
}

static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  Process *self = user_data;

  heartbeat_group_terminate (self->group);
}

static HeartbeatProcessOutput *
collect_output (Process *self, int exit_status)
{
  HeartbeatProcessOutput *output = g_new0 (HeartbeatProcessOutput, 1);

  output->exit_status = exit_status;
  output->text = g_strndup (self->out.text->str, self->out.text->len);
  output->truncated = self->out.truncated;
  output->error_text = g_strndup (self->err.text->str, self->err.text->len);
  return output;
}

/* Its children may still hold the pipes open, but everything that the program itself wrote is there by now. */
static void
on_ended (HeartbeatGroup *group, int exit_status, gpointer user_data)
{
  Process *self = user_data;
  g_autoptr (GTask) task = g_steal_pointer (&self->task);
  GError *error = NULL;

  drain (&self->out);
  drain (&self->err);
  reader_stop (&self->out);
  reader_stop (&self->err);
  /* Its children get a broken pipe, as if a terminal had closed. */
  g_clear_object (&self->out.stream);
  g_clear_object (&self->err.stream);
  g_cancellable_cancel (self->input_cancellable);
  g_signal_handler_disconnect (self->cancellable, self->cancelled_id);
  if (heartbeat_launch_check (self->launch, &error))
    g_task_return_pointer (task, collect_output (self, exit_status),
                           (GDestroyNotify) heartbeat_process_output_free);
  else
    g_task_return_error (task, error);
}

static void
on_over (HeartbeatGroup *group, int exit_status, gpointer user_data)
{
  Process *self = user_data;

  if (self->processes != NULL)
    heartbeat_processes_remove (self->processes, group);
  g_clear_pointer (&self->group, heartbeat_group_unref);
  process_unref (self);
}

static void
on_input_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Process *self = user_data;

  /* A program need not read its input. */
  g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, NULL);
  g_output_stream_close_async (G_OUTPUT_STREAM (source), G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  process_unref (self);
}

static void
write_input (Process *self)
{
  gsize length;
  gconstpointer data = g_bytes_get_data (self->input, &length);

  g_output_stream_write_all_async (self->in, data, length, G_PRIORITY_DEFAULT,
                                   self->input_cancellable, on_input_written, process_ref (self));
}

static void
append_text (GString *json, const char *value)
{
  g_autofree char *text = heartbeat_json_quote (value);

  g_string_append (json, text);
}

/* The standard input of handlers. Check and envelope are inserted exactly as they are written. */
static GBytes *
make_input (HeartbeatRun *run)
{
  GString *text = g_string_new ("{\"agent\": ");

  append_text (text, heartbeat_run_get_agent_name (run));
  if (heartbeat_run_get_check_name (run) != NULL)
    {
      g_string_append (text, ", \"check_name\": ");
      append_text (text, heartbeat_run_get_check_name (run));
    }
  if (heartbeat_run_get_routing_key (run) != NULL)
    {
      g_string_append (text, ", \"routing_key\": ");
      append_text (text, heartbeat_run_get_routing_key (run));
    }
  g_string_append_printf (text, ", \"timestamp\": %" G_GINT64_FORMAT ", \"envelope\": %s",
                          heartbeat_run_get_timestamp (run), heartbeat_run_get_envelope (run));
  if (heartbeat_run_get_check (run) != NULL)
    g_string_append_printf (text, ", \"check\": %s", heartbeat_run_get_check (run));
  g_string_append (text, "}\n");
  return g_string_free_to_bytes (text);
}

static GStrv
make_environment (HeartbeatRun *run)
{
  GStrv environment = g_get_environ ();

  for (guint i = 0; i < G_N_ELEMENTS (private_variables); i++)
    environment = g_environ_unsetenv (environment, private_variables[i]);
  environment
      = g_environ_setenv (environment, "HEARTBEAT_AGENT", heartbeat_run_get_agent_name (run), TRUE);
  if (heartbeat_run_get_check_name (run) == NULL)
    return g_environ_unsetenv (environment, "HEARTBEAT_CHECK");
  return g_environ_setenv (environment, "HEARTBEAT_CHECK", heartbeat_run_get_check_name (run),
                           TRUE);
}

/* A program that does not read its input must not kill this process. GIO does the same for sockets. A handler that an
 * embedding program has installed is kept. */
static void
ignore_broken_pipes (void)
{
  struct sigaction action;

  if (sigaction (SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
    signal (SIGPIPE, SIG_IGN);
}

static Process *
spawn (HeartbeatProcesses *processes,
       HeartbeatRun *run,
       const char *const *argv,
       gsize max_output,
       GError **error)
{
  g_auto (GStrv) environment = make_environment (run);
  const char *folder = heartbeat_run_get_working_folder (run);
  guint64 file_limit = processes != NULL ? heartbeat_processes_get_file_limit (processes) : 0;
  HeartbeatChild child;
  Process *self;

  if (!heartbeat_spawn (&child, argv, (const char *const *) environment, folder, file_limit, error))
    return NULL;
  self = g_new0 (Process, 1);
  g_atomic_ref_count_init (&self->refs);
  self->launch = child.launch;
  self->in = g_unix_output_stream_new (child.in, TRUE);
  reader_start (&self->out, child.out, max_output);
  reader_start (&self->err, child.err, MAX_ERROR_TEXT);
  self->group = heartbeat_group_new (child.pid, on_ended, on_over, process_ref (self));
  return self;
}

/**
 * heartbeat_process_run_async:
 * @processes: (nullable): ends the program's group if it is still there when the service stops
 * @run: the run that the program works for
 * @argv: (array zero-terminated=1): the program and its arguments; no shell is involved
 * @max_output: how many bytes of its standard output are kept
 * @callback: called when the program has ended; it calls heartbeat_process_run_finish()
 * @user_data: passed to @callback
 *
 * Starts a program in the folder of heartbeat.json, with the run as one JSON object on its standard input. If the run is
 * cancelled, its process group gets SIGTERM, and SIGKILL five seconds later. Otherwise what the program leaves in the
 * background is left alone.
 */
void
heartbeat_process_run_async (HeartbeatProcesses *processes,
                             HeartbeatRun *run,
                             const char *const *argv,
                             gsize max_output,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  Process *self;

  g_return_if_fail (HEARTBEAT_IS_RUN (run));
  g_return_if_fail (argv != NULL);

  task = g_task_new (run, NULL, callback, user_data);
  ignore_broken_pipes ();
  self = spawn (processes, run, argv, max_output, &error);
  if (self == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  g_task_set_task_data (task, self, (GDestroyNotify) process_unref);
  self->input = make_input (run);
  self->input_cancellable = g_cancellable_new ();
  write_input (self);
  if (processes != NULL)
    {
      self->processes = g_object_ref (processes);
      heartbeat_processes_add (processes, self->group);
    }
  self->task = g_steal_pointer (&task);
  self->cancellable = g_object_ref (heartbeat_run_get_cancellable (run));
  self->cancelled_id
      = g_signal_connect (self->cancellable, "cancelled", G_CALLBACK (on_cancelled), self);
  /* The run may have ended while the program was looked up. */
  if (g_cancellable_is_cancelled (self->cancellable))
    heartbeat_group_terminate (self->group);
}

/**
 * heartbeat_process_run_finish:
 * @result: what the callback was given
 * @error: return location for the reason why the program cannot be started
 *
 * Returns: (transfer full): what the program left behind
 */
HeartbeatProcessOutput *
heartbeat_process_run_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (G_IS_ASYNC_RESULT (result), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
heartbeat_process_output_free (HeartbeatProcessOutput *output)
{
  g_return_if_fail (output != NULL);

  g_free (output->text);
  g_free (output->error_text);
  g_free (output);
}
