/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * HeartbeatHeld:
 * @fd: the open file, or -1
 * @leased: whether the system holds up who wants to write it
 *
 * A file that is held open, so that its inode number means nothing else meanwhile.
 */
typedef struct
{
  int fd;
  gboolean leased;
} HeartbeatHeld;

#define HEARTBEAT_HELD_INIT                                                                        \
  {                                                                                                \
    -1, FALSE                                                                                      \
  }

gboolean heartbeat_held_open (HeartbeatHeld *self, const char *path);
void heartbeat_held_close (HeartbeatHeld *self);

gboolean heartbeat_held_lease (HeartbeatHeld *self);
void heartbeat_held_release (HeartbeatHeld *self);
gboolean heartbeat_held_is_wanted (const HeartbeatHeld *self);

gboolean heartbeat_held_is_at (const HeartbeatHeld *self, const char *path);
gboolean heartbeat_held_contains (const HeartbeatHeld *self, GBytes *text);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HeartbeatHeld, heartbeat_held_close)

G_END_DECLS
