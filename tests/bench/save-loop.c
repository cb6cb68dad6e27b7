/* SPDX-License-Identifier: MIT */

/* What a save of heartbeat.json costs, beside a write and fsync of as many bytes: save-loop FILE CHECK ROUNDS. Each line has
 * the µs of a save, from the call on the main loop to its end, and those of its CPU time in all threads; then both of the
 * write. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "config/heartbeat-config.h"
#include "agent/heartbeat-keeper.h"

typedef struct
{
  HeartbeatFile *file;
  HeartbeatKeeper *keeper;
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

static HeartbeatConfig *
load (Loop *loop)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  HeartbeatConfig *config;

  heartbeat_file_load_async (loop->file, keep_result, &result);
  wait_for (&result);
  config = heartbeat_file_finish (loop->file, result, &error);
  if (config == NULL)
    g_error ("%s", error->message);
  return config;
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
  g_autoptr (HeartbeatConfig) config = NULL;
  Span start = now ();

  heartbeat_keeper_save_async (loop->keeper, spec, last_run, keep_result, &result);
  wait_for (&result);
  config = heartbeat_keeper_finish (loop->keeper, result);
  g_assert (config != NULL);
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
  g_autoptr (HeartbeatFile) file = heartbeat_file_new (argv[1]);
  g_autoptr (HeartbeatKeeper) keeper = heartbeat_keeper_new ("a", file);
  Loop loop = { file, keeper, argv[2] };
  g_autoptr (HeartbeatConfig) config = load (&loop);
  const HeartbeatCheckSpec *spec = find (config, argv[2]);
  g_autofree char *plain = g_strconcat (argv[1], ".plain", NULL);
  int rounds = atoi (argv[3]);

  for (int i = 0; i < rounds; i++)
    {
      Span save = time_save (&loop, spec, 1771796220000 + i);
      Span written = time_write (plain, config->text);

      g_print ("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT
               "\n",
               save.wall, save.cpu, written.wall, written.cpu);
    }
  return 0;
}
