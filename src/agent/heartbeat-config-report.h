/* SPDX-License-Identifier: MIT */

#pragma once

#include "agent/heartbeat-schedule.h"

G_BEGIN_DECLS

void heartbeat_config_report (const char *agent_name,
                              const char *path,
                              HeartbeatSchedule *schedule,
                              HeartbeatConfig *config,
                              gint64 now);

G_END_DECLS
