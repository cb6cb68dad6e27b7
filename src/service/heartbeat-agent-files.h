/* SPDX-License-Identifier: MIT */

#pragma once

#include "base/heartbeat-identity.h"

G_BEGIN_DECLS

/**
 * HeartbeatAgentFile:
 * @entry: its name in the folder, `NAME.json` or `SUBFOLDER/heartbeat.json`
 * @path: where it is
 * @agent: (nullable): the agent that it names, or named while it could be read; %NULL where it names none
 * @stem: the agent's name where the file has none
 * @identity: of what was read
 * @settled: whether @identity tells any change since
 * @problem: (nullable): why nobody serves it
 *
 * One file of a folder of agents. It does not change any more once it was resolved.
 */
typedef struct
{
  char *entry;
  char *path;
  char *agent;
  char *stem;
  HeartbeatIdentity identity;
  gboolean settled;
  char *problem;
} HeartbeatAgentFile;

/**
 * HeartbeatAgentFiles:
 * @files: (element-type HeartbeatAgentFile): the files, in the order of their names
 * @folders: (element-type HeartbeatIdentity): the folders that were looked at, by their paths
 *
 * What is in a folder of agents.
 */
typedef struct
{
  gatomicrefcount refs;
  GPtrArray *files;
  GHashTable *folders;
} HeartbeatAgentFiles;

char *heartbeat_agent_files_dup_stem (const char *entry);
void heartbeat_agent_files_resolve (GPtrArray *files);

HeartbeatAgentFile *heartbeat_agent_file_new (const char *folder, const char *entry);
void heartbeat_agent_file_free (HeartbeatAgentFile *self);
const char *heartbeat_agent_file_get_name (const HeartbeatAgentFile *self);

HeartbeatAgentFiles *
heartbeat_agent_files_read (const char *folder, HeartbeatAgentFiles *known, GError **error);
HeartbeatAgentFiles *heartbeat_agent_files_ref (HeartbeatAgentFiles *self);
void heartbeat_agent_files_unref (HeartbeatAgentFiles *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatAgentFile, heartbeat_agent_file_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatAgentFiles, heartbeat_agent_files_unref)

G_END_DECLS
