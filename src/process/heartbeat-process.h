/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

#include "run/heartbeat-run.h"
#include "process/heartbeat-processes.h"
#include "base/heartbeat-limits.h"

G_BEGIN_DECLS

/**
 * HeartbeatProcessOutput:
 * @exit_status: as reported by `waitpid`
 * @text: the beginning of standard output, up to the first NUL
 * @truncated: whether there was more of it
 * @error_text: the first 4 KiB of standard error
 *
 * What a program left behind.
 */
typedef struct
{
  int exit_status;
  char *text;
  gboolean truncated;
  char *error_text;
} HeartbeatProcessOutput;

void heartbeat_process_run_async (HeartbeatProcesses *processes,
                                  HeartbeatRun *run,
                                  const char *const *argv,
                                  gsize max_output,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
HeartbeatProcessOutput *heartbeat_process_run_finish (GAsyncResult *result, GError **error);
void heartbeat_process_output_free (HeartbeatProcessOutput *output);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatProcessOutput, heartbeat_process_output_free)

G_END_DECLS
