/* SPDX-License-Identifier: MIT */

#pragma once

#include "heartbeat/heartbeat-consumer.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_BUS (heartbeat_bus_get_type ())

HEARTBEAT_EXPORT
G_DECLARE_FINAL_TYPE (HeartbeatBus, heartbeat_bus, HEARTBEAT, BUS, GObject)

HEARTBEAT_EXPORT HeartbeatBus *heartbeat_bus_new (void);

HEARTBEAT_EXPORT void heartbeat_bus_add_consumer (HeartbeatBus *self, HeartbeatConsumer *consumer);
HEARTBEAT_EXPORT void heartbeat_bus_remove_consumer (HeartbeatBus *self,
                                                     HeartbeatConsumer *consumer);

HEARTBEAT_EXPORT void heartbeat_bus_start (HeartbeatBus *self);
HEARTBEAT_EXPORT void heartbeat_bus_stop (HeartbeatBus *self);

HEARTBEAT_EXPORT gboolean heartbeat_bus_get_connected (HeartbeatBus *self);
HEARTBEAT_EXPORT gboolean heartbeat_bus_get_ready (HeartbeatBus *self);
HEARTBEAT_EXPORT const char *heartbeat_bus_get_error (HeartbeatBus *self);

G_END_DECLS
