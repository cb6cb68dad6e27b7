/* SPDX-License-Identifier: MIT */

#pragma once

#include "agent/heartbeat-agent.h"
#include "notify/heartbeat-notification-thread.h"

G_BEGIN_DECLS

typedef struct _HeartbeatAgentWatch HeartbeatAgentWatch;

HeartbeatAgentWatch *heartbeat_agent_watch_new (HeartbeatAgent *agent,
                                                HeartbeatNotificationThread *thread,
                                                gboolean all);
void heartbeat_agent_watch_free (HeartbeatAgentWatch *self);

HeartbeatAgent *heartbeat_agent_watch_get_agent (HeartbeatAgentWatch *self);

G_END_DECLS
