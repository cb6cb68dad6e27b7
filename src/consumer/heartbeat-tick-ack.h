/* SPDX-License-Identifier: MIT */

#pragma once

#include "broker/heartbeat-inbox.h"

G_BEGIN_DECLS

typedef struct _HeartbeatTickAck HeartbeatTickAck;

HeartbeatTickAck *heartbeat_tick_ack_new (HeartbeatInbox *inbox, HeartbeatDelivery delivery);
void heartbeat_tick_ack_on_done (GObject *agent, GAsyncResult *result, gpointer ack);

G_END_DECLS
