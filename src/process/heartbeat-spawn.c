/* SPDX-License-Identifier: MIT */

#include "process/heartbeat-spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <glib-unix.h>

#include "base/heartbeat-i18n.h"

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

/* The fourth descriptor of a child, until it is the program. */
#define FAILURE_FD 3

/* The pipe after that: the child, or else its thread, tells the child's number through it. */
#define NUMBER    (FAILURE_FD + 1)
#define MAX_PIPES (NUMBER + 1)

typedef enum
{
  STEP_PREPARE,
  STEP_FOLDER,
  STEP_PROGRAM,
} Step;

/* What a child writes when it cannot become the program. Less than PIPE_BUF: it is there whole or not at all. */
typedef struct
{
  int step;
  int code;
} Failure;

/* All that the child needs, made before: in it nothing but async-signal-safe calls may be made, since another thread may
 * hold any lock. It belongs to the thread that starts the child. */
typedef struct
{
  char **paths; /* tried in turn */
  char **argv;
  char **environment;
  char *folder;
  int fds[FAILURE_FD + 1]; /* open until the number was told */
  int number;              /* the thread's own */
  int max_fds;
  guint64 file_limit; /* 0 for that of this process */
} Plan;

/* --- In the child --------------------------------------------------------------------------------------------------- */

static void
write_whole (int fd, gconstpointer data, gsize size)
{
  gssize n;

  do
    n = write (fd, data, size);
  while (n < 0 && errno == EINTR);
}

static void G_GNUC_NORETURN
give_up (int fd, Step step)
{
  const Failure failure = { step, errno };

  write_whole (fd, &failure, sizeof failure);
  _exit (127);
}

/* What this process ignores, GLib's handlers and GIO's SIGPIPE alike, is not for the program. */
static void
reset_signals (void)
{
  struct sigaction action = { .sa_handler = SIG_DFL };
  sigset_t none;

  for (int number = 1; number < NSIG; number++)
    sigaction (number, &action, NULL);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
}

/* 0 to 2 are the pipes, 3 goes with exec, all else is closed at once: whatever an embedding program has left open. */
static gboolean
arrange_descriptors (const Plan *plan)
{
  int moved[G_N_ELEMENTS (plan->fds)];

  for (guint i = 0; i < G_N_ELEMENTS (moved); i++)
    {
      moved[i] = fcntl (plan->fds[i], F_DUPFD_CLOEXEC, FAILURE_FD + 1);
      if (moved[i] < 0)
        return FALSE;
    }
  for (guint i = 0; i < G_N_ELEMENTS (moved); i++)
    if (dup3 (moved[i], i, i == FAILURE_FD ? O_CLOEXEC : 0) < 0)
      return FALSE;
  /* Linux before 5.9 has no such call. */
  if (close_range (FAILURE_FD + 1, ~0U, 0) == 0)
    return TRUE;
  for (int fd = FAILURE_FD + 1; fd < plan->max_fds; fd++)
    close (fd);
  return TRUE;
}

