/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "amqp/heartbeat-amqp-error.h"
#include "amqp/heartbeat-broker-uri.h"
#include "amqp/heartbeat-connection.h"
#include "broker/heartbeat-inbox.h"
#include "broker/heartbeat-amqp-publisher.h"
#include "agent/heartbeat-agent-private.h"
#include "consumer/heartbeat-tick-ack.h"
#include "base/heartbeat-error.h"
#include "heartbeat-test.h"

/* A broker that says what real ones do not: each connection is served by the test's script, on a thread of its own. */
typedef struct _Fixture Fixture;
typedef void (*Script) (Fixture *f);

struct _Fixture
{
  GSocketService *service;
  GSocketConnection *peer;
  GThread *thread;
  amqp_pool_t pool;
  guint accepted;
  Script script;
  guint16 number; /* of the channel */

  HeartbeatConnection *connection;
  gconstpointer test; /* what the script is read from */
  const char *word;   /* where it is */
  guint pending;
  gint acknowledged; /* atomic */
  gint reached;      /* atomic: the script is where the test goes on */
  GError *error;
};

static void
read_exactly (Fixture *f, guint8 *data, gsize length)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (f->peer));
  gsize n = 0;

  g_assert_true (g_input_stream_read_all (in, data, length, &n, NULL, NULL));
  g_assert_cmpuint (n, ==, length);
}

static void
send_bytes (Fixture *f, const void *data, gsize length)
{
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (f->peer));

  g_assert_true (g_output_stream_write_all (out, data, length, NULL, NULL, NULL));
}

static void
say (Fixture *f, guint16 channel, amqp_method_number_t method, void *decoded)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();

  heartbeat_frame_append_method (out, channel, method, decoded);
  send_bytes (f, out->data, out->len);
}

static guint8
hear_frame (Fixture *f, GByteArray *bytes, HeartbeatFrame *frame)
{
  g_byte_array_set_size (bytes, HEARTBEAT_FRAME_OVERHEAD);
  read_exactly (f, bytes->data, HEARTBEAT_FRAME_HEAD);
  g_byte_array_set_size (bytes,
                         HEARTBEAT_FRAME_OVERHEAD + ((guint) bytes->data[5] << 8 | bytes->data[6]));
  read_exactly (f, bytes->data + HEARTBEAT_FRAME_HEAD, bytes->len - HEARTBEAT_FRAME_HEAD);
  g_assert_cmpint (heartbeat_frame_split (bytes->data, bytes->len, frame, NULL), ==,
                   HEARTBEAT_SPLIT_FRAME);
  return frame->type;
}

/* Waits for @method and keeps its frame in @bytes; heartbeats and contents are skipped. */
static void *
hear (Fixture *f, GByteArray *bytes, amqp_method_number_t expected)
{
  HeartbeatFrame frame = { 0 };
  amqp_method_t method = { 0 };

  while (hear_frame (f, bytes, &frame) != AMQP_FRAME_METHOD)
    ;
  /* heartbeat_frame_decode_method() reads only what a broker says. */
  g_assert_cmpuint (frame.length, >=, 4);
  memcpy (&method.id, frame.payload, 4);
  method.id = GUINT32_FROM_BE (method.id);
  g_assert_cmpint (amqp_decode_method (method.id, &f->pool,
                                       (amqp_bytes_t){ frame.length - 4,
                                                       (void *) (frame.payload + 4) },
                                       &method.decoded),
                   >=, 0);
  g_assert_cmpstr (amqp_method_name (method.id), ==, amqp_method_name (expected));
  return method.decoded;
}

static void
reach (Fixture *f)
{
  g_atomic_int_set (&f->reached, TRUE);
  g_main_context_wakeup (NULL);
}

/* Listens until the other side hangs up. */
static void
script_silent (Fixture *f)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (f->peer));
  guint8 byte = 0;

  while (g_input_stream_read (in, &byte, 1, NULL, NULL) > 0)
    reach (f);
}

