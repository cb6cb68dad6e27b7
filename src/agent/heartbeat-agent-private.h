/* SPDX-License-Identifier: MIT */

#pragma once

#include "agent/heartbeat-agent.h"
#include "agent/heartbeat-history.h"
#include "config/heartbeat-document.h"
#include "json/heartbeat-tick.h"
#include "run/heartbeat-registry.h"

G_BEGIN_DECLS

/**
 * HeartbeatTickAnswer:
 * @HEARTBEAT_TICK_IDLE: nothing is due, or a tick waits already: it may be acknowledged
 * @HEARTBEAT_TICK_DUE: something may be due: it is to be passed to heartbeat_agent_run_due_async()
 * @HEARTBEAT_TICK_REFUSED: the agent stops: it is left to the broker
 *
 * How an agent answers a tick.
 */
typedef enum
{
  HEARTBEAT_TICK_IDLE,
  HEARTBEAT_TICK_DUE,
  HEARTBEAT_TICK_REFUSED,
} HeartbeatTickAnswer;

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
void heartbeat_agent_set_limits (HeartbeatAgent *self, guint max_concurrent_runs, guint timeout);

HeartbeatTickAnswer
heartbeat_agent_tick (HeartbeatAgent *self, const HeartbeatTick *tick, gint64 received_us);
void heartbeat_agent_run_due_async (HeartbeatAgent *self,
                                    const HeartbeatTick *tick,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean heartbeat_agent_run_due_finish (HeartbeatAgent *self, GAsyncResult *result);

void
heartbeat_agent_stop_async (HeartbeatAgent *self, GAsyncReadyCallback callback, gpointer user_data);
void heartbeat_agent_force_stop (HeartbeatAgent *self);
void heartbeat_agent_abandon (HeartbeatAgent *self);
void heartbeat_agent_stop_finish (HeartbeatAgent *self, GAsyncResult *result);

G_END_DECLS
