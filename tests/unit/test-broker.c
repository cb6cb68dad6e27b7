/* SPDX-License-Identifier: MIT */

#include "broker/heartbeat-broker.h"

#include "amqp/heartbeat-frame.h"
#include "heartbeat-test.h"

#define STARTS 300

static const char *const hosts[] = { "one:5672", "two:5672", "three:5672" };

/* Which of the brokers it would try first. */
static gsize
first_of (HeartbeatBroker *broker)
{
  HeartbeatConnection *connection = heartbeat_broker_get_connection (broker);
  const char *first = heartbeat_connection_get_broker (connection);

  for (gsize i = 0; i < G_N_ELEMENTS (hosts); i++)
    if (g_str_equal (first, hosts[i]))
      return i;
  g_error ("%s is none of the brokers", first);
}

static void
test_several_are_shuffled (void)
{
  guint seen[G_N_ELEMENTS (hosts)] = { 0 };

  for (guint i = 0; i < STARTS; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (HeartbeatBroker) broker
          = heartbeat_broker_new ("amqp://one amqp://two,amqp://three", &error);

      g_assert_no_error (error);
      seen[first_of (broker)]++;
    }

  /* A third each: a fair shuffle has less than a sixth once in 10^9 runs of the test. */
  for (gsize i = 0; i < G_N_ELEMENTS (hosts); i++)
    g_assert_cmpuint (seen[i], >, STARTS / 6);
}

static void
test_one_bad_url_is_an_error (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatBroker) broker = heartbeat_broker_new ("amqp://one http://two", &error);

  g_assert_null (broker);
  g_assert_nonnull (error);
}

/* A broker that shakes hands with whoever knocks, or refuses the login. */
typedef struct
{
  GSocketService *service;
  guint16 port;
  int accepting; /* atomic, as the others */
  int refused;
  int opened;
} FakeBroker;

/* Reads a frame; FALSE for connection.close, and when there is no more. */
static gboolean
skip_frame (GInputStream *in)
{
  guint8 head[HEARTBEAT_FRAME_HEAD];
  guint8 data[G_MAXUINT16 + 1];
  gsize n = 0;
  gsize length = 0;

  if (!g_input_stream_read_all (in, head, sizeof head, &n, NULL, NULL) || n < sizeof head)
    return FALSE;
  length = ((gsize) head[5] << 8 | head[6]) + 1;
  if (!g_input_stream_read_all (in, data, length, &n, NULL, NULL) || n < length)
    return FALSE;
  return length < 5 || data[1] != 10 || data[3] != 50;
}

static void
say (GIOStream *peer, amqp_method_number_t method, void *decoded)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();

  heartbeat_frame_append_method (out, 0, method, decoded);
  g_output_stream_write_all (g_io_stream_get_output_stream (peer), out->data, out->len, NULL, NULL,
                             NULL);
}

static gboolean
on_run (GThreadedSocketService *service,
        GSocketConnection *peer,
        GObject *source,
        gpointer user_data)
{
  FakeBroker *f = user_data;
  GIOStream *stream = G_IO_STREAM (peer);
  GInputStream *in = g_io_stream_get_input_stream (stream);
  amqp_connection_start_t start = { .version_minor = 9,
                                    .mechanisms = amqp_cstring_bytes ("PLAIN"),
                                    .locales = amqp_cstring_bytes ("en_US") };
  amqp_connection_close_t close = { .reply_code = AMQP_ACCESS_REFUSED };
  amqp_connection_tune_t tune = { 0 };
  amqp_connection_open_ok_t ok = { 0 };

  g_input_stream_skip (in, 8, NULL, NULL);
  say (stream, AMQP_CONNECTION_START_METHOD, &start);
  skip_frame (in);
  if (!g_atomic_int_get (&f->accepting))
    {
      say (stream, AMQP_CONNECTION_CLOSE_METHOD, &close);
      skip_frame (in);
      g_atomic_int_inc (&f->refused);
      return TRUE;
    }
  say (stream, AMQP_CONNECTION_TUNE_METHOD, &tune);
  skip_frame (in);
  skip_frame (in);
  say (stream, AMQP_CONNECTION_OPEN_OK_METHOD, &ok);
  g_atomic_int_inc (&f->opened);
  while (skip_frame (in))
    ;
  return TRUE;
}

static void
close_and_wait (HeartbeatBroker *broker)
{
  gboolean closed = FALSE;

  heartbeat_broker_close_async (broker, hbtest_set_done, &closed);
  hbtest_wait_for (closed);
}

/* After a refused login both would wait for a minute. */
static void
test_one_that_gets_through_takes_the_other_with_it (void)
{
  g_autoptr (GBytes) body = g_bytes_new_static ("{}", 2);
  HeartbeatPublication publication
      = { .exchange = "e", .routing_key = "k", .message_id = "1", .body = body };
  FakeBroker f = { .service = g_threaded_socket_service_new (4) };
  g_autofree char *url = NULL;
  g_autoptr (HeartbeatBroker) broker = NULL;
  gint64 begin = 0;

  f.port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (f.service), NULL, NULL);
  g_signal_connect (f.service, "run", G_CALLBACK (on_run), &f);
  url = g_strdup_printf ("amqp://127.0.0.1:%u", f.port);
  broker = heartbeat_broker_new (url, NULL);
  heartbeat_broker_start (broker);
  heartbeat_amqp_publisher_publish_async (heartbeat_broker_get_publisher (broker), &publication,
                                          NULL, NULL, NULL);
  hbtest_poll_for (g_atomic_int_get (&f.refused) >= 2);

  begin = g_get_monotonic_time ();
  g_atomic_int_set (&f.accepting, TRUE);
  heartbeat_connection_retry_now (heartbeat_broker_get_connection (broker));
  hbtest_poll_for (g_atomic_int_get (&f.opened) >= 2);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 30 * G_USEC_PER_SEC);

  close_and_wait (broker);
  g_socket_service_stop (f.service);
  g_object_unref (f.service);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings belong to what is tested here. */
  hbtest_allow_warnings ();

  g_test_add_func ("/broker/several-are-shuffled", test_several_are_shuffled);
  g_test_add_func ("/broker/one-bad-url-is-an-error", test_one_bad_url_is_an_error);
  g_test_add_func ("/broker/one-that-gets-through-takes-the-other-with-it",
                   test_one_that_gets_through_takes_the_other_with_it);

  return g_test_run ();
}
