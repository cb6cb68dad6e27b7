/* SPDX-License-Identifier: MIT */

#pragma once

#include "agent/heartbeat-agent.h"
#include "dbus/heartbeat-bus-change-debouncer.h"
#include "dbus/heartbeat-dbus.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_BUS_CHECK (heartbeat_bus_check_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatBusCheck,
                      heartbeat_bus_check,
                      HEARTBEAT,
                      BUS_CHECK,
                      HeartbeatDBusCheckSkeleton)

HeartbeatBusCheck *heartbeat_bus_check_new (HeartbeatAgent *agent,
                                            HeartbeatCheck *check,
                                            HeartbeatBusChangeDebouncer *debouncer);
void heartbeat_bus_check_update (HeartbeatBusCheck *self);

G_END_DECLS
