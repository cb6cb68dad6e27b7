/* SPDX-License-Identifier: MIT */

#include "agent/heartbeat-decision.h"
#include "base/heartbeat-limits.h"

#include <string.h>

#define WEEK_S G_GINT64_CONSTANT (604800)

/**
 * heartbeat_decision_effective_last_run:
 * @spec: a valid check
 * @state: its state
 * @now: the time in Unix ms
 *
 * A `lastRun` in the future, which a clock set back leaves behind, counts as now if it is no more than one cadence
 * ahead, else as 0.
 *
 * Returns: the `lastRun` to reckon with, in Unix ms
 */
gint64
heartbeat_decision_effective_last_run (const HeartbeatCheckSpec *spec,
                                       const HeartbeatCheckState *state,
                                       gint64 now)
{
  g_return_val_if_fail (spec != NULL, 0);
  g_return_val_if_fail (state != NULL, 0);

  if (state->last_run <= now)
    return state->last_run;
  return state->last_run - now <= spec->cadence ? now : 0;
}

/* The functions that follow return the first time not before @time at which one obstacle is out of the way. They look at
 * each time as heartbeat_decision_judge() would then: a `lastRun` or a wait so far ahead that it does not count now
 * counts once it has come near. */

/* Strictly later than lastRun + cadence. */
static gint64
after_cadence (const HeartbeatCheckSpec *spec, const HeartbeatCheckState *state, gint64 time)
{
  gint64 ripe = MAX (time, spec->cadence + 1);

  if (state->last_run - ripe > spec->cadence)
    return ripe;
  return MAX (time, state->last_run + spec->cadence + 1);
}

/* A wait that is further ahead than any wait lasts was left by a clock set back. */
static gint64
after_retry (const HeartbeatCheckSpec *spec, const HeartbeatCheckState *state, gint64 time)
{
  if (state->failures == 0
      || state->retry_at - time > heartbeat_decision_retry_delay (spec->cadence, state->failures))
    return time;
  return MAX (time, state->retry_at);
}

static gint64
after_pause (const HeartbeatCheckSpec *spec, gint64 time)
{
  if (!heartbeat_pause_holds (&spec->pause, time))
    return time;
  return spec->pause.until == 0 ? HEARTBEAT_NEVER : spec->pause.until;
}

static gint64
next_in_zone (const HeartbeatCheckSpec *spec, gint64 time, HeartbeatLocalNext next)
{
  gint64 seconds = time / 1000;
  gint64 at = heartbeat_zone_next (spec->zone, seconds, next, spec);

  if (at == HEARTBEAT_NEVER)
    return HEARTBEAT_NEVER;
  return at == seconds ? time : at * 1000;
}

/* A #HeartbeatLocalNext of a check's window. */
static gint64
next_in_window (gint64 local, gconstpointer data)
{
  const HeartbeatCheckSpec *spec = data;

  return spec->has_window ? heartbeat_window_next (local, &spec->window) : local;
}

/* A #HeartbeatLocalNext of a check's window and quarters together. A window and quarters of the day repeat each week:
 * where they do not meet within one, they never do. Quarters of the year are longer than a week, so that every window
 * opens in each of them. */
static gint64
next_in_both (gint64 local, gconstpointer data)
{
  const HeartbeatCheckSpec *spec = data;
  gint64 last = spec->quarter.of == HEARTBEAT_QUARTER_OF_YEAR ? HEARTBEAT_NEVER : local + WEEK_S;

  while (local <= last)
    {
      gint64 open = next_in_window (local, spec);

      local = heartbeat_quarter_next (open, &spec->quarter);
      if (local == open)
        return local;
    }
  return HEARTBEAT_NEVER;
}

static gint64
after_window (const HeartbeatCheckSpec *spec, gint64 time)
{
  return spec->has_window ? next_in_zone (spec, time, next_in_window) : time;
}

