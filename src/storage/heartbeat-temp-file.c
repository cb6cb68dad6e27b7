/* SPDX-License-Identifier: MIT */

#include "storage/heartbeat-temp-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "storage/heartbeat-attributes.h"
#include "base/heartbeat-i18n.h"
#include "base/heartbeat-io-error.h"

/* `.heartbeat.json.heartbeat-a1B2c3`: nobody else uses such names, so what a sweep removes is ours. */
#define MARK       ".heartbeat-"
#define SUFFIX     "XXXXXX"
#define SUFFIX_LEN (sizeof SUFFIX - 1)

/* How many times a sweep may remove a file between its creation and its lock. */
#define MAX_TRIES 10

static char *
prefix_of (const char *target)
{
  g_autofree char *base = g_path_get_basename (target);

  return g_strdup_printf (".%s" MARK, base);
}

static gboolean
write_all (int fd, GBytes *text)
{
  gsize length;
  const char *data = g_bytes_get_data (text, &length);

  while (length > 0)
    {
      gssize n = TEMP_FAILURE_RETRY (write (fd, data, length));

      if (n < 0)
        return FALSE;
      data += n;
      length -= n;
    }
  return TRUE;
}

/* Locks the new file, so that a sweep of any process knows it is in use. The lock ends with this process, however that
 * ends. */
static gboolean
hold (HeartbeatTempFile *self)
{
  struct stat status;

  if (!heartbeat_locked_file_open (&self->held, self->path))
    return FALSE;
  /* On a file system without locks a sweep cannot lock anything either, and removes nothing. */
  flock (self->held.fd, LOCK_SH);
  if (fstat (self->held.fd, &status) == 0 && status.st_nlink > 0)
    return TRUE;
  errno = ENOENT;
  return FALSE;
}

/* Creates an empty file with a unique name, open for writing. Returns -1 and sets `errno` on failure. */
static int
make (HeartbeatTempFile *self, const char *target)
{
  g_autofree char *folder = g_path_get_dirname (target);
  g_autofree char *prefix = prefix_of (target);

  for (guint i = 0; i < MAX_TRIES; i++)
    {
      int code, fd;

      self->path = g_strdup_printf ("%s/%s" SUFFIX, folder, prefix);
      fd = g_mkstemp_full (self->path, O_WRONLY | O_CLOEXEC, 0600);
      if (fd >= 0 && hold (self))
        return fd;
      code = errno;
      if (fd >= 0)
        close (fd);
      else
        g_clear_pointer (&self->path, g_free);
      heartbeat_temp_file_clear (self);
      errno = code;
      if (fd < 0 || code != ENOENT)
        break;
    }
  return -1;
}

/**
 * heartbeat_temp_file_create:
 * @self: (out caller-allocates): what was %HEARTBEAT_TEMP_FILE_INIT
 * @target: the file that it will replace, not a symbolic link
 * @model: an open file whose owner, mode and extended attributes it takes; -1: it is ours, with mode 0600
 * @text: its text
 * @error: return location for a #GIOErrorEnum
 *
 * Creates a temporary file, complete and on disk.
 *
 * Returns: whether it was created; nothing is left behind otherwise
 */
gboolean
heartbeat_temp_file_create (HeartbeatTempFile *self,
                            const char *target,
                            int model,
                            GBytes *text,
                            GError **error)
{
  int fd;
  gboolean good;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (target != NULL, FALSE);
  g_return_val_if_fail (text != NULL, FALSE);

  fd = make (self, target);
  if (fd < 0)
    return heartbeat_io_error (error, errno, _ ("cannot create a file beside %s"), target);
  good = (model < 0 || heartbeat_attributes_copy (model, fd)) && write_all (fd, text)
         && TEMP_FAILURE_RETRY (fsync (fd)) == 0;
  if (!good)
    heartbeat_io_error (error, errno, _ ("cannot write a file beside %s"), target);
  close (fd);
  if (!good)
    heartbeat_temp_file_clear (self);
  return good;
}

/**
 * heartbeat_temp_file_clear:
 * @self: a temporary file, or none
 *
 * Removes the file that has its name now, and closes it.
 */
void
heartbeat_temp_file_clear (HeartbeatTempFile *self)
{
  g_return_if_fail (self != NULL);

  if (self->path != NULL)
    unlink (self->path);
  g_clear_pointer (&self->path, g_free);
  heartbeat_locked_file_close (&self->held);
}

static gboolean
is_ours (const char *name, const char *prefix)
{
  gsize length = strlen (prefix);

  if (!g_str_has_prefix (name, prefix) || strlen (name) != length + SUFFIX_LEN)
    return FALSE;
  for (const char *at = name + length; *at != '\0'; at++)
    if (!g_ascii_isalnum (*at))
      return FALSE;
  return TRUE;
}

/* The lock is held until the name is gone: a process that has created the file and waits for its lock will notice. */
static void
remove_unless_held (const char *path)
{
  g_auto (HeartbeatLockedFile) held = HEARTBEAT_LOCKED_FILE_INIT;
  struct stat status;

  if (lstat (path, &status) != 0 || !S_ISREG (status.st_mode)
      || !heartbeat_locked_file_open (&held, path))
    return;
  if (flock (held.fd, LOCK_EX | LOCK_NB) == 0 && heartbeat_locked_file_is_at (&held, path))
    unlink (path);
}

/**
 * heartbeat_temp_file_sweep:
 * @target: a file, not a symbolic link
 *
 * Removes the temporary files that a killed process has left beside it. Those of a running process are locked.
 */
void
heartbeat_temp_file_sweep (const char *target)
{
  g_autofree char *path = NULL;
  g_autofree char *prefix = NULL;
  g_autoptr (GDir) folder = NULL;
  const char *name;

  g_return_if_fail (target != NULL);

  path = g_path_get_dirname (target);
  prefix = prefix_of (target);
  folder = g_dir_open (path, 0, NULL);
  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      if (is_ours (name, prefix))
        remove_unless_held (child);
    }
}

/**
 * heartbeat_temp_file_sync_folder:
 * @target: a file that was renamed
 * @fd: an open file on the same file system
 *
 * Writes the folder's new state to disk. A failure is only logged: the file is in place and readers find the new text, so
 * it would be wrong to report it as unsaved. Only a loss of power could still undo it.
 */
void
heartbeat_temp_file_sync_folder (const char *target, int fd)
{
  g_autofree char *path = NULL;
  gboolean good;
  int folder;

  g_return_if_fail (target != NULL);

  path = g_path_get_dirname (target);
  folder = TEMP_FAILURE_RETRY (open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  /* A folder that is writable but not readable cannot be opened: sync the whole file system. */
  good = TEMP_FAILURE_RETRY (folder >= 0 ? fsync (folder) : syncfs (fd)) == 0;
  /* EINVAL: a file system that does not sync folders. */
  if (!good && errno != EINVAL)
    heartbeat_io_error_warn (errno, "cannot sync the folder", path);
  if (folder >= 0)
    close (folder);
}
