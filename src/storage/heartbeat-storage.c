/* SPDX-License-Identifier: MIT */

#include "storage/heartbeat-storage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>

#include "base/heartbeat-error.h"
#include "storage/heartbeat-locked-file.h"
#include "base/heartbeat-i18n.h"
#include "base/heartbeat-io-error.h"
#include "storage/heartbeat-atomic-replace.h"
#include "storage/heartbeat-temp-file.h"

/* Everything here may wait for a disk, so it runs on GTask's threads only. */

/* How long a save waits for others who write the file, and retries because they have written it. */
#define PATIENCE_US (5 * G_USEC_PER_SEC)

#define PAUSE_US     1000
#define MAX_PAUSE_US 20000

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void
too_large (GError **error, const char *format, const char *path, gsize max_size)
{
  g_autofree char *limit = g_format_size_full (max_size, G_FORMAT_SIZE_IEC_UNITS);

  g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE, format, path, limit);
}
#pragma GCC diagnostic pop

static GBytes *
read_all (int fd, gsize size, gsize max_size, const char *path, GError **error)
{
  GByteArray *text = g_byte_array_sized_new (size + 1);
  gssize n = 1;

  while (n > 0 && text->len <= max_size)
    {
      guint before = text->len;
      gsize room = before < size ? size - before : 4096;

      g_byte_array_set_size (text, before + room);
      n = TEMP_FAILURE_RETRY (read (fd, text->data + before, room));
      g_byte_array_set_size (text, before + MAX (n, 0));
    }
  if (n == 0)
    return g_byte_array_free_to_bytes (text);
  if (n < 0)
    heartbeat_io_error (error, errno, _ ("cannot read %s"), path);
  else
    too_large (error, _ ("%s has grown larger than %s"), path, max_size);
  g_byte_array_unref (text);
  return NULL;
}

static GBytes *
read_open (const HeartbeatLockedFile *file,
           const char *path,
           gsize max_size,
           HeartbeatIdentity *identity,
           GError **error)
{
  int fd = file->fd;
  struct stat status;

  heartbeat_identity_query (identity, fd, "");
  if (fstat (fd, &status) != 0)
    heartbeat_io_error (error, errno, _ ("cannot read %s"), path);
  else if (!S_ISREG (status.st_mode))
    g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE,
                 _ ("%s is no regular file"), path);
  else if ((guint64) status.st_size > max_size)
    too_large (error, _ ("%s is larger than %s"), path, max_size);
  else
    return read_all (fd, status.st_size, max_size, path, error);
  return NULL;
}

/**
 * heartbeat_storage_read:
 * @path: a regular file
 * @max_size: the largest size that is not an error, in bytes
 * @identity: (out caller-allocates): its identity right before it was read, set on an error too
 * @error: return location for a #GIOErrorEnum or %HEARTBEAT_ERROR_CONFIG_UNUSABLE
 *
 * Returns: (transfer full): the file's text
 */
GBytes *
heartbeat_storage_read (const char *path,
                        gsize max_size,
                        HeartbeatIdentity *identity,
                        GError **error)
{
  g_auto (HeartbeatLockedFile) file = HEARTBEAT_LOCKED_FILE_INIT;

  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (identity != NULL, NULL);

  heartbeat_identity_query (identity, AT_FDCWD, path);
  if (heartbeat_locked_file_open (&file, path))
    return read_open (&file, path, max_size, identity, error);
  heartbeat_io_error (error, errno, _ ("cannot read %s"), path);
  return NULL;
}

/* One try to edit a file. */
typedef struct
{
  const char *path;
  gsize max_size;
  HeartbeatStorageEditFunc edit;
  gconstpointer data;
  gint64 deadline;
} Attempt;

/* A file that is being written in place may contain half of a text. If nobody has it open for writing, which a short lease
 * tells, the text is complete. Without leases a rejected text is read once more after a while. */
static HeartbeatReplaced
look_again (const HeartbeatIdentity *identity, gint64 read_at, GError **error)
{
  if (!heartbeat_identity_is_racy (identity, read_at))
    return HEARTBEAT_REPLACED_NOT;
  g_clear_error (error);
  return HEARTBEAT_REPLACED_NOT_YET;
}

/* The lease is not kept until the file is replaced, so that a writer need not wait for our disk. */
static HeartbeatReplaced
try_edit (const Attempt *attempt, const char *path, GBytes **after, GError **error)
{
  g_auto (HeartbeatLockedFile) file = HEARTBEAT_LOCKED_FILE_INIT;
  g_autoptr (GBytes) before = NULL;
  HeartbeatIdentity identity;
  gint64 read_at;

  if (!heartbeat_locked_file_open (&file, path))
    {
      heartbeat_io_error (error, errno, _ ("cannot read %s"), path);
      return HEARTBEAT_REPLACED_NOT;
    }
  if (!heartbeat_locked_file_lease (&file))
    return HEARTBEAT_REPLACED_NOT_YET;
  read_at = g_get_real_time ();
  before = read_open (&file, path, attempt->max_size, &identity, error);
  heartbeat_locked_file_release (&file);
  if (before == NULL)
    return HEARTBEAT_REPLACED_NOT;
  *after = attempt->edit (before, attempt->data, error);
  if (*after == NULL)
    return look_again (&identity, read_at, error);
  if (g_bytes_equal (before, *after))
    return HEARTBEAT_REPLACED;
  return heartbeat_atomic_replace (path, &file, &identity, before, *after, error);
}

