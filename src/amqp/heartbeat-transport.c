/* SPDX-License-Identifier: MIT */

#include "amqp/heartbeat-transport.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/heartbeat-deadline.h"
#include "amqp/heartbeat-tls-error.h"
#include "amqp/heartbeat-tls.h"
#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"

/* Beside a frame that is not whole yet there is room for one record of TLS. The rest of a record that is taken in part is
 * in TLS, where the socket is not readable for it: it would wait for the next record. */
#define TLS_RECORD_MAX   16384
#define READ_BUFFER_SIZE (HEARTBEAT_FRAME_MAX + TLS_RECORD_MAX)

#define OUTPUT_MAX (8 * 1024 * 1024)

/* An output array that once held more is given back when it is empty. */
#define OUTPUT_KEEP 65536

#define USER_TIMEOUT_MS 60000

/* How long frames are handed out in one turn of the loop, and how often the clock is asked meanwhile. */
#define TURN_LIMIT    (5 * G_TIME_SPAN_MILLISECOND)
#define FRAMES_A_LOOK 16

struct _HeartbeatTransport
{
  GObject parent_instance;

  const HeartbeatTransportEvents *events;
  GObject *owner; /* unowned: it owns us, and closes us before it goes */

  HeartbeatTls *tls; /* until the broker's first byte */
  gboolean heard;    /* whether it has */
  GSocketConnection *connection;
  GIOStream *stream;             /* the connection, or what secures it */
  GPollableInputStream *input;   /* unowned, the stream's */
  GPollableOutputStream *output; /* unowned, the stream's */
  GSource *readable;
  GSource *writable;
  GSource *later; /* hands out what is left in the buffer */

  guint8 *buffer;
  gsize filled;
  gsize queue_peak; /* the longest that it was since it was made */
  GByteArray *queue;
  guint32 frame_max;
  gint64 last_read;
  gboolean corked;
  gboolean behind; /* there may be whole frames in the buffer */
};

G_DEFINE_FINAL_TYPE (HeartbeatTransport, heartbeat_transport, G_TYPE_OBJECT)

static void resume (HeartbeatTransport *self);
static void watch_output (HeartbeatTransport *self);

static gboolean
is_open (HeartbeatTransport *self)
{
  return self->stream != NULL;
}

static void
drop_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
fail (HeartbeatTransport *self, const GError *error)
{
  g_autoptr (GError) explained = NULL;

  if (!is_open (self))
    return;
  explained = self->tls != NULL ? heartbeat_tls_explain (self->tls, error) : g_error_copy (error);
  heartbeat_transport_close (self);
  self->events->closed (self->owner, explained);
}

/* A queue that was long gives its memory back when it is empty. */
static void
forget_sent (HeartbeatTransport *self, gsize sent)
{
  self->queue_peak = MAX (self->queue_peak, self->queue->len);
  if (sent < self->queue->len || self->queue_peak <= OUTPUT_KEEP)
    {
      g_byte_array_remove_range (self->queue, 0, (guint) sent);
      return;
    }
  self->queue_peak = 0;
  g_byte_array_unref (self->queue);
  self->queue = g_byte_array_new ();
}

/* Writes as much as the socket takes now. An error is always taken: glib-networking 2.74 leaks those that are not. */
static gboolean
write_some (HeartbeatTransport *self, GError **error)
{
  gsize sent = 0;
  gssize n = 0;

  while (n >= 0 && sent < self->queue->len)
    {
      n = g_pollable_output_stream_write_nonblocking (self->output, self->queue->data + sent,
                                                      self->queue->len - sent, NULL, error);
      sent += (gsize) MAX (n, 0);
    }
  forget_sent (self, sent);
  return n >= 0;
}

