/* SPDX-License-Identifier: MIT */

#pragma once

#include "config/heartbeat-check-spec.h"
#include "base/heartbeat-zone.h"

G_BEGIN_DECLS

/**
 * HeartbeatCheckState:
 * @last_run: when the check ran last, in Unix ms: from the file, or newer than it could be saved
 * @last_failed_start: when the last failed run began, 0 for none
 * @retry_at: the end of the wait after failures
 * @failures: failed runs in a row
 * @running: whether a run is going
 *
 * What changes about a check while its configuration stays.
 */
typedef struct
{
  gint64 last_run;
  gint64 last_failed_start;
  gint64 retry_at;
  guint failures;
  gboolean running;
} HeartbeatCheckState;

typedef enum
{
  HEARTBEAT_REASON_DUE,
  HEARTBEAT_REASON_NOT_YET,
  HEARTBEAT_REASON_OUTSIDE_WINDOW,
  HEARTBEAT_REASON_OUTSIDE_QUARTER,
  HEARTBEAT_REASON_PAUSED,
  HEARTBEAT_REASON_DISABLED,
  HEARTBEAT_REASON_BACKING_OFF,
  HEARTBEAT_REASON_RUNNING,
  HEARTBEAT_REASON_INVALID,
  HEARTBEAT_N_REASONS,
} HeartbeatReasonCode;

/**
 * HeartbeatVerdict:
 * @code: why the check would or would not run now
 * @until: when that obstacle is gone by itself, in Unix ms; %HEARTBEAT_NEVER where only somebody's act or a tick can do it
 */
typedef struct
{
  HeartbeatReasonCode code;
  gint64 until;
} HeartbeatVerdict;

HeartbeatVerdict heartbeat_decision_judge (const HeartbeatCheckSpec *spec,
                                           const HeartbeatCheckState *state,
                                           guint tick_quarter,
                                           gint64 now);
gint64 heartbeat_decision_next_due (const HeartbeatCheckSpec *spec,
                                    const HeartbeatCheckState *state,
                                    guint tick_quarter,
                                    gint64 now);
int heartbeat_decision_compare (const HeartbeatCheckSpec *a,
                                const HeartbeatCheckState *a_state,
                                const HeartbeatCheckSpec *b,
                                const HeartbeatCheckState *b_state,
                                gint64 now);
gint64 heartbeat_decision_effective_last_run (const HeartbeatCheckSpec *spec,
                                              const HeartbeatCheckState *state,
                                              gint64 now);
gint64 heartbeat_decision_retry_delay (gint64 cadence, guint failures);
double heartbeat_decision_overdue_ratio (const HeartbeatCheckSpec *spec,
                                         const HeartbeatCheckState *state,
                                         gint64 now);
const char *heartbeat_reason_to_string (HeartbeatReasonCode code);

G_END_DECLS
