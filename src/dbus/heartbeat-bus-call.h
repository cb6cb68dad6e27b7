/* SPDX-License-Identifier: MIT */

#pragma once

#include "agent/heartbeat-agent.h"

G_BEGIN_DECLS

void heartbeat_bus_call_run (HeartbeatAgent *agent,
                             const char *check,
                             GVariant *options,
                             GDBusMethodInvocation *invocation);
void heartbeat_bus_call_pause (HeartbeatAgent *agent,
                               const char *check,
                               gint64 until,
                               const char *reason,
                               GDBusMethodInvocation *invocation);
void heartbeat_bus_call_resume (HeartbeatAgent *agent,
                                const char *check,
                                GDBusMethodInvocation *invocation);
void heartbeat_bus_call_set_enabled (HeartbeatAgent *agent,
                                     const char *check,
                                     gboolean enabled,
                                     GDBusMethodInvocation *invocation);
void
heartbeat_bus_call_finish (GDBusMethodInvocation *invocation, gboolean done, const GError *error);
void heartbeat_bus_call_fail (GDBusMethodInvocation *invocation, const GError *error);

GVariant *heartbeat_bus_call_describe (HeartbeatResult *result);

G_END_DECLS
