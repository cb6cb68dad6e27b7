/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "agent/heartbeat-agent-private.h"
#include "base/heartbeat-error.h"
#include "base/heartbeat-log.h"
#include "heartbeat-test.h"

#define TICK "{\"event_id\":\"tick-1\",\"payload\":{}}"

/* What was logged, by MESSAGE_ID. */
static GHashTable *logged;

static GLogWriterOutput
count_messages (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  for (gsize i = 0; i < n_fields; i++)
    if (strcmp (fields[i].key, "MESSAGE_ID") == 0)
      {
        guint n = GPOINTER_TO_UINT (g_hash_table_lookup (logged, fields[i].value));

        g_hash_table_replace (logged, g_strdup (fields[i].value), GUINT_TO_POINTER (n + 1));
        return G_LOG_WRITER_HANDLED;
      }
  return level <= G_LOG_LEVEL_WARNING ? g_log_writer_default (level, fields, n_fields, NULL)
                                      : G_LOG_WRITER_HANDLED;
}

static guint
times_logged (const char *message_id)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (logged, message_id));
}

typedef struct
{
  char *folder;
  char *path;
  HeartbeatRegistry *registry;
  HeartbeatAgent *agent;
  GQueue pending;  /* of HeartbeatRun: those that "later" keeps */
  GPtrArray *told; /* of char: "CHECK: envelope" for each run */
  guint added, removed, started, finished;
  guint done, safe; /* ticks that ended, and those of them that may be acknowledged */
} Fixture;

static void
run_well (HeartbeatRun *run, gpointer user_data)
{
  Fixture *f = user_data;

  g_ptr_array_add (f->told, g_strdup (heartbeat_run_get_check_name (run)));
  heartbeat_run_succeed (run, "well");
}

static void
run_badly (HeartbeatRun *run, gpointer user_data)
{
  Fixture *f = user_data;

  g_ptr_array_add (f->told, g_strdup (heartbeat_run_get_check_name (run)));
  heartbeat_run_fail (run, "badly");
}

static void
run_skip (HeartbeatRun *run, gpointer user_data)
{
  heartbeat_run_skip (run, "nothing to do");
}

static void
run_later (HeartbeatRun *run, gpointer user_data)
{
  Fixture *f = user_data;

  g_ptr_array_add (f->told, g_strdup (heartbeat_run_get_check_name (run)));
  g_queue_push_tail (&f->pending, g_object_ref (run));
}

static void
run_forgotten (HeartbeatRun *run, gpointer user_data)
{
}

static void
add_handler (Fixture *f, const char *name, HeartbeatHandlerFunc func)
{
  const HeartbeatHandler handler = { func, f, NULL };

  heartbeat_registry_add (f->registry, HEARTBEAT_HANDLER_BUILT_IN, name, &handler);
}

static void
count_up (guint *counter)
{
  (*counter)++;
}

static void
on_done (GObject *agent, GAsyncResult *result, gpointer user_data)
{
  Fixture *f = user_data;

  f->done++;
  f->safe += heartbeat_agent_run_due_finish (HEARTBEAT_AGENT (agent), result);
}

/* A file with these checks. */
static void
write_checks (Fixture *f, const char *checks)
{
  g_autofree char *text = g_strdup_printf (
      "{\n  \"$schema\": \"heartbeat.v1\",\n  \"agent\": \"cack\",\n  \"checks\": {%s}\n}\n",
      checks);

  hbtest_write (f->path, text);
}

static gboolean
reload (Fixture *f, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  heartbeat_agent_reload_async (f->agent, NULL, hbtest_keep_result, &result);
  hbtest_wait_for (result != NULL);
  return heartbeat_agent_reload_finish (f->agent, result, error);
}

static void
create_agent (Fixture *f)
{
  f->agent = heartbeat_agent_new ("cack", f->path, f->registry);
  g_signal_connect_swapped (f->agent, "check-added", G_CALLBACK (count_up), &f->added);
  g_signal_connect_swapped (f->agent, "check-removed", G_CALLBACK (count_up), &f->removed);
  g_signal_connect_swapped (f->agent, "check-started", G_CALLBACK (count_up), &f->started);
  g_signal_connect_swapped (f->agent, "check-finished", G_CALLBACK (count_up), &f->finished);
}

/* An agent that has read these checks. */
static void
start (Fixture *f, const char *checks)
{
  g_autoptr (GError) error = NULL;

  write_checks (f, checks);
  create_agent (f);
  g_assert_true (reload (f, &error));
  g_assert_no_error (error);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_hash_table_remove_all (logged);
  f->folder = hbtest_make_folder ();
  f->path = g_build_filename (f->folder, "heartbeat.json", NULL);
  f->registry = heartbeat_registry_new ();
  f->told = g_ptr_array_new_with_free_func (g_free);
  g_queue_init (&f->pending);
  add_handler (f, "default", run_well);
  add_handler (f, "well", run_well);
  add_handler (f, "badly", run_badly);
  add_handler (f, "skip", run_skip);
  add_handler (f, "later", run_later);
  add_handler (f, "forgotten", run_forgotten);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_queue_clear_full (&f->pending, g_object_unref);
  g_clear_pointer (&f->agent, hbtest_release);
  g_clear_object (&f->registry);
  g_ptr_array_unref (f->told);
  hbtest_remove_folder (f->folder);
  g_free (f->path);
}

static HeartbeatTickAnswer
answer (Fixture *f)
{
  HeartbeatTick event;
  HeartbeatTickAnswer result;

  g_assert_true (heartbeat_tick_parse (&event, TICK, strlen (TICK), NULL));
  result = heartbeat_agent_tick (f->agent, &event, g_get_monotonic_time ());
  if (result == HEARTBEAT_TICK_DUE)
    heartbeat_agent_run_due_async (f->agent, &event, on_done, f);
  return result;
}