static gboolean
would_block (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

/* A peer that refuses our certificate sends the reason and closes, so a write may fail before the reason is read. */
static void
fail_write (HeartbeatTransport *self, const GError *error)
{
  g_autoptr (GError) reason = NULL;
  gboolean explained
      = self->tls != NULL
        && g_pollable_input_stream_read_nonblocking (self->input, self->buffer, 1, NULL, &reason)
               < 0
        && !would_block (reason);

  fail (self, explained ? reason : error);
}

static gboolean
on_writable (GObject *stream, gpointer user_data)
{
  g_autoptr (HeartbeatTransport) self = g_object_ref (user_data);
  g_autoptr (GObject) owner = g_object_ref (self->owner);
  g_autoptr (GError) error = NULL;

  if (write_some (self, &error))
    {
      drop_source (&self->writable);
      resume (self);
      return G_SOURCE_REMOVE;
    }
  if (would_block (error))
    return G_SOURCE_CONTINUE;
  fail_write (self, error);
  return G_SOURCE_REMOVE;
}

static gboolean
hand_out_frames (HeartbeatTransport *self, GError **error)
{
  gint64 end = g_get_monotonic_time () + TURN_LIMIT;
  gsize used = 0;
  HeartbeatFrame frame;

  self->behind = FALSE;
  for (guint n = 1; is_open (self) && !self->behind; n++)
    {
      HeartbeatSplit split
          = heartbeat_frame_split (self->buffer + used, self->filled - used, &frame, error);

      if (split == HEARTBEAT_SPLIT_ERROR)
        return FALSE;
      if (split == HEARTBEAT_SPLIT_NEED_MORE)
        break;
      used += frame.size;
      frame.received_us = self->last_read;
      self->events->frame (self->owner, &frame);
      self->behind = n % FRAMES_A_LOOK == 0 && g_get_monotonic_time () >= end;
    }

  if (used > 0)
    {
      self->filled -= used;
      memmove (self->buffer, self->buffer + used, self->filled);
    }
  return TRUE;
}

/* One bounded read, so that a flood of messages cannot keep the loop from its other work. */
static gboolean
read_some (HeartbeatTransport *self, GError **error)
{
  gssize n
      = g_pollable_input_stream_read_nonblocking (self->input, self->buffer + self->filled,
                                                  READ_BUFFER_SIZE - self->filled, NULL, error);

  if (n < 0)
    return FALSE;
  if (n == 0)
    {
      g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NOT_CONNECTED,
                           _ ("The broker closed the connection"));
      return FALSE;
    }
  self->filled += (gsize) n;
  self->last_read = g_get_monotonic_time ();
  if (!self->heard && heartbeat_tls_is_spoken (self->buffer, self->filled))
    {
      g_set_error_literal (
          error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_FAILED,
          _ ("The broker speaks TLS on this port: use amqps:// instead of amqp://"));
      return FALSE;
    }
  self->heard = TRUE;
  g_clear_object (&self->tls);
  return TRUE;
}

static void
hand_out_batch (HeartbeatTransport *self)
{
  g_autoptr (GError) error = NULL;

  self->corked = TRUE;
  if (!hand_out_frames (self, &error))
    fail (self, error);
  if (is_open (self))
    self->events->batch_done (self->owner);
  self->corked = FALSE;
  heartbeat_transport_flush (self);
  if (is_open (self))
    resume (self);
}