/* select() knows no descriptor past 1,023, which a program that is given more may get. */
static void
lower_file_limit (guint64 wanted)
{
  struct rlimit limit;

  if (wanted == 0 || getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = MIN (wanted, limit.rlim_max);
  setrlimit (RLIMIT_NOFILE, &limit);
}

/* As execvp does it, less its shell for a file that is no program. */
static void
execute (const Plan *plan)
{
  gboolean denied = FALSE;

  for (guint i = 0; plan->paths[i] != NULL; i++)
    {
      execve (plan->paths[i], plan->argv, plan->environment);
      denied |= errno == EACCES;
      if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
        return;
    }
  if (denied)
    errno = EACCES;
}

G_NO_INLINE static void G_GNUC_NORETURN
become (const Plan *plan)
{
  const int number = getpid ();

  write_whole (plan->number, &number, sizeof number);
  /* A session of its own is a group of its own too, and has no terminal. */
  setsid ();
  if (!arrange_descriptors (plan))
    give_up (plan->fds[FAILURE_FD], STEP_PREPARE);
  reset_signals ();
  lower_file_limit (plan->file_limit);
  if (chdir (plan->folder) < 0)
    give_up (FAILURE_FD, STEP_FOLDER);
  execute (plan);
  give_up (FAILURE_FD, STEP_PROGRAM);
}

/* --- Here ----------------------------------------------------------------------------------------------------------- */

static GStrv
list_paths (const char *program)
{
  const char *path = g_getenv ("PATH");
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) folders = NULL;

  if (strchr (program, '/') != NULL || *program == '\0')
    {
      g_strv_builder_add (builder, program);
      return g_strv_builder_end (builder);
    }
  folders = g_strsplit (path != NULL ? path : DEFAULT_PATH, ":", -1);
  for (guint i = 0; folders[i] != NULL; i++)
    {
      g_autofree char *candidate
          = g_build_filename (*folders[i] != '\0' ? folders[i] : ".", program, NULL);

      g_strv_builder_add (builder, candidate);
    }
  return g_strv_builder_end (builder);
}

static void
plan_free (Plan *plan)
{
  close (plan->number);
  g_strfreev (plan->paths);
  g_strfreev (plan->argv);
  g_strfreev (plan->environment);
  g_free (plan->folder);
  g_free (plan);
}

/* The child borrows the memory of this process, which is not copied then, and this thread stands still until it has begun
 * or ended. No signal may come to this process's handlers in it: they would run here. What is told here comes second, and
 * nobody reads it, unless there is no child or it was killed before its first word. */
static gpointer
run_thread (gpointer data)
{
  Plan *plan = data;
  sigset_t all;
  int number;

  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, NULL);
  /* glibc's posix_spawn() does the same; become() makes nothing but system calls, on memory of the plan.
   * NOLINTBEGIN(clang-analyzer-security.insecureAPI.vfork, clang-analyzer-unix.Vfork) */
  number = vfork ();
  if (number == 0)
    become (plan);
  /* NOLINTEND(clang-analyzer-security.insecureAPI.vfork, clang-analyzer-unix.Vfork) */
  if (number < 0)
    number = -errno;
  write_whole (plan->number, &number, sizeof number);
  plan_free (plan);
  return NULL;
}

/* Waits for no more than that there is a child: it tells its number before it does what can take time. */
static pid_t
start_thread (Plan *plan, int number_fd)
{
  GThread *thread = g_thread_try_new ("spawn", run_thread, plan, NULL);
  int number = 0;
  gssize n;

  if (thread == NULL)
    {
      plan_free (plan);
      errno = EAGAIN;
      return -1;
    }
  g_thread_unref (thread);
  do
    n = read (number_fd, &number, sizeof number);
  while (n < 0 && errno == EINTR);
  if (number > 0)
    return number;
  errno = -number;
  return -1;
}

static void
close_all (int pipes[][2])
{
  for (guint i = 0; i < MAX_PIPES; i++)
    for (guint end = 0; end < 2; end++)
      if (pipes[i][end] >= 0)
        close (pipes[i][end]);
}

static gboolean
open_pipes (int pipes[][2])
{
  for (guint i = 0; i < MAX_PIPES; i++)
    pipes[i][0] = pipes[i][1] = -1;
  for (guint i = 0; i < MAX_PIPES; i++)
    if (pipe2 (pipes[i], O_CLOEXEC) < 0)
      return FALSE;
  return TRUE;
}

static int
take (int *fd)
{
  int taken = *fd;

  *fd = -1;
  g_unix_set_fd_nonblocking (taken, TRUE, NULL);
  return taken;
}

