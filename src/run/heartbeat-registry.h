/* SPDX-License-Identifier: MIT */

#pragma once

#include "run/heartbeat-run.h"

G_BEGIN_DECLS

/**
 * HeartbeatHandlerRank:
 *
 * Who brought a handler, the first found wins.
 */
typedef enum
{
  HEARTBEAT_HANDLER_PROGRAM,
  HEARTBEAT_HANDLER_BUS,
  HEARTBEAT_HANDLER_EXECUTABLE,
  HEARTBEAT_HANDLER_BUILT_IN,
  HEARTBEAT_HANDLER_N_RANKS,
} HeartbeatHandlerRank;

/**
 * HeartbeatHandler:
 *
 * A function and what it is called with. It may be replaced while one of its runs goes on.
 */
typedef struct
{
  HeartbeatHandlerFunc func;
  gpointer user_data;
  GDestroyNotify destroy;
} HeartbeatHandler;

const HeartbeatHandler *heartbeat_handler_ref (const HeartbeatHandler *handler);
void heartbeat_handler_unref (const HeartbeatHandler *handler);

#define HEARTBEAT_TYPE_REGISTRY (heartbeat_registry_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatRegistry, heartbeat_registry, HEARTBEAT, REGISTRY, GObject)

HeartbeatRegistry *heartbeat_registry_new (void);
void heartbeat_registry_add (HeartbeatRegistry *self,
                             HeartbeatHandlerRank rank,
                             const char *name,
                             const HeartbeatHandler *handler);
void heartbeat_registry_add_any (HeartbeatRegistry *self,
                                 HeartbeatHandlerRank rank,
                                 const HeartbeatHandler *handler);
gboolean
heartbeat_registry_remove (HeartbeatRegistry *self, HeartbeatHandlerRank rank, const char *name);
gboolean
heartbeat_registry_has (HeartbeatRegistry *self, HeartbeatHandlerRank rank, const char *name);
guint heartbeat_registry_count (HeartbeatRegistry *self, HeartbeatHandlerRank rank);
const HeartbeatHandler *heartbeat_registry_find (HeartbeatRegistry *self, const char *name);
const HeartbeatHandler *heartbeat_registry_find_below (HeartbeatRegistry *self,
                                                       const char *name,
                                                       HeartbeatHandlerRank rank);
GStrv heartbeat_registry_list (HeartbeatRegistry *self);

G_END_DECLS
