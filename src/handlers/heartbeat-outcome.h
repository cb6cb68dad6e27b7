/* SPDX-License-Identifier: MIT */

#pragma once

#include "run/heartbeat-result.h"
#include "process/heartbeat-process.h"

G_BEGIN_DECLS

/**
 * HeartbeatOutcome:
 * @status: how the run ended
 * @message: a line for people
 * @details: (nullable): more facts, an `a{sv}`
 *
 * What a program's output and exit status mean.
 */
typedef struct
{
  HeartbeatStatus status;
  char *message;
  GVariant *details;
} HeartbeatOutcome;

void heartbeat_outcome_read (HeartbeatOutcome *outcome, const HeartbeatProcessOutput *output);
void heartbeat_outcome_clear (HeartbeatOutcome *outcome);
char *heartbeat_outcome_describe_exit (int exit_status);
void
heartbeat_outcome_run (HeartbeatProcesses *processes, HeartbeatRun *run, const char *const *argv);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HeartbeatOutcome, heartbeat_outcome_clear)

G_END_DECLS