static void
start (Fixture *f, GByteArray *bytes)
{
  amqp_connection_start_t method = {
    .version_minor = 9,
    .mechanisms = amqp_cstring_bytes ("AMQPLAIN PLAIN"),
    .locales = amqp_cstring_bytes ("en_US"),
  };
  const amqp_connection_start_ok_t *ok = NULL;
  guint8 header[8];

  read_exactly (f, header, sizeof header);
  g_assert_cmpmem (header, 8, "AMQP\0\0\x09\x01", 8);
  say (f, 0, AMQP_CONNECTION_START_METHOD, &method);
  ok = hear (f, bytes, AMQP_CONNECTION_START_OK_METHOD);
  g_assert_cmpmem (ok->response.bytes, ok->response.len, "\0me\0geheim", 10);
}

static void
tune (Fixture *f, GByteArray *bytes, guint16 heartbeat)
{
  amqp_connection_tune_t method = { .heartbeat = heartbeat };
  amqp_connection_open_ok_t ok = { 0 };
  const amqp_connection_tune_ok_t *agreed = NULL;

  say (f, 0, AMQP_CONNECTION_TUNE_METHOD, &method);
  agreed = hear (f, bytes, AMQP_CONNECTION_TUNE_OK_METHOD);
  g_assert_cmpuint (agreed->channel_max, ==, 2047);
  g_assert_cmpuint (agreed->frame_max, ==, 131072);
  g_assert_cmpuint (agreed->heartbeat, ==, heartbeat != 0 ? heartbeat : 30);
  hear (f, bytes, AMQP_CONNECTION_OPEN_METHOD);
  say (f, 0, AMQP_CONNECTION_OPEN_OK_METHOD, &ok);
}

static void
shake_hands (Fixture *f, GByteArray *bytes)
{
  start (f, bytes);
  tune (f, bytes, 0);
}

static void
hear_close (Fixture *f, GByteArray *bytes, guint16 code)
{
  const amqp_connection_close_t *close = hear (f, bytes, AMQP_CONNECTION_CLOSE_METHOD);

  g_assert_cmpuint (close->reply_code, ==, code);
}

static gpointer
run_script (gpointer user_data)
{
  Fixture *f = user_data;

  f->script (f);
  g_io_stream_close (G_IO_STREAM (f->peer), NULL, NULL);
  return NULL;
}

static void
join_script (Fixture *f)
{
  g_clear_pointer (&f->thread, g_thread_join);
  g_clear_object (&f->peer);
}

static gboolean
on_incoming (GSocketService *service, GSocketConnection *peer, GObject *source, gpointer user_data)
{
  Fixture *f = user_data;

  join_script (f);
  f->peer = g_object_ref (peer);
  f->accepted++;
  f->thread = g_thread_new ("script", run_script, f);
  return TRUE;
}

static void
set_up_broker (Fixture *f, Script script)
{
  g_autoptr (GPtrArray) uris = NULL;
  g_autofree char *url = NULL;
  guint16 port = 0;

  f->script = script;
  init_amqp_pool (&f->pool, 4096);
  f->service = g_socket_service_new ();
  port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (f->service), NULL, NULL);
  g_signal_connect (f->service, "incoming", G_CALLBACK (on_incoming), f);
  url = g_strdup_printf ("amqp://me:geheim@127.0.0.1:%u", port);
  uris = heartbeat_broker_uri_parse_list (url, NULL);
  f->connection = heartbeat_connection_new (uris, "test");
}

static void
set_up (Fixture *f, gconstpointer data)
{
  set_up_broker (f, (Script) (gpointer) data);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  gboolean closed = FALSE;

  g_socket_service_stop (f->service);
  heartbeat_connection_close_async (f->connection, hbtest_set_done, &closed);
  hbtest_wait_for (closed);
  hbtest_run_pending ();
  join_script (f);
  g_assert_finalize_object (f->connection);
  g_object_unref (f->service);
  g_clear_error (&f->error);
  empty_amqp_pool (&f->pool);
}

static void
wait_for (Fixture *f, HeartbeatConnectionState state)
{
  hbtest_wait_for (heartbeat_connection_get_state (f->connection) == state);
}

static void
connect_now (Fixture *f)
{
  heartbeat_connection_start (f->connection);
  wait_for (f, HEARTBEAT_CONNECTION_STATE_CONNECTED);
}

static void
wait_until_reached (Fixture *f)
{
  hbtest_wait_for (g_atomic_int_get (&f->reached));
}

