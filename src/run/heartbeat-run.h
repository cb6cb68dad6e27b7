/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

#include "heartbeat/heartbeat-result.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_RUN (heartbeat_run_get_type ())

HEARTBEAT_EXPORT
G_DECLARE_FINAL_TYPE (HeartbeatRun, heartbeat_run, HEARTBEAT, RUN, GObject)

/**
 * HeartbeatHandlerFunc:
 * @run: a run; a handler that ends it later keeps a reference
 * @user_data: what was registered with the handler
 *
 * Executes a check, and ends @run with heartbeat_run_succeed(), heartbeat_run_fail(), heartbeat_run_skip() or
 * heartbeat_run_end(), at once or later. It must not block. When the last reference to a run goes without that, it has
 * failed, as it has when a handler ends it twice before it returns.
 */
typedef void (*HeartbeatHandlerFunc) (HeartbeatRun *run, gpointer user_data);

HEARTBEAT_EXPORT const char *heartbeat_run_get_agent_name (HeartbeatRun *run);
HEARTBEAT_EXPORT const char *heartbeat_run_get_check_name (HeartbeatRun *run);
HEARTBEAT_EXPORT gint64 heartbeat_run_get_timestamp (HeartbeatRun *run);
HEARTBEAT_EXPORT const char *heartbeat_run_get_check (HeartbeatRun *run);
HEARTBEAT_EXPORT const char *heartbeat_run_get_meta (HeartbeatRun *run);
HEARTBEAT_EXPORT const char *heartbeat_run_get_envelope (HeartbeatRun *run);
HEARTBEAT_EXPORT const char *heartbeat_run_get_routing_key (HeartbeatRun *run);
HEARTBEAT_EXPORT GCancellable *heartbeat_run_get_cancellable (HeartbeatRun *run);

HEARTBEAT_EXPORT void heartbeat_run_succeed (HeartbeatRun *run, const char *message);
HEARTBEAT_EXPORT void heartbeat_run_fail (HeartbeatRun *run, const char *message);
HEARTBEAT_EXPORT void heartbeat_run_skip (HeartbeatRun *run, const char *message);
HEARTBEAT_EXPORT void heartbeat_run_end (HeartbeatRun *run,
                                         HeartbeatStatus status,
                                         const char *message,
                                         GVariant *details);

G_END_DECLS
