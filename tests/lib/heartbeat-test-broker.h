/* SPDX-License-Identifier: MIT */

/* A broker that says what real ones do not: each connection is served by the test's script, on a thread of its own. */

#pragma once

#include <gio/gio.h>

#include "amqp/heartbeat-connection.h"

G_BEGIN_DECLS

typedef struct _HbtestBroker HbtestBroker;
typedef void (*HbtestScript) (HbtestBroker *f);

struct _HbtestBroker
{
  GSocketService *service;
  GSocketConnection *peer;
  GThread *thread;
  amqp_pool_t pool;
  guint accepted;
  HbtestScript script;
  guint16 number; /* of the channel */

  HeartbeatBrokerUri *uri;
  HeartbeatConnection *connection;
  gconstpointer test; /* what the script is read from */
  const char *word;   /* where it is */
  guint pending;
  gint acknowledged; /* atomic */
  gint reached;      /* atomic: the script is where the test goes on */
  GError *error;
};

void hbtest_broker_read (HbtestBroker *f, guint8 *data, gsize length);
void hbtest_broker_send (HbtestBroker *f, const void *data, gsize length);
void
hbtest_broker_say (HbtestBroker *f, guint16 channel, amqp_method_number_t method, void *decoded);
guint8 hbtest_broker_hear_frame (HbtestBroker *f, GByteArray *bytes, HeartbeatFrame *frame);
void *hbtest_broker_hear (HbtestBroker *f, GByteArray *bytes, amqp_method_number_t expected);
void hbtest_broker_reach (HbtestBroker *f);
void hbtest_broker_listen (HbtestBroker *f);
void hbtest_broker_start (HbtestBroker *f, GByteArray *bytes);
void hbtest_broker_tune (HbtestBroker *f, GByteArray *bytes, guint16 heartbeat);
void hbtest_broker_shake_hands (HbtestBroker *f, GByteArray *bytes);
void hbtest_broker_hear_close (HbtestBroker *f, GByteArray *bytes, guint16 code);
void hbtest_broker_serve_close (HbtestBroker *f, GByteArray *bytes);
void hbtest_broker_open_channel (HbtestBroker *f, GByteArray *bytes);
void hbtest_broker_deliver (HbtestBroker *f, guint64 tag);
void hbtest_broker_set_up (HbtestBroker *f, HbtestScript script);
void hbtest_broker_tear_down (HbtestBroker *f, gconstpointer data);
void hbtest_broker_connect (HbtestBroker *f);
void hbtest_broker_wait_until_reached (HbtestBroker *f);
void hbtest_broker_wait_for_pending (HbtestBroker *f);

G_END_DECLS