/* Connects, and expects it to fail with @error in the message. */
static void
expect_failure (Fixture *f, const char *error)
{
  heartbeat_connection_start (f->connection);
  wait_for (f, HEARTBEAT_CONNECTION_STATE_WAITING);
  g_test_message ("%s", heartbeat_connection_get_error (f->connection));
  hbtest_assert_contains (heartbeat_connection_get_error (f->connection), error);
  g_assert_null (strstr (heartbeat_connection_get_error (f->connection), "geheim"));
}

static void
script_unknown_channel (Fixture *f)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  amqp_basic_deliver_t deliver = { .delivery_tag = 1 };

  shake_hands (f, bytes);
  say (f, 5, AMQP_BASIC_DELIVER_METHOD, &deliver);
  hear_close (f, bytes, AMQP_CHANNEL_ERROR);
}

static void
script_out_of_turn (Fixture *f)
{
  amqp_connection_tune_t method = { 0 };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint8 header[8];

  read_exactly (f, header, sizeof header);
  say (f, 0, AMQP_CONNECTION_TUNE_METHOD, &method);
  hear_close (f, bytes, AMQP_COMMAND_INVALID);
}

static void
script_refused_silently (Fixture *f)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  start (f, bytes);
}

static void
script_heartbeats (Fixture *f)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  HeartbeatFrame frame = { 0 };

  start (f, bytes);
  tune (f, bytes, 1);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (hear_frame (f, bytes, &frame), ==, AMQP_FRAME_HEARTBEAT);
  script_silent (f);
}

typedef struct
{
  const char *name;
  Script script;
  const char *error; /* is in the message of the connection */
  const char *bytes;
  gsize n_bytes;
} Failure;

#define BYTES(text) text, sizeof (text) - 1

static void
script_bytes (Fixture *f)
{
  const Failure *test = f->test;

  send_bytes (f, test->bytes, test->n_bytes);
}

static void
script_bytes_after_handshake (Fixture *f)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  shake_hands (f, bytes);
  script_bytes (f);
}

static const Failure failures[] = {
  { "unknown-channel", script_unknown_channel, "not open", NULL, 0 },
  { "wrong-end", script_bytes_after_handshake, "frame without its end",
    BYTES ("\x08\0\0\0\0\0\0\0") },
  { "other-protocol", script_bytes, "no AMQP 0-9-1", BYTES ("HTTP/1.1 400 Bad Request\r\n\r\n") },
  { "truncated", script_bytes_after_handshake, "closed the connection",
    BYTES ("\x01\0\0\0\0\0\x09half") },
  { "out-of-turn", script_out_of_turn, "out of turn", NULL, 0 },
  { "refused-silently", script_refused_silently, "perhaps for this: wrong user name or password",
    NULL, 0 },
  { "heartbeats", script_heartbeats, "No sign of life from the broker for 2 s", NULL, 0 },
};

static void
set_up_failure (Fixture *f, gconstpointer data)
{
  const Failure *test = data;

  f->test = test;
  set_up_broker (f, test->script);
}

static void
test_failure (Fixture *f, gconstpointer data)
{
  const Failure *test = data;

  expect_failure (f, test->error);
}

static void
script_refused (Fixture *f)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  amqp_connection_close_t close = {
    .reply_code = AMQP_ACCESS_REFUSED,
    .reply_text = amqp_cstring_bytes ("ACCESS_REFUSED - me geheim"),
  };

  start (f, bytes);
  say (f, 0, AMQP_CONNECTION_CLOSE_METHOD, &close);
  hear (f, bytes, AMQP_CONNECTION_CLOSE_OK_METHOD);
}

/* Not sooner, so that no account is locked. */
static void
assert_waits_for_a_minute (Fixture *f)
{
  GSource *wait = g_main_context_find_source_by_user_data (NULL, f->connection);
  gint64 left = g_source_get_ready_time (wait) - g_get_monotonic_time ();

  g_assert_cmpint (left, <=, 60 * G_USEC_PER_SEC);
  g_assert_cmpint (left, >, 30 * G_USEC_PER_SEC);
}

static void
test_refused (Fixture *f, gconstpointer data)
{
  expect_failure (f, "wrong user name or password");
  assert_waits_for_a_minute (f);
}

