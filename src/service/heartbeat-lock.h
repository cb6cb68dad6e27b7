/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _HeartbeatLock HeartbeatLock;

HeartbeatLock *heartbeat_lock_take (const char *agent, GError **error);
void heartbeat_lock_release (HeartbeatLock *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatLock, heartbeat_lock_release)

G_END_DECLS
