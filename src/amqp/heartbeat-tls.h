/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

#include "amqp/heartbeat-broker-uri.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_TLS (heartbeat_tls_get_type ())
G_DECLARE_FINAL_TYPE (HeartbeatTls, heartbeat_tls, HEARTBEAT, TLS, GObject)

gboolean heartbeat_tls_check_files (const HeartbeatBrokerUri *uri, GError **error);
HeartbeatTls *heartbeat_tls_new (HeartbeatBrokerUri *uri);
void heartbeat_tls_open_async (HeartbeatTls *self,
                               GSocketConnection *connection,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
GIOStream *heartbeat_tls_open_finish (HeartbeatTls *self, GAsyncResult *result, GError **error);
GError *heartbeat_tls_explain (HeartbeatTls *self, const GError *error);
const char *heartbeat_tls_describe_stall (HeartbeatTls *self);

G_END_DECLS
