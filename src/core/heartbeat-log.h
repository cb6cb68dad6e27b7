/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Kinds of events, one MESSAGE_ID each: `journalctl MESSAGE_ID=…` finds all of a kind. */
#define HEARTBEAT_EVENT_NONE              NULL
#define HEARTBEAT_EVENT_RUN_STARTED       "b5f9c6f1a1c44b06b4e5b3e1a7f0d101"
#define HEARTBEAT_EVENT_RUN_FINISHED      "b5f9c6f1a1c44b06b4e5b3e1a7f0d102"
#define HEARTBEAT_EVENT_RUN_FAILED        "b5f9c6f1a1c44b06b4e5b3e1a7f0d103"
#define HEARTBEAT_EVENT_HANDLER_UNKNOWN   "b5f9c6f1a1c44b06b4e5b3e1a7f0d104"
#define HEARTBEAT_EVENT_CONFIG_LOADED     "b5f9c6f1a1c44b06b4e5b3e1a7f0d105"
#define HEARTBEAT_EVENT_CONFIG_BROKEN     "b5f9c6f1a1c44b06b4e5b3e1a7f0d106"
#define HEARTBEAT_EVENT_CHECK_INVALID     "b5f9c6f1a1c44b06b4e5b3e1a7f0d107"
#define HEARTBEAT_EVENT_SAVE_FAILED       "b5f9c6f1a1c44b06b4e5b3e1a7f0d108"
#define HEARTBEAT_EVENT_BROKER_CONNECTED  "b5f9c6f1a1c44b06b4e5b3e1a7f0d109"
#define HEARTBEAT_EVENT_BROKER_LOST       "b5f9c6f1a1c44b06b4e5b3e1a7f0d10a"
#define HEARTBEAT_EVENT_BROKER_DIFFERENCE "b5f9c6f1a1c44b06b4e5b3e1a7f0d10b"
#define HEARTBEAT_EVENT_MESSAGE_REJECTED  "b5f9c6f1a1c44b06b4e5b3e1a7f0d10c"
#define HEARTBEAT_EVENT_BUS               "b5f9c6f1a1c44b06b4e5b3e1a7f0d10d"
#define HEARTBEAT_EVENT_NOTIFICATION      "b5f9c6f1a1c44b06b4e5b3e1a7f0d10e"
#define HEARTBEAT_EVENT_SERVICE           "b5f9c6f1a1c44b06b4e5b3e1a7f0d10f"

void heartbeat_log (GLogLevelFlags level,
                    const char *message_id,
                    const char *agent,
                    const char *check,
                    const char *format,
                    ...) G_GNUC_PRINTF (5, 6);

G_END_DECLS
