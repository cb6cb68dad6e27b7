/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _HeartbeatBusOutflow HeartbeatBusOutflow;

HeartbeatBusOutflow *heartbeat_bus_outflow_new (void);
void heartbeat_bus_outflow_free (HeartbeatBusOutflow *self);
gboolean
heartbeat_bus_outflow_admit (HeartbeatBusOutflow *self, GDBusConnection *connection, gsize size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatBusOutflow, heartbeat_bus_outflow_free)

G_END_DECLS
