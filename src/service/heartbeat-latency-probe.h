/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * HeartbeatLatency:
 * @due: when the timer should fire next, monotonic; 0 before the first time
 * @waited: for how long the thread had waited for a processor when the timer fired last
 * @worst: the largest delay less that waiting
 * @worst_raw: the largest delay
 *
 * What the probe has measured. All are microseconds.
 */
typedef struct
{
  gint64 due;
  gint64 waited;
  gint64 worst;
  gint64 worst_raw;
} HeartbeatLatency;

void heartbeat_latency_note (HeartbeatLatency *self, gint64 now, gint64 waited);

typedef struct _HeartbeatLatencyProbe HeartbeatLatencyProbe;

HeartbeatLatencyProbe *heartbeat_latency_probe_new (void);
void heartbeat_latency_probe_free (HeartbeatLatencyProbe *self);
void heartbeat_latency_probe_reset (HeartbeatLatencyProbe *self);
const HeartbeatLatency *heartbeat_latency_probe_read (HeartbeatLatencyProbe *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatLatencyProbe, heartbeat_latency_probe_free)

G_END_DECLS
