/* SPDX-License-Identifier: MIT */

#pragma once

#include "heartbeat/heartbeat-agent.h"
#include "heartbeat/heartbeat-run.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_CONSUMER (heartbeat_consumer_get_type ())

HEARTBEAT_EXPORT
G_DECLARE_FINAL_TYPE (HeartbeatConsumer, heartbeat_consumer, HEARTBEAT, CONSUMER, GObject)

HEARTBEAT_EXPORT HeartbeatConsumer *heartbeat_consumer_new (const char *agent_name,
                                                            const char *heartbeat_path,
                                                            const char *rabbit_url,
                                                            const char *exchange_name);

HEARTBEAT_EXPORT void heartbeat_consumer_register_handler (HeartbeatConsumer *self,
                                                           const char *name,
                                                           HeartbeatHandlerFunc func,
                                                           gpointer user_data,
                                                           GDestroyNotify destroy);
HEARTBEAT_EXPORT gboolean heartbeat_consumer_unregister_handler (HeartbeatConsumer *self,
                                                                 const char *name);
HEARTBEAT_EXPORT GStrv heartbeat_consumer_list_handlers (HeartbeatConsumer *self);
HEARTBEAT_EXPORT void heartbeat_consumer_list_handlers_async (HeartbeatConsumer *self,
                                                              GAsyncReadyCallback callback,
                                                              gpointer user_data);
HEARTBEAT_EXPORT GStrv heartbeat_consumer_list_handlers_finish (HeartbeatConsumer *self,
                                                                GAsyncResult *result,
                                                                GError **error);

HEARTBEAT_EXPORT gboolean heartbeat_consumer_start (HeartbeatConsumer *self, GError **error);
HEARTBEAT_EXPORT void heartbeat_consumer_stop_async (HeartbeatConsumer *self,
                                                     GAsyncReadyCallback callback,
                                                     gpointer user_data);
HEARTBEAT_EXPORT gboolean heartbeat_consumer_stop_finish (HeartbeatConsumer *self,
                                                          GAsyncResult *result,
                                                          GError **error);
HEARTBEAT_EXPORT gboolean heartbeat_consumer_run (HeartbeatConsumer *self, GError **error);

HEARTBEAT_EXPORT void heartbeat_consumer_publish_async (HeartbeatConsumer *self,
                                                        const char *event_type,
                                                        const char *payload,
                                                        GCancellable *cancellable,
                                                        GAsyncReadyCallback callback,
                                                        gpointer user_data);
HEARTBEAT_EXPORT char *
heartbeat_consumer_publish_finish (HeartbeatConsumer *self, GAsyncResult *result, GError **error);

HEARTBEAT_EXPORT HeartbeatAgent *heartbeat_consumer_get_agent (HeartbeatConsumer *self);
HEARTBEAT_EXPORT const char *heartbeat_consumer_get_connection_state (HeartbeatConsumer *self);
HEARTBEAT_EXPORT const char *heartbeat_consumer_get_connection_error (HeartbeatConsumer *self);
HEARTBEAT_EXPORT const char *heartbeat_consumer_get_broker_address (HeartbeatConsumer *self);
HEARTBEAT_EXPORT const char *heartbeat_consumer_get_exchange_name (HeartbeatConsumer *self);
HEARTBEAT_EXPORT const char *heartbeat_consumer_get_queue (HeartbeatConsumer *self);
HEARTBEAT_EXPORT const char *heartbeat_consumer_get_tick_source (HeartbeatConsumer *self);
HEARTBEAT_EXPORT guint64 heartbeat_consumer_get_messages_rejected (HeartbeatConsumer *self);

G_END_DECLS
