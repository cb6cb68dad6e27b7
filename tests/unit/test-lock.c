/* SPDX-License-Identifier: MIT */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "base/heartbeat-error.h"
#include "service/heartbeat-lock.h"
#include "heartbeat-test.h"

#define TAKEN "taken"

static const char *program;

/* --- Another process: says what became of its wish, and holds the lock until its input ends ------------------------- */

static int
take_and_hold (const char *agent)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatLock) lock = heartbeat_lock_take (agent, &error);
  char end;

  puts (lock != NULL ? TAKEN : error->message);
  fflush (stdout);
  return read (STDIN_FILENO, &end, 1) == 0 ? 0 : 1;
}

typedef struct
{
  char *folder;
  GSubprocessLauncher *launcher;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *state = NULL;

  fixture->folder = hbtest_make_folder ();
  state = g_build_filename (fixture->folder, "state", NULL);
  fixture->launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_subprocess_launcher_setenv (fixture->launcher, "XDG_RUNTIME_DIR", fixture->folder, TRUE);
  g_subprocess_launcher_setenv (fixture->launcher, "XDG_STATE_HOME", state, TRUE);
  g_setenv ("XDG_RUNTIME_DIR", fixture->folder, TRUE);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_object (&fixture->launcher);
  hbtest_remove_folder (fixture->folder);
}

static GSubprocess *
start_holder (Fixture *fixture, const char *agent, char **said)
{
  g_autoptr (GError) error = NULL;
  GSubprocess *holder
      = g_subprocess_launcher_spawn (fixture->launcher, &error, program, "--hold", agent, NULL);
  g_autoptr (GDataInputStream) output = NULL;

  g_assert_no_error (error);
  output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (holder));
  *said = g_data_input_stream_read_line_utf8 (output, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (*said);
  return holder;
}

static GSubprocess *
hold (Fixture *fixture, const char *agent)
{
  g_autofree char *said = NULL;
  GSubprocess *holder = start_holder (fixture, agent, &said);

  g_assert_cmpstr (said, ==, TAKEN);
  return holder;
}

static void
end (GSubprocess *holder)
{
  g_output_stream_close (g_subprocess_get_stdin_pipe (holder), NULL, NULL);
  g_assert_true (g_subprocess_wait (holder, NULL, NULL));
  g_object_unref (holder);
}

static void
assert_taken_by (const char *agent, const char *pid)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatLock) lock = heartbeat_lock_take (agent, &error);
  g_autofree char *by = g_strconcat ("process ", pid, NULL);

  g_assert_null (lock);
  hbtest_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_ALREADY_RUNNING, agent);
  g_assert_true (g_str_has_suffix (error->message, by));
}

static void
assert_free (const char *agent)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatLock) lock = heartbeat_lock_take (agent, &error);

  g_assert_no_error (error);
  g_assert_nonnull (lock);
}

static char *
lock_path (Fixture *fixture, const char *first, const char *second)
{
  return g_build_filename (fixture->folder, first, second, NULL);
}

/* --- Tests ---------------------------------------------------------------------------------------------------------- */

static void
test_taken_once (Fixture *fixture, gconstpointer data)
{
  assert_free ("cack");
  assert_free ("cack");
}

static void
test_second_taker_in_this_process (Fixture *fixture, gconstpointer data)
{
  g_autoptr (HeartbeatLock) lock = heartbeat_lock_take ("cack", NULL);
  g_autofree char *pid = g_strdup_printf ("%d", (int) getpid ());

  g_assert_nonnull (lock);
  assert_taken_by ("cack", pid);
}

static void
test_taken_by_another_process (Fixture *fixture, gconstpointer data)
{
  GSubprocess *holder = hold (fixture, "cack");

  assert_taken_by ("cack", g_subprocess_get_identifier (holder));
  assert_taken_by ("cack", g_subprocess_get_identifier (holder));
  end (holder);
  assert_free ("cack");
}

static void
test_second_taker_in_another_process (Fixture *fixture, gconstpointer data)
{
  g_autoptr (HeartbeatLock) lock = heartbeat_lock_take ("cack", NULL);
  g_autofree char *said = NULL;
  g_autofree char *expected
      = g_strdup_printf ("the agent “cack” is served already, by the process %d", (int) getpid ());
  GSubprocess *other = start_holder (fixture, "cack", &said);

  g_assert_cmpstr (said, ==, expected);
  end (other);
}

static void
test_released_by_sigkill (Fixture *fixture, gconstpointer data)
{
  GSubprocess *holder = hold (fixture, "cack");

  g_subprocess_force_exit (holder);
  g_assert_true (g_subprocess_wait (holder, NULL, NULL));
  g_assert_true (g_subprocess_get_if_signaled (holder));
  g_object_unref (holder);
  assert_free ("cack");
}

/* The second one is not told by whom. */
static void
test_taken_on_a_full_disk (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatLock) lock = NULL;
  g_autoptr (HeartbeatLock) second = NULL;
  struct rlimit before, none;

  /* No file may get larger: writing fails, as it does where there is no space. */
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  none = before;
  none.rlim_cur = 0;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &none), ==, 0);
  lock = heartbeat_lock_take ("cack", &error);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);
  g_assert_no_error (error);
  g_assert_nonnull (lock);
  second = heartbeat_lock_take ("cack", &error);
  g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_ALREADY_RUNNING);
  g_assert_true (g_str_has_suffix (error->message, "by another process"));
}

/* A process that is started meanwhile, as handlers are, does not keep the lock. */
static void
test_not_inherited (Fixture *fixture, gconstpointer data)
{
  g_autoptr (HeartbeatLock) lock = heartbeat_lock_take ("cack", NULL);
  GSubprocess *other = hold (fixture, "tonny");

  g_clear_pointer (&lock, heartbeat_lock_release);
  assert_free ("cack");
  end (other);
}