static GBytes *
edit_patiently (const Attempt *attempt, GError **error)
{
  gulong pause = PAUSE_US;

  do
    {
      g_autofree char *target = realpath (attempt->path, NULL);
      g_autoptr (GBytes) after = NULL;
      g_autoptr (GError) reason = NULL;
      HeartbeatReplaced replaced
          = try_edit (attempt, target != NULL ? target : attempt->path, &after, &reason);

      if (replaced == HEARTBEAT_REPLACED)
        return g_steal_pointer (&after);
      if (replaced == HEARTBEAT_REPLACED_NOT)
        {
          g_propagate_error (error, g_steal_pointer (&reason));
          return NULL;
        }
      g_usleep (pause);
      pause = MIN (pause * 2, MAX_PAUSE_US);
    }
  while (g_get_monotonic_time () < attempt->deadline);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, _ ("%s is being written again and again"),
               attempt->path);
  return NULL;
}

/**
 * heartbeat_storage_edit:
 * @path: a regular file, or a symbolic link to one, which stays a link
 * @max_size: as in heartbeat_storage_read()
 * @edit: what to do with its text
 * @data: passed to @edit
 * @error: return location for a #GIOErrorEnum, or what @edit sets
 *
 * Changes a file, atomically and durably: a temporary file beside it with its mode, owner and attributes, `fsync`, an
 * exchange of the two, `fsync` of the folder. If somebody has changed the file since it was read, or is about to, the edit
 * is repeated on the new text; heartbeat-atomic-replace.c explains how that is noticed. While others keep the file open for
 * writing it is not replaced; after 5 s that is %G_IO_ERROR_BUSY. A text that @edit does not change is not written.
 *
 * Returns: (transfer full): the text that the file has now
 */
GBytes *
heartbeat_storage_edit (const char *path,
                        gsize max_size,
                        HeartbeatStorageEditFunc edit,
                        gconstpointer data,
                        GError **error)
{
  const Attempt attempt = { path, max_size, edit, data, g_get_monotonic_time () + PATIENCE_US };

  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (edit != NULL, NULL);

  return edit_patiently (&attempt, error);
}

/* Each new folder is on disk before anything is created in it. */
static gboolean
make_folder (const char *path, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (path);
  int made = mkdir (path, 0700);

  if (made != 0 && errno == ENOENT && strcmp (parent, path) != 0)
    {
      if (!make_folder (parent, error))
        return FALSE;
      made = mkdir (path, 0700);
    }
  if (made != 0 && errno != EEXIST && !g_file_test (path, G_FILE_TEST_IS_DIR))
    return heartbeat_io_error (error, errno, _ ("cannot make the folder %s"), path);
  if (made == 0)
    heartbeat_temp_file_sync_folder (path, -1);
  return TRUE;
}

/**
 * heartbeat_storage_write:
 * @path: a file of ours, or a symbolic link to one, which stays a link
 * @text: its new text
 * @error: return location for a #GIOErrorEnum
 *
 * Replaces or creates a file that nobody else writes, atomically and durably, with mode 0600. Missing folders are made
 * with mode 0700.
 *
 * Returns: whether it is on disk
 */
gboolean
heartbeat_storage_write (const char *path, GBytes *text, GError **error)
{
  g_auto (HeartbeatTempFile) temporary = HEARTBEAT_TEMP_FILE_INIT;
  g_autofree char *link = NULL;
  const char *target = NULL;
  g_autofree char *folder = NULL;

  g_return_val_if_fail (path != NULL, FALSE);
  g_return_val_if_fail (text != NULL, FALSE);

  link = realpath (path, NULL);
  target = link != NULL ? link : path;
  folder = g_path_get_dirname (target);
  if (!make_folder (folder, error)
      || !heartbeat_temp_file_create (&temporary, target, -1, text, error))
    return FALSE;
  if (rename (temporary.path, target) != 0)
    return heartbeat_io_error (error, errno, _ ("cannot replace %s"), target);
  g_clear_pointer (&temporary.path, g_free);
  heartbeat_temp_file_sync_folder (target, temporary.held.fd);
  return TRUE;
}

/**
 * heartbeat_storage_sweep:
 * @path: a file, or a symbolic link to one
 *
 * Removes the temporary files that a process killed during a save has left beside the file. Those of a running process
 * are locked.
 */
void
heartbeat_storage_sweep (const char *path)
{
  g_autofree char *target = NULL;

  g_return_if_fail (path != NULL);

  target = realpath (path, NULL);
  heartbeat_temp_file_sweep (target != NULL ? target : path);
}

/**
 * heartbeat_storage_is_read_only_error:
 * @error: (nullable): what heartbeat_storage_edit() or heartbeat_storage_write() has set
 *
 * Returns: whether the file may be readable but cannot be replaced: a read-only file system, a file mounted by itself, a
 *   folder that we may not write to, or somebody who keeps the file open for writing
 */
gboolean
heartbeat_storage_is_read_only_error (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_READ_ONLY)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY);
}
