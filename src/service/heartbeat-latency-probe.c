/* SPDX-License-Identifier: MIT */

#include "service/heartbeat-latency-probe.h"

#include <fcntl.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/heartbeat-deadline.h"

#define INTERVAL_US 10000

/* Nanoseconds on a processor, nanoseconds of waiting for one, turns: of the thread that opened it, wherever it is read. */
#define SCHEDSTAT "/proc/thread-self/schedstat"

struct _HeartbeatLatencyProbe
{
  HeartbeatLatency latency;
  GSource *timer;
  int schedstat; /* -1 where the kernel keeps no such account */
};

/**
 * heartbeat_latency_note:
 * @self: what was measured so far
 * @now: the time, monotonic, in microseconds
 * @waited: for how long the thread has waited for a processor since it began, in microseconds; 0 where nobody knows
 *
 * Notes that the timer fires. Before its time that says nothing.
 *
 * All waiting since the timer fired last is excused, also what came before the timer's time: so a thread that works without
 * a pause may be excused the interval of 10 ms too much.
 */
void
heartbeat_latency_note (HeartbeatLatency *self, gint64 now, gint64 waited)
{
  if (now < self->due)
    return;
  if (self->due > 0)
    {
      gint64 delay = now - self->due;

      self->worst_raw = MAX (self->worst_raw, delay);
      self->worst = MAX (self->worst, delay - (waited - self->waited));
    }
  self->due = now + INTERVAL_US;
  self->waited = waited;
}

static gint64
read_waited (HeartbeatLatencyProbe *self)
{
  char text[64];
  char *second = NULL;
  gssize n = pread (self->schedstat, text, sizeof text - 1, 0);

  if (n <= 0)
    return 0;
  text[n] = '\0';
  g_ascii_strtoull (text, &second, 10);
  return (gint64) (g_ascii_strtoull (second, NULL, 10) / 1000);
}

/* Both of one moment: a thread that loses the processor between the two reads would be to blame for all that it waited. */
static void
note (HeartbeatLatencyProbe *self)
{
  gint64 now, waited, again = read_waited (self);

  do
    {
      waited = again;
      now = g_get_monotonic_time ();
      again = read_waited (self);
    }
  while (again != waited);
  heartbeat_latency_note (&self->latency, now, waited);
}

static gboolean
on_timer (gpointer user_data)
{
  HeartbeatLatencyProbe *self = user_data;

  note (self);
  heartbeat_deadline_set (&self->timer, self->latency.due, on_timer, self);
  return G_SOURCE_CONTINUE;
}

/**
 * heartbeat_latency_probe_new:
 *
 * Begins to measure how late the thread-default main context is. That wakes the process a hundred times a second.
 *
 * Returns: (transfer full): a probe of the calling thread
 */
HeartbeatLatencyProbe *
heartbeat_latency_probe_new (void)
{
  HeartbeatLatencyProbe *self = g_new0 (HeartbeatLatencyProbe, 1);

  self->schedstat = g_open (SCHEDSTAT, O_RDONLY | O_CLOEXEC, 0);
  on_timer (self);
  return self;
}

/**
 * heartbeat_latency_probe_free:
 * @self: (transfer full): a probe
 *
 * Ends it.
 */
void
heartbeat_latency_probe_free (HeartbeatLatencyProbe *self)
{
  heartbeat_deadline_clear (&self->timer);
  if (self->schedstat >= 0)
    close (self->schedstat);
  g_free (self);
}

/**
 * heartbeat_latency_probe_reset:
 * @self: a probe
 *
 * Forgets what was measured, and the delay that goes on now.
 */
void
heartbeat_latency_probe_reset (HeartbeatLatencyProbe *self)
{
  self->latency = (HeartbeatLatency){ 0 };
  on_timer (self);
}

/**
 * heartbeat_latency_probe_read:
 * @self: a probe
 *
 * Returns: what was measured, with the delay that goes on now
 */
const HeartbeatLatency *
heartbeat_latency_probe_read (HeartbeatLatencyProbe *self)
{
  on_timer (self);
  return &self->latency;
}