static Plan *
make_plan (const char *const *argv,
           const char *const *environment,
           const char *folder,
           guint64 file_limit,
           int pipes[][2])
{
  Plan *plan = g_new0 (Plan, 1);
  struct rlimit limit = { 0 };

  getrlimit (RLIMIT_NOFILE, &limit);
  plan->paths = list_paths (argv[0]);
  plan->argv = g_strdupv ((char **) argv);
  plan->environment = g_strdupv ((char **) environment);
  plan->folder = g_strdup (folder);
  for (guint i = 0; i <= FAILURE_FD; i++)
    plan->fds[i] = pipes[i][i > 0];
  plan->number = pipes[NUMBER][1];
  pipes[NUMBER][1] = -1;
  plan->max_fds = MIN (limit.rlim_cur, 65536);
  plan->file_limit = file_limit;
  return plan;
}

/**
 * heartbeat_spawn:
 * @child: (out caller-allocates): the program
 * @argv: (array zero-terminated=1): the program, looked for in `PATH` where it has no slash, and its arguments
 * @environment: (array zero-terminated=1): its environment
 * @folder: where it works
 * @file_limit: how many files it may have open, its soft limit; 0 is as many as this process
 * @error: return location for an error
 *
 * Starts a program without waiting for anything: neither for a file server that hangs, nor for the program to begin. It
 * gets three pipes and no other descriptor, a session of its own, and all signals as they are by default. It has to be
 * waited for in any case; if it could not begin, heartbeat_spawn_check() tells why.
 *
 * GLib's own functions leave ignored signals ignored, give a file that is no program to the shell, wait until the program
 * has begun, and copy the tables of this process's memory for every program that works in a folder of its own.
 * posix_spawn() waits as well, and knows no limits.
 *
 * Returns: whether there is a child
 */
gboolean
heartbeat_spawn (HeartbeatChild *child,
                 const char *const *argv,
                 const char *const *environment,
                 const char *folder,
                 guint64 file_limit,
                 GError **error)
{
  int pipes[MAX_PIPES][2];

  child->pid = -1;
  if (open_pipes (pipes))
    child->pid
        = start_thread (make_plan (argv, environment, folder, file_limit, pipes), pipes[NUMBER][0]);
  if (child->pid < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                   _ ("the program “%s” cannot be started: %s"), argv[0], g_strerror (errno));
      close_all (pipes);
      return FALSE;
    }
  child->in = take (&pipes[0][1]);
  child->out = take (&pipes[1][0]);
  child->err = take (&pipes[2][0]);
  child->failure = take (&pipes[3][0]);
  close_all (pipes);
  return TRUE;
}

static const char *
explain (const Failure *failure)
{
  if (failure->step != STEP_PROGRAM)
    return g_strerror (failure->code);
  switch (failure->code)
    {
    case ENOEXEC:
      return _ ("it is no program: a script begins with a line like “#!/bin/sh”");
    case ENOENT:
      return _ ("it does not exist, or the interpreter that its first line names does not");
    case EACCES:
      return _ ("it is not executable (chmod +x)");
    case E2BIG:
      return _ ("its arguments and environment are too large");
    default:
      return g_strerror (failure->code);
    }
}

/**
 * heartbeat_spawn_check:
 * @failure: a child's descriptor of that name
 * @program: what it was to be
 * @folder: where it was to work
 * @error: return location for an error
 *
 * To be called when the child has ended.
 *
 * Returns: whether it had become the program
 */
gboolean
heartbeat_spawn_check (int failure, const char *program, const char *folder, GError **error)
{
  Failure why;
  gssize n;

  do
    n = read (failure, &why, sizeof why);
  while (n < 0 && errno == EINTR);
  if (n != sizeof why)
    return TRUE;
  if (why.step == STEP_PROGRAM && why.code == ENOENT && strchr (program, '/') == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _ ("the program %s is not installed"),
                 program);
  else if (why.step == STEP_FOLDER)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (why.code),
                 _ ("the folder “%s” cannot be entered: %s"), folder, explain (&why));
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (why.code),
                 _ ("the program “%s” cannot be started: %s"), program, explain (&why));
  return FALSE;
}
