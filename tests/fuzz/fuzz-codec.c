/* SPDX-License-Identifier: MIT */

/* Bytes of a broker, split into frames, decoded and put together by channels without a socket. However they are cut into
 * pieces, the same comes out; and what the channels answer is AMQP. */

#include <string.h>

#include "amqp/heartbeat-amqp-error.h"
#include "amqp/heartbeat-channel.h"
#include "fuzz.h"
#include "wire.h"

#define N_CHANNELS 3

/* What stands in for a connection. */
typedef struct
{
  GObject *owner; /* of the channels; leads to this */
  HeartbeatTransport *transport;
  HeartbeatChannel *channels[N_CHANNELS + 1]; /* by number */
  guint64 announced[N_CHANNELS + 1];          /* size of the body by the latest header */
  HeartbeatChannel *current;                  /* whose frame is handled */
  guint current_number;
  amqp_pool_t pool;
  GString *story; /* all that happened */
  guint pending;  /* calls without a reply */
} FuzzPeer;

static FuzzPeer *
get_peer (gpointer owner)
{
  return g_object_get_data (owner, "peer");
}

static void
add_text (FuzzPeer *self, const char *text)
{
  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_string_append_printf (self->story, "%s|", text);
}

static void
on_call_ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  FuzzPeer *self = user_data;
  g_autoptr (GError) error = NULL;
  HeartbeatReply reply = { 0 };

  if (!heartbeat_channel_call_finish (HEARTBEAT_CHANNEL (source), result, &reply, &error))
    g_assert_nonnull (error);
  self->pending--;
}

static void
call (FuzzPeer *self, HeartbeatChannel *channel, amqp_method_number_t method, void *decoded)
{
  self->pending++;
  heartbeat_channel_call_async (channel, method, decoded, on_call_ended, self);
}

/* A message may have any effect on its channel: its first byte says which. */
static void
react (FuzzPeer *self, const HeartbeatMessage *message)
{
  amqp_basic_ack_t ack = { .delivery_tag = message->delivery_tag };
  amqp_basic_publish_t publish = { .routing_key = amqp_cstring_bytes ("k") };
  amqp_basic_properties_t properties = { 0 };
  g_autoptr (GBytes) body = g_bytes_new_static ("{}", 2);

  if (message->length == 0)
    return;
  if (message->body[0] == 'a')
    heartbeat_channel_send (self->current, AMQP_BASIC_ACK_METHOD, &ack);
  else if (message->body[0] == 'p')
    heartbeat_channel_publish (self->current, &publish, &properties, body);
  else if (message->body[0] == 'c')
    heartbeat_channel_close_async (self->current, NULL, NULL);
}

static void
on_message (gpointer owner, const HeartbeatMessage *message)
{
  FuzzPeer *self = get_peer (owner);

  g_string_append_printf (self->story, "message %" G_GUINT64_FORMAT " %d %u ",
                          message->delivery_tag, message->redelivered, message->reply_code);
  add_text (self, message->exchange);
  add_text (self, message->routing_key);
  add_text (self, message->app_id);
  add_text (self, message->message_id);
  add_text (self, message->content_type);
  add_text (self, message->reply_text);
  g_assert_true (message->body != NULL || message->length == 0);
  g_assert_cmpuint (message->length, <=, HEARTBEAT_MESSAGE_MAX_BYTES);
  if (message->too_large)
    g_assert_null (message->body);
  else
    g_assert_cmpuint (message->length, ==, self->announced[self->current_number]);
  g_string_append_len (self->story, (const char *) message->body, (gssize) message->length);
  react (self, message);
}

static void
on_delivered (gpointer owner, const HeartbeatMessage *message)
{
  g_assert_cmpuint (message->reply_code, ==, 0);
  g_assert_cmpstr (message->reply_text, ==, "");
  on_message (owner, message);
}

static void
on_returned (gpointer owner, const HeartbeatMessage *message)
{
  g_assert_cmpuint (message->delivery_tag, ==, 0);
  on_message (owner, message);
}

