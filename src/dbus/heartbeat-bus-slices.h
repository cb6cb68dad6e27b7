/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * HeartbeatBusSlicesFunc:
 * @owner: who wanted it
 * @data: (nullable): what it is about
 *
 * A small piece of work.
 */
typedef void (*HeartbeatBusSlicesFunc) (gpointer owner, gpointer data);

typedef struct _HeartbeatBusSlices HeartbeatBusSlices;

HeartbeatBusSlices *heartbeat_bus_slices_new (void);
HeartbeatBusSlices *heartbeat_bus_slices_ref (HeartbeatBusSlices *self);
void heartbeat_bus_slices_unref (HeartbeatBusSlices *self);

void heartbeat_bus_slices_add (HeartbeatBusSlices *self,
                               HeartbeatBusSlicesFunc func,
                               gpointer owner,
                               gpointer data);
void heartbeat_bus_slices_forget (HeartbeatBusSlices *self, gpointer owner);

G_END_DECLS
