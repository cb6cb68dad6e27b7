/* SPDX-License-Identifier: MIT */

#include "broker/heartbeat-broker.h"

#define STARTS 300

static const char *const hosts[] = { "one:5672", "two:5672", "three:5672" };

/* Which of the brokers it would try first. */
static gsize
first_of (HeartbeatBroker *broker)
{
  HeartbeatConnection *connection = heartbeat_broker_get_connection (broker);
  const char *first = heartbeat_connection_get_broker (connection);

  for (gsize i = 0; i < G_N_ELEMENTS (hosts); i++)
    if (g_str_equal (first, hosts[i]))
      return i;
  g_error ("%s is none of the brokers", first);
}

static void
test_several_are_shuffled (void)
{
  guint seen[G_N_ELEMENTS (hosts)] = { 0 };

  for (guint i = 0; i < STARTS; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (HeartbeatBroker) broker
          = heartbeat_broker_new ("amqp://one amqp://two,amqp://three", &error);

      g_assert_no_error (error);
      seen[first_of (broker)]++;
    }

  /* A third each: a fair shuffle has less than a sixth once in 10^9 runs of the test. */
  for (gsize i = 0; i < G_N_ELEMENTS (hosts); i++)
    g_assert_cmpuint (seen[i], >, STARTS / 6);
}

static void
test_one_bad_url_is_an_error (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatBroker) broker = heartbeat_broker_new ("amqp://one http://two", &error);

  g_assert_null (broker);
  g_assert_nonnull (error);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/broker/several-are-shuffled", test_several_are_shuffled);
  g_test_add_func ("/broker/one-bad-url-is-an-error", test_one_bad_url_is_an_error);

  return g_test_run ();
}