/* Where the tick says which quarter it is, only another tick can change that. */
static gboolean
is_told_quarter (const HeartbeatCheckSpec *spec, guint tick_quarter)
{
  return spec->quarter.of == HEARTBEAT_QUARTER_OF_TICK && tick_quarter != 0;
}

static gint64
after_window_and_quarter (const HeartbeatCheckSpec *spec, guint tick_quarter, gint64 time)
{
  if (spec->quarter.quarters == 0)
    return after_window (spec, time);
  if (!is_told_quarter (spec, tick_quarter))
    return next_in_zone (spec, time, next_in_both);
  return heartbeat_quarter_allows (&spec->quarter, tick_quarter) ? after_window (spec, time)
                                                                 : HEARTBEAT_NEVER;
}

/**
 * heartbeat_decision_judge:
 * @spec: a check
 * @state: its state
 * @tick_quarter: the quarter that a fresh tick names, 1 to 4, or 0
 * @now: the time in Unix ms
 *
 * Says whether the check is due, and if not, the first reason why.
 *
 * Returns: the verdict
 */
HeartbeatVerdict
heartbeat_decision_judge (const HeartbeatCheckSpec *spec,
                          const HeartbeatCheckState *state,
                          guint tick_quarter,
                          gint64 now)
{
  gint64 until;

  if (spec->error != NULL)
    return (HeartbeatVerdict){ HEARTBEAT_REASON_INVALID, HEARTBEAT_NEVER };
  if (!spec->enabled)
    return (HeartbeatVerdict){ HEARTBEAT_REASON_DISABLED, HEARTBEAT_NEVER };
  if (state->running)
    return (HeartbeatVerdict){ HEARTBEAT_REASON_RUNNING, HEARTBEAT_NEVER };
  if (heartbeat_pause_holds (&spec->pause, now))
    return (HeartbeatVerdict){ HEARTBEAT_REASON_PAUSED, after_pause (spec, now) };
  until = after_retry (spec, state, now);
  if (now < until)
    return (HeartbeatVerdict){ HEARTBEAT_REASON_BACKING_OFF, until };
  until = after_cadence (spec, state, now);
  if (now < until)
    return (HeartbeatVerdict){ HEARTBEAT_REASON_NOT_YET, until };
  until = after_window (spec, now);
  if (now < until)
    return (HeartbeatVerdict){ HEARTBEAT_REASON_OUTSIDE_WINDOW, until };
  until = after_window_and_quarter (spec, tick_quarter, now);
  if (now < until)
    return (HeartbeatVerdict){ HEARTBEAT_REASON_OUTSIDE_QUARTER, until };
  return (HeartbeatVerdict){ HEARTBEAT_REASON_DUE, now };
}

/**
 * heartbeat_decision_next_due:
 * @spec: a check
 * @state: its state
 * @tick_quarter: the quarter that the ticks to come name, 1 to 4, or 0
 * @now: the time in Unix ms
 *
 * Computes when the check will be due if nothing happens before: the first such time, to the millisecond.
 *
 * Returns: a time in Unix ms, not before @now, or %HEARTBEAT_NEVER
 */
gint64
heartbeat_decision_next_due (const HeartbeatCheckSpec *spec,
                             const HeartbeatCheckState *state,
                             guint tick_quarter,
                             gint64 now)
{
  gint64 time = now, before;

  g_return_val_if_fail (spec != NULL, 0);
  g_return_val_if_fail (state != NULL, 0);

  if (spec->error != NULL || !spec->enabled || state->running)
    return HEARTBEAT_NEVER;
  /* Each turn but the last passes the end of a pause, a wait or a cadence, and each of these has one end. */
  do
    {
      before = time;
      time = after_retry (spec, state, after_cadence (spec, state, after_pause (spec, time)));
      if (time != HEARTBEAT_NEVER)
        time = after_window_and_quarter (spec, tick_quarter, time);
    }
  while (time != before && time != HEARTBEAT_NEVER);
  return time;
}

