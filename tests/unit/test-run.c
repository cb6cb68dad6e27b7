/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "config/heartbeat-config.h"
#include "agent/heartbeat-check-private.h"
#include "json/heartbeat-details.h"
#include "run/heartbeat-execution.h"
#include "heartbeat-test.h"

typedef struct
{
  HeartbeatResult *result;
  guint ended;
  HeartbeatRun *kept;
} Outcome;

static void
outcome_clear (Outcome *outcome)
{
  g_clear_pointer (&outcome->result, heartbeat_result_unref);
  g_clear_object (&outcome->kept);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Outcome, outcome_clear)

static void
on_run_ended (HeartbeatRun *run, HeartbeatResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  outcome->ended++;
  g_clear_pointer (&outcome->result, heartbeat_result_unref);
  outcome->result = heartbeat_result_ref (result);
}

static HeartbeatRunInput
input_of (const char *check)
{
  return (HeartbeatRunInput){ "cack",           "ping",           "/tmp",
                              1771796220123456, g_strdup (check), g_strdup ("{\"a\":1}") };
}

static HeartbeatRun *
run_new (Outcome *outcome)
{
  const HeartbeatRunInput input = input_of ("{\"meta\":{\"x\":[1]}}");

  return heartbeat_run_new (&input, on_run_ended, outcome);
}

static void
assert_outcome (const Outcome *outcome, HeartbeatStatus status, const char *message)
{
  g_assert_cmpuint (outcome->ended, ==, 1);
  g_assert_cmpint (heartbeat_result_get_status (outcome->result), ==, status);
  g_assert_cmpstr (heartbeat_result_get_message (outcome->result), ==, message);
}

static void
test_facts (void)
{
  g_auto (Outcome) outcome = { 0 };
  g_autoptr (HeartbeatRun) run = run_new (&outcome);

  g_assert_cmpstr (heartbeat_run_get_agent_name (run), ==, "cack");
  g_assert_cmpstr (heartbeat_run_get_check_name (run), ==, "ping");
  g_assert_cmpstr (heartbeat_run_get_working_folder (run), ==, "/tmp");
  g_assert_cmpint (heartbeat_run_get_timestamp (run), ==, 1771796220123);
  g_assert_cmpint (heartbeat_run_get_started (run), ==, 1771796220123456);
  g_assert_cmpstr (heartbeat_run_get_check (run), ==, "{\"meta\":{\"x\":[1]}}");
  g_assert_cmpstr (heartbeat_run_get_meta (run), ==, "{\"x\":[1]}");
  g_assert_cmpstr (heartbeat_run_get_envelope (run), ==, "{\"a\":1}");
  heartbeat_run_succeed (run, NULL);
}

static void
test_meta (void)
{
  static const char *const cases[][2] = {
    { "{}", "{}" },
    { "{\"meta\":{}}", "{}" },
    { "{\"meta\":{\"a\":1},\"meta\":{ \"b\": 1e400 }}", "{ \"b\": 1e400 }" },
    { "{\"x\":{\"meta\":5}}", "{}" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Outcome) outcome = { 0 };
      const HeartbeatRunInput input = input_of (cases[i][0]);
      g_autoptr (HeartbeatRun) run = heartbeat_run_new (&input, on_run_ended, &outcome);

      g_assert_cmpstr (heartbeat_run_get_meta (run), ==, cases[i][1]);
      heartbeat_run_succeed (run, NULL);
    }
}

static void
test_ends (void)
{
  static const struct
  {
    void (*end) (HeartbeatRun *run, const char *message);
    HeartbeatStatus status;
  } cases[] = { { heartbeat_run_succeed, HEARTBEAT_STATUS_SUCCESS },
                { heartbeat_run_fail, HEARTBEAT_STATUS_FAILED },
                { heartbeat_run_skip, HEARTBEAT_STATUS_SKIPPED } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Outcome) outcome = { 0 };
      g_autoptr (HeartbeatRun) run = run_new (&outcome);

      cases[i].end (run, "message");
      assert_outcome (&outcome, cases[i].status, "message");
      g_assert_cmpint (heartbeat_result_get_started (outcome.result), ==, 1771796220123456);
      g_assert_cmpint (heartbeat_result_get_duration (outcome.result), >=, 0);
    }
}

