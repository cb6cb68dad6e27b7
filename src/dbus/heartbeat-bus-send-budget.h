/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _HeartbeatBusSendBudget HeartbeatBusSendBudget;

HeartbeatBusSendBudget *heartbeat_bus_send_budget_new (void);
void heartbeat_bus_send_budget_free (HeartbeatBusSendBudget *self);
gboolean heartbeat_bus_send_budget_admit (HeartbeatBusSendBudget *self,
                                          GDBusConnection *connection,
                                          gsize size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatBusSendBudget, heartbeat_bus_send_budget_free)

G_END_DECLS
