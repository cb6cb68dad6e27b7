/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib-object.h>

#include "service/heartbeat-agent-files.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_AGENTS_FOLDER (heartbeat_agents_folder_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatAgentsFolder,
                      heartbeat_agents_folder,
                      HEARTBEAT,
                      AGENTS_FOLDER,
                      GObject)

HeartbeatAgentsFolder *heartbeat_agents_folder_new (const char *path);
void heartbeat_agents_folder_look (HeartbeatAgentsFolder *self);
void heartbeat_agents_folder_stop (HeartbeatAgentsFolder *self);
gboolean heartbeat_agents_folder_was_read (HeartbeatAgentsFolder *self);
gboolean heartbeat_agents_folder_is_settled (HeartbeatAgentsFolder *self);
GPtrArray *heartbeat_agents_folder_get_files (HeartbeatAgentsFolder *self);
const char *heartbeat_agents_folder_get_error (HeartbeatAgentsFolder *self);

G_END_DECLS
