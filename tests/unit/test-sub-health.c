/* SPDX-License-Identifier: MIT */

#include "handlers/heartbeat-sub-health.h"
#include "heartbeat-test-run.h"
#include "heartbeat-test.h"

/* --- What openclaw prints ------------------------------------------------------------------------------------------- */

typedef struct
{
  const char *name;
  const char *text;
  const char *expected; /* NULL where it is an error */
} Case;

static const Case cases[] = {
  { "one",
    "{\"sessions\": [{\"key\": \"agent:mail:main\", \"model\": \"opus\", \"totalTokens\": 1234, "
    "\"contextTokens\": 200000, \"status\": \"active\"}]}",
    "mail active opus 1234\n" },
  { "without-status-as-openclaw-has-it",
    "{\"path\": null, \"count\": 1, \"sessions\": [{\"key\": \"agent:mail:whatsapp:+1\", \"kind\": "
    "\"direct\", "
    "\"updatedAt\": 1771796220000, \"ageMs\": 5, \"totalTokens\": 7, \"model\": \"m\"}]}",
    "mail unknown m 7\n" },
  { "members-missing", "{\"sessions\": [{\"key\": \"agent:mail:x\"}]}",
    "mail unknown unknown 0\n" },
  { "members-null",
    "{\"sessions\": [{\"key\": \"agent:mail:x\", \"model\": null, \"totalTokens\": null, "
    "\"status\": null}]}",
    "mail unknown unknown 0\n" },
  { "members-of-other-types",
    "{\"sessions\": [{\"key\": \"agent:mail:x\", \"model\": {}, \"totalTokens\": \"9\", "
    "\"status\": [1]}]}",
    "mail unknown unknown 0\n" },
  { "members-of-yet-other-types",
    "{\"sessions\": [{\"key\": \"agent:mail:x\", \"model\": 1, \"totalTokens\": {}, \"status\": "
    "true}]}",
    "mail unknown unknown 0\n" },
  { "tokens-as-a-fraction", "{\"sessions\": [{\"key\": \"agent:a:x\", \"totalTokens\": 12.0}]}",
    "a unknown unknown 12\n" },
  { "order-and-repetition-are-kept",
    "{\"sessions\": [{\"key\": \"agent:b:1\"}, {\"key\": \"agent:a:1\"}, {\"key\": "
    "\"agent:b:2\"}]}",
    "b unknown unknown 0\na unknown unknown 0\nb unknown unknown 0\n" },
  { "tokens-below-zero", "{\"sessions\": [{\"key\": \"agent:a:b\", \"totalTokens\": -1}]}",
    "a unknown unknown -1\n" },
  { "tokens-of-63-bits",
    "{\"sessions\": [{\"key\": \"agent:a:b\", \"totalTokens\": 9223372036854775807}]}",
    "a unknown unknown 9223372036854775807\n" },
  { "tokens-below-one", "{\"sessions\": [{\"key\": \"agent:a:b\", \"totalTokens\": 0.5}]}",
    "a unknown unknown 0\n" },
  { "unicode", "{\"sessions\": [{\"key\": \"agent:caf\\u00e9:1\"}]}",
    "caf\xc3\xa9 unknown unknown 0\n" },
  { "key-without-prefix", "{\"sessions\": [{\"key\": \"mail:x\"}, {\"key\": \"agents:mail:x\"}]}",
    "" },
  { "key-without-the-rest", "{\"sessions\": [{\"key\": \"agent:mail\"}, {\"key\": \"agent:\"}]}",
    "" },
  { "key-without-a-name", "{\"sessions\": [{\"key\": \"agent::main\"}]}", "" },
  { "key-with-nothing-after-the-name", "{\"sessions\": [{\"key\": \"agent:mail:\"}]}",
    "mail unknown unknown 0\n" },
  { "key-missing", "{\"sessions\": [{\"model\": \"m\"}, {}]}", "" },
  { "key-of-another-type", "{\"sessions\": [{\"key\": 1}, {\"key\": null}, {\"key\": []}]}", "" },
  { "elements-of-other-types",
    "{\"sessions\": [null, 1, \"agent:a:b\", [], true, {\"key\": \"agent:a:b\"}]}",
    "a unknown unknown 0\n" },
  { "none", "{\"sessions\": []}", "" },

  { "empty", "", NULL },
  { "white-space", " \n", NULL },
  { "garbage", "Error: no gateway\n", NULL },
  { "cut-off", "{\"sessions\": [{\"key\": \"agent:a:b\"}", NULL },
  { "log-line-before-it", "[info] hello\n{\"sessions\": []}", NULL },
  { "array", "[{\"key\": \"agent:a:b\"}]", NULL },
  { "null", "null", NULL },
  { "string", "\"sessions\"", NULL },
  { "sessions-missing", "{}", NULL },
  { "sessions-null", "{\"sessions\": null}", NULL },
  { "sessions-of-another-type", "{\"sessions\": {\"key\": \"agent:a:b\"}}", NULL },
};

