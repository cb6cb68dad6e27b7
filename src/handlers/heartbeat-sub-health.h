/* SPDX-License-Identifier: MIT */

#pragma once

#include <json-glib/json-glib.h>

#include "core/heartbeat-run.h"

G_BEGIN_DECLS

void heartbeat_sub_health_handler (HeartbeatRun *run, gpointer user_data);
JsonArray *heartbeat_sub_health_read_sessions (const char *text, GError **error);

G_END_DECLS
