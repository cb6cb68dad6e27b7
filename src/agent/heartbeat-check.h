/* SPDX-License-Identifier: MIT */

#pragma once

#include "heartbeat/heartbeat-result.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_CHECK (heartbeat_check_get_type ())

HEARTBEAT_EXPORT
G_DECLARE_FINAL_TYPE (HeartbeatCheck, heartbeat_check, HEARTBEAT, CHECK, GObject)

HEARTBEAT_EXPORT const char *heartbeat_check_get_name (HeartbeatCheck *self);
HEARTBEAT_EXPORT const char *heartbeat_check_get_handler (HeartbeatCheck *self);
HEARTBEAT_EXPORT gint64 heartbeat_check_get_cadence (HeartbeatCheck *self);
HEARTBEAT_EXPORT gint64 heartbeat_check_get_priority (HeartbeatCheck *self);
HEARTBEAT_EXPORT gboolean heartbeat_check_get_enabled (HeartbeatCheck *self);
HEARTBEAT_EXPORT gboolean heartbeat_check_get_paused (HeartbeatCheck *self);
HEARTBEAT_EXPORT gint64 heartbeat_check_get_last_run (HeartbeatCheck *self);
HEARTBEAT_EXPORT gint64 heartbeat_check_get_next_due (HeartbeatCheck *self);
HEARTBEAT_EXPORT double heartbeat_check_get_overdue_ratio (HeartbeatCheck *self);
HEARTBEAT_EXPORT const char *heartbeat_check_get_state (HeartbeatCheck *self);
HEARTBEAT_EXPORT const char *heartbeat_check_get_error (HeartbeatCheck *self);
HEARTBEAT_EXPORT guint heartbeat_check_get_consecutive_failures (HeartbeatCheck *self);
HEARTBEAT_EXPORT HeartbeatResult *heartbeat_check_get_last_result (HeartbeatCheck *self);
HEARTBEAT_EXPORT GVariant *heartbeat_check_dup_reason (HeartbeatCheck *self);

G_END_DECLS
