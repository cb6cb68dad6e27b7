/* SPDX-License-Identifier: MIT */

#pragma once

#include "storage/heartbeat-held.h"

G_BEGIN_DECLS

/**
 * HeartbeatTemporary:
 * @path: where it is; %NULL where there is none
 * @held: the complete file
 *
 * A temporary file beside the one that it will take the place of.
 */
typedef struct
{
  char *path;
  HeartbeatHeld held;
} HeartbeatTemporary;

#define HEARTBEAT_TEMPORARY_INIT                                                                   \
  {                                                                                                \
    NULL, HEARTBEAT_HELD_INIT                                                                      \
  }

gboolean heartbeat_temporary_create (HeartbeatTemporary *self,
                                     const char *target,
                                     int model,
                                     GBytes *text,
                                     GError **error);
void heartbeat_temporary_clear (HeartbeatTemporary *self);
void heartbeat_temporary_sweep (const char *target);
void heartbeat_temporary_sync_folder (const char *target, int fd);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HeartbeatTemporary, heartbeat_temporary_clear)

G_END_DECLS
