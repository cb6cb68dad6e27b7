/* SPDX-License-Identifier: MIT */

#include "amqp/heartbeat-assembly.h"

#include <string.h>

#include "amqp/heartbeat-amqp-error.h"
#include "amqp/heartbeat-properties.h"
#include "base/heartbeat-i18n.h"

/* Class, weight and size of the body come before the properties. */
#define HEADER_HEAD 12

typedef enum
{
  STATE_IDLE,
  STATE_HEADER,
  STATE_BODY,
} State;

enum
{
  TEXT_EXCHANGE,
  TEXT_ROUTING_KEY,
  TEXT_REPLY,
  TEXT_APP_ID,
  TEXT_MESSAGE_ID,
  TEXT_CONTENT_TYPE,
  N_TEXTS,
};

/* Puts one channel's messages together. The texts live in one buffer that is used again and again, the body stays in the
 * read buffer where it came in one frame: an ordinary message allocates nothing. */
struct _HeartbeatAssembly
{
  State state;
  HeartbeatMessage message;
  GString *texts;
  gsize offsets[N_TEXTS];
  GByteArray *body;
  guint64 body_size;
  guint64 received;
};

/**
 * heartbeat_assembly_new:
 *
 * Returns: (transfer full): an idle assembly
 */
HeartbeatAssembly *
heartbeat_assembly_new (void)
{
  HeartbeatAssembly *self = g_new0 (HeartbeatAssembly, 1);

  self->texts = g_string_new (NULL);
  return self;
}

/**
 * heartbeat_assembly_free:
 * @self: (transfer full): an assembly
 *
 * Frees it, and the message that it holds.
 */
void
heartbeat_assembly_free (HeartbeatAssembly *self)
{
  g_string_free (self->texts, TRUE);
  g_clear_pointer (&self->body, g_byte_array_unref);
  g_free (self);
}

/**
 * heartbeat_assembly_is_idle:
 * @self: an assembly
 *
 * Returns: whether no message is half here, so that a method may come
 */
gboolean
heartbeat_assembly_is_idle (HeartbeatAssembly *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->state == STATE_IDLE;
}

static void
append_text (HeartbeatAssembly *self, guint which, amqp_bytes_t bytes)
{
  self->offsets[which] = self->texts->len;
  if (bytes.len > 0)
    {
      if (g_utf8_validate_len (bytes.bytes, bytes.len, NULL))
        {
          g_string_append_len (self->texts, bytes.bytes, (gssize) bytes.len);
        }
      else
        {
          g_autofree char *valid = g_utf8_make_valid (bytes.bytes, (gssize) bytes.len);

          g_string_append (self->texts, valid);
        }
    }
  g_string_append_c (self->texts, '\0');
}

static void
begin (HeartbeatAssembly *self, amqp_bytes_t exchange, amqp_bytes_t routing_key, amqp_bytes_t reply)
{
  self->state = STATE_HEADER;
  self->received = 0;
  g_string_truncate (self->texts, 0);
  append_text (self, TEXT_EXCHANGE, exchange);
  append_text (self, TEXT_ROUTING_KEY, routing_key);
  append_text (self, TEXT_REPLY, reply);
}

/**
 * heartbeat_assembly_begin_delivery:
 * @self: an idle assembly
 * @deliver: the method that announces the message; copied
 *
 * Begins with a delivered message.
 */
void
heartbeat_assembly_begin_delivery (HeartbeatAssembly *self, const amqp_basic_deliver_t *deliver)
{
  g_return_if_fail (self != NULL);

  self->message = (HeartbeatMessage){
    .delivery_tag = deliver->delivery_tag,
    .redelivered = deliver->redelivered != 0,
  };
  begin (self, deliver->exchange, deliver->routing_key, amqp_empty_bytes);
}

/**
 * heartbeat_assembly_begin_return:
 * @self: an idle assembly
 * @returned: the method that announces the message; copied
 *
 * Begins with a message that could not be routed.
 */
void
heartbeat_assembly_begin_return (HeartbeatAssembly *self, const amqp_basic_return_t *returned)
{
  g_return_if_fail (self != NULL);

  /* Without a code it would look like a delivery. */
  self->message = (HeartbeatMessage){ .reply_code = MAX (returned->reply_code, 1) };
  begin (self, returned->exchange, returned->routing_key, returned->reply_text);
}

