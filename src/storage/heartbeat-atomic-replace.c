/* SPDX-License-Identifier: MIT */

#include "storage/heartbeat-atomic-replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/heartbeat-i18n.h"
#include "base/heartbeat-io-error.h"
#include "storage/heartbeat-temp-file.h"

/*
 * Linux has no "rename unless somebody has changed the file". It is built from these parts:
 *
 * - RENAME_EXCHANGE puts the new file in the old one's place and hands back what was there. If that is not what was read,
 *   somebody has renamed another file over it in the meantime, and it is put back.
 * - A lease blocks anyone who opens a file for writing. A blocked writer has already resolved the name. If it found the old
 *   file, its text would end up in a file without a name: so the old file is put back, the writer unblocked, and the file
 *   read again when it is done. The new file is leased too, so that a writer who found that one waits until it is certain
 *   to stay.
 * - A writer may resolve the name before the exchange and open the file shortly after it. Hence the last look GRACE_US
 *   later; the folder's sync takes most of that time.
 *
 * One gap remains: between an exchange and the one that undoes it, for some microseconds, a reader finds our file although
 * a newer text of somebody else exists.
 */

#define GRACE_US 1000

/* Another round is needed only if somebody changes the file within microseconds. */
#define MAX_ROUNDS 100

/* The new file has been closed, but a child that was forked just before may still have it open for writing. */
#define LEASE_TRIES    20
#define LEASE_PAUSE_US 500

