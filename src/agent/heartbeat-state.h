/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_STATE (heartbeat_state_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatState, heartbeat_state, HEARTBEAT, STATE, GObject)

/**
 * HeartbeatStateFunc:
 * @check: the name of a check
 * @stands_for: the `lastRun` in heartbeat.json, in Unix ms
 * @last_run: the one that belongs there
 * @user_data: what was passed to heartbeat_state_foreach()
 */
typedef void (*HeartbeatStateFunc) (const char *check,
                                    gint64 stands_for,
                                    gint64 last_run,
                                    gpointer user_data);

HeartbeatState *heartbeat_state_new (const char *agent, const char *config_path);
const char *heartbeat_state_get_path (HeartbeatState *self);

void
heartbeat_state_load_async (HeartbeatState *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean heartbeat_state_load_finish (HeartbeatState *self, GAsyncResult *result, GError **error);

gboolean heartbeat_state_is_empty (HeartbeatState *self);
gboolean heartbeat_state_lookup (HeartbeatState *self,
                                 const char *check,
                                 gint64 stands_for,
                                 gint64 *last_run);
void
heartbeat_state_set (HeartbeatState *self, const char *check, gint64 stands_for, gint64 last_run);
gboolean heartbeat_state_forget (HeartbeatState *self, const char *check);
void heartbeat_state_foreach (HeartbeatState *self, HeartbeatStateFunc func, gpointer user_data);

gboolean
heartbeat_state_set_bus_handler (HeartbeatState *self, const char *name, gboolean is_on_bus);
GPtrArray *heartbeat_state_list_bus_handlers (HeartbeatState *self);

void
heartbeat_state_save_async (HeartbeatState *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean heartbeat_state_save_finish (HeartbeatState *self, GAsyncResult *result, GError **error);

G_END_DECLS
