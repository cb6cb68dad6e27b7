/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

#include "config/heartbeat-problem.h"
#include "base/heartbeat-quarter.h"
#include "config/heartbeat-parse-context.h"
#include "config/heartbeat-window.h"

G_BEGIN_DECLS

/**
 * HeartbeatPause:
 * @active: whether there is a pause
 * @until: its end in Unix ms, 0 for none
 * @reason: (nullable): what the user wrote
 */
typedef struct
{
  gboolean active;
  gint64 until;
  char *reason;
} HeartbeatPause;

/**
 * HeartbeatCheckSpec:
 *
 * One check as heartbeat.json has it. It does not change: another file makes another one. Times are in Unix ms.
 * Where @error is set, the check is invalid, and of the others only @name, @problems and @json count.
 */
typedef struct
{
  gatomicrefcount refs;
  char *name;
  char *handler;
  gint64 cadence;
  gint64 priority;
  gint64 last_run;
  guint timeout; /* in ms, 0 for the service's own */
  gboolean enabled;
  gboolean has_window;
  HeartbeatWindow window;
  GTimeZone *zone;
  char *zone_name;
  HeartbeatQuarterRule quarter;
  HeartbeatPause pause;
  GPtrArray *problems; /* of HeartbeatProblem, in the order in which they were found, or NULL */
  char *error;         /* the first of them, in words */
  HeartbeatJson json;  /* as it is written, in the configuration's text */
} HeartbeatCheckSpec;

HeartbeatCheckSpec *heartbeat_check_spec_new (HeartbeatParseContext *context,
                                              const HeartbeatJson *name,
                                              const HeartbeatJson *json);
HeartbeatCheckSpec *heartbeat_check_spec_ref (HeartbeatCheckSpec *spec);
void heartbeat_check_spec_unref (HeartbeatCheckSpec *spec);
void heartbeat_check_spec_read_pause (HeartbeatCheckSpec *spec,
                                      HeartbeatParseContext *context,
                                      const HeartbeatJson *value);
void heartbeat_check_spec_locate (HeartbeatCheckSpec *spec);

void heartbeat_pause_read (HeartbeatPause *pause,
                           HeartbeatParseContext *context,
                           GPtrArray **problems,
                           const char *path,
                           const HeartbeatJson *value);
void heartbeat_pause_clear (HeartbeatPause *pause);
gboolean heartbeat_pause_holds (const HeartbeatPause *pause, gint64 now);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HeartbeatPause, heartbeat_pause_clear)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatCheckSpec, heartbeat_check_spec_unref)

G_END_DECLS
