/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-rate-limit.h"

#define INTERVAL_US (10 * G_USEC_PER_SEC)

/**
 * heartbeat_rate_limit_allow:
 * @limit: a limit
 * @now: the time in µs of the monotonic clock
 * @suppressed: (out): how many events were suppressed since the last one that was reported
 *
 * Returns: whether the event may be reported: one in ten seconds may
 */
gboolean
heartbeat_rate_limit_allow (HeartbeatRateLimit *limit, gint64 now, guint64 *suppressed)
{
  g_return_val_if_fail (limit != NULL, FALSE);
  g_return_val_if_fail (suppressed != NULL, FALSE);

  *suppressed = limit->suppressed;
  if (now < limit->next)
    {
      limit->suppressed++;
      return FALSE;
    }
  limit->next = now + INTERVAL_US;
  limit->suppressed = 0;
  return TRUE;
}
