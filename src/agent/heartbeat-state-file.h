/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_STATE_FILE (heartbeat_state_file_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatStateFile, heartbeat_state_file, HEARTBEAT, STATE_FILE, GObject)

/**
 * HeartbeatStateFileFunc:
 * @check: the name of a check
 * @stands_for: the `lastRun` in heartbeat.json, in Unix ms
 * @last_run: the one that belongs there
 * @user_data: what was passed to heartbeat_state_file_foreach()
 */
typedef void (*HeartbeatStateFileFunc) (const char *check,
                                        gint64 stands_for,
                                        gint64 last_run,
                                        gpointer user_data);

HeartbeatStateFile *heartbeat_state_file_new (const char *agent, const char *config_path);
const char *heartbeat_state_file_get_path (HeartbeatStateFile *self);

void heartbeat_state_file_load_async (HeartbeatStateFile *self,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
gboolean
heartbeat_state_file_load_finish (HeartbeatStateFile *self, GAsyncResult *result, GError **error);

gboolean heartbeat_state_file_is_empty (HeartbeatStateFile *self);
gboolean heartbeat_state_file_lookup (HeartbeatStateFile *self,
                                      const char *check,
                                      gint64 stands_for,
                                      gint64 *last_run);
void heartbeat_state_file_set (HeartbeatStateFile *self,
                               const char *check,
                               gint64 stands_for,
                               gint64 last_run);
void heartbeat_state_file_forget (HeartbeatStateFile *self, const char *check, gint64 last_run);
void heartbeat_state_file_foreach (HeartbeatStateFile *self,
                                   HeartbeatStateFileFunc func,
                                   gpointer user_data);

gboolean heartbeat_state_file_set_bus_handler (HeartbeatStateFile *self,
                                               const char *name,
                                               gboolean is_on_bus);
GPtrArray *heartbeat_state_file_list_bus_handlers (HeartbeatStateFile *self);

void heartbeat_state_file_save_async (HeartbeatStateFile *self,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
gboolean
heartbeat_state_file_save_finish (HeartbeatStateFile *self, GAsyncResult *result, GError **error);

G_END_DECLS
