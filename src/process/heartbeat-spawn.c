/* SPDX-License-Identifier: MIT */

#include "process/heartbeat-spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <glib-unix.h>

#include "base/heartbeat-i18n.h"

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

#define N_STREAMS 3

typedef enum
{
  STEP_NONE,
  STEP_STREAMS,
  STEP_FOLDER,
  STEP_PROGRAM,
} Step;

/**
 * HeartbeatLaunch:
 *
 * The start of a program. A thread calls vfork(), so the child shares this memory until it has become the program, and
 * records here how far it got.
 *
 * Why not g_spawn_async(): for a program with a working folder or a session of its own it falls back to fork(), which copies
 * the page tables: 8 ms of processor time per start in a service of 100 MiB. Why not posix_spawn(): it cannot limit the open
 * files, does not say whether the folder or the program was at fault, and returns only when the program has begun, so a
 * time-out could not end a start that hangs.
 */
struct _HeartbeatLaunch
{
  GStrv paths; /* tried in turn */
  GStrv argv;
  GStrv environment;
  char *folder;
  guint64 file_limit; /* 0 for the limit of this process */
  int streams[N_STREAMS];

  sem_t begun;
  pid_t pid; /* a negative errno if there is no child */
  Step failed_step;
  int failed_errno;
};

/* --- In the child: async-signal-safe calls only, because another thread may hold any lock ------------------------------ */

static void G_GNUC_NORETURN
give_up (HeartbeatLaunch *self, Step step)
{
  self->failed_errno = errno;
  self->failed_step = step;
  _exit (127);
}

/* Closes everything else, including what an embedding program has left open. */
static gboolean
connect_streams (const HeartbeatLaunch *self)
{
  int moved[N_STREAMS];

  /* A pipe may have one of the numbers 0 to 2 if this process has closed its own. */
  for (int i = 0; i < N_STREAMS; i++)
    if ((moved[i] = fcntl (self->streams[i], F_DUPFD, N_STREAMS)) < 0)
      return FALSE;
  for (int i = 0; i < N_STREAMS; i++)
    if (dup2 (moved[i], i) < 0)
      return FALSE;
  closefrom (N_STREAMS);
  return TRUE;
}

/* The program does not inherit what this process ignores, such as GIO's SIGPIPE. */
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

/* A program that uses select() must not get a descriptor past 1,023. */
static void
lower_file_limit (guint64 wanted)
{
  struct rlimit limit;

  if (wanted == 0 || getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = MIN (wanted, limit.rlim_max);
  setrlimit (RLIMIT_NOFILE, &limit);
}

/* Like execvp(), but without running a shell for a file that is not a program. */
static void
execute (const HeartbeatLaunch *self)
{
  gboolean denied = FALSE;

  for (guint i = 0; self->paths[i] != NULL; i++)
    {
      execve (self->paths[i], self->argv, self->environment);
      denied |= errno == EACCES;
      if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
        return;
    }
  if (denied)
    errno = EACCES;
}

G_NO_INLINE static void G_GNUC_NORETURN
become_program (HeartbeatLaunch *self)
{
  /* A new session is a new process group too, and has no terminal. */
  setsid ();
  self->pid = getpid ();
  sem_post (&self->begun);
  if (!connect_streams (self))
    give_up (self, STEP_STREAMS);
  reset_signals ();
  lower_file_limit (self->file_limit);
  if (chdir (self->folder) < 0)
    give_up (self, STEP_FOLDER);
  execute (self);
  give_up (self, STEP_PROGRAM);
}

/* --- In this process ------------------------------------------------------------------------------------------------- */

/* vfork() suspends the thread until its child has become the program or has ended. Signals are blocked because the child
 * must not run this process's handlers. The second sem_post() is for a child that was never made, or killed before the first. */
static gpointer
run_thread (gpointer data)
{
  HeartbeatLaunch *self = data;
  sigset_t all;
  pid_t pid;

  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, NULL);
  /* glibc's posix_spawn() does the same.
   * NOLINTBEGIN(clang-analyzer-security.insecureAPI.vfork, clang-analyzer-unix.Vfork) */
  pid = vfork ();
  if (pid == 0)
    become_program (self);
  /* NOLINTEND(clang-analyzer-security.insecureAPI.vfork, clang-analyzer-unix.Vfork) */
  if (self->pid == 0)
    self->pid = pid > 0 ? pid : -errno;
  sem_post (&self->begun);
  heartbeat_launch_unref (self);
  return NULL;
}

static GStrv
list_paths (const char *program)
{
  const char *path = g_getenv ("PATH");
  GStrv paths = NULL;

  if (strchr (program, '/') != NULL || *program == '\0')
    return g_strdupv ((char *[]){ (char *) program, NULL });
  paths = g_strsplit (path != NULL ? path : DEFAULT_PATH, ":", -1);
  for (guint i = 0; paths[i] != NULL; i++)
    {
      g_autofree char *folder = paths[i];

      paths[i] = g_build_filename (*folder != '\0' ? folder : ".", program, NULL);
    }
  return paths;
}

