/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

#include "process/heartbeat-group.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_PROCESSES (heartbeat_processes_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatProcesses, heartbeat_processes, HEARTBEAT, PROCESSES, GObject)

HeartbeatProcesses *heartbeat_processes_new (void);
void heartbeat_processes_set_file_limit (HeartbeatProcesses *self, guint64 limit);
guint64 heartbeat_processes_get_file_limit (HeartbeatProcesses *self);
void heartbeat_processes_add (HeartbeatProcesses *self, HeartbeatGroup *group);
void heartbeat_processes_remove (HeartbeatProcesses *self, HeartbeatGroup *group);
void heartbeat_processes_stop_async (HeartbeatProcesses *self,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
void heartbeat_processes_stop_finish (HeartbeatProcesses *self, GAsyncResult *result);

G_END_DECLS
