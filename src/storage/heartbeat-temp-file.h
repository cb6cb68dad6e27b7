/* SPDX-License-Identifier: MIT */

#pragma once

#include "storage/heartbeat-locked-file.h"

G_BEGIN_DECLS

/**
 * HeartbeatTempFile:
 * @path: its path, or %NULL
 * @held: the complete file
 *
 * A temporary file beside the one that it will replace.
 */
typedef struct
{
  char *path;
  HeartbeatLockedFile held;
} HeartbeatTempFile;

#define HEARTBEAT_TEMP_FILE_INIT                                                                   \
  {                                                                                                \
    NULL, HEARTBEAT_LOCKED_FILE_INIT                                                               \
  }

gboolean heartbeat_temp_file_create (HeartbeatTempFile *self,
                                     const char *target,
                                     int model,
                                     GBytes *text,
                                     GError **error);
void heartbeat_temp_file_clear (HeartbeatTempFile *self);
void heartbeat_temp_file_sweep (const char *target);
void heartbeat_temp_file_sync_folder (const char *target, int fd);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HeartbeatTempFile, heartbeat_temp_file_clear)

G_END_DECLS
