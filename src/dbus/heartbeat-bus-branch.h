/* SPDX-License-Identifier: MIT */

#pragma once

#include "consumer/heartbeat-consumer.h"
#include "dbus/heartbeat-bus-collector.h"
#include "dbus/heartbeat-bus-slices.h"

G_BEGIN_DECLS

#define HEARTBEAT_BUS_ROOT "/org/bloodbank/Heartbeat1"

#define HEARTBEAT_TYPE_BUS_BRANCH (heartbeat_bus_branch_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatBusBranch, heartbeat_bus_branch, HEARTBEAT, BUS_BRANCH, GObject)

HeartbeatBusBranch *heartbeat_bus_branch_new (HeartbeatConsumer *consumer,
                                              HeartbeatBusCollector *collector,
                                              HeartbeatBusSlices *slices);

const char *heartbeat_bus_branch_get_agent_name (HeartbeatBusBranch *self);
void heartbeat_bus_branch_begin (HeartbeatBusBranch *self, GDBusObjectManagerServer *manager);
void heartbeat_bus_branch_end (HeartbeatBusBranch *self);

G_END_DECLS
