/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

#include "amqp/heartbeat-amqp.h"
#include "amqp/heartbeat-broker-uri.h"

G_BEGIN_DECLS

/**
 * HeartbeatTuning:
 * @channel_max: the largest number of a channel
 * @frame_max: the size of the largest frame, in bytes
 * @heartbeat: the interval of AMQP heartbeats, in seconds
 *
 * What both sides agree on.
 */
typedef struct
{
  guint16 channel_max;
  guint32 frame_max;
  guint16 heartbeat;
} HeartbeatTuning;

gboolean heartbeat_handshake_start (GByteArray *out,
                                    const amqp_connection_start_t *start,
                                    const HeartbeatBrokerUri *uri,
                                    const char *purpose,
                                    HeartbeatLogin *login,
                                    GError **error);
const char *heartbeat_handshake_describe_refusal (const HeartbeatBrokerUri *uri,
                                                  HeartbeatLogin login);
gboolean heartbeat_handshake_tune (GByteArray *out,
                                   const amqp_connection_tune_t *tune,
                                   HeartbeatTuning *tuning,
                                   GError **error);
void heartbeat_handshake_open (GByteArray *out, const HeartbeatBrokerUri *uri);

G_END_DECLS
