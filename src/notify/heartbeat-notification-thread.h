/* SPDX-License-Identifier: MIT */

#pragma once

#include "notify/heartbeat-notice.h"

G_BEGIN_DECLS

typedef struct _HeartbeatNotificationThread HeartbeatNotificationThread;

HeartbeatNotificationThread *heartbeat_notification_thread_new (HeartbeatNoticeFunc chosen,
                                                                gpointer user_data);
void heartbeat_notification_thread_free (HeartbeatNotificationThread *self);

void heartbeat_notification_thread_present (HeartbeatNotificationThread *self,
                                            HeartbeatNotice *notice);
void heartbeat_notification_thread_resolve (HeartbeatNotificationThread *self,
                                            const char *key,
                                            HeartbeatNotice *brief);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatNotificationThread, heartbeat_notification_thread_free)

G_END_DECLS
