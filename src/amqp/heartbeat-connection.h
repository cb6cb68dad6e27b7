/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

#include "amqp/heartbeat-session.h"

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
