/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * HeartbeatIdentity:
 *
 * Distinguishes one state of a file from another. All zero if the file does not exist.
 */
typedef struct
{
  guint64 device;
  guint64 inode;
  guint64 size;
  gint64 modified; /* ns since the epoch */
  gint64 changed;  /* ns since the epoch */
} HeartbeatIdentity;

gboolean heartbeat_identity_query (HeartbeatIdentity *identity, int folder, const char *path);
gboolean heartbeat_identity_equal (const HeartbeatIdentity *a, const HeartbeatIdentity *b);
gboolean heartbeat_identity_is_same_file (const HeartbeatIdentity *a, const HeartbeatIdentity *b);
gboolean heartbeat_identity_is_racy (const HeartbeatIdentity *identity, gint64 read_at);

G_END_DECLS
