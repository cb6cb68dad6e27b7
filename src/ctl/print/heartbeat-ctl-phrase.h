/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *heartbeat_ctl_phrase_span (gint64 span);
char *heartbeat_ctl_phrase_past (gint64 time, gint64 now);
char *heartbeat_ctl_phrase_future (gint64 time, gint64 now);
char *heartbeat_ctl_phrase_time (gint64 time, gint64 now, GTimeZone *zone);
char *heartbeat_ctl_phrase_stamp (gint64 time, GTimeZone *zone);
char *heartbeat_ctl_phrase_reason (GVariant *reason, gint64 now, GTimeZone *zone);
const char *heartbeat_ctl_phrase_state (const char *state);
const char *heartbeat_ctl_phrase_status (const char *status);
const char *heartbeat_ctl_phrase_trigger (const char *trigger);
char *heartbeat_ctl_phrase_line (const char *text);

G_END_DECLS
