/* SPDX-License-Identifier: MIT */

#pragma once

#include "ctl/heartbeat-ctl-run-marks.h"
#include "ctl/heartbeat-ctl-view.h"

G_BEGIN_DECLS

char *
heartbeat_ctl_status_to_string (HeartbeatCtlView *view, HeartbeatCtlRunMarks *marks, gint64 now);

G_END_DECLS
