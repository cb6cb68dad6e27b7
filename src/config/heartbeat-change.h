/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  HEARTBEAT_CHANGE_PAUSE,
  HEARTBEAT_CHANGE_RESUME,
  HEARTBEAT_CHANGE_ENABLE,
  HEARTBEAT_CHANGE_DISABLE,
} HeartbeatChangeKind;

/**
 * HeartbeatChange:
 * @kind: what is wanted
 * @check: the name of a check, or `*` for all, which can be paused and resumed only
 * @until: the end of a pause in Unix ms, 0 for none
 * @reason: the reason of a pause, may be empty
 *
 * What a user wants to be changed in heartbeat.json.
 */
typedef struct
{
  HeartbeatChangeKind kind;
  char *check;
  gint64 until;
  char *reason;
} HeartbeatChange;

HeartbeatChange *heartbeat_change_new (HeartbeatChangeKind kind, const char *check);
void heartbeat_change_free (HeartbeatChange *change);
GBytes *heartbeat_change_apply (GBytes *text, gconstpointer change, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatChange, heartbeat_change_free)

G_END_DECLS