static void
test_unknown_status_is_a_failure (void)
{
  static const int statuses[] = { HEARTBEAT_STATUS_NONE, 17, -1 };

  for (guint i = 0; i < G_N_ELEMENTS (statuses); i++)
    {
      g_auto (Outcome) outcome = { 0 };
      g_autoptr (HeartbeatRun) run = run_new (&outcome);

      heartbeat_run_end (run, statuses[i], NULL, NULL);
      assert_outcome (&outcome, HEARTBEAT_STATUS_FAILED, "");
    }
}

static void
test_details (void)
{
  g_auto (Outcome) outcome = { 0 };
  g_autoptr (HeartbeatRun) run = run_new (&outcome);
  const char *value;

  heartbeat_run_end (run, HEARTBEAT_STATUS_SUCCESS, "x",
                     g_variant_new_parsed ("{'load': <'high'>}"));
  g_assert_true (
      g_variant_lookup (heartbeat_result_get_details (outcome.result), "load", "&s", &value));
  g_assert_cmpstr (value, ==, "high");
}

static void
test_first_end_counts (void)
{
  g_auto (Outcome) outcome = { 0 };
  g_autoptr (HeartbeatRun) run = run_new (&outcome);

  heartbeat_run_succeed (run, "first");
  heartbeat_run_fail (run, "second");
  heartbeat_run_end (run, HEARTBEAT_STATUS_SKIPPED, "third", g_variant_new_parsed ("@a{sv} {}"));
  assert_outcome (&outcome, HEARTBEAT_STATUS_SUCCESS, "first");
}

static void
test_dropped_run_has_failed (void)
{
  g_auto (Outcome) outcome = { 0 };
  HeartbeatRun *run = run_new (&outcome);

  g_object_unref (run);
  g_assert_cmpuint (outcome.ended, ==, 0);
  hbtest_run_pending ();
  assert_outcome (&outcome, HEARTBEAT_STATUS_FAILED,
                  "the handler dropped the run without ending it");
}

static void
test_abandoned_run_says_nothing (void)
{
  g_auto (Outcome) outcome = { 0 };
  HeartbeatRun *run = run_new (&outcome);

  heartbeat_run_abandon (run);
  g_assert_true (g_cancellable_is_cancelled (heartbeat_run_get_cancellable (run)));
  heartbeat_run_succeed (run, "too late");
  g_object_unref (run);
  g_assert_cmpuint (outcome.ended, ==, 0);
}

/* --- The agent's side ----------------------------------------------------------------------------------------------- */

static void
end_at_once (HeartbeatRun *run, gpointer user_data)
{
  heartbeat_run_succeed (run, "at once");
}

static void
end_later (HeartbeatRun *run, gpointer user_data)
{
  Outcome *outcome = user_data;

  outcome->kept = g_object_ref (run);
}

static void
forget (HeartbeatRun *run, gpointer user_data)
{
}

static void
end_twice (HeartbeatRun *run, gpointer user_data)
{
  heartbeat_run_succeed (run, "first");
  heartbeat_run_skip (run, "second");
}

static gpointer
end_on_thread (gpointer user_data)
{
  g_autoptr (HeartbeatRun) run = user_data;

  heartbeat_run_end (run, HEARTBEAT_STATUS_SUCCESS, "thread",
                     g_variant_new_parsed ("{'load': <'high'>}"));
  return NULL;
}

static gpointer
drop_on_thread (gpointer user_data)
{
  g_object_unref (user_data);
  return NULL;
}

static void
use_thread (HeartbeatRun *run, GThreadFunc func)
{
  g_thread_join (g_thread_new ("handler", func, g_object_ref (run)));
}

static void
give_to_thread (HeartbeatRun *run, gpointer user_data)
{
  use_thread (run, end_on_thread);
}

static void
on_executed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;
  g_autoptr (GError) error = NULL;

  outcome->ended++;
  outcome->result = heartbeat_execute_finish (HEARTBEAT_REGISTRY (source), result, NULL, &error);
  if (outcome->result == NULL)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

