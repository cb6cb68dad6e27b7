/* SPDX-License-Identifier: MIT */

#pragma once

#include <json-glib/json-glib.h>

#include "run/heartbeat-publisher.h"
#include "run/heartbeat-run.h"
#include "process/heartbeat-processes.h"

G_BEGIN_DECLS

/**
 * HeartbeatSubHealth:
 * @publisher: what the agent sends
 * @processes: (nullable): the programs that it runs
 *
 * What the handler works with.
 */
typedef struct
{
  HeartbeatPublisher *publisher;
  HeartbeatProcesses *processes;
} HeartbeatSubHealth;

void heartbeat_sub_health_handler (HeartbeatRun *run, gpointer user_data);
JsonArray *heartbeat_sub_health_read_sessions (const char *text, GError **error);

G_END_DECLS