/* A tick; says whether it was idle. */
static gboolean
tick (Fixture *f)
{
  HeartbeatTickAnswer result = answer (f);

  g_assert_cmpint (result, !=, HEARTBEAT_TICK_REFUSED);
  return result == HEARTBEAT_TICK_IDLE;
}

/* A tick, until all that it has caused is safe. */
static void
tick_through (Fixture *f)
{
  guint done = f->done;

  if (!tick (f))
    hbtest_wait_for (f->done > done);
}

/* What was written too shortly before it was read is read once more: until a tick finds nothing new. */
static void
settle (Fixture *f)
{
  for (guint done = f->done; !tick (f); done = f->done)
    hbtest_wait_for (f->done > done);
}

static HeartbeatCheck *
check_of (Fixture *f, const char *name)
{
  HeartbeatCheck *check = heartbeat_agent_get_check (f->agent, name);

  g_assert_nonnull (check);
  return check;
}

static char *
last_run_text (Fixture *f, const char *name)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT,
                          heartbeat_check_get_last_run (check_of (f, name)) / 1000);
}

#define CHECK(name, handler, more)                                                                 \
  "\n    \"" name "\": {\"cadenceMs\": 60000, \"handler\": \"" handler "\"" more "}"

/* --- Ticks ---------------------------------------------------------------------------------------------------------- */

static void
test_runs_the_most_overdue (Fixture *f, gconstpointer data)
{
  start (f, CHECK ("a", "well", ", \"lastRun\": 1771796220000") "," CHECK (
                "b", "well", ", \"lastRun\": 5") "," CHECK ("c", "well", ", \"enabled\": false"));
  tick_through (f);

  g_assert_cmpuint (f->told->len, ==, 1);
  g_assert_cmpstr (g_ptr_array_index (f->told, 0), ==, "b");
  g_assert_cmpuint (f->safe, ==, 1);
  g_assert_cmpuint (f->started, ==, 1);
  g_assert_cmpuint (f->finished, ==, 1);
  g_assert_cmpuint (heartbeat_agent_get_runs (f->agent, HEARTBEAT_STATUS_SUCCESS), ==, 1);
  tick_through (f);
  g_assert_cmpstr (g_ptr_array_index (f->told, 1), ==, "a");
  tick_through (f);
  g_assert_cmpuint (f->told->len, ==, 2);
  g_assert_cmpuint (heartbeat_agent_get_ticks_received (f->agent), ==, 3);
}

static void
test_saves_the_start_and_nothing_else (Fixture *f, gconstpointer data)
{
  static const char format[] = "\xef\xbb\xbf{\r\n\t\"$schema\": \"heartbeat.v1\", "
                               "\"agent\":\"cack\",\r\n\t\"big\": 1e400, \"x\": 0.1,"
                               "\r\n\t\"checks\": { \"p\\u0069ng\" : { \"lastRun\":\t%s , "
                               "\"cadenceMs\":1000,\"handler\":\"later\","
                               "\"meta\":{\"lastRun\":1}}}}";
  g_autofree char *before = g_strdup_printf (format, "7e0");
  g_autofree char *expected = NULL, *after = NULL, *time = NULL;
  gint64 from, to;
  HeartbeatRun *run;

  hbtest_write (f->path, before);
  create_agent (f);
  from = g_get_real_time () / 1000;
  g_assert_false (tick (f));
  hbtest_wait_for (f->pending.length == 1);
  to = g_get_real_time () / 1000;
  while (g_get_real_time () / 1000 <= to)
    g_thread_yield ();
  run = g_queue_pop_head (&f->pending);
  g_assert_cmpstr (heartbeat_run_get_envelope (run), ==, TICK);
  g_assert_cmpstr (heartbeat_run_get_meta (run), ==, "{\"lastRun\":1}");
  heartbeat_run_succeed (run, NULL);
  g_object_unref (run);
  hbtest_wait_for (f->done == 1);

  time = last_run_text (f, "ping");
  expected = g_strdup_printf (format, time);
  after = hbtest_read (f->path);
  g_assert_cmpstr (after, ==, expected);
  g_assert_cmpint (g_ascii_strtoll (time, NULL, 10), >=, from);
  g_assert_cmpint (g_ascii_strtoll (time, NULL, 10), <=, to);
}

static void
test_skipped_sets_last_run (Fixture *f, gconstpointer data)
{
  start (f, CHECK ("a", "skip", ""));
  tick_through (f);
  g_assert_cmpint (heartbeat_check_get_last_run (check_of (f, "a")), >, 0);
  g_assert_cmpuint (heartbeat_agent_get_runs (f->agent, HEARTBEAT_STATUS_SKIPPED), ==, 1);
}

static void
test_idle_tick_leaves_the_file (Fixture *f, gconstpointer data)
{
  struct stat before, after;

  start (f, CHECK ("a", "well", ""));
  tick_through (f);
  settle (f);
  g_assert_cmpint (stat (f->path, &before), ==, 0);
  for (guint i = 0; i < 1000; i++)
    g_assert_true (tick (f));
  g_assert_cmpint (stat (f->path, &after), ==, 0);
  g_assert_cmpuint (before.st_ino, ==, after.st_ino);
  g_assert_cmpint (before.st_mtim.tv_nsec, ==, after.st_mtim.tv_nsec);
  g_assert_cmpint (before.st_ctim.tv_nsec, ==, after.st_ctim.tv_nsec);
  g_assert_cmpuint (heartbeat_agent_get_ticks_idle (f->agent), >=, 1000);
}

