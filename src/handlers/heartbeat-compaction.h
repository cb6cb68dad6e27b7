/* SPDX-License-Identifier: MIT */

#pragma once

#include "run/heartbeat-run.h"

G_BEGIN_DECLS

void heartbeat_compaction_handler (HeartbeatRun *run, gpointer user_data);

G_END_DECLS