/* The later of the last run and the start of the last failed one; what a clock set back left in the future is none. */
static gint64
last_try (const HeartbeatCheckSpec *spec, const HeartbeatCheckState *state, gint64 now)
{
  gint64 last_run = heartbeat_decision_effective_last_run (spec, state, now);

  return state->last_failed_start <= now ? MAX (last_run, state->last_failed_start) : last_run;
}

/**
 * heartbeat_decision_compare:
 * @a: a due check
 * @a_state: its state
 * @b: another
 * @b_state: its state
 * @now: the time in Unix ms
 *
 * Orders due checks: first the highest (now - last try) / cadence, then the lowest priority, then the name. The quotients
 * are compared as products in 128 bits, since equal ones must be equal.
 *
 * Returns: less than 0 where @a goes first
 */
int
heartbeat_decision_compare (const HeartbeatCheckSpec *a,
                            const HeartbeatCheckState *a_state,
                            const HeartbeatCheckSpec *b,
                            const HeartbeatCheckState *b_state,
                            gint64 now)
{
  gint64 a_try = last_try (a, a_state, now);
  gint64 b_try = last_try (b, b_state, now);
  __int128 left = (__int128) (now - a_try) * b->cadence;
  __int128 right = (__int128) (now - b_try) * a->cadence;

  if (left != right)
    return left > right ? -1 : 1;
  if (a->priority != b->priority)
    return a->priority < b->priority ? -1 : 1;
  return strcmp (a->name, b->name);
}

/**
 * heartbeat_decision_retry_delay:
 * @cadence: the check's cadence in ms
 * @failures: failed runs in a row, at least 1
 *
 * Returns: how long the next try waits, in ms: 30 s, doubled with each failure, at most the cadence
 */
gint64
heartbeat_decision_retry_delay (gint64 cadence, guint failures)
{
  guint doublings = failures - 1;

  if (doublings >= 38)
    return cadence;
  return MIN (cadence, (gint64) HEARTBEAT_RETRY_FIRST_MS << doublings);
}

/**
 * heartbeat_decision_overdue_ratio:
 * @spec: a check
 * @state: its state
 * @now: the time in Unix ms
 *
 * Returns: how many cadences have passed since the last run; more than 1 is due
 */
double
heartbeat_decision_overdue_ratio (const HeartbeatCheckSpec *spec,
                                  const HeartbeatCheckState *state,
                                  gint64 now)
{
  g_return_val_if_fail (spec != NULL, 0);
  g_return_val_if_fail (state != NULL, 0);

  if (spec->error != NULL)
    return 0;
  return (double) (now - heartbeat_decision_effective_last_run (spec, state, now))
         / (double) spec->cadence;
}

/**
 * heartbeat_reason_to_string:
 * @code: a reason
 *
 * Returns: (transfer none): its name on D-Bus
 */
const char *
heartbeat_reason_to_string (HeartbeatReasonCode code)
{
  static const char *const names[] = {
    [HEARTBEAT_REASON_DUE] = "due",
    [HEARTBEAT_REASON_NOT_YET] = "not-yet",
    [HEARTBEAT_REASON_OUTSIDE_WINDOW] = "outside-window",
    [HEARTBEAT_REASON_OUTSIDE_QUARTER] = "outside-quarter",
    [HEARTBEAT_REASON_PAUSED] = "paused",
    [HEARTBEAT_REASON_DISABLED] = "disabled",
    [HEARTBEAT_REASON_BACKING_OFF] = "backing-off",
    [HEARTBEAT_REASON_RUNNING] = "running",
    [HEARTBEAT_REASON_INVALID] = "invalid",
  };

  G_STATIC_ASSERT (G_N_ELEMENTS (names) == HEARTBEAT_N_REASONS);
  g_return_val_if_fail (code < HEARTBEAT_N_REASONS, NULL);

  return names[code];
}
