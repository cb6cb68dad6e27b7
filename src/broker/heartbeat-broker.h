/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

#include "amqp/heartbeat-connection.h"
#include "broker/heartbeat-network-watch.h"
#include "broker/heartbeat-amqp-publisher.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_BROKER (heartbeat_broker_get_type ())
G_DECLARE_FINAL_TYPE (HeartbeatBroker, heartbeat_broker, HEARTBEAT, BROKER, GObject)

HeartbeatBroker *heartbeat_broker_new (const char *urls, GError **error);
void heartbeat_broker_start (HeartbeatBroker *self);
void heartbeat_broker_retry_now (HeartbeatBroker *self);
HeartbeatNetworkWatch *heartbeat_broker_watch_network (HeartbeatBroker *self);
void heartbeat_broker_close_async (HeartbeatBroker *self,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
gboolean
heartbeat_broker_close_finish (HeartbeatBroker *self, GAsyncResult *result, GError **error);
HeartbeatConnection *heartbeat_broker_get_connection (HeartbeatBroker *self);
HeartbeatAmqpPublisher *heartbeat_broker_get_publisher (HeartbeatBroker *self);

G_END_DECLS
