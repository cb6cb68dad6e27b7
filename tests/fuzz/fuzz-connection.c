/* SPDX-License-Identifier: MIT */

/* A whole connection with an inbox, on one end of a socket pair, and a broker that keeps to the protocol for a while and
 * then sends whatever the fuzzer wants. */

#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>

#include "broker/heartbeat-inbox.h"
#include "fuzz.h"
#include "wire.h"

#define PASSWORD "geheim"

typedef struct
{
  GSocket *broker; /* its end of the connection, NULL before there is one */
  guint messages;
} Fixture;

/* Where the broker's end of the connection that is made next goes: the function below has no other way to know. */
static GSocket **next_broker;

/* In place of GIO's: no address is looked up, and no port is used up. */
void g_socket_client_connect_async (GSocketClient *client,
                                    GSocketConnectable *connectable,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
GSocketConnection *
g_socket_client_connect_finish (GSocketClient *client, GAsyncResult *result, GError **error);

void
g_socket_client_connect_async (GSocketClient *client,
                               GSocketConnectable *connectable,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (client, cancellable, callback, user_data);
  g_autoptr (GSocket) socket = NULL;
  int fds[2];

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
  socket = g_socket_new_from_fd (fds[0], NULL);
  g_clear_object (next_broker);
  *next_broker = g_socket_new_from_fd (fds[1], NULL);
  g_socket_set_blocking (*next_broker, FALSE);
  g_task_return_pointer (task, g_socket_connection_factory_create_connection (socket),
                         g_object_unref);
}

GSocketConnection *
g_socket_client_connect_finish (GSocketClient *client, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Warnings of what the broker does are right; a critical is a finding. */
static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  if ((level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL)) == 0)
    return G_LOG_WRITER_HANDLED;
  g_log_writer_standard_streams (level, fields, n_fields, NULL);
  g_abort ();
}

static void
run_loop (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* What we answer is read, so that no buffer is ever full. */
static void
say (Fixture *f, const void *data, gsize size)
{
  char sink[4096];

  if (f->broker == NULL)
    return;
  g_socket_send (f->broker, data, size, NULL, NULL);
  run_loop ();
  while (g_socket_receive (f->broker, sink, sizeof sink, NULL, NULL) == sizeof sink)
    ;
}

static void
say_method (Fixture *f, guint16 channel, amqp_method_number_t method, void *decoded)
{
  g_autoptr (GByteArray) frame = g_byte_array_new ();

  heartbeat_frame_append_method (frame, channel, method, decoded);
  say (f, frame->data, frame->len);
}

/* The first @stage methods of a broker that means well. */
static void
converse (Fixture *f, guint stage)
{
  amqp_connection_start_t start = {
    .version_minor = 9,
    .mechanisms = amqp_cstring_bytes ("AMQPLAIN PLAIN"),
    .locales = amqp_cstring_bytes ("en_US"),
  };
  amqp_connection_tune_t tune = { 2047, 131072, 60 };
  amqp_connection_open_ok_t open_ok = { 0 };
  amqp_channel_open_ok_t channel_ok = { 0 };
  amqp_exchange_declare_ok_t exchange_ok = { 0 };
  amqp_queue_declare_ok_t queue_ok = { .queue = amqp_cstring_bytes ("q"), .message_count = 3 };
  amqp_queue_bind_ok_t bind_ok = { 0 };
  amqp_basic_qos_ok_t qos_ok = { 0 };
  amqp_basic_consume_ok_t consume_ok = { .consumer_tag = amqp_cstring_bytes ("t") };
  const struct
  {
    guint16 channel;
    amqp_method_number_t method;
    void *decoded;
  } steps[] = {
    { 0, AMQP_CONNECTION_START_METHOD, &start },
    { 0, AMQP_CONNECTION_TUNE_METHOD, &tune },
    { 0, AMQP_CONNECTION_OPEN_OK_METHOD, &open_ok },
    { 1, AMQP_CHANNEL_OPEN_OK_METHOD, &channel_ok },
    { 1, AMQP_EXCHANGE_DECLARE_OK_METHOD, &exchange_ok },
    { 1, AMQP_QUEUE_DECLARE_OK_METHOD, &queue_ok },
    { 1, AMQP_QUEUE_BIND_OK_METHOD, &bind_ok },
    { 1, AMQP_QUEUE_BIND_OK_METHOD, &bind_ok },
    { 1, AMQP_BASIC_QOS_OK_METHOD, &qos_ok },
    { 1, AMQP_BASIC_CONSUME_OK_METHOD, &consume_ok },
  };

  for (guint i = 0; i < MIN (stage, G_N_ELEMENTS (steps)); i++)
    say_method (f, steps[i].channel, steps[i].method, steps[i].decoded);
}

static HeartbeatDisposition
on_message (HeartbeatInbox *inbox, const HeartbeatMessage *message, gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_true (g_utf8_validate (message->routing_key, -1, NULL));
  g_assert_cmpuint (message->reply_code, ==, 0);
  g_assert_cmpstr (message->reply_text, ==, "");
  f->messages++;
  /* Settled in each of the ways that there are. */
  if (f->messages % 4 == 0)
    heartbeat_inbox_settle (inbox, heartbeat_inbox_get_delivery (inbox, message),
                            HEARTBEAT_DISPOSITION_ACKNOWLEDGE);
  return (HeartbeatDisposition) (f->messages % 3);
}

static void
on_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
}

