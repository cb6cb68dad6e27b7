/* SPDX-License-Identifier: MIT */

#pragma once

#include "broker/heartbeat-outbox.h"
#include "core/heartbeat-registry.h"
#include "handlers/heartbeat-processes.h"

G_BEGIN_DECLS

gboolean heartbeat_built_in_has (const char *name);
void heartbeat_built_in_register (HeartbeatRegistry *registry,
                                  HeartbeatOutbox *outbox,
                                  HeartbeatProcesses *processes);

G_END_DECLS