/* Has a handler execute a run, up to the moment when it has been called. */
static void
execute (Outcome *outcome, HeartbeatHandlerFunc func, guint timeout_ms, GCancellable *cancellable)
{
  g_autoptr (HeartbeatRegistry) registry = heartbeat_registry_new ();
  const HeartbeatHandler handler = { func, outcome, NULL };
  HeartbeatRunInput input = input_of ("{}");

  input.handler = "ping";
  if (func != NULL)
    heartbeat_registry_add (registry, HEARTBEAT_HANDLER_PROGRAM, "ping", &handler);
  heartbeat_execute_async (registry, &input, timeout_ms, cancellable, on_executed, outcome);
  g_assert_cmpuint (outcome->ended, ==, 0);
  hbtest_run_pending ();
}

static void
test_execution_at_once (void)
{
  g_auto (Outcome) outcome = { 0 };

  execute (&outcome, end_at_once, 30000, NULL);
  assert_outcome (&outcome, HEARTBEAT_STATUS_SUCCESS, "at once");
}

static void
test_execution_without_a_handler (void)
{
  g_auto (Outcome) outcome = { 0 };

  execute (&outcome, NULL, 30000, NULL);
  g_assert_cmpuint (outcome.ended, ==, 1);
  g_assert_null (outcome.result);
}

static void
test_execution_ended_twice (void)
{
  g_auto (Outcome) outcome = { 0 };

  execute (&outcome, end_twice, 30000, NULL);
  assert_outcome (&outcome, HEARTBEAT_STATUS_FAILED,
                  "the handler ended the run twice: success “first”, then skipped “second”");
}

static void
test_execution_ended_on_a_thread (void)
{
  g_auto (Outcome) outcome = { 0 };
  const char *value;

  execute (&outcome, give_to_thread, 30000, NULL);
  hbtest_wait_for (outcome.ended != 0);
  assert_outcome (&outcome, HEARTBEAT_STATUS_SUCCESS, "thread");
  g_assert_true (
      g_variant_lookup (heartbeat_result_get_details (outcome.result), "load", "&s", &value));
}

static void
test_execution_dropped_on_a_thread (void)
{
  g_auto (Outcome) outcome = { 0 };

  execute (&outcome, end_later, 30000, NULL);
  use_thread (outcome.kept, drop_on_thread);
  g_thread_join (g_thread_new ("drop", drop_on_thread, g_steal_pointer (&outcome.kept)));
  hbtest_run_pending ();
  assert_outcome (&outcome, HEARTBEAT_STATUS_FAILED,
                  "the handler dropped the run without ending it");
}

static void
test_wrong_details_are_a_failure (void)
{
  g_auto (Outcome) outcome = { 0 };
  g_autoptr (HeartbeatRun) run = run_new (&outcome);

  heartbeat_run_end (run, HEARTBEAT_STATUS_SUCCESS, "fine", g_variant_new_string ("text"));
  assert_outcome (&outcome, HEARTBEAT_STATUS_FAILED,
                  "the details of a result are an a{sv}, the handler gave a s");
}

static void
test_execution_later (void)
{
  g_auto (Outcome) outcome = { 0 };

  execute (&outcome, end_later, 30000, NULL);
  g_assert_cmpuint (outcome.ended, ==, 0);
  heartbeat_run_skip (outcome.kept, "later");
  hbtest_run_pending ();
  assert_outcome (&outcome, HEARTBEAT_STATUS_SKIPPED, "later");
}

static void
test_execution_forgotten (void)
{
  g_auto (Outcome) outcome = { 0 };

  execute (&outcome, forget, 30000, NULL);
  assert_outcome (&outcome, HEARTBEAT_STATUS_FAILED,
                  "the handler dropped the run without ending it");
}

static void
test_execution_time_out (void)
{
  g_auto (Outcome) outcome = { 0 };

  execute (&outcome, end_later, 1000, NULL);
  hbtest_wait_for (outcome.ended != 0);
  assert_outcome (&outcome, HEARTBEAT_STATUS_FAILED, "timed out after 1 s");
  g_assert_cmpint (heartbeat_result_get_duration (outcome.result), >=, 999000);
  g_assert_cmpint (heartbeat_result_get_started (outcome.result), ==, 1771796220123456);
  g_assert_true (g_cancellable_is_cancelled (heartbeat_run_get_cancellable (outcome.kept)));
  heartbeat_run_succeed (outcome.kept, "too late");
  hbtest_run_pending ();
  g_assert_cmpuint (outcome.ended, ==, 1);
}

