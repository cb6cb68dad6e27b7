/* SPDX-License-Identifier: MIT */

#include "amqp/heartbeat-transport.h"
#include "heartbeat-test.h"

#define N_FRAMES 50

typedef struct
{
  GSocketListener *listener;
  GSocketConnection *peer; /* the broker's side */
  HeartbeatTransport *transport;
  GObject *owner;
  gboolean connected;
  void (*within) (gpointer fixture); /* called while a frame is handed out */
  guint next;                        /* the number of the next frame that is sent */
  guint depth;
  GArray *channels; /* of guint16: those of the frames that came */
  gint64 read_at;
  char *closed;
} Fixture;

static Fixture *
get_fixture (gpointer owner)
{
  return g_object_get_data (owner, "fixture");
}

/* Body frames tell their number by their channel. */
static void
send_frames (Fixture *f, guint n)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (f->peer));

  for (guint i = 0; i < n; i++, f->next++)
    {
      const guint8 frame[]
          = { AMQP_FRAME_BODY, f->next >> 8, f->next, 0, 0, 0, 1, 'x', AMQP_FRAME_END };

      g_assert_true (g_output_stream_write_all (output, frame, sizeof frame, NULL, NULL, NULL));
    }
}

static void
on_frame (gpointer owner, const HeartbeatFrame *frame)
{
  Fixture *f = get_fixture (owner);

  g_assert_cmpuint (f->depth++, ==, 0);
  g_array_append_val (f->channels, frame->channel);
  f->read_at = frame->received_us;
  g_assert_cmpint (f->read_at, <=, g_get_monotonic_time ());
  if (f->within != NULL)
    f->within (f);
  f->depth--;
}

static void
on_batch_done (gpointer owner)
{
  g_assert_cmpuint (get_fixture (owner)->depth, ==, 0);
}

static void
on_closed (gpointer owner, const GError *error)
{
  get_fixture (owner)->closed = g_strdup (error->message);
}

static const HeartbeatTransportEvents events = { on_frame, on_batch_done, on_closed };

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *f = user_data;
  g_autoptr (GError) error = NULL;

  f->connected = heartbeat_transport_connect_finish (f->transport, result, &error);
  g_assert_no_error (error);
}

static void
on_accepted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *f = user_data;

  f->peer = g_socket_listener_accept_finish (f->listener, result, NULL, NULL);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (HeartbeatBrokerUri) uri = NULL;
  g_autofree char *text = NULL;
  guint16 port;

  f->listener = g_socket_listener_new ();
  port = g_socket_listener_add_any_inet_port (f->listener, NULL, NULL);
  text = g_strdup_printf ("amqp://127.0.0.1:%u", port);
  uri = heartbeat_broker_uri_parse (text, NULL);
  f->owner = g_object_new (G_TYPE_OBJECT, NULL);
  g_object_set_data (f->owner, "fixture", f);
  f->channels = g_array_new (FALSE, FALSE, sizeof (guint16));
  f->transport = heartbeat_transport_new (&events, f->owner);
  heartbeat_transport_connect_async (f->transport, uri, NULL, on_connected, f);
  g_socket_listener_accept_async (f->listener, NULL, on_accepted, f);
  hbtest_wait_for (f->connected && f->peer != NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  heartbeat_transport_close (f->transport);
  g_assert_finalize_object (f->transport);
  g_assert_finalize_object (f->owner);
  g_object_unref (f->peer);
  g_object_unref (f->listener);
  g_array_unref (f->channels);
  g_free (f->closed);
}

static void
assert_all_in_order (Fixture *f)
{
  hbtest_wait_for (f->channels->len == f->next);
  for (guint i = 0; i < f->next; i++)
    g_assert_cmpuint (g_array_index (f->channels, guint16, i), ==, i);
  g_assert_null (f->closed);
}

static void
test_frames_come_in_order (Fixture *f, gconstpointer data)
{
  gint64 before = g_get_monotonic_time ();

  send_frames (f, N_FRAMES);
  assert_all_in_order (f);
  g_assert_cmpint (f->read_at, >=, before);
}

static void
send_more_and_run_the_loop (gpointer user_data)
{
  Fixture *f = user_data;

  if (f->next < 3 * N_FRAMES)
    send_frames (f, 1);
  for (guint i = 0; i < 3; i++)
    g_main_context_iteration (NULL, FALSE);
}

/* The socket is readable then, and its source may recurse: the next frame must wait for the one that is being told. */
static void
test_the_loop_may_run_within (Fixture *f, gconstpointer data)
{
  f->within = send_more_and_run_the_loop;
  send_frames (f, N_FRAMES);
  hbtest_wait_for (f->next == 3 * N_FRAMES);
  assert_all_in_order (f);
  f->within = NULL;
  send_frames (f, 1);
  assert_all_in_order (f);
}

static void
close_and_run_the_loop (gpointer user_data)
{
  Fixture *f = user_data;

  heartbeat_transport_close (f->transport);
  g_main_context_iteration (NULL, FALSE);
}

static void
test_it_may_be_closed_within (Fixture *f, gconstpointer data)
{
  f->within = close_and_run_the_loop;
  send_frames (f, N_FRAMES);
  hbtest_wait_for (f->channels->len == 1);
  hbtest_run_pending ();
  g_assert_cmpuint (f->channels->len, ==, 1);
  g_assert_null (f->closed);
}

static void
test_the_other_side_closes (Fixture *f, gconstpointer data)
{
  send_frames (f, 1);
  g_io_stream_close (G_IO_STREAM (f->peer), NULL, NULL);
  hbtest_wait_for (f->closed != NULL);
  g_assert_cmpstr (f->closed, ==, "The broker closed the connection");
  g_assert_cmpuint (f->channels->len, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, test) g_test_add ("/transport/" path, Fixture, NULL, set_up, test, tear_down)
  ADD ("frames-come-in-order", test_frames_come_in_order);
  ADD ("the-loop-may-run-within", test_the_loop_may_run_within);
  ADD ("it-may-be-closed-within", test_it_may_be_closed_within);
  ADD ("the-other-side-closes", test_the_other_side_closes);
  return g_test_run ();
}
