/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

#include "amqp/heartbeat-amqp.h"

G_BEGIN_DECLS

/**
 * HeartbeatProperties:
 * @content_type: what the body is
 * @message_id: the message's name
 * @app_id: who published it
 *
 * What is of use among the properties of a message. They point into what was read; a property that is not there is empty.
 */
typedef struct
{
  amqp_bytes_t content_type;
  amqp_bytes_t message_id;
  amqp_bytes_t app_id;
} HeartbeatProperties;

gboolean
heartbeat_properties_read (HeartbeatProperties *properties, const guint8 *data, gsize length);

G_END_DECLS