static void
test_execution_cancelled (void)
{
  g_auto (Outcome) outcome = { 0 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  execute (&outcome, end_later, 30000, cancellable);
  g_cancellable_cancel (cancellable);
  hbtest_run_pending ();
  assert_outcome (&outcome, HEARTBEAT_STATUS_FAILED, "the service stops");
  g_assert_true (g_cancellable_is_cancelled (heartbeat_run_get_cancellable (outcome.kept)));
  heartbeat_run_succeed (outcome.kept, "too late");
  hbtest_run_pending ();
  g_assert_cmpuint (outcome.ended, ==, 1);
}

/* What the fallback says is replaced, but not why it was ended. */
static void
execute_fallback (Outcome *outcome, HeartbeatHandlerFunc func, guint timeout_ms)
{
  g_autoptr (HeartbeatRegistry) registry = heartbeat_registry_new ();
  const HeartbeatHandler handler = { func, outcome, NULL };
  HeartbeatRunInput input = input_of ("{}");

  input.handler = "nowhere";
  input.fallback = "default";
  heartbeat_registry_add (registry, HEARTBEAT_HANDLER_BUILT_IN, "default", &handler);
  heartbeat_execute_async (registry, &input, timeout_ms, NULL, on_executed, outcome);
  hbtest_wait_for (outcome->ended != 0);
}

static void
test_execution_of_the_fallback (void)
{
  g_auto (Outcome) outcome = { 0 };

  execute_fallback (&outcome, end_at_once, 30000);
  assert_outcome (&outcome, HEARTBEAT_STATUS_SUCCESS,
                  "there is no handler “nowhere”, “default” ran");
}

static void
test_execution_of_the_fallback_timed_out (void)
{
  g_auto (Outcome) outcome = { 0 };

  execute_fallback (&outcome, end_later, 500);
  assert_outcome (&outcome, HEARTBEAT_STATUS_FAILED, "timed out after 500 ms");
}

/* The time limit and the end of the service hold for the search of the handler too. */
static void
search_for_ever (const char *name, GTask *task, gpointer user_data)
{
  GTask **search = user_data;

  *search = task;
}

static void
test_execution_cancelled_while_searching (void)
{
  g_auto (Outcome) outcome = { 0 };
  g_autoptr (HeartbeatRegistry) registry = heartbeat_registry_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GTask) search = NULL;
  HeartbeatRunInput input = input_of ("{}");

  input.handler = "ping";
  heartbeat_registry_set_search (registry, search_for_ever, &search, NULL);
  heartbeat_execute_async (registry, &input, 30000, cancellable, on_executed, &outcome);
  g_cancellable_cancel (cancellable);
  hbtest_run_pending ();
  assert_outcome (&outcome, HEARTBEAT_STATUS_FAILED, "the service stops");
  g_assert_true (g_cancellable_is_cancelled (g_task_get_cancellable (search)));
  g_task_return_pointer (search, NULL, NULL);
  hbtest_run_pending ();
  g_assert_cmpuint (outcome.ended, ==, 1);
}

static void
assert_details_fit (const char *text, gboolean fit)
{
  g_autoptr (GVariant) details = g_variant_ref_sink (g_variant_new_parsed (text));

  g_assert_cmpint (heartbeat_details_fit (details), ==, fit);
}

static void
test_details_that_the_bus_takes (void)
{
  assert_details_fit ("@a{sv} {}", TRUE);
  assert_details_fit ("{'a': <{'b': <[1, 2]>}>, 'c': <(1, 'd', true)>}", TRUE);
  assert_details_fit ("{'a': 1}", FALSE);
  assert_details_fit ("{'a': <@mi 1>}", FALSE);
  assert_details_fit ("{'a': <(1, @as [], {'x': <@ms nothing>})>}", FALSE);
}

static void
test_details_that_are_too_much (void)
{
  Outcome outcome = { 0 };
  g_autoptr (HeartbeatRun) run = run_new (&outcome);
  g_autofree char *large = g_strnfill (70000, 'x');
  GVariantDict dict;
  GVariant *details;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "large", "s", large);
  heartbeat_run_end (run, HEARTBEAT_STATUS_SUCCESS, large, g_variant_dict_end (&dict));
  g_assert_cmpint (g_utf8_strlen (heartbeat_result_get_message (outcome.result), -1), ==, 1001);
  details = heartbeat_result_get_details (outcome.result);
  g_assert_cmpuint (g_variant_n_children (details), ==, 1);
  g_assert_true (g_variant_lookup (details, "details-dropped", "&s", NULL));
  outcome_clear (&outcome);
}

