/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *heartbeat_ctl_format_span (gint64 span);
char *heartbeat_ctl_format_past (gint64 time, gint64 now);
char *heartbeat_ctl_format_future (gint64 time, gint64 now);
char *heartbeat_ctl_format_time (gint64 time, gint64 now, GTimeZone *zone);
char *heartbeat_ctl_format_stamp (gint64 time, GTimeZone *zone);
char *heartbeat_ctl_format_reason (GVariant *reason, gint64 now, GTimeZone *zone);
const char *heartbeat_ctl_format_state (const char *state);
const char *heartbeat_ctl_format_status (const char *status);
const char *heartbeat_ctl_format_trigger (const char *trigger);

G_END_DECLS
