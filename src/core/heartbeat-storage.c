/* SPDX-License-Identifier: MIT */

#include "core/heartbeat-storage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>
#include <gio/gio.h>

#include "core/heartbeat-error.h"

/* Everything here may wait for a disk: it runs on GTask's threads only. */

/* How often a save begins again because somebody changed the file meanwhile. */
#define MAX_TRIES 100

#define MODE_BITS 07777

static gboolean
fail_errno (GError **error, int code, const char *what, const char *path)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s %s: %s", what, path,
               g_strerror (code));
  return FALSE;
}

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
    fail_errno (error, errno, "cannot read", path);
  else
    g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE,
                 "%s has grown larger than %" G_GSIZE_FORMAT " bytes", path, max_size);
  g_byte_array_unref (text);
  return NULL;
}

/**
 * heartbeat_storage_read:
 * @path: a regular file
 * @max_size: what is larger is an error, in bytes
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
  struct stat status;
  GBytes *text = NULL;
  int fd;

  heartbeat_identity_query (identity, AT_FDCWD, path);
  /* O_NONBLOCK: opening a FIFO would wait for a writer. */
  fd = TEMP_FAILURE_RETRY (open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (fd < 0)
    {
      fail_errno (error, errno, "cannot read", path);
      return NULL;
    }
  heartbeat_identity_query (identity, fd, "");
  if (fstat (fd, &status) != 0)
    fail_errno (error, errno, "cannot read", path);
  else if (!S_ISREG (status.st_mode))
    g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE, "%s is no regular file",
                 path);
  else if ((guint64) status.st_size > max_size)
    g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE,
                 "%s is larger than %" G_GSIZE_FORMAT " bytes", path, max_size);
  else
    text = read_all (fd, status.st_size, max_size, path, error);
  close (fd);
  return text;
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

/* Owner before mode: a change of the owner takes set-user-id bits away. Only root may give a file away. */
static gboolean
copy_attributes (int fd, const char *path)
{
  struct stat status;

  if (stat (path, &status) != 0)
    return FALSE;
  if (fchown (fd, status.st_uid, status.st_gid) != 0 && fchown (fd, -1, status.st_gid) != 0
      && errno != EPERM)
    return FALSE;
  return fchmod (fd, status.st_mode & MODE_BITS) == 0;
}

/* A complete and durable copy beside @path, in @temporary. */
static gboolean
write_beside (const char *path, GBytes *text, char **temporary, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *base = g_path_get_basename (path);
  g_autofree char *name = g_strdup_printf ("%s/.%s.XXXXXX", folder, base);
  int fd = g_mkstemp_full (name, O_WRONLY | O_CLOEXEC, 0600);
  gboolean good;

  if (fd < 0)
    return fail_errno (error, errno, "cannot create a file beside", path);
  good = copy_attributes (fd, path) && write_all (fd, text) && fsync (fd) == 0;
  if (!good)
    fail_errno (error, errno, "cannot write a file beside", path);
  close (fd);
  if (good)
    *temporary = g_steal_pointer (&name);
  else
    unlink (name);
  return good;
}

static gboolean
sync_folder (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int fd = TEMP_FAILURE_RETRY (open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  gboolean good = fd >= 0 && fsync (fd) == 0;

  if (!good)
    fail_errno (error, errno, "cannot sync the folder", folder);
  if (fd >= 0)
    close (fd);
  return good;
}

/* Puts @text in the place of the file that was read as @expected; @replaced is FALSE where somebody was faster. */
static gboolean
replace (const char *path,
         GBytes *text,
         const HeartbeatIdentity *expected,
         gboolean *replaced,
         GError **error)
{
  g_autofree char *temporary = NULL;
  HeartbeatIdentity now;
  int code = 0;

  if (!write_beside (path, text, &temporary, error))
    return FALSE;
  heartbeat_identity_query (&now, AT_FDCWD, path);
  *replaced = heartbeat_identity_equal (&now, expected);
  if (*replaced && rename (temporary, path) == 0)
    return sync_folder (path, error);
  if (*replaced)
    code = errno;
  unlink (temporary);
  return code == 0 || fail_errno (error, code, "cannot replace", path);
}

/**
 * heartbeat_storage_edit:
 * @path: a regular file, or a symbolic link to one, which stays a link
 * @max_size: as in heartbeat_storage_read()
 * @edit: what to do with its text
 * @data: passed to @edit
 * @error: return location for a #GIOErrorEnum, or what @edit sets
 *
 * Changes a file, atomically and durably: a temporary file beside it with its mode and owner, `fsync`, `rename`, `fsync`
 * of the folder. Where somebody changed the file since it was read, the new text is edited instead. A text that @edit
 * does not change is not written.
 *
 * Returns: (transfer full): the text that the file has now
 */
GBytes *
heartbeat_storage_edit (const char *path,
                        gsize max_size,
                        HeartbeatEdit edit,
                        gconstpointer data,
                        GError **error)
{
  for (guint i = 0; i < MAX_TRIES; i++)
    {
      g_autofree char *target = realpath (path, NULL);
      g_autoptr (GBytes) before = NULL;
      g_autoptr (GBytes) after = NULL;
      HeartbeatIdentity identity;
      gboolean replaced = FALSE;

      before = heartbeat_storage_read (target != NULL ? target : path, max_size, &identity, error);
      after = before != NULL ? edit (before, data, error) : NULL;
      if (after == NULL)
        return NULL;
      if (g_bytes_equal (before, after))
        return g_steal_pointer (&after);
      if (!replace (target, after, &identity, &replaced, error))
        return NULL;
      if (replaced)
        return g_steal_pointer (&after);
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "%s is changed again and again", path);
  return NULL;
}