static void
test_a_message_has_a_routing_key_and_no_check (void)
{
  const HeartbeatRunInput input = { .agent_name = "cack",
                                    .working_folder = "/tmp",
                                    .envelope = g_strdup ("{}"),
                                    .routing_key = "agent.cack.mail" };
  g_auto (Outcome) outcome = { 0 };
  g_autoptr (HeartbeatRun) run = heartbeat_run_new (&input, on_run_ended, &outcome);

  g_assert_cmpstr (heartbeat_run_get_routing_key (run), ==, "agent.cack.mail");
  g_assert_null (heartbeat_run_get_check_name (run));
  g_assert_null (heartbeat_run_get_check (run));
  g_assert_cmpstr (heartbeat_run_get_meta (run), ==, "{}");
  heartbeat_run_succeed (run, NULL);
}

/* The last reference goes on one thread while the time limit comes on another. */
static gpointer
drop_run (gpointer user_data)
{
  gpointer *run = user_data;
  HeartbeatRun *mine = NULL;

  while ((mine = g_atomic_pointer_get (run)) == NULL)
    ;
  g_atomic_pointer_set (run, NULL);
  g_object_unref (mine);
  return NULL;
}

static void
test_dropped_while_abandoned (void)
{
  for (guint i = 0; i < 500; i++)
    {
      g_auto (Outcome) outcome = { 0 };
      gpointer shared = NULL;
      GThread *thread = g_thread_new ("drops", drop_run, &shared);
      HeartbeatRun *run = run_new (&outcome);

      g_atomic_pointer_set (&shared, run);
      while (g_atomic_pointer_get (&shared) != NULL)
        ;
      heartbeat_run_abandon (run);
      g_thread_join (thread);
      hbtest_run_pending ();
      g_assert_cmpuint (outcome.ended, ==, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* a handler's mistakes are warnings */
  hbtest_allow_warnings ();

  g_test_add_func ("/run/dropped-while-abandoned", test_dropped_while_abandoned);
  g_test_add_func ("/run/input", test_facts);
  g_test_add_func ("/run/meta-is-an-object", test_meta);
  g_test_add_func ("/run/ends", test_ends);
  g_test_add_func ("/run/unknown-status-is-a-failure", test_unknown_status_is_a_failure);
  g_test_add_func ("/run/details", test_details);
  g_test_add_func ("/run/first-end-counts", test_first_end_counts);
  g_test_add_func ("/run/dropped-run-has-failed", test_dropped_run_has_failed);
  g_test_add_func ("/run/abandoned-run-says-nothing", test_abandoned_run_says_nothing);
  g_test_add_func ("/run/details-that-the-bus-takes", test_details_that_the_bus_takes);
  g_test_add_func ("/run/details-that-are-too-much", test_details_that_are_too_much);
  g_test_add_func ("/run/a-message-has-a-routing-key-and-no-check",
                   test_a_message_has_a_routing_key_and_no_check);
  g_test_add_func ("/run/wrong-details-are-a-failure", test_wrong_details_are_a_failure);
  g_test_add_func ("/execution/ends-at-once", test_execution_at_once);
  g_test_add_func ("/execution/ended-twice-has-failed", test_execution_ended_twice);
  g_test_add_func ("/execution/ended-on-a-thread", test_execution_ended_on_a_thread);
  g_test_add_func ("/execution/dropped-on-a-thread", test_execution_dropped_on_a_thread);
  g_test_add_func ("/execution/ends-later", test_execution_later);
  g_test_add_func ("/execution/forgotten-run-has-failed", test_execution_forgotten);
  g_test_add_func ("/execution/time-out-cancels", test_execution_time_out);
  g_test_add_func ("/execution/cancelled", test_execution_cancelled);
  g_test_add_func ("/execution/without-a-handler", test_execution_without_a_handler);
  g_test_add_func ("/execution/fallback", test_execution_of_the_fallback);
  g_test_add_func ("/execution/fallback-timed-out", test_execution_of_the_fallback_timed_out);
  g_test_add_func ("/execution/cancelled-while-searching",
                   test_execution_cancelled_while_searching);

  return g_test_run ();
}
