/* SPDX-License-Identifier: MIT */

#pragma once

#include "agent/heartbeat-agent.h"
#include "agent/heartbeat-history.h"
#include "agent/heartbeat-pending-tick.h"
#include "config/heartbeat-document.h"
#include "run/heartbeat-registry.h"

G_BEGIN_DECLS

HeartbeatAgent *
heartbeat_agent_new (const char *name, const char *path, HeartbeatRegistry *registry);
gboolean heartbeat_agent_has_loaded (HeartbeatAgent *self);
HeartbeatHistory *heartbeat_agent_get_history (HeartbeatAgent *self);
HeartbeatDocument *heartbeat_agent_get_document (HeartbeatAgent *self);
HeartbeatRegistry *heartbeat_agent_get_registry (HeartbeatAgent *self);
void heartbeat_agent_register_bus_handler (HeartbeatAgent *self,
                                           const char *name,
                                           const HeartbeatHandler *handler);
gboolean heartbeat_agent_forget_bus_handler (HeartbeatAgent *self, const char *name);
void heartbeat_agent_set_limits (HeartbeatAgent *self, guint max_runs, guint timeout);

gboolean heartbeat_agent_tick (HeartbeatAgent *self,
                               const HeartbeatTick *tick,
                               HeartbeatTickDone done,
                               gpointer user_data);

void
heartbeat_agent_stop_async (HeartbeatAgent *self, GAsyncReadyCallback callback, gpointer user_data);
void heartbeat_agent_force_stop (HeartbeatAgent *self);
void heartbeat_agent_stop_finish (HeartbeatAgent *self, GAsyncResult *result);

G_END_DECLS
