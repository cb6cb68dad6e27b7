/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "base/heartbeat-error.h"
#include "storage/heartbeat-locked-file.h"
#include "storage/heartbeat-storage.h"
#include "heartbeat-test.h"

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
set_up (Fixture *f, gconstpointer data)
{
  f->folder = hbtest_make_folder ();
  f->path = g_build_filename (f->folder, "file.json", NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  hbtest_remove_folder (f->folder);
  g_free (f->path);
}

/* Whether a call failed because the system lacks a facility: then the test is skipped. Any other failure is a failure of
 * the test, since a test that skips itself on every error never fails. */
static gboolean
is_lacking (int result, int code, const char *facility)
{
  if (result == 0)
    return FALSE;
  if (errno != code && errno != ENOSYS)
    g_error ("%s: %s", facility, g_strerror (errno));
  g_test_skip (facility);
  return TRUE;
}

/* --- In a child process --------------------------------------------------------------------------------------------- */

#define CHILD_LACKS 77

typedef void (*InChild) (Fixture *f);

/* Root may be in groups besides its own, among them root's. In a user namespace other users may not exist. */
static void
become_somebody_else (Fixture *f)
{
  if (setgroups (0, NULL) == 0 && setgid (12345) == 0 && setuid (12345) == 0)
    return;
  if (errno == EPERM || errno == EINVAL)
    _exit (CHILD_LACKS);
  g_error ("cannot become another user: %s", g_strerror (errno));
}

/* Runs @func in a child process that @prepare has made different from this one. Returns FALSE where that is not possible,
 * and the test is skipped. */
static gboolean
in_child (Fixture *f, InChild prepare, InChild func, const char *facility)
{
  pid_t child = fork ();
  int status;

  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    {
      prepare (f);
      func (f);
      _exit (0);
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  if (WIFEXITED (status) && WEXITSTATUS (status) == CHILD_LACKS)
    {
      g_test_skip (facility);
      return FALSE;
    }
  g_assert_cmpint (status, ==, 0);
  return TRUE;
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

typedef struct
{
  const char *name;
  int (*make) (const char *path, mode_t mode); /* NULL: nothing is there */
} NoFile;

static const NoFile no_files[] = {
  { "missing", NULL },
  { "fifo-does-not-wait", mkfifo },
  { "folder", mkdir },
};

static void
test_read_no_file (Fixture *f, gconstpointer data)
{
  const NoFile *test = data;
  g_autoptr (GError) error = NULL;
  HeartbeatIdentity identity;

  if (test->make != NULL)
    g_assert_cmpint (test->make (f->path, 0700), ==, 0);
  g_assert_null (heartbeat_storage_read (f->path, MAX_SIZE, &identity, &error));
  if (test->make == NULL)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  else
    g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE);
  g_assert_cmpint (identity.inode != 0, ==, test->make != NULL);
}

static void
read_unreadable (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  HeartbeatIdentity identity;

  g_assert_null (heartbeat_storage_read (f->path, MAX_SIZE, &identity, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
}

/* Root reads everything. */
static void
test_read_unreadable (Fixture *f, gconstpointer data)
{
  write_text (f->path, "x");
  g_assert_cmpint (g_chmod (f->path, 0), ==, 0);
  if (geteuid () != 0)
    read_unreadable (f);
  else
    {
      g_assert_cmpint (g_chmod (f->folder, 0755), ==, 0);
      in_child (f, become_somebody_else, read_unreadable, "no other users here");
    }
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
  gboolean fresh; /* what was read first may have been half a text */
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
  hbtest_assert_file (f->path, "old!");
  g_assert_cmpint (stat (f->path, &after), ==, 0);
  g_assert_cmpuint (before.st_ino, !=, after.st_ino);
  /* Who has the file open reads the old one to its end. */
  g_assert_cmpint (read (reader, kept, sizeof kept), ==, 3);
  close (reader);
  g_assert_cmpuint (hbtest_count_files (f->folder), ==, 1);
  g_assert_cmpuint (meddler.calls, ==, 1);
}

typedef struct
{
  const char *name;
  mode_t mode;
} Mode;

static const Mode modes[] = {
  { "0600", 0600 }, { "0644", 0644 }, { "0640", 0640 },
  { "0666", 0666 }, { "0755", 0755 }, { "0400", 0400 },
};

static void
test_edit_keeps_the_mode (Fixture *f, gconstpointer data)
{
  const Mode *test = data;
  Meddler meddler = { f->path };
  struct stat status;

  write_text (f->path, "x");
  g_assert_cmpint (g_chmod (f->path, test->mode), ==, 0);
  edit (f->path, &meddler);
  g_assert_cmpint (stat (f->path, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 07777, ==, test->mode);
  g_assert_cmpuint (status.st_uid, ==, geteuid ());
}

static void
test_edit_keeps_the_owner (Fixture *f, gconstpointer data)
{
  Meddler meddler = { f->path };
  struct stat status;

  write_text (f->path, "x");
  if (is_lacking (chown (f->path, 12345, 54321), geteuid () != 0 ? EPERM : EINVAL,
                  "only root gives a file away"))
    return;
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
  hbtest_assert_file (f->path, "x!");
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
      hbtest_assert_file (f->path, "theirs, longer!");
      g_assert_cmpuint (meddler.calls, ==, 2);
      g_assert_cmpuint (hbtest_count_files (f->folder), ==, 1);
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

/* An edit that fails leaves what was there, and nothing beside it. */
typedef struct
{
  const char *name;
  const char *path; /* below the folder, or absolute */
  gboolean exists;
  HeartbeatStorageEditFunc edit;
  GQuark (*domain) (void);
  int code;
} FailingEdit;

static const FailingEdit failing_edits[] = {
  { "that-refuses-writes-nothing", "file.json", TRUE, refuse, heartbeat_error_quark,
    HEARTBEAT_ERROR_NO_SUCH_CHECK },
  { "missing-file", "file.json", FALSE, append_mark, g_io_error_quark, G_IO_ERROR_NOT_FOUND },
  { "vanished-folder", "gone/file.json", FALSE, append_mark, g_io_error_quark,
    G_IO_ERROR_NOT_FOUND },
  /* No file can be made in /proc, not even by root. */
  { "where-nothing-can-be-written", "/proc/self/comm", FALSE, append_mark, g_io_error_quark,
    G_IO_ERROR_NOT_FOUND },
};

static void
test_failing_edit (Fixture *f, gconstpointer data)
{
  const FailingEdit *test = data;
  g_autofree char *path = g_path_is_absolute (test->path)
                              ? g_strdup (test->path)
                              : g_build_filename (f->folder, test->path, NULL);
  Meddler meddler = { path };
  g_autoptr (GError) error = NULL;

  if (test->exists)
    write_text (path, "x");
  g_assert_null (heartbeat_storage_edit (path, MAX_SIZE, test->edit, &meddler, &error));
  g_assert_error (error, test->domain (), test->code);
  g_assert_false (heartbeat_storage_is_read_only_error (error));
  g_assert_cmpuint (hbtest_count_files (f->folder), ==, test->exists);
  if (test->exists)
    hbtest_assert_file (path, "x");
}

static char *
get_attribute (const char *path, const char *name)
{
  char value[256];
  gssize n = getxattr (path, name, value, sizeof value);

  return n < 0 ? NULL : g_base64_encode ((const guchar *) value, n);
}

/* Version 2; rw for the owner and user 12345, r for the group, mask rw, nothing for others. */
static const guint8 acl[] = { 2, 0,  0,   0,   1,   0,   6,  0, 255, 255, 255, 255, 2,   0,  6,
                              0, 57, 48,  0,   0,   4,   0,  4, 0,   255, 255, 255, 255, 16, 0,
                              6, 0,  255, 255, 255, 255, 32, 0, 0,   0,   255, 255, 255, 255 };

typedef struct
{
  const char *name;
  const char *attribute;
  gconstpointer value;
  gsize length;
  const char *facility;
} Attribute;

static const Attribute attributes[] = {
  { "extended-attributes", "user.heartbeat", "kept", 4, "no extended attributes here" },
  { "access-list", "system.posix_acl_access", acl, sizeof acl, "no access control lists here" },
};

static void
test_edit_keeps_an_attribute (Fixture *f, gconstpointer data)
{
  const Attribute *test = data;
  Meddler meddler = { f->path };
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  write_text (f->path, "x");
  if (is_lacking (setxattr (f->path, test->attribute, test->value, test->length, 0), ENOTSUP,
                  test->facility))
    return;
  before = get_attribute (f->path, test->attribute);
  edit (f->path, &meddler);
  after = get_attribute (f->path, test->attribute);
  g_assert_nonnull (before);
  g_assert_cmpstr (after, ==, before);
}

/* What new files in the folder get is not what the old one had. */
static void
test_edit_inherits_no_access_list (Fixture *f, gconstpointer data)
{
  Meddler meddler = { f->path };
  struct stat status;

  write_text (f->path, "x");
  g_chmod (f->path, 0640);
  if (is_lacking (setxattr (f->folder, "system.posix_acl_default", acl, sizeof acl, 0), ENOTSUP,
                  "no access control lists here"))
    return;
  edit (f->path, &meddler);
  g_assert_null (get_attribute (f->path, "system.posix_acl_access"));
  g_assert_cmpint (stat (f->path, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 07777, ==, 0640);
}

/* --- Who else writes ------------------------------------------------------------------------------------------------ */

/* Asks the system, not what is tested here. A file system without leases says EINVAL. */
static gboolean
lacks_leases (const char *path)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  int result = fcntl (fd, F_SETLEASE, F_RDLCK);
  gboolean lacks = is_lacking (result, EINVAL, "no leases here");

  close (fd);
  return lacks;
}

static gpointer
open_for_writing (gpointer data)
{
  int fd = TEMP_FAILURE_RETRY (open (data, O_WRONLY | O_TRUNC | O_CLOEXEC));

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, "new", 3), ==, 3);
  close (fd);
  return NULL;
}

/* The signal that comes with it would end this process if it were the usual one. */
static void
test_lease_holds_a_writer_up (Fixture *f, gconstpointer data)
{
  g_auto (HeartbeatLockedFile) held = HEARTBEAT_LOCKED_FILE_INIT;
  g_autoptr (GBytes) old = g_bytes_new_static ("old", 3);
  g_autoptr (GThread) writer = NULL;

  write_text (f->path, "old");
  if (lacks_leases (f->path))
    return;
  g_assert_true (heartbeat_locked_file_open (&held, f->path));
  g_assert_true (heartbeat_locked_file_lease (&held));
  g_assert_false (heartbeat_locked_file_is_wanted (&held));
  writer = g_thread_new ("writer", open_for_writing, f->path);
  while (!heartbeat_locked_file_is_wanted (&held))
    g_thread_yield ();
  g_assert_true (heartbeat_locked_file_contains (&held, old));
  heartbeat_locked_file_release (&held);
  g_thread_join (g_steal_pointer (&writer));
  g_assert_false (heartbeat_locked_file_contains (&held, old));
}

static void
test_lease_is_refused_while_somebody_writes (Fixture *f, gconstpointer data)
{
  g_auto (HeartbeatLockedFile) held = HEARTBEAT_LOCKED_FILE_INIT;
  int fd;

  write_text (f->path, "old");
  if (lacks_leases (f->path))
    return;
  fd = open (f->path, O_WRONLY | O_CLOEXEC);
  g_assert_true (heartbeat_locked_file_open (&held, f->path));
  g_assert_false (heartbeat_locked_file_lease (&held));
  close (fd);
  g_assert_true (heartbeat_locked_file_lease (&held));
}

static void
test_edit_gives_up_on_an_endless_writer (Fixture *f, gconstpointer data)
{
  Meddler meddler = { f->path };
  g_autoptr (GError) error = NULL;
  int fd;

  write_text (f->path, "old");
  if (lacks_leases (f->path))
    return;
  fd = open (f->path, O_WRONLY | O_CLOEXEC);
  g_assert_null (heartbeat_storage_edit (f->path, MAX_SIZE, append_mark, &meddler, &error));
  close (fd);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_true (heartbeat_storage_is_read_only_error (error));
  hbtest_assert_file (f->path, "old");
  g_assert_cmpuint (hbtest_count_files (f->folder), ==, 1);
}

/* As a kernel with a coarse clock would show it: size and times are those of before. */
static void
rewrite_in_the_same_tick (const char *path, const char *text)
{
  struct stat status;
  int fd;

  g_assert_cmpint (stat (path, &status), ==, 0);
  g_assert_cmpuint (status.st_size, ==, strlen (text));
  write_text (path, text);
  fd = open (path, O_RDONLY | O_CLOEXEC);
  g_assert_cmpint (futimens (fd, (struct timespec[]){ status.st_atim, status.st_mtim }), ==, 0);
  close (fd);
}

static void
test_rewrite_in_the_same_tick_is_seen (Fixture *f, gconstpointer data)
{
  g_auto (HeartbeatLockedFile) held = HEARTBEAT_LOCKED_FILE_INIT;
  g_autoptr (GBytes) mine = g_bytes_new_static ("mine", 4);
  HeartbeatIdentity before, after;

  write_text (f->path, "mine");
  g_assert_true (heartbeat_locked_file_open (&held, f->path));
  g_assert_true (heartbeat_locked_file_contains (&held, mine));
  heartbeat_identity_query (&before, AT_FDCWD, f->path);
  rewrite_in_the_same_tick (f->path, "your");
  heartbeat_identity_query (&after, AT_FDCWD, f->path);
  g_assert_cmpint (before.modified, ==, after.modified);
  g_assert_false (heartbeat_locked_file_contains (&held, mine));
}

static GBytes *
rewrite_once (GBytes *text, gconstpointer data, GError **error)
{
  Meddler *meddler = (Meddler *) data;

  if (meddler->calls == 0)
    rewrite_in_the_same_tick (meddler->path, "your");
  return append_mark (text, meddler, error);
}

static void
test_edit_merges_a_rewrite_in_the_same_tick (Fixture *f, gconstpointer data)
{
  Meddler meddler = { f->path };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) text = NULL;

  write_text (f->path, "mine");
  text = heartbeat_storage_edit (f->path, MAX_SIZE, rewrite_once, &meddler, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (meddler.calls, ==, 2);
  hbtest_assert_file (f->path, "your!");
}

/* A text that is refused right after it was written is looked at again, since it may be half of one. */
static GBytes *
complete_once (GBytes *text, gconstpointer data, GError **error)
{
  Meddler *meddler = (Meddler *) data;
  HeartbeatIdentity identity;

  if (meddler->calls > 0)
    return append_mark (text, meddler, error);
  meddler->calls++;
  g_assert_true (heartbeat_identity_query (&identity, AT_FDCWD, meddler->path));
  meddler->fresh = heartbeat_identity_is_racy (&identity, g_get_real_time ());
  write_text (meddler->path, "whole");
  return refuse (text, NULL, error);
}

/* Half a text that is too old to be looked at again is refused: on a busy machine that may happen first. */
static void
test_edit_looks_again_at_half_a_text (Fixture *f, gconstpointer data)
{
  const gint64 deadline = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;
  Meddler meddler = { f->path };

  while (!meddler.fresh)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) text = NULL;

      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      meddler.calls = 0;
      write_text (f->path, "wh");
      text = heartbeat_storage_edit (f->path, MAX_SIZE, complete_once, &meddler, &error);
      if (meddler.fresh)
        g_assert_no_error (error);
    }
  hbtest_assert_file (f->path, "whole!");
}

/* --- What a killed process leaves ----------------------------------------------------------------------------------- */

static void
test_sweep (Fixture *f, gconstpointer data)
{
  static const char *const others[]
      = { ".file.json.heartbeat-abc",     ".file.json.heartbeat-abcdefg",
          ".file.json.heartbeat-abcd.f",  "file.json.heartbeat-abcdef",
          ".other.json.heartbeat-abcdef", ".file.json.abcdef" };
  g_autofree char *left = g_build_filename (f->folder, ".file.json.heartbeat-a1B2c3", NULL);
  g_autofree char *held = g_build_filename (f->folder, ".file.json.heartbeat-ABCDEF", NULL);
  int fd;

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autofree char *path = g_build_filename (f->folder, others[i], NULL);

      write_text (path, "");
    }
  write_text (left, "x");
  write_text (held, "x");
  fd = open (held, O_RDONLY | O_CLOEXEC);
  g_assert_cmpint (flock (fd, LOCK_SH), ==, 0);
  heartbeat_storage_sweep (f->path);
  g_assert_cmpint (g_access (left, F_OK), ==, -1);
  g_assert_cmpint (g_access (held, F_OK), ==, 0);
  g_assert_cmpuint (hbtest_count_files (f->folder), ==, G_N_ELEMENTS (others) + 1);
  close (fd);
  heartbeat_storage_sweep (f->path);
  g_assert_cmpuint (hbtest_count_files (f->folder), ==, G_N_ELEMENTS (others));
}

static void
test_sweep_follows_the_link_of_the_file (Fixture *f, gconstpointer data)
{
  char *folder = hbtest_make_folder ();
  g_autofree char *link = g_build_filename (folder, "link.json", NULL);
  g_autofree char *left = g_build_filename (f->folder, ".file.json.heartbeat-a1B2c3", NULL);

  write_text (f->path, "x");
  write_text (left, "x");
  g_assert_cmpint (symlink (f->path, link), ==, 0);
  heartbeat_storage_sweep (link);
  g_assert_cmpint (g_access (left, F_OK), ==, -1);
  hbtest_remove_folder (folder);
}

/* --- Files of ours -------------------------------------------------------------------------------------------------- */

static void
test_write (Fixture *f, gconstpointer data)
{
  g_autofree char *upper = g_build_filename (f->folder, "a", NULL);
  g_autofree char *folder = g_build_filename (upper, "b", NULL);
  g_autofree char *path = g_build_filename (folder, "state.json", NULL);
  g_autoptr (GBytes) one = g_bytes_new_static ("one", 3);
  g_autoptr (GBytes) two = g_bytes_new_static ("two!", 4);
  g_autoptr (GError) error = NULL;
  struct stat status;

  g_assert_true (heartbeat_storage_write (path, one, &error));
  g_assert_no_error (error);
  hbtest_assert_file (path, "one");
  g_chmod (path, 0644);
  g_assert_true (heartbeat_storage_write (path, two, &error));
  g_assert_no_error (error);
  hbtest_assert_file (path, "two!");
  g_assert_cmpint (stat (path, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 07777, ==, 0600);
  g_assert_cmpint (stat (upper, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 07777, ==, 0700);
  g_assert_cmpuint (hbtest_count_files (folder), ==, 1);
}

static void
test_write_where_a_file_is_in_the_way (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->path, "state.json", NULL);
  g_autoptr (GBytes) text = g_bytes_new_static ("x", 1);
  g_autoptr (GError) error = NULL;

  write_text (f->path, "x");
  g_assert_false (heartbeat_storage_write (path, text, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY);
  hbtest_assert_file (f->path, "x");
}

/* --- Mounts --------------------------------------------------------------------------------------------------------- */

/* Without the right to mount, EPERM; in a container whose profile forbids it, EACCES. */
static void
assert_mounted (int result)
{
  if (result == 0)
    return;
  if (errno == EPERM || errno == EACCES || errno == ENOSYS)
    _exit (CHILD_LACKS);
  g_error ("cannot mount: %s", g_strerror (errno));
}

/* Mounts of its own, with the folder on a small file system in memory. */
static void
mount_folder (Fixture *f)
{
  assert_mounted (unshare (CLONE_NEWNS));
  assert_mounted (mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
  assert_mounted (mount ("tmpfs", f->folder, "tmpfs", 0, "size=64k"));
}

static void
assert_read_only (Fixture *f, int code)
{
  Meddler meddler = { f->path };
  g_autoptr (GError) error = NULL;

  g_assert_null (heartbeat_storage_edit (f->path, MAX_SIZE, append_mark, &meddler, &error));
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_true (heartbeat_storage_is_read_only_error (error));
  hbtest_assert_file (f->path, "x");
  g_assert_cmpuint (hbtest_count_files (f->folder), ==, 1);
}

static void
edit_read_only (Fixture *f)
{
  write_text (f->path, "x");
  g_assert_cmpint (mount (NULL, f->folder, NULL, MS_REMOUNT | MS_RDONLY, NULL), ==, 0);
  assert_read_only (f, G_IO_ERROR_READ_ONLY);
}

static void
edit_mounted_alone (Fixture *f)
{
  write_text (f->path, "x");
  g_assert_cmpint (mount (f->path, f->path, NULL, MS_BIND, NULL), ==, 0);
  assert_read_only (f, G_IO_ERROR_BUSY);
}

static void
edit_full (Fixture *f)
{
  g_autofree char *filler = g_build_filename (f->folder, "filler", NULL);
  g_autofree char *block = g_malloc0 (4096);
  Meddler meddler = { f->path };
  g_autoptr (GError) error = NULL;
  int fd;

  write_text (f->path, "x");
  fd = open (filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  while (write (fd, block, 4096) > 0)
    continue;
  g_assert_cmpint (errno, ==, ENOSPC);
  g_assert_null (heartbeat_storage_edit (f->path, MAX_SIZE, append_mark, &meddler, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_false (heartbeat_storage_is_read_only_error (error));
  hbtest_assert_file (f->path, "x");
  g_assert_cmpuint (hbtest_count_files (f->folder), ==, 2);
}

typedef struct
{
  const char *name;
  InChild func;
} Mount;

static const Mount mounts[] = {
  { "read-only-mount", edit_read_only },
  { "file-mounted-alone", edit_mounted_alone },
  { "full-disk", edit_full },
};

static void
test_edit_on_a_mount (Fixture *f, gconstpointer data)
{
  const Mount *test = data;

  in_child (f, mount_folder, test->func, "no mounts here");
}

/* --- Other owners --------------------------------------------------------------------------------------------------- */

static void
edit_as_somebody_else (Fixture *f)
{
  Meddler meddler = { f->path };

  edit (f->path, &meddler);
}

/* Somebody who may replace root's file, but neither lease it nor give the new one away. */
static void
test_edit_of_somebody_elses_file (Fixture *f, gconstpointer data)
{
  struct stat status;

  write_text (f->path, "x");
  g_assert_cmpint (g_chmod (f->path, 0664), ==, 0);
  if (is_lacking (chown (f->folder, 12345, 12345), EPERM, "needs two users")
      || !in_child (f, become_somebody_else, edit_as_somebody_else, "needs two users"))
    return;
  hbtest_assert_file (f->path, "x!");
  g_assert_cmpint (stat (f->path, &status), ==, 0);
  g_assert_cmpuint (status.st_uid, ==, 12345);
  /* Root's group may no longer write: its bits would be another group's now. */
  g_assert_cmpuint (status.st_mode & 07777, ==, 0644);
}

static void
edit_in_their_folder (Fixture *f)
{
  assert_read_only (f, G_IO_ERROR_PERMISSION_DENIED);
}

static void
test_edit_in_a_folder_of_somebody_else (Fixture *f, gconstpointer data)
{
  write_text (f->path, "x");
  g_assert_cmpint (g_chmod (f->folder, 0755), ==, 0);
  if (is_lacking (chown (f->path, 12345, 12345), EPERM, "needs two users"))
    return;
  in_child (f, become_somebody_else, edit_in_their_folder, "needs two users");
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
#define ADD_CASES(prefix, rows, func)                                                              \
  hbtest_add_fixture_cases (prefix, rows, Fixture, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/storage/read/text-and-identity", test_read);
  ADD ("/storage/read/empty", test_read_empty);
  ADD ("/storage/read/larger-than-the-limit", test_read_size);
  ADD ("/storage/read/more-than-its-size", test_read_more_than_its_size);
  ADD ("/storage/read/unreadable", test_read_unreadable);
  ADD_CASES ("/storage/read", no_files, test_read_no_file);
  ADD_CASES ("/storage/edit/keeps-the-mode", modes, test_edit_keeps_the_mode);
  ADD_CASES ("/storage/edit/keeps", attributes, test_edit_keeps_an_attribute);
  ADD_CASES ("/storage/edit", failing_edits, test_failing_edit);
  ADD_CASES ("/storage/edit", mounts, test_edit_on_a_mount);
  g_test_add_func ("/identity/racy-within-20-ms", test_racy);
  ADD ("/identity/of-what-is-not-there", test_identity_of_what_is_not_there);
  ADD ("/storage/edit/replaces-atomically", test_edit_replaces_atomically);
  ADD ("/storage/edit/keeps-the-owner", test_edit_keeps_the_owner);
  ADD ("/storage/edit/keeps-a-link", test_edit_keeps_a_link);
  ADD ("/storage/edit/merges-what-others-wrote", test_edit_merges_what_others_wrote);
  ADD ("/storage/edit/without-change-writes-nothing", test_edit_without_change_writes_nothing);
  ADD ("/storage/edit/inherits-no-access-list", test_edit_inherits_no_access_list);
  ADD ("/storage/lease/holds-a-writer-up", test_lease_holds_a_writer_up);
  ADD ("/storage/lease/is-refused-while-somebody-writes",
       test_lease_is_refused_while_somebody_writes);
  ADD ("/storage/edit/gives-up-on-an-endless-writer", test_edit_gives_up_on_an_endless_writer);
  ADD ("/storage/rewrite-in-the-same-tick-is-seen", test_rewrite_in_the_same_tick_is_seen);
  ADD ("/storage/edit/merges-a-rewrite-in-the-same-tick",
       test_edit_merges_a_rewrite_in_the_same_tick);
  ADD ("/storage/edit/looks-again-at-half-a-text", test_edit_looks_again_at_half_a_text);
  ADD ("/storage/sweep/only-ours-and-not-held", test_sweep);
  ADD ("/storage/sweep/follows-the-link-of-the-file", test_sweep_follows_the_link_of_the_file);
  ADD ("/storage/write/creates-and-replaces", test_write);
  ADD ("/storage/write/file-in-the-way-of-the-folder", test_write_where_a_file_is_in_the_way);
  ADD ("/storage/edit/file-of-somebody-else", test_edit_of_somebody_elses_file);
  ADD ("/storage/edit/folder-of-somebody-else", test_edit_in_a_folder_of_somebody_else);

  return g_test_run ();
}
