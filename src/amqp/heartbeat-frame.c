/* SPDX-License-Identifier: MIT */

#include "amqp/heartbeat-frame.h"

#include <string.h>

#include "amqp/heartbeat-amqp-error.h"
#include "base/heartbeat-i18n.h"

/* Methods that we send have names of at most 255 bytes and small tables: they fit into AMQP's smallest frame. */
#define PAYLOAD_ROOM AMQP_FRAME_MIN_SIZE

static guint16
read_u16 (const guint8 *p)
{
  return (guint16) (p[0] << 8 | p[1]);
}

static guint32
read_u32 (const guint8 *p)
{
  return (guint32) p[0] << 24 | (guint32) p[1] << 16 | (guint32) p[2] << 8 | p[3];
}

static void
write_u16 (guint8 *p, guint16 value)
{
  p[0] = (guint8) (value >> 8);
  p[1] = (guint8) value;
}

static void
write_u32 (guint8 *p, guint32 value)
{
  write_u16 (p, (guint16) (value >> 16));
  write_u16 (p + 2, (guint16) value);
}

static gboolean
is_frame_type (guint8 type)
{
  return type == AMQP_FRAME_METHOD || type == AMQP_FRAME_HEADER || type == AMQP_FRAME_BODY
         || type == AMQP_FRAME_HEARTBEAT;
}

static HeartbeatSplit
not_amqp (GError **error, const char *what)
{
  g_set_error (error, HEARTBEAT_AMQP_ERROR, AMQP_FRAME_ERROR, _ ("What came is no AMQP 0-9-1: %s"),
               what);
  return HEARTBEAT_SPLIT_ERROR;
}

/**
 * heartbeat_frame_split:
 * @data: (array length=length): what was read
 * @length: length of @data
 * @frame: (out caller-allocates): set only with %HEARTBEAT_SPLIT_FRAME
 * @error: set only with %HEARTBEAT_SPLIT_ERROR, to %HEARTBEAT_AMQP_ERROR
 *
 * Finds the first frame. Nothing is copied. A frame larger than %HEARTBEAT_FRAME_MAX is an error as soon as its size is known.
 *
 * Returns: what was found
 */
HeartbeatSplit
heartbeat_frame_split (const guint8 *data, gsize length, HeartbeatFrame *frame, GError **error)
{
  gsize payload = 0;

  if (length >= 1 && !is_frame_type (data[0]))
    return not_amqp (error, _ ("unknown type of frame"));
  if (length < HEARTBEAT_FRAME_HEAD)
    return HEARTBEAT_SPLIT_NEED_MORE;

  payload = read_u32 (data + 3);
  if (payload > HEARTBEAT_FRAME_MAX - HEARTBEAT_FRAME_OVERHEAD)
    return not_amqp (error, _ ("frame too large"));
  if (length < payload + HEARTBEAT_FRAME_OVERHEAD)
    return HEARTBEAT_SPLIT_NEED_MORE;
  if (data[HEARTBEAT_FRAME_HEAD + payload] != AMQP_FRAME_END)
    return not_amqp (error, _ ("frame without its end"));

  *frame = (HeartbeatFrame){
    .type = data[0],
    .channel = read_u16 (data + 1),
    .payload = data + HEARTBEAT_FRAME_HEAD,
    .length = payload,
    .size = payload + HEARTBEAT_FRAME_OVERHEAD,
  };
  return HEARTBEAT_SPLIT_FRAME;
}

/* librabbitmq decodes tables by recursion, as deep as a frame is long. Only clients send them, except in connection.start. */
static gboolean
may_have_table (amqp_method_number_t method)
{
  switch (method)
    {
    case AMQP_CONNECTION_START_OK_METHOD:
    case AMQP_EXCHANGE_DECLARE_METHOD:
    case AMQP_EXCHANGE_BIND_METHOD:
    case AMQP_EXCHANGE_UNBIND_METHOD:
    case AMQP_QUEUE_DECLARE_METHOD:
    case AMQP_QUEUE_BIND_METHOD:
    case AMQP_QUEUE_UNBIND_METHOD:
    case AMQP_BASIC_CONSUME_METHOD:
      return TRUE;
    default:
      return FALSE;
    }
}

/* Takes the broker's description of itself, which nobody needs, out of connection.start. */
static amqp_bytes_t
without_table (amqp_bytes_t start, amqp_pool_t *pool)
{
  const guint8 *data = start.bytes;
  const gsize before = 6; /* two numbers of the version, the length of the table */
  gsize table = start.len < before ? 0 : read_u32 (data + 2);
  guint8 *copy = NULL;
  gsize after = 0;

  if (start.len < before || table > start.len - before)
    return amqp_empty_bytes;
  after = start.len - before - table;
  copy = amqp_pool_alloc (pool, before + after);
  memcpy (copy, data, 2);
  memset (copy + 2, 0, 4);
  memcpy (copy + before, data + before + table, after);
  return (amqp_bytes_t){ before + after, copy };
}

static gboolean
decode (amqp_pool_t *pool, amqp_method_t *method, amqp_bytes_t arguments)
{
  if (may_have_table (method->id))
    return FALSE;
  if (method->id == AMQP_CONNECTION_START_METHOD)
    arguments = without_table (arguments, pool);
  return amqp_decode_method (method->id, pool, arguments, &method->decoded) >= 0;
}

