/* SPDX-License-Identifier: MIT */

#pragma once

#include "config/heartbeat-change.h"
#include "config/heartbeat-loader.h"
#include "agent/heartbeat-schedule.h"

G_BEGIN_DECLS

typedef struct _HeartbeatEditor HeartbeatEditor;

/**
 * HeartbeatEditorFunc:
 * @config: what heartbeat.json says now
 * @user_data: what was passed to heartbeat_editor_new()
 *
 * The file was changed. Called before who asked for it gets the answer.
 */
typedef void (*HeartbeatEditorFunc) (HeartbeatConfig *config, gpointer user_data);

HeartbeatEditor *heartbeat_editor_new (const char *agent_name,
                                       HeartbeatFile *file,
                                       HeartbeatLoader *loader,
                                       HeartbeatSchedule *schedule,
                                       HeartbeatEditorFunc func,
                                       gpointer user_data);
void heartbeat_editor_free (HeartbeatEditor *self);
void heartbeat_editor_change (HeartbeatEditor *self, HeartbeatChange *change, GTask *task);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatEditor, heartbeat_editor_free)

G_END_DECLS
