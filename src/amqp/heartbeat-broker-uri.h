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
 * @tls: whether it is `amqps`
 * @host: host name or address, without brackets
 * @port: the port
 * @user: the user's name
 * @password: the password, for the login and nothing else
 * @vhost: the virtual host
 * @cacertfile: (nullable): path of the authorities to trust, %NULL for the system's
 * @certfile: (nullable): path of the client certificate
 * @keyfile: (nullable): path of its key, the same as @certfile where the URL names none
 * @server_name: the name or address that the broker's certificate has to be for
 * @verify: whether the broker's certificate is verified
 * @login: how to log in
 *
 * Where a broker is and who we are there. It never changes, and has references from any thread. Show nothing of it to
 * anybody but what heartbeat_broker_uri_to_display() makes.
 */
typedef struct
{
  gboolean tls;
  char *host;
  guint16 port;
  char *user;
  char *password;
  char *vhost;
  char *cacertfile;
  char *certfile;
  char *keyfile;
  char *server_name;
  gboolean verify;
  HeartbeatLogin login;
  /*< private >*/
  gatomicrefcount refs;
  gint readers; /* atomic: threads that read the files now */
} HeartbeatBrokerUri;

GType heartbeat_broker_uri_get_type (void);
HeartbeatBrokerUri *heartbeat_broker_uri_parse (const char *text, GError **error);
GPtrArray *heartbeat_broker_uri_parse_list (const char *text, GError **error);
HeartbeatBrokerUri *heartbeat_broker_uri_ref (HeartbeatBrokerUri *self);
void heartbeat_broker_uri_unref (HeartbeatBrokerUri *self);

gboolean heartbeat_broker_uri_begin_reading (HeartbeatBrokerUri *self);
void heartbeat_broker_uri_end_reading (HeartbeatBrokerUri *self);
char *heartbeat_broker_uri_to_display (const HeartbeatBrokerUri *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatBrokerUri, heartbeat_broker_uri_unref)

G_END_DECLS
