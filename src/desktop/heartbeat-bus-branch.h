/* SPDX-License-Identifier: MIT */

#pragma once

#include "consumer/heartbeat-consumer.h"
#include "desktop/heartbeat-bus-collector.h"

G_BEGIN_DECLS

#define HEARTBEAT_BUS_ROOT "/org/bloodbank/Heartbeat1"

#define HEARTBEAT_TYPE_BUS_BRANCH (heartbeat_bus_branch_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatBusBranch, heartbeat_bus_branch, HEARTBEAT, BUS_BRANCH, GObject)

HeartbeatBusBranch *heartbeat_bus_branch_new (HeartbeatConsumer *consumer,
                                              GDBusObjectManagerServer *manager,
                                              HeartbeatBusCollector *collector);

const char *heartbeat_bus_branch_get_agent_name (HeartbeatBusBranch *self);
gboolean heartbeat_bus_branch_begin (HeartbeatBusBranch *self, GError **error);
void heartbeat_bus_branch_end (HeartbeatBusBranch *self);

G_END_DECLS
