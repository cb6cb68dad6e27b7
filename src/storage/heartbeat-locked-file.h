/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * HeartbeatLockedFile:
 * @fd: the open file, or -1
 * @leased: whether anyone who opens it for writing is blocked
 *
 * A file that is kept open, so that its inode number is not reused meanwhile.
 */
typedef struct
{
  int fd;
  gboolean leased;
} HeartbeatLockedFile;

#define HEARTBEAT_LOCKED_FILE_INIT                                                                 \
  {                                                                                                \
    -1, FALSE                                                                                      \
  }

gboolean heartbeat_locked_file_open (HeartbeatLockedFile *self, const char *path);
void heartbeat_locked_file_close (HeartbeatLockedFile *self);

gboolean heartbeat_locked_file_lease (HeartbeatLockedFile *self);
void heartbeat_locked_file_release (HeartbeatLockedFile *self);
gboolean heartbeat_locked_file_is_wanted (const HeartbeatLockedFile *self);

gboolean heartbeat_locked_file_is_at (const HeartbeatLockedFile *self, const char *path);
gboolean heartbeat_locked_file_contains (const HeartbeatLockedFile *self, GBytes *text);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HeartbeatLockedFile, heartbeat_locked_file_close)

G_END_DECLS
