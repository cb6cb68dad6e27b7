/* SPDX-License-Identifier: MIT */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "core/heartbeat-error.h"
#include "core/heartbeat-storage.h"

#define MAX_SIZE 1000

typedef struct
{
  char *folder;
  char *path;
} Fixture;

static void
write_text (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, text, strlen (text)), ==, strlen (text));
  close (fd);
}

static void
assert_text (const char *path, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, expected);
}

static guint
count_files (const char *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (folder) != NULL)
    n++;
  return n;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->folder = g_dir_make_tmp ("heartbeat-storage-XXXXXX", &error);
  g_assert_no_error (error);
  f->path = g_build_filename (f->folder, "file.json", NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autoptr (GDir) folder = g_dir_open (f->folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *child = g_build_filename (f->folder, name, NULL);

      g_assert_cmpint (g_remove (child), ==, 0);
    }
  g_assert_cmpint (g_rmdir (f->folder), ==, 0);
  g_free (f->folder);
  g_free (f->path);
}

/* --- Reading -------------------------------------------------------------------------------------------------------- */

static void
test_read (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) text = NULL;
  HeartbeatIdentity identity, now;

  write_text (f->path, "hello");
  text = heartbeat_storage_read (f->path, MAX_SIZE, &identity, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (text, NULL), g_bytes_get_size (text), "hello", 5);
  g_assert_true (heartbeat_identity_query (&now, AT_FDCWD, f->path));
  g_assert_true (heartbeat_identity_equal (&identity, &now));
  g_assert_cmpuint (identity.size, ==, 5);
}

static void
test_read_empty (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) text = NULL;
  HeartbeatIdentity identity;

  write_text (f->path, "");
  text = heartbeat_storage_read (f->path, MAX_SIZE, &identity, NULL);
  g_assert_cmpuint (g_bytes_get_size (text), ==, 0);
}

static void
test_read_missing (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  HeartbeatIdentity identity;

  g_assert_null (heartbeat_storage_read (f->path, MAX_SIZE, &identity, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_cmpuint (identity.inode, ==, 0);
}

static void
test_read_size (Fixture *f, gconstpointer data)
{
  g_autofree char *most = g_strnfill (MAX_SIZE, 'x');
  g_autofree char *more = g_strnfill (MAX_SIZE + 1, 'x');
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) text = NULL;
  HeartbeatIdentity identity;

  write_text (f->path, most);
  text = heartbeat_storage_read (f->path, MAX_SIZE, &identity, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (text), ==, MAX_SIZE);
  write_text (f->path, more);
  g_assert_null (heartbeat_storage_read (f->path, MAX_SIZE, &identity, &error));
  g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE);
  g_assert_cmpuint (identity.size, ==, MAX_SIZE + 1);
}

/* Files in /proc say that they are empty. */
static void
test_read_more_than_its_size (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) text = NULL;
  HeartbeatIdentity identity;

  text = heartbeat_storage_read ("/proc/self/status", 65536, &identity, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (text), >, 0);
  g_assert_null (heartbeat_storage_read ("/proc/self/status", 10, &identity, &error));
  g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE);
}

static void
test_read_fifo_does_not_wait (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  HeartbeatIdentity identity;

  g_assert_cmpint (mkfifo (f->path, 0600), ==, 0);
  g_assert_null (heartbeat_storage_read (f->path, MAX_SIZE, &identity, &error));
  g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE);
}

static void
test_read_folder (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  HeartbeatIdentity identity;

  g_assert_null (heartbeat_storage_read (f->folder, MAX_SIZE, &identity, &error));
  g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE);
}

