/* SPDX-License-Identifier: MIT */

#include "heartbeat-test-broker.h"

#include <string.h>

#include "amqp/heartbeat-broker-uri.h"
#include "heartbeat-test.h"

void
hbtest_broker_read (HbtestBroker *f, guint8 *data, gsize length)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (f->peer));
  gsize n = 0;

  g_assert_true (g_input_stream_read_all (in, data, length, &n, NULL, NULL));
  g_assert_cmpuint (n, ==, length);
}

void
hbtest_broker_send (HbtestBroker *f, const void *data, gsize length)
{
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (f->peer));

  g_assert_true (g_output_stream_write_all (out, data, length, NULL, NULL, NULL));
}

void
hbtest_broker_say (HbtestBroker *f, guint16 channel, amqp_method_number_t method, void *decoded)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();

  heartbeat_frame_append_method (out, channel, method, decoded);
  hbtest_broker_send (f, out->data, out->len);
}

guint8
hbtest_broker_hear_frame (HbtestBroker *f, GByteArray *bytes, HeartbeatFrame *frame)
{
  g_byte_array_set_size (bytes, HEARTBEAT_FRAME_OVERHEAD);
  hbtest_broker_read (f, bytes->data, HEARTBEAT_FRAME_HEAD);
  g_byte_array_set_size (bytes,
                         HEARTBEAT_FRAME_OVERHEAD + ((guint) bytes->data[5] << 8 | bytes->data[6]));
  hbtest_broker_read (f, bytes->data + HEARTBEAT_FRAME_HEAD, bytes->len - HEARTBEAT_FRAME_HEAD);
  g_assert_cmpint (heartbeat_frame_split (bytes->data, bytes->len, frame, NULL), ==,
                   HEARTBEAT_SPLIT_FRAME);
  return frame->type;
}

/* Waits for @method and keeps its frame in @bytes; heartbeats and contents are skipped. */
void *
hbtest_broker_hear (HbtestBroker *f, GByteArray *bytes, amqp_method_number_t expected)
{
  HeartbeatFrame frame = { 0 };
  amqp_method_t method = { 0 };

  while (hbtest_broker_hear_frame (f, bytes, &frame) != AMQP_FRAME_METHOD)
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

void
hbtest_broker_reach (HbtestBroker *f)
{
  g_atomic_int_set (&f->reached, TRUE);
  g_main_context_wakeup (NULL);
}

/* Listens until the other side hangs up. */
void
hbtest_broker_listen (HbtestBroker *f)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (f->peer));
  guint8 byte = 0;

  while (g_input_stream_read (in, &byte, 1, NULL, NULL) > 0)
    hbtest_broker_reach (f);
}

void
hbtest_broker_start (HbtestBroker *f, GByteArray *bytes)
{
  amqp_connection_start_t method = {
    .version_minor = 9,
    .mechanisms = amqp_cstring_bytes ("AMQPLAIN PLAIN"),
    .locales = amqp_cstring_bytes ("en_US"),
  };
  const amqp_connection_start_ok_t *ok = NULL;
  guint8 header[8];

  hbtest_broker_read (f, header, sizeof header);
  g_assert_cmpmem (header, 8, "AMQP\0\0\x09\x01", 8);
  hbtest_broker_say (f, 0, AMQP_CONNECTION_START_METHOD, &method);
  ok = hbtest_broker_hear (f, bytes, AMQP_CONNECTION_START_OK_METHOD);
  g_assert_cmpmem (ok->response.bytes, ok->response.len, "\0me\0geheim", 10);
}

void
hbtest_broker_tune (HbtestBroker *f, GByteArray *bytes, guint16 heartbeat)
{
  amqp_connection_tune_t method = { .heartbeat = heartbeat };
  amqp_connection_open_ok_t ok = { 0 };
  const amqp_connection_tune_ok_t *agreed = NULL;

  hbtest_broker_say (f, 0, AMQP_CONNECTION_TUNE_METHOD, &method);
  agreed = hbtest_broker_hear (f, bytes, AMQP_CONNECTION_TUNE_OK_METHOD);
  g_assert_cmpuint (agreed->channel_max, ==, 2047);
  g_assert_cmpuint (agreed->frame_max, ==, 131072);
  g_assert_cmpuint (agreed->heartbeat, ==, heartbeat != 0 ? heartbeat : 30);
  hbtest_broker_hear (f, bytes, AMQP_CONNECTION_OPEN_METHOD);
  hbtest_broker_say (f, 0, AMQP_CONNECTION_OPEN_OK_METHOD, &ok);
}

