/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>
#include "base/heartbeat-limits.h"

G_BEGIN_DECLS

/**
 * HEARTBEAT_DOCTOR_APP_ID:
 *
 * The `app_id` of the messages by which `heartbeatctl doctor` finds out what is bound. Consumers acknowledge them and pass
 * them on to nobody.
 */
#define HEARTBEAT_DOCTOR_APP_ID "heartbeatctl-doctor"

/**
 * HeartbeatMessage:
 * @delivery_tag: the broker's number of the delivery on its channel; 0 for a returned message
 * @redelivered: whether it was delivered before
 * @exchange: where it was published
 * @routing_key: the routing key, made valid UTF-8
 * @app_id: who published it, "" if unknown; made valid UTF-8, as all texts here
 * @message_id: its id, "" if it has none
 * @content_type: its content type, "" if it has none
 * @body: (array length=length): the bytes, not zero-terminated; %NULL if @too_large
 * @length: length of @body
 * @too_large: whether the body had more than %HEARTBEAT_MESSAGE_MAX_BYTES bytes and was dropped
 * @reply_code: why it was returned; 0 for a delivery
 * @reply_text: the same in words; "" for a delivery
 * @received_us: when the read that completed it returned, monotonic time in microseconds; messages of one read share it
 *
 * A message as it is handed out. All of it is valid only while the callback runs: most of it lies in the read buffer.
 */
typedef struct
{
  guint64 delivery_tag;
  gboolean redelivered;
  const char *exchange;
  const char *routing_key;
  const char *app_id;
  const char *message_id;
  const char *content_type;
  const guint8 *body;
  gsize length;
  gboolean too_large;
  guint16 reply_code;
  const char *reply_text;
  gint64 received_us;
} HeartbeatMessage;

G_END_DECLS
