/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * HeartbeatLockedFile:
 * @fd: the open file, or -1
 * @leased: whether the system holds up who wants to write it
 *
 * A file that is held open, so that its inode number means nothing else meanwhile.
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
