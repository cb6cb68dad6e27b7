/* SPDX-License-Identifier: MIT */

#pragma once

#include "config/heartbeat-problem.h"

G_BEGIN_DECLS

/**
 * HeartbeatParseContext:
 *
 * State shared while one text is parsed: how many problems are wanted, and the time zones that it names. tzdata is read
 * once for each of them, not once for each check.
 */
typedef struct _HeartbeatParseContext HeartbeatParseContext;

HeartbeatParseContext *heartbeat_parse_context_new (gboolean all);
void heartbeat_parse_context_free (HeartbeatParseContext *self);
gboolean heartbeat_parse_context_wants (const HeartbeatParseContext *self,
                                        const GPtrArray *problems);
void heartbeat_parse_context_report (HeartbeatParseContext *self,
                                     GPtrArray **problems,
                                     HeartbeatProblem *problem);
GTimeZone *heartbeat_parse_context_find_zone (HeartbeatParseContext *self, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatParseContext, heartbeat_parse_context_free)

G_END_DECLS
