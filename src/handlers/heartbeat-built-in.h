/* SPDX-License-Identifier: MIT */

#pragma once

#include "run/heartbeat-publisher.h"
#include "run/heartbeat-registry.h"
#include "process/heartbeat-processes.h"

G_BEGIN_DECLS

gboolean heartbeat_built_in_has (const char *name);
void heartbeat_built_in_register (HeartbeatRegistry *registry,
                                  HeartbeatPublisher *publisher,
                                  HeartbeatProcesses *processes);

G_END_DECLS
