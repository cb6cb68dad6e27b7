/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "amqp/heartbeat-amqp-error.h"
#include "base/heartbeat-error.h"
#include "heartbeat-test-broker.h"
#include "heartbeat-test.h"

static void
set_up (HbtestBroker *f, gconstpointer data)
{
  hbtest_broker_set_up (f, (HbtestScript) (gpointer) data);
}

static void
wait_for (HbtestBroker *f, HeartbeatConnectionState state)
{
  hbtest_wait_for (heartbeat_connection_get_state (f->connection) == state);
}

/* Connects, and expects it to fail with @error in the message. */
static void
expect_failure (HbtestBroker *f, const char *error)
{
  heartbeat_connection_start (f->connection);
  wait_for (f, HEARTBEAT_CONNECTION_STATE_WAITING);
  g_test_message ("%s", heartbeat_connection_get_error (f->connection));
  hbtest_assert_contains (heartbeat_connection_get_error (f->connection), error);
  g_assert_null (strstr (heartbeat_connection_get_error (f->connection), "geheim"));
}

static void
script_unknown_channel (HbtestBroker *f)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  amqp_basic_deliver_t deliver = { .delivery_tag = 1 };

  hbtest_broker_shake_hands (f, bytes);
  hbtest_broker_say (f, 5, AMQP_BASIC_DELIVER_METHOD, &deliver);
  hbtest_broker_hear_close (f, bytes, AMQP_CHANNEL_ERROR);
}

static void
script_out_of_turn (HbtestBroker *f)
{
  amqp_connection_tune_t method = { 0 };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint8 header[8];

  hbtest_broker_read (f, header, sizeof header);
  hbtest_broker_say (f, 0, AMQP_CONNECTION_TUNE_METHOD, &method);
  hbtest_broker_hear_close (f, bytes, AMQP_COMMAND_INVALID);
}

static void
script_refused_silently (HbtestBroker *f)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  hbtest_broker_start (f, bytes);
}

static void
script_heartbeats (HbtestBroker *f)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  HeartbeatFrame frame = { 0 };

  hbtest_broker_start (f, bytes);
  hbtest_broker_tune (f, bytes, 1);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (hbtest_broker_hear_frame (f, bytes, &frame), ==, AMQP_FRAME_HEARTBEAT);
  hbtest_broker_listen (f);
}

typedef struct
{
  const char *name;
  HbtestScript script;
  const char *error; /* is in the message of the connection */
  const char *bytes;
  gsize n_bytes;
} Failure;

#define BYTES(text) text, sizeof (text) - 1

static void
script_bytes (HbtestBroker *f)
{
  const Failure *test = f->test;

  hbtest_broker_send (f, test->bytes, test->n_bytes);
}

static const Failure failures[] = {
  { "unknown-channel", script_unknown_channel, "not open", NULL, 0 },
  { "other-protocol", script_bytes, "no AMQP 0-9-1", BYTES ("HTTP/1.1 400 Bad Request\r\n\r\n") },
  { "out-of-turn", script_out_of_turn, "out of turn", NULL, 0 },
  { "refused-silently", script_refused_silently, "perhaps for this: wrong user name or password",
    NULL, 0 },
  { "heartbeats", script_heartbeats, "No sign of life from the broker for 2 s", NULL, 0 },
};

static void
set_up_failure (HbtestBroker *f, gconstpointer data)
{
  const Failure *test = data;

  f->test = test;
  hbtest_broker_set_up (f, test->script);
}

static void
test_failure (HbtestBroker *f, gconstpointer data)
{
  const Failure *test = data;

  expect_failure (f, test->error);
}

static void
script_refused (HbtestBroker *f)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  amqp_connection_close_t close = {
    .reply_code = AMQP_ACCESS_REFUSED,
    .reply_text = amqp_cstring_bytes ("ACCESS_REFUSED - me geheim"),
  };

  hbtest_broker_start (f, bytes);
  hbtest_broker_say (f, 0, AMQP_CONNECTION_CLOSE_METHOD, &close);
  hbtest_broker_hear (f, bytes, AMQP_CONNECTION_CLOSE_OK_METHOD);
}

/* Not sooner, so that no account is locked. */
static void
assert_waits_for_a_minute (HbtestBroker *f)
{
  GSource *wait = g_main_context_find_source_by_user_data (NULL, f->connection);
  gint64 left = g_source_get_ready_time (wait) - g_get_monotonic_time ();

  g_assert_cmpint (left, <=, 60 * G_USEC_PER_SEC);
  g_assert_cmpint (left, >, 30 * G_USEC_PER_SEC);
}

