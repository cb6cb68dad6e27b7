/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "amqp/heartbeat-amqp-error.h"
#include "amqp/heartbeat-assembly.h"
#include "amqp/heartbeat-frame.h"

static HeartbeatFrame
split (GByteArray *bytes)
{
  HeartbeatFrame frame = { 0 };

  g_assert_cmpint (heartbeat_frame_split (bytes->data, bytes->len, &frame, NULL), ==,
                   HEARTBEAT_SPLIT_FRAME);
  return frame;
}

static void
test_method (void)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  amqp_basic_ack_t ack = { .delivery_tag = G_GUINT64_CONSTANT (0x0102030405060708), .multiple = 1 };
  amqp_method_t method = { 0 };
  HeartbeatFrame frame = { 0 };
  amqp_pool_t pool;

  heartbeat_frame_append_method (out, 0xabcd, AMQP_BASIC_ACK_METHOD, &ack);
  g_assert_cmpuint (out->len, ==, 7 + 4 + 9 + 1);

  /* Every beginning of it wants more, and is not read past its end. */
  for (guint i = 0; i < out->len; i++)
    {
      g_autofree guint8 *part = g_memdup2 (out->data, i);

      g_assert_cmpint (heartbeat_frame_split (part, i, &frame, NULL), ==,
                       HEARTBEAT_SPLIT_NEED_MORE);
    }

  frame = split (out);
  g_assert_cmpuint (frame.channel, ==, 0xabcd);
  g_assert_cmpuint (frame.size, ==, out->len);
  init_amqp_pool (&pool, 4096);
  g_assert_true (heartbeat_frame_decode_method (&frame, &pool, &method, NULL));
  g_assert_cmpuint (method.id, ==, AMQP_BASIC_ACK_METHOD);
  g_assert_cmpuint (((amqp_basic_ack_t *) method.decoded)->delivery_tag, ==, ack.delivery_tag);
  empty_amqp_pool (&pool);
}

