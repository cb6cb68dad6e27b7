/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

#include "broker/heartbeat-connection.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_PUBLISHER (heartbeat_publisher_get_type ())
G_DECLARE_FINAL_TYPE (HeartbeatPublisher, heartbeat_publisher, HEARTBEAT, PUBLISHER, GObject)

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

HeartbeatPublisher *heartbeat_publisher_new (HeartbeatConnection *connection);
const char *heartbeat_publisher_get_app_id (HeartbeatPublisher *self);
void heartbeat_publisher_publish_async (HeartbeatPublisher *self,
                                        const HeartbeatPublication *publication,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
gboolean
heartbeat_publisher_publish_finish (HeartbeatPublisher *self, GAsyncResult *result, GError **error);

G_END_DECLS
