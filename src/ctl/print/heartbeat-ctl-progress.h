/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _HeartbeatCtlProgress HeartbeatCtlProgress;

HeartbeatCtlProgress *heartbeat_ctl_progress_new (const char *check);
void heartbeat_ctl_progress_free (HeartbeatCtlProgress *self);
void heartbeat_ctl_progress_begin (HeartbeatCtlProgress *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatCtlProgress, heartbeat_ctl_progress_free)

G_END_DECLS
