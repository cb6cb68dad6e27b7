/* SPDX-License-Identifier: MIT */

#pragma once

#include "run/heartbeat-run.h"

G_BEGIN_DECLS

void heartbeat_command_handler (HeartbeatRun *run, gpointer user_data);
GStrv heartbeat_command_parse (const char *meta, GError **error);

G_END_DECLS
