/* SPDX-License-Identifier: MIT */

#pragma once

#include "agent/heartbeat-check-private.h"
#include "config/heartbeat-config.h"

G_BEGIN_DECLS

typedef struct _HeartbeatSchedule HeartbeatSchedule;

HeartbeatSchedule *heartbeat_schedule_new (void);
void heartbeat_schedule_free (HeartbeatSchedule *self);

void heartbeat_schedule_apply (HeartbeatSchedule *self,
                               HeartbeatConfig *config,
                               GPtrArray *added,
                               GPtrArray *removed);
HeartbeatConfig *heartbeat_schedule_get_config (HeartbeatSchedule *self);
HeartbeatCheck *heartbeat_schedule_lookup (HeartbeatSchedule *self, const char *name);
GPtrArray *heartbeat_schedule_get_checks (HeartbeatSchedule *self);

gboolean heartbeat_schedule_is_idle (HeartbeatSchedule *self, guint tick_quarter, gint64 now);
HeartbeatCheck *heartbeat_schedule_choose (HeartbeatSchedule *self, guint tick_quarter, gint64 now);
gint64 heartbeat_schedule_next_due (HeartbeatSchedule *self, guint tick_quarter, gint64 now);
void heartbeat_schedule_invalidate (HeartbeatSchedule *self);
void heartbeat_schedule_end_run (HeartbeatSchedule *self, HeartbeatCheck *check);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatSchedule, heartbeat_schedule_free)

G_END_DECLS
