/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * HeartbeatWindow:
 * @start: first minute of the day, 0 to 1439
 * @end: last minute of the day, inclusive; before @start, the window spans midnight
 * @days: a bit for each day on which the window begins, Monday the lowest; 0 restricts nothing
 *
 * A daily window on the clock on the wall.
 */
typedef struct
{
  guint16 start;
  guint16 end;
  guint8 days;
} HeartbeatWindow;

gboolean heartbeat_window_parse_time (const char *text, gboolean is_end, guint16 *minute);
gboolean heartbeat_window_parse_day (const char *text, guint8 *days);
gboolean heartbeat_window_contains (const HeartbeatWindow *window, gint64 local);
gint64 heartbeat_window_next (gint64 local, gconstpointer window);
char *heartbeat_window_to_string (const HeartbeatWindow *window);

G_END_DECLS
