/* SPDX-License-Identifier: MIT */

#pragma once

#include "ctl/heartbeat-ctl.h"

G_BEGIN_DECLS

/**
 * HeartbeatCtlView:
 * @name: the agent's name
 * @owner: (nullable): the unique name of the process that serves it; %NULL if none does
 * @agent: (nullable): the agent; %NULL if there is an error
 * @checks: (element-type HeartbeatDBusCheck): its checks, sorted by name
 * @error: (nullable): why the agent is not known
 *
 * An agent as it is on the bus.
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
GVariant *heartbeat_ctl_view_serialize (GDBusProxy *proxy, const char *member, GVariant *value);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatCtlView, heartbeat_ctl_view_free)

G_END_DECLS
