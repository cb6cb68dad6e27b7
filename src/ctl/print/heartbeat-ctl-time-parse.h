/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean heartbeat_ctl_parse_span (const char *text, gint64 *span);
gboolean heartbeat_ctl_parse_time (const char *text, gint64 now, GTimeZone *zone, gint64 *time);

G_END_DECLS
