/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

void heartbeat_systemd_ready (void);
void heartbeat_systemd_reloading (void);
void heartbeat_systemd_stopping (void);
void heartbeat_systemd_status (const char *status);
GSource *heartbeat_systemd_watchdog_new (void);

G_END_DECLS
