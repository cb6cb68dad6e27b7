/* SPDX-License-Identifier: MIT */

#pragma once

#include "broker/heartbeat-inbox.h"

G_BEGIN_DECLS

typedef struct _HeartbeatHold HeartbeatHold;

HeartbeatHold *heartbeat_hold_new (void);
void heartbeat_hold_free (HeartbeatHold *self);

void heartbeat_hold_begin (HeartbeatHold *self);
gboolean heartbeat_hold_is_done (HeartbeatHold *self, HeartbeatDisposition *disposition);
void heartbeat_hold_keep (HeartbeatHold *self, HeartbeatInbox *inbox, HeartbeatDelivery delivery);
void heartbeat_hold_done (gboolean safe, gpointer hold);

G_END_DECLS