static gboolean
exchange (const char *a, const char *b)
{
  return renameat2 (AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0;
}

static void
lease_patiently (HeartbeatLockedFile *file)
{
  for (guint i = 0; i < LEASE_TRIES && !heartbeat_locked_file_lease (file); i++)
    g_usleep (LEASE_PAUSE_US);
}

/* Whether the file still is what was found before, and nobody is about to write it: while a lease is held nobody has been
 * let in. */
static gboolean
is_untouched (const HeartbeatLockedFile *old, GBytes *before)
{
  return old->leased ? !heartbeat_locked_file_is_wanted (old)
                     : heartbeat_locked_file_contains (old, before);
}

static void
wait_until (gint64 end)
{
  gint64 left = end - g_get_monotonic_time ();

  if (left > 0)
    g_usleep ((gulong) left);
}

/* What is at @path now is @theirs, unless somebody was faster still; it must not be lost track of. */
static gboolean
follow (HeartbeatLockedFile *there, const char *path, const HeartbeatIdentity *theirs)
{
  HeartbeatIdentity now;

  if (!heartbeat_locked_file_open (there, path))
    return FALSE;
  heartbeat_locked_file_lease (there);
  heartbeat_identity_query (&now, there->fd, "");
  return heartbeat_identity_is_same_file (&now, theirs);
}

/* ENOENT: the file was removed, which is what somebody wanted last. Else theirs is worth more than ours. */
static void
put_back_plainly (const char *path, HeartbeatTempFile *temporary)
{
  if (errno != ENOENT && rename (temporary->path, path) == 0)
    g_clear_pointer (&temporary->path, g_free);
}

/* Puts what came out, which has the temporary name, back in its place. What comes out now must be what was put there, and
 * wanted by nobody; else it is newer than what was just put back, and goes there instead. Nothing that can wait comes
 * before the first exchange: until then others see the wrong file. */
static void
put_back (const char *path, HeartbeatTempFile *temporary)
{
  g_auto (HeartbeatLockedFile) there = temporary->held;
  HeartbeatIdentity theirs;

  temporary->held = (HeartbeatLockedFile) HEARTBEAT_LOCKED_FILE_INIT;
  for (guint i = 0; i < MAX_ROUNDS; i++)
    {
      heartbeat_identity_query (&theirs, AT_FDCWD, temporary->path);
      if (!exchange (temporary->path, path))
        {
          put_back_plainly (path, temporary);
          break;
        }
      if (heartbeat_locked_file_is_at (&there, temporary->path)
          && !heartbeat_locked_file_is_wanted (&there))
        break;
      heartbeat_locked_file_close (&there);
      if (!follow (&there, path, &theirs))
        break;
    }
  heartbeat_temp_file_sync_folder (path, there.fd);
}

static HeartbeatReplaced
by_exchange (const char *path,
             HeartbeatLockedFile *old,
             HeartbeatTempFile *temporary,
             GBytes *before)
{
  gint64 end = g_get_monotonic_time () + GRACE_US;

  if (heartbeat_locked_file_is_at (old, temporary->path) && is_untouched (old, before))
    {
      heartbeat_temp_file_sync_folder (path, temporary->held.fd);
      wait_until (end);
      if (is_untouched (old, before))
        return HEARTBEAT_REPLACED;
    }
  put_back (path, temporary);
  return HEARTBEAT_REPLACED_NOT_YET;
}

/* Where files cannot be exchanged, a look right before the rename has to do. */
static HeartbeatReplaced
by_rename (const char *path, HeartbeatTempFile *temporary, GError **error)
{
  if (rename (temporary->path, path) != 0)
    {
      heartbeat_io_error (error, errno, _ ("cannot replace %s"), path);
      return HEARTBEAT_REPLACED_NOT;
    }
  g_clear_pointer (&temporary->path, g_free);
  heartbeat_temp_file_sync_folder (path, temporary->held.fd);
  return HEARTBEAT_REPLACED;
}

static HeartbeatReplaced
put_in_place (const char *path,
              HeartbeatLockedFile *old,
              HeartbeatTempFile *temporary,
              GBytes *before,
              GError **error)
{
  if (exchange (temporary->path, path))
    return by_exchange (path, old, temporary, before);
  if (errno == ENOENT)
    return HEARTBEAT_REPLACED_NOT_YET;
  if (errno == EINVAL || errno == ENOSYS)
    return by_rename (path, temporary, error);
  heartbeat_io_error (error, errno, _ ("cannot replace %s"), path);
  return HEARTBEAT_REPLACED_NOT;
}

/**
 * heartbeat_atomic_replace:
 * @path: a file, no symbolic link
 * @old: that file as it was opened and read
 * @identity: its identity when it was read
 * @before: its text
 * @after: the text that it shall have
 * @error: return location for a #GIOErrorEnum
 *
 * Replaces a file that was read, atomically and durably, unless somebody else has changed it since or is about to.
 *
 * Returns: the outcome; @error is set for %HEARTBEAT_REPLACED_NOT only
 */
HeartbeatReplaced
heartbeat_atomic_replace (const char *path,
                          HeartbeatLockedFile *old,
                          const HeartbeatIdentity *identity,
                          GBytes *before,
                          GBytes *after,
                          GError **error)
{
  g_auto (HeartbeatTempFile) temporary = HEARTBEAT_TEMP_FILE_INIT;
  HeartbeatIdentity now;

  g_return_val_if_fail (path != NULL, HEARTBEAT_REPLACED_NOT);
  g_return_val_if_fail (old != NULL, HEARTBEAT_REPLACED_NOT);
  g_return_val_if_fail (identity != NULL, HEARTBEAT_REPLACED_NOT);
  g_return_val_if_fail (before != NULL, HEARTBEAT_REPLACED_NOT);
  g_return_val_if_fail (after != NULL, HEARTBEAT_REPLACED_NOT);

  if (!heartbeat_temp_file_create (&temporary, path, old->fd, after, error))
    return HEARTBEAT_REPLACED_NOT;
  lease_patiently (&temporary.held);
  if (!heartbeat_locked_file_lease (old))
    return HEARTBEAT_REPLACED_NOT_YET;
  /* The exchange gives it the temporary name: protect it from sweeps. */
  flock (old->fd, LOCK_SH | LOCK_NB);
  if (!heartbeat_locked_file_contains (old, before) || heartbeat_locked_file_is_wanted (old))
    return HEARTBEAT_REPLACED_NOT_YET;
  /* The last check before the exchange: a later change must be put back. */
  heartbeat_identity_query (&now, AT_FDCWD, path);
  if (!heartbeat_identity_equal (&now, identity))
    return HEARTBEAT_REPLACED_NOT_YET;
  return put_in_place (path, old, &temporary, before, error);
}
