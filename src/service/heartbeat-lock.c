/* SPDX-License-Identifier: MIT */

#include "service/heartbeat-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"
#include "base/heartbeat-log.h"

#define FOLDER "heartbeat-consumer"

/**
 * HeartbeatLock:
 *
 * The right to serve an agent. The kernel releases it however the process ends; the file stays.
 */
struct _HeartbeatLock
{
  int fd;
};

/* The runtime folder belongs to the user. Without one (a system service, a container, or another user's after `su`) use the state
 * folder. By the XDG base directory specification a relative path is ignored. */
static char *
make_folder (void)
{
  const char *runtime = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *folder = NULL;

  if (runtime != NULL && g_path_is_absolute (runtime) && g_file_test (runtime, G_FILE_TEST_IS_DIR))
    {
      folder = g_build_filename (runtime, FOLDER, NULL);
      if (g_mkdir (folder, 0700) == 0 || errno == EEXIST)
        return g_steal_pointer (&folder);
      g_free (folder);
    }
  folder = g_build_filename (g_get_user_state_dir (), FOLDER, NULL);
  g_mkdir_with_parents (folder, 0700);
  return g_steal_pointer (&folder);
}

static char *
make_path (const char *agent)
{
  g_autofree char *folder = make_folder ();
  g_autofree char *name = g_strconcat (agent, ".lock", NULL);

  return g_build_filename (folder, name, NULL);
}

static void
set_taken_error (GError **error, const char *agent, int fd)
{
  char text[16] = "";
  int holder = pread (fd, text, sizeof text - 1, 0) > 0 ? atoi (text) : 0;

  if (holder > 0)
    g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_ALREADY_RUNNING,
                 _ ("the agent “%s” is served already, by the process %d"), agent, holder);
  else
    g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_ALREADY_RUNNING,
                 _ ("the agent “%s” is served already, by another process"), agent);
}

/* Tells a second process whom to blame. On a full disk the file stays empty, and the lock holds without it. */
static void
write_holder (int fd, const char *agent)
{
  char text[16];
  int length = snprintf (text, sizeof text, "%d\n", (int) getpid ());

  if (ftruncate (fd, 0) != 0 || pwrite (fd, text, length, 0) != length)
    heartbeat_log (G_LOG_LEVEL_DEBUG, HEARTBEAT_EVENT_NONE, agent, NULL,
                   "Cannot write this process's number into the lock: %s", g_strerror (errno));
}

/**
 * heartbeat_lock_take:
 * @agent: an agent's name
 * @error: return location for %HEARTBEAT_ERROR_ALREADY_RUNNING, which names the process that has it, or a #GIOErrorEnum
 *
 * Returns: (transfer full): the lock
 */
HeartbeatLock *
heartbeat_lock_take (const char *agent, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (HeartbeatLock) self = NULL;

  g_return_val_if_fail (agent != NULL, NULL);

  path = make_path (agent);
  self = g_new (HeartbeatLock, 1);
  self->fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (self->fd >= 0 && flock (self->fd, LOCK_EX | LOCK_NB) == 0)
    {
      write_holder (self->fd, agent);
      return g_steal_pointer (&self);
    }
  if (self->fd >= 0 && errno == EWOULDBLOCK)
    set_taken_error (error, agent, self->fd);
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _ ("cannot lock %s: %s"), path,
                 g_strerror (errno));
  return NULL;
}

void
heartbeat_lock_release (HeartbeatLock *self)
{
  g_return_if_fail (self != NULL);

  if (self->fd >= 0)
    close (self->fd);
  g_free (self);
}
