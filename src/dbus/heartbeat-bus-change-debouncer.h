/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _HeartbeatBusChangeDebouncer HeartbeatBusChangeDebouncer;

HeartbeatBusChangeDebouncer *heartbeat_bus_change_debouncer_new (GFunc update);
HeartbeatBusChangeDebouncer *heartbeat_bus_change_debouncer_ref (HeartbeatBusChangeDebouncer *self);
void heartbeat_bus_change_debouncer_unref (HeartbeatBusChangeDebouncer *self);

void heartbeat_bus_change_debouncer_add (HeartbeatBusChangeDebouncer *self, gpointer object);
gboolean heartbeat_bus_change_debouncer_take (HeartbeatBusChangeDebouncer *self, gpointer object);

G_END_DECLS
