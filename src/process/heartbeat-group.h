/* SPDX-License-Identifier: MIT */

#pragma once

#include <sys/types.h>

#include <glib.h>

G_BEGIN_DECLS

typedef struct _HeartbeatGroup HeartbeatGroup;

/**
 * HeartbeatGroupFunc:
 * @group: the group
 * @status: how the leader ended, as reported by `waitpid`
 * @user_data: what was passed to heartbeat_group_new()
 */
typedef void (*HeartbeatGroupFunc) (HeartbeatGroup *group, int status, gpointer user_data);

HeartbeatGroup *heartbeat_group_new (pid_t leader,
                                     HeartbeatGroupFunc ended,
                                     HeartbeatGroupFunc over,
                                     gpointer user_data);
HeartbeatGroup *heartbeat_group_ref (HeartbeatGroup *self);
void heartbeat_group_unref (HeartbeatGroup *self);
void heartbeat_group_terminate (HeartbeatGroup *self);
void heartbeat_group_force_stop (HeartbeatGroup *self);
void heartbeat_group_kill (HeartbeatGroup *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatGroup, heartbeat_group_unref)

G_END_DECLS
