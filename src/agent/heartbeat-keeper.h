/* SPDX-License-Identifier: MIT */

#pragma once

#include "config/heartbeat-document.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_KEEPER (heartbeat_keeper_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatKeeper, heartbeat_keeper, HEARTBEAT, KEEPER, GObject)

HeartbeatKeeper *heartbeat_keeper_new (const char *agent, HeartbeatDocument *document);

void heartbeat_keeper_load_async (HeartbeatKeeper *self,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
void heartbeat_keeper_load_finish (HeartbeatKeeper *self, GAsyncResult *result);

gboolean
heartbeat_keeper_lookup (HeartbeatKeeper *self, const HeartbeatCheckSpec *spec, gint64 *last_run);
gboolean heartbeat_keeper_can_move (HeartbeatKeeper *self);
void heartbeat_keeper_set_bus_handler (HeartbeatKeeper *self, const char *name, gboolean is_on_bus);
GPtrArray *heartbeat_keeper_list_bus_handlers (HeartbeatKeeper *self);

void heartbeat_keeper_save_async (HeartbeatKeeper *self,
                                  const HeartbeatCheckSpec *spec,
                                  gint64 last_run,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
void heartbeat_keeper_move_async (HeartbeatKeeper *self,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
void heartbeat_keeper_finish (HeartbeatKeeper *self, GAsyncResult *result);

G_END_DECLS
