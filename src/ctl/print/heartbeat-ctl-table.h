/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _HeartbeatCtlTable HeartbeatCtlTable;

/**
 * HeartbeatCtlStyle:
 *
 * What a cell means, shown by a colour on terminals. See heartbeat_ctl_style_of() for the style of a status or a state.
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

/**
 * HeartbeatCtlColumn:
 * @title: the heading, marked for translation
 * @room: on narrow terminals the column is dropped unless the last column has at least this width; the columns with the
 *   largest number are dropped first, and those with 0 never
 */
typedef struct
{
  const char *title;
  guint room;
} HeartbeatCtlColumn;

HeartbeatCtlStyle heartbeat_ctl_style_of (const char *word);

HeartbeatCtlTable *
heartbeat_ctl_table_new (const HeartbeatCtlColumn *columns, guint n_columns, gboolean wrap);
void heartbeat_ctl_table_free (HeartbeatCtlTable *self);
void heartbeat_ctl_table_add (HeartbeatCtlTable *self, const char *cell);
void
heartbeat_ctl_table_add_styled (HeartbeatCtlTable *self, const char *cell, HeartbeatCtlStyle style);
void
heartbeat_ctl_table_add_labelled (HeartbeatCtlTable *self, const char *label, const char *text);
char *heartbeat_ctl_table_render (HeartbeatCtlTable *self, guint width, gboolean colours);
char *heartbeat_ctl_table_to_string (HeartbeatCtlTable *self);
void heartbeat_ctl_table_print (HeartbeatCtlTable *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatCtlTable, heartbeat_ctl_table_free)

G_END_DECLS
