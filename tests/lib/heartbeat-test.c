/* SPDX-License-Identifier: MIT */

#include "heartbeat-test.h"

#include <string.h>

#include <glib/gstdio.h>

/* No test waits for it to pass. */
#define DEADLINE_S 30

/* A test that is run by hand finds its data, and leaves the state of the user's agents alone. */
__attribute__ ((constructor)) static void
set_environment (void)
{
  g_setenv ("G_TEST_SRCDIR", TEST_SOURCES, FALSE);
  g_setenv ("XDG_STATE_HOME", TEST_STATE_HOME, FALSE);
}

struct _HbtestWait
{
  GMainContext *context;
  const char *where;
  const char *what;
  GSource *deadline;
  GSource *poll; /* NULL where events are enough */
};

static gboolean
give_up (gpointer user_data)
{
  HbtestWait *wait = user_data;

  g_error ("%s: not within %d s: %s", wait->where, DEADLINE_S, wait->what);
  return G_SOURCE_REMOVE;
}

static gboolean
wake_up (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static GSource *
attach (GSource *source, GSourceFunc func, HbtestWait *wait)
{
  g_source_set_callback (source, func, wait, NULL);
  g_source_attach (source, wait->context);
  return source;
}

static void
destroy (GSource *source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

HbtestWait *
hbtest_wait_begin (GMainContext *context, const char *where, const char *what, guint poll_ms)
{
  HbtestWait *wait = g_new0 (HbtestWait, 1);

  wait->context = context;
  wait->where = where;
  wait->what = what;
  wait->deadline = attach (g_timeout_source_new_seconds (DEADLINE_S), give_up, wait);
  if (poll_ms > 0)
    wait->poll = attach (g_timeout_source_new (poll_ms), wake_up, wait);
  return wait;
}

void
hbtest_wait_turn (HbtestWait *wait)
{
  g_main_context_iteration (wait->context, TRUE);
}

void
hbtest_wait_end (HbtestWait *wait)
{
  destroy (wait->deadline);
  g_clear_pointer (&wait->poll, destroy);
  g_free (wait);
}

/**
 * hbtest_run_pending:
 *
 * Runs the default main context until nothing is left to do at once.
 */
void
hbtest_run_pending (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

/**
 * hbtest_release:
 * @object: (transfer full): an object
 *
 * Lets go of it, and waits for its end: what is still under way, perhaps on a thread, may have a reference until it is done.
 */
void
hbtest_release (gpointer object)
{
  gpointer left = object;

  g_object_add_weak_pointer (object, &left);
  g_object_unref (object);
  hbtest_poll_for (left == NULL);
}

/**
 * hbtest_keep_result:
 * @source: what was called
 * @result: its result
 * @user_data: a `GAsyncResult *` that is %NULL
 *
 * A #GAsyncReadyCallback that keeps the result, for hbtest_wait_for() and then the finish function.
 */
void
hbtest_keep_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **kept = user_data;

  g_assert_null (*kept);
  *kept = g_object_ref (result);
}

/**
 * hbtest_set_done:
 * @source: what was called
 * @result: its result
 * @user_data: a `gboolean` that is %FALSE
 *
 * A #GAsyncReadyCallback for calls that have no result worth a look.
 */
void
hbtest_set_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  gboolean *done = user_data;

  g_assert_false (*done);
  *done = TRUE;
}

/**
 * hbtest_make_folder:
 *
 * Returns: (transfer full): a new, empty folder; to be removed by hbtest_remove_folder()
 */
char *
hbtest_make_folder (void)
{
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("heartbeat-test-XXXXXX", &error);

  g_assert_no_error (error);
  return folder;
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) folder = NULL;
  const char *name;

  if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
    folder = g_dir_open (path, 0, NULL);
  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  g_assert_cmpint (g_remove (path), ==, 0);
}

/**
 * hbtest_remove_folder:
 * @folder: (transfer full): a folder
 *
 * Removes it with all that is in it.
 */
void
hbtest_remove_folder (char *folder)
{
  remove_tree (folder);
  g_free (folder);
}

/**
 * hbtest_write:
 * @path: a file
 * @text: what it shall say
 *
 * Writes a file, or puts a new one in the place of an old one as editors do.
 */
void
hbtest_write (const char *path, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

/**
 * hbtest_read:
 * @path: a file
 *
 * Returns: (transfer full): its text
 */
char *
hbtest_read (const char *path)
{
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

void
hbtest_assert_file (const char *path, const char *text)
{
  g_autofree char *found = hbtest_read (path);

  g_assert_cmpstr (found, ==, text);
}

guint
hbtest_count_files (const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  guint n = 0;

  g_assert_no_error (error);
  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

void
hbtest_do_assert_contains (const char *file,
                           int line,
                           const char *func,
                           const char *text,
                           const char *piece)
{
  g_autofree char *message = NULL;

  if (text != NULL && strstr (text, piece) != NULL)
    return;
  message = g_strdup_printf ("assertion failed (\"%s\" contains \"%s\")",
                             text != NULL ? text : "(null)", piece);
  g_assertion_message (G_LOG_DOMAIN, file, line, func, message);
}

void
hbtest_do_add_cases (const char *prefix,
                     gconstpointer rows,
                     gsize n_rows,
                     gsize row_size,
                     GTestDataFunc func)
{
  for (gsize i = 0; i < n_rows; i++)
    {
      const char *row = (const char *) rows + i * row_size;
      g_autofree char *path = g_strconcat (prefix, "/", *(const char *const *) row, NULL);

      g_test_add_data_func (path, row, func);
    }
}

/**
 * hbtest_allow_warnings:
 *
 * By default a test fails at a warning. To be called after g_test_init() where warnings belong to what is tested.
 */
void
hbtest_allow_warnings (void)
{
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
}
