/* SPDX-License-Identifier: MIT */

#pragma once

#include "consumer/heartbeat-consumer.h"
#include "dbus/heartbeat-bus-change-debouncer.h"
#include "dbus/heartbeat-dbus.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_BUS_AGENT (heartbeat_bus_agent_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatBusAgent,
                      heartbeat_bus_agent,
                      HEARTBEAT,
                      BUS_AGENT,
                      HeartbeatDBusAgentSkeleton)

HeartbeatBusAgent *heartbeat_bus_agent_new (HeartbeatConsumer *consumer,
                                            HeartbeatBusChangeDebouncer *debouncer);
void heartbeat_bus_agent_update (HeartbeatBusAgent *self);

G_END_DECLS
