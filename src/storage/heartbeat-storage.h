/* SPDX-License-Identifier: MIT */

#pragma once

#include "base/heartbeat-identity.h"

G_BEGIN_DECLS

/**
 * HeartbeatStorageEditFunc:
 * @text: a text
 * @data: what to change
 * @error: return location for a #HeartbeatError
 *
 * A pure function, called on another thread, perhaps more than once.
 *
 * Returns: (transfer full): the changed text
 */
typedef GBytes *(*HeartbeatStorageEditFunc) (GBytes *text, gconstpointer data, GError **error);

GBytes *heartbeat_storage_read (const char *path,
                                gsize max_size,
                                HeartbeatIdentity *identity,
                                GError **error);
GBytes *heartbeat_storage_edit (const char *path,
                                gsize max_size,
                                HeartbeatStorageEditFunc edit,
                                gconstpointer data,
                                GError **error);
gboolean heartbeat_storage_write (const char *path, GBytes *text, GError **error);
void heartbeat_storage_sweep (const char *path);
gboolean heartbeat_storage_is_read_only_error (const GError *error);

G_END_DECLS
