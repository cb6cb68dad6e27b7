/* SPDX-License-Identifier: MIT */

#pragma once

#include "ctl/heartbeat-ctl-view.h"

G_BEGIN_DECLS

typedef struct _HeartbeatCtlOutcomes HeartbeatCtlOutcomes;

HeartbeatCtlOutcomes *heartbeat_ctl_outcomes_new (void);
HeartbeatCtlOutcomes *
heartbeat_ctl_outcomes_load (HeartbeatCtlView *view, guint limit_ms, GError **error);
GPtrArray *heartbeat_ctl_outcomes_load_all (GPtrArray *views, HeartbeatCtlExit *status);
gboolean heartbeat_ctl_outcomes_cover (HeartbeatCtlOutcomes *self, HeartbeatCtlView *view);
void heartbeat_ctl_outcomes_add (HeartbeatCtlOutcomes *self, GVariant *runs);
void heartbeat_ctl_outcomes_free (HeartbeatCtlOutcomes *self);
char *heartbeat_ctl_outcomes_row (HeartbeatCtlOutcomes *self, const char *check, gboolean unicode);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatCtlOutcomes, heartbeat_ctl_outcomes_free)

G_END_DECLS
