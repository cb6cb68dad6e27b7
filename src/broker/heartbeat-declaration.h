/* SPDX-License-Identifier: MIT */

#pragma once

#include "amqp/heartbeat-channel.h"

G_BEGIN_DECLS

#define HEARTBEAT_CONSUMER_TAG "heartbeat-consumer"

typedef struct _HeartbeatDeclaration HeartbeatDeclaration;

HeartbeatDeclaration *heartbeat_declaration_new (const char *agent,
                                                 const char *exchange,
                                                 const char *queue,
                                                 gboolean quorum,
                                                 guint16 prefetch);
void heartbeat_declaration_free (HeartbeatDeclaration *self);
void heartbeat_declaration_run_async (HeartbeatDeclaration *self,
                                      HeartbeatChannel *channel,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
gboolean heartbeat_declaration_run_finish (HeartbeatDeclaration *self,
                                           GAsyncResult *result,
                                           HeartbeatReply *found,
                                           GError **error);
gboolean heartbeat_declaration_accept (HeartbeatDeclaration *self, const GError *error);
void heartbeat_declaration_reset (HeartbeatDeclaration *self);

G_END_DECLS
