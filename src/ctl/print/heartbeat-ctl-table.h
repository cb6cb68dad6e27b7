/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _HeartbeatCtlTable HeartbeatCtlTable;

/**
 * HeartbeatCtlStyle:
 *
 * What a cell means, which a terminal shows by a colour. The nicks of a result's status and of a check's state lead to one,
 * see heartbeat_ctl_style_of().
 */
typedef enum
{
  HEARTBEAT_CTL_STYLE_PLAIN,
  HEARTBEAT_CTL_STYLE_HEAD,
  HEARTBEAT_CTL_STYLE_GOOD,
  HEARTBEAT_CTL_STYLE_BAD,
  HEARTBEAT_CTL_STYLE_WARNING,
  HEARTBEAT_CTL_STYLE_FAINT,
} HeartbeatCtlStyle;

HeartbeatCtlStyle heartbeat_ctl_style_of (const char *word);

HeartbeatCtlTable *heartbeat_ctl_table_new (guint n_columns);
void heartbeat_ctl_table_free (HeartbeatCtlTable *self);
void heartbeat_ctl_table_add (HeartbeatCtlTable *self, const char *cell);
void
heartbeat_ctl_table_add_styled (HeartbeatCtlTable *self, const char *cell, HeartbeatCtlStyle style);
void heartbeat_ctl_table_add_spare (HeartbeatCtlTable *self, guint column, guint room);
void heartbeat_ctl_table_set_wrapped (HeartbeatCtlTable *self);
char *heartbeat_ctl_table_render (HeartbeatCtlTable *self, guint width, gboolean colours);
char *heartbeat_ctl_table_to_string (HeartbeatCtlTable *self);
void heartbeat_ctl_table_print (HeartbeatCtlTable *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatCtlTable, heartbeat_ctl_table_free)

G_END_DECLS
