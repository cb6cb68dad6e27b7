/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-identity.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Two writes within this time may have the same mtime: before 6.13 the kernel takes it from a clock that ticks every 1 to
 * 10 ms. Git calls such an index entry racy. */
#define RACY_NS G_GINT64_CONSTANT (20000000)

static gint64
to_ns (const struct statx_timestamp *time)
{
  return (gint64) time->tv_sec * G_GINT64_CONSTANT (1000000000) + time->tv_nsec;
}

/**
 * heartbeat_identity_query:
 * @identity: (out caller-allocates): the identity, all zero if the file cannot be reached
 * @folder: an open file for an empty @path, or `AT_FDCWD`
 * @path: a path, which is followed through symbolic links
 *
 * Calls `statx` once.
 *
 * Returns: whether the file can be reached; otherwise `errno` is set
 */
gboolean
heartbeat_identity_query (HeartbeatIdentity *identity, int folder, const char *path)
{
  const unsigned int mask = STATX_INO | STATX_SIZE | STATX_MTIME | STATX_CTIME;
  struct statx status;

  g_return_val_if_fail (identity != NULL, FALSE);
  g_return_val_if_fail (path != NULL, FALSE);

  *identity = (HeartbeatIdentity){ 0 };
  if (statx (folder, path, *path == '\0' ? AT_EMPTY_PATH : 0, mask, &status) != 0)
    return FALSE;
  identity->device = makedev (status.stx_dev_major, status.stx_dev_minor);
  identity->inode = status.stx_ino;
  identity->size = status.stx_size;
  identity->modified = to_ns (&status.stx_mtime);
  identity->changed = to_ns (&status.stx_ctime);
  return TRUE;
}

gboolean
heartbeat_identity_equal (const HeartbeatIdentity *a, const HeartbeatIdentity *b)
{
  g_return_val_if_fail (a != NULL, FALSE);
  g_return_val_if_fail (b != NULL, FALSE);

  return a->device == b->device && a->inode == b->inode && a->size == b->size
         && a->modified == b->modified && a->changed == b->changed;
}

/**
 * heartbeat_identity_is_same_file:
 * @a: an identity
 * @b: another
 *
 * Returns: whether both are of the same file, possibly in different states
 */
gboolean
heartbeat_identity_is_same_file (const HeartbeatIdentity *a, const HeartbeatIdentity *b)
{
  g_return_val_if_fail (a != NULL, FALSE);
  g_return_val_if_fail (b != NULL, FALSE);

  return a->device == b->device && a->inode == b->inode;
}

/**
 * heartbeat_identity_is_racy:
 * @identity: an identity
 * @read_at: when the file was read, in µs since the epoch
 *
 * Returns: whether the file was written so shortly before it was read that another write could go unnoticed
 */
gboolean
heartbeat_identity_is_racy (const HeartbeatIdentity *identity, gint64 read_at)
{
  g_return_val_if_fail (identity != NULL, FALSE);

  return identity->inode != 0 && ABS (read_at * 1000 - identity->modified) < RACY_NS;
}
