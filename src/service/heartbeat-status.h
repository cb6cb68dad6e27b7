/* SPDX-License-Identifier: MIT */

#pragma once

#include "consumer/heartbeat-consumer-private.h"

G_BEGIN_DECLS

char *heartbeat_status_format_agent (HeartbeatConsumer *consumer);
char *
heartbeat_status_format_folder (guint agents, GPtrArray *problems, HeartbeatConnectionState state);

G_END_DECLS
