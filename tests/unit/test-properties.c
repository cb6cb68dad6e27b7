/* SPDX-License-Identifier: MIT */

#include "amqp/heartbeat-properties.h"

#include <string.h>

#define ROUNDS 20000

static const amqp_flags_t all_flags[] = {
  AMQP_BASIC_CONTENT_TYPE_FLAG, AMQP_BASIC_CONTENT_ENCODING_FLAG,
  AMQP_BASIC_HEADERS_FLAG,      AMQP_BASIC_DELIVERY_MODE_FLAG,
  AMQP_BASIC_PRIORITY_FLAG,     AMQP_BASIC_CORRELATION_ID_FLAG,
  AMQP_BASIC_REPLY_TO_FLAG,     AMQP_BASIC_EXPIRATION_FLAG,
  AMQP_BASIC_MESSAGE_ID_FLAG,   AMQP_BASIC_TIMESTAMP_FLAG,
  AMQP_BASIC_TYPE_FLAG,         AMQP_BASIC_USER_ID_FLAG,
  AMQP_BASIC_APP_ID_FLAG,       AMQP_BASIC_CLUSTER_ID_FLAG,
};

static amqp_bytes_t
random_bytes (GRand *rand, guint8 *room)
{
  gsize length = (gsize) g_rand_int_range (rand, 0, 3) * (gsize) g_rand_int_range (rand, 0, 128);

  for (gsize i = 0; i < length; i++)
    room[i] = (guint8) g_rand_int_range (rand, 0, 256);
  return (amqp_bytes_t){ length, room };
}

/* What librabbitmq writes, for any choice of properties. */
static gsize
encode (GRand *rand, amqp_basic_properties_t *p, guint8 room[][256], guint8 *out, gsize size)
{
  static amqp_table_entry_t entries[] = {
    { .key = { 1, (void *) "a" }, .value = { .kind = AMQP_FIELD_KIND_I64, .value.i64 = -1 } },
    { .key = { 1, (void *) "b" }, .value = { .kind = AMQP_FIELD_KIND_VOID } },
  };
  int n = 0;

  *p = (amqp_basic_properties_t){
    .content_type = random_bytes (rand, room[0]),
    .content_encoding = random_bytes (rand, room[1]),
    .headers = { g_rand_int_range (rand, 0, 3), entries },
    .delivery_mode = 2,
    .correlation_id = random_bytes (rand, room[2]),
    .reply_to = random_bytes (rand, room[3]),
    .expiration = random_bytes (rand, room[4]),
    .message_id = random_bytes (rand, room[5]),
    .timestamp = G_MAXUINT64,
    .type = random_bytes (rand, room[6]),
    .user_id = random_bytes (rand, room[7]),
    .app_id = random_bytes (rand, room[8]),
    .cluster_id = random_bytes (rand, room[9]),
  };
  for (guint i = 0; i < G_N_ELEMENTS (all_flags); i++)
    p->_flags |= g_rand_boolean (rand) ? all_flags[i] : 0;
  n = amqp_encode_properties (AMQP_BASIC_CLASS, p, (amqp_bytes_t){ size, out });
  g_assert_cmpint (n, >=, 2);
  return (gsize) n;
}

static void
assert_property (amqp_bytes_t found, gboolean there, amqp_bytes_t written)
{
  g_assert_cmpmem (found.bytes, found.len, written.bytes, there ? written.len : 0);
}

static void
test_as_librabbitmq (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  for (guint i = 0; i < ROUNDS; i++)
    {
      guint8 room[10][256];
      guint8 out[4096];
      amqp_basic_properties_t p;
      HeartbeatProperties properties;
      gsize length = encode (rand, &p, room, out, sizeof out);
      g_autofree guint8 *data = g_memdup2 (out, length);

      g_assert_true (heartbeat_properties_read (&properties, data, length));
      assert_property (properties.content_type, (p._flags & AMQP_BASIC_CONTENT_TYPE_FLAG) != 0,
                       p.content_type);
      assert_property (properties.message_id, (p._flags & AMQP_BASIC_MESSAGE_ID_FLAG) != 0,
                       p.message_id);
      assert_property (properties.app_id, (p._flags & AMQP_BASIC_APP_ID_FLAG) != 0, p.app_id);
    }
}

/* Nothing is read past the end, wherever that is. */
static void
test_cut (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);
  guint8 room[10][256];
  guint8 out[4096];
  amqp_basic_properties_t p;
  gsize length = 0;

  /* One whose last byte belongs to something. */
  do
    length = encode (rand, &p, room, out, sizeof out);
  while ((p._flags & AMQP_BASIC_CLUSTER_ID_FLAG) == 0);
  for (gsize i = 0; i <= length; i++)
    {
      g_autofree guint8 *part = g_memdup2 (out, i);
      HeartbeatProperties properties;

      g_assert_cmpint (heartbeat_properties_read (&properties, part, i), ==, i == length);
    }
}

static void
test_garbage (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);

  for (guint i = 0; i < ROUNDS; i++)
    {
      guint8 room[256];
      amqp_bytes_t bytes = random_bytes (rand, room);
      g_autofree guint8 *data = g_memdup2 (bytes.bytes, bytes.len);
      HeartbeatProperties properties;

      heartbeat_properties_read (&properties, data, bytes.len);
    }
}

static void
test_more_flags (void)
{
  static const guint8 bytes[] = { 0x80, 0x01, 0xff, 0xff, 0x12, 0x34, 0x01, 'x' };
  HeartbeatProperties properties;

  g_assert_true (heartbeat_properties_read (&properties, bytes, sizeof bytes));
  g_assert_cmpmem (properties.content_type.bytes, properties.content_type.len, "x", 1);
  g_assert_false (heartbeat_properties_read (&properties, bytes, 4));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/properties/as-librabbitmq", test_as_librabbitmq);
  g_test_add_func ("/properties/cut", test_cut);
  g_test_add_func ("/properties/garbage", test_garbage);
  g_test_add_func ("/properties/more-flags", test_more_flags);

  return g_test_run ();
}
