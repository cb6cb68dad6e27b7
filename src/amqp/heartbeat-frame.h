/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

#include "amqp/heartbeat-amqp.h"

G_BEGIN_DECLS

#define HEARTBEAT_FRAME_HEAD     7
#define HEARTBEAT_FRAME_OVERHEAD 8
#define HEARTBEAT_FRAME_MAX      131072

/**
 * HeartbeatFrame:
 * @type: `AMQP_FRAME_METHOD`, `_HEADER`, `_BODY` or `_HEARTBEAT`
 * @channel: the channel's number
 * @payload: (array length=length): points into the buffer that was split
 * @length: length of @payload
 * @size: how many bytes of the buffer the frame took
 * @received_us: when the read that completed it returned, monotonic time in microseconds; set by the transport
 *
 * One frame as it lies in the read buffer.
 */
typedef struct
{
  guint8 type;
  guint16 channel;
  const guint8 *payload;
  gsize length;
  gsize size;
  gint64 received_us;
} HeartbeatFrame;

/**
 * HeartbeatSplit:
 * @HEARTBEAT_SPLIT_NEED_MORE: the buffer ends within a frame
 * @HEARTBEAT_SPLIT_FRAME: there is a whole frame
 * @HEARTBEAT_SPLIT_ERROR: this is no AMQP 0-9-1
 *
 * What heartbeat_frame_split() found.
 */
typedef enum
{
  HEARTBEAT_SPLIT_NEED_MORE,
  HEARTBEAT_SPLIT_FRAME,
  HEARTBEAT_SPLIT_ERROR,
} HeartbeatSplit;

HeartbeatSplit
heartbeat_frame_split (const guint8 *data, gsize length, HeartbeatFrame *frame, GError **error);
gboolean heartbeat_frame_decode_method (const HeartbeatFrame *frame,
                                        amqp_pool_t *pool,
                                        amqp_method_t *method,
                                        GError **error);

void heartbeat_frame_append_protocol (GByteArray *out);
void heartbeat_frame_append_heartbeat (GByteArray *out);
void heartbeat_frame_append_method (GByteArray *out,
                                    guint16 channel,
                                    amqp_method_number_t method,
                                    void *decoded);
void heartbeat_frame_append_header (GByteArray *out,
                                    guint16 channel,
                                    amqp_basic_properties_t *properties,
                                    guint64 body_size);
void
heartbeat_frame_append_body (GByteArray *out, guint16 channel, GBytes *body, guint32 frame_max);

G_END_DECLS
