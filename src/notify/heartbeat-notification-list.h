/* SPDX-License-Identifier: MIT */

#pragma once

#include "notify/heartbeat-notice.h"

G_BEGIN_DECLS

typedef struct _HeartbeatNotificationList HeartbeatNotificationList;

HeartbeatNotificationList *heartbeat_notification_list_new (HeartbeatNoticeFunc chosen,
                                                            gpointer user_data);
void heartbeat_notification_list_free (HeartbeatNotificationList *self);

void heartbeat_notification_list_present (HeartbeatNotificationList *self, HeartbeatNotice *notice);
void heartbeat_notification_list_resolve (HeartbeatNotificationList *self,
                                          const char *key,
                                          HeartbeatNotice *brief);

G_END_DECLS
