/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

#include "heartbeat/heartbeat-check.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_AGENT (heartbeat_agent_get_type ())

HEARTBEAT_EXPORT
G_DECLARE_FINAL_TYPE (HeartbeatAgent, heartbeat_agent, HEARTBEAT, AGENT, GObject)

HEARTBEAT_EXPORT gboolean heartbeat_agent_is_name (const char *name);

HEARTBEAT_EXPORT const char *heartbeat_agent_get_name (HeartbeatAgent *self);
HEARTBEAT_EXPORT const char *heartbeat_agent_get_config_path (HeartbeatAgent *self);
HEARTBEAT_EXPORT const char *heartbeat_agent_get_config_error (HeartbeatAgent *self);
HEARTBEAT_EXPORT GPtrArray *heartbeat_agent_list_checks (HeartbeatAgent *self);
HEARTBEAT_EXPORT HeartbeatCheck *heartbeat_agent_get_check (HeartbeatAgent *self, const char *name);
HEARTBEAT_EXPORT gint64 heartbeat_agent_get_last_tick (HeartbeatAgent *self);
HEARTBEAT_EXPORT gint64 heartbeat_agent_get_next_due (HeartbeatAgent *self);
HEARTBEAT_EXPORT gboolean heartbeat_agent_get_paused (HeartbeatAgent *self);
HEARTBEAT_EXPORT guint64 heartbeat_agent_get_ticks_received (HeartbeatAgent *self);
HEARTBEAT_EXPORT guint64 heartbeat_agent_get_ticks_idle (HeartbeatAgent *self);
HEARTBEAT_EXPORT guint64 heartbeat_agent_get_runs (HeartbeatAgent *self, HeartbeatStatus status);

HEARTBEAT_EXPORT void heartbeat_agent_reload_async (HeartbeatAgent *self,
                                                    GCancellable *cancellable,
                                                    GAsyncReadyCallback callback,
                                                    gpointer user_data);
HEARTBEAT_EXPORT gboolean heartbeat_agent_reload_finish (HeartbeatAgent *self,
                                                         GAsyncResult *result,
                                                         GError **error);

HEARTBEAT_EXPORT void heartbeat_agent_run_check_async (HeartbeatAgent *self,
                                                       const char *name,
                                                       guint timeout,
                                                       GCancellable *cancellable,
                                                       GAsyncReadyCallback callback,
                                                       gpointer user_data);
HEARTBEAT_EXPORT HeartbeatResult *
heartbeat_agent_run_check_finish (HeartbeatAgent *self, GAsyncResult *result, GError **error);

HEARTBEAT_EXPORT void heartbeat_agent_pause_async (HeartbeatAgent *self,
                                                   const char *check,
                                                   gint64 until,
                                                   const char *reason,
                                                   GAsyncReadyCallback callback,
                                                   gpointer user_data);
HEARTBEAT_EXPORT gboolean heartbeat_agent_pause_finish (HeartbeatAgent *self,
                                                        GAsyncResult *result,
                                                        GError **error);

HEARTBEAT_EXPORT void heartbeat_agent_resume_async (HeartbeatAgent *self,
                                                    const char *check,
                                                    GAsyncReadyCallback callback,
                                                    gpointer user_data);
HEARTBEAT_EXPORT gboolean heartbeat_agent_resume_finish (HeartbeatAgent *self,
                                                         GAsyncResult *result,
                                                         GError **error);

HEARTBEAT_EXPORT void heartbeat_agent_set_enabled_async (HeartbeatAgent *self,
                                                         const char *check,
                                                         gboolean enabled,
                                                         GAsyncReadyCallback callback,
                                                         gpointer user_data);
HEARTBEAT_EXPORT gboolean heartbeat_agent_set_enabled_finish (HeartbeatAgent *self,
                                                              GAsyncResult *result,
                                                              GError **error);

HEARTBEAT_EXPORT gboolean heartbeat_agent_change_finish (HeartbeatAgent *self,
                                                         GAsyncResult *result,
                                                         GError **error);

G_END_DECLS