static void
test_failing_check_lets_the_next_one_in (Fixture *f, gconstpointer data)
{
  g_autofree char *before = NULL, *after = NULL;
  HeartbeatCheck *check;

  start (f, CHECK ("a", "badly", ", \"lastRun\": 5") "," CHECK ("b", "well", ", \"lastRun\": 5"));
  before = hbtest_read (f->path);
  tick_through (f);
  after = hbtest_read (f->path);
  g_assert_cmpstr (before, ==, after);
  check = check_of (f, "a");
  g_assert_cmpint (heartbeat_check_get_last_run (check), ==, 5000);
  g_assert_cmpuint (heartbeat_check_get_consecutive_failures (check), ==, 1);
  g_assert_cmpstr (heartbeat_check_get_state (check), ==, "backing-off");
  g_assert_cmpstr (heartbeat_result_get_message (heartbeat_check_get_last_result (check)), ==,
                   "badly");
  tick_through (f);
  tick_through (f);
  g_assert_cmpuint (f->told->len, ==, 2);
  g_assert_cmpstr (g_ptr_array_index (f->told, 1), ==, "b");
}

static void
test_forgotten_run_has_failed (Fixture *f, gconstpointer data)
{
  start (f, CHECK ("a", "forgotten", ""));
  tick_through (f);
  g_assert_cmpuint (heartbeat_agent_get_runs (f->agent, HEARTBEAT_STATUS_FAILED), ==, 1);
}

static void
test_time_out (Fixture *f, gconstpointer data)
{
  HeartbeatResult *result;

  start (f, CHECK ("a", "later", ""));
  heartbeat_agent_set_limits (f->agent, 1, 20);
  tick_through (f);
  result = heartbeat_check_get_last_result (check_of (f, "a"));
  g_assert_cmpint (heartbeat_result_get_status (result), ==, HEARTBEAT_STATUS_FAILED);
  g_assert_cmpstr (heartbeat_result_get_message (result), ==, "timed out after 20 ms");
  g_assert_true (
      g_cancellable_is_cancelled (heartbeat_run_get_cancellable (g_queue_peek_head (&f->pending))));
  heartbeat_run_succeed (g_queue_peek_head (&f->pending), "too late");
  g_assert_cmpuint (f->finished, ==, 1);
}

static void
test_one_tick_waits_while_a_run_goes (Fixture *f, gconstpointer data)
{
  start (f, CHECK ("a", "later", ", \"lastRun\": 5") "," CHECK (
                "b", "well", ", \"lastRun\": 5") "," CHECK ("c", "well", ", \"lastRun\": 5"));
  g_assert_false (tick (f));
  hbtest_wait_for (f->pending.length == 1);
  g_assert_false (tick (f));
  for (guint i = 0; i < 5; i++)
    g_assert_true (tick (f));
  g_assert_cmpuint (f->done, ==, 0);
  g_assert_cmpuint (heartbeat_agent_get_ticks_idle (f->agent), ==, 5);

  heartbeat_run_succeed (g_queue_peek_head (&f->pending), NULL);
  hbtest_wait_for (f->done == 2);
  g_assert_cmpuint (f->safe, ==, 2);
  g_assert_cmpuint (f->told->len, ==, 2);
  g_assert_cmpstr (g_ptr_array_index (f->told, 1), ==, "b");
}

/* Ticks of one read: the first starts a run, so that the second can wait for its end. */
static void
test_ticks_at_once (Fixture *f, gconstpointer data)
{
  const struct timespec old[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };

  start (f, CHECK ("a", "well", "") "," CHECK ("b", "well", "") "," CHECK ("c", "well", ""));
  tick_through (f);
  /* What was written just now would be read once more. */
  g_assert_cmpint (utimensat (AT_FDCWD, f->path, old, 0), ==, 0);
  g_assert_true (reload (f, NULL));

  g_assert_false (tick (f));
  g_assert_cmpuint (f->started, ==, 2);
  g_assert_false (tick (f));
  g_assert_true (tick (f));
  hbtest_wait_for (f->done == 3);
  g_assert_cmpuint (f->told->len, ==, 3);
}

/* What was reckoned while it ran does not outlive the run. */
static void
test_failed_check_is_due_again (Fixture *f, gconstpointer data)
{
  start (f, CHECK ("a", "later", ""));
  heartbeat_agent_set_limits (f->agent, 2, 30000);
  g_assert_false (tick (f));
  hbtest_wait_for (f->pending.length == 1);
  tick_through (f);
  g_assert_cmpint (heartbeat_agent_get_next_due (f->agent), ==, 0);
  heartbeat_run_fail (g_queue_peek_head (&f->pending), NULL);
  hbtest_wait_for (f->done >= 1
                   && heartbeat_check_get_consecutive_failures (check_of (f, "a")) == 1);
  g_assert_cmpint (heartbeat_agent_get_next_due (f->agent), >, g_get_real_time ());
}

static void
test_as_many_runs_as_allowed (Fixture *f, gconstpointer data)
{
  start (f, CHECK ("a", "later", "") "," CHECK ("b", "later", "") "," CHECK ("c", "later", ""));
  heartbeat_agent_set_limits (f->agent, 2, 30000);
  g_assert_false (tick (f));
  hbtest_wait_for (f->pending.length == 1);
  g_assert_false (tick (f));
  hbtest_wait_for (f->pending.length == 2);
  g_assert_false (tick (f));
  g_assert_true (tick (f));
  while (f->done < 3)
    {
      g_autoptr (HeartbeatRun) run = g_queue_pop_head (&f->pending);
      guint done = f->done;

      g_assert_nonnull (run);
      heartbeat_run_succeed (run, NULL);
      hbtest_wait_for (f->done > done);
      hbtest_wait_for (f->done == 3 || f->pending.length > 0);
    }
  g_assert_cmpuint (f->told->len, ==, 3);
}

