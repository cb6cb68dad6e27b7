/* SPDX-License-Identifier: MIT */

#pragma once

#include "run/heartbeat-publisher.h"
#include "agent/heartbeat-agent.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_REPORTER (heartbeat_reporter_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatReporter, heartbeat_reporter, HEARTBEAT, REPORTER, GObject)

HeartbeatReporter *heartbeat_reporter_new (HeartbeatAgent *agent, HeartbeatPublisher *publisher);
void heartbeat_reporter_flush_async (HeartbeatReporter *self,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
void heartbeat_reporter_flush_finish (HeartbeatReporter *self, GAsyncResult *result);

G_END_DECLS
