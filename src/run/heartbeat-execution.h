/* SPDX-License-Identifier: MIT */

#pragma once

#include "run/heartbeat-registry.h"
#include "run/heartbeat-run-private.h"

G_BEGIN_DECLS

void heartbeat_execute_async (HeartbeatRegistry *registry,
                              const HeartbeatRunInput *input,
                              guint timeout_ms,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
HeartbeatResult *heartbeat_execute_finish (HeartbeatRegistry *registry,
                                           GAsyncResult *result,
                                           gboolean *is_missing,
                                           GError **error);

G_END_DECLS