static void
test_silent (Fixture *f, gconstpointer data)
{
  GSource *limit = NULL;
  gint64 left = 0;

  heartbeat_connection_start (f->connection);
  wait_until_reached (f);
  limit = g_main_context_find_source_by_user_data (NULL, f->connection);
  left = g_source_get_ready_time (limit) - g_get_monotonic_time ();
  g_assert_cmpint (left, <=, 10 * G_USEC_PER_SEC);
  g_assert_cmpint (left, >, 0);
  g_source_set_ready_time (limit, 0);
  expect_failure (f, "did not answer within 10 s");
}

static void
script_forced (Fixture *f)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  amqp_connection_close_t close = {
    .reply_code = AMQP_CONNECTION_FORCED,
    .reply_text = amqp_cstring_bytes ("bye\n\xff"),
  };

  shake_hands (f, bytes);
  if (f->accepted == 1)
    {
      say (f, 0, AMQP_CONNECTION_CLOSE_METHOD, &close);
      hear (f, bytes, AMQP_CONNECTION_CLOSE_OK_METHOD);
      return;
    }
  hear_close (f, bytes, AMQP_REPLY_SUCCESS);
  say (f, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &(amqp_connection_close_ok_t){ 0 });
}

static void
test_forced (Fixture *f, gconstpointer data)
{
  expect_failure (f, "bye \xef\xbf\xbd (320)");
  heartbeat_connection_retry_now (f->connection);
  wait_for (f, HEARTBEAT_CONNECTION_STATE_CONNECTED);
  g_assert_cmpstr (heartbeat_connection_get_error (f->connection), ==, "");
}

/* Channels. */

static void
open_channel (Fixture *f, GByteArray *bytes)
{
  amqp_channel_open_ok_t ok = { 0 };

  f->number = 1;
  shake_hands (f, bytes);
  hear (f, bytes, AMQP_CHANNEL_OPEN_METHOD);
  say (f, f->number, AMQP_CHANNEL_OPEN_OK_METHOD, &ok);
}

static void
serve_close (Fixture *f, GByteArray *bytes)
{
  hear_close (f, bytes, AMQP_REPLY_SUCCESS);
  say (f, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &(amqp_connection_close_ok_t){ 0 });
}

static void
open_next (Fixture *f, GByteArray *bytes, guint16 number)
{
  amqp_channel_open_ok_t ok = { 0 };

  hear (f, bytes, AMQP_CHANNEL_OPEN_METHOD);
  g_assert_cmpuint (bytes->data[2], ==, number);
  say (f, number, AMQP_CHANNEL_OPEN_OK_METHOD, &ok);
}

static void
deliver_tick (Fixture *f, guint64 tag)
{
  amqp_basic_deliver_t deliver = { .delivery_tag = tag };
  amqp_basic_properties_t properties = { 0 };
  g_autoptr (GByteArray) header = g_byte_array_new ();

  say (f, f->number, AMQP_BASIC_DELIVER_METHOD, &deliver);
  heartbeat_frame_append_header (header, f->number, &properties, 0);
  send_bytes (f, header->data, header->len);
}

static const HeartbeatChannelEvents no_events = { 0 };

/* The late reply comes while the broker closes as well. */
static void
script_late_reply (Fixture *f)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  amqp_channel_close_t close = { .reply_code = AMQP_INTERNAL_ERROR };

  open_channel (f, bytes);
  hear (f, bytes, AMQP_BASIC_QOS_METHOD);
  reach (f);
  hear (f, bytes, AMQP_CHANNEL_CLOSE_METHOD);
  deliver_tick (f, 1);
  say (f, 1, AMQP_BASIC_QOS_OK_METHOD, &(amqp_basic_qos_ok_t){ 0 });
  say (f, 1, AMQP_CHANNEL_CLOSE_METHOD, &close);
  hear (f, bytes, AMQP_CHANNEL_CLOSE_OK_METHOD);
  say (f, 1, AMQP_CHANNEL_CLOSE_OK_METHOD, &(amqp_channel_close_ok_t){ 0 });
  open_next (f, bytes, 1);
  serve_close (f, bytes);
}

