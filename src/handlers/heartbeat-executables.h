/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

#include "run/heartbeat-registry.h"
#include "process/heartbeat-processes.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_EXECUTABLES (heartbeat_executables_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatExecutables, heartbeat_executables, HEARTBEAT, EXECUTABLES, GObject)

HeartbeatExecutables *
heartbeat_executables_new (const char *path, HeartbeatProcesses *processes, GError **error);
void heartbeat_executables_register (HeartbeatExecutables *self, HeartbeatRegistry *registry);
void heartbeat_executables_list_async (HeartbeatExecutables *self,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
GStrv heartbeat_executables_list_finish (HeartbeatExecutables *self, GAsyncResult *result);

GStrv heartbeat_executables_parse_path (const char *path, GError **error);
gboolean heartbeat_executables_is_name (const char *name);
char *heartbeat_executables_find (const char *const *folders, const char *name, GError **error);

G_END_DECLS
