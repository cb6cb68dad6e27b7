/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

#include "config/heartbeat-config.h"
#include "storage/heartbeat-storage.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_FILE (heartbeat_file_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatFile, heartbeat_file, HEARTBEAT, FILE, GObject)

HeartbeatFile *heartbeat_file_new (const char *path);
const char *heartbeat_file_get_path (HeartbeatFile *self);
/**
 * HEARTBEAT_FILE_NOW:
 *
 * A moment for heartbeat_file_is_current() that no earlier look covers.
 */
#define HEARTBEAT_FILE_NOW G_MAXINT64

gboolean heartbeat_file_is_current (HeartbeatFile *self, gint64 moment);
HeartbeatConfig *heartbeat_file_get_config (HeartbeatFile *self);
guint64 heartbeat_file_get_reads (HeartbeatFile *self);

void
heartbeat_file_load_async (HeartbeatFile *self, GAsyncReadyCallback callback, gpointer user_data);
void heartbeat_file_edit_async (HeartbeatFile *self,
                                HeartbeatEdit edit,
                                gpointer data,
                                GDestroyNotify destroy,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
HeartbeatConfig *heartbeat_file_finish (HeartbeatFile *self, GAsyncResult *result, GError **error);

G_END_DECLS