static void
on_late (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *f = user_data;

  g_clear_error (&f->error);
  g_assert_false (
      heartbeat_channel_call_finish (HEARTBEAT_CHANNEL (source), result, NULL, &f->error));
  hbtest_assert_error (f->error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_TIMED_OUT, "basic.qos within 10");
  f->pending--;
}

static void
wait_for_pending (Fixture *f)
{
  hbtest_wait_for (f->pending <= 0);
}

/* A call without a reply closes its channel, whose number is used again when the broker has closed it, too. */
static void
test_late_reply (Fixture *f, gconstpointer data)
{
  GObject *owner = G_OBJECT (f->connection);
  g_autoptr (HeartbeatChannel) channel = NULL;
  g_autoptr (HeartbeatChannel) next = NULL;
  amqp_basic_qos_t qos = { .prefetch_count = 1 };
  GSource *limit = NULL;

  connect_now (f);
  channel = heartbeat_connection_open_channel (f->connection, &no_events, owner, NULL);
  for (f->pending = 0; f->pending < 2; f->pending++)
    heartbeat_channel_call_async (channel, AMQP_BASIC_QOS_METHOD, &qos, on_late, f);
  wait_until_reached (f);
  limit = g_main_context_find_source_by_user_data (NULL, channel);
  g_assert_cmpint (g_source_get_ready_time (limit), >, g_get_monotonic_time ());
  g_source_set_ready_time (limit, 0);
  wait_for_pending (f);
  g_assert_false (heartbeat_channel_is_closed (channel));
  hbtest_wait_for (heartbeat_channel_is_closed (channel));
  next = heartbeat_connection_open_channel (f->connection, &no_events, owner, NULL);
}

static void
script_wrong_reply (Fixture *f)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  amqp_basic_qos_ok_t qos = { 0 };

  shake_hands (f, bytes);
  hear (f, bytes, AMQP_CHANNEL_OPEN_METHOD);
  say (f, 1, AMQP_BASIC_QOS_OK_METHOD, &qos);
  hear_close (f, bytes, AMQP_COMMAND_INVALID);
}

static void
test_wrong_reply (Fixture *f, gconstpointer data)
{
  g_autoptr (HeartbeatChannel) channel = NULL;

  connect_now (f);
  channel = heartbeat_connection_open_channel (f->connection, &no_events, G_OBJECT (f->connection),
                                               NULL);
  expect_failure (f, "nobody asked for");
  g_assert_true (heartbeat_channel_is_closed (channel));
}

static void
script_number (Fixture *f)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  open_channel (f, bytes);
  hear (f, bytes, AMQP_CHANNEL_CLOSE_METHOD);
  open_next (f, bytes, 2);
  say (f, 1, AMQP_CHANNEL_CLOSE_OK_METHOD, &(amqp_channel_close_ok_t){ 0 });
  open_next (f, bytes, 1);
  serve_close (f, bytes);
}

static void
on_channel_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_true (heartbeat_channel_close_finish (HEARTBEAT_CHANNEL (source), result, &f->error));
  f->pending--;
}

/* A number is used again after close-ok, and not before. */
static void
test_number (Fixture *f, gconstpointer data)
{
  GObject *owner = G_OBJECT (f->connection);
  g_autoptr (HeartbeatChannel) one = NULL;
  g_autoptr (HeartbeatChannel) two = NULL;
  g_autoptr (HeartbeatChannel) three = NULL;

  connect_now (f);
  one = heartbeat_connection_open_channel (f->connection, &no_events, owner, NULL);
  f->pending = 1;
  heartbeat_channel_close_async (one, on_channel_closed, f);
  two = heartbeat_connection_open_channel (f->connection, &no_events, owner, NULL);
  wait_for_pending (f);
  three = heartbeat_connection_open_channel (f->connection, &no_events, owner, NULL);
}

/* Publishing. */

