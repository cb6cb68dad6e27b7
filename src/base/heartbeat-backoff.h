/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define HEARTBEAT_BACKOFF_MIN_MS 100
#define HEARTBEAT_BACKOFF_MAX_MS 60000

gint64 heartbeat_backoff_delay_ms (guint attempt, gdouble random);

guint heartbeat_backoff_after_service (guint attempt, gint64 served_ms);

G_END_DECLS
