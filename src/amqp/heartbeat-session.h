/* SPDX-License-Identifier: MIT */

#pragma once

#include "amqp/heartbeat-channel.h"

G_BEGIN_DECLS

/**
 * HeartbeatConnectionStage:
 * @HEARTBEAT_CONNECTION_STAGE_NONE: nothing has failed
 * @HEARTBEAT_CONNECTION_STAGE_CONNECT: looking the host up and calling it
 * @HEARTBEAT_CONNECTION_STAGE_TLS: asking the peer who it is
 * @HEARTBEAT_CONNECTION_STAGE_GREETING: waiting for the broker to speak AMQP
 * @HEARTBEAT_CONNECTION_STAGE_LOGIN: logging in
 * @HEARTBEAT_CONNECTION_STAGE_VHOST: opening the virtual host
 * @HEARTBEAT_CONNECTION_STAGE_USE: in use
 *
 * How far a connection had come when it failed, in this order.
 */
typedef enum
{
  HEARTBEAT_CONNECTION_STAGE_NONE,
  HEARTBEAT_CONNECTION_STAGE_CONNECT,
  HEARTBEAT_CONNECTION_STAGE_TLS,
  HEARTBEAT_CONNECTION_STAGE_GREETING,
  HEARTBEAT_CONNECTION_STAGE_LOGIN,
  HEARTBEAT_CONNECTION_STAGE_VHOST,
  HEARTBEAT_CONNECTION_STAGE_USE,
} HeartbeatConnectionStage;

#define HEARTBEAT_TYPE_SESSION (heartbeat_session_get_type ())
G_DECLARE_FINAL_TYPE (HeartbeatSession, heartbeat_session, HEARTBEAT, SESSION, GObject)

/**
 * HeartbeatSessionEvents:
 * @ready: channels can be opened
 * @blocked: the broker takes no messages for now, and why; "" if it takes them again
 * @closed: the session has ended, the last event; the error is %NULL after heartbeat_session_close()
 *
 * What a session reports to its owner.
 */
typedef struct
{
  void (*ready) (gpointer owner);
  void (*blocked) (gpointer owner, const char *reason);
  void (*closed) (gpointer owner, HeartbeatConnectionStage stage, const GError *error);
} HeartbeatSessionEvents;

HeartbeatSession *heartbeat_session_new (HeartbeatBrokerUri *uri,
                                         const char *purpose,
                                         const HeartbeatSessionEvents *events,
                                         GObject *owner);
HeartbeatChannel *heartbeat_session_open_channel (HeartbeatSession *self,
                                                  const HeartbeatChannelEvents *events,
                                                  GObject *owner,
                                                  GError **error);
void heartbeat_session_lose_channels (HeartbeatSession *self, const GError *error);
HeartbeatLogin heartbeat_session_get_login (HeartbeatSession *self);
gboolean heartbeat_session_probe (HeartbeatSession *self);
void heartbeat_session_close (HeartbeatSession *self);
void heartbeat_session_drop (HeartbeatSession *self);

G_END_DECLS
