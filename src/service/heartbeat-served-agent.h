/* SPDX-License-Identifier: MIT */

#pragma once

#include "consumer/heartbeat-consumer-private.h"
#include "service/heartbeat-settings.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_SERVED_AGENT (heartbeat_served_agent_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatServedAgent,
                      heartbeat_served_agent,
                      HEARTBEAT,
                      SERVED_AGENT,
                      GObject)

HeartbeatServedAgent *heartbeat_served_agent_new (const char *name, const char *path);
gboolean heartbeat_served_agent_open (HeartbeatServedAgent *self,
                                      const HeartbeatSettings *settings,
                                      HeartbeatBroker *broker,
                                      HeartbeatClockWatch *clock,
                                      GError **error);
gboolean heartbeat_served_agent_start (HeartbeatServedAgent *self, GError **error);
void heartbeat_served_agent_stop_async (HeartbeatServedAgent *self,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
void heartbeat_served_agent_stop_finish (HeartbeatServedAgent *self, GAsyncResult *result);
void heartbeat_served_agent_force_stop (HeartbeatServedAgent *self);

const char *heartbeat_served_agent_get_name (HeartbeatServedAgent *self);
const char *heartbeat_served_agent_get_path (HeartbeatServedAgent *self);
HeartbeatConsumer *heartbeat_served_agent_get_consumer (HeartbeatServedAgent *self);
const char *heartbeat_served_agent_get_problem (HeartbeatServedAgent *self);
gboolean heartbeat_served_agent_is_stopping (HeartbeatServedAgent *self);
gboolean heartbeat_served_agent_is_settled (HeartbeatServedAgent *self);

G_END_DECLS