static void
on_confirmed (gpointer owner, guint64 tag, gboolean multiple, gboolean acknowledged)
{
  FuzzPeer *self = get_peer (owner);

  g_string_append_printf (self->story, "confirmed %" G_GUINT64_FORMAT " %d %d|", tag, multiple,
                          acknowledged);
}

static void
on_cancelled (gpointer owner)
{
  FuzzPeer *self = get_peer (owner);

  g_string_append (self->story, "cancelled|");
}

static void
on_closed (gpointer owner, const GError *error)
{
  FuzzPeer *self = get_peer (owner);

  g_string_append (self->story, "closed ");
  add_text (self, error->message);
}

static const HeartbeatChannelEvents channel_events = {
  .closed = on_closed,
  .message = on_delivered,
  .returned = on_returned,
  .confirmed = on_confirmed,
  .cancelled = on_cancelled,
};

static const HeartbeatTransportEvents transport_events = { NULL, NULL, NULL };

static void
open_channel (FuzzPeer *self, guint16 number)
{
  HeartbeatChannel *channel
      = heartbeat_channel_new (self->transport, number, &channel_events, self->owner);
  amqp_basic_qos_t qos = { .prefetch_count = 64 };
  amqp_queue_declare_t declare = { .queue = amqp_cstring_bytes ("q") };
  amqp_basic_consume_t consume = { .queue = amqp_cstring_bytes ("q") };

  call (self, channel, AMQP_BASIC_QOS_METHOD, &qos);
  call (self, channel, AMQP_QUEUE_DECLARE_METHOD, &declare);
  call (self, channel, AMQP_BASIC_CONSUME_METHOD, &consume);
  self->channels[number] = channel;
}

static gboolean
handle_connection_frame (FuzzPeer *self, const HeartbeatFrame *frame)
{
  amqp_method_t method = { 0 };
  g_autoptr (GError) error = NULL;

  if (frame->type == AMQP_FRAME_HEARTBEAT)
    return TRUE;
  if (frame->type != AMQP_FRAME_METHOD)
    return FALSE;
  if (heartbeat_frame_decode_method (frame, &self->pool, &method, &error))
    g_string_append_printf (self->story, "method %x|", method.id);
  else
    g_assert_error (error, HEARTBEAT_AMQP_ERROR, AMQP_SYNTAX_ERROR);
  return error == NULL;
}

/* A message is as long as its header says. A channel that is closing takes no notice of headers, nor makes messages. */
static void
note_header (FuzzPeer *self, const HeartbeatFrame *frame)
{
  guint64 size = 0;

  if (frame->type != AMQP_FRAME_HEADER || frame->length < 12)
    return;
  memcpy (&size, frame->payload + 4, sizeof size);
  self->announced[frame->channel] = GUINT64_FROM_BE (size);
}

static gboolean
handle_channel_frame (FuzzPeer *self, const HeartbeatFrame *frame)
{
  HeartbeatChannel *channel;
  g_autoptr (GError) error = NULL;
  gboolean good;

  if (self->channels[frame->channel] == NULL)
    open_channel (self, frame->channel);
  self->current = channel = self->channels[frame->channel];
  self->current_number = frame->channel;
  note_header (self, frame);
  good = heartbeat_channel_handle_frame (channel, frame, &self->pool, &error);
  g_assert_true (good == (error == NULL));
  if (!good)
    {
      g_assert_true (error->domain == HEARTBEAT_AMQP_ERROR);
      add_text (self, error->message);
      return FALSE;
    }
  if (heartbeat_channel_is_closed (channel))
    g_clear_object (&self->channels[frame->channel]);
  return TRUE;
}

static gboolean
handle_frame (FuzzPeer *self, const HeartbeatFrame *frame)
{
  gboolean good;

  g_assert_cmpuint (frame->size, ==, frame->length + HEARTBEAT_FRAME_OVERHEAD);
  if (frame->channel > N_CHANNELS)
    return FALSE;
  good = frame->channel == 0 ? handle_connection_frame (self, frame)
                             : handle_channel_frame (self, frame);
  recycle_amqp_pool (&self->pool);
  return good;
}

