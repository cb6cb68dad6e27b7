/* SPDX-License-Identifier: MIT */

#pragma once

#include "service/heartbeat-debug-dbus.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_DEBUG (heartbeat_debug_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatDebug, heartbeat_debug, HEARTBEAT, DEBUG, HeartbeatDBusDebugSkeleton)

HeartbeatDebug *heartbeat_debug_new (const char *wanted);

G_END_DECLS