static HeartbeatAssembled
finish (HeartbeatAssembly *self)
{
  const char *texts = self->texts->str;

  self->state = STATE_IDLE;
  self->message.exchange = texts + self->offsets[TEXT_EXCHANGE];
  self->message.routing_key = texts + self->offsets[TEXT_ROUTING_KEY];
  self->message.reply_text = texts + self->offsets[TEXT_REPLY];
  self->message.app_id = texts + self->offsets[TEXT_APP_ID];
  self->message.message_id = texts + self->offsets[TEXT_MESSAGE_ID];
  self->message.content_type = texts + self->offsets[TEXT_CONTENT_TYPE];
  return HEARTBEAT_ASSEMBLED_MESSAGE;
}

static HeartbeatAssembled
fail (GError **error, int code, const char *what)
{
  g_set_error_literal (error, HEARTBEAT_AMQP_ERROR, code, what);
  return HEARTBEAT_ASSEMBLED_ERROR;
}

static guint64
read_u64 (const guint8 *p)
{
  guint64 value = 0;

  memcpy (&value, p, sizeof value);
  return GUINT64_FROM_BE (value);
}

static HeartbeatAssembled
add_header (HeartbeatAssembly *self, const HeartbeatFrame *frame, GError **error)
{
  HeartbeatProperties properties;

  if (frame->length < HEADER_HEAD
      || !heartbeat_properties_read (&properties, frame->payload + HEADER_HEAD,
                                     frame->length - HEADER_HEAD))
    return fail (error, AMQP_SYNTAX_ERROR,
                 _ ("The broker sent a message header that cannot be read"));

  append_text (self, TEXT_APP_ID, properties.app_id);
  append_text (self, TEXT_MESSAGE_ID, properties.message_id);
  append_text (self, TEXT_CONTENT_TYPE, properties.content_type);

  self->body_size = read_u64 (frame->payload + 4);
  self->message.too_large = self->body_size > HEARTBEAT_MESSAGE_MAX_BYTES;
  self->state = STATE_BODY;
  return self->body_size == 0 ? finish (self) : HEARTBEAT_ASSEMBLED_MORE;
}

static void
keep_body (HeartbeatAssembly *self, const HeartbeatFrame *frame)
{
  if (self->message.too_large)
    return;
  if (frame->length == self->body_size)
    {
      self->message.body = frame->payload;
      self->message.length = frame->length;
      return;
    }
  if (self->body == NULL)
    self->body = g_byte_array_sized_new ((guint) self->body_size);
  g_byte_array_append (self->body, frame->payload, (guint) frame->length);
  self->message.body = self->body->data;
  self->message.length = self->body->len;
}

static HeartbeatAssembled
add_body (HeartbeatAssembly *self, const HeartbeatFrame *frame, GError **error)
{
  if (frame->length == 0 || frame->length > self->body_size - self->received)
    return fail (error, AMQP_FRAME_ERROR,
                 _ ("The broker sent more of a message than it announced"));

  keep_body (self, frame);
  self->received += frame->length;
  return self->received == self->body_size ? finish (self) : HEARTBEAT_ASSEMBLED_MORE;
}

/**
 * heartbeat_assembly_add:
 * @self: an assembly
 * @frame: a header or body frame
 * @error: return location for a %HEARTBEAT_AMQP_ERROR, whose code is the one to close the connection with
 *
 * Adds the next frame of the message. A body of more than %HEARTBEAT_MESSAGE_MAX_BYTES bytes is counted off, never kept.
 *
 * Returns: whether the message is whole
 */
HeartbeatAssembled
heartbeat_assembly_add (HeartbeatAssembly *self, const HeartbeatFrame *frame, GError **error)
{
  self->message.received_us = frame->received_us;
  if (self->state == STATE_HEADER && frame->type == AMQP_FRAME_HEADER)
    return add_header (self, frame, error);
  if (self->state == STATE_BODY && frame->type == AMQP_FRAME_BODY)
    return add_body (self, frame, error);
  return fail (error, AMQP_UNEXPECTED_FRAME,
               _ ("The broker sent a frame that does not belong there"));
}

/**
 * heartbeat_assembly_get_message:
 * @self: an assembly, right after %HEARTBEAT_ASSEMBLED_MESSAGE
 *
 * Returns: (transfer none): the message, valid until heartbeat_assembly_clear()
 */
const HeartbeatMessage *
heartbeat_assembly_get_message (HeartbeatAssembly *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return &self->message;
}

/**
 * heartbeat_assembly_clear:
 * @self: an assembly
 *
 * Drops the message, so that a large body is not kept until the next one.
 */
void
heartbeat_assembly_clear (HeartbeatAssembly *self)
{
  self->state = STATE_IDLE;
  self->message.body = NULL;
  self->message.length = 0;
  g_clear_pointer (&self->body, g_byte_array_unref);
}