/* Takes the whole frames off the front of @buffer; FALSE where the connection would be closed. */
static gboolean
hand_out_frames (FuzzPeer *self, GByteArray *buffer)
{
  /* Of its exact size, so that a sanitizer sees who reads past its end. */
  g_autofree guint8 *data = g_memdup2 (buffer->data, buffer->len);
  gsize used = 0;
  gboolean good = TRUE;

  while (good)
    {
      g_autoptr (GError) error = NULL;
      HeartbeatFrame frame;
      HeartbeatSplit split
          = heartbeat_frame_split (data + used, buffer->len - used, &frame, &error);

      g_assert_true ((split == HEARTBEAT_SPLIT_ERROR) == (error != NULL));
      if (split == HEARTBEAT_SPLIT_NEED_MORE)
        break;
      good = split == HEARTBEAT_SPLIT_FRAME && handle_frame (self, &frame);
      if (good)
        used += frame.size;
    }
  g_byte_array_remove_range (buffer, 0, (guint) used);
  return good;
}

/* heartbeat_frame_decode_method() reads only what a broker says. */
static void
check_method (FuzzPeer *self, const HeartbeatFrame *frame)
{
  amqp_bytes_t arguments = { frame->length - 4, (void *) (frame->payload + 4) };
  void *decoded = NULL;
  guint32 id = 0;

  g_assert_cmpuint (frame->length, >=, 4);
  memcpy (&id, frame->payload, sizeof id);
  g_assert_cmpint (amqp_decode_method (GUINT32_FROM_BE (id), &self->pool, arguments, &decoded), >=,
                   0);
}

/* What was sent is nothing but whole frames. */
static void
check_output (FuzzPeer *self)
{
  GByteArray *out = heartbeat_transport_get_output (self->transport);
  HeartbeatFrame frame;

  for (gsize at = 0; at < out->len; at += frame.size)
    {
      g_assert_cmpint (heartbeat_frame_split (out->data + at, out->len - at, &frame, NULL), ==,
                       HEARTBEAT_SPLIT_FRAME);
      if (frame.type == AMQP_FRAME_METHOD)
        check_method (self, &frame);
      recycle_amqp_pool (&self->pool);
    }
}

/* Every call ends, and nothing is left over. */
static void
lose_channels (FuzzPeer *self)
{
  g_autoptr (GError) error = g_error_new_literal (HEARTBEAT_AMQP_ERROR, 1, "the end");

  for (guint number = 1; number <= N_CHANNELS; number++)
    if (self->channels[number] != NULL)
      heartbeat_channel_lost (self->channels[number], error);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (self->pending, ==, 0);
  for (guint number = 1; number <= N_CHANNELS; number++)
    if (self->channels[number] != NULL)
      g_assert_finalize_object (self->channels[number]);
}

/* Hears @bytes in pieces of @chunk bytes, and returns what happened. */
static GString *
hear (GByteArray *bytes, gsize chunk)
{
  g_autoptr (GObject) owner = g_object_new (G_TYPE_OBJECT, NULL);
  FuzzPeer self = {
    .owner = owner,
    .transport = heartbeat_transport_new (&transport_events, owner),
    .story = g_string_new (NULL),
  };
  g_autoptr (GByteArray) buffer = g_byte_array_new ();
  gsize heard = 0;
  gboolean good = TRUE;

  g_object_set_data (owner, "peer", &self);
  init_amqp_pool (&self.pool, 4096);

  while (good && heard < bytes->len)
    {
      gsize size = chunk > 0 ? MIN (chunk, bytes->len - heard) : bytes->len;

      g_byte_array_append (buffer, bytes->data + heard, (guint) size);
      heard += size;
      good = hand_out_frames (&self, buffer);
    }
  check_output (&self);
  lose_channels (&self);
  g_assert_finalize_object (self.transport);
  empty_amqp_pool (&self.pool);
  return self.story;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_auto (Wire) wire = { 0 };
  g_autoptr (GString) whole = NULL;
  g_autoptr (GString) pieces = NULL;

  wire_init (&wire, data, size);
  whole = hear (wire.bytes, 0);
  if (wire.chunk == 0)
    return 0;
  pieces = hear (wire.bytes, wire.chunk);
  g_assert_cmpmem (pieces->str, pieces->len, whole->str, whole->len);
  return 0;
}