static void
hear_publish (Fixture *f, GByteArray *bytes, const char *message_id)
{
  HeartbeatFrame frame = { 0 };
  amqp_bytes_t encoded = amqp_empty_bytes;
  amqp_basic_properties_t *p = NULL;
  void *decoded = NULL;

  hear (f, bytes, AMQP_BASIC_PUBLISH_METHOD);
  g_assert_cmpuint (hear_frame (f, bytes, &frame), ==, AMQP_FRAME_HEADER);
  encoded.bytes = (void *) (frame.payload + 12);
  encoded.len = frame.length - 12;
  g_assert_cmpint (amqp_decode_properties (AMQP_BASIC_CLASS, &f->pool, encoded, &decoded), >=, 0);
  p = decoded;
  g_assert_cmpmem (p->message_id.bytes, p->message_id.len, message_id, strlen (message_id));
  g_assert_cmpuint (p->delivery_mode, ==, 2);
  g_assert_cmpmem (p->expiration.bytes, p->expiration.len, "3600000", 7);
  g_assert_cmpuint (hear_frame (f, bytes, &frame), ==, AMQP_FRAME_BODY);
}

static void
open_confirming (Fixture *f, GByteArray *bytes)
{
  amqp_confirm_select_ok_t ok = { 0 };

  open_channel (f, bytes);
  hear (f, bytes, AMQP_CONFIRM_SELECT_METHOD);
  say (f, 1, AMQP_CONFIRM_SELECT_OK_METHOD, &ok);
}

static void
hear_channel_end (Fixture *f, GByteArray *bytes, guint16 code, const char *text, guint16 next)
{
  amqp_channel_close_t close = { .reply_code = code, .reply_text = amqp_cstring_bytes (text) };
  amqp_confirm_select_ok_t ok = { 0 };
  amqp_channel_open_ok_t open = { 0 };

  say (f, 1, AMQP_CHANNEL_CLOSE_METHOD, &close);
  hear (f, bytes, AMQP_CHANNEL_CLOSE_OK_METHOD);
  hear (f, bytes, AMQP_CHANNEL_OPEN_METHOD);
  f->number = next;
  say (f, next, AMQP_CHANNEL_OPEN_OK_METHOD, &open);
  hear (f, bytes, AMQP_CONFIRM_SELECT_METHOD);
  say (f, next, AMQP_CONFIRM_SELECT_OK_METHOD, &ok);
}

/* What is published, what the broker does, and how each publication ends. */
typedef struct
{
  const char *name;
  const char
      *messages; /* ids, which are exchanges too; at "|" the end of those before is waited for */
  const char *script; /* an id is one that the broker hears, else see answer_publication() */
  const char *ends;   /* "+" or "-" for each message */
  const char *error;  /* is in the message of those that fail */
} Publishing;

static const Publishing publishings[] = {
  { "multiple", "one two three", "one two three +99 +2 *3", "+++", NULL },
  { "nack", "one", "one -1 one -2 one -3 one -4", "-", "" },
  /* A quorum queue does so while it elects a leader; what comes meanwhile is not held up. */
  { "nacks-for-a-while", "one two", "one two -1 one -3 +2 one -4 one +5", "++", NULL },
  /* A closed channel is the answer to one message; the others are sent again. */
  { "blamed", "good bad better", "good bad better not-found good better *2", "+-+",
    "no exchange bad" },
  /* Where nobody knows whom it answers, all end: one that closes the channel each time must not be sent for ever. */
  { "nobody-blamed", "one two | three", "one two too-large three +1", "--+", "message size" },
  /* A connection that is lost before the confirm: all is sent again, in order, with the same ids. */
  { "again", "one two", "one two lose one two *2", "++", NULL },
};

static void
answer_publication (Fixture *f, GByteArray *bytes, const char *word)
{
  guint64 tag = g_ascii_strtoull (word + 1, NULL, 10);
  amqp_basic_ack_t ack = { .delivery_tag = tag, .multiple = *word == '*' };
  amqp_basic_nack_t nack = { .delivery_tag = tag };

  if (*word == '+' || *word == '*')
    say (f, f->number, AMQP_BASIC_ACK_METHOD, &ack);
  else if (*word == '-')
    say (f, f->number, AMQP_BASIC_NACK_METHOD, &nack);
  else if (g_str_equal (word, "not-found"))
    hear_channel_end (f, bytes, AMQP_NOT_FOUND, "NOT_FOUND - no exchange 'bad' in vhost '/'", 2);
  else if (g_str_equal (word, "too-large"))
    hear_channel_end (f, bytes, AMQP_PRECONDITION_FAILED, "PRECONDITION_FAILED - message size", 1);
  else
    hear_publish (f, bytes, word);
}

