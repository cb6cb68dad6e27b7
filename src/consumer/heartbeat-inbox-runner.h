/* SPDX-License-Identifier: MIT */

#pragma once

#include "broker/heartbeat-inbox.h"
#include "agent/heartbeat-agent.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_INBOX_RUNNER (heartbeat_inbox_runner_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatInboxRunner,
                      heartbeat_inbox_runner,
                      HEARTBEAT,
                      INBOX_RUNNER,
                      GObject)

HeartbeatInboxRunner *heartbeat_inbox_runner_new (HeartbeatAgent *agent,
                                                  HeartbeatInbox *inbox,
                                                  const char *handler,
                                                  guint timeout);
void heartbeat_inbox_runner_take (HeartbeatInboxRunner *self,
                                  HeartbeatDelivery delivery,
                                  const char *routing_key,
                                  const char *envelope);
void heartbeat_inbox_runner_stop_async (HeartbeatInboxRunner *self,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
void heartbeat_inbox_runner_force_stop (HeartbeatInboxRunner *self);
void heartbeat_inbox_runner_stop_finish (HeartbeatInboxRunner *self, GAsyncResult *result);

G_END_DECLS
