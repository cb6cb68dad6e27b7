/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_CLOCK_WATCH (heartbeat_clock_watch_get_type ())
G_DECLARE_FINAL_TYPE (HeartbeatClockWatch, heartbeat_clock_watch, HEARTBEAT, CLOCK_WATCH, GObject)

HeartbeatClockWatch *heartbeat_clock_watch_new (void);

gint64 heartbeat_clock_get_boot_time (void);
gboolean heartbeat_clock_is_resume (gint64 asleep_before, gint64 asleep_now);

G_END_DECLS
