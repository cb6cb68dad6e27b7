/* SPDX-License-Identifier: MIT */

#pragma once

#include "config/heartbeat-document.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_LAST_RUN_STORE (heartbeat_last_run_store_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatLastRunStore,
                      heartbeat_last_run_store,
                      HEARTBEAT,
                      LAST_RUN_STORE,
                      GObject)

HeartbeatLastRunStore *heartbeat_last_run_store_new (const char *agent,
                                                     HeartbeatDocument *document);

void heartbeat_last_run_store_load_async (HeartbeatLastRunStore *self,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
void heartbeat_last_run_store_load_finish (HeartbeatLastRunStore *self, GAsyncResult *result);

gboolean heartbeat_last_run_store_lookup (HeartbeatLastRunStore *self,
                                          const HeartbeatCheckSpec *spec,
                                          gint64 *last_run);
gboolean heartbeat_last_run_store_can_move (HeartbeatLastRunStore *self);
void heartbeat_last_run_store_set_bus_handler (HeartbeatLastRunStore *self,
                                               const char *name,
                                               gboolean is_on_bus);
GPtrArray *heartbeat_last_run_store_list_bus_handlers (HeartbeatLastRunStore *self);

void heartbeat_last_run_store_save_async (HeartbeatLastRunStore *self,
                                          const HeartbeatCheckSpec *spec,
                                          gint64 last_run,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
void heartbeat_last_run_store_move_async (HeartbeatLastRunStore *self,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
void heartbeat_last_run_store_finish (HeartbeatLastRunStore *self, GAsyncResult *result);

G_END_DECLS
