/* SPDX-License-Identifier: MIT */

#pragma once

#include <json-glib/json-glib.h>

#include "broker/heartbeat-publisher.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_OUTBOX (heartbeat_outbox_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatOutbox, heartbeat_outbox, HEARTBEAT, OUTBOX, GObject)

HeartbeatOutbox *
heartbeat_outbox_new (HeartbeatPublisher *publisher, const char *agent, const char *exchange);
const char *heartbeat_outbox_get_agent (HeartbeatOutbox *self);
gboolean heartbeat_outbox_has_broker (HeartbeatOutbox *self);
void heartbeat_outbox_send_async (HeartbeatOutbox *self,
                                  const char *event_type,
                                  const char *cause,
                                  JsonNode *payload,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
char *heartbeat_outbox_send_finish (HeartbeatOutbox *self, GAsyncResult *result, GError **error);

G_END_DECLS