static void
test_read_unreadable (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  HeartbeatIdentity identity;

  if (geteuid () == 0)
    {
      g_test_skip ("root reads everything");
      return;
    }
  write_text (f->path, "x");
  g_chmod (f->path, 0);
  g_assert_null (heartbeat_storage_read (f->path, MAX_SIZE, &identity, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
}

/* --- Identities ----------------------------------------------------------------------------------------------------- */

static void
test_racy (void)
{
  const HeartbeatIdentity identity = { 1, 1, 1, 5000000000, 5000000000 };
  const HeartbeatIdentity nothing = { 0 };

  g_assert_true (heartbeat_identity_is_racy (&identity, 5000000));
  g_assert_true (heartbeat_identity_is_racy (&identity, 5019999));
  g_assert_false (heartbeat_identity_is_racy (&identity, 5020000));
  g_assert_true (heartbeat_identity_is_racy (&identity, 4980001));
  g_assert_false (heartbeat_identity_is_racy (&identity, 4980000));
  g_assert_false (heartbeat_identity_is_racy (&nothing, 0));
}

static void
test_identity_of_what_is_not_there (Fixture *f, gconstpointer data)
{
  HeartbeatIdentity a, b;

  g_assert_false (heartbeat_identity_query (&a, AT_FDCWD, f->path));
  write_text (f->path, "x");
  g_assert_true (heartbeat_identity_query (&b, AT_FDCWD, f->path));
  g_assert_false (heartbeat_identity_equal (&a, &b));
}

/* --- Editing -------------------------------------------------------------------------------------------------------- */

/* What an edit does, and what somebody else does meanwhile. */
typedef struct
{
  const char *path;
  const char *meddle; /* written before the first return */
  gboolean by_rename;
  guint calls;
} Meddler;

static GBytes *
append_mark (GBytes *text, gconstpointer data, GError **error)
{
  Meddler *meddler = (Meddler *) data;
  gsize length;
  const char *bytes = g_bytes_get_data (text, &length);
  char *marked = g_strdup_printf ("%.*s!", (int) length, bytes);

  if (meddler->calls++ == 0 && meddler->meddle != NULL)
    {
      if (meddler->by_rename)
        g_file_set_contents (meddler->path, meddler->meddle, -1, NULL);
      else
        write_text (meddler->path, meddler->meddle);
    }
  return g_bytes_new_take (marked, strlen (marked));
}

static GBytes *
leave (GBytes *text, gconstpointer data, GError **error)
{
  return g_bytes_ref (text);
}

static GBytes *
refuse (GBytes *text, gconstpointer data, GError **error)
{
  g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NO_SUCH_CHECK, "no");
  return NULL;
}

static void
edit (const char *path, Meddler *meddler)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) text = heartbeat_storage_edit (path, MAX_SIZE, append_mark, meddler, &error);
  g_autofree char *found = NULL;

  g_assert_no_error (error);
  g_file_get_contents (path, &found, NULL, NULL);
  g_assert_cmpmem (g_bytes_get_data (text, NULL), g_bytes_get_size (text), found, strlen (found));
}

static void
test_edit_replaces_atomically (Fixture *f, gconstpointer data)
{
  Meddler meddler = { f->path };
  struct stat before, after;
  int reader;
  char kept[8] = "";

  write_text (f->path, "old");
  g_assert_cmpint (stat (f->path, &before), ==, 0);
  reader = open (f->path, O_RDONLY | O_CLOEXEC);
  edit (f->path, &meddler);
  assert_text (f->path, "old!");
  g_assert_cmpint (stat (f->path, &after), ==, 0);
  g_assert_cmpuint (before.st_ino, !=, after.st_ino);
  /* Who has the file open reads the old one to its end. */
  g_assert_cmpint (read (reader, kept, sizeof kept), ==, 3);
  close (reader);
  g_assert_cmpuint (count_files (f->folder), ==, 1);
  g_assert_cmpuint (meddler.calls, ==, 1);
}

static void
test_edit_keeps_the_mode (Fixture *f, gconstpointer data)
{
  static const mode_t modes[] = { 0600, 0644, 0640, 0666, 0755, 0400 };

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      Meddler meddler = { f->path };
      struct stat status;

      g_unlink (f->path);
      write_text (f->path, "x");
      g_assert_cmpint (g_chmod (f->path, modes[i]), ==, 0);
      edit (f->path, &meddler);
      g_assert_cmpint (stat (f->path, &status), ==, 0);
      g_assert_cmpuint (status.st_mode & 07777, ==, modes[i]);
      g_assert_cmpuint (status.st_uid, ==, geteuid ());
    }
}

static void
test_edit_keeps_the_owner (Fixture *f, gconstpointer data)
{
  Meddler meddler = { f->path };
  struct stat status;

  write_text (f->path, "x");
  if (chown (f->path, 12345, 54321) != 0)
    {
      g_test_skip ("only root gives a file away");
      return;
    }
  edit (f->path, &meddler);
  g_assert_cmpint (stat (f->path, &status), ==, 0);
  g_assert_cmpuint (status.st_uid, ==, 12345);
  g_assert_cmpuint (status.st_gid, ==, 54321);
}

