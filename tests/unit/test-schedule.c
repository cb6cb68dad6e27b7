/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "agent/heartbeat-schedule.h"

#define NOW    G_GINT64_CONSTANT (1771796220000)
#define MINUTE G_GINT64_CONSTANT (60000)

typedef struct
{
  HeartbeatSchedule *schedule;
  GPtrArray *added;
  GPtrArray *removed;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->schedule = heartbeat_schedule_new ();
  f->added = g_ptr_array_new_with_free_func (g_object_unref);
  f->removed = g_ptr_array_new_with_free_func (g_object_unref);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  heartbeat_schedule_free (f->schedule);
  g_ptr_array_unref (f->added);
  g_ptr_array_unref (f->removed);
}

static void
apply (Fixture *f, const char *checks)
{
  g_autofree char *text
      = g_strdup_printf ("{\"$schema\":\"heartbeat.v1\",\"agent\":\"a\",\"checks\":{%s}}", checks);
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatConfig) config = heartbeat_config_parse (bytes, &error);

  g_assert_no_error (error);
  g_ptr_array_set_size (f->added, 0);
  g_ptr_array_set_size (f->removed, 0);
  heartbeat_schedule_apply (f->schedule, config, f->added, f->removed);
}

#define CHECK(name, more) "\"" name "\":{\"cadenceMs\":60000,\"handler\":\"h\"" more "}"

static const char *
chosen (Fixture *f, guint quarter, gint64 now)
{
  HeartbeatCheck *check = heartbeat_schedule_choose (f->schedule, quarter, now);

  return check != NULL ? heartbeat_check_get_name (check) : NULL;
}

static void
test_without_checks (Fixture *f, gconstpointer data)
{
  g_assert_null (heartbeat_schedule_get_config (f->schedule));
  g_assert_false (heartbeat_schedule_is_idle (f->schedule, 0, NOW));
  g_assert_null (heartbeat_schedule_choose (f->schedule, 0, NOW));
  g_assert_cmpint (heartbeat_schedule_next_due (f->schedule, 0, NOW), ==, HEARTBEAT_NEVER);
  g_assert_true (heartbeat_schedule_is_idle (f->schedule, 0, NOW));
}

static void
test_apply_keeps_checks (Fixture *f, gconstpointer data)
{
  g_autoptr (HeartbeatResult) failed
      = heartbeat_result_new (HEARTBEAT_STATUS_FAILED, "x", NOW * 1000, 0, NULL);
  HeartbeatCheck *b;

  apply (f, CHECK ("b", "") "," CHECK ("a", ""));
  g_assert_cmpuint (f->added->len, ==, 2);
  g_assert_cmpstr (heartbeat_check_get_name (
                       g_ptr_array_index (heartbeat_schedule_get_checks (f->schedule), 0)),
                   ==, "a");
  b = heartbeat_schedule_lookup (f->schedule, "b");
  heartbeat_check_begin (b);
  heartbeat_check_end (b, failed, NOW);

  apply (f, CHECK ("c", "") "," CHECK ("b", ",\"priority\":4"));
  g_assert_true (heartbeat_schedule_lookup (f->schedule, "b") == b);
  g_assert_cmpint (heartbeat_check_get_priority (b), ==, 4);
  g_assert_cmpuint (heartbeat_check_get_consecutive_failures (b), ==, 1);
  g_assert_cmpuint (f->added->len, ==, 1);
  g_assert_cmpstr (heartbeat_check_get_name (g_ptr_array_index (f->added, 0)), ==, "c");
  g_assert_cmpuint (f->removed->len, ==, 1);
  g_assert_cmpstr (heartbeat_check_get_name (g_ptr_array_index (f->removed, 0)), ==, "a");
  g_assert_null (heartbeat_schedule_lookup (f->schedule, "a"));

  apply (f, "");
  g_assert_cmpuint (f->removed->len, ==, 2);
  g_assert_cmpuint (heartbeat_schedule_get_checks (f->schedule)->len, ==, 0);
}