static gboolean
on_readable (HeartbeatTransport *transport)
{
  g_autoptr (HeartbeatTransport) self = g_object_ref (transport);
  g_autoptr (GObject) owner = g_object_ref (self->owner);
  g_autoptr (GError) error = NULL;

  /* Corked: the handler of a frame runs the main loop. Reading resumes when the batch is handed out. */
  if (self->corked || !heartbeat_transport_has_room (self))
    {
      drop_source (&self->readable);
      return G_SOURCE_REMOVE;
    }

  if (!self->behind && !read_some (self, &error))
    {
      if (would_block (error))
        return G_SOURCE_CONTINUE;
      fail (self, error);
      return G_SOURCE_REMOVE;
    }
  hand_out_batch (self);
  return is_open (self) ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static gboolean
on_later (gpointer user_data)
{
  g_autoptr (HeartbeatTransport) self = g_object_ref (user_data);
  g_autoptr (GObject) owner = g_object_ref (self->owner);

  if (!self->corked && self->behind && heartbeat_transport_has_room (self))
    hand_out_batch (self);
  return is_open (self) ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static gboolean
on_stream_readable (GObject *stream, gpointer user_data)
{
  return on_readable (user_data);
}

static gboolean
on_socket_readable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  return on_readable (user_data);
}

/* A source that may not recurse is taken from the poll and put back each time it is dispatched, and so is the socket's below
 * that of a stream: the loop wakes itself up four times for each read. */
static GSource *
make_socket_source (HeartbeatTransport *self)
{
  GSource *source
      = g_socket_create_source (g_socket_connection_get_socket (self->connection), G_IO_IN, NULL);

  g_source_set_can_recurse (source, TRUE);
  g_source_set_callback (source, G_SOURCE_FUNC (on_socket_readable), self, NULL);
  return source;
}

static GSource *
make_stream_source (HeartbeatTransport *self)
{
  GSource *source = g_pollable_input_stream_create_source (self->input, NULL);

  g_source_set_callback (source, G_SOURCE_FUNC (on_stream_readable), self, NULL);
  return source;
}

static void
watch_input (HeartbeatTransport *self)
{
  if (self->readable != NULL)
    return;
  self->readable = self->stream == G_IO_STREAM (self->connection) ? make_socket_source (self)
                                                                  : make_stream_source (self);
  g_source_attach (self->readable, g_main_context_get_thread_default ());
}

/* Hands out what was read already, and watches for more. */
static void
resume (HeartbeatTransport *self)
{
  watch_input (self);
  if (self->behind)
    heartbeat_deadline_set (&self->later, 0, on_later, self);
  else
    heartbeat_deadline_clear (&self->later);
}

static void
watch_output (HeartbeatTransport *self)
{
  if (self->writable != NULL)
    return;
  self->writable = g_pollable_output_stream_create_source (self->output, NULL);
  g_source_set_callback (self->writable, G_SOURCE_FUNC (on_writable), self, NULL);
  g_source_attach (self->writable, g_main_context_get_thread_default ());
}

static void
heartbeat_transport_dispose (GObject *object)
{
  heartbeat_transport_close (HEARTBEAT_TRANSPORT (object));

  G_OBJECT_CLASS (heartbeat_transport_parent_class)->dispose (object);
}

static void
heartbeat_transport_finalize (GObject *object)
{
  HeartbeatTransport *self = HEARTBEAT_TRANSPORT (object);

  g_free (self->buffer);
  g_byte_array_unref (self->queue);

  G_OBJECT_CLASS (heartbeat_transport_parent_class)->finalize (object);
}

static void
heartbeat_transport_class_init (HeartbeatTransportClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = heartbeat_transport_dispose;
  object_class->finalize = heartbeat_transport_finalize;
}

static void
heartbeat_transport_init (HeartbeatTransport *self)
{
  self->queue = g_byte_array_new ();
  self->frame_max = HEARTBEAT_FRAME_MAX;
}

/**
 * heartbeat_transport_new:
 * @events: what to call; lives as long as the transport
 * @owner: (not nullable): their first argument; it is kept alive while an event is handled, and not otherwise
 *
 * Makes the socket side of one AMQP connection. It serves once: for another connection take another transport.
 *
 * Returns: (transfer full): a transport that is not connected
 */
HeartbeatTransport *
heartbeat_transport_new (const HeartbeatTransportEvents *events, GObject *owner)
{
  HeartbeatTransport *self = g_object_new (HEARTBEAT_TYPE_TRANSPORT, NULL);

  g_return_val_if_fail (events != NULL, NULL);

  self->events = events;
  self->owner = owner;
  return self;
}

static void
tune_socket (GSocketConnection *connection)
{
  GSocket *socket = g_socket_connection_get_socket (connection);

  g_socket_set_keepalive (socket, TRUE);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS, NULL);
}

static void
opened (GTask *task, GSocketConnection *connection, GIOStream *stream)
{
  HeartbeatTransport *self = g_task_get_source_object (task);

  self->connection = g_object_ref (connection);
  self->stream = g_object_ref (stream);
  self->input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (stream));
  self->output = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (stream));
  self->buffer = g_malloc (READ_BUFFER_SIZE);
  self->last_read = g_get_monotonic_time ();
  watch_input (self);
  g_task_return_boolean (task, TRUE);
}

static void
on_tls_open (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GIOStream) stream = heartbeat_tls_open_finish (HEARTBEAT_TLS (source), result, &error);

  if (stream == NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else if (!g_task_return_error_if_cancelled (task))
    opened (task, g_task_get_task_data (task), stream);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  HeartbeatTransport *self = g_task_get_source_object (task);
  HeartbeatBrokerUri *uri = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnection) connection
      = g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);

  if (connection == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (g_task_return_error_if_cancelled (task))
    return;

  tune_socket (connection);
  if (!uri->tls)
    {
      opened (task, connection, G_IO_STREAM (connection));
      return;
    }
  self->tls = heartbeat_tls_new (uri);
  g_task_set_task_data (task, g_object_ref (connection), g_object_unref);
  heartbeat_tls_open_async (self->tls, connection, g_task_get_cancellable (task), on_tls_open,
                            g_object_ref (task));
}

/**
 * heartbeat_transport_connect_async:
 * @self: a transport that was never connected
 * @uri: where the broker is
 * @cancellable: (nullable): gives up
 * @callback: called when the socket is connected, with TLS where @uri says so
 * @user_data: for @callback
 *
 * Connects. There is no time limit but the one that the caller has by @cancellable.
 */
