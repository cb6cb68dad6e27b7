/* SPDX-License-Identifier: MIT */

#pragma once

#include "agent/heartbeat-check.h"
#include "agent/heartbeat-decision.h"

G_BEGIN_DECLS

HeartbeatCheck *heartbeat_check_new (HeartbeatCheckSpec *spec);
HeartbeatCheckSpec *heartbeat_check_get_spec (HeartbeatCheck *self);
const HeartbeatCheckState *heartbeat_check_peek_state (HeartbeatCheck *self);
void heartbeat_check_set_spec (HeartbeatCheck *self, HeartbeatCheckSpec *spec);
void heartbeat_check_set_last_run (HeartbeatCheck *self, gint64 last_run);
gboolean heartbeat_check_mark_reported (HeartbeatCheck *self);
void heartbeat_check_begin (HeartbeatCheck *self);
void heartbeat_check_end (HeartbeatCheck *self, HeartbeatResult *result, gint64 now);

G_END_DECLS
