/* SPDX-License-Identifier: MIT */

#include "handlers/heartbeat-built-in.h"
#include "handlers/heartbeat-compaction.h"
#include "heartbeat-test-run.h"
#include "heartbeat-test.h"

typedef struct
{
  HbtestAwayBroker broker;
  HbtestRun run;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  hbtest_away_broker_init (&fixture->broker);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  hbtest_run_clear (&fixture->run);
  hbtest_away_broker_clear (&fixture->broker);
}

static void
start (HbtestRun *run,
       HeartbeatHandlerFunc handler,
       HeartbeatPublisher *publisher,
       const char *envelope)
{
  HeartbeatRunInput input
      = { "cack", "compaction", "/", 1, g_strdup ("{}"), g_strdup (envelope), NULL };
  g_autoptr (HeartbeatRun) mine = hbtest_run_new (run, &input);

  handler (mine, publisher);
}

static void
test_skips_without_broker (void)
{
  HbtestRun run = { 0 };
  g_autoptr (HeartbeatPublisher) publisher = heartbeat_outbox_new (NULL, "cack", "x");

  start (&run, heartbeat_compaction_handler, publisher, "{}");
  hbtest_run_assert (&run, HEARTBEAT_STATUS_SKIPPED, "there is no broker to ask");
  hbtest_run_clear (&run);
}

static void
test_fails_where_the_broker_is_away (Fixture *fixture, gconstpointer data)
{
  start (&fixture->run, heartbeat_compaction_handler, fixture->broker.publisher,
         "{\"event_id\": \"e-1\", \"payload\": {\"quarter\": \"Q3\"}}");
  g_assert_null (fixture->run.result);
  hbtest_run_wait (&fixture->run);
  g_assert_nonnull (fixture->run.result);
  g_assert_cmpint (heartbeat_result_get_status (fixture->run.result), ==, HEARTBEAT_STATUS_FAILED);
  g_assert_cmpstr (heartbeat_result_get_message (fixture->run.result), !=, "");
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
      start (&fixture->run, heartbeat_compaction_handler, fixture->broker.publisher, envelopes[i]);
      g_assert_nonnull (fixture->run.run);
      heartbeat_run_abandon (fixture->run.run);
      hbtest_run_wait (&fixture->run);
      g_assert_null (fixture->run.result);
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

  heartbeat_built_in_register (registry, fixture->broker.publisher, processes);
  listed = heartbeat_registry_list (registry);
  g_assert_cmpuint (g_strv_length (listed), ==, G_N_ELEMENTS (names));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_true (g_strv_contains ((const char *const *) listed, names[i]));
}

static void
test_default_succeeds (Fixture *fixture, gconstpointer data)
{
  g_autoptr (HeartbeatRegistry) registry = heartbeat_registry_new ();
  g_autoptr (HeartbeatProcesses) processes = heartbeat_processes_new ();
  g_autoptr (GAsyncResult) found = NULL;
  g_autoptr (HeartbeatHandler) handler = NULL;

  heartbeat_built_in_register (registry, fixture->broker.publisher, processes);
  heartbeat_registry_lookup_async (registry, "default", NULL, hbtest_keep_result, &found);
  hbtest_wait_for (found != NULL);
  handler = heartbeat_registry_lookup_finish (registry, found, NULL);
  start (&fixture->run, handler->func, handler->user_data, "{}");
  hbtest_run_assert (&fixture->run, HEARTBEAT_STATUS_SUCCESS, "");
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