static void
test_unknown_handler_runs_default (Fixture *f, gconstpointer data)
{
  HeartbeatResult *result;

  start (f, CHECK ("a", "memory_review", ", \"cadenceMs\": 1000"));
  tick_through (f);
  result = heartbeat_check_get_last_result (check_of (f, "a"));
  g_assert_cmpint (heartbeat_result_get_status (result), ==, HEARTBEAT_STATUS_SUCCESS);
  hbtest_assert_contains (heartbeat_result_get_message (result), "memory_review");
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GAsyncResult) done = NULL;
      g_autoptr (HeartbeatResult) again = NULL;

      heartbeat_agent_run_check_async (f->agent, "a", 0, NULL, hbtest_keep_result, &done);
      hbtest_wait_for (done != NULL);
      again = heartbeat_agent_run_check_finish (f->agent, done, NULL);
      hbtest_assert_contains (heartbeat_result_get_message (again), "memory_review");
    }
  g_assert_cmpuint (times_logged (HEARTBEAT_EVENT_HANDLER_UNKNOWN), ==, 1);
}

/* --- Runs by hand --------------------------------------------------------------------------------------------------- */

static HeartbeatResult *
run_check (Fixture *f, const char *name, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  heartbeat_agent_run_check_async (f->agent, name, 0, NULL, hbtest_keep_result, &result);
  hbtest_wait_for (result != NULL);
  return heartbeat_agent_run_check_finish (f->agent, result, error);
}

static void
test_runs_whatever_the_clock_says (Fixture *f, gconstpointer data)
{
  static const char *const names[] = { "disabled", "paused", "outside", "not-yet" };
  g_autofree char *now = g_strdup_printf ("%" G_GINT64_FORMAT, g_get_real_time () / 1000);
  g_autofree char *checks = g_strdup_printf (
      "%s, \"not-yet\": {\"cadenceMs\": 60000, \"handler\": \"well\", \"lastRun\": %s}},"
      "\"paused\": {\"paused\": true",
      CHECK ("disabled", "well", ", \"enabled\": false") "," CHECK (
          "paused", "well",
          "") "," CHECK ("outside", "well",
                         ", \"triggerOnQuarters\": [\"Q1\"], \"window\": {\"start\": \"23:00\", "
                         "\"end\": \"23:00\"}"),
      now);

  start (f, checks);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (HeartbeatResult) result = run_check (f, names[i], &error);
      g_autofree char *text = hbtest_read (f->path);
      g_autofree char *time = last_run_text (f, names[i]);

      g_assert_no_error (error);
      g_assert_cmpint (heartbeat_result_get_status (result), ==, HEARTBEAT_STATUS_SUCCESS);
      hbtest_assert_contains (text, time);
      g_assert_cmpint (heartbeat_check_get_last_run (check_of (f, names[i])) / 1000, ==,
                       heartbeat_result_get_started (result) / 1000);
    }
}

static void
test_failed_run_is_a_result (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatResult) result = NULL;

  start (f, CHECK ("a", "badly", ""));
  result = run_check (f, "a", &error);
  g_assert_no_error (error);
  g_assert_cmpint (heartbeat_result_get_status (result), ==, HEARTBEAT_STATUS_FAILED);
}

/* Ended by nobody's callback of the main loop, as an embedding program does. */
static void
test_ends_outside_of_the_loop (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (HeartbeatResult) ended = NULL;

  start (f, CHECK ("a", "later", ""));
  heartbeat_agent_run_check_async (f->agent, "a", 0, NULL, hbtest_keep_result, &result);
  hbtest_wait_for (f->pending.length == 1);
  heartbeat_run_fail (g_queue_peek_head (&f->pending), "outside");
  hbtest_wait_for (result != NULL);
  ended = heartbeat_agent_run_check_finish (f->agent, result, NULL);
  g_assert_cmpstr (heartbeat_result_get_message (ended), ==, "outside");
}

static void
test_already_running (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) first = NULL;
  g_autoptr (HeartbeatResult) result = NULL;

  start (f, CHECK ("a", "later", ""));
  heartbeat_agent_run_check_async (f->agent, "a", 0, NULL, hbtest_keep_result, &first);
  hbtest_wait_for (f->pending.length == 1);
  g_assert_null (run_check (f, "a", &error));
  g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_ALREADY_RUNNING);
  g_assert_cmpstr (heartbeat_check_get_state (check_of (f, "a")), ==, "running");
  heartbeat_run_succeed (g_queue_peek_head (&f->pending), NULL);
  hbtest_wait_for (first != NULL);
  result = heartbeat_agent_run_check_finish (f->agent, first, NULL);
  g_assert_nonnull (result);
}

static void
test_errors_of_a_run (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) no_such = NULL;
  g_autoptr (GError) invalid = NULL;

  start (f, CHECK ("a", "well", ", \"priority\": 0"));
  g_assert_null (run_check (f, "b", &no_such));
  g_assert_error (no_such, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NO_SUCH_CHECK);
  g_assert_null (run_check (f, "a", &invalid));
  hbtest_assert_error (invalid, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE,
                       "checks.a.priority: an integer of at least 1 is expected, not 0");
  g_assert_cmpstr (heartbeat_agent_get_config_error (f->agent), ==, "");
  g_assert_cmpuint (times_logged (HEARTBEAT_EVENT_CHECK_INVALID), ==, 1);
}

