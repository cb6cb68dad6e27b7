/* SPDX-License-Identifier: MIT */

#include <string.h>
#include <utime.h>

#include <glib/gstdio.h>

#include "base/heartbeat-error.h"
#include "config/heartbeat-file.h"
#include "heartbeat-test.h"

#define DEADLINE_US (30 * G_USEC_PER_SEC)
#define TEXT(more)  "{\"$schema\":\"heartbeat.v1\",\"agent\":\"a\",\"checks\":{" more "}}"

typedef struct
{
  char *folder;
  char *path;
  HeartbeatFile *file;
  HeartbeatConfig *config;
  GError *error;
  guint ended;
  int destroyed; /* atomic: the thread of a job may be the last to let go of it */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = hbtest_make_folder ();
  f->path = g_build_filename (f->folder, "heartbeat.json", NULL);
  f->file = heartbeat_file_new (f->path);
}

static void
forget (Fixture *f)
{
  g_clear_pointer (&f->config, heartbeat_config_unref);
  g_clear_error (&f->error);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  forget (f);
  g_clear_object (&f->file);
  hbtest_remove_folder (f->folder);
  g_free (f->path);
}

/* A text that is old enough to be trusted, or not. */
static void
write_text (Fixture *f, const char *text, gboolean old)
{
  const struct utimbuf past = { 1771796220, 1771796220 };

  hbtest_write (f->path, text);
  if (old)
    g_assert_cmpint (g_utime (f->path, (struct utimbuf *) &past), ==, 0);
}

static void
on_ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *f = user_data;

  forget (f);
  f->config = heartbeat_file_finish (f->file, result, &f->error);
  f->ended++;
}

static void
load (Fixture *f)
{
  guint ended = f->ended + 1;

  heartbeat_file_load_async (f->file, on_ended, f);
  hbtest_wait_for (f->ended == ended);
}

static GBytes *
append_space (GBytes *text, gconstpointer data, GError **error)
{
  gsize length;
  const char *bytes = g_bytes_get_data (text, &length);
  char *longer = g_strdup_printf ("%.*s ", (int) length, bytes);

  return g_bytes_new_take (longer, length + 1);
}

static GBytes *
refuse (GBytes *text, gconstpointer data, GError **error)
{
  g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NO_SUCH_CHECK, "no");
  return NULL;
}

static void
on_destroyed (gpointer data)
{
  Fixture *f = data;

  g_atomic_int_inc (&f->destroyed);
}

static void
test_load (Fixture *f, gconstpointer data)
{
  write_text (f, TEXT (""), TRUE);
  g_assert_false (heartbeat_file_is_current (f->file, HEARTBEAT_FILE_NOW));
  load (f);
  g_assert_no_error (f->error);
  g_assert_cmpstr (f->config->agent, ==, "a");
  g_assert_true (heartbeat_file_is_current (f->file, HEARTBEAT_FILE_NOW));
}

static void
test_change_is_noticed (Fixture *f, gconstpointer data)
{
  write_text (f, TEXT (""), TRUE);
  load (f);
  write_text (f, TEXT (""), TRUE);
  g_assert_false (heartbeat_file_is_current (f->file, HEARTBEAT_FILE_NOW));
  load (f);
  g_assert_true (heartbeat_file_is_current (f->file, HEARTBEAT_FILE_NOW));
  g_unlink (f->path);
  g_assert_false (heartbeat_file_is_current (f->file, HEARTBEAT_FILE_NOW));
}

/* What was here before a look is covered by it, and nothing that came later. */
static void
test_a_look_is_good_for_what_came_before (Fixture *f, gconstpointer data)
{
  gint64 before = g_get_monotonic_time (), after;

  write_text (f, TEXT (""), TRUE);
  load (f);
  while (g_get_monotonic_time () == before)
    continue;
  g_assert_true (heartbeat_file_is_current (f->file, before));
  after = g_get_monotonic_time ();
  write_text (f, TEXT (""), TRUE);
  g_assert_true (heartbeat_file_is_current (f->file, before));
  g_assert_false (heartbeat_file_is_current (f->file, after));
  g_assert_false (heartbeat_file_is_current (f->file, before));
}

