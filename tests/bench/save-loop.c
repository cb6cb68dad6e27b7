/* SPDX-License-Identifier: MIT */

/* What a save of heartbeat.json costs, beside a write and fsync of as many bytes: save-loop FILE CHECK ROUNDS. Each line has
 * the µs of a save, from the call on the main loop to its end, and those of its CPU time in all threads; then both of the
 * write. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "agent/heartbeat-last-run-store.h"

typedef struct
{
  HeartbeatDocument *document;
  HeartbeatLastRunStore *store;
  const char *check;
} Loop;

static void
keep_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **place = user_data;

  *place = g_object_ref (result);
}

static void
wait_for (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
load (Loop *loop)
{
  g_autoptr (GAsyncResult) result = NULL;

  heartbeat_document_reload_async (loop->document, keep_result, &result);
  wait_for (&result);
  heartbeat_document_read_finish (loop->document, result);
  if (heartbeat_document_get_config (loop->document) == NULL)
    g_error ("%s", heartbeat_document_get_error (loop->document));
}

static const HeartbeatCheckSpec *
find (HeartbeatConfig *config, const char *name)
{
  for (guint i = 0; i < config->checks->len; i++)
    {
      const HeartbeatCheckSpec *spec = g_ptr_array_index (config->checks, i);

      if (g_str_equal (spec->name, name))
        return spec;
    }
  g_error ("no check %s", name);
}

/* Of two clocks, in µs. */
typedef struct
{
  gint64 wall;
  gint64 cpu;
} Span;

static Span
now (void)
{
  struct timespec cpu;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &cpu);
  return (Span){ g_get_monotonic_time (), cpu.tv_sec * G_USEC_PER_SEC + cpu.tv_nsec / 1000 };
}

static Span
since (Span start)
{
  Span end = now ();

  return (Span){ end.wall - start.wall, end.cpu - start.cpu };
}

static Span
time_save (Loop *loop, const HeartbeatCheckSpec *spec, gint64 last_run)
{
  g_autoptr (GAsyncResult) result = NULL;
  Span start = now ();

  heartbeat_last_run_store_save_async (loop->store, spec, last_run, keep_result, &result);
  wait_for (&result);
  heartbeat_last_run_store_finish (loop->store, result);
  return since (start);
}

static Span
time_write (const char *path, GBytes *text)
{
  gsize length;
  const char *data = g_bytes_get_data (text, &length);
  Span start = now (), span;
  int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

  if (fd < 0 || write (fd, data, length) != (gssize) length || fsync (fd) != 0 || close (fd) != 0)
    g_error ("%s: %s", path, g_strerror (errno));
  span = since (start);
  unlink (path);
  return span;
}

int
main (int argc, char **argv)
{
  g_autoptr (HeartbeatDocument) document = heartbeat_document_new (argv[1]);
  g_autoptr (HeartbeatLastRunStore) store = heartbeat_last_run_store_new ("a", document);
  Loop loop = { document, store, argv[2] };
  g_autofree char *plain = g_strconcat (argv[1], ".plain", NULL);
  int rounds = atoi (argv[3]);

  load (&loop);
  for (int i = 0; i < rounds; i++)
    {
      HeartbeatConfig *config = heartbeat_document_get_config (document);
      Span save = time_save (&loop, find (config, argv[2]), 1771796220000 + i);
      Span written = time_write (plain, heartbeat_document_get_config (document)->text);

      g_print ("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT
               "\n",
               save.wall, save.cpu, written.wall, written.cpu);
    }
  return 0;
}
