/* SPDX-License-Identifier: MIT */

#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/heartbeat-error.h"
#include "handlers/heartbeat-executables.h"
#include "heartbeat-test.h"

/* --- Names ---------------------------------------------------------------------------------------------------------- */

static void
test_names (void)
{
  static const char *const good[]
      = { "a", "memory_review", "a.sh", "-x", "a b", "caf\xc3\xa9", "~", "$(x)" };
  static const char *const bad[]
      = { "",     ".",    "..",   ".hidden", "/",        "a/b",      "../../bin/sh",
          "a\nb", "a\tb", "\x7f", "\x01",    "\xc2\x85", "\xff\xfe", "/bin/true" };
  g_autofree char *longest = g_strnfill (255, 'x');
  g_autofree char *too_long = g_strnfill (256, 'x');

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (heartbeat_executables_is_name (good[i]));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (heartbeat_executables_is_name (bad[i]));
  g_assert_true (heartbeat_executables_is_name (longest));
  g_assert_false (heartbeat_executables_is_name (too_long));
}

/* --- Folders -------------------------------------------------------------------------------------------------------- */

static void
test_path (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) folders = heartbeat_executables_parse_path (":/a:/b c::/d/:", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (folders), ==, 3);
  g_assert_cmpstr (folders[0], ==, "/a");
  g_assert_cmpstr (folders[1], ==, "/b c");
  g_assert_cmpstr (folders[2], ==, "/d/");
}

static void
test_no_path (void)
{
  g_auto (GStrv) standard = heartbeat_executables_parse_path (NULL, NULL);
  g_auto (GStrv) none = heartbeat_executables_parse_path ("", NULL);

  g_assert_cmpuint (g_strv_length (none), ==, 0);
  g_assert_cmpuint (g_strv_length (standard), ==, 2);
  g_assert_true (g_str_has_prefix (standard[0], g_get_user_config_dir ()));
  g_assert_true (g_str_has_suffix (standard[0], "/heartbeat-consumer/handlers"));
  g_assert_cmpstr (standard[1], ==, LIBEXECDIR "/heartbeat-consumer/handlers");
}

static void
test_relative_path (void)
{
  static const char *const paths[] = { "handlers", "/a:b", "./a", "~/handlers:/a" };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (heartbeat_executables_parse_path (paths[i], &error));
      g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT);
    }
}

/* --- Files ---------------------------------------------------------------------------------------------------------- */

typedef struct
{
  char *folder;
  char *file;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = hbtest_make_folder ();
  fixture->file = g_build_filename (fixture->folder, "mail", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  hbtest_remove_folder (fixture->folder);
  g_free (fixture->file);
}

static void
write_file (Fixture *fixture, int mode)
{
  hbtest_write (fixture->file, "#!/bin/sh\n");
  g_assert_cmpint (g_chmod (fixture->file, mode), ==, 0);
}

static char *
find (Fixture *fixture, GError **error)
{
  const char *const folders[] = { "/nowhere", "/dev/null", fixture->folder, "/also/nowhere", NULL };

  return heartbeat_executables_find (folders, "mail", error);
}

static void
assert_refused (Fixture *fixture, const char *why)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (find (fixture, &error));
  g_assert_nonnull (error);
  hbtest_assert_contains (error->message, fixture->file);
  hbtest_assert_contains (error->message, why);
}

static void
test_found (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  write_file (fixture, 0755);
  path = find (fixture, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (path, ==, fixture->file);
}

static void
test_absent (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (find (fixture, &error));
  g_assert_no_error (error);
}

static void
test_not_executable (Fixture *fixture, gconstpointer data)
{
  write_file (fixture, 0644);
  assert_refused (fixture, "chmod +x");
}

static void
test_folder (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint (g_mkdir (fixture->file, 0755), ==, 0);
  assert_refused (fixture, "it is a folder");
}

static void
test_links (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint (symlink ("nowhere", fixture->file), ==, 0);
  assert_refused (fixture, "symbolic link to nowhere");
  g_remove (fixture->file);
  g_assert_cmpint (symlink ("mail", fixture->file), ==, 0);
  assert_refused (fixture, "symbolic links");
}

static void
test_fifo (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint (mkfifo (fixture->file, 0755), ==, 0);
  assert_refused (fixture, "it is no file");
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/executables/names", test_names);
  g_test_add_func ("/executables/path/folders", test_path);
  g_test_add_func ("/executables/path/none", test_no_path);
  g_test_add_func ("/executables/path/relative", test_relative_path);
  ADD ("/executables/find/found", test_found);
  ADD ("/executables/find/absent", test_absent);
  ADD ("/executables/find/not-executable", test_not_executable);
  ADD ("/executables/find/folder", test_folder);
  ADD ("/executables/find/links", test_links);
  ADD ("/executables/find/fifo", test_fifo);

  return g_test_run ();
}
