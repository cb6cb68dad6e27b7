/* SPDX-License-Identifier: MIT */

#pragma once

#include "consumer/heartbeat-inbox-runner.h"

G_BEGIN_DECLS

typedef struct _HeartbeatReceiver HeartbeatReceiver;

/**
 * HeartbeatReceiverFuncs:
 * @ticked: a good tick has come; it is not decided yet
 * @received: a message for the agent has come, a JSON object
 * @rejected: one more message is rejected
 *
 * Callbacks for incoming messages.
 */
typedef struct
{
  void (*ticked) (gpointer user_data);
  void (*received) (const char *routing_key,
                    const char *event_type,
                    const char *body,
                    gpointer user_data);
  void (*rejected) (gpointer user_data);
} HeartbeatReceiverFuncs;

HeartbeatReceiver *heartbeat_receiver_new (HeartbeatAgent *agent,
                                           const char *app_id,
                                           const HeartbeatReceiverFuncs *funcs,
                                           gpointer user_data);
void heartbeat_receiver_free (HeartbeatReceiver *self);
void heartbeat_receiver_set_runner (HeartbeatReceiver *self, HeartbeatInboxRunner *runner);
HeartbeatDisposition heartbeat_receiver_take (HeartbeatReceiver *self,
                                              HeartbeatInbox *inbox,
                                              const HeartbeatMessage *message);
guint64 heartbeat_receiver_get_rejected (HeartbeatReceiver *self);

G_END_DECLS
