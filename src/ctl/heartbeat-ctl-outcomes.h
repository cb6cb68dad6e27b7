/* SPDX-License-Identifier: MIT */

#pragma once

#include "desktop/heartbeat-dbus.h"

G_BEGIN_DECLS

typedef struct _HeartbeatCtlOutcomes HeartbeatCtlOutcomes;

HeartbeatCtlOutcomes *heartbeat_ctl_outcomes_new (GVariant *runs);
HeartbeatCtlOutcomes *heartbeat_ctl_outcomes_load (HeartbeatDBusAgent *agent);
void heartbeat_ctl_outcomes_free (HeartbeatCtlOutcomes *self);
char *heartbeat_ctl_outcomes_row (HeartbeatCtlOutcomes *self, const char *check, gboolean unicode);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatCtlOutcomes, heartbeat_ctl_outcomes_free)

G_END_DECLS
