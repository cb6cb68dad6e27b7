/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _HeartbeatBusCollector HeartbeatBusCollector;

HeartbeatBusCollector *heartbeat_bus_collector_new (GFunc flush);
HeartbeatBusCollector *heartbeat_bus_collector_ref (HeartbeatBusCollector *self);
void heartbeat_bus_collector_unref (HeartbeatBusCollector *self);

void heartbeat_bus_collector_add (HeartbeatBusCollector *self, gpointer item);
void heartbeat_bus_collector_remove (HeartbeatBusCollector *self, gpointer item);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatBusCollector, heartbeat_bus_collector_unref)

G_END_DECLS
