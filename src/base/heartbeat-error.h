/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

#include "heartbeat/heartbeat-macros.h"

G_BEGIN_DECLS

#define HEARTBEAT_ERROR (heartbeat_error_quark ())

/**
 * HeartbeatError:
 * @HEARTBEAT_ERROR_FAILED: something went wrong that no other code names
 * @HEARTBEAT_ERROR_NO_SUCH_CHECK: the agent has no check of that name
 * @HEARTBEAT_ERROR_ALREADY_RUNNING: the check is running
 * @HEARTBEAT_ERROR_NOT_CONNECTED: there is no broker, or it cannot be reached
 * @HEARTBEAT_ERROR_INVALID_ARGUMENT: an argument, a setting or a text breaks its rule
 * @HEARTBEAT_ERROR_READ_ONLY: heartbeat.json cannot be replaced
 * @HEARTBEAT_ERROR_CONFIG_UNUSABLE: heartbeat.json is missing, unreadable or broken
 * @HEARTBEAT_ERROR_REFUSED: the broker did not take a message, or there was no room for it
 * @HEARTBEAT_ERROR_RETURNED: no queue is bound for a published message
 * @HEARTBEAT_ERROR_TIMED_OUT: no answer came in time
 *
 * Errors of the library. On D-Bus they are `org.bloodbank.Heartbeat1.Error.*`.
 */
typedef enum
{
  HEARTBEAT_ERROR_FAILED,
  HEARTBEAT_ERROR_NO_SUCH_CHECK,
  HEARTBEAT_ERROR_ALREADY_RUNNING,
  HEARTBEAT_ERROR_NOT_CONNECTED,
  HEARTBEAT_ERROR_INVALID_ARGUMENT,
  HEARTBEAT_ERROR_READ_ONLY,
  HEARTBEAT_ERROR_CONFIG_UNUSABLE,
  HEARTBEAT_ERROR_REFUSED,
  HEARTBEAT_ERROR_RETURNED,
  HEARTBEAT_ERROR_TIMED_OUT,
} HeartbeatError;

HEARTBEAT_EXPORT GQuark heartbeat_error_quark (void);

G_END_DECLS