static void
test_bad (void)
{
  static const struct
  {
    const char *bytes;
    gsize length;
  } cases[] = {
    { "AMQP\0\0\x09\x01", 8 },
    { "H", 1 },
    { "\0", 1 },
    { "\x08\0\0\0\0\0\0\xcf", 8 },
    { "\x03\0\x01\0\x02\0\0", 7 },
    { "\x03\0\x01\xff\xff\xff\xff", 7 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      HeartbeatFrame frame = { 0 };

      g_assert_cmpint (heartbeat_frame_split ((const guint8 *) cases[i].bytes, cases[i].length,
                                              &frame, &error),
                       ==, HEARTBEAT_SPLIT_ERROR);
      g_assert_error (error, HEARTBEAT_AMQP_ERROR, AMQP_FRAME_ERROR);
    }
}

static void
test_bad_method (void)
{
  static const guint8 bytes[] = { 0, 60, 0, 60, 255, 'x' };
  amqp_method_t method = { 0 };
  amqp_pool_t pool;

  init_amqp_pool (&pool, 4096);
  for (gsize i = 0; i <= sizeof bytes; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree guint8 *part = g_memdup2 (bytes, i);
      HeartbeatFrame frame = { .type = AMQP_FRAME_METHOD, .payload = part, .length = i };

      g_assert_false (heartbeat_frame_decode_method (&frame, &pool, &method, &error));
      g_assert_error (error, HEARTBEAT_AMQP_ERROR, AMQP_SYNTAX_ERROR);
    }
  empty_amqp_pool (&pool);
}

/* Tables in tables, as many as one frame can hold. */
static GByteArray *
deep_table (void)
{
  const guint depth = (HEARTBEAT_FRAME_MAX - 100) / 7;
  GByteArray *table = g_byte_array_new ();

  for (guint i = depth + 1; i > 0; i--)
    {
      guint32 length = GUINT32_TO_BE (7 * (i - 1));

      g_byte_array_append (table, (const guint8 *) &length, 4);
      if (i > 1)
        g_byte_array_append (table, (const guint8 *) "\1tF", 3);
    }
  return table;
}

static gboolean
decode (const guint8 *head,
        gsize head_length,
        const char *tail,
        gsize tail_length,
        amqp_pool_t *pool)
{
  g_autoptr (GByteArray) bytes = deep_table ();
  amqp_method_t method = { 0 };
  HeartbeatFrame frame = { .type = AMQP_FRAME_METHOD };

  g_byte_array_prepend (bytes, head, (guint) head_length);
  g_byte_array_append (bytes, (const guint8 *) tail, (guint) tail_length);
  frame.payload = bytes->data;
  frame.length = bytes->len;
  if (!heartbeat_frame_decode_method (&frame, pool, &method, NULL))
    return FALSE;
  g_assert_cmpuint (method.id, ==, AMQP_CONNECTION_START_METHOD);
  g_assert_cmpuint (((amqp_connection_start_t *) method.decoded)->version_minor, ==, 9);
  g_assert_cmpmem (((amqp_connection_start_t *) method.decoded)->mechanisms.bytes,
                   ((amqp_connection_start_t *) method.decoded)->mechanisms.len, "PLAIN", 5);
  return TRUE;
}

static void
test_tables (void)
{
  static const guint8 start[] = { 0, 10, 0, 10, 0, 9 };
  static const guint8 declare[] = { 0, 50, 0, 10, 0, 0, 1, 'q', 0 };
  static const char locales[] = "\0\0\0\5PLAIN\0\0\0\5en_US";
  amqp_pool_t pool;

  init_amqp_pool (&pool, 4096);
  g_assert_true (decode (start, sizeof start, locales, sizeof locales - 1, &pool));
  g_assert_false (decode (start, sizeof start, "", 0, &pool));
  g_assert_false (decode (declare, sizeof declare, "", 0, &pool));
  empty_amqp_pool (&pool);
}

/* A beginning that was cut anywhere is not read past its end. */
static void
test_cut_start (void)
{
  static const guint8 bytes[]
      = "\0\x0a\0\x0a\0\x09\0\0\0\x07\1tF\0\0\0\0\0\0\0\5PLAIN\0\0\0\5en_US";
  amqp_method_t method = { 0 };
  amqp_pool_t pool;

  init_amqp_pool (&pool, 4096);
  for (gsize i = 0; i < sizeof bytes; i++)
    {
      g_autofree guint8 *part = g_memdup2 (bytes, i);
      HeartbeatFrame frame = { .type = AMQP_FRAME_METHOD, .payload = part, .length = i };

      g_assert_cmpint (heartbeat_frame_decode_method (&frame, &pool, &method, NULL), ==,
                       i == sizeof bytes - 1);
    }
  empty_amqp_pool (&pool);
}

static void
test_body (void)
{
  static const gsize sizes[] = { 0, 1, 4088, 4089, 8176, 100000 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GByteArray) out = g_byte_array_new ();
      g_autoptr (GBytes) body = g_bytes_new_take (g_malloc0 (sizes[i] + 1), sizes[i]);
      gsize sum = 0;
      guint n = 0;

      heartbeat_frame_append_body (out, 1, body, 4096);
      while (out->len > 0)
        {
          HeartbeatFrame frame = split (out);

          g_assert_cmpuint (frame.size, <=, 4096);
          sum += frame.length;
          n++;
          g_byte_array_remove_range (out, 0, (guint) frame.size);
        }
      g_assert_cmpuint (sum, ==, sizes[i]);
      g_assert_cmpuint (n, ==, (sizes[i] + 4087) / 4088);
    }
}

typedef struct
{
  HeartbeatAssembly *assembly;
  gint64 reads; /* one a frame, and its time of reception */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  amqp_basic_deliver_t deliver = {
    .delivery_tag = 7,
    .redelivered = 1,
    .exchange = amqp_cstring_bytes ("x"),
    .routing_key = { 5, (void *) "a\xff"
                                 "b\0c" },
  };

  f->assembly = heartbeat_assembly_new ();
  heartbeat_assembly_begin_delivery (f->assembly, &deliver);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  heartbeat_assembly_free (f->assembly);
}

static HeartbeatAssembled
add (Fixture *f, GByteArray *bytes, GError **error)
{
  HeartbeatFrame frame = split (bytes);

  frame.received_us = ++f->reads;
  return heartbeat_assembly_add (f->assembly, &frame, error);
}

static HeartbeatAssembled
add_header (Fixture *f, guint64 size)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  amqp_basic_properties_t properties = {
    ._flags = AMQP_BASIC_APP_ID_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG,
    .app_id = amqp_cstring_bytes ("app"),
    .message_id = amqp_cstring_bytes ("id"),
  };

  heartbeat_frame_append_header (out, 1, &properties, size);
  return add (f, out, NULL);
}