/* Goes on where the connection before was lost. */
static void
script_publishing (Fixture *f)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_auto (GStrv) words = g_strsplit (f->word, " ", -1);

  open_confirming (f, bytes);
  for (char **word = words; *word != NULL; word++)
    {
      f->word += strlen (*word) + 1;
      if (g_str_equal (*word, "lose"))
        return;
      answer_publication (f, bytes, *word);
    }
  hear (f, bytes, AMQP_CHANNEL_CLOSE_METHOD);
  serve_close (f, bytes);
}

typedef struct
{
  Fixture *fixture;
  char *end;
  const char *error;
} Publication;

static void
on_published (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Publication *publication = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (*publication->end, ==, '?');
  if (heartbeat_amqp_publisher_publish_finish (HEARTBEAT_AMQP_PUBLISHER (source), result, &error))
    *publication->end = '+';
  else
    {
      *publication->end = '-';
      hbtest_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_REFUSED, publication->error);
    }
  publication->fixture->pending--;
}

static void
publish (Fixture *f,
         HeartbeatAmqpPublisher *publisher,
         const char *id,
         char *end,
         const char *error)
{
  g_autoptr (GBytes) body = g_bytes_new_static ("{}", 2);
  HeartbeatPublication publication = { id, "k", id, body, 3600000 };
  Publication *mine = g_new0 (Publication, 1);

  *mine = (Publication){ f, end, error };
  *end = '?';
  f->pending++;
  heartbeat_amqp_publisher_publish_async (publisher, &publication, NULL, on_published, mine);
}

static void
set_up_publishing (Fixture *f, gconstpointer data)
{
  const Publishing *test = data;

  f->word = test->script;
  set_up_broker (f, script_publishing);
}

static void
test_publishing (Fixture *f, gconstpointer data)
{
  const Publishing *test = data;
  g_autoptr (HeartbeatAmqpPublisher) publisher = heartbeat_amqp_publisher_new (f->connection);
  g_auto (GStrv) ids = g_strsplit (test->messages, " ", -1);
  char ends[8] = "";
  guint n = 0;

  for (char **id = ids; *id != NULL; id++)
    {
      if (g_str_equal (*id, "|"))
        wait_for_pending (f);
      else
        publish (f, publisher, *id, &ends[n++], test->error);
    }
  wait_for_pending (f);
  g_assert_cmpstr (ends, ==, test->ends);
  g_assert_cmpuint (f->accepted, ==, strstr (test->script, "lose") != NULL ? 2 : 1);
}

static void
on_too_many (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *f = user_data;

  g_clear_error (&f->error);
  g_assert_false (heartbeat_amqp_publisher_publish_finish (HEARTBEAT_AMQP_PUBLISHER (source),
                                                           result, &f->error));
  f->pending--;
}

static void
test_full (Fixture *f, gconstpointer data)
{
  g_autoptr (HeartbeatAmqpPublisher) publisher = heartbeat_amqp_publisher_new (f->connection);
  g_autoptr (GBytes) body = g_bytes_new_static ("{}", 2);
  HeartbeatPublication publication = { "x", "k", "one", body, 3600000 };

  for (f->pending = 0; f->pending < 257; f->pending++)
    heartbeat_amqp_publisher_publish_async (publisher, &publication, NULL, on_too_many, f);
  hbtest_wait_for (f->pending <= 256);
  g_assert_error (f->error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_REFUSED);

  heartbeat_connection_close_async (f->connection, NULL, NULL);
  wait_for_pending (f);
  g_assert_error (f->error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NOT_CONNECTED);
}

/* Consuming. */

/* Every reply that an inbox waits for may be zeros. */
static void
answer (Fixture *f, GByteArray *bytes, amqp_method_number_t method)
{
  amqp_queue_declare_ok_t nothing = { 0 };

  hear (f, bytes, method);
  say (f, f->number, method + 1, &nothing);
}

static void
hear_ack (Fixture *f, GByteArray *bytes, guint64 tag)
{
  const amqp_basic_ack_t *ack = hear (f, bytes, AMQP_BASIC_ACK_METHOD);

  g_assert_cmpuint (ack->delivery_tag, ==, tag);
  g_assert_false (ack->multiple);
  g_atomic_int_inc (&f->acknowledged);
  g_main_context_wakeup (NULL);
}