static char *
describe (JsonArray *sub_agents)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < json_array_get_length (sub_agents); i++)
    {
      JsonObject *entry = json_array_get_object_element (sub_agents, i);

      g_assert_cmpuint (json_object_get_size (entry), ==, 4);
      g_string_append_printf (text, "%s %s %s %" G_GINT64_FORMAT "\n",
                              json_object_get_string_member (entry, "name"),
                              json_object_get_string_member (entry, "status"),
                              json_object_get_string_member (entry, "model"),
                              json_object_get_int_member (entry, "tokens"));
    }
  return g_string_free (text, FALSE);
}

static void
test_read_sessions (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonArray) sub_agents = heartbeat_sub_health_read_sessions (c->text, &error);
  g_autofree char *description = NULL;

  if (c->expected == NULL)
    {
      g_assert_null (sub_agents);
      g_assert_nonnull (error);
      g_assert_cmpstr (error->message, !=, "");
      return;
    }
  g_assert_no_error (error);
  description = describe (sub_agents);
  g_assert_cmpstr (description, ==, c->expected);
}

/* What no integer holds becomes some number, and the session stays. */
static void
test_read_sessions_with_odd_tokens (void)
{
  static const char *const numbers[] = { "9223372036854775808", "1e400", "-1e400", "1e19" };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *text
          = g_strdup_printf ("{\"sessions\": [{\"key\": \"agent:a:b\", \"totalTokens\": %s}]}",
                             numbers[i]);
      g_autoptr (JsonArray) sub_agents = heartbeat_sub_health_read_sessions (text, NULL);
      g_autofree char *description = NULL;

      g_assert_nonnull (sub_agents);
      g_assert_cmpuint (json_array_get_length (sub_agents), ==, 1);
      description = describe (sub_agents);
      g_assert_true (g_str_has_prefix (description, "a unknown unknown "));
    }
}

/* --- The handler ---------------------------------------------------------------------------------------------------- */

typedef struct
{
  char *folder;
  HbtestAwayBroker broker;
  HbtestRun run;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = hbtest_make_folder ();
  hbtest_away_broker_init (&fixture->broker);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  hbtest_run_clear (&fixture->run);
  hbtest_away_broker_clear (&fixture->broker);
  hbtest_remove_folder (fixture->folder);
}

static void
start (HbtestRun *self, const char *folder, HeartbeatPublisher *publisher, const char *meta)
{
  HeartbeatRunInput input = { .agent_name = "cack", .check_name = "health", .started = 1 };
  g_autoptr (HeartbeatRun) run = NULL;

  input.working_folder = folder;
  input.check = g_strdup_printf ("{\"meta\": %s}", meta);
  input.envelope = g_strdup ("{\"event_id\": \"e-1\"}");
  run = hbtest_run_new (self, &input);
  heartbeat_sub_health_handler (run, &(HeartbeatSubHealth){ publisher, NULL });
}

