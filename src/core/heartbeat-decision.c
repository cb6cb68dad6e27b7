/* SPDX-License-Identifier: MIT */

#include "core/heartbeat-decision.h"

#include <string.h>

#define FIRST_RETRY_MS G_GINT64_CONSTANT (30000)

/* A search for the next due time alternates between a check's obstacles. Where they never meet (a window in the morning, a
 * quarter in the evening) it ends after this many steps, with a time until when nothing is due for sure. */
#define MAX_STEPS 64

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
  if (state->last_run <= now)
    return state->last_run;
  return state->last_run - now <= spec->cadence ? now : 0;
}

/* When the cadence has passed: strictly later than lastRun + cadence. */
static gint64
cadence_end (const HeartbeatCheckSpec *spec, const HeartbeatCheckState *state, gint64 now)
{
  gint64 from = state->last_run;

  if (from > now && from - now > spec->cadence)
    from = 0;
  return from + spec->cadence + 1;
}

/* The end of the wait after failures. One that is further ahead than any wait lasts was left by a clock set back. */
static gint64
retry_end (const HeartbeatCheckSpec *spec, const HeartbeatCheckState *state, gint64 now)
{
  if (state->failures == 0
      || state->retry_at - now > heartbeat_decision_retry_delay (spec->cadence, state->failures))
    return 0;
  return state->retry_at;
}

static gint64
next_in_zone (const HeartbeatCheckSpec *spec,
              gint64 time,
              HeartbeatLocalNext next,
              gconstpointer rule)
{
  gint64 seconds = time / 1000;
  gint64 at = heartbeat_zone_next (spec->zone, seconds, next, rule);

  if (at == HEARTBEAT_NEVER)
    return HEARTBEAT_NEVER;
  return at == seconds ? time : at * 1000;
}

static gint64
next_in_window (const HeartbeatCheckSpec *spec, gint64 time)
{
  if (!spec->has_window)
    return time;
  return next_in_zone (spec, time, heartbeat_window_next, &spec->window);
}

/* Where the tick says which quarter it is, only another tick can change that. */
static gint64
next_in_quarter (const HeartbeatCheckSpec *spec, guint tick_quarter, gint64 time)
{
  if (spec->quarter.quarters == 0)
    return time;
  if (spec->quarter.of == HEARTBEAT_QUARTER_OF_TICK && tick_quarter != 0)
    return heartbeat_quarter_allows (&spec->quarter, tick_quarter) ? time : HEARTBEAT_NEVER;
  return next_in_zone (spec, time, heartbeat_quarter_next, &spec->quarter);
}

static gint64
pause_end (const HeartbeatPause *pause)
{
  return pause->until == 0 ? HEARTBEAT_NEVER : pause->until;
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
    return (HeartbeatVerdict){ HEARTBEAT_REASON_PAUSED, pause_end (&spec->pause) };
  until = retry_end (spec, state, now);
  if (now < until)
    return (HeartbeatVerdict){ HEARTBEAT_REASON_BACKING_OFF, until };
  until = cadence_end (spec, state, now);
  if (now < until)
    return (HeartbeatVerdict){ HEARTBEAT_REASON_NOT_YET, until };
  until = next_in_window (spec, now);
  if (now < until)
    return (HeartbeatVerdict){ HEARTBEAT_REASON_OUTSIDE_WINDOW, until };
  until = next_in_quarter (spec, tick_quarter, now);
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
 * Computes when the check will be due if nothing happens before. It may be too early where a check's window and quarters
 * hardly ever meet, never too late.
 *
 * Returns: a time in Unix ms, not before @now, or %HEARTBEAT_NEVER
 */
gint64
heartbeat_decision_next_due (const HeartbeatCheckSpec *spec,
                             const HeartbeatCheckState *state,
                             guint tick_quarter,
                             gint64 now)
{
  gint64 time = now;

  if (spec->error != NULL || !spec->enabled || state->running)
    return HEARTBEAT_NEVER;
  time = MAX (time, retry_end (spec, state, now));
  time = MAX (time, cadence_end (spec, state, now));
  if (spec->pause.active)
    time = MAX (time, pause_end (&spec->pause));
  for (guint step = 0; step < MAX_STEPS && time != HEARTBEAT_NEVER; step++)
    {
      gint64 open = next_in_window (spec, time);
      gint64 both = open == HEARTBEAT_NEVER ? open : next_in_quarter (spec, tick_quarter, open);

      if (both == time)
        return time;
      time = both;
    }
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
  return MIN (cadence, FIRST_RETRY_MS << doublings);
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
  static const char *const names[]
      = { "due",      "not-yet",     "outside-window", "outside-quarter", "paused",
          "disabled", "backing-off", "running",        "invalid" };

  return names[code];
}
