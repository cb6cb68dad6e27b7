/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * HeartbeatRateLimit:
 * @next: when the next event may be reported, in µs of the monotonic clock
 * @suppressed: how many were suppressed
 *
 * Keeps a flood of events from becoming a flood of log lines. All zero to begin with.
 */
typedef struct
{
  gint64 next;
  guint64 suppressed;
} HeartbeatRateLimit;

gboolean heartbeat_rate_limit_allow (HeartbeatRateLimit *limit, gint64 now, guint64 *suppressed);

G_END_DECLS