void
hbtest_broker_shake_hands (HbtestBroker *f, GByteArray *bytes)
{
  hbtest_broker_start (f, bytes);
  hbtest_broker_tune (f, bytes, 0);
}

void
hbtest_broker_hear_close (HbtestBroker *f, GByteArray *bytes, guint16 code)
{
  const amqp_connection_close_t *close
      = hbtest_broker_hear (f, bytes, AMQP_CONNECTION_CLOSE_METHOD);

  g_assert_cmpuint (close->reply_code, ==, code);
}

void
hbtest_broker_serve_close (HbtestBroker *f, GByteArray *bytes)
{
  hbtest_broker_hear_close (f, bytes, AMQP_REPLY_SUCCESS);
  hbtest_broker_say (f, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &(amqp_connection_close_ok_t){ 0 });
}

void
hbtest_broker_open_channel (HbtestBroker *f, GByteArray *bytes)
{
  amqp_channel_open_ok_t ok = { 0 };

  f->number = 1;
  hbtest_broker_shake_hands (f, bytes);
  hbtest_broker_hear (f, bytes, AMQP_CHANNEL_OPEN_METHOD);
  hbtest_broker_say (f, f->number, AMQP_CHANNEL_OPEN_OK_METHOD, &ok);
}

void
hbtest_broker_deliver (HbtestBroker *f, guint64 tag)
{
  amqp_basic_deliver_t deliver = { .delivery_tag = tag };
  amqp_basic_properties_t properties = { 0 };
  g_autoptr (GByteArray) header = g_byte_array_new ();

  hbtest_broker_say (f, f->number, AMQP_BASIC_DELIVER_METHOD, &deliver);
  heartbeat_frame_append_header (header, f->number, &properties, 0);
  hbtest_broker_send (f, header->data, header->len);
}

static gpointer
run_script (gpointer user_data)
{
  HbtestBroker *f = user_data;

  f->script (f);
  g_io_stream_close (G_IO_STREAM (f->peer), NULL, NULL);
  return NULL;
}

static void
join_script (HbtestBroker *f)
{
  g_clear_pointer (&f->thread, g_thread_join);
  g_clear_object (&f->peer);
}

static gboolean
on_incoming (GSocketService *service, GSocketConnection *peer, GObject *source, gpointer user_data)
{
  HbtestBroker *f = user_data;

  join_script (f);
  f->peer = g_object_ref (peer);
  f->accepted++;
  f->thread = g_thread_new ("script", run_script, f);
  return TRUE;
}

void
hbtest_broker_set_up (HbtestBroker *f, HbtestScript script)
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
  f->uri = heartbeat_broker_uri_ref (g_ptr_array_index (uris, 0));
  f->connection = heartbeat_connection_new (uris, "test");
}

void
hbtest_broker_tear_down (HbtestBroker *f, gconstpointer data)
{
  gboolean closed = FALSE;

  g_socket_service_stop (f->service);
  heartbeat_connection_close_async (f->connection, hbtest_set_done, &closed);
  hbtest_wait_for (closed);
  hbtest_run_pending ();
  join_script (f);
  g_assert_finalize_object (f->connection);
  heartbeat_broker_uri_unref (f->uri);
  g_object_unref (f->service);
  g_clear_error (&f->error);
  empty_amqp_pool (&f->pool);
}

void
hbtest_broker_connect (HbtestBroker *f)
{
  heartbeat_connection_start (f->connection);
  hbtest_wait_for (heartbeat_connection_get_state (f->connection)
                   == HEARTBEAT_CONNECTION_STATE_CONNECTED);
}

void
hbtest_broker_wait_until_reached (HbtestBroker *f)
{
  hbtest_wait_for (g_atomic_int_get (&f->reached));
}

void
hbtest_broker_wait_for_pending (HbtestBroker *f)
{
  hbtest_wait_for (f->pending <= 0);
}