static void
test_agents_have_locks_of_their_own (Fixture *fixture, gconstpointer data)
{
  g_autoptr (HeartbeatLock) cack = heartbeat_lock_take ("cack", NULL);
  g_autoptr (HeartbeatLock) tonny = heartbeat_lock_take ("tonny", NULL);

  g_assert_nonnull (cack);
  g_assert_nonnull (tonny);
}

static void
test_file_of_the_contract (Fixture *fixture, gconstpointer data)
{
  g_autoptr (HeartbeatLock) lock = heartbeat_lock_take ("cack", NULL);
  g_autofree char *folder = lock_path (fixture, "heartbeat-consumer", NULL);
  g_autofree char *path = lock_path (fixture, "heartbeat-consumer", "cack.lock");
  g_autofree char *expected = g_strdup_printf ("%d\n", (int) getpid ());
  GStatBuf info;

  hbtest_assert_file (path, expected);
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
  g_assert_cmpint (g_stat (folder, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0700);
}

/* What an earlier holder wrote, however long, is gone. */
static void
test_replaces_the_earlier_holder (Fixture *fixture, gconstpointer data)
{
  g_autofree char *folder = lock_path (fixture, "heartbeat-consumer", NULL);
  g_autofree char *path = lock_path (fixture, "heartbeat-consumer", "cack.lock");
  g_autofree char *expected = g_strdup_printf ("%d\n", (int) getpid ());

  g_mkdir (folder, 0700);
  hbtest_write (path, "12345678901234567890 and more\n");
  assert_free ("cack");
  hbtest_assert_file (path, expected);
}

static void
test_without_runtime_folder (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = lock_path (fixture, "state/heartbeat-consumer", "cack.lock");
  GSubprocess *holder;
  GSubprocess *other;
  g_autofree char *said = NULL;

  if (data == NULL)
    g_subprocess_launcher_unsetenv (fixture->launcher, "XDG_RUNTIME_DIR");
  else
    g_subprocess_launcher_setenv (fixture->launcher, "XDG_RUNTIME_DIR", data, TRUE);
  holder = hold (fixture, "cack");
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_REGULAR));
  other = start_holder (fixture, "cack", &said);
  g_assert_true (g_str_has_suffix (said, g_subprocess_get_identifier (holder)));
  end (other);
  end (holder);
}

static void
test_folder_cannot_be_made (Fixture *fixture, gconstpointer data)
{
  g_autofree char *file = lock_path (fixture, "heartbeat-consumer", NULL);
  g_autoptr (GError) error = NULL;

  hbtest_write (file, "");
  g_assert_null (heartbeat_lock_take ("cack", &error));
  g_assert_nonnull (error);
  g_assert_true (error->domain == G_IO_ERROR);
  hbtest_assert_contains (error->message, file);
}

static void
test_file_cannot_be_opened (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = lock_path (fixture, "heartbeat-consumer", "cack.lock");
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (path, 0700), ==, 0);
  g_assert_null (heartbeat_lock_take ("cack", &error));
  g_assert_nonnull (error);
  g_assert_true (error->domain == G_IO_ERROR);
  hbtest_assert_contains (error->message, path);
}

/* Nobody can have another file overwritten. */
static void
test_symbolic_link_is_not_followed (Fixture *fixture, gconstpointer data)
{
  g_autofree char *folder = lock_path (fixture, "heartbeat-consumer", NULL);
  g_autofree char *path = lock_path (fixture, "heartbeat-consumer", "cack.lock");
  g_autofree char *victim = lock_path (fixture, "victim", NULL);

  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  hbtest_write (victim, "precious");
  g_assert_cmpint (symlink (victim, path), ==, 0);
  g_assert_null (heartbeat_lock_take ("cack", NULL));
  hbtest_assert_file (victim, "precious");
}

#define ADD(path, data, func) g_test_add (path, Fixture, data, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_autofree char *self = NULL;

  if (argc == 3 && strcmp (argv[1], "--hold") == 0)
    return take_and_hold (argv[2]);

  g_test_init (&argc, &argv, NULL);
  self = g_file_read_link ("/proc/self/exe", NULL);
  program = self;

  ADD ("/lock/taken-once", NULL, test_taken_once);
  ADD ("/lock/second-taker/in-this-process", NULL, test_second_taker_in_this_process);
  ADD ("/lock/second-taker/in-another-process", NULL, test_second_taker_in_another_process);
  ADD ("/lock/taken-by-another-process", NULL, test_taken_by_another_process);
  ADD ("/lock/released-by-sigkill", NULL, test_released_by_sigkill);
  ADD ("/lock/taken-on-a-full-disk", NULL, test_taken_on_a_full_disk);
  ADD ("/lock/not-inherited", NULL, test_not_inherited);
  ADD ("/lock/agents-have-locks-of-their-own", NULL, test_agents_have_locks_of_their_own);
  ADD ("/lock/file-of-the-contract", NULL, test_file_of_the_contract);
  ADD ("/lock/replaces-the-earlier-holder", NULL, test_replaces_the_earlier_holder);
  ADD ("/lock/without-runtime-folder/unset", NULL, test_without_runtime_folder);
  ADD ("/lock/without-runtime-folder/empty", "", test_without_runtime_folder);
  ADD ("/lock/folder-cannot-be-made", NULL, test_folder_cannot_be_made);
  ADD ("/lock/file-cannot-be-opened", NULL, test_file_cannot_be_opened);
  ADD ("/lock/symbolic-link-is-not-followed", NULL, test_symbolic_link_is_not_followed);

  return g_test_run ();
}
