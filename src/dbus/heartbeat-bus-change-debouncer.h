/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _HeartbeatBusChangeDebouncer HeartbeatBusChangeDebouncer;

HeartbeatBusChangeDebouncer *heartbeat_bus_change_debouncer_new (GFunc flush);
HeartbeatBusChangeDebouncer *heartbeat_bus_change_debouncer_ref (HeartbeatBusChangeDebouncer *self);
void heartbeat_bus_change_debouncer_unref (HeartbeatBusChangeDebouncer *self);

void heartbeat_bus_change_debouncer_add (HeartbeatBusChangeDebouncer *self, gpointer item);
void heartbeat_bus_change_debouncer_remove (HeartbeatBusChangeDebouncer *self, gpointer item);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatBusChangeDebouncer, heartbeat_bus_change_debouncer_unref)

G_END_DECLS
