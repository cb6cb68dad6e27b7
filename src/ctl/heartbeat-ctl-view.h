/* SPDX-License-Identifier: MIT */

#pragma once

#include "ctl/heartbeat-ctl.h"
#include "dbus/heartbeat-dbus.h"

G_BEGIN_DECLS

/**
 * HeartbeatCtlView:
 * @name: the agent's name
 * @owner: (nullable): the unique name of the process that serves it; %NULL where none does
 * @agent: (nullable): the agent; %NULL where nothing was found out
 * @checks: (element-type HeartbeatDBusCheck): its checks, sorted by name
 * @error: (nullable): why nothing was found out
 *
 * What one agent shows of itself on the bus.
 */
typedef struct
{
  char *name;
  char *owner;
  HeartbeatDBusAgent *agent;
  GPtrArray *checks;
  GError *error;
} HeartbeatCtlView;

HeartbeatCtlView *heartbeat_ctl_view_new (const char *name);
void heartbeat_ctl_view_free (HeartbeatCtlView *self);
void heartbeat_ctl_view_sort (HeartbeatCtlView *self);
HeartbeatDBusCheck *heartbeat_ctl_view_find_check (HeartbeatCtlView *self, const char *name);
void heartbeat_ctl_view_add_properties (JsonBuilder *builder, GDBusProxy *proxy);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatCtlView, heartbeat_ctl_view_free)

G_END_DECLS
