/* SPDX-License-Identifier: MIT */

#pragma once

#include "ctl/heartbeat-ctl.h"
#include "desktop/heartbeat-dbus.h"

G_BEGIN_DECLS

/**
 * HeartbeatCtlView:
 * @agent: the agent
 * @checks: (element-type HeartbeatDBusCheck): its checks, sorted by name
 *
 * What one agent shows of itself on the bus.
 */
typedef struct
{
  HeartbeatDBusAgent *agent;
  GPtrArray *checks;
} HeartbeatCtlView;

HeartbeatCtlView *heartbeat_ctl_view_new (HeartbeatCtl *ctl, const char *agent, GError **error);
void heartbeat_ctl_view_free (HeartbeatCtlView *self);
HeartbeatDBusCheck *heartbeat_ctl_view_find_check (HeartbeatCtlView *self, const char *name);
void heartbeat_ctl_view_add_properties (JsonBuilder *builder, GDBusProxy *proxy);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatCtlView, heartbeat_ctl_view_free)

G_END_DECLS
