/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "amqp/heartbeat-frame.h"
#include "amqp/heartbeat-handshake.h"
#include "base/heartbeat-error.h"
#include "heartbeat-test.h"

typedef struct
{
  const char *url;
  const char *offered;
  const char *mechanism; /* NULL: an error */
  const char *response;
  gsize length;
  const char *error;
} Login;

static void
assert_answer (const GByteArray *out, const Login *expected)
{
  HeartbeatFrame frame = { 0 };
  amqp_method_t method = { 0 };
  amqp_pool_t pool;
  const amqp_connection_start_ok_t *ok = NULL;

  init_amqp_pool (&pool, 4096);
  g_assert_cmpint (heartbeat_frame_split (out->data, out->len, &frame, NULL), ==,
                   HEARTBEAT_SPLIT_FRAME);
  /* heartbeat_frame_decode_method() reads only what a broker says. */
  g_assert_cmpint (frame.length, >=, 4);
  memcpy (&method.id, frame.payload, 4);
  method.id = GUINT32_FROM_BE (method.id);
  g_assert_cmpint (amqp_decode_method (method.id, &pool,
                                       (amqp_bytes_t){ frame.length - 4,
                                                       (void *) (frame.payload + 4) },
                                       &method.decoded),
                   >=, 0);
  g_assert_cmphex (method.id, ==, AMQP_CONNECTION_START_OK_METHOD);
  ok = method.decoded;
  g_assert_cmpmem (ok->mechanism.bytes, ok->mechanism.len, expected->mechanism,
                   strlen (expected->mechanism));
  g_assert_cmpmem (ok->response.bytes, ok->response.len, expected->response, expected->length);
  empty_amqp_pool (&pool);
}

static void
test_login (void)
{
  static const Login cases[] = {
    { "amqp://u:p@h", "PLAIN AMQPLAIN", "PLAIN", "\0u\0p", 4, NULL },
    { "amqp://h", "EXTERNAL PLAIN", "PLAIN", "\0guest\0guest", 12, NULL },
    { "amqps://h?certfile=/c", "AMQPLAIN PLAIN EXTERNAL", "EXTERNAL", "", 0, NULL },
    { "amqps://h?certfile=/c", "PLAIN", "PLAIN", "\0guest\0guest", 12, NULL },
    { "amqps://u:p@h?certfile=/c", "PLAIN EXTERNAL", "PLAIN", "\0u\0p", 4, NULL },
    { "amqps://u:p@h?certfile=/c&auth_mechanism=external", "PLAIN EXTERNAL", "EXTERNAL", "", 0,
      NULL },
    { "amqps://h?certfile=/c&auth_mechanism=external", "PLAIN", NULL, NULL, 0,
      "rabbitmq_auth_mechanism_ssl" },
    { "amqps://h?certfile=/c&auth_mechanism=external", "EXTERNALLY", NULL, NULL, 0,
      "rabbitmq_auth_mechanism_ssl" },
    { "amqps://u:p@h", "EXTERNAL", NULL, NULL, 0, "auth_mechanism=external" },
    { "amqp://u:p@h", "AMQPLAIN", NULL, NULL, 0, "no login by password" },
    { "amqp://u:p@h", "", NULL, NULL, 0, "no login by password" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (HeartbeatBrokerUri) uri = heartbeat_broker_uri_parse (cases[i].url, NULL);
      g_autoptr (GByteArray) out = g_byte_array_new ();
      g_autoptr (GError) error = NULL;
      amqp_connection_start_t start = { .mechanisms = amqp_cstring_bytes (cases[i].offered) };
      HeartbeatLogin login = HEARTBEAT_LOGIN_EXTERNAL_IF_OFFERED;

      g_test_message ("%s at %s", cases[i].url, cases[i].offered);
      if (heartbeat_handshake_start (out, &start, uri, "test", &login, &error))
        {
          g_assert_no_error (error);
          g_assert_nonnull (cases[i].mechanism);
          g_assert_cmpint (login == HEARTBEAT_LOGIN_EXTERNAL, ==, cases[i].length == 0);
          assert_answer (out, &cases[i]);
        }
      else
        {
          g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NOT_CONNECTED);
          g_assert_nonnull (cases[i].error);
          hbtest_assert_contains (error->message, cases[i].error);
          g_assert_cmpuint (out->len, ==, 0);
        }
    }
}

static void
test_refusal (void)
{
  g_autoptr (HeartbeatBrokerUri) user = heartbeat_broker_uri_parse ("amqps://u:p@h", NULL);
  g_autoptr (HeartbeatBrokerUri) nobody
      = heartbeat_broker_uri_parse ("amqps://h?certfile=/c", NULL);

  g_assert_true (
      g_str_has_prefix (heartbeat_handshake_describe_refusal (user, HEARTBEAT_LOGIN_PLAIN),
                        "wrong user name or password (403): correct RABBIT_URL"));
  hbtest_assert_contains (heartbeat_handshake_describe_refusal (nobody, HEARTBEAT_LOGIN_PLAIN),
                          "the URL names no user");
  hbtest_assert_contains (heartbeat_handshake_describe_refusal (nobody, HEARTBEAT_LOGIN_EXTERNAL),
                          "no user for the client certificate");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/handshake/login", test_login);
  g_test_add_func ("/handshake/refusal", test_refusal);

  return g_test_run ();
}