static HeartbeatLaunch *
launch_new (const char *const *argv,
            const char *const *environment,
            const char *folder,
            guint64 file_limit,
            int pipes[][2])
{
  HeartbeatLaunch *self = g_atomic_rc_box_new0 (HeartbeatLaunch);

  self->paths = list_paths (argv[0]);
  self->argv = g_strdupv ((char **) argv);
  self->environment = g_strdupv ((char **) environment);
  self->folder = g_strdup (folder);
  self->file_limit = file_limit;
  for (guint i = 0; i < N_STREAMS; i++)
    self->streams[i] = pipes[i][i > 0];
  sem_init (&self->begun, FALSE, 0);
  return self;
}

static void
launch_clear (gpointer data)
{
  HeartbeatLaunch *self = data;

  sem_destroy (&self->begun);
  g_strfreev (self->paths);
  g_strfreev (self->argv);
  g_strfreev (self->environment);
  g_free (self->folder);
}

/**
 * heartbeat_launch_unref:
 * @launch: (transfer full): a launch
 */
void
heartbeat_launch_unref (HeartbeatLaunch *launch)
{
  g_return_if_fail (launch != NULL);

  g_atomic_rc_box_release_full (launch, launch_clear);
}

/* Waits for no more than the child to exist, which takes no time. Returns its number or a negative errno. */
static pid_t
launch_start (HeartbeatLaunch *self)
{
  g_autoptr (GThread) thread = NULL;

  thread = g_thread_try_new ("spawn", run_thread, g_atomic_rc_box_acquire (self), NULL);
  if (thread == NULL)
    {
      heartbeat_launch_unref (self);
      return -EAGAIN;
    }
  while (sem_wait (&self->begun) < 0 && errno == EINTR)
    ;
  return self->pid;
}

static void
close_pipes (int pipes[][2])
{
  for (guint i = 0; i < 2 * N_STREAMS; i++)
    if (pipes[i / 2][i % 2] >= 0)
      close (pipes[i / 2][i % 2]);
}

/* Takes this process's end of a pipe. */
static int
take_end (int pipes[][2], guint stream)
{
  int end = g_steal_fd (&pipes[stream][stream == 0]);

  g_unix_set_fd_nonblocking (end, TRUE, NULL);
  return end;
}

static gboolean
spawn (HeartbeatChild *child, HeartbeatLaunch *launch, int pipes[][2])
{
  child->pid = launch_start (launch);
  if (child->pid < 0)
    {
      heartbeat_launch_unref (launch);
      errno = -child->pid;
      return FALSE;
    }
  child->launch = launch;
  child->in = take_end (pipes, STDIN_FILENO);
  child->out = take_end (pipes, STDOUT_FILENO);
  child->err = take_end (pipes, STDERR_FILENO);
  return TRUE;
}

/**
 * heartbeat_spawn:
 * @child: (out caller-allocates): the program
 * @argv: (array zero-terminated=1): the program, searched for in `PATH` unless it has a slash, and its arguments
 * @environment: (array zero-terminated=1): its environment
 * @folder: its working folder
 * @file_limit: the soft limit of open files; 0 for the limit of this process
 * @error: return location for an error
 *
 * Starts a program without waiting for it to begin, which a file server that hangs could delay. It gets three pipes and no
 * other descriptor, a session of its own, and the default action for every signal. The child must be reaped in any case;
 * heartbeat_launch_check() tells afterwards whether it became the program.
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
  int pipes[N_STREAMS][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
  gboolean started = FALSE;

  g_return_val_if_fail (child != NULL, FALSE);
  g_return_val_if_fail (argv != NULL && argv[0] != NULL, FALSE);
  g_return_val_if_fail (folder != NULL, FALSE);

  if (pipe2 (pipes[0], O_CLOEXEC) == 0 && pipe2 (pipes[1], O_CLOEXEC) == 0
      && pipe2 (pipes[2], O_CLOEXEC) == 0)
    started = spawn (child, launch_new (argv, environment, folder, file_limit, pipes), pipes);
  if (!started)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                 _ ("the program “%s” cannot be started: %s"), argv[0], g_strerror (errno));
  close_pipes (pipes);
  return started;
}

static const char *
explain (const HeartbeatLaunch *self)
{
  if (self->failed_step != STEP_PROGRAM)
    return g_strerror (self->failed_errno);
  switch (self->failed_errno)
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
      return g_strerror (self->failed_errno);
    }
}

/**
 * heartbeat_launch_check:
 * @launch: the launch of a child that has ended
 * @error: return location for an error
 *
 * Returns: whether the child had become the program
 */
gboolean
heartbeat_launch_check (HeartbeatLaunch *launch, GError **error)
{
  const char *program;

  g_return_val_if_fail (launch != NULL, FALSE);

  program = launch->argv[0];
  if (launch->failed_step == STEP_NONE)
    return TRUE;
  if (launch->failed_step == STEP_PROGRAM && launch->failed_errno == ENOENT
      && strchr (program, '/') == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _ ("the program %s is not installed"),
                 program);
  else if (launch->failed_step == STEP_FOLDER)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (launch->failed_errno),
                 _ ("the folder “%s” cannot be entered: %s"), launch->folder, explain (launch));
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (launch->failed_errno),
                 _ ("the program “%s” cannot be started: %s"), program, explain (launch));
  return FALSE;
}
