/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

#include "dbus/heartbeat-bus-work-queue.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_BUS_OBJECTS (heartbeat_bus_objects_get_type ())
G_DECLARE_FINAL_TYPE (HeartbeatBusObjects, heartbeat_bus_objects, HEARTBEAT, BUS_OBJECTS, GObject)

HeartbeatBusObjects *heartbeat_bus_objects_new (GDBusObjectManagerServer *manager,
                                                HeartbeatBusWorkQueue *slices);
void heartbeat_bus_objects_end (HeartbeatBusObjects *self);

G_END_DECLS
