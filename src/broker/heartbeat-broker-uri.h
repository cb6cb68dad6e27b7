/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_BROKER_URI (heartbeat_broker_uri_get_type ())

/**
 * HeartbeatBrokerUri:
 *
 * Where a broker is and who we are there. Immutable and reference counted. Never show anything of it to anybody but what
 * heartbeat_broker_uri_to_display() makes.
 */
typedef struct _HeartbeatBrokerUri HeartbeatBrokerUri;

GType heartbeat_broker_uri_get_type (void);
HeartbeatBrokerUri *heartbeat_broker_uri_parse (const char *text, GError **error);
GPtrArray *heartbeat_broker_uri_parse_list (const char *text, GError **error);
HeartbeatBrokerUri *heartbeat_broker_uri_ref (HeartbeatBrokerUri *self);
void heartbeat_broker_uri_unref (HeartbeatBrokerUri *self);

gboolean heartbeat_broker_uri_get_tls (const HeartbeatBrokerUri *self);
const char *heartbeat_broker_uri_get_host (const HeartbeatBrokerUri *self);
guint16 heartbeat_broker_uri_get_port (const HeartbeatBrokerUri *self);
const char *heartbeat_broker_uri_get_user (const HeartbeatBrokerUri *self);
const char *heartbeat_broker_uri_get_password (const HeartbeatBrokerUri *self);
const char *heartbeat_broker_uri_get_vhost (const HeartbeatBrokerUri *self);
char *heartbeat_broker_uri_to_display (const HeartbeatBrokerUri *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatBrokerUri, heartbeat_broker_uri_unref)

G_END_DECLS
