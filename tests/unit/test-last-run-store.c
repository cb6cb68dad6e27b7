/* SPDX-License-Identifier: MIT */

#include "agent/heartbeat-last-run-store.h"
#include "heartbeat-test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <glib/gstdio.h>

/* A text that is no JSON cannot be written to, whoever one is. */
#define BROKEN "{\"$schema\": \"heartbeat.v1\", "

/* What puts the state file in its place: this one stands before libc's, and waits while a test holds it up. */
static GMutex rename_mutex;
static GCond rename_cond;
static gboolean rename_waits;

int
rename (const char *from, const char *to)
{
  g_mutex_lock (&rename_mutex);
  while (rename_waits && g_str_has_suffix (to, "/cack.json"))
    g_cond_wait (&rename_cond, &rename_mutex);
  g_mutex_unlock (&rename_mutex);
  return renameat (AT_FDCWD, from, AT_FDCWD, to);
}

static void
hold_up_rename (gboolean waits)
{
  g_mutex_lock (&rename_mutex);
  rename_waits = waits;
  g_cond_broadcast (&rename_cond);
  g_mutex_unlock (&rename_mutex);
}

typedef struct
{
  char *folder;
  char *path;
  char *state_path;
  HeartbeatDocument *document;
  HeartbeatLastRunStore *store;
} Fixture;

static char *
make_text (gint64 a, gint64 b)
{
  return g_strdup_printf ("{\"$schema\": \"heartbeat.v1\", \"agent\": \"cack\", \"checks\": {"
                          "\"a\": {\"cadenceMs\": 1000, \"handler\": \"x\", \"lastRun\": "
                          "%" G_GINT64_FORMAT "}, "
                          "\"b\": {\"cadenceMs\": 1000, \"handler\": \"x\", \"lastRun\": "
                          "%" G_GINT64_FORMAT "}}}\n",
                          a, b);
}

static void
assert_file (Fixture *fixture, gint64 a, gint64 b)
{
  g_autofree char *wanted = make_text (a, b);

  hbtest_assert_file (fixture->path, wanted);
}

static void
load (Fixture *fixture)
{
  g_autoptr (GAsyncResult) result = NULL;

  heartbeat_last_run_store_load_async (fixture->store, hbtest_keep_result, &result);
  hbtest_wait_for (result != NULL);
  heartbeat_last_run_store_load_finish (fixture->store, result);
}

/* As after a start of the service. */
static void
start (Fixture *fixture)
{
  g_clear_object (&fixture->store);
  fixture->store = heartbeat_last_run_store_new ("cack", fixture->document);
  load (fixture);
}

static void
finish (Fixture *fixture, GAsyncResult **result)
{
  hbtest_wait_for (*result != NULL);
  heartbeat_last_run_store_finish (fixture->store, *result);
}

static void
save (Fixture *fixture, const char *check, gint64 stands_for, gint64 last_run)
{
  HeartbeatCheckSpec spec = { .name = (char *) check, .last_run = stands_for };
  g_autoptr (GAsyncResult) result = NULL;

  heartbeat_last_run_store_save_async (fixture->store, &spec, last_run, hbtest_keep_result,
                                       &result);
  finish (fixture, &result);
}

static void
move (Fixture *fixture)
{
  g_autoptr (GAsyncResult) result = NULL;

  heartbeat_last_run_store_move_async (fixture->store, hbtest_keep_result, &result);
  finish (fixture, &result);
}

