/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>
#include "base/heartbeat-limits.h"

G_BEGIN_DECLS

gint64 heartbeat_backoff_delay_ms (guint attempt, gdouble random);

guint heartbeat_backoff_after_service (guint attempt, gint64 served_ms);

G_END_DECLS
