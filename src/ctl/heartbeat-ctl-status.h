/* SPDX-License-Identifier: MIT */

#pragma once

#include "ctl/heartbeat-ctl-view.h"

G_BEGIN_DECLS

void heartbeat_ctl_status_print (HeartbeatCtlView *view, gint64 now);

G_END_DECLS
