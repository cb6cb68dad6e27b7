/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  HEARTBEAT_CONFIG_EDIT_PAUSE,
  HEARTBEAT_CONFIG_EDIT_RESUME,
  HEARTBEAT_CONFIG_EDIT_ENABLE,
  HEARTBEAT_CONFIG_EDIT_DISABLE,
} HeartbeatConfigEditKind;

/**
 * HeartbeatConfigEdit:
 * @kind: what is wanted
 * @check: the name of a check, or `*` for all, which can be paused and resumed only
 * @until: the end of a pause in Unix ms, 0 for none
 * @reason: the reason of a pause, may be empty
 *
 * What a user wants to be changed in heartbeat.json.
 */
typedef struct
{
  HeartbeatConfigEditKind kind;
  char *check;
  gint64 until;
  char *reason;
} HeartbeatConfigEdit;

HeartbeatConfigEdit *heartbeat_config_edit_new (HeartbeatConfigEditKind kind, const char *check);
void heartbeat_config_edit_free (HeartbeatConfigEdit *edit);
GBytes *heartbeat_config_edit_apply (GBytes *text, gconstpointer edit, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatConfigEdit, heartbeat_config_edit_free)

G_END_DECLS