static void
test_edit_keeps_a_link (Fixture *f, gconstpointer data)
{
  g_autofree char *link = g_build_filename (f->folder, "link.json", NULL);
  g_autofree char *target = NULL;
  Meddler meddler = { f->path };

  write_text (f->path, "x");
  g_assert_cmpint (symlink ("file.json", link), ==, 0);
  edit (link, &meddler);
  assert_text (f->path, "x!");
  target = g_file_read_link (link, NULL);
  g_assert_cmpstr (target, ==, "file.json");
}

static void
test_edit_merges_what_others_wrote (Fixture *f, gconstpointer data)
{
  for (guint by_rename = 0; by_rename < 2; by_rename++)
    {
      Meddler meddler = { f->path, "theirs, longer", by_rename };

      write_text (f->path, "old");
      edit (f->path, &meddler);
      assert_text (f->path, "theirs, longer!");
      g_assert_cmpuint (meddler.calls, ==, 2);
      g_assert_cmpuint (count_files (f->folder), ==, 1);
    }
}

static void
test_edit_without_change_writes_nothing (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) text = NULL;
  HeartbeatIdentity before, after;

  write_text (f->path, "x");
  heartbeat_identity_query (&before, AT_FDCWD, f->path);
  text = heartbeat_storage_edit (f->path, MAX_SIZE, leave, NULL, &error);
  g_assert_no_error (error);
  heartbeat_identity_query (&after, AT_FDCWD, f->path);
  g_assert_true (heartbeat_identity_equal (&before, &after));
}

static void
test_edit_that_refuses_writes_nothing (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  write_text (f->path, "x");
  g_assert_null (heartbeat_storage_edit (f->path, MAX_SIZE, refuse, NULL, &error));
  g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NO_SUCH_CHECK);
  assert_text (f->path, "x");
  g_assert_cmpuint (count_files (f->folder), ==, 1);
}

static void
test_edit_missing (Fixture *f, gconstpointer data)
{
  Meddler meddler = { f->path };
  g_autoptr (GError) error = NULL;

  g_assert_null (heartbeat_storage_edit (f->path, MAX_SIZE, append_mark, &meddler, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_cmpuint (count_files (f->folder), ==, 0);
}

/* No file can be made in /proc, not even by root. */
static void
test_edit_where_nothing_can_be_written (Fixture *f, gconstpointer data)
{
  Meddler meddler = { "/proc/self/comm" };
  g_autoptr (GError) error = NULL;

  g_assert_null (
      heartbeat_storage_edit ("/proc/self/comm", MAX_SIZE, append_mark, &meddler, &error));
  g_assert_true (error->domain == G_IO_ERROR);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/storage/read/text-and-identity", test_read);
  ADD ("/storage/read/empty", test_read_empty);
  ADD ("/storage/read/missing", test_read_missing);
  ADD ("/storage/read/larger-than-the-limit", test_read_size);
  ADD ("/storage/read/more-than-its-size", test_read_more_than_its_size);
  ADD ("/storage/read/fifo-does-not-wait", test_read_fifo_does_not_wait);
  ADD ("/storage/read/folder", test_read_folder);
  ADD ("/storage/read/unreadable", test_read_unreadable);
  g_test_add_func ("/identity/racy-within-20-ms", test_racy);
  ADD ("/identity/of-what-is-not-there", test_identity_of_what_is_not_there);
  ADD ("/storage/edit/replaces-atomically", test_edit_replaces_atomically);
  ADD ("/storage/edit/keeps-the-mode", test_edit_keeps_the_mode);
  ADD ("/storage/edit/keeps-the-owner", test_edit_keeps_the_owner);
  ADD ("/storage/edit/keeps-a-link", test_edit_keeps_a_link);
  ADD ("/storage/edit/merges-what-others-wrote", test_edit_merges_what_others_wrote);
  ADD ("/storage/edit/without-change-writes-nothing", test_edit_without_change_writes_nothing);
  ADD ("/storage/edit/that-refuses-writes-nothing", test_edit_that_refuses_writes_nothing);
  ADD ("/storage/edit/missing", test_edit_missing);
  ADD ("/storage/edit/where-nothing-can-be-written", test_edit_where_nothing_can_be_written);

  return g_test_run ();
}
