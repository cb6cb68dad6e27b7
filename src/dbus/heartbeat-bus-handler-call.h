/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

#include "run/heartbeat-registry.h"

G_BEGIN_DECLS

HeartbeatHandler
heartbeat_bus_handler_call_new (GDBusConnection *connection, const char *client, const char *path);

G_END_DECLS
