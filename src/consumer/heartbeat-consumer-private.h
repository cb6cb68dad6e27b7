/* SPDX-License-Identifier: MIT */

#pragma once

#include "broker/heartbeat-broker.h"
#include "consumer/heartbeat-consumer.h"

G_BEGIN_DECLS

void heartbeat_consumer_share_broker (HeartbeatConsumer *self, HeartbeatBroker *broker);

G_END_DECLS
