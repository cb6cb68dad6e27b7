/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

#include "agent/heartbeat-agent.h"

G_BEGIN_DECLS

typedef struct _HeartbeatBusHandlers HeartbeatBusHandlers;

HeartbeatBusHandlers *heartbeat_bus_handlers_new (HeartbeatAgent *agent);
void heartbeat_bus_handlers_free (HeartbeatBusHandlers *self);
gboolean heartbeat_bus_handlers_register (HeartbeatBusHandlers *self,
                                          GDBusConnection *connection,
                                          const char *client,
                                          const char *name,
                                          const char *path,
                                          GError **error);
gboolean heartbeat_bus_handlers_unregister (HeartbeatBusHandlers *self,
                                            const char *client,
                                            const char *name,
                                            GError **error);
void heartbeat_bus_handlers_drop_all (HeartbeatBusHandlers *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatBusHandlers, heartbeat_bus_handlers_free)

G_END_DECLS
