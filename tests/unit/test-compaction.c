/* SPDX-License-Identifier: MIT */

#include "broker/heartbeat-broker-uri.h"
#include "broker/heartbeat-outbox.h"
#include "core/heartbeat-run-private.h"
#include "handlers/heartbeat-built-in.h"
#include "handlers/heartbeat-compaction.h"
#include "heartbeat-test.h"

typedef struct
{
  HeartbeatConnection *connection;
  HeartbeatOutbox *outbox;
  HeartbeatRun *run; /* unowned; NULL when it is gone */
  HeartbeatResult *result;
} Fixture;

/* Nobody listens at port 1. */
static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) uris = heartbeat_broker_uri_parse_list ("amqp://a:b@127.0.0.1:1/", NULL);
  g_autoptr (HeartbeatPublisher) publisher = NULL;

  fixture->connection = heartbeat_connection_new (uris, "publish");
  publisher = heartbeat_publisher_new (fixture->connection);
  fixture->outbox = heartbeat_outbox_new (publisher, "cack", "x");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_null (fixture->run);
  g_clear_object (&fixture->outbox);
  heartbeat_connection_close_async (fixture->connection, NULL, NULL);
  g_object_add_weak_pointer (G_OBJECT (fixture->connection), (gpointer *) &fixture->connection);
  g_object_unref (fixture->connection);
  hbtest_wait_for (fixture->connection == NULL);
  g_clear_pointer (&fixture->result, heartbeat_result_unref);
}

static void
on_run_ended (HeartbeatRun *run, HeartbeatResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_assert_null (fixture->result);
  fixture->result = heartbeat_result_ref (result);
}

static void
start (Fixture *fixture,
       HeartbeatHandlerFunc handler,
       HeartbeatOutbox *outbox,
       const char *envelope)
{
  HeartbeatRunFacts facts
      = { "cack", "compaction", "/", 1, g_strdup ("{}"), g_strdup (envelope), NULL };
  g_autoptr (HeartbeatRun) run = heartbeat_run_new (&facts, on_run_ended, fixture);

  fixture->run = run;
  g_object_add_weak_pointer (G_OBJECT (run), (gpointer *) &fixture->run);
  handler (run, outbox);
}

static void
test_skips_without_broker (void)
{
  Fixture fixture = { 0 };
  g_autoptr (HeartbeatOutbox) outbox = heartbeat_outbox_new (NULL, "cack", "x");

  start (&fixture, heartbeat_compaction_handler, outbox, "{}");
  g_assert_null (fixture.run);
  g_assert_nonnull (fixture.result);
  g_assert_cmpint (heartbeat_result_get_status (fixture.result), ==, HEARTBEAT_STATUS_SKIPPED);
  g_assert_cmpstr (heartbeat_result_get_message (fixture.result), ==, "there is no broker to ask");
  heartbeat_result_unref (fixture.result);
}

static void
test_fails_where_the_broker_is_away (Fixture *fixture, gconstpointer data)
{
  start (fixture, heartbeat_compaction_handler, fixture->outbox,
         "{\"event_id\": \"e-1\", \"payload\": {\"quarter\": \"Q3\"}}");
  g_assert_null (fixture->result);
  hbtest_poll_for (fixture->run == NULL);
  g_assert_nonnull (fixture->result);
  g_assert_cmpint (heartbeat_result_get_status (fixture->result), ==, HEARTBEAT_STATUS_FAILED);
  g_assert_cmpstr (heartbeat_result_get_message (fixture->result), !=, "");
}

/* Whatever the envelope says, the quarter is one of four, and a request is made. */
static void
test_makes_do_with_any_envelope (Fixture *fixture, gconstpointer data)
{
  static const char *const envelopes[]
      = { "{}",
          "null",
          "[]",
          "{\"event_id\": 7}",
          "{\"event_id\": \"\"}",
          "{\"payload\": 7}",
          "{\"payload\": {\"quarter\": \"Q9\"}}",
          "{\"payload\": {\"epochMs\": -1, \"quarter\": \"Q1\"}}" };

  for (guint i = 0; i < G_N_ELEMENTS (envelopes); i++)
    {
      start (fixture, heartbeat_compaction_handler, fixture->outbox, envelopes[i]);
      g_assert_nonnull (fixture->run);
      heartbeat_run_abandon (fixture->run);
      hbtest_poll_for (fixture->run == NULL);
      g_assert_null (fixture->result);
    }
}

/* --- All that are built in ------------------------------------------------------------------------------------------ */

static void
test_built_in_handlers (Fixture *fixture, gconstpointer data)
{
  static const char *const names[] = { "default", "sub_health", "quarterly_compaction", "command" };
  g_autoptr (HeartbeatRegistry) registry = heartbeat_registry_new ();
  g_autoptr (HeartbeatProcesses) processes = heartbeat_processes_new ();
  g_auto (GStrv) listed = NULL;

  heartbeat_built_in_register (registry, fixture->outbox, processes);
  listed = heartbeat_registry_list (registry);
  g_assert_cmpuint (g_strv_length (listed), ==, G_N_ELEMENTS (names));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_assert_true (g_strv_contains ((const char *const *) listed, names[i]));
      g_assert_nonnull (heartbeat_registry_find (registry, names[i]));
    }
}

static void
test_default_succeeds (Fixture *fixture, gconstpointer data)
{
  g_autoptr (HeartbeatRegistry) registry = heartbeat_registry_new ();
  g_autoptr (HeartbeatProcesses) processes = heartbeat_processes_new ();
  const HeartbeatHandler *handler;

  heartbeat_built_in_register (registry, fixture->outbox, processes);
  handler = heartbeat_registry_find (registry, "default");
  start (fixture, handler->func, handler->user_data, "{}");
  g_assert_nonnull (fixture->result);
  g_assert_cmpint (heartbeat_result_get_status (fixture->result), ==, HEARTBEAT_STATUS_SUCCESS);
  g_assert_cmpstr (heartbeat_result_get_message (fixture->result), ==, "");
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* That the broker is away is a warning, and meant to be. */
  hbtest_allow_warnings ();

  g_test_add_func ("/compaction/skips-without-broker", test_skips_without_broker);
  ADD ("/compaction/fails-where-the-broker-is-away", test_fails_where_the_broker_is_away);
  ADD ("/compaction/makes-do-with-any-envelope", test_makes_do_with_any_envelope);
  ADD ("/built-in/handlers", test_built_in_handlers);
  ADD ("/built-in/default-succeeds", test_default_succeeds);

  return g_test_run ();
}
