/* SPDX-License-Identifier: MIT */

#pragma once

#include "agent/heartbeat-execution.h"
#include "agent/heartbeat-last-run-store.h"
#include "agent/heartbeat-pending-tick.h"

G_BEGIN_DECLS

typedef struct _HeartbeatCheckRun HeartbeatCheckRun;

/**
 * HeartbeatRunContext:
 * @agent_name: the agent whose check runs
 * @folder: the folder of its heartbeat.json
 * @registry: the handlers that it knows
 * @store: saves `lastRun`
 *
 * Where a run begins. It outlives the run.
 */
typedef struct
{
  const char *agent_name;
  const char *folder;
  HeartbeatRegistry *registry;
  HeartbeatLastRunStore *store;
} HeartbeatRunContext;

/**
 * HeartbeatCheckRunDone:
 * @run: the run
 * @owner: what was passed to heartbeat_check_run_new()
 *
 * The run has ended, and all that it caused is safe.
 */
typedef void (*HeartbeatCheckRunDone) (HeartbeatCheckRun *run, gpointer owner);

HeartbeatCheckRun *heartbeat_check_run_new (const HeartbeatRunContext *context,
                                            HeartbeatCheck *check,
                                            HeartbeatPendingTick *tick,
                                            HeartbeatCheckRunDone done,
                                            GObject *owner);
void heartbeat_check_run_free (HeartbeatCheckRun *self);
void heartbeat_check_run_set_task (HeartbeatCheckRun *self, GTask *task);
void heartbeat_check_run_start (HeartbeatCheckRun *self, guint timeout);
void heartbeat_check_run_give_up (HeartbeatCheckRun *self, const char *why);

HeartbeatCheck *heartbeat_check_run_get_check (HeartbeatCheckRun *self);
HeartbeatResult *heartbeat_check_run_get_result (HeartbeatCheckRun *self);
gboolean heartbeat_check_run_is_by_tick (HeartbeatCheckRun *self);
HeartbeatPendingTick *heartbeat_check_run_steal_tick (HeartbeatCheckRun *self);
GTask *heartbeat_check_run_steal_task (HeartbeatCheckRun *self);

G_END_DECLS
