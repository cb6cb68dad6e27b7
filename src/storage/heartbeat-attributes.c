/* SPDX-License-Identifier: MIT */

#include "storage/heartbeat-attributes.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define MODE_BITS 07777
#define ACL       "system.posix_acl_access"

/* Only root may change the owner. The group can be kept if we are a member of it. */
static gboolean
copy_group (int to, const struct stat *model)
{
  struct stat status;

  if (fstat (to, &status) != 0)
    return FALSE;
  if (status.st_uid == model->st_uid && status.st_gid == model->st_gid)
    return TRUE;
  return fchown (to, model->st_uid, model->st_gid) == 0 || status.st_gid == model->st_gid
         || fchown (to, -1, model->st_gid) == 0;
}

/* If the group could not be kept, another group would inherit its permissions: it gets no more than everybody has. */
static mode_t
without_group (mode_t mode)
{
  return (mode & 0707) | (mode & ((mode & 07) << 3));
}

/* An enforced hash or signature of the old text would make the new one unreadable. */
static gboolean
is_of_the_text (const char *name)
{
  return strcmp (name, "security.ima") == 0 || strcmp (name, "security.evm") == 0;
}

static gboolean
copy_one (int from, int to, const char *name)
{
  gssize size = fgetxattr (from, name, NULL, 0);
  g_autofree char *value = size >= 0 ? g_malloc (size + 1) : NULL;

  size = value != NULL ? fgetxattr (from, name, value, size) : -1;
  if (size < 0 || fsetxattr (to, name, value, size, 0) == 0)
    return TRUE;
  /* An attribute that we may not set is skipped; one for which there is no space is an error. */
  return errno != ENOSPC && errno != EDQUOT;
}

static gboolean
copy_extended (int from, int to, gboolean same_group)
{
  gssize size = flistxattr (from, NULL, 0);
  g_autofree char *names = size > 0 ? g_malloc (size) : NULL;

  /* Inherited from the folder's default list. */
  fremovexattr (to, ACL);
  size = names != NULL ? flistxattr (from, names, size) : 0;
  for (const char *name = names; size > 0 && name < names + size; name += strlen (name) + 1)
    {
      if (is_of_the_text (name) || (!same_group && strcmp (name, ACL) == 0))
        continue;
      if (!copy_one (from, to, name))
        return FALSE;
    }
  return TRUE;
}

/**
 * heartbeat_attributes_copy:
 * @from: an open file
 * @to: a new one
 *
 * Copies owner, mode, access control list and extended attributes as far as we may. A file of somebody else that we may
 * replace only because its folder is ours becomes ours: there is no other way to change it atomically. Nobody gains
 * permissions by that.
 *
 * Returns: whether the new file can be used; otherwise `errno` is set
 */
gboolean
heartbeat_attributes_copy (int from, int to)
{
  struct stat model;
  gboolean same_group;
  mode_t mode;

  if (fstat (from, &model) != 0)
    return FALSE;
  /* Owner before mode, because chown() clears set-user-id bits. The list comes last, because it includes the mode. */
  same_group = copy_group (to, &model);
  mode = model.st_mode & MODE_BITS;
  if (fchmod (to, same_group ? mode : without_group (mode)) != 0)
    return FALSE;
  return copy_extended (from, to, same_group);
}
