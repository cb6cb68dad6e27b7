/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_NETWORK_WATCH (heartbeat_network_watch_get_type ())
G_DECLARE_FINAL_TYPE (HeartbeatNetworkWatch,
                      heartbeat_network_watch,
                      HEARTBEAT,
                      NETWORK_WATCH,
                      GObject)

HeartbeatNetworkWatch *heartbeat_network_watch_new (void);
GNetworkMonitor *heartbeat_network_watch_get_monitor (HeartbeatNetworkWatch *self);

gint64 heartbeat_network_watch_next_change (gint64 last, gint64 now);

G_END_DECLS
