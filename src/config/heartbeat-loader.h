/* SPDX-License-Identifier: MIT */

#pragma once

#include "config/heartbeat-file.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_LOADER (heartbeat_loader_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatLoader, heartbeat_loader, HEARTBEAT, LOADER, GObject)

/**
 * HeartbeatLoaderFunc:
 * @config: (nullable): what the file says now; %NULL where it cannot be used
 * @error: (nullable): why it cannot be used
 * @user_data: what was passed to heartbeat_loader_new()
 *
 * The file was read. The loader is not busy any more, and tells those who wait next.
 */
typedef void (*HeartbeatLoaderFunc) (HeartbeatConfig *config,
                                     const GError *error,
                                     gpointer user_data);

HeartbeatLoader *
heartbeat_loader_new (HeartbeatFile *file, HeartbeatLoaderFunc func, gpointer user_data);
void heartbeat_loader_stop (HeartbeatLoader *self);

gboolean heartbeat_loader_is_current (HeartbeatLoader *self, gint64 moment);
gboolean heartbeat_loader_is_busy (HeartbeatLoader *self);
void heartbeat_loader_refresh (HeartbeatLoader *self);
void heartbeat_loader_wait_async (HeartbeatLoader *self,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
void heartbeat_loader_reload_async (HeartbeatLoader *self,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
void heartbeat_loader_finish (HeartbeatLoader *self, GAsyncResult *result);

G_END_DECLS