static void
test_run_without_a_file (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  create_agent (f);
  g_assert_null (run_check (f, "a", &error));
  g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE);
}

/* --- Changes of the file -------------------------------------------------------------------------------------------- */

static void
test_changes_the_file (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) paused = NULL, resumed = NULL, disabled = NULL, enabled = NULL;
  HeartbeatCheck *check;

  start (f, CHECK ("a", "well", ""));
  check = check_of (f, "a");
  heartbeat_agent_pause_async (f->agent, "a", 0, "away", hbtest_keep_result, &paused);
  hbtest_wait_for (paused != NULL);
  g_assert_true (heartbeat_agent_pause_finish (f->agent, paused, NULL));
  g_assert_true (heartbeat_check_get_paused (check));

  heartbeat_agent_resume_async (f->agent, "a", hbtest_keep_result, &resumed);
  hbtest_wait_for (resumed != NULL);
  g_assert_true (heartbeat_agent_resume_finish (f->agent, resumed, NULL));
  g_assert_false (heartbeat_check_get_paused (check));

  heartbeat_agent_set_enabled_async (f->agent, "a", FALSE, hbtest_keep_result, &disabled);
  hbtest_wait_for (disabled != NULL);
  g_assert_true (heartbeat_agent_set_enabled_finish (f->agent, disabled, NULL));
  g_assert_false (heartbeat_check_get_enabled (check));

  heartbeat_agent_set_enabled_async (f->agent, "a", TRUE, hbtest_keep_result, &enabled);
  hbtest_wait_for (enabled != NULL);
  g_assert_true (heartbeat_agent_change_finish (f->agent, enabled, NULL));
  g_assert_true (heartbeat_check_get_enabled (check));
}

static void
test_changes_no_unknown_check (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) paused = NULL, resumed = NULL, disabled = NULL;
  g_autoptr (GError) pause_error = NULL, resume_error = NULL, disable_error = NULL;

  start (f, CHECK ("a", "well", ""));
  heartbeat_agent_pause_async (f->agent, "b", 0, NULL, hbtest_keep_result, &paused);
  heartbeat_agent_resume_async (f->agent, "b", hbtest_keep_result, &resumed);
  heartbeat_agent_set_enabled_async (f->agent, "b", FALSE, hbtest_keep_result, &disabled);
  hbtest_wait_for (paused != NULL && resumed != NULL && disabled != NULL);
  g_assert_false (heartbeat_agent_pause_finish (f->agent, paused, &pause_error));
  g_assert_false (heartbeat_agent_resume_finish (f->agent, resumed, &resume_error));
  g_assert_false (heartbeat_agent_set_enabled_finish (f->agent, disabled, &disable_error));
  g_assert_error (pause_error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NO_SUCH_CHECK);
  g_assert_error (resume_error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NO_SUCH_CHECK);
  g_assert_error (disable_error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NO_SUCH_CHECK);
}

/* --- The file ------------------------------------------------------------------------------------------------------- */

static void
test_broken_file_keeps_the_last_good_one (Fixture *f, gconstpointer data)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  start (f, CHECK ("a", "well", ""));
  hbtest_write (f->path, "{\n  \"checks\": ,\n}");
  tick_through (f);
  g_assert_cmpuint (f->told->len, ==, 1);
  g_assert_cmpint (heartbeat_check_get_last_run (check_of (f, "a")), >, 0);
  hbtest_assert_contains (heartbeat_agent_get_config_error (f->agent), "line 2, column 13");
  text = hbtest_read (f->path);
  g_assert_cmpstr (text, ==, "{\n  \"checks\": ,\n}");
  tick_through (f);
  g_assert_cmpuint (f->told->len, ==, 1);
  g_assert_cmpuint (times_logged (HEARTBEAT_EVENT_CONFIG_BROKEN), ==, 1);
  g_assert_false (reload (f, &error));
  g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE);
  g_assert_cmpuint (f->removed, ==, 0);

  /* The lastRun that could not be saved counts until the file has another. */
  write_checks (f, CHECK ("a", "well", "") "," CHECK ("b", "well", ""));
  g_assert_true (reload (f, NULL));
  g_assert_cmpstr (heartbeat_agent_get_config_error (f->agent), ==, "");
  tick_through (f);
  g_assert_cmpstr (g_ptr_array_index (f->told, 1), ==, "b");
}

static int
watch_readers (Fixture *f)
{
  int watch = inotify_init1 (IN_CLOEXEC);

  g_assert_cmpint (inotify_add_watch (watch, f->path, IN_CLOSE_NOWRITE), >=, 0);
  return watch;
}

/* Blocks until somebody has read and closed the file. */
static void
wait_for_reader (int watch)
{
  char events[4096];
  gssize n;

  do
    n = read (watch, events, sizeof events);
  while (n < 0 && errno == EINTR);
  g_assert_cmpint (n, >, 0);
  close (watch);
}

static void
test_half_written_file_is_read_again (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  int watch;

  start (f, CHECK ("a", "well", ""));
  hbtest_write (f->path, "{");
  watch = watch_readers (f);
  heartbeat_agent_reload_async (f->agent, NULL, hbtest_keep_result, &result);
  wait_for_reader (watch);
  write_checks (f, CHECK ("b", "well", ""));
  hbtest_wait_for (result != NULL);
  g_assert_true (heartbeat_agent_reload_finish (f->agent, result, NULL));
  g_assert_nonnull (heartbeat_agent_get_check (f->agent, "b"));
  g_assert_cmpuint (times_logged (HEARTBEAT_EVENT_CONFIG_BROKEN), ==, 0);
}

