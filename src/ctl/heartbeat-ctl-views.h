/* SPDX-License-Identifier: MIT */

#pragma once

#include "ctl/heartbeat-ctl-view.h"

G_BEGIN_DECLS

GPtrArray *heartbeat_ctl_views_ask (GDBusConnection *bus, GPtrArray *agents, guint limit_ms);
HeartbeatCtlExit
heartbeat_ctl_views_load (HeartbeatCtl *self, GPtrArray *agents, GPtrArray **views);

G_END_DECLS
