/* SPDX-License-Identifier: MIT */

#pragma once

#include "dbus/heartbeat-bus.h"

G_BEGIN_DECLS

void heartbeat_bus_set_root_interface (HeartbeatBus *self, GDBusInterfaceSkeleton *interface);

G_END_DECLS