static void
script_held_long (Fixture *f)
{
  static const amqp_method_number_t asked[]
      = { AMQP_EXCHANGE_DECLARE_METHOD, AMQP_QUEUE_DECLARE_METHOD, AMQP_QUEUE_BIND_METHOD,
          AMQP_QUEUE_BIND_METHOD,       AMQP_BASIC_QOS_METHOD,     AMQP_BASIC_CONSUME_METHOD };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  open_channel (f, bytes);
  for (gsize i = 0; i < G_N_ELEMENTS (asked); i++)
    answer (f, bytes, asked[i]);
  deliver_tick (f, 1);
  deliver_tick (f, 2);
  hear_ack (f, bytes, 1);
  hear_ack (f, bytes, 2);
  hear (f, bytes, AMQP_CHANNEL_CLOSE_METHOD);
  serve_close (f, bytes);
}

static HeartbeatDisposition
keep (HeartbeatInbox *inbox, const HeartbeatMessage *message, gpointer user_data)
{
  g_ptr_array_add (user_data,
                   heartbeat_tick_ack_new (inbox, heartbeat_inbox_get_delivery (inbox, message)));
  return HEARTBEAT_DISPOSITION_LATER;
}

static void
finish_tick (HeartbeatAgent *agent, gpointer ack)
{
  g_autoptr (GTask) task = g_task_new (agent, NULL, heartbeat_tick_ack_on_done, ack);

  g_task_return_pointer (task, NULL, NULL);
}

/* A tick whose run goes on after ten minutes is acknowledged, once; another one when its run has ended. */
static void
test_held_long (Fixture *f, gconstpointer data)
{
  g_autoptr (HeartbeatRegistry) registry = heartbeat_registry_new ();
  g_autoptr (HeartbeatAgent) agent = heartbeat_agent_new ("cack", "/nowhere/a.json", registry);
  g_autoptr (GPtrArray) acks = g_ptr_array_new ();
  const HeartbeatInboxOptions options = { "cack", "x", NULL, 0 };
  g_autoptr (HeartbeatInbox) inbox = heartbeat_inbox_new (f->connection, &options, keep, acks);
  GSource *limit = NULL;
  gint64 left = 0;

  heartbeat_inbox_start (inbox);
  heartbeat_connection_start (f->connection);
  hbtest_wait_for (acks->len >= 2);

  limit = g_main_context_find_source_by_user_data (NULL, g_ptr_array_index (acks, 0));
  left = g_source_get_ready_time (limit) - g_get_monotonic_time ();
  g_assert_cmpint (left, >, 500 * G_USEC_PER_SEC);
  g_assert_cmpint (left, <=, 601 * G_USEC_PER_SEC);
  g_source_set_ready_time (limit, 0);
  hbtest_wait_for (g_atomic_int_get (&f->acknowledged) >= 1);

  finish_tick (agent, g_ptr_array_index (acks, 0));
  finish_tick (agent, g_ptr_array_index (acks, 1));
  hbtest_run_pending ();
  heartbeat_inbox_close_async (inbox, NULL, NULL);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings belong to what is tested here. */
  hbtest_allow_warnings ();

#define ADD(name, what)                                                                            \
  g_test_add (name, Fixture, (gpointer) script_##what, set_up, test_##what, tear_down)
  hbtest_add_fixture_cases ("/connection", failures, Fixture, set_up_failure, test_failure,
                            tear_down);
  hbtest_add_fixture_cases ("/publisher", publishings, Fixture, set_up_publishing, test_publishing,
                            tear_down);
  ADD ("/connection/refused", refused);
  ADD ("/connection/silent", silent);
  ADD ("/connection/forced", forced);
  ADD ("/channel/late-reply", late_reply);
  ADD ("/channel/wrong-reply", wrong_reply);
  ADD ("/channel/number", number);
  ADD ("/inbox/held-long", held_long);
  g_test_add ("/publisher/full", Fixture, (gpointer) script_silent, set_up, test_full, tear_down);

  return g_test_run ();
}
