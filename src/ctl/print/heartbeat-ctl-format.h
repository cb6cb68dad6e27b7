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
const char *heartbeat_ctl_format_word (const char *context, const char *word);

G_END_DECLS