/* Written just before it was read: not trusted, until it is read once more. */
static void
test_racy_is_read_again (Fixture *f, gconstpointer data)
{
  const gint64 deadline = g_get_monotonic_time () + DEADLINE_US;
  gboolean seen = FALSE;

  /* A machine that is busy may need more than 20 ms from the one to the other. */
  while (!seen)
    {
      write_text (f, TEXT (""), FALSE);
      load (f);
      seen = !heartbeat_file_is_current (f->file, HEARTBEAT_FILE_NOW);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
  while (!heartbeat_file_is_current (f->file, HEARTBEAT_FILE_NOW))
    {
      load (f);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
}

static void
test_missing_is_current_until_it_comes (Fixture *f, gconstpointer data)
{
  load (f);
  g_assert_error (f->error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_true (heartbeat_file_is_current (f->file, HEARTBEAT_FILE_NOW));
  write_text (f, TEXT (""), FALSE);
  g_assert_false (heartbeat_file_is_current (f->file, HEARTBEAT_FILE_NOW));
}

static void
test_broken_is_current (Fixture *f, gconstpointer data)
{
  write_text (f, "{", TRUE);
  load (f);
  g_assert_error (f->error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT);
  g_assert_true (heartbeat_file_is_current (f->file, HEARTBEAT_FILE_NOW));
}

static void
test_edit (Fixture *f, gconstpointer data)
{
  write_text (f, TEXT (""), TRUE);
  heartbeat_file_edit_async (f->file, append_space, f, on_destroyed, on_ended, f);
  hbtest_wait_for (f->ended == 1);
  g_assert_no_error (f->error);
  g_assert_nonnull (f->config);
  hbtest_assert_file (f->path, TEXT ("") " ");
  hbtest_poll_for (g_atomic_int_get (&f->destroyed) == 1);
}

static void
test_refused_edit (Fixture *f, gconstpointer data)
{
  write_text (f, TEXT (""), TRUE);
  load (f);
  heartbeat_file_edit_async (f->file, refuse, f, on_destroyed, on_ended, f);
  hbtest_wait_for (f->ended == 2);
  g_assert_error (f->error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NO_SUCH_CHECK);
  g_assert_true (heartbeat_file_is_current (f->file, HEARTBEAT_FILE_NOW));
  hbtest_poll_for (g_atomic_int_get (&f->destroyed) == 1);
}

static void
test_one_job_after_the_other (Fixture *f, gconstpointer data)
{
  g_autofree char *text = NULL;

  write_text (f, TEXT (""), TRUE);
  for (guint i = 0; i < 20; i++)
    heartbeat_file_edit_async (f->file, append_space, f, on_destroyed, on_ended, f);
  heartbeat_file_load_async (f->file, on_ended, f);
  hbtest_wait_for (f->ended == 21);
  text = hbtest_read (f->path);
  g_assert_cmpuint (strlen (text), ==, strlen (TEXT ("")) + 20);
  g_assert_cmpuint (g_bytes_get_size (f->config->text), ==, strlen (text));
  hbtest_poll_for (g_atomic_int_get (&f->destroyed) == 20);
}

/* Once: what lies there later may belong to another process that edits the file. */
static void
test_first_load_sweeps (Fixture *f, gconstpointer data)
{
  g_autofree char *left = g_build_filename (f->folder, ".heartbeat.json.heartbeat-a1B2c3", NULL);

  write_text (f, TEXT (""), TRUE);
  hbtest_write (left, "x");
  load (f);
  g_assert_no_error (f->error);
  g_assert_false (g_file_test (left, G_FILE_TEST_EXISTS));
  hbtest_write (left, "x");
  load (f);
  g_assert_cmpint (g_unlink (left), ==, 0);
}

static void
test_path_is_absolute (void)
{
  g_autoptr (HeartbeatFile) file = heartbeat_file_new ("some/../heartbeat.json");
  g_autofree char *folder = g_get_current_dir ();
  g_autofree char *expected = g_build_filename (folder, "heartbeat.json", NULL);

  g_assert_cmpstr (heartbeat_file_get_path (file), ==, expected);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/file/load", test_load);
  ADD ("/file/change-is-noticed", test_change_is_noticed);
  ADD ("/file/racy-is-read-again", test_racy_is_read_again);
  ADD ("/file/a-look-is-good-for-what-came-before", test_a_look_is_good_for_what_came_before);
  ADD ("/file/missing-is-current-until-it-comes", test_missing_is_current_until_it_comes);
  ADD ("/file/broken-is-current", test_broken_is_current);
  ADD ("/file/edit", test_edit);
  ADD ("/file/refused-edit", test_refused_edit);
  ADD ("/file/one-job-after-the-other", test_one_job_after_the_other);
  ADD ("/file/first-load-sweeps", test_first_load_sweeps);
  g_test_add_func ("/file/path-is-absolute", test_path_is_absolute);

  return g_test_run ();
}