static void
test_missing_file_then_created (Fixture *f, gconstpointer data)
{
  create_agent (f);
  g_assert_false (reload (f, NULL));
  hbtest_assert_contains (heartbeat_agent_get_config_error (f->agent), f->path);
  tick_through (f);
  g_assert_true (tick (f));
  write_checks (f, CHECK ("a", "well", ""));
  tick_through (f);
  g_assert_cmpuint (f->told->len, ==, 1);
  g_assert_cmpuint (f->added, ==, 1);
  g_assert_cmpstr (heartbeat_agent_get_config_error (f->agent), ==, "");
}

static void
test_change_is_seen_without_a_tick (Fixture *f, gconstpointer data)
{
  start (f, CHECK ("a", "well", ""));
  write_checks (f, CHECK ("a", "well", "") "," CHECK ("b", "well", ""));
  hbtest_wait_for (f->added == 2);
}

static void
test_edit_during_a_run_is_kept (Fixture *f, gconstpointer data)
{
  g_autofree char *text = NULL;

  start (f, CHECK ("a", "later", ", \"lastRun\": 5"));
  g_assert_false (tick (f));
  hbtest_wait_for (f->pending.length == 1);
  write_checks (f, CHECK ("a", "later", ", \"lastRun\": 5") "," CHECK ("mine", "well",
                                                                       ", \"enabled\": false"));
  heartbeat_run_succeed (g_queue_peek_head (&f->pending), NULL);
  hbtest_wait_for (f->done == 1);
  text = hbtest_read (f->path);
  hbtest_assert_contains (text, "\"mine\"");
  g_assert_null (strstr (text, "\"lastRun\": 5"));
  g_assert_nonnull (heartbeat_agent_get_check (f->agent, "mine"));
}

static void
test_check_removed_during_its_run (Fixture *f, gconstpointer data)
{
  g_autofree char *text = NULL;

  start (f, CHECK ("a", "later", ""));
  g_assert_false (tick (f));
  hbtest_wait_for (f->pending.length == 1);
  write_checks (f, CHECK ("b", "well", ", \"enabled\": false"));
  g_assert_true (reload (f, NULL));
  g_assert_cmpuint (f->removed, ==, 1);
  heartbeat_run_succeed (g_queue_peek_head (&f->pending), NULL);
  hbtest_wait_for (f->done == 1);
  g_assert_cmpuint (f->finished, ==, 1);
  text = hbtest_read (f->path);
  g_assert_null (strstr (text, "lastRun"));
}

static void
test_unsaved_last_run_counts (Fixture *f, gconstpointer data)
{
  g_autofree char *away = g_strconcat (f->folder, ".away", NULL);
  struct stat status;

  start (f, CHECK ("a", "later", ", \"lastRun\": 5"));
  g_assert_false (tick (f));
  hbtest_wait_for (f->pending.length == 1);
  g_assert_cmpint (g_rename (f->folder, away), ==, 0);
  heartbeat_run_succeed (g_queue_peek_head (&f->pending), NULL);
  hbtest_wait_for (f->done == 1);
  g_assert_cmpuint (f->safe, ==, 1);
  g_assert_cmpuint (times_logged (HEARTBEAT_EVENT_SAVE_FAILED), ==, 1);
  for (guint i = 0; i < 5; i++)
    tick_through (f);
  g_assert_cmpuint (f->told->len, ==, 1);

  g_assert_cmpint (g_rename (away, f->folder), ==, 0);
  g_assert_cmpint (stat (f->path, &status), ==, 0);
  for (guint i = 0; i < 3; i++)
    tick_through (f);
  g_assert_cmpuint (f->told->len, ==, 1);
  g_assert_cmpstr (heartbeat_agent_get_config_error (f->agent), ==, "");

  /* A user who resets lastRun wins. */
  write_checks (f, CHECK ("a", "later", ", \"lastRun\": 0"));
  g_assert_false (tick (f));
  hbtest_wait_for (f->pending.length == 2);
  heartbeat_run_fail (g_queue_peek_tail (&f->pending), NULL);
  hbtest_wait_for (f->told->len == 2);
}

static void
test_reload_keeps_how_runs_went (Fixture *f, gconstpointer data)
{
  HeartbeatCheck *check;

  start (f, CHECK ("a", "badly", "") "," CHECK ("b", "well", ", \"enabled\": false"));
  tick_through (f);
  check = check_of (f, "a");
  write_checks (f, CHECK ("c", "well", ", \"enabled\": false") "," CHECK ("a", "badly",
                                                                          ", \"priority\": 7"));
  g_assert_true (reload (f, NULL));
  g_assert_true (check_of (f, "a") == check);
  g_assert_cmpint (heartbeat_check_get_priority (check), ==, 7);
  g_assert_cmpuint (heartbeat_check_get_consecutive_failures (check), ==, 1);
  g_assert_cmpstr (heartbeat_check_get_state (check), ==, "backing-off");
  g_assert_cmpuint (f->added, ==, 3);
  g_assert_cmpuint (f->removed, ==, 1);
  g_assert_null (heartbeat_agent_get_check (f->agent, "b"));
}

/* A load that is under way has read the file before it changed: that answer is not good enough. */
static void
test_reload_during_a_load_is_up_to_date (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) first = NULL;
  int watch;

  start (f, CHECK ("a", "well", ""));
  watch = watch_readers (f);
  heartbeat_agent_reload_async (f->agent, NULL, hbtest_keep_result, &first);
  wait_for_reader (watch);
  write_checks (f, CHECK ("b", "well", ""));
  g_assert_true (reload (f, NULL));
  g_assert_nonnull (heartbeat_agent_get_check (f->agent, "b"));
  hbtest_wait_for (first != NULL);
}

