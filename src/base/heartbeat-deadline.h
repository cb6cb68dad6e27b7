/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

void
heartbeat_deadline_set (GSource **deadline, gint64 when_us, GSourceFunc func, gpointer user_data);
void heartbeat_deadline_set_in (GSource **deadline,
                                gint64 delay_us,
                                GSourceFunc func,
                                gpointer user_data);
void heartbeat_deadline_clear (GSource **deadline);

G_END_DECLS
