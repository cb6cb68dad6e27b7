/* SPDX-License-Identifier: MIT */

#pragma once

#include "consumer/heartbeat-consumer.h"
#include "service/heartbeat-settings.h"

G_BEGIN_DECLS

typedef struct _HeartbeatDesktop HeartbeatDesktop;

HeartbeatDesktop *heartbeat_desktop_new (const HeartbeatSettings *settings);
void heartbeat_desktop_free (HeartbeatDesktop *self);

void heartbeat_desktop_start_bus (HeartbeatDesktop *self);
void heartbeat_desktop_add_consumer (HeartbeatDesktop *self, HeartbeatConsumer *consumer);
void heartbeat_desktop_remove_consumer (HeartbeatDesktop *self, HeartbeatConsumer *consumer);
void heartbeat_desktop_stop (HeartbeatDesktop *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatDesktop, heartbeat_desktop_free)

G_END_DECLS