/* A second object would not know of the run that goes on, and might run beside it. */
static void
test_a_check_that_comes_back_during_its_run (Fixture *f, gconstpointer data)
{
  g_autoptr (HeartbeatResult) failed
      = heartbeat_result_new (HEARTBEAT_STATUS_FAILED, "x", NOW * 1000, 0, NULL);
  HeartbeatCheck *check;

  apply (f, CHECK ("a", ""));
  check = heartbeat_schedule_lookup (f->schedule, "a");
  heartbeat_check_begin (check);
  apply (f, CHECK ("b", ""));
  g_assert_true (g_ptr_array_index (f->removed, 0) == check);
  apply (f, CHECK ("c", ""));
  g_assert_null (heartbeat_schedule_lookup (f->schedule, "a"));
  apply (f, CHECK ("a", ",\"priority\":3"));
  g_assert_true (heartbeat_schedule_lookup (f->schedule, "a") == check);
  g_assert_true (g_ptr_array_index (f->added, 0) == check);
  g_assert_cmpint (heartbeat_check_get_priority (check), ==, 3);
  g_assert_null (heartbeat_schedule_choose (f->schedule, 0, NOW));

  heartbeat_check_end (check, failed, NOW);
  heartbeat_schedule_end_run (f->schedule, check);
  g_assert_cmpuint (heartbeat_check_get_consecutive_failures (check), ==, 1);
  g_assert_null (heartbeat_schedule_choose (f->schedule, 0, NOW));
}

static void
test_a_check_that_comes_back_after_its_run (Fixture *f, gconstpointer data)
{
  g_autoptr (HeartbeatResult) good
      = heartbeat_result_new (HEARTBEAT_STATUS_SUCCESS, "", NOW * 1000, 0, NULL);
  g_autoptr (HeartbeatCheck) check = NULL;

  apply (f, CHECK ("a", ""));
  check = g_object_ref (heartbeat_schedule_lookup (f->schedule, "a"));
  heartbeat_check_begin (check);
  apply (f, "");
  heartbeat_check_end (check, good, NOW);
  heartbeat_schedule_end_run (f->schedule, check);
  apply (f, CHECK ("a", ""));
  g_assert_true (heartbeat_schedule_lookup (f->schedule, "a") != check);
  g_assert_cmpstr (chosen (f, 0, NOW), ==, "a");
}

static void
on_notify (guint *count)
{
  ++*count;
}

/* By the agent, which knows whether something stands for the one in the file. */
static void
test_last_run_is_set (Fixture *f, gconstpointer data)
{
  HeartbeatCheck *check;
  guint count = 0;

  apply (f, CHECK ("a", ",\"lastRun\":5"));
  check = heartbeat_schedule_lookup (f->schedule, "a");
  g_signal_connect_swapped (check, "notify::last-run", G_CALLBACK (on_notify), &count);
  heartbeat_check_set_last_run (check, 5);
  g_assert_cmpuint (count, ==, 0);
  heartbeat_check_set_last_run (check, 7);
  g_assert_cmpuint (count, ==, 1);
  g_assert_cmpint (heartbeat_check_get_last_run (check), ==, 7000);
  apply (f, CHECK ("a", ",\"lastRun\":5"));
  g_assert_cmpint (heartbeat_check_get_last_run (check), ==, 7000);
}

static void
test_chooses_one (Fixture *f, gconstpointer data)
{
  apply (
      f,
      CHECK ("a", ",\"lastRun\":1771796100000") "," CHECK ("b", ",\"lastRun\":1771796040000") "," CHECK (
          "c",
          ",\"lastRun\":1771796040000,\"priority\":2") "," CHECK ("d",
                                                                  ",\"enabled\":false") "," CHECK ("e",
                                                                                                   ",\"priority\":0"));
  g_assert_cmpstr (chosen (f, 0, NOW), ==, "b");
  apply (f, CHECK ("a", ",\"triggerOnQuarters\":[\"Q1\"]") "," CHECK (
                "b", ",\"triggerOnQuarters\":[\"Q2\"]"));
  g_assert_cmpstr (chosen (f, 1, NOW), ==, "a");
  g_assert_cmpstr (chosen (f, 2, NOW), ==, "b");
  g_assert_cmpstr (chosen (f, 4, NOW), ==, NULL);
}

static void
test_cache_for_each_quarter (Fixture *f, gconstpointer data)
{
  apply (f, CHECK ("a", ",\"lastRun\":1771796220000") "," CHECK (
                "b", ",\"triggerOnQuarters\":[\"Q2\"]"));
  for (guint quarter = 0; quarter <= 4; quarter++)
    g_assert_false (heartbeat_schedule_is_idle (f->schedule, quarter, NOW));
  g_assert_cmpint (heartbeat_schedule_next_due (f->schedule, 1, NOW), ==, NOW + MINUTE + 1);
  g_assert_cmpint (heartbeat_schedule_next_due (f->schedule, 2, NOW), ==, NOW);
  g_assert_true (heartbeat_schedule_is_idle (f->schedule, 1, NOW));
  g_assert_true (heartbeat_schedule_is_idle (f->schedule, 1, NOW + MINUTE));
  g_assert_false (heartbeat_schedule_is_idle (f->schedule, 1, NOW + MINUTE + 1));
  g_assert_false (heartbeat_schedule_is_idle (f->schedule, 2, NOW + MINUTE + 1));
}

