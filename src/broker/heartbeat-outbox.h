/* SPDX-License-Identifier: MIT */

#pragma once

#include "broker/heartbeat-amqp-publisher.h"
#include "run/heartbeat-publisher.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_OUTBOX (heartbeat_outbox_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatOutbox, heartbeat_outbox, HEARTBEAT, OUTBOX, GObject)

HeartbeatPublisher *
heartbeat_outbox_new (HeartbeatAmqpPublisher *publisher, const char *agent, const char *exchange);

G_END_DECLS