static void
test_other_agent_is_a_warning (Fixture *f, gconstpointer data)
{
  hbtest_write (f->path, "{\"$schema\":\"heartbeat.v1\",\"agent\":\"other\",\"checks\":{}}");
  create_agent (f);
  g_assert_true (reload (f, NULL));
  g_assert_true (reload (f, NULL));
  g_assert_cmpuint (times_logged (HEARTBEAT_EVENT_CONFIG_OTHER_AGENT), ==, 1);
}

/* --- The end -------------------------------------------------------------------------------------------------------- */

static void
test_stop_waits_for_the_run (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) stopped = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  start (f, CHECK ("a", "later", "") "," CHECK ("b", "well", ""));
  g_assert_false (tick (f));
  hbtest_wait_for (f->pending.length == 1);
  g_assert_false (tick (f));
  heartbeat_agent_stop_async (f->agent, hbtest_keep_result, &stopped);
  g_assert_cmpint (answer (f), ==, HEARTBEAT_TICK_REFUSED);
  hbtest_wait_for (f->done == 1);
  g_assert_cmpuint (f->safe, ==, 0);
  g_assert_null (run_check (f, "b", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (stopped);

  heartbeat_run_succeed (g_queue_peek_head (&f->pending), NULL);
  hbtest_wait_for (stopped != NULL);
  heartbeat_agent_stop_finish (f->agent, stopped);
  hbtest_wait_for (f->done == 2);
  g_assert_cmpuint (f->safe, ==, 1);
  text = hbtest_read (f->path);
  hbtest_assert_contains (text, "lastRun");
  g_assert_cmpuint (f->told->len, ==, 1);
}

/* Says whether the last run of a check was by hand. */
static gboolean
last_was_manual (Fixture *f, const char *check)
{
  HeartbeatHistory *history = heartbeat_agent_get_history (f->agent);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GPtrArray) entries = NULL;
  g_autoptr (GError) error = NULL;
  HeartbeatHistoryEntry *entry;

  heartbeat_history_read_async (history, check, 1, hbtest_keep_result, &result);
  hbtest_wait_for (result != NULL);
  entries = heartbeat_history_read_finish (history, result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (entries->len, ==, 1);
  entry = g_ptr_array_index (entries, 0);
  return entry->manual;
}

static void
test_stop_ends_a_run_that_does_not (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) stopped = NULL;
  g_autoptr (GAsyncResult) by_hand = NULL;
  g_autoptr (HeartbeatResult) result = NULL;
  g_autoptr (GError) error = NULL;

  start (f, CHECK ("a", "later", "") "," CHECK ("b", "later", ""));
  g_assert_false (tick (f));
  heartbeat_agent_run_check_async (f->agent, "b", 0, NULL, hbtest_keep_result, &by_hand);
  hbtest_wait_for (f->pending.length == 2);
  heartbeat_agent_stop_async (f->agent, hbtest_keep_result, &stopped);
  hbtest_wait_for (stopped != NULL);
  heartbeat_agent_stop_finish (f->agent, stopped);
  hbtest_wait_for (f->done == 1);
  g_assert_cmpuint (f->safe, ==, 0);
  hbtest_wait_for (by_hand != NULL);
  result = heartbeat_agent_run_check_finish (f->agent, by_hand, &error);
  g_assert_no_error (error);
  g_assert_cmpint (heartbeat_result_get_status (result), ==, HEARTBEAT_STATUS_FAILED);
  g_assert_cmpstr (heartbeat_result_get_message (result), ==, "the service stops");
  g_assert_true (
      g_cancellable_is_cancelled (heartbeat_run_get_cancellable (g_queue_peek_head (&f->pending))));
  g_assert_false (last_was_manual (f, "a"));
  g_assert_true (last_was_manual (f, "b"));
  heartbeat_run_succeed (g_queue_peek_head (&f->pending), NULL);
}

static void
test_forced_stop_with_a_run_going (Fixture *f, gconstpointer data)
{
  start (f, CHECK ("a", "later", "") "," CHECK ("b", "later", ""));
  g_assert_false (tick (f));
  hbtest_wait_for (f->pending.length == 1);
  g_assert_false (tick (f));
  heartbeat_agent_force_stop (f->agent);
  g_clear_pointer (&f->agent, g_object_unref);
  hbtest_wait_for (f->done == 2);
  g_assert_cmpuint (f->safe, ==, 0);
  g_assert_true (
      g_cancellable_is_cancelled (heartbeat_run_get_cancellable (g_queue_peek_head (&f->pending))));
  heartbeat_run_succeed (g_queue_peek_head (&f->pending), "nobody listens");
}

/* Whoever listened may be gone as well. */
static void
test_abandoned_with_a_run_going (Fixture *f, gconstpointer data)
{
  start (f, CHECK ("a", "later", ""));
  g_assert_false (tick (f));
  hbtest_wait_for (f->pending.length == 1);
  heartbeat_agent_abandon (f->agent);
  g_assert_true (
      g_cancellable_is_cancelled (heartbeat_run_get_cancellable (g_queue_peek_head (&f->pending))));
  hbtest_wait_for (f->done == 1);
  g_assert_cmpuint (f->safe, ==, 0);
  g_assert_cmpuint (f->finished, ==, 0);
}

static void
stop_agent (HeartbeatAgent *agent, GParamSpec *pspec, gpointer user_data)
{
  heartbeat_agent_force_stop (agent);
}

