/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-backoff.h"

/* Doubling 1 s more often than this exceeds the longest wait. */
#define MAX_DOUBLINGS 6

/**
 * heartbeat_backoff_delay_ms:
 * @attempt: how many attempts have failed before the one that just failed
 * @random: at least 0 and less than 1
 *
 * Computes how long to wait before the next attempt: a random part of 1 s doubled with every attempt, at most a minute. Full
 * jitter keeps a thousand clients from coming back at once.
 *
 * Returns: milliseconds, from %HEARTBEAT_BACKOFF_MIN_MS to %HEARTBEAT_BACKOFF_MAX_MS
 */
gint64
heartbeat_backoff_delay_ms (guint attempt, gdouble random)
{
  gint64 ceiling
      = MIN (G_GINT64_CONSTANT (1000) << MIN (attempt, MAX_DOUBLINGS), HEARTBEAT_BACKOFF_MAX_MS);
  gint64 delay = (gint64) ((gdouble) ceiling * CLAMP (random, 0.0, 1.0));

  return MAX (delay, HEARTBEAT_BACKOFF_MIN_MS);
}

/**
 * heartbeat_backoff_after_service:
 * @attempt: how many attempts have failed since all was well
 * @served_ms: how long the connection was good before it was lost
 *
 * Computes how many failed attempts still count after a connection has served for a while: the first second takes one
 * back, and so does each doubling of it. A peer that hangs up at once is tried less and less often, a link that breaks now
 * and then is not treated like one, and half a minute of service makes up for everything.
 *
 * Returns: the attempt that the next wait is computed from
 */
guint
heartbeat_backoff_after_service (guint attempt, gint64 served_ms)
{
  guint left = MIN (attempt, MAX_DOUBLINGS);

  for (gint64 step = 1000; step <= served_ms && left > 0; step *= 2)
    left--;
  return left;
}
