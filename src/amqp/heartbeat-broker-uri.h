/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * HeartbeatLogin:
 * @HEARTBEAT_LOGIN_PLAIN: user name and password
 * @HEARTBEAT_LOGIN_EXTERNAL: the client certificate
 * @HEARTBEAT_LOGIN_EXTERNAL_IF_OFFERED: the client certificate where the broker takes it, else as guest
 *
 * How to log in.
 */
typedef enum
{
  HEARTBEAT_LOGIN_PLAIN,
  HEARTBEAT_LOGIN_EXTERNAL,
  HEARTBEAT_LOGIN_EXTERNAL_IF_OFFERED,
} HeartbeatLogin;

#define HEARTBEAT_TYPE_BROKER_URI (heartbeat_broker_uri_get_type ())

/**
 * HeartbeatBrokerUri:
 *
 * Where a broker is and who we are there. Immutable and reference counted, from any thread. Never show anything of it to anybody but what
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
const char *heartbeat_broker_uri_get_cacertfile (const HeartbeatBrokerUri *self);
const char *heartbeat_broker_uri_get_certfile (const HeartbeatBrokerUri *self);
const char *heartbeat_broker_uri_get_keyfile (const HeartbeatBrokerUri *self);
gboolean heartbeat_broker_uri_get_verify (const HeartbeatBrokerUri *self);
const char *heartbeat_broker_uri_get_server_name (const HeartbeatBrokerUri *self);
HeartbeatLogin heartbeat_broker_uri_get_login (const HeartbeatBrokerUri *self);
gboolean heartbeat_broker_uri_begin_reading (HeartbeatBrokerUri *self);
void heartbeat_broker_uri_end_reading (HeartbeatBrokerUri *self);
char *heartbeat_broker_uri_to_display (const HeartbeatBrokerUri *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatBrokerUri, heartbeat_broker_uri_unref)

G_END_DECLS
