/* SPDX-License-Identifier: MIT */

#pragma once

#include "broker/heartbeat-broker.h"
#include "consumer/heartbeat-consumer.h"
#include "base/heartbeat-clock-watch.h"

G_BEGIN_DECLS

void heartbeat_consumer_share_broker (HeartbeatConsumer *self, HeartbeatBroker *broker);
void heartbeat_consumer_share_clock (HeartbeatConsumer *self, HeartbeatClockWatch *clock);
void heartbeat_consumer_set_file_limit (HeartbeatConsumer *self, guint64 limit);
void heartbeat_consumer_force_stop (HeartbeatConsumer *self);
void heartbeat_consumer_retry_now (HeartbeatConsumer *self);

G_END_DECLS
