/* SPDX-License-Identifier: MIT */

#pragma once

#include "ctl/heartbeat-ctl-view.h"

G_BEGIN_DECLS

typedef struct _HeartbeatCtlRunMarks HeartbeatCtlRunMarks;

HeartbeatCtlRunMarks *heartbeat_ctl_run_marks_new (void);
HeartbeatCtlRunMarks *heartbeat_ctl_run_marks_load (HeartbeatCtlView *view,
                                                    guint limit_ms,
                                                    GHashTable *silent,
                                                    GError **error);
GPtrArray *heartbeat_ctl_run_marks_load_all (GPtrArray *views, HeartbeatCtlExit *status);
gboolean heartbeat_ctl_run_marks_cover (HeartbeatCtlRunMarks *self, HeartbeatCtlView *view);
void heartbeat_ctl_run_marks_add (HeartbeatCtlRunMarks *self, GVariant *runs);
void heartbeat_ctl_run_marks_free (HeartbeatCtlRunMarks *self);
char *heartbeat_ctl_run_marks_row (HeartbeatCtlRunMarks *self, const char *check, gboolean unicode);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatCtlRunMarks, heartbeat_ctl_run_marks_free)

G_END_DECLS
