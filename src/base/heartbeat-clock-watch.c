/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-clock-watch.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <glib-unix.h>

#include "base/heartbeat-log.h"

/* A smaller difference is the time between the two readings. */
#define SHORTEST_SLEEP (G_USEC_PER_SEC / 2)

/**
 * HeartbeatClockWatch:
 *
 * Notices when the machine wakes up. Timers of the main loop stand still while it sleeps. This waits for an event of the
 * kernel and never wakes the process up by itself.
 */
struct _HeartbeatClockWatch
{
  GObject parent_instance;

  GSource *source;
  int fd;
  gint64 asleep; /* for how long the machine has been suspended since its start, in µs */
};

enum
{
  RESUMED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (HeartbeatClockWatch, heartbeat_clock_watch, G_TYPE_OBJECT)

/**
 * heartbeat_clock_is_resume:
 * @asleep_before: how long the machine had been suspended before, in µs
 * @asleep_now: the same now
 *
 * Distinguishes a resume from a clock that was merely set.
 *
 * Returns: whether the machine was suspended in between
 */
gboolean
heartbeat_clock_is_resume (gint64 asleep_before, gint64 asleep_now)
{
  return asleep_now - asleep_before >= SHORTEST_SLEEP;
}

static gint64
read_clock (clockid_t id)
{
  struct timespec time = { 0 };

  clock_gettime (id, &time);
  return (gint64) time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

/**
 * heartbeat_clock_get_boot_time:
 *
 * Returns: the time since the machine's start, in µs; unlike the monotonic time it goes on while the machine is suspended
 */
gint64
heartbeat_clock_get_boot_time (void)
{
  return read_clock (CLOCK_BOOTTIME);
}

/* A thread preempted between the two readings gets too large a difference: take the least of a few. */
static gint64
measure_sleep (void)
{
  gint64 least = G_MAXINT64;

  for (guint i = 0; i < 3; i++)
    {
      gint64 running = read_clock (CLOCK_MONOTONIC);
      gint64 all = heartbeat_clock_get_boot_time ();

      least = MIN (least, all - running);
    }
  return least;
}

static gboolean
on_clock (int fd, GIOCondition condition, gpointer user_data)
{
  g_autoptr (HeartbeatClockWatch) self = g_object_ref (user_data);
  gint64 asleep = measure_sleep ();
  gboolean resumed = heartbeat_clock_is_resume (self->asleep, asleep);
  guint64 expirations = 0;

  /* Fails with ECANCELED, which is what it is read for. */
  if (read (fd, &expirations, sizeof expirations) < 0 && errno == EAGAIN)
    return G_SOURCE_CONTINUE;
  self->asleep = asleep;
  heartbeat_log (G_LOG_LEVEL_DEBUG, HEARTBEAT_EVENT_NONE, NULL, NULL, "%s",
                 resumed ? "The machine woke up" : "The clock was set");
  if (resumed)
    g_signal_emit (self, signals[RESUMED], 0);
  return G_SOURCE_CONTINUE;
}

static void
heartbeat_clock_watch_dispose (GObject *object)
{
  HeartbeatClockWatch *self = HEARTBEAT_CLOCK_WATCH (object);

  if (self->source != NULL)
    {
      g_source_destroy (self->source);
      close (self->fd);
    }
  g_clear_pointer (&self->source, g_source_unref);

  G_OBJECT_CLASS (heartbeat_clock_watch_parent_class)->dispose (object);
}

static void
heartbeat_clock_watch_class_init (HeartbeatClockWatchClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = heartbeat_clock_watch_dispose;

  /**
   * HeartbeatClockWatch::resumed:
   * @self: a watch
   *
   * The machine woke up: timers have stood still, the clock has not.
   */
  signals[RESUMED] = g_signal_new ("resumed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void
heartbeat_clock_watch_init (HeartbeatClockWatch *self)
{
}

/**
 * heartbeat_clock_watch_new:
 *
 * Starts to watch, on the thread's default main context: with a timer for the end of time, which the kernel cancels whenever
 * the clock jumps, as it does when the machine wakes up.
 *
 * Returns: (transfer full): a watch
 */
HeartbeatClockWatch *
heartbeat_clock_watch_new (void)
{
  const struct itimerspec never = { .it_value = { .tv_sec = G_MAXLONG } };
  HeartbeatClockWatch *self = g_object_new (HEARTBEAT_TYPE_CLOCK_WATCH, NULL);
  int fd = timerfd_create (CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);

  if (fd < 0 || timerfd_settime (fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) < 0)
    {
      heartbeat_log (G_LOG_LEVEL_DEBUG, HEARTBEAT_EVENT_NONE, NULL, NULL,
                     "Cannot watch the clock: %s", g_strerror (errno));
      if (fd >= 0)
        close (fd);
      return self;
    }
  self->asleep = measure_sleep ();
  self->source = g_unix_fd_source_new (fd, G_IO_IN);
  g_source_set_static_name (self->source, "heartbeat clock");
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_clock), self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
  self->fd = fd;
  return self;
}
