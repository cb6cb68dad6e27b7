/* SPDX-License-Identifier: MIT */

#pragma once

#include "agent/heartbeat-check.h"
#include "agent/heartbeat-last-run-store.h"
#include "run/heartbeat-registry.h"

G_BEGIN_DECLS

/**
 * HeartbeatRunContext:
 * @agent_name: the agent whose check runs
 * @folder: the folder of its heartbeat.json
 * @registry: the handlers that it knows
 * @store: saves `lastRun`
 *
 * What all runs of an agent share. It outlives them.
 */
typedef struct
{
  const char *agent_name;
  const char *folder;
  HeartbeatRegistry *registry;
  HeartbeatLastRunStore *store;
} HeartbeatRunContext;

void heartbeat_check_run_async (HeartbeatCheck *check,
                                const HeartbeatRunContext *context,
                                const char *tick,
                                guint timeout_ms,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
HeartbeatResult *heartbeat_check_run_finish (HeartbeatCheck *check, GAsyncResult *result);

G_END_DECLS
