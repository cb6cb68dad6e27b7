/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

#include "amqp/heartbeat-connection.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_AMQP_PUBLISHER (heartbeat_amqp_publisher_get_type ())
G_DECLARE_FINAL_TYPE (HeartbeatAmqpPublisher,
                      heartbeat_amqp_publisher,
                      HEARTBEAT,
                      AMQP_PUBLISHER,
                      GObject)

/**
 * HeartbeatPublication:
 * @exchange: where to; at most 255 bytes, as all texts here
 * @routing_key: the routing key
 * @message_id: the event's id
 * @body: the message, JSON of at most 1 MiB
 * @expiration_ms: how long it may wait in a queue, in milliseconds; 0 for ever
 *
 * What is published.
 */
typedef struct
{
  const char *exchange;
  const char *routing_key;
  const char *message_id;
  GBytes *body;
  guint expiration_ms;
} HeartbeatPublication;

HeartbeatAmqpPublisher *heartbeat_amqp_publisher_new (HeartbeatConnection *connection);
const char *heartbeat_amqp_publisher_get_app_id (HeartbeatAmqpPublisher *self);
void heartbeat_amqp_publisher_publish_async (HeartbeatAmqpPublisher *self,
                                             const HeartbeatPublication *publication,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback,
                                             gpointer user_data);
gboolean heartbeat_amqp_publisher_publish_finish (HeartbeatAmqpPublisher *self,
                                                  GAsyncResult *result,
                                                  GError **error);

G_END_DECLS
