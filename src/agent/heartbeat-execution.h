/* SPDX-License-Identifier: MIT */

#pragma once

#include "agent/heartbeat-check.h"
#include "run/heartbeat-registry.h"
#include "run/heartbeat-run-private.h"

G_BEGIN_DECLS

typedef struct _HeartbeatExecution HeartbeatExecution;

/**
 * HeartbeatExecutionEnded:
 * @execution: the execution
 * @result: (transfer none): how it ended
 * @user_data: what was passed to heartbeat_execution_new()
 *
 * Called once, perhaps before heartbeat_execution_start() returns.
 */
typedef void (*HeartbeatExecutionEnded) (HeartbeatExecution *execution,
                                         HeartbeatResult *result,
                                         gpointer user_data);

/**
 * HeartbeatExecutionDeclined:
 * @execution: the execution
 * @name: the name of the handler that does not exist where it was looked for
 * @user_data: what was passed to heartbeat_execution_new()
 *
 * Has to call heartbeat_execution_redirect() or heartbeat_execution_cancel().
 */
typedef void (*HeartbeatExecutionDeclined) (HeartbeatExecution *execution,
                                            const char *name,
                                            gpointer user_data);

HeartbeatExecution *
heartbeat_execution_new (HeartbeatCheck *check, HeartbeatExecutionEnded ended, gpointer user_data);
void heartbeat_execution_free (HeartbeatExecution *self);
void heartbeat_execution_start (HeartbeatExecution *self,
                                const HeartbeatRunInput *input,
                                const HeartbeatHandler *handler,
                                guint timeout);
void heartbeat_execution_set_declined (HeartbeatExecution *self,
                                       HeartbeatExecutionDeclined declined);
void heartbeat_execution_redirect (HeartbeatExecution *self,
                                   const char *name,
                                   const HeartbeatHandler *handler);
void heartbeat_execution_set_note (HeartbeatExecution *self, const char *note);
void heartbeat_execution_cancel (HeartbeatExecution *self, const char *why);
HeartbeatCheck *heartbeat_execution_get_check (HeartbeatExecution *self);

G_END_DECLS
