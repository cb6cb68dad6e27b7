/* SPDX-License-Identifier: MIT */

#include <string.h>
#include <utime.h>

#include <glib/gstdio.h>

#include "base/heartbeat-error.h"
#include "config/heartbeat-document.h"
#include "heartbeat-test.h"

#define DEADLINE_US (30 * G_USEC_PER_SEC)
#define TEXT(more)  "{\"$schema\":\"heartbeat.v1\",\"agent\":\"a\",\"checks\":{" more "}}"

typedef struct
{
  char *folder;
  char *path;
  HeartbeatDocument *document;
  GError *error;
  guint ended;
  guint loaded;
  guint broken;
  int destroyed; /* atomic: the thread of a job may be the last to let go of it */
} Fixture;

static void
on_loaded (Fixture *f)
{
  f->loaded++;
}

static void
on_broken (Fixture *f)
{
  f->broken++;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = hbtest_make_folder ();
  f->path = g_build_filename (f->folder, "heartbeat.json", NULL);
  f->document = heartbeat_document_new (f->path);
  g_signal_connect_swapped (f->document, "loaded", G_CALLBACK (on_loaded), f);
  g_signal_connect_swapped (f->document, "broken", G_CALLBACK (on_broken), f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_error (&f->error);
  /* A read that the watch has begun may end later. */
  heartbeat_document_close (f->document);
  g_clear_object (&f->document);
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
on_edited (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *f = user_data;

  g_clear_error (&f->error);
  heartbeat_document_edit_finish (f->document, result, &f->error);
  f->ended++;
}

static void
load (Fixture *f)
{
  g_autoptr (GAsyncResult) result = NULL;

  heartbeat_document_reload_async (f->document, hbtest_keep_result, &result);
  hbtest_wait_for (result != NULL);
  heartbeat_document_read_finish (f->document, result);
}

static const char *
error_of (Fixture *f)
{
  return heartbeat_document_get_error (f->document);
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
  g_assert_false (heartbeat_document_is_current (f->document, g_get_monotonic_time ()));
  load (f);
  g_assert_null (error_of (f));
  g_assert_cmpstr (heartbeat_document_get_config (f->document)->agent, ==, "a");
  g_assert_cmpuint (f->loaded, ==, 1);
  g_assert_true (heartbeat_document_is_current (f->document, g_get_monotonic_time ()));
}

static void
test_change_is_noticed (Fixture *f, gconstpointer data)
{
  write_text (f, TEXT (""), TRUE);
  load (f);
  write_text (f, TEXT (""), TRUE);
  g_assert_false (heartbeat_document_is_current (f->document, g_get_monotonic_time ()));
  load (f);
  g_assert_true (heartbeat_document_is_current (f->document, g_get_monotonic_time ()));
  g_unlink (f->path);
  g_assert_false (heartbeat_document_is_current (f->document, g_get_monotonic_time ()));
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
  g_assert_true (heartbeat_document_is_current (f->document, before));
  after = g_get_monotonic_time ();
  write_text (f, TEXT (""), TRUE);
  g_assert_true (heartbeat_document_is_current (f->document, before));
  g_assert_false (heartbeat_document_is_current (f->document, after));
  g_assert_false (heartbeat_document_is_current (f->document, before));
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
      seen = !heartbeat_document_is_current (f->document, g_get_monotonic_time ());
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
  while (!heartbeat_document_is_current (f->document, g_get_monotonic_time ()))
    {
      load (f);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
}

static void
test_missing_is_current_until_it_comes (Fixture *f, gconstpointer data)
{
  load (f);
  hbtest_assert_contains (error_of (f), "No such file");
  g_assert_cmpuint (f->broken, ==, 1);
  g_assert_true (heartbeat_document_is_current (f->document, g_get_monotonic_time ()));
  write_text (f, TEXT (""), FALSE);
  g_assert_false (heartbeat_document_is_current (f->document, g_get_monotonic_time ()));
}

static void
test_broken_is_current (Fixture *f, gconstpointer data)
{
  write_text (f, "{", TRUE);
  load (f);
  hbtest_assert_contains (error_of (f), "line 1");
  g_assert_null (heartbeat_document_get_config (f->document));
  g_assert_cmpuint (f->broken, ==, 1);
  g_assert_true (heartbeat_document_is_current (f->document, g_get_monotonic_time ()));
}

static void
test_edit (Fixture *f, gconstpointer data)
{
  write_text (f, TEXT (""), TRUE);
  heartbeat_document_edit_async (f->document, append_space, f, on_destroyed, on_edited, f);
  hbtest_wait_for (f->ended == 1);
  g_assert_no_error (f->error);
  g_assert_cmpuint (f->loaded, ==, 1);
  hbtest_assert_file (f->path, TEXT ("") " ");
  hbtest_poll_for (g_atomic_int_get (&f->destroyed) == 1);
}

static void
test_refused_edit (Fixture *f, gconstpointer data)
{
  write_text (f, TEXT (""), TRUE);
  load (f);
  heartbeat_document_edit_async (f->document, refuse, f, on_destroyed, on_edited, f);
  hbtest_wait_for (f->ended == 1);
  g_assert_error (f->error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NO_SUCH_CHECK);
  g_assert_cmpuint (f->loaded, ==, 1);
  g_assert_true (heartbeat_document_is_current (f->document, g_get_monotonic_time ()));
  hbtest_poll_for (g_atomic_int_get (&f->destroyed) == 1);
}

static void
test_one_job_after_the_other (Fixture *f, gconstpointer data)
{
  g_autofree char *text = NULL;

  write_text (f, TEXT (""), TRUE);
  for (guint i = 0; i < 20; i++)
    heartbeat_document_edit_async (f->document, append_space, f, on_destroyed, on_edited, f);
  load (f);
  g_assert_cmpuint (f->ended, ==, 20);
  text = hbtest_read (f->path);
  g_assert_cmpuint (strlen (text), ==, strlen (TEXT ("")) + 20);
  g_assert_cmpuint (g_bytes_get_size (heartbeat_document_get_config (f->document)->text), ==,
                    strlen (text));
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
  g_assert_null (error_of (f));
  g_assert_false (g_file_test (left, G_FILE_TEST_EXISTS));
  hbtest_write (left, "x");
  load (f);
  g_assert_cmpint (g_unlink (left), ==, 0);
}

static void
test_an_edit_is_what_the_file_says (Fixture *f, gconstpointer data)
{
  write_text (f, TEXT (""), TRUE);
  heartbeat_document_edit_async (f->document, append_space, f, on_destroyed, on_edited, f);
  heartbeat_document_edit_async (f->document, append_space, f, on_destroyed, on_edited, f);
  hbtest_wait_for (f->ended == 2);
  g_assert_cmpuint (f->loaded, ==, 2);
  g_assert_cmpuint (g_bytes_get_size (heartbeat_document_get_config (f->document)->text), ==,
                    strlen (TEXT ("")) + 2);
  hbtest_poll_for (g_atomic_int_get (&f->destroyed) == 2);
}

/* A file that goes is looked for again: an editor may be replacing it. */
static void
test_gone_and_back (Fixture *f, gconstpointer data)
{
  write_text (f, TEXT (""), TRUE);
  load (f);
  g_unlink (f->path);
  hbtest_wait_for (heartbeat_document_is_reading (f->document));
  write_text (f, TEXT (""), TRUE);
  hbtest_wait_for (!heartbeat_document_is_reading (f->document));
  g_assert_null (error_of (f));
  g_assert_cmpuint (f->broken, ==, 0);
}

/* Whoever asks during a read has an answer by a later one, be it the second look at a text that is not JSON. */
static void
test_asked_during_a_read (Fixture *f, gconstpointer data)
{
  const char *const texts[] = { TEXT (""), "{" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GAsyncResult) first = NULL, second = NULL, third = NULL;

      write_text (f, texts[i], TRUE);
      heartbeat_document_reload_async (f->document, hbtest_keep_result, &first);
      heartbeat_document_reload_async (f->document, hbtest_keep_result, &second);
      heartbeat_document_refresh_async (f->document, hbtest_keep_result, &third);
      hbtest_wait_for (first != NULL && second != NULL && third != NULL);
      g_assert_true ((error_of (f) == NULL) == (i == 0));
      g_assert_false (heartbeat_document_is_reading (f->document));
    }
}

/* Answers do not wait for reads that others ask for meanwhile. */
static void
test_asked_again_and_again (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) first = NULL, next = NULL;

  write_text (f, TEXT (""), TRUE);
  heartbeat_document_reload_async (f->document, hbtest_keep_result, &first);
  heartbeat_document_reload_async (f->document, hbtest_keep_result, &next);
  hbtest_wait_for (first != NULL);
  g_assert_null (next);
  g_assert_cmpuint (f->loaded, ==, 1);
  hbtest_wait_for (next != NULL);
  g_assert_cmpuint (f->loaded, ==, 2);
}

static void
test_closed (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;

  write_text (f, TEXT (""), TRUE);
  heartbeat_document_reload_async (f->document, hbtest_keep_result, &result);
  heartbeat_document_close (f->document);
  hbtest_wait_for (result != NULL);
  heartbeat_document_edit_async (f->document, append_space, f, on_destroyed, on_edited, f);
  hbtest_wait_for (f->ended == 1);
  hbtest_assert_file (f->path, TEXT ("") " ");
  g_assert_cmpuint (f->loaded + f->broken, ==, 0);
  hbtest_poll_for (g_atomic_int_get (&f->destroyed) == 1);
}

static void
test_path_is_absolute (void)
{
  g_autoptr (HeartbeatDocument) document = heartbeat_document_new ("some/../heartbeat.json");
  g_autofree char *folder = g_get_current_dir ();
  g_autofree char *expected = g_build_filename (folder, "heartbeat.json", NULL);

  g_assert_cmpstr (heartbeat_document_get_path (document), ==, expected);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/document/load", test_load);
  ADD ("/document/change-is-noticed", test_change_is_noticed);
  ADD ("/document/racy-is-read-again", test_racy_is_read_again);
  ADD ("/document/a-look-is-good-for-what-came-before", test_a_look_is_good_for_what_came_before);
  ADD ("/document/missing-is-current-until-it-comes", test_missing_is_current_until_it_comes);
  ADD ("/document/broken-is-current", test_broken_is_current);
  ADD ("/document/edit", test_edit);
  ADD ("/document/refused-edit", test_refused_edit);
  ADD ("/document/one-job-after-the-other", test_one_job_after_the_other);
  ADD ("/document/first-load-sweeps", test_first_load_sweeps);
  ADD ("/document/an-edit-is-what-the-file-says", test_an_edit_is_what_the_file_says);
  ADD ("/document/gone-and-back", test_gone_and_back);
  ADD ("/document/asked-during-a-read", test_asked_during_a_read);
  ADD ("/document/asked-again-and-again", test_asked_again_and_again);
  ADD ("/document/closed", test_closed);
  g_test_add_func ("/document/path-is-absolute", test_path_is_absolute);

  return g_test_run ();
}