static void
test_clock_set_back_empties_the_cache (Fixture *f, gconstpointer data)
{
  apply (f, CHECK ("a", ",\"lastRun\":1771796220000"));
  heartbeat_schedule_next_due (f->schedule, 0, NOW);
  g_assert_true (heartbeat_schedule_is_idle (f->schedule, 0, NOW));
  g_assert_false (heartbeat_schedule_is_idle (f->schedule, 0, NOW - 60 * MINUTE));
  g_assert_cmpstr (chosen (f, 0, NOW - 60 * MINUTE), ==, "a");
}

static void
test_invalidate (Fixture *f, gconstpointer data)
{
  apply (f, CHECK ("a", ",\"lastRun\":1771796220000"));
  heartbeat_schedule_next_due (f->schedule, 0, NOW);
  heartbeat_schedule_invalidate (f->schedule);
  g_assert_false (heartbeat_schedule_is_idle (f->schedule, 0, NOW));
}

static void
count (guint *n)
{
  (*n)++;
}

static void
test_check_tells_what_changed (Fixture *f, gconstpointer data)
{
  HeartbeatCheck *check;
  guint priority = 0, handler = 0, any = 0;

  apply (f, CHECK ("a", ""));
  check = heartbeat_schedule_lookup (f->schedule, "a");
  g_signal_connect_swapped (check, "notify::priority", G_CALLBACK (count), &priority);
  g_signal_connect_swapped (check, "notify::handler", G_CALLBACK (count), &handler);
  apply (f, CHECK ("a", ",\"priority\":2"));
  g_assert_cmpuint (priority, ==, 1);
  g_assert_cmpuint (handler, ==, 0);
  g_signal_connect_swapped (check, "notify", G_CALLBACK (count), &any);
  apply (f, CHECK ("a", ",\"priority\":2"));
  g_assert_cmpuint (any, ==, 0);
}

static void
test_reason (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *name;
    const char *state;
    const char *code;
    const char *fact;
  } cases[] = {
    { "due", "due", "due", NULL },
    { "disabled", "disabled", "disabled", NULL },
    { "invalid", "invalid", "invalid", "error" },
    { "paused", "paused", "paused", "reason" },
  };

  apply (f,
         CHECK ("due", "") "," CHECK ("disabled", ",\"enabled\":false") "," CHECK (
             "invalid",
             ",\"priority\":0") "," CHECK ("paused",
                                           "") "},\"paused\":{\"paused\":{\"reason\":\"holiday\"}");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      HeartbeatCheck *check = heartbeat_schedule_lookup (f->schedule, cases[i].name);
      g_autoptr (GVariant) reason = heartbeat_check_dup_reason (check);
      const char *code;

      g_assert_true (g_variant_lookup (reason, "code", "&s", &code));
      g_assert_cmpstr (code, ==, cases[i].code);
      g_assert_cmpstr (heartbeat_check_get_state (check), ==, cases[i].state);
      if (cases[i].fact != NULL)
        {
          g_autoptr (GVariant) fact = g_variant_lookup_value (reason, cases[i].fact, NULL);

          g_assert_nonnull (fact);
        }
    }
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/schedule/without-checks-is-idle", test_without_checks);
  ADD ("/schedule/apply-keeps-checks", test_apply_keeps_checks);
  ADD ("/schedule/comes-back-during-its-run", test_a_check_that_comes_back_during_its_run);
  ADD ("/schedule/comes-back-after-its-run", test_a_check_that_comes_back_after_its_run);
  ADD ("/schedule/last-run-is-set", test_last_run_is_set);
  ADD ("/schedule/chooses-one", test_chooses_one);
  ADD ("/schedule/cache-for-each-quarter", test_cache_for_each_quarter);
  ADD ("/schedule/clock-set-back-empties-the-cache", test_clock_set_back_empties_the_cache);
  ADD ("/schedule/invalidate", test_invalidate);
  ADD ("/check/tells-what-changed", test_check_tells_what_changed);
  ADD ("/check/reason", test_reason);

  return g_test_run ();
}
