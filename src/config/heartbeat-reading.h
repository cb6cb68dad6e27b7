/* SPDX-License-Identifier: MIT */

#pragma once

#include "config/heartbeat-problem.h"

G_BEGIN_DECLS

/**
 * HeartbeatReading:
 *
 * What lasts as long as one text is read: how many problems are asked for, and the zones that it names. tzdata is asked
 * once for each of them, not once for each check.
 */
typedef struct _HeartbeatReading HeartbeatReading;

HeartbeatReading *heartbeat_reading_new (gboolean all);
void heartbeat_reading_free (HeartbeatReading *self);
gboolean heartbeat_reading_wants (const HeartbeatReading *self, const GPtrArray *problems);
void heartbeat_reading_complain (HeartbeatReading *self,
                                 GPtrArray **problems,
                                 HeartbeatProblem *problem);
GTimeZone *heartbeat_reading_find_zone (HeartbeatReading *self, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatReading, heartbeat_reading_free)

G_END_DECLS
