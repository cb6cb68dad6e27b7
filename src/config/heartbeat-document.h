/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

#include "config/heartbeat-config.h"
#include "storage/heartbeat-storage.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_DOCUMENT (heartbeat_document_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatDocument, heartbeat_document, HEARTBEAT, DOCUMENT, GObject)

HeartbeatDocument *heartbeat_document_new (const char *path);
void heartbeat_document_close (HeartbeatDocument *self);

const char *heartbeat_document_get_path (HeartbeatDocument *self);
HeartbeatConfig *heartbeat_document_get_config (HeartbeatDocument *self);
const char *heartbeat_document_get_error (HeartbeatDocument *self);
gboolean heartbeat_document_is_reading (HeartbeatDocument *self);
gboolean heartbeat_document_is_current (HeartbeatDocument *self, gint64 moment);

void heartbeat_document_reload_async (HeartbeatDocument *self,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
void heartbeat_document_refresh_async (HeartbeatDocument *self,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
void heartbeat_document_read_finish (HeartbeatDocument *self, GAsyncResult *result);

void heartbeat_document_edit_async (HeartbeatDocument *self,
                                    HeartbeatStorageEditFunc edit,
                                    gpointer data,
                                    GDestroyNotify destroy,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean
heartbeat_document_edit_finish (HeartbeatDocument *self, GAsyncResult *result, GError **error);

G_END_DECLS