/**
 * heartbeat_frame_decode_method:
 * @frame: a method frame
 * @pool: what @method needs is taken from here
 * @method: (out caller-allocates): points into @frame and @pool
 * @error: return location for a %HEARTBEAT_AMQP_ERROR
 *
 * Tables are not decoded.
 *
 * Returns: whether @frame holds a whole method that a broker of AMQP 0-9-1 may send
 */
gboolean
heartbeat_frame_decode_method (const HeartbeatFrame *frame,
                               amqp_pool_t *pool,
                               amqp_method_t *method,
                               GError **error)
{
  amqp_bytes_t arguments = amqp_empty_bytes;

  g_return_val_if_fail (frame != NULL, FALSE);

  if (frame->length >= 4)
    {
      method->id = read_u32 (frame->payload);
      arguments.bytes = (void *) (frame->payload + 4);
      arguments.len = frame->length - 4;
      if (decode (pool, method, arguments))
        return TRUE;
    }
  g_set_error_literal (error, HEARTBEAT_AMQP_ERROR, AMQP_SYNTAX_ERROR,
                       _ ("The broker sent a method that cannot be read"));
  return FALSE;
}

/**
 * heartbeat_frame_append_protocol:
 * @out: where to append
 *
 * Appends what opens an AMQP 0-9-1 connection.
 */
void
heartbeat_frame_append_protocol (GByteArray *out)
{
  static const guint8 header[] = { 'A', 'M', 'Q', 'P', 0, 0, 9, 1 };

  g_byte_array_append (out, header, sizeof header);
}

/**
 * heartbeat_frame_append_heartbeat:
 * @out: where to append
 *
 * Appends a heartbeat of AMQP.
 */
void
heartbeat_frame_append_heartbeat (GByteArray *out)
{
  static const guint8 heartbeat[] = { AMQP_FRAME_HEARTBEAT, 0, 0, 0, 0, 0, 0, AMQP_FRAME_END };

  g_byte_array_append (out, heartbeat, sizeof heartbeat);
}

/* Makes room for a frame and returns where its payload begins. */
static guint8 *
begin_frame (GByteArray *out, guint8 type, guint16 channel, gsize room)
{
  guint start = out->len;
  guint8 *head = NULL;

  g_byte_array_set_size (out, start + (guint) room + HEARTBEAT_FRAME_OVERHEAD);
  head = out->data + start;
  head[0] = type;
  write_u16 (head + 1, channel);
  return head + HEARTBEAT_FRAME_HEAD;
}

static void
end_frame (GByteArray *out, guint8 *payload, gsize length)
{
  write_u32 (payload - 4, (guint32) length);
  payload[length] = AMQP_FRAME_END;
  g_byte_array_set_size (out, (guint) (payload + length + 1 - out->data));
}

/**
 * heartbeat_frame_append_method:
 * @out: where to append
 * @channel: the channel's number
 * @method: the method
 * @decoded: its arguments, of the type that belongs to @method; names of at most 255 bytes, 4 KiB in all
 *
 * Appends a method frame.
 */
void
heartbeat_frame_append_method (GByteArray *out,
                               guint16 channel,
                               amqp_method_number_t method,
                               void *decoded)
{
  guint8 *payload = begin_frame (out, AMQP_FRAME_METHOD, channel, PAYLOAD_ROOM);
  amqp_bytes_t room = { PAYLOAD_ROOM - 4, payload + 4 };
  int length = amqp_encode_method (method, decoded, room);

  g_assert (length >= 0);
  write_u32 (payload, method);
  end_frame (out, payload, 4 + (gsize) length);
}

/**
 * heartbeat_frame_append_header:
 * @out: where to append
 * @channel: the channel's number
 * @properties: the message's properties, no headers, 4 KiB in all
 * @body_size: length of the body
 *
 * Appends a content header frame.
 */
void
heartbeat_frame_append_header (GByteArray *out,
                               guint16 channel,
                               amqp_basic_properties_t *properties,
                               guint64 body_size)
{
  guint8 *payload = begin_frame (out, AMQP_FRAME_HEADER, channel, PAYLOAD_ROOM);
  amqp_bytes_t room = { PAYLOAD_ROOM - 12, payload + 12 };
  int length = amqp_encode_properties (AMQP_BASIC_CLASS, properties, room);

  g_assert (length >= 0);
  write_u16 (payload, AMQP_BASIC_CLASS);
  write_u16 (payload + 2, 0);
  write_u32 (payload + 4, (guint32) (body_size >> 32));
  write_u32 (payload + 8, (guint32) body_size);
  end_frame (out, payload, 12 + (gsize) length);
}

/**
 * heartbeat_frame_append_body:
 * @out: where to append
 * @channel: the channel's number
 * @body: the message's body
 * @frame_max: the largest frame of this connection
 *
 * Appends @body in as few frames as @frame_max allows; none for an empty one.
 */
void
heartbeat_frame_append_body (GByteArray *out, guint16 channel, GBytes *body, guint32 frame_max)
{
  gsize left = 0;
  const guint8 *data = g_bytes_get_data (body, &left);

  g_return_if_fail (frame_max >= AMQP_FRAME_MIN_SIZE);

  while (left > 0)
    {
      gsize length = MIN (left, frame_max - HEARTBEAT_FRAME_OVERHEAD);
      guint8 *payload = begin_frame (out, AMQP_FRAME_BODY, channel, length);

      memcpy (payload, data, length);
      end_frame (out, payload, length);
      data += length;
      left -= length;
    }
}
