/* SPDX-License-Identifier: MIT */

#include <string.h>

#include <gio/gio.h>

#include "amqp/heartbeat-advice.h"
#include "amqp/heartbeat-amqp-error.h"

/* The texts are RabbitMQ's own. */
static const struct
{
  guint16 code;
  const char *text;
  amqp_method_number_t method;
  const char *expected;
} refusals[] = {
  { 403,
    "ACCESS_REFUSED - access to queue 'agent.cack.inbox' in vhost 'test-1' refused for user 'ann'",
    AMQP_QUEUE_DECLARE_METHOD,
    "no configure permission for the queue agent.cack.inbox (403): the user ann needs configure, "
    "write and read: rabbitmqctl set_permissions -p 'test-1' 'ann' '.*' '.*' '.*'" },
  { 403,
    "ACCESS_REFUSED - access to exchange 'bloodbank.events.v1' in vhost '/' refused for user 'ann'",
    AMQP_EXCHANGE_DECLARE_METHOD,
    "no configure permission for the exchange bloodbank.events.v1 (403): the user ann needs "
    "configure, write and read: rabbitmqctl set_permissions -p '/' 'ann' '.*' '.*' '.*'" },
  { 403, "ACCESS_REFUSED - access to queue 'q' in vhost '/' refused for user 'u'",
    AMQP_QUEUE_BIND_METHOD,
    "no write permission for the queue q (403): the user u needs configure, write and read: "
    "rabbitmqctl set_permissions -p '/' 'u' '.*' '.*' '.*'" },
  { 403, "ACCESS_REFUSED - access to exchange 'x' in vhost '/' refused for user 'u'",
    AMQP_QUEUE_BIND_METHOD,
    "no read permission for the exchange x (403): the user u needs configure, write and read: "
    "rabbitmqctl set_permissions -p '/' 'u' '.*' '.*' '.*'" },
  { 403, "ACCESS_REFUSED - read access to queue 'q' in vhost '/' refused for user 'u'",
    AMQP_BASIC_CONSUME_METHOD,
    "no read permission for the queue q (403): the user u needs configure, write and read: "
    "rabbitmqctl set_permissions -p '/' 'u' '.*' '.*' '.*'" },
  { 403, "ACCESS_REFUSED - access to exchange 'x' in vhost 'a;b' refused for user 'u $(id)'",
    AMQP_BASIC_PUBLISH_METHOD,
    "no write permission for the exchange x (403): the user u $(id) needs configure, write and "
    "read: rabbitmqctl set_permissions -p 'a;b' 'u $(id)' '.*' '.*' '.*'" },
  { 403,
    "ACCESS_REFUSED - access to topic 'agent.a.b' in exchange 'x' in vhost '/' refused for user "
    "'u'",
    AMQP_BASIC_PUBLISH_METHOD,
    "no permission for the routing key agent.a.b (403): give it to the user u: rabbitmqctl "
    "set_topic_permissions -p '/' 'u' 'x' '.*' '.*'" },
  { 403, "ACCESS_REFUSED - exchange name 'amq.foo' contains reserved prefix 'amq.*'",
    AMQP_EXCHANGE_DECLARE_METHOD,
    "names that begin with amq. are the broker's own (403): set EXCHANGE_NAME to another" },
  { 404, "NOT_FOUND - no exchange 'x' in vhost '/'", AMQP_BASIC_PUBLISH_METHOD,
    "there is no exchange x in the vhost / (404): correct EXCHANGE_NAME or RABBIT_URL; a consumer "
    "declares it when it connects" },
  { 404, "NOT_FOUND - no queue 'q' in vhost '/'", AMQP_QUEUE_BIND_METHOD,
    "there is no queue q in the vhost / (404): it is declared again" },
  { 405,
    "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q' in vhost '/'. It could "
    "be originally declared on another connection or the exclusive property value does not match "
    "that of the original declaration.",
    AMQP_QUEUE_DECLARE_METHOD,
    "the queue q belongs to another connection alone (405): end the program that declared it as "
    "exclusive: rabbitmqctl list_queues -p '/' name owner_pid" },
  { 406,
    "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'x' in vhost '/': received 'topic' "
    "but current is 'fanout'",
    AMQP_EXCHANGE_DECLARE_METHOD,
    "the exchange x is of type fanout, not topic (406): set EXCHANGE_NAME to another, or delete "
    "it, and it is made anew" },
  { 406,
    "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. Timeout value used: "
    "1800000 ms. This timeout value can be configured, see consumers doc guide to learn more",
    0,
    "a message was not acknowledged within the broker's consumer_timeout of 1800000 ms (406): it "
    "is delivered again; raise consumer_timeout in rabbitmq.conf" },
  { 320, "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'", 0,
    "the broker shuts down (320): the connection comes back with it" },
  { 320, "CONNECTION_FORCED - good night (really)", 0,
    "the broker's administrator closed the connection: good night (really) (320); it is made "
    "again" },
  { 530, "NOT_ALLOWED - vhost nope not found", AMQP_CONNECTION_OPEN_METHOD,
    "the broker has no vhost nope (530): correct the path of RABBIT_URL, or make it: rabbitmqctl "
    "add_vhost 'nope'" },
  { 530, "NOT_ALLOWED - vhost 'a b' not found", AMQP_CONNECTION_OPEN_METHOD,
    "the broker has no vhost a b (530): correct the path of RABBIT_URL, or make it: rabbitmqctl "
    "add_vhost 'a b'" },
  { 530, "NOT_ALLOWED - vhost it's not found", AMQP_CONNECTION_OPEN_METHOD,
    "the broker has no vhost it's (530): correct the path of RABBIT_URL, or make it: rabbitmqctl "
    "add_vhost 'it'\\''s'" },
  { 530, "NOT_ALLOWED - access to vhost 'it's' refused for user 'o'brien'",
    AMQP_CONNECTION_OPEN_METHOD,
    "the user o'brien has no permission for the vhost it's (530): rabbitmqctl set_permissions -p "
    "'it'\\''s' 'o'\\''brien' '.*' '.*' '.*'" },
  { 530, "NOT_ALLOWED - access to vhost 'v' refused for user 'ann'", AMQP_CONNECTION_OPEN_METHOD,
    "the user ann has no permission for the vhost v (530): rabbitmqctl set_permissions -p 'v' "
    "'ann' '.*' '.*' '.*'" },
};

