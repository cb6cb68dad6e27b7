/* SPDX-License-Identifier: MIT */

#pragma once

#include "run/heartbeat-run.h"

G_BEGIN_DECLS

/**
 * HeartbeatRunInput:
 * @agent_name: the agent
 * @check_name: (nullable): the check; %NULL where a message of the inbox is to be handled
 * @working_folder: the folder of heartbeat.json
 * @started: when the run begins, in µs since the epoch
 * @check: (transfer full) (nullable): the check as JSON text
 * @envelope: (transfer full): the event as JSON text
 * @routing_key: (nullable): that of a message of the inbox
 * @handler: the name of the handler that was asked for
 * @fallback: (nullable): a static string: the handler that executes it if there is no @handler
 *
 * What a handler is told. All other texts are copied.
 */
typedef struct
{
  const char *agent_name;
  const char *check_name;
  const char *working_folder;
  gint64 started;
  char *check;
  char *envelope;
  const char *routing_key;
  const char *handler;
  const char *fallback;
} HeartbeatRunInput;

/**
 * HeartbeatRunEnded:
 * @run: the run; not to be used after this call
 * @result: how it ended
 * @user_data: what was passed to heartbeat_run_new()
 *
 * Called once, on the thread of the loop, unless heartbeat_run_abandon() was called before.
 */
typedef void (*HeartbeatRunEnded) (HeartbeatRun *run, HeartbeatResult *result, gpointer user_data);

HeartbeatRun *
heartbeat_run_new (const HeartbeatRunInput *input, HeartbeatRunEnded ended, gpointer user_data);
void heartbeat_run_call (HeartbeatRun *run, HeartbeatHandlerFunc func, gpointer user_data);
void heartbeat_run_abandon (HeartbeatRun *run);
const char *heartbeat_run_get_handler (HeartbeatRun *run);
gint64 heartbeat_run_get_started (HeartbeatRun *run);
const char *heartbeat_run_get_working_folder (HeartbeatRun *run);

G_END_DECLS