static gint64
lookup (Fixture *fixture, const char *check, gint64 stands_for)
{
  HeartbeatCheckSpec spec = { .name = (char *) check, .last_run = stands_for };
  gint64 last_run;

  return heartbeat_last_run_store_lookup (fixture->store, &spec, &last_run) ? last_run : -1;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = make_text (1, 2);

  fixture->folder = hbtest_make_folder ();
  fixture->path = g_build_filename (fixture->folder, "heartbeat.json", NULL);
  fixture->state_path
      = g_build_filename (g_get_user_state_dir (), "heartbeat-consumer", "cack.json", NULL);
  fixture->document = heartbeat_document_new (fixture->path);
  hbtest_write (fixture->path, text);
  start (fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_object (&fixture->store);
  g_clear_object (&fixture->document);
  g_unlink (fixture->state_path);
  hbtest_remove_folder (fixture->folder);
  g_free (fixture->state_path);
  g_free (fixture->path);
}

static gint64
last_run_of (Fixture *fixture, guint i)
{
  HeartbeatConfig *config = heartbeat_document_get_config (fixture->document);

  return ((const HeartbeatCheckSpec *) g_ptr_array_index (config->checks, i))->last_run;
}

/* While the state file is written somebody may write and read a newer text, which stays the active one. */
static void
test_what_was_read_later_is_newer (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = make_text (1, 2);
  g_autofree char *newer = make_text (3, 4);
  g_autoptr (GAsyncResult) moved = NULL;
  g_autoptr (GAsyncResult) read = NULL;

  hbtest_write (fixture->path, BROKEN);
  save (fixture, "a", 1, 100);
  hbtest_write (fixture->path, text);
  hold_up_rename (TRUE);
  heartbeat_last_run_store_move_async (fixture->store, hbtest_keep_result, &moved);
  heartbeat_document_reload_async (fixture->document, hbtest_keep_result, &read);
  hbtest_wait_for (read != NULL);
  g_assert_cmpint (last_run_of (fixture, 0), ==, 100);
  hbtest_write (fixture->path, newer);
  g_clear_object (&read);
  heartbeat_document_reload_async (fixture->document, hbtest_keep_result, &read);
  hbtest_wait_for (read != NULL);
  g_assert_null (moved);
  hold_up_rename (FALSE);
  finish (fixture, &moved);
  g_assert_cmpint (last_run_of (fixture, 0), ==, 3);
  assert_file (fixture, 3, 4);
}

static void
test_saves_in_the_file (Fixture *fixture, gconstpointer data)
{
  save (fixture, "a", 1, 100);
  assert_file (fixture, 100, 2);
  g_assert_false (heartbeat_last_run_store_can_move (fixture->store));
  g_assert_false (g_file_test (fixture->state_path, G_FILE_TEST_EXISTS));
}

/* What the file said at the save before is no reason to miss what others have written since. */
static void
test_saves_into_what_others_write (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = make_text (111, 3);
  g_autofree char *longer = make_text (7, 12345);

  save (fixture, "a", 1, 100);
  save (fixture, "a", 100, 200);
  assert_file (fixture, 200, 2);
  hbtest_write (fixture->path, text);
  save (fixture, "a", 111, 300);
  assert_file (fixture, 300, 3);
  hbtest_write (fixture->path, longer);
  save (fixture, "a", 7, 8);
  assert_file (fixture, 8, 12345);
}

static void
test_a_gone_check_is_not_kept (Fixture *fixture, gconstpointer data)
{
  save (fixture, "gone", 0, 100);
  g_assert_false (heartbeat_last_run_store_can_move (fixture->store));
}

static void
test_a_broken_file_is_not_written_to (Fixture *fixture, gconstpointer data)
{
  hbtest_write (fixture->path, BROKEN);
  save (fixture, "a", 1, 100);
  hbtest_assert_file (fixture->path, BROKEN);
  g_assert_cmpint (lookup (fixture, "a", 1), ==, 100);
}

/* JSON, but nothing that can be used: what runs meanwhile is kept, and the file stays as it is. */
static void
test_an_unusable_file_is_not_written_to (Fixture *fixture, gconstpointer data)
{
  const char *const texts[] = {
    "{}",
    "[]",
    "{\"$schema\": \"heartbeat.v1\", \"agent\": \"cack\", \"checks\": []}",
    "{\"$schema\": \"heartbeat.v1\", \"checks\": {\"a\": {\"lastRun\": 1}}}",
    "{\"$schema\": \"heartbeat.v1\", \"agent\": \"cack\", \"chekcs\": {}}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      hbtest_write (fixture->path, texts[i]);
      save (fixture, "a", 1, 100 + i);
      hbtest_assert_file (fixture->path, texts[i]);
      g_assert_cmpint (lookup (fixture, "a", 1), ==, 100 + i);
    }
}

/* A save that was made with an older one at hand. */
static void
test_a_newer_one_is_not_forgotten (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = make_text (1, 2);
  g_autoptr (GAsyncResult) moved = NULL;
  HeartbeatCheckSpec spec = { .name = (char *) "gone", .last_run = 0 };

  hbtest_write (fixture->path, BROKEN);
  save (fixture, "a", 1, 100);
  heartbeat_last_run_store_move_async (fixture->store, hbtest_keep_result, &moved);
  save (fixture, "a", 1, 300);
  g_assert_cmpint (lookup (fixture, "a", 1), ==, 300);
  hbtest_write (fixture->path, text);
  g_assert_false (heartbeat_last_run_store_lookup (fixture->store, &spec, &(gint64){ 0 }));
  move (fixture);
  assert_file (fixture, 300, 2);
  hbtest_wait_for (moved != NULL);
}

static void
test_survives_a_restart (Fixture *fixture, gconstpointer data)
{
  hbtest_write (fixture->path, BROKEN);
  save (fixture, "a", 1, 100);
  save (fixture, "b", 2, 200);
  start (fixture);
  g_assert_cmpint (lookup (fixture, "a", 1), ==, 100);
  g_assert_cmpint (lookup (fixture, "b", 2), ==, 200);
}

static void
test_a_user_who_resets_last_run_wins (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = make_text (0, 2);

  hbtest_write (fixture->path, BROKEN);
  save (fixture, "a", 1, 100);
  hbtest_write (fixture->path, text);
  g_assert_cmpint (lookup (fixture, "a", 0), ==, -1);
  move (fixture);
  assert_file (fixture, 0, 2);
  start (fixture);
  g_assert_cmpint (lookup (fixture, "a", 1), ==, -1);
}

static void
test_moves_back (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = make_text (1, 2);

  hbtest_write (fixture->path, BROKEN);
  save (fixture, "a", 1, 100);
  save (fixture, "b", 2, 200);
  move (fixture);
  g_assert_true (heartbeat_last_run_store_can_move (fixture->store));
  hbtest_write (fixture->path, text);
  move (fixture);
  assert_file (fixture, 100, 200);
  start (fixture);
  g_assert_false (heartbeat_last_run_store_can_move (fixture->store));
}

static void
test_the_next_save_takes_the_others_along (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = make_text (1, 2);

  hbtest_write (fixture->path, BROKEN);
  save (fixture, "a", 1, 100);
  hbtest_write (fixture->path, text);
  save (fixture, "b", 2, 200);
  assert_file (fixture, 100, 200);
  g_assert_false (heartbeat_last_run_store_can_move (fixture->store));
}

static void
test_another_path_has_another_state (Fixture *fixture, gconstpointer data)
{
  g_autofree char *other = g_build_filename (fixture->folder, "other.json", NULL);

  hbtest_write (fixture->path, BROKEN);
  save (fixture, "a", 1, 100);
  g_clear_object (&fixture->document);
  fixture->document = heartbeat_document_new (other);
  start (fixture);
  g_assert_cmpint (lookup (fixture, "a", 1), ==, -1);
}

static void
assert_bus_handlers (Fixture *fixture, const char *wanted)
{
  g_autoptr (GPtrArray) names = heartbeat_last_run_store_list_bus_handlers (fixture->store);
  g_autofree char *text = NULL;

  g_ptr_array_add (names, NULL);
  text = g_strjoinv (" ", (char **) names->pdata);
  g_assert_cmpstr (text, ==, wanted);
}

static gboolean
state_has (Fixture *fixture, const char *text)
{
  g_autofree char *state = NULL;

  return g_file_get_contents (fixture->state_path, &state, NULL, NULL)
         && strstr (state, text) != NULL;
}

static void
test_bus_handlers_survive_a_restart (Fixture *fixture, gconstpointer data)
{
  hbtest_write (fixture->path, BROKEN);
  save (fixture, "a", 1, 100);
  heartbeat_last_run_store_set_bus_handler (fixture->store, "mine", TRUE);
  heartbeat_last_run_store_set_bus_handler (fixture->store, "yours", TRUE);
  hbtest_wait_for (state_has (fixture, "yours"));

  start (fixture);
  assert_bus_handlers (fixture, "mine yours");
  g_assert_cmpint (lookup (fixture, "a", 1), ==, 100);
  heartbeat_last_run_store_set_bus_handler (fixture->store, "mine", FALSE);
  hbtest_wait_for (!state_has (fixture, "mine"));
  start (fixture);
  assert_bus_handlers (fixture, "yours");
}

static void
test_a_handler_that_comes_before_the_state_is_read (Fixture *fixture, gconstpointer data)
{
  hbtest_write (fixture->path, BROKEN);
  save (fixture, "a", 1, 100);
  g_clear_object (&fixture->store);
  fixture->store = heartbeat_last_run_store_new ("cack", fixture->document);
  heartbeat_last_run_store_set_bus_handler (fixture->store, "early", TRUE);
  load (fixture);
  hbtest_wait_for (state_has (fixture, "early"));
  g_assert_true (state_has (fixture, "100"));
}

static void
test_a_broken_state_file_is_not_used (Fixture *fixture, gconstpointer data)
{
  hbtest_write (fixture->path, BROKEN);
  save (fixture, "a", 1, 100);
  hbtest_write (fixture->state_path, "{");
  start (fixture);
  g_assert_false (heartbeat_last_run_store_can_move (fixture->store));
}

int
main (int argc, char **argv)
{
  char *home = hbtest_make_folder ();
  int status;

  /* GLib asks once for all. */
  g_setenv ("XDG_STATE_HOME", home, TRUE);
  g_test_init (&argc, &argv, NULL);
  /* That a file cannot be written is a warning. */
  hbtest_allow_warnings ();
#define ADD(name, func) g_test_add ("/last-run-store/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("saves-in-the-file", test_saves_in_the_file);
  ADD ("saves-into-what-others-write", test_saves_into_what_others_write);
  ADD ("a-gone-check-is-not-kept", test_a_gone_check_is_not_kept);
  ADD ("a-broken-file-is-not-written-to", test_a_broken_file_is_not_written_to);
  ADD ("an-unusable-file-is-not-written-to", test_an_unusable_file_is_not_written_to);
  ADD ("a-newer-one-is-not-forgotten", test_a_newer_one_is_not_forgotten);
  ADD ("survives-a-restart", test_survives_a_restart);
  ADD ("a-user-who-resets-last-run-wins", test_a_user_who_resets_last_run_wins);
  ADD ("moves-back", test_moves_back);
  ADD ("what-was-read-later-is-newer", test_what_was_read_later_is_newer);
  ADD ("the-next-save-takes-the-others-along", test_the_next_save_takes_the_others_along);
  ADD ("another-path-has-another-state", test_another_path_has_another_state);
  ADD ("a-broken-state-file-is-not-used", test_a_broken_state_file_is_not_used);
  ADD ("bus-handlers-survive-a-restart", test_bus_handlers_survive_a_restart);
  ADD ("a-handler-that-comes-before-the-state-is-read",
       test_a_handler_that_comes_before_the_state_is_read);
  status = g_test_run ();
  hbtest_remove_folder (home);
  return status;
}