static void
test_refusals (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autoptr (GError) error
          = heartbeat_amqp_error_new (refusals[i].code, amqp_cstring_bytes (refusals[i].text),
                                      refusals[i].method);
      g_autofree char *text = heartbeat_advice_describe (error);

      g_assert_cmpstr (text, ==, refusals[i].expected);
    }
}

/* Half a text and none at all: what is not known stays as the broker said it. */
static void
test_unknown (void)
{
  static const guint16 codes[] = { 311, 320, 402, 403, 404, 405, 406, 501, 530, 541 };

  for (gsize i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      for (gsize length = 0; length < strlen (refusals[i].text); length++)
        {
          g_autofree char *half = g_strndup (refusals[i].text, length);

          for (gsize j = 0; j < G_N_ELEMENTS (codes); j++)
            {
              g_autoptr (GError) error
                  = heartbeat_amqp_error_new (codes[j], amqp_cstring_bytes (half), 0);
              g_autofree char *text = heartbeat_advice_describe (error);
              g_autofree char *difference = heartbeat_advice_describe_difference (error);

              g_assert_cmpstr (text, !=, "");
              g_assert_cmpstr (difference, !=, "");
            }
        }
    }
  {
    const char *limit = "NOT_ALLOWED - access to vhost 'v' refused for user 'ann': connection "
                        "limit (1) is reached";
    g_autoptr (GError) error
        = heartbeat_amqp_error_new (530, amqp_cstring_bytes (limit), AMQP_CONNECTION_OPEN_METHOD);
    g_autofree char *text = heartbeat_advice_describe (error);

    g_assert_cmpstr (text, ==, error->message);
  }
}

static void
test_difference (void)
{
  const char *queue
      = "PRECONDITION_FAILED - inequivalent arg 'x-dead-letter-exchange' for queue "
        "'agent.cack.inbox' in vhost '/': received none but current is the value 'dlx' of type "
        "'longstr'";
  const char *type = "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'x' in vhost '/': "
                     "received 'topic' but current is 'fanout'";
  g_autoptr (GError) error
      = heartbeat_amqp_error_new (406, amqp_cstring_bytes (queue), AMQP_QUEUE_DECLARE_METHOD);
  g_autoptr (GError) other
      = heartbeat_amqp_error_new (406, amqp_cstring_bytes (type), AMQP_EXCHANGE_DECLARE_METHOD);
  g_autofree char *text = heartbeat_advice_describe_difference (error);

  g_assert_cmpstr (text, ==,
                   "the queue agent.cack.inbox has another x-dead-letter-exchange: it is the value "
                   "'dlx' of type 'longstr', wanted was none (406)");
  g_assert_false (heartbeat_advice_is_other_type (error));
  g_assert_true (heartbeat_advice_is_other_type (other));
}

static void
test_network (void)
{
  g_autoptr (GError) refused
      = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED,
                             "Could not connect to localhost: Connection refused");
  g_autoptr (GError) unknown
      = g_error_new_literal (G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND,
                             "Error resolving “nowhere”: Name or service not known");
  g_autofree char *a = heartbeat_advice_describe (refused);
  g_autofree char *b = heartbeat_advice_describe (unknown);

  g_assert_cmpstr (a, ==,
                   "Could not connect to localhost: Connection refused: start the broker there, or "
                   "correct RABBIT_URL");
  g_assert_cmpstr (b, ==,
                   "Error resolving “nowhere”: Name or service not known: correct the host in "
                   "RABBIT_URL");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/advice/refusals", test_refusals);
  g_test_add_func ("/advice/unknown", test_unknown);
  g_test_add_func ("/advice/difference", test_difference);
  g_test_add_func ("/advice/network", test_network);

  return g_test_run ();
}
