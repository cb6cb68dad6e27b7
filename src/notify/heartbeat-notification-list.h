/* SPDX-License-Identifier: MIT */

#pragma once

#include "notify/heartbeat-notice.h"

G_BEGIN_DECLS

/**
 * HeartbeatNotificationListFunc:
 * @notice: the notice on which the user chose something
 * @action: what the user chose
 * @user_data: what was passed to heartbeat_notification_list_new()
 */
typedef void (*HeartbeatNotificationListFunc) (HeartbeatNotice *notice,
                                               HeartbeatNoticeAction action,
                                               gpointer user_data);

typedef struct _HeartbeatNotificationList HeartbeatNotificationList;

HeartbeatNotificationList *heartbeat_notification_list_new (HeartbeatNotificationListFunc chosen,
                                                            gpointer user_data);
void heartbeat_notification_list_free (HeartbeatNotificationList *self);

void heartbeat_notification_list_present (HeartbeatNotificationList *self, HeartbeatNotice *notice);
void heartbeat_notification_list_resolve (HeartbeatNotificationList *self,
                                          const char *key,
                                          HeartbeatNotice *brief);

G_END_DECLS
