/* SPDX-License-Identifier: MIT */

#include "consumer/heartbeat-ticker.h"

#include "base/heartbeat-clock-watch.h"

/**
 * HeartbeatTicker:
 *
 * A timer for ticks of this process' own. Of those that the machine has slept through there is one, when it wakes up.
 */
struct _HeartbeatTicker
{
  GSource *source;
  gint64 interval; /* in µs */
  gint64 due;      /* the next tick, by the clock that goes on while the machine sleeps; in µs */
  HeartbeatTickerFunc func;
  gpointer user_data;
};

static gboolean
on_time (gpointer user_data)
{
  HeartbeatTicker *self = user_data;

  heartbeat_ticker_start (self, self->interval);
  self->func (self->user_data);
  return G_SOURCE_CONTINUE;
}

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return callback (user_data);
}

static const GSourceFuncs funcs = { .dispatch = dispatch };

/**
 * heartbeat_ticker_new:
 * @interval: between two ticks, in s
 * @func: called at each
 * @user_data: passed to @func
 *
 * Returns: (transfer full): a ticker that stands still
 */
HeartbeatTicker *
heartbeat_ticker_new (guint interval, HeartbeatTickerFunc func, gpointer user_data)
{
  HeartbeatTicker *self = g_new0 (HeartbeatTicker, 1);

  self->interval = (gint64) interval * G_USEC_PER_SEC;
  self->func = func;
  self->user_data = user_data;
  self->source = g_source_new ((GSourceFuncs *) &funcs, sizeof (GSource));
  g_source_set_static_name (self->source, "heartbeat ticks");
  g_source_set_callback (self->source, on_time, self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
  return self;
}

void
heartbeat_ticker_free (HeartbeatTicker *self)
{
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_free (self);
}

/**
 * heartbeat_ticker_start:
 * @self: a ticker
 * @delay: until the next tick, in µs; the interval counts from there
 */
void
heartbeat_ticker_start (HeartbeatTicker *self, gint64 delay)
{
  g_return_if_fail (self != NULL);

  self->due = heartbeat_clock_get_boot_time () + delay;
  g_source_set_ready_time (self->source, g_get_monotonic_time () + delay);
}

/**
 * heartbeat_ticker_resume:
 * @self: a ticker that was started
 *
 * The machine woke up, and the timer has stood still: a tick that is due by now comes at once, another one as much earlier
 * as the machine has slept.
 */
void
heartbeat_ticker_resume (HeartbeatTicker *self)
{
  gint64 left = self->due - heartbeat_clock_get_boot_time ();

  g_source_set_ready_time (self->source, g_get_monotonic_time () + MAX (left, 0));
}
