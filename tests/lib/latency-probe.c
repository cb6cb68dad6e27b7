/* SPDX-License-Identifier: MIT */

/* To be preloaded: measures by a timer of 10 ms how late the default main context is, and keeps the worst in the file that
 * LATENCY_PROBE names (a Probe, mapped, so that it can be read and reset at any time). It wakes the process a hundred times
 * a second. */

#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <glib.h>

#define INTERVAL_US 10000

/* Nanoseconds on a processor, nanoseconds of waiting for one, turns: of the thread that opened it, wherever it is read. */
#define SCHEDSTAT "/proc/thread-self/schedstat"

/* As tests/integration/bench/latency.py has it; all times are microseconds. */
typedef struct
{
  _Atomic uint64_t firings;
  _Atomic uint64_t
      reset; /* set by the reader: forget what was measured, and the delay that goes on */
  _Atomic int64_t worst; /* less the time in which the thread only waited for a processor */
  _Atomic int64_t worst_raw;
} Probe;

typedef struct
{
  GSource source;
  Probe *probe;
  int schedstat;  /* -1 where the kernel keeps no such account */
  int64_t due;    /* monotonic; 0 before the first time */
  int64_t waited; /* how long the thread had waited for a processor when the timer fired last */
} Timer;

static int64_t
read_waited (Timer *self)
{
  char text[64];
  char *second = NULL;
  ssize_t n = pread (self->schedstat, text, sizeof text - 1, 0);

  if (n <= 0)
    return 0;
  text[n] = '\0';
  g_ascii_strtoull (text, &second, 10);
  return (int64_t) (g_ascii_strtoull (second, NULL, 10) / 1000);
}

/* Reads both for the same moment: otherwise a thread that loses the processor between the two reads would be blamed for the
 * whole wait. */
static int64_t
read_times (Timer *self, int64_t *waited)
{
  int64_t now, again = read_waited (self);

  do
    {
      *waited = again;
      now = g_get_monotonic_time ();
      again = read_waited (self);
    }
  while (again != *waited);
  return now;
}

/* All waiting since the timer fired last is excused, even before it was due: so a thread that works without a pause may be
 * excused up to 10 ms too much. */
static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  Timer *self = (Timer *) source;
  Probe *probe = self->probe;
  int64_t waited, now = read_times (self, &waited);

  if (probe->reset != 0)
    {
      probe->worst = probe->worst_raw = 0;
      probe->reset = 0;
    }
  else if (self->due > 0)
    {
      int64_t delay = now - self->due;

      probe->worst_raw = MAX (probe->worst_raw, delay);
      probe->worst = MAX (probe->worst, delay - (waited - self->waited));
    }
  self->due = now + INTERVAL_US;
  self->waited = waited;
  g_source_set_ready_time (source, self->due);
  probe->firings++;
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs timer_funcs = { NULL, NULL, dispatch, NULL };

static Probe *
map_probe (const char *path)
{
  int fd = open (path, O_RDWR | O_CLOEXEC);
  void *page = MAP_FAILED;

  if (fd >= 0)
    page = mmap (NULL, sizeof (Probe), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED)
    abort ();
  close (fd);
  return page;
}

/* The programs that this one starts are not measured. */
__attribute__ ((constructor)) static void
start (void)
{
  const char *path = getenv ("LATENCY_PROBE");
  Timer *self;

  if (path == NULL)
    return;
  self = (Timer *) g_source_new (&timer_funcs, sizeof (Timer));
  self->probe = map_probe (path);
  self->schedstat = open (SCHEDSTAT, O_RDONLY | O_CLOEXEC);
  g_source_set_ready_time (&self->source, 0);
  g_source_attach (&self->source, NULL);
  g_source_unref (&self->source);
  unsetenv ("LD_PRELOAD");
  unsetenv ("LATENCY_PROBE");
}
