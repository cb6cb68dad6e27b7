/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

#include "agent/heartbeat-agent.h"

G_BEGIN_DECLS

void heartbeat_bus_history_answer (HeartbeatAgent *agent,
                                   const char *check,
                                   guint most,
                                   GDBusMethodInvocation *invocation);

G_END_DECLS
