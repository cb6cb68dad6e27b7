/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * HeartbeatBusWorkQueueFunc:
 * @owner: who wants it
 * @data: (nullable): what it is about
 *
 * A small piece of work.
 */
typedef void (*HeartbeatBusWorkQueueFunc) (gpointer owner, gpointer data);

typedef struct _HeartbeatBusWorkQueue HeartbeatBusWorkQueue;

HeartbeatBusWorkQueue *heartbeat_bus_work_queue_new (void);
HeartbeatBusWorkQueue *heartbeat_bus_work_queue_ref (HeartbeatBusWorkQueue *self);
void heartbeat_bus_work_queue_unref (HeartbeatBusWorkQueue *self);

void heartbeat_bus_work_queue_add (HeartbeatBusWorkQueue *self,
                                   HeartbeatBusWorkQueueFunc func,
                                   gpointer owner,
                                   gpointer data);
void heartbeat_bus_work_queue_forget (HeartbeatBusWorkQueue *self, gpointer owner);

G_END_DECLS
