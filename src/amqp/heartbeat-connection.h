/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

#include "amqp/heartbeat-channel.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_CONNECTION_STATE (heartbeat_connection_state_get_type ())

/**
 * HeartbeatConnectionState:
 * @HEARTBEAT_CONNECTION_STATE_DISABLED: not started, or stopped
 * @HEARTBEAT_CONNECTION_STATE_CONNECTING: under way
 * @HEARTBEAT_CONNECTION_STATE_CONNECTED: ready for use
 * @HEARTBEAT_CONNECTION_STATE_WAITING: failed, and waiting for the next attempt
 *
 * How a connection, or what stands on it, is doing. The nicks are what D-Bus shows.
 */
typedef enum
{
  HEARTBEAT_CONNECTION_STATE_DISABLED,
  HEARTBEAT_CONNECTION_STATE_CONNECTING,
  HEARTBEAT_CONNECTION_STATE_CONNECTED,
  HEARTBEAT_CONNECTION_STATE_WAITING,
} HeartbeatConnectionState;

GType heartbeat_connection_state_get_type (void);

/**
 * HeartbeatConnectionStage:
 * @HEARTBEAT_CONNECTION_STAGE_NONE: nothing has failed
 * @HEARTBEAT_CONNECTION_STAGE_CONNECT: the host was looked up and called
 * @HEARTBEAT_CONNECTION_STAGE_TLS: the peer was asked who it is
 * @HEARTBEAT_CONNECTION_STAGE_GREETING: the broker was to say that it speaks AMQP
 * @HEARTBEAT_CONNECTION_STAGE_LOGIN: user name and password were sent
 * @HEARTBEAT_CONNECTION_STAGE_VHOST: the virtual host was to be opened
 * @HEARTBEAT_CONNECTION_STAGE_USE: it was in use
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

#define HEARTBEAT_TYPE_CONNECTION (heartbeat_connection_get_type ())
G_DECLARE_FINAL_TYPE (HeartbeatConnection, heartbeat_connection, HEARTBEAT, CONNECTION, GObject)

HeartbeatConnection *heartbeat_connection_new (GPtrArray *uris, const char *purpose);
void heartbeat_connection_start (HeartbeatConnection *self);
void heartbeat_connection_retry_now (HeartbeatConnection *self);
void heartbeat_connection_close_async (HeartbeatConnection *self,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
gboolean
heartbeat_connection_close_finish (HeartbeatConnection *self, GAsyncResult *result, GError **error);
HeartbeatChannel *heartbeat_connection_open_channel (HeartbeatConnection *self,
                                                     const HeartbeatChannelEvents *events,
                                                     GObject *owner,
                                                     GError **error);

HeartbeatConnectionState heartbeat_connection_get_state (HeartbeatConnection *self);
const char *heartbeat_connection_get_error (HeartbeatConnection *self);
const GError *heartbeat_connection_get_last_error (HeartbeatConnection *self,
                                                   HeartbeatConnectionStage *stage);
const char *heartbeat_connection_get_broker (HeartbeatConnection *self);
const char *heartbeat_connection_get_blocked (HeartbeatConnection *self);

G_END_DECLS
