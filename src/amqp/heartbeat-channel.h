/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

#include "amqp/heartbeat-message.h"
#include "amqp/heartbeat-transport.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_CHANNEL (heartbeat_channel_get_type ())
G_DECLARE_FINAL_TYPE (HeartbeatChannel, heartbeat_channel, HEARTBEAT, CHANNEL, GObject)

/**
 * HeartbeatChannelEvents:
 * @closed: the broker closed the channel, or the connection is lost; the last event, and pending calls end after it
 * @message: a message was delivered
 * @returned: a published message could not be routed
 * @confirmed: the broker took published messages (or did not), by number, all up to there if `multiple`
 * @cancelled: the broker ended the consumer
 * @batch_done: all that one read brought for this channel was handed out
 *
 * What a channel reports to its owner; each may be %NULL.
 */
typedef struct
{
  void (*closed) (gpointer owner, const GError *error);
  void (*message) (gpointer owner, const HeartbeatMessage *message);
  void (*returned) (gpointer owner, const HeartbeatMessage *message);
  void (*confirmed) (gpointer owner, guint64 tag, gboolean multiple, gboolean acknowledged);
  void (*cancelled) (gpointer owner);
  void (*batch_done) (gpointer owner);
} HeartbeatChannelEvents;

/**
 * HeartbeatReply:
 * @message_count: of queue.declare-ok: messages that wait
 * @consumer_count: of queue.declare-ok: consumers of the queue
 *
 * What a broker replied.
 */
typedef struct
{
  guint32 message_count;
  guint32 consumer_count;
} HeartbeatReply;

void heartbeat_channel_call_async (HeartbeatChannel *self,
                                   amqp_method_number_t method,
                                   void *decoded,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
gboolean heartbeat_channel_call_finish (HeartbeatChannel *self,
                                        GAsyncResult *result,
                                        HeartbeatReply *reply,
                                        GError **error);
void heartbeat_channel_send (HeartbeatChannel *self, amqp_method_number_t method, void *decoded);
void heartbeat_channel_publish (HeartbeatChannel *self,
                                amqp_basic_publish_t *publish,
                                amqp_basic_properties_t *properties,
                                GBytes *body);
gboolean heartbeat_channel_has_room (HeartbeatChannel *self);
void heartbeat_channel_close_async (HeartbeatChannel *self,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean
heartbeat_channel_close_finish (HeartbeatChannel *self, GAsyncResult *result, GError **error);

/* For the connection only. */
HeartbeatChannel *heartbeat_channel_new (HeartbeatTransport *transport,
                                         guint16 number,
                                         const HeartbeatChannelEvents *events,
                                         GObject *owner);
gboolean heartbeat_channel_handle_frame (HeartbeatChannel *self,
                                         const HeartbeatFrame *frame,
                                         amqp_pool_t *pool,
                                         GError **error);
void heartbeat_channel_batch_done (HeartbeatChannel *self);
void heartbeat_channel_lost (HeartbeatChannel *self, const GError *error);
gboolean heartbeat_channel_is_closed (HeartbeatChannel *self);

G_END_DECLS