static gboolean
has_begun (Fixture *fixture)
{
  g_autofree char *path = g_build_filename (fixture->folder, "begun", NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static gboolean
is_publishing (Fixture *fixture)
{
  return heartbeat_connection_get_state (fixture->broker.connection)
         != HEARTBEAT_CONNECTION_STATE_DISABLED;
}

static void
test_skips_without_broker (void)
{
  HbtestRun run = { 0 };
  g_autoptr (HeartbeatPublisher) publisher = heartbeat_outbox_new (NULL, "cack", "x");

  start (&run, "/", publisher, "{\"command\": \"touch /nowhere; exit 1\"}");
  hbtest_run_assert (&run, HEARTBEAT_STATUS_SKIPPED, "there is no broker to report to");
  hbtest_run_clear (&run);
}

static void
test_fails_with_bad_command (Fixture *fixture, gconstpointer data)
{
  start (&fixture->run, fixture->folder, fixture->broker.publisher, "{\"command\": []}");
  g_assert_nonnull (fixture->run.result);
  g_assert_cmpint (heartbeat_result_get_status (fixture->run.result), ==, HEARTBEAT_STATUS_FAILED);
  hbtest_assert_contains (heartbeat_result_get_message (fixture->run.result), "meta.command");
  g_assert_false (is_publishing (fixture));
}

/* Whatever the program does, there is something to report. */
static void
test_publishes_whatever_the_program_does (Fixture *fixture, gconstpointer data)
{
  start (&fixture->run, fixture->folder, fixture->broker.publisher, data);
  hbtest_poll_for (is_publishing (fixture));
  g_assert_null (fixture->run.result);
  heartbeat_run_abandon (fixture->run.run);
  hbtest_run_wait (&fixture->run);
  g_assert_null (fixture->run.result);
}

/* A listing that was cut short by the time-out says nothing about the sub-agents. */
static void
test_publishes_nothing_when_cancelled (Fixture *fixture, gconstpointer data)
{
  start (&fixture->run, fixture->folder, fixture->broker.publisher,
         "{\"command\": \"touch begun; exec sleep 100\"}");
  hbtest_poll_for (has_begun (fixture));
  heartbeat_run_abandon (fixture->run.run);
  hbtest_run_wait (&fixture->run);
  g_assert_null (fixture->run.result);
  g_assert_false (is_publishing (fixture));
}

static void
test_fails_where_the_broker_is_away (Fixture *fixture, gconstpointer data)
{
  start (&fixture->run, fixture->folder, fixture->broker.publisher,
         "{\"command\": \"echo '{\\\"sessions\\\": []}'\"}");
  hbtest_run_wait (&fixture->run);
  g_assert_nonnull (fixture->run.result);
  g_assert_cmpint (heartbeat_result_get_status (fixture->run.result), ==, HEARTBEAT_STATUS_FAILED);
  g_assert_cmpstr (heartbeat_result_get_message (fixture->run.result), !=, "");
}

#define ADD(path, data, func) g_test_add (path, Fixture, data, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* That the broker is away is a warning, and meant to be. */
  hbtest_allow_warnings ();

  hbtest_add_cases ("/sub-health/read-sessions", cases, test_read_sessions);
  g_test_add_func ("/sub-health/read-sessions/odd-tokens", test_read_sessions_with_odd_tokens);
  g_test_add_func ("/sub-health/skips-without-broker", test_skips_without_broker);
  ADD ("/sub-health/fails-with-bad-command", NULL, test_fails_with_bad_command);
  ADD ("/sub-health/publishes/sessions",
       "{\"command\": [\"echo\", \"{\\\"sessions\\\": [{\\\"key\\\": \\\"agent:a:b\\\"}]}\"]}",
       test_publishes_whatever_the_program_does);
  ADD ("/sub-health/publishes/garbage", "{\"command\": \"echo garbage\"}",
       test_publishes_whatever_the_program_does);
  ADD ("/sub-health/publishes/failure", "{\"command\": \"exit 1\"}",
       test_publishes_whatever_the_program_does);
  ADD ("/sub-health/publishes/missing-program", "{\"command\": [\"/nowhere/program\"]}",
       test_publishes_whatever_the_program_does);
  ADD ("/sub-health/publishes-nothing-when-cancelled", NULL, test_publishes_nothing_when_cancelled);
  ADD ("/sub-health/fails-where-the-broker-is-away", NULL, test_fails_where_the_broker_is_away);

  return g_test_run ();
}