static void
close_all (Fixture *f, HeartbeatConnection *connection, HeartbeatInbox *inbox)
{
  gboolean inbox_closed = FALSE, closed = FALSE;

  heartbeat_inbox_close_async (inbox, on_closed, &inbox_closed);
  run_loop ();
  heartbeat_connection_close_async (connection, on_closed, &closed);
  g_clear_object (&f->broker);
  run_loop ();
  g_assert_true (inbox_closed);
  g_assert_true (closed);
  g_assert_finalize_object (inbox);
  g_assert_finalize_object (connection);
}

static void
check_state (HeartbeatConnection *connection, HeartbeatInbox *inbox, const GByteArray *said)
{
  const char *error = heartbeat_connection_get_error (connection);
  gboolean told = memmem (said->data, said->len, PASSWORD, strlen (PASSWORD)) != NULL;

  g_assert_true (g_utf8_validate (error, -1, NULL));
  /* libFuzzer learns the word from strstr(), and then the broker says it. */
  g_assert_true (told || strstr (error, PASSWORD) == NULL);
  g_assert_true (g_utf8_validate (heartbeat_connection_get_blocked (connection), -1, NULL));
  g_assert_true (g_utf8_validate (heartbeat_inbox_get_error (inbox), -1, NULL));
  if (heartbeat_inbox_get_state (inbox) == HEARTBEAT_CONNECTION_STATE_CONNECTED)
    g_assert_cmpstr (heartbeat_inbox_get_error (inbox), ==, "");
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static gsize initialized;
  g_auto (Wire) wire = { 0 };
  Fixture f = { 0 };
  HeartbeatInboxOptions options = { "a", "bloodbank.events.v1", NULL, 0 };
  g_autoptr (GPtrArray) uris = heartbeat_broker_uri_parse_list ("amqp://me:" PASSWORD "@h", NULL);
  HeartbeatConnection *connection = heartbeat_connection_new (uris, "fuzz");
  HeartbeatInbox *inbox = heartbeat_inbox_new (connection, &options, on_message, &f);

  if (g_once_init_enter (&initialized))
    {
      g_log_set_writer_func (write_log, NULL, NULL);
      g_once_init_leave (&initialized, 1);
    }
  /* How long the connection waits before it comes back is no matter of chance here. */
  g_random_set_seed (1);
  wire_init (&wire, data, size);
  next_broker = &f.broker;
  heartbeat_inbox_start (inbox);
  heartbeat_connection_start (connection);
  run_loop ();
  converse (&f, wire.stage);
  for (gsize at = 0; at < wire.bytes->len;)
    {
      gsize left = wire.bytes->len - at;
      /* At most 64 pieces: each is a turn of the loop. */
      gsize chunk = wire.chunk > 0 ? MIN (MAX (wire.chunk, wire.bytes->len / 64), left) : left;

      say (&f, wire.bytes->data + at, chunk);
      at += chunk;
    }
  check_state (connection, inbox, wire.bytes);
  close_all (&f, connection, inbox);
  return 0;
}