static void
test_refused (HbtestBroker *f, gconstpointer data)
{
  expect_failure (f, "wrong user name or password");
  assert_waits_for_a_minute (f);
}

static void
on_session_closed (gpointer owner, HeartbeatConnectionStage stage, const GError *error)
{
  HbtestBroker *f = g_object_get_data (owner, "broker");

  g_assert_cmpint (stage, ==, HEARTBEAT_CONNECTION_STAGE_GREETING);
  f->error = g_error_copy (error);
}

static const HeartbeatSessionEvents session_events = { .closed = on_session_closed };

static void
test_silent (HbtestBroker *f, gconstpointer data)
{
  g_autoptr (GObject) owner = g_object_new (G_TYPE_OBJECT, NULL);
  g_autoptr (HeartbeatSession) session
      = heartbeat_session_new (f->uri, "test", &session_events, owner);
  GSource *limit = NULL;
  gint64 left = 0;

  g_object_set_data (owner, "broker", f);
  hbtest_broker_wait_until_reached (f);
  limit = g_main_context_find_source_by_user_data (NULL, session);
  left = g_source_get_ready_time (limit) - g_get_monotonic_time ();
  g_assert_cmpint (left, <=, 10 * G_USEC_PER_SEC);
  g_assert_cmpint (left, >, 0);
  g_source_set_ready_time (limit, 0);
  hbtest_wait_for (f->error != NULL);
  hbtest_assert_error (f->error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_TIMED_OUT,
                       "did not answer within 10 s");
}

static void
script_forced (HbtestBroker *f)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  amqp_connection_close_t close = {
    .reply_code = AMQP_CONNECTION_FORCED,
    .reply_text = amqp_cstring_bytes ("bye\n\xff"),
  };

  hbtest_broker_shake_hands (f, bytes);
  if (f->accepted == 1)
    {
      hbtest_broker_say (f, 0, AMQP_CONNECTION_CLOSE_METHOD, &close);
      hbtest_broker_hear (f, bytes, AMQP_CONNECTION_CLOSE_OK_METHOD);
      return;
    }
  hbtest_broker_hear_close (f, bytes, AMQP_REPLY_SUCCESS);
  hbtest_broker_say (f, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &(amqp_connection_close_ok_t){ 0 });
}

static void
test_forced (HbtestBroker *f, gconstpointer data)
{
  expect_failure (f, "bye \xef\xbf\xbd (320)");
  heartbeat_connection_retry_now (f->connection);
  wait_for (f, HEARTBEAT_CONNECTION_STATE_CONNECTED);
  g_assert_cmpstr (heartbeat_connection_get_error (f->connection), ==, "");
}

/* Channels. */

static void
open_next (HbtestBroker *f, GByteArray *bytes, guint16 number)
{
  amqp_channel_open_ok_t ok = { 0 };

  hbtest_broker_hear (f, bytes, AMQP_CHANNEL_OPEN_METHOD);
  g_assert_cmpuint (bytes->data[2], ==, number);
  hbtest_broker_say (f, number, AMQP_CHANNEL_OPEN_OK_METHOD, &ok);
}

static const HeartbeatChannelEvents no_events = { 0 };

/* The late reply comes while the broker closes as well. */
static void
script_late_reply (HbtestBroker *f)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  amqp_channel_close_t close = { .reply_code = AMQP_INTERNAL_ERROR };

  hbtest_broker_open_channel (f, bytes);
  hbtest_broker_hear (f, bytes, AMQP_BASIC_QOS_METHOD);
  hbtest_broker_reach (f);
  hbtest_broker_hear (f, bytes, AMQP_CHANNEL_CLOSE_METHOD);
  hbtest_broker_deliver (f, 1);
  hbtest_broker_say (f, 1, AMQP_BASIC_QOS_OK_METHOD, &(amqp_basic_qos_ok_t){ 0 });
  hbtest_broker_say (f, 1, AMQP_CHANNEL_CLOSE_METHOD, &close);
  hbtest_broker_hear (f, bytes, AMQP_CHANNEL_CLOSE_OK_METHOD);
  hbtest_broker_say (f, 1, AMQP_CHANNEL_CLOSE_OK_METHOD, &(amqp_channel_close_ok_t){ 0 });
  open_next (f, bytes, 1);
  hbtest_broker_serve_close (f, bytes);
}

static void
on_late (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HbtestBroker *f = user_data;

  g_clear_error (&f->error);
  g_assert_false (
      heartbeat_channel_call_finish (HEARTBEAT_CHANNEL (source), result, NULL, &f->error));
  hbtest_assert_error (f->error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_TIMED_OUT, "basic.qos within 10");
  f->pending--;
}

