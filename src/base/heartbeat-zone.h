/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define HEARTBEAT_ZONE_DEFAULT "America/New_York"

/* No such time: later than any. */
#define HEARTBEAT_NEVER G_MAXINT64

/**
 * HeartbeatLocalNext:
 * @local: a wall-clock time, in seconds since 1970-01-01 00:00 on that clock
 * @data: what the rule is about
 *
 * Returns: the first wall-clock time not before @local at which a rule holds, on a clock that nobody sets forward or
 *   back; %HEARTBEAT_NEVER where there is none
 */
typedef gint64 (*HeartbeatLocalNext) (gint64 local, gconstpointer data);

GTimeZone *heartbeat_zone_lookup (const char *name, GError **error);
gint64 heartbeat_zone_to_local (GTimeZone *zone, gint64 time);
gint64
heartbeat_zone_next (GTimeZone *zone, gint64 time, HeartbeatLocalNext next, gconstpointer data);

gint64 heartbeat_local_day (gint64 local);
guint heartbeat_local_weekday (gint64 day);

G_END_DECLS
