/* SPDX-License-Identifier: MIT */

#pragma once

#include "storage/heartbeat-locked-file.h"
#include "base/heartbeat-identity.h"

G_BEGIN_DECLS

/**
 * HeartbeatReplaced:
 * @HEARTBEAT_REPLACED_NOT: it failed
 * @HEARTBEAT_REPLACED_NOT_YET: somebody else is changing the file: read it again
 * @HEARTBEAT_REPLACED: the new file is in place and on disk
 */
typedef enum
{
  HEARTBEAT_REPLACED_NOT,
  HEARTBEAT_REPLACED_NOT_YET,
  HEARTBEAT_REPLACED,
} HeartbeatReplaced;

HeartbeatReplaced heartbeat_atomic_replace (const char *path,
                                            HeartbeatLockedFile *old,
                                            const HeartbeatIdentity *identity,
                                            GBytes *before,
                                            GBytes *after,
                                            GError **error);

G_END_DECLS
