/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

#include "amqp/heartbeat-broker-uri.h"
#include "amqp/heartbeat-frame.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_TRANSPORT (heartbeat_transport_get_type ())
G_DECLARE_FINAL_TYPE (HeartbeatTransport, heartbeat_transport, HEARTBEAT, TRANSPORT, GObject)

/**
 * HeartbeatTransportEvents:
 * @frame: a frame has come; it lies in the read buffer, valid until @batch_done
 * @batch_done: all whole frames of one read were handed out
 * @closed: the socket is gone; the last event
 *
 * What a transport reports to its owner. Each may close the transport. After heartbeat_transport_close() none comes.
 */
typedef struct
{
  void (*frame) (gpointer owner, const HeartbeatFrame *frame);
  void (*batch_done) (gpointer owner);
  void (*closed) (gpointer owner, const GError *error);
} HeartbeatTransportEvents;

HeartbeatTransport *heartbeat_transport_new (const HeartbeatTransportEvents *events,
                                             GObject *owner);
void heartbeat_transport_connect_async (HeartbeatTransport *self,
                                        HeartbeatBrokerUri *uri,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
gboolean
heartbeat_transport_connect_finish (HeartbeatTransport *self, GAsyncResult *result, GError **error);
const char *heartbeat_transport_describe_stall (HeartbeatTransport *self);
GByteArray *heartbeat_transport_get_output (HeartbeatTransport *self);
void heartbeat_transport_flush (HeartbeatTransport *self);
gboolean heartbeat_transport_has_room (HeartbeatTransport *self);
void heartbeat_transport_set_frame_max (HeartbeatTransport *self, guint32 frame_max);
guint32 heartbeat_transport_get_frame_max (HeartbeatTransport *self);
gint64 heartbeat_transport_get_last_read (HeartbeatTransport *self);
void heartbeat_transport_close (HeartbeatTransport *self);

G_END_DECLS
