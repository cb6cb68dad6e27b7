/* SPDX-License-Identifier: MIT */

#pragma once

#include "run/heartbeat-run.h"

G_BEGIN_DECLS

/**
 * HeartbeatHandler:
 * @func: executes a run
 * @user_data: passed to @func
 * @destroy: (nullable): frees @user_data
 *
 * A function and its data. It is counted by references, because it may be replaced while one of its runs is executed.
 */
typedef struct
{
  HeartbeatHandlerFunc func;
  gpointer user_data;
  GDestroyNotify destroy;
} HeartbeatHandler;

HeartbeatHandler *
heartbeat_handler_new (HeartbeatHandlerFunc func, gpointer user_data, GDestroyNotify destroy);
HeartbeatHandler *heartbeat_handler_ref (HeartbeatHandler *self);
void heartbeat_handler_unref (HeartbeatHandler *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatHandler, heartbeat_handler_unref)

G_END_DECLS
