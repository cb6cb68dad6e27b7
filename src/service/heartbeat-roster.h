/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

#include "service/heartbeat-desktop.h"
#include "service/heartbeat-settings.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_ROSTER (heartbeat_roster_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatRoster, heartbeat_roster, HEARTBEAT, ROSTER, GObject)

HeartbeatRoster *heartbeat_roster_new (const HeartbeatSettings *settings,
                                       HeartbeatDesktop *desktop);
gboolean heartbeat_roster_start (HeartbeatRoster *self, GError **error);
void heartbeat_roster_reload (HeartbeatRoster *self);
void heartbeat_roster_stop_async (HeartbeatRoster *self,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
void heartbeat_roster_stop_finish (HeartbeatRoster *self, GAsyncResult *result);
void heartbeat_roster_force_stop (HeartbeatRoster *self);

gboolean heartbeat_roster_is_ready (HeartbeatRoster *self);
char *heartbeat_roster_dup_status (HeartbeatRoster *self);

G_END_DECLS