void
heartbeat_transport_connect_async (HeartbeatTransport *self,
                                   HeartbeatBrokerUri *uri,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_autoptr (GSocketClient) client = NULL;
  g_autoptr (GSocketConnectable) address = NULL;
  GTask *task = NULL;

  g_return_if_fail (HEARTBEAT_IS_TRANSPORT (self));
  g_return_if_fail (!is_open (self));

  client = g_socket_client_new ();
  address = g_network_address_new (uri->host, uri->port);
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, heartbeat_transport_connect_async);
  g_task_set_task_data (task, heartbeat_broker_uri_ref (uri),
                        (GDestroyNotify) heartbeat_broker_uri_unref);

  /* The default proxy resolver alone would cost 2 MB and two threads. */
  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_connect_async (client, address, cancellable, on_connected, task);
}

/**
 * heartbeat_transport_connect_finish:
 * @self: a transport
 * @result: what the callback was given
 * @error: return location for the error of GIO, a #GTlsError where TLS is to blame
 *
 * Returns: whether it is connected
 */
gboolean
heartbeat_transport_connect_finish (HeartbeatTransport *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * heartbeat_transport_describe_stall:
 * @self: a transport
 *
 * To be called before heartbeat_transport_close(), when nothing has come for too long.
 *
 * Returns: what is being waited for, for people
 */
const char *
heartbeat_transport_describe_stall (HeartbeatTransport *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_TRANSPORT (self), NULL);

  return self->tls != NULL && !is_open (self) ? heartbeat_tls_describe_stall (self->tls)
                                              : _ ("The broker did not answer within 10 s");
}

/**
 * heartbeat_transport_get_output:
 * @self: a transport
 *
 * Frames are appended here, then heartbeat_transport_flush() sends them. Do not keep the array.
 *
 * Returns: (transfer none): the out-queue
 */
GByteArray *
heartbeat_transport_get_output (HeartbeatTransport *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_TRANSPORT (self), NULL);

  return self->queue;
}

/**
 * heartbeat_transport_flush:
 * @self: a transport
 *
 * Sends what the socket takes now, and the rest when it takes more. While frames are handed out nothing is sent until all
 * of the batch are, so that its acknowledgements travel together. No event comes from in here: a failed write shows on the loop.
 */
void
heartbeat_transport_flush (HeartbeatTransport *self)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (HEARTBEAT_IS_TRANSPORT (self));

  if (self->corked || !is_open (self) || self->queue->len == 0 || self->writable != NULL)
    return;
  if (!write_some (self, &error))
    watch_output (self);
}

/**
 * heartbeat_transport_has_room:
 * @self: a transport
 *
 * Returns: whether less than 8 MiB wait to be sent; past that nothing is read either
 */
gboolean
heartbeat_transport_has_room (HeartbeatTransport *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_TRANSPORT (self), FALSE);

  return self->queue->len < OUTPUT_MAX;
}

/**
 * heartbeat_transport_set_frame_max:
 * @self: a transport
 * @frame_max: what both sides agreed on
 *
 * Sets the size of the largest frame to send.
 */
void
heartbeat_transport_set_frame_max (HeartbeatTransport *self, guint32 frame_max)
{
  g_return_if_fail (HEARTBEAT_IS_TRANSPORT (self));

  self->frame_max = frame_max;
}

/**
 * heartbeat_transport_get_frame_max:
 * @self: a transport
 *
 * Returns: the size of the largest frame to send
 */
guint32
heartbeat_transport_get_frame_max (HeartbeatTransport *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_TRANSPORT (self), 0);

  return self->frame_max;
}

/**
 * heartbeat_transport_get_last_read:
 * @self: a transport
 *
 * Returns: when something was received last, or the connection made; monotonic, in microseconds
 */
gint64
heartbeat_transport_get_last_read (HeartbeatTransport *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_TRANSPORT (self), 0);

  return self->last_read;
}

/**
 * heartbeat_transport_close:
 * @self: a transport
 *
 * Sends what the socket takes now and drops the connection. No event comes any more.
 */
void
heartbeat_transport_close (HeartbeatTransport *self)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (HEARTBEAT_IS_TRANSPORT (self));

  drop_source (&self->readable);
  drop_source (&self->writable);
  heartbeat_deadline_clear (&self->later);
  g_clear_object (&self->tls);
  if (!is_open (self))
    return;

  write_some (self, &error);
  /* The socket goes first: closing a TLS stream could otherwise wait for the peer. */
  g_socket_close (g_socket_connection_get_socket (self->connection), NULL);
  g_clear_object (&self->stream);
  g_clear_object (&self->connection);
}
