/* SPDX-License-Identifier: MIT */

#pragma once

#include "notify/heartbeat-notice.h"

G_BEGIN_DECLS

/**
 * HeartbeatPopupsFunc:
 * @notice: the notice on which the user chose something
 * @action: what the user chose
 * @user_data: what was passed to heartbeat_popups_new()
 */
typedef void (*HeartbeatPopupsFunc) (HeartbeatNotice *notice,
                                     HeartbeatNoticeAction action,
                                     gpointer user_data);

typedef struct _HeartbeatPopups HeartbeatPopups;

HeartbeatPopups *heartbeat_popups_new (HeartbeatPopupsFunc chosen, gpointer user_data);
void heartbeat_popups_free (HeartbeatPopups *self);

void heartbeat_popups_present (HeartbeatPopups *self, HeartbeatNotice *notice);
void heartbeat_popups_resolve (HeartbeatPopups *self, const char *key, HeartbeatNotice *brief);

G_END_DECLS
