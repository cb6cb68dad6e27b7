/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib-object.h>

#include "heartbeat/heartbeat-macros.h"

G_BEGIN_DECLS

/**
 * HeartbeatStatus:
 * @HEARTBEAT_STATUS_NONE: the check has not run yet
 * @HEARTBEAT_STATUS_SUCCESS: it ran well
 * @HEARTBEAT_STATUS_FAILED: it failed, and is tried again soon
 * @HEARTBEAT_STATUS_SKIPPED: there was nothing to do, which counts as a run
 *
 * How a run ended.
 */
typedef enum
{
  HEARTBEAT_STATUS_NONE,
  HEARTBEAT_STATUS_SUCCESS,
  HEARTBEAT_STATUS_FAILED,
  HEARTBEAT_STATUS_SKIPPED,
} HeartbeatStatus;

#define HEARTBEAT_TYPE_RESULT (heartbeat_result_get_type ())

typedef struct _HeartbeatResult HeartbeatResult;

HEARTBEAT_EXPORT GType heartbeat_result_get_type (void);

HEARTBEAT_EXPORT HeartbeatResult *heartbeat_result_new (HeartbeatStatus status,
                                                        const char *message,
                                                        gint64 started,
                                                        gint64 duration,
                                                        GVariant *details);
HEARTBEAT_EXPORT HeartbeatResult *heartbeat_result_ref (HeartbeatResult *result);
HEARTBEAT_EXPORT void heartbeat_result_unref (HeartbeatResult *result);

HEARTBEAT_EXPORT HeartbeatStatus heartbeat_result_get_status (HeartbeatResult *result);
HEARTBEAT_EXPORT const char *heartbeat_result_get_message (HeartbeatResult *result);
HEARTBEAT_EXPORT gint64 heartbeat_result_get_started (HeartbeatResult *result);
HEARTBEAT_EXPORT gint64 heartbeat_result_get_duration (HeartbeatResult *result);
HEARTBEAT_EXPORT GVariant *heartbeat_result_get_details (HeartbeatResult *result);

HEARTBEAT_EXPORT const char *heartbeat_status_to_string (HeartbeatStatus status);
HEARTBEAT_EXPORT HeartbeatStatus heartbeat_status_from_string (const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatResult, heartbeat_result_unref)

G_END_DECLS
