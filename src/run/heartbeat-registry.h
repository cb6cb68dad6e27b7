/* SPDX-License-Identifier: MIT */

#pragma once

#include "run/heartbeat-handler.h"

G_BEGIN_DECLS

/**
 * HeartbeatHandlerRank:
 *
 * Where a handler comes from. The first rank that has one wins.
 */
typedef enum
{
  HEARTBEAT_HANDLER_PROGRAM,
  HEARTBEAT_HANDLER_BUS,
  HEARTBEAT_HANDLER_BUILT_IN,
  HEARTBEAT_HANDLER_N_RANKS,
} HeartbeatHandlerRank;

/**
 * HeartbeatRegistrySearch:
 * @name: the name of a handler
 * @task: (transfer full): returns a new #HeartbeatHandler, %NULL if there is no executable of that name, or an error
 * @user_data: what was passed to heartbeat_registry_set_search()
 *
 * Looks for an executable, without blocking.
 */
typedef void (*HeartbeatRegistrySearch) (const char *name, GTask *task, gpointer user_data);

#define HEARTBEAT_TYPE_REGISTRY (heartbeat_registry_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatRegistry, heartbeat_registry, HEARTBEAT, REGISTRY, GObject)

HeartbeatRegistry *heartbeat_registry_new (void);
void heartbeat_registry_add (HeartbeatRegistry *self,
                             HeartbeatHandlerRank rank,
                             const char *name,
                             const HeartbeatHandler *handler);
void heartbeat_registry_set_search (HeartbeatRegistry *self,
                                    HeartbeatRegistrySearch search,
                                    gpointer user_data,
                                    GDestroyNotify destroy);
gboolean
heartbeat_registry_remove (HeartbeatRegistry *self, HeartbeatHandlerRank rank, const char *name);
gboolean
heartbeat_registry_has (HeartbeatRegistry *self, HeartbeatHandlerRank rank, const char *name);
guint heartbeat_registry_count (HeartbeatRegistry *self, HeartbeatHandlerRank rank);
void heartbeat_registry_lookup_async (HeartbeatRegistry *self,
                                      const char *name,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
HeartbeatHandler *
heartbeat_registry_lookup_finish (HeartbeatRegistry *self, GAsyncResult *result, GError **error);
GStrv heartbeat_registry_list (HeartbeatRegistry *self);

G_END_DECLS