static void
test_stopped_by_whoever_hears_of_a_tick (Fixture *f, gconstpointer data)
{
  start (f, CHECK ("a", "well", ""));
  g_signal_connect (f->agent, "notify::ticks-received", G_CALLBACK (stop_agent), NULL);
  g_assert_cmpint (answer (f), ==, HEARTBEAT_TICK_REFUSED);
}

static void
drop_agent (HeartbeatAgent *agent,
            HeartbeatCheck *check,
            HeartbeatResult *result,
            gpointer user_data)
{
  Fixture *f = user_data;

  g_clear_object (&f->agent);
}

static void
test_last_reference_goes_with_the_result (Fixture *f, gconstpointer data)
{
  start (f, CHECK ("a", "later", ""));
  g_signal_connect (f->agent, "check-finished", G_CALLBACK (drop_agent), f);
  g_assert_false (tick (f));
  hbtest_wait_for (f->pending.length == 1);
  hbtest_run_pending ();
  heartbeat_run_fail (g_queue_peek_head (&f->pending), NULL);
  hbtest_wait_for (f->agent == NULL);
  hbtest_wait_for (f->done == 1);
  g_assert_cmpuint (f->safe, ==, 1);
}

static void
test_names (void)
{
  static const char *const good[] = { "a", "cack", "0", "A-b_C9", "9-_" };
  static const char *const bad[]
      = { "", "-a", "_a", "a.b", "a#", "a*", "a b", "\xc3\xa9", "a/b", "a\n" };
  g_autofree char *longest = g_strnfill (64, 'a');
  g_autofree char *longer = g_strnfill (65, 'a');

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (heartbeat_agent_is_name (good[i]));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (heartbeat_agent_is_name (bad[i]));
  g_assert_true (heartbeat_agent_is_name (longest));
  g_assert_false (heartbeat_agent_is_name (longer));
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  logged = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_log_set_writer_func (count_messages, NULL, NULL);

  g_test_add_func ("/agent/names", test_names);
  ADD ("/agent/tick/runs-the-most-overdue", test_runs_the_most_overdue);
  ADD ("/agent/tick/saves-the-start-and-nothing-else", test_saves_the_start_and_nothing_else);
  ADD ("/agent/tick/skipped-sets-last-run", test_skipped_sets_last_run);
  ADD ("/agent/tick/idle-leaves-the-file", test_idle_tick_leaves_the_file);
  ADD ("/agent/tick/failing-check-lets-the-next-one-in", test_failing_check_lets_the_next_one_in);
  ADD ("/agent/tick/forgotten-run-has-failed", test_forgotten_run_has_failed);
  ADD ("/agent/tick/time-out", test_time_out);
  ADD ("/agent/tick/one-waits-while-a-run-goes", test_one_tick_waits_while_a_run_goes);
  ADD ("/agent/tick/at-once", test_ticks_at_once);
  ADD ("/agent/tick/failed-check-is-due-again", test_failed_check_is_due_again);
  ADD ("/agent/tick/as-many-runs-as-allowed", test_as_many_runs_as_allowed);
  ADD ("/agent/tick/unknown-handler-runs-default", test_unknown_handler_runs_default);
  ADD ("/agent/run/whatever-the-clock-says", test_runs_whatever_the_clock_says);
  ADD ("/agent/run/failure-is-a-result", test_failed_run_is_a_result);
  ADD ("/agent/run/ends-outside-of-the-loop", test_ends_outside_of_the_loop);
  ADD ("/agent/run/already-running", test_already_running);
  ADD ("/agent/run/no-such-check-and-invalid-check", test_errors_of_a_run);
  ADD ("/agent/run/without-a-file", test_run_without_a_file);
  ADD ("/agent/change/pauses-and-disables", test_changes_the_file);
  ADD ("/agent/change/unknown-check", test_changes_no_unknown_check);
  ADD ("/agent/file/broken-keeps-the-last-good-one", test_broken_file_keeps_the_last_good_one);
  ADD ("/agent/file/half-written-is-read-again", test_half_written_file_is_read_again);
  ADD ("/agent/file/missing-then-created", test_missing_file_then_created);
  ADD ("/agent/file/change-is-seen-without-a-tick", test_change_is_seen_without_a_tick);
  ADD ("/agent/file/edit-during-a-run-is-kept", test_edit_during_a_run_is_kept);
  ADD ("/agent/file/check-removed-during-its-run", test_check_removed_during_its_run);
  ADD ("/agent/file/unsaved-last-run-counts", test_unsaved_last_run_counts);
  ADD ("/agent/file/reload-keeps-how-runs-went", test_reload_keeps_how_runs_went);
  ADD ("/agent/file/reload-during-a-load-is-up-to-date", test_reload_during_a_load_is_up_to_date);
  ADD ("/agent/file/other-agent-is-a-warning", test_other_agent_is_a_warning);
  ADD ("/agent/stop/waits-for-the-run", test_stop_waits_for_the_run);
  ADD ("/agent/stop/ends-a-run-that-does-not", test_stop_ends_a_run_that_does_not);
  ADD ("/agent/stop/forced-stop-with-a-run-going", test_forced_stop_with_a_run_going);
  ADD ("/agent/stop/abandoned-with-a-run-going", test_abandoned_with_a_run_going);
  ADD ("/agent/stop/by-whoever-hears-of-a-tick", test_stopped_by_whoever_hears_of_a_tick);
  ADD ("/agent/stop/last-reference-goes-with-the-result", test_last_reference_goes_with_the_result);

  status = g_test_run ();
  g_hash_table_unref (logged);
  return status;
}
