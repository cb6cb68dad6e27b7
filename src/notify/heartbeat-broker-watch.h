/* SPDX-License-Identifier: MIT */

#pragma once

#include "consumer/heartbeat-consumer.h"
#include "notify/heartbeat-notification-thread.h"

G_BEGIN_DECLS

typedef struct _HeartbeatBrokerWatch HeartbeatBrokerWatch;

HeartbeatBrokerWatch *heartbeat_broker_watch_new (HeartbeatNotificationThread *thread,
                                                  guint patience);
void heartbeat_broker_watch_free (HeartbeatBrokerWatch *self);

void heartbeat_broker_watch_add (HeartbeatBrokerWatch *self, HeartbeatConsumer *consumer);
void heartbeat_broker_watch_remove (HeartbeatBrokerWatch *self, HeartbeatConsumer *consumer);

G_END_DECLS
