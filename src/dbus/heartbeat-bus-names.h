/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_BUS_NAMES (heartbeat_bus_names_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatBusNames, heartbeat_bus_names, HEARTBEAT, BUS_NAMES, GObject)

HeartbeatBusNames *heartbeat_bus_names_new (void);

char *heartbeat_bus_names_for_agent (const char *agent);

void heartbeat_bus_names_claim (HeartbeatBusNames *self, const char *agent);
void heartbeat_bus_names_release (HeartbeatBusNames *self, const char *agent);
void heartbeat_bus_names_set_connection (HeartbeatBusNames *self, GDBusConnection *connection);
gboolean heartbeat_bus_names_are_owned (HeartbeatBusNames *self, guint count);

G_END_DECLS
