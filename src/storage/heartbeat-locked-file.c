/* SPDX-License-Identifier: MIT */

#include "storage/heartbeat-locked-file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Content is compared in pieces of this size. */
#define PIECE 65536

/**
 * heartbeat_locked_file_open:
 * @self: (out caller-allocates): what was %HEARTBEAT_LOCKED_FILE_INIT
 * @path: a file
 *
 * Opens a file for reading.
 *
 * Returns: whether that was possible; else `errno` says why
 */
gboolean
heartbeat_locked_file_open (HeartbeatLockedFile *self, const char *path)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (path != NULL, FALSE);

  self->leased = FALSE;
  /* O_NONBLOCK: opening a FIFO would wait for a writer. */
  self->fd = TEMP_FAILURE_RETRY (open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  return self->fd >= 0;
}

/**
 * heartbeat_locked_file_close:
 * @self: a file, open or not
 *
 * Closes the file, and unblocks anyone who was waiting to write it.
 */
void
heartbeat_locked_file_close (HeartbeatLockedFile *self)
{
  g_return_if_fail (self != NULL);

  heartbeat_locked_file_release (self);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

/**
 * heartbeat_locked_file_lease:
 * @self: an open file
 *
 * Blocks anyone who opens the file for writing or truncates it, until it is released. This is a read lease, which Linux
 * grants while others read. Nobody is blocked if the file system has no leases or the file belongs to somebody else.
 *
 * Returns: %FALSE if somebody has it open for writing now
 */
gboolean
heartbeat_locked_file_lease (HeartbeatLockedFile *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  /* By default the kernel sends SIGIO to ask for the lease, which kills a process that does not expect it. SIGURG is ignored
   * unless somebody handles it, and then one more is harmless. We do not wait for it: heartbeat_locked_file_is_wanted()
   * asks when it matters. */
  if (fcntl (self->fd, F_SETSIG, SIGURG) != 0)
    return TRUE;
  self->leased = fcntl (self->fd, F_SETLEASE, F_RDLCK) == 0;
  return self->leased || errno != EAGAIN;
}

/**
 * heartbeat_locked_file_release:
 * @self: a file, leased or not
 *
 * Unblocks anyone who was waiting to write the file.
 */
void
heartbeat_locked_file_release (HeartbeatLockedFile *self)
{
  g_return_if_fail (self != NULL);

  /* close() is not enough: a child that another thread has just forked shares the open file until its exec. */
  if (self->leased)
    fcntl (self->fd, F_SETLEASE, F_UNLCK);
  self->leased = FALSE;
}

/**
 * heartbeat_locked_file_is_wanted:
 * @self: an open file
 *
 * Returns: whether it is leased and somebody is blocked who wants to write it, or was until the kernel lost patience
 */
gboolean
heartbeat_locked_file_is_wanted (const HeartbeatLockedFile *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->leased && fcntl (self->fd, F_GETLEASE) != F_RDLCK;
}

/**
 * heartbeat_locked_file_is_at:
 * @self: an open file
 * @path: a path, whose last part is not followed if it is a symbolic link
 *
 * Returns: whether @path is the name of that file
 */
gboolean
heartbeat_locked_file_is_at (const HeartbeatLockedFile *self, const char *path)
{
  struct stat held, there;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (path != NULL, FALSE);

  return self->fd >= 0 && fstat (self->fd, &held) == 0 && lstat (path, &there) == 0
         && held.st_dev == there.st_dev && held.st_ino == there.st_ino;
}

/**
 * heartbeat_locked_file_contains:
 * @self: an open file
 * @text: a text
 *
 * Compares every byte: another text of the same size, written within the same clock tick, has the same size and times.
 *
 * Returns: whether the file contains exactly @text
 */
gboolean
heartbeat_locked_file_contains (const HeartbeatLockedFile *self, GBytes *text)
{
  g_autofree char *piece = g_malloc (PIECE);
  gsize length, done = 0;
  const char *data = NULL;
  gssize n;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (text != NULL, FALSE);

  data = g_bytes_get_data (text, &length);
  while ((n = TEMP_FAILURE_RETRY (pread (self->fd, piece, PIECE, done))) > 0)
    {
      if ((gsize) n > length - done || memcmp (piece, data + done, n) != 0)
        return FALSE;
      done += n;
    }
  return n == 0 && done == length;
}
