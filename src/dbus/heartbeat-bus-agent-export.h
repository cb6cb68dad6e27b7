/* SPDX-License-Identifier: MIT */

#pragma once

#include "consumer/heartbeat-consumer.h"
#include "dbus/heartbeat-bus-change-debouncer.h"
#include "dbus/heartbeat-bus-work-queue.h"

G_BEGIN_DECLS

#define HEARTBEAT_BUS_ROOT "/org/bloodbank/Heartbeat1"

#define HEARTBEAT_TYPE_BUS_AGENT_EXPORT (heartbeat_bus_agent_export_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatBusAgentExport,
                      heartbeat_bus_agent_export,
                      HEARTBEAT,
                      BUS_AGENT_EXPORT,
                      GObject)

HeartbeatBusAgentExport *heartbeat_bus_agent_export_new (HeartbeatConsumer *consumer,
                                                         HeartbeatBusChangeDebouncer *debouncer,
                                                         HeartbeatBusWorkQueue *queue);

const char *heartbeat_bus_agent_export_get_agent_name (HeartbeatBusAgentExport *self);
void heartbeat_bus_agent_export_begin (HeartbeatBusAgentExport *self,
                                       GDBusObjectManagerServer *manager);
void heartbeat_bus_agent_export_end (HeartbeatBusAgentExport *self);

G_END_DECLS