static HeartbeatAssembled
add_body (Fixture *f, gsize size, GError **error)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GBytes) body = g_bytes_new_take (g_strnfill (size, 'b'), size);

  heartbeat_frame_append_body (out, 1, body, HEARTBEAT_FRAME_MAX);
  return add (f, out, error);
}

static void
test_whole (Fixture *f, gconstpointer data)
{
  const HeartbeatMessage *message = NULL;

  g_assert_false (heartbeat_assembly_is_idle (f->assembly));
  g_assert_cmpint (add_header (f, 3), ==, HEARTBEAT_ASSEMBLED_MORE);
  g_assert_cmpint (add_body (f, 3, NULL), ==, HEARTBEAT_ASSEMBLED_MESSAGE);
  g_assert_true (heartbeat_assembly_is_idle (f->assembly));

  message = heartbeat_assembly_get_message (f->assembly);
  g_assert_cmpuint (message->delivery_tag, ==, 7);
  g_assert_true (message->redelivered);
  g_assert_true (g_utf8_validate (message->routing_key, -1, NULL));
  g_assert_cmpstr (message->routing_key, ==,
                   "a\xef\xbf\xbd"
                   "b\xef\xbf\xbd"
                   "c");
  g_assert_cmpstr (message->exchange, ==, "x");
  g_assert_cmpstr (message->app_id, ==, "app");
  g_assert_cmpstr (message->message_id, ==, "id");
  g_assert_cmpstr (message->content_type, ==, "");
  g_assert_cmpuint (message->length, ==, 3);
}

static void
test_empty (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (add_header (f, 0), ==, HEARTBEAT_ASSEMBLED_MESSAGE);
  g_assert_cmpuint (heartbeat_assembly_get_message (f->assembly)->length, ==, 0);
}

static void
test_pieces (Fixture *f, gconstpointer data)
{
  const HeartbeatMessage *message = NULL;

  g_assert_cmpint (add_header (f, 5), ==, HEARTBEAT_ASSEMBLED_MORE);
  g_assert_cmpint (add_body (f, 2, NULL), ==, HEARTBEAT_ASSEMBLED_MORE);
  g_assert_cmpint (add_body (f, 3, NULL), ==, HEARTBEAT_ASSEMBLED_MESSAGE);
  message = heartbeat_assembly_get_message (f->assembly);
  g_assert_cmpmem (message->body, message->length, "bbbbb", 5);
  g_assert_cmpint (message->received_us, ==, 3);
}

static void
test_too_large (Fixture *f, gconstpointer data)
{
  guint64 left = 3 * (guint64) HEARTBEAT_MESSAGE_MAX_BYTES;

  g_assert_cmpint (add_header (f, left), ==, HEARTBEAT_ASSEMBLED_MORE);
  for (; left > 65536; left -= 65536)
    g_assert_cmpint (add_body (f, 65536, NULL), ==, HEARTBEAT_ASSEMBLED_MORE);
  g_assert_cmpint (add_body (f, left, NULL), ==, HEARTBEAT_ASSEMBLED_MESSAGE);
  g_assert_true (heartbeat_assembly_get_message (f->assembly)->too_large);
  g_assert_null (heartbeat_assembly_get_message (f->assembly)->body);
}

static void
test_too_much (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (add_header (f, 2), ==, HEARTBEAT_ASSEMBLED_MORE);
  g_assert_cmpint (add_body (f, 3, &error), ==, HEARTBEAT_ASSEMBLED_ERROR);
  g_assert_error (error, HEARTBEAT_AMQP_ERROR, AMQP_FRAME_ERROR);
}

static void
test_out_of_turn (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (add_body (f, 3, &error), ==, HEARTBEAT_ASSEMBLED_ERROR);
  g_assert_error (error, HEARTBEAT_AMQP_ERROR, AMQP_UNEXPECTED_FRAME);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/frame/method", test_method);
  g_test_add_func ("/frame/bad", test_bad);
  g_test_add_func ("/frame/bad-method", test_bad_method);
  g_test_add_func ("/frame/tables", test_tables);
  g_test_add_func ("/frame/cut-start", test_cut_start);
  g_test_add_func ("/frame/body", test_body);
#define ADD(name, func) g_test_add ("/assembly/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("whole", test_whole);
  ADD ("empty", test_empty);
  ADD ("pieces", test_pieces);
  ADD ("too-large", test_too_large);
  ADD ("too-much", test_too_much);
  ADD ("out-of-turn", test_out_of_turn);

  return g_test_run ();
}
