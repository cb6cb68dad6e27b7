/* SPDX-License-Identifier: MIT */

#pragma once

#include "ctl/heartbeat-ctl-outcomes.h"
#include "ctl/heartbeat-ctl-view.h"

G_BEGIN_DECLS

char *
heartbeat_ctl_status_to_string (HeartbeatCtlView *view, HeartbeatCtlOutcomes *outcomes, gint64 now);

G_END_DECLS
