/* SPDX-License-Identifier: MIT */

#include "broker/heartbeat-backoff.h"

/**
 * heartbeat_backoff_delay_ms:
 * @attempt: how many attempts have failed before the one that just failed
 * @random: at least 0 and less than 1
 *
 * Computes how long to wait before the next attempt: a random part (full jitter, so that a thousand clients do not come back at
 * once) of 1 s doubled with every attempt, at most a minute.
 *
 * Returns: milliseconds, from %HEARTBEAT_BACKOFF_MIN_MS to %HEARTBEAT_BACKOFF_MAX_MS
 */
gint64
heartbeat_backoff_delay_ms (guint attempt, gdouble random)
{
  gint64 ceiling = MIN (G_GINT64_CONSTANT (1000) << MIN (attempt, 6), HEARTBEAT_BACKOFF_MAX_MS);
  gint64 delay = (gint64) ((gdouble) ceiling * CLAMP (random, 0.0, 1.0));

  return MAX (delay, HEARTBEAT_BACKOFF_MIN_MS);
}
