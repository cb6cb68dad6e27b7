/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _HeartbeatCtlTable HeartbeatCtlTable;

HeartbeatCtlTable *heartbeat_ctl_table_new (guint n_columns);
void heartbeat_ctl_table_free (HeartbeatCtlTable *self);
void heartbeat_ctl_table_add (HeartbeatCtlTable *self, const char *cell);
char *heartbeat_ctl_table_to_string (HeartbeatCtlTable *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatCtlTable, heartbeat_ctl_table_free)

G_END_DECLS
