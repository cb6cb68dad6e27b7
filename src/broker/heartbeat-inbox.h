/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

#include "broker/heartbeat-ack-window.h"
#include "amqp/heartbeat-connection.h"
#include "amqp/heartbeat-message.h"
#include "base/heartbeat-limits.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_INBOX (heartbeat_inbox_get_type ())
G_DECLARE_FINAL_TYPE (HeartbeatInbox, heartbeat_inbox, HEARTBEAT, INBOX, GObject)

/**
 * HeartbeatInboxOptions:
 * @agent: the agent's name, see heartbeat_agent_is_name()
 * @exchange: name of the topic exchange, at most 255 bytes
 * @queue_type: (nullable): "quorum", else a classic queue
 * @prefetch: how many messages the broker sends ahead of their settlement; 0 is %HEARTBEAT_PREFETCH_MESSAGES
 *
 * What an inbox is made of; copied.
 */
typedef struct
{
  const char *agent;
  const char *exchange;
  const char *queue_type;
  guint16 prefetch;
} HeartbeatInboxOptions;

/**
 * HeartbeatDelivery:
 * @generation: counts the inbox's channels
 * @tag: the delivery tag
 *
 * Names one delivery, for heartbeat_inbox_settle().
 */
typedef struct
{
  guint64 generation;
  guint64 tag;
} HeartbeatDelivery;

/**
 * HeartbeatInboxFunc:
 * @inbox: the inbox
 * @message: a message, valid only during the call
 * @user_data: what heartbeat_inbox_new() was given
 *
 * Takes a message.
 *
 * Returns: what becomes of it
 */
typedef HeartbeatDisposition (*HeartbeatInboxFunc) (HeartbeatInbox *inbox,
                                                    const HeartbeatMessage *message,
                                                    gpointer user_data);

HeartbeatInbox *heartbeat_inbox_new (HeartbeatConnection *connection,
                                     const HeartbeatInboxOptions *options,
                                     HeartbeatInboxFunc func,
                                     gpointer user_data);
void heartbeat_inbox_start (HeartbeatInbox *self);
void heartbeat_inbox_retry_now (HeartbeatInbox *self);
void
heartbeat_inbox_stop_async (HeartbeatInbox *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean heartbeat_inbox_stop_finish (HeartbeatInbox *self, GAsyncResult *result, GError **error);
void heartbeat_inbox_close_async (HeartbeatInbox *self,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean heartbeat_inbox_close_finish (HeartbeatInbox *self, GAsyncResult *result, GError **error);

HeartbeatDelivery heartbeat_inbox_get_delivery (HeartbeatInbox *self,
                                                const HeartbeatMessage *message);
gboolean heartbeat_inbox_holds (HeartbeatInbox *self, HeartbeatDelivery delivery);
void heartbeat_inbox_settle (HeartbeatInbox *self,
                             HeartbeatDelivery delivery,
                             HeartbeatDisposition disposition);

HeartbeatConnectionState heartbeat_inbox_get_state (HeartbeatInbox *self);
const char *heartbeat_inbox_get_error (HeartbeatInbox *self);
const char *heartbeat_inbox_get_queue (HeartbeatInbox *self);

G_END_DECLS