/* A call without a reply closes its channel, whose number is used again when the broker has closed it, too. */
static void
test_late_reply (HbtestBroker *f, gconstpointer data)
{
  GObject *owner = G_OBJECT (f->connection);
  g_autoptr (HeartbeatChannel) channel = NULL;
  g_autoptr (HeartbeatChannel) next = NULL;
  amqp_basic_qos_t qos = { .prefetch_count = 1 };
  GSource *limit = NULL;

  hbtest_broker_connect (f);
  channel = heartbeat_connection_open_channel (f->connection, &no_events, owner, NULL);
  for (f->pending = 0; f->pending < 2; f->pending++)
    heartbeat_channel_call_async (channel, AMQP_BASIC_QOS_METHOD, &qos, on_late, f);
  hbtest_broker_wait_until_reached (f);
  limit = g_main_context_find_source_by_user_data (NULL, channel);
  g_assert_cmpint (g_source_get_ready_time (limit), >, g_get_monotonic_time ());
  g_source_set_ready_time (limit, 0);
  hbtest_broker_wait_for_pending (f);
  g_assert_false (heartbeat_channel_is_closed (channel));
  hbtest_wait_for (heartbeat_channel_is_closed (channel));
  next = heartbeat_connection_open_channel (f->connection, &no_events, owner, NULL);
}

static void
script_wrong_reply (HbtestBroker *f)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  amqp_basic_qos_ok_t qos = { 0 };

  hbtest_broker_shake_hands (f, bytes);
  hbtest_broker_hear (f, bytes, AMQP_CHANNEL_OPEN_METHOD);
  hbtest_broker_say (f, 1, AMQP_BASIC_QOS_OK_METHOD, &qos);
  hbtest_broker_hear_close (f, bytes, AMQP_COMMAND_INVALID);
}

static void
test_wrong_reply (HbtestBroker *f, gconstpointer data)
{
  g_autoptr (HeartbeatChannel) channel = NULL;

  hbtest_broker_connect (f);
  channel = heartbeat_connection_open_channel (f->connection, &no_events, G_OBJECT (f->connection),
                                               NULL);
  expect_failure (f, "nobody asked for");
  g_assert_true (heartbeat_channel_is_closed (channel));
}

static void
script_number (HbtestBroker *f)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  hbtest_broker_open_channel (f, bytes);
  hbtest_broker_hear (f, bytes, AMQP_CHANNEL_CLOSE_METHOD);
  open_next (f, bytes, 2);
  hbtest_broker_say (f, 1, AMQP_CHANNEL_CLOSE_OK_METHOD, &(amqp_channel_close_ok_t){ 0 });
  open_next (f, bytes, 1);
  hbtest_broker_serve_close (f, bytes);
}

static void
on_channel_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HbtestBroker *f = user_data;

  g_assert_true (heartbeat_channel_close_finish (HEARTBEAT_CHANNEL (source), result, &f->error));
  f->pending--;
}

/* A number is used again after close-ok, and not before. */
static void
test_number (HbtestBroker *f, gconstpointer data)
{
  GObject *owner = G_OBJECT (f->connection);
  g_autoptr (HeartbeatChannel) one = NULL;
  g_autoptr (HeartbeatChannel) two = NULL;
  g_autoptr (HeartbeatChannel) three = NULL;

  hbtest_broker_connect (f);
  one = heartbeat_connection_open_channel (f->connection, &no_events, owner, NULL);
  f->pending = 1;
  heartbeat_channel_close_async (one, on_channel_closed, f);
  two = heartbeat_connection_open_channel (f->connection, &no_events, owner, NULL);
  hbtest_broker_wait_for_pending (f);
  three = heartbeat_connection_open_channel (f->connection, &no_events, owner, NULL);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings belong to what is tested here. */
  hbtest_allow_warnings ();

#define ADD(name, what)                                                                            \
  g_test_add (name, HbtestBroker, (gpointer) script_##what, set_up, test_##what,                   \
              hbtest_broker_tear_down)
  hbtest_add_fixture_cases ("/connection", failures, HbtestBroker, set_up_failure, test_failure,
                            hbtest_broker_tear_down);
  ADD ("/connection/refused", refused);
  g_test_add ("/connection/silent", HbtestBroker, (gpointer) hbtest_broker_listen, set_up,
              test_silent, hbtest_broker_tear_down);
  ADD ("/connection/forced", forced);
  ADD ("/channel/late-reply", late_reply);
  ADD ("/channel/wrong-reply", wrong_reply);
  ADD ("/channel/number", number);

  return g_test_run ();
}
