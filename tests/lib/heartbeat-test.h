/* SPDX-License-Identifier: MIT */

/* What the unit tests share: waiting, results of asynchronous calls, files, and a few assertions. Nothing here knows the
 * library that is tested; see heartbeat-test-run.h for what does. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* --- Waiting -------------------------------------------------------------------------------------------------------- */

/* Not for use by itself. */
typedef struct _HbtestWait HbtestWait;

HbtestWait *
hbtest_wait_begin (GMainContext *context, const char *where, const char *what, guint poll_ms);
void hbtest_wait_turn (HbtestWait *wait);
void hbtest_wait_end (HbtestWait *wait);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HbtestWait, hbtest_wait_end)

#define HBTEST_WAIT(context, condition, poll_ms)                                                   \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autoptr (HbtestWait) hbtest_wait                                                             \
        = hbtest_wait_begin (context, G_STRLOC, #condition, poll_ms);                              \
    while (!(condition))                                                                           \
      hbtest_wait_turn (hbtest_wait);                                                              \
  }                                                                                                \
  G_STMT_END

/* Runs the default main context until @condition holds, and fails the test after 30 s. It sleeps between events, so
 * something in the main context must announce the change. Another thread does that by g_main_context_wakeup(). */
#define hbtest_wait_for(condition) HBTEST_WAIT (NULL, condition, 0)

/* The same on another main context, of this thread. */
#define hbtest_wait_for_in(context, condition) HBTEST_WAIT (context, condition, 0)

/* The same for what announces itself to no main context, as a file or a process does: @condition is looked at every 10 ms. */
#define hbtest_poll_for(condition) HBTEST_WAIT (NULL, condition, 10)

void hbtest_run_pending (void);
void hbtest_release (gpointer object);

/* --- Asynchronous calls --------------------------------------------------------------------------------------------- */

void hbtest_keep_result (GObject *source, GAsyncResult *result, gpointer user_data);
void hbtest_set_done (GObject *source, GAsyncResult *result, gpointer user_data);

/* --- Files ---------------------------------------------------------------------------------------------------------- */

char *hbtest_make_folder (void);
void hbtest_remove_folder (char *folder);
void hbtest_write (const char *path, const char *text);
char *hbtest_read (const char *path);
void hbtest_assert_file (const char *path, const char *text);
guint hbtest_count_files (const char *folder);

/* --- Assertions and cases ------------------------------------------------------------------------------------------- */

/* Fails with both texts. */
#define hbtest_assert_contains(text, piece)                                                        \
  hbtest_do_assert_contains (__FILE__, __LINE__, G_STRFUNC, text, piece)

void hbtest_do_assert_contains (const char *file,
                                int line,
                                const char *func,
                                const char *text,
                                const char *piece);

/* The error is this one, and its message contains @piece. */
#define hbtest_assert_error(error, domain, code, piece)                                            \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_assert_error (error, domain, code);                                                          \
    hbtest_assert_contains ((error)->message, piece);                                              \
  }                                                                                                \
  G_STMT_END

/* Adds a test PREFIX/NAME for each row of an array whose rows begin with a `const char *` to the name. */
#define hbtest_add_cases(prefix, rows, func)                                                       \
  hbtest_do_add_cases (prefix, rows, G_N_ELEMENTS (rows), sizeof (rows)[0], func)

void hbtest_do_add_cases (const char *prefix,
                          gconstpointer rows,
                          gsize n_rows,
                          gsize row_size,
                          GTestDataFunc func);

/* The same for tests with a fixture, whose data is the row. */
#define hbtest_add_fixture_cases(prefix, rows, Fixture, set_up, func, tear_down)                   \
  G_STMT_START                                                                                     \
  {                                                                                                \
    for (gsize hbtest_i = 0; hbtest_i < G_N_ELEMENTS (rows); hbtest_i++)                           \
      {                                                                                            \
        g_autofree char *hbtest_path = g_strconcat (prefix, "/", rows[hbtest_i].name, NULL);       \
                                                                                                   \
        g_test_add (hbtest_path, Fixture, &rows[hbtest_i], set_up, func, tear_down);               \
      }                                                                                            \
  }                                                                                                \
  G_STMT_END

void hbtest_allow_warnings (void);

G_END_DECLS
