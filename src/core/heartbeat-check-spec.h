/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

#include "core/heartbeat-json.h"
#include "core/heartbeat-quarter.h"
#include "core/heartbeat-window.h"

G_BEGIN_DECLS

#define HEARTBEAT_PAUSE_RULE                                                                       \
  "true or an object with “until” (Unix milliseconds) and “reason” (a string) is expected"

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
 * Where @error is set, the check is invalid, and of the others only @name and @json count.
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
  char *error;
  HeartbeatJson json; /* in the text of the configuration */
} HeartbeatCheckSpec;

HeartbeatCheckSpec *heartbeat_check_spec_new (const char *text,
                                              const HeartbeatJson *name,
                                              const HeartbeatJson *json,
                                              GTimeZone *default_zone);
HeartbeatCheckSpec *heartbeat_check_spec_ref (HeartbeatCheckSpec *spec);
void heartbeat_check_spec_unref (HeartbeatCheckSpec *spec);
void heartbeat_check_spec_read_pause (HeartbeatCheckSpec *spec,
                                      const char *text,
                                      const HeartbeatJson *value);

gboolean heartbeat_pause_parse (HeartbeatPause *pause, const HeartbeatJson *value);
void heartbeat_pause_clear (HeartbeatPause *pause);
gboolean heartbeat_pause_holds (const HeartbeatPause *pause, gint64 now);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatCheckSpec, heartbeat_check_spec_unref)

G_END_DECLS
