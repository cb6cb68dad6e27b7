/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Kinds of events, one MESSAGE_ID each: `journalctl MESSAGE_ID=…` finds all of a kind, and data/heartbeat-consumer.catalog
 * explains them. Debug messages have none. */
#define HEARTBEAT_EVENT_NONE                  NULL
#define HEARTBEAT_EVENT_RUN_STARTED           "b5f9c6f1a1c44b06b4e5b3e1a7f0d101"
#define HEARTBEAT_EVENT_RUN_FINISHED          "b5f9c6f1a1c44b06b4e5b3e1a7f0d102"
#define HEARTBEAT_EVENT_RUN_FAILED            "b5f9c6f1a1c44b06b4e5b3e1a7f0d103"
#define HEARTBEAT_EVENT_HANDLER_UNKNOWN       "b5f9c6f1a1c44b06b4e5b3e1a7f0d104"
#define HEARTBEAT_EVENT_CONFIG_GOOD           "b5f9c6f1a1c44b06b4e5b3e1a7f0d105"
#define HEARTBEAT_EVENT_CONFIG_BROKEN         "b5f9c6f1a1c44b06b4e5b3e1a7f0d106"
#define HEARTBEAT_EVENT_CHECK_INVALID         "b5f9c6f1a1c44b06b4e5b3e1a7f0d107"
#define HEARTBEAT_EVENT_SAVE_FAILED           "b5f9c6f1a1c44b06b4e5b3e1a7f0d108"
#define HEARTBEAT_EVENT_BROKER_CONNECTED      "b5f9c6f1a1c44b06b4e5b3e1a7f0d109"
#define HEARTBEAT_EVENT_BROKER_LOST           "b5f9c6f1a1c44b06b4e5b3e1a7f0d10a"
#define HEARTBEAT_EVENT_QUEUE_DIFFERS         "b5f9c6f1a1c44b06b4e5b3e1a7f0d10b"
#define HEARTBEAT_EVENT_MESSAGE_REJECTED      "b5f9c6f1a1c44b06b4e5b3e1a7f0d10c"
#define HEARTBEAT_EVENT_BUS_LOST              "b5f9c6f1a1c44b06b4e5b3e1a7f0d10d"
#define HEARTBEAT_EVENT_NOTIFICATIONS_WAIT    "b5f9c6f1a1c44b06b4e5b3e1a7f0d10e"
#define HEARTBEAT_EVENT_AGENT_SERVED          "b5f9c6f1a1c44b06b4e5b3e1a7f0d10f"
#define HEARTBEAT_EVENT_AGENT_GONE            "b5f9c6f1a1c44b06b4e5b3e1a7f0d110"
#define HEARTBEAT_EVENT_FOLDER_SERVED         "b5f9c6f1a1c44b06b4e5b3e1a7f0d111"
#define HEARTBEAT_EVENT_FOLDER_PROBLEM        "b5f9c6f1a1c44b06b4e5b3e1a7f0d112"
#define HEARTBEAT_EVENT_SERVICE_STOPPING      "b5f9c6f1a1c44b06b4e5b3e1a7f0d113"
#define HEARTBEAT_EVENT_RUN_ENDED_TWICE       "b5f9c6f1a1c44b06b4e5b3e1a7f0d114"
#define HEARTBEAT_EVENT_LAST_RUN_AHEAD        "b5f9c6f1a1c44b06b4e5b3e1a7f0d115"
#define HEARTBEAT_EVENT_CONFIG_OTHER_AGENT    "b5f9c6f1a1c44b06b4e5b3e1a7f0d116"
#define HEARTBEAT_EVENT_STATE_FAILED          "b5f9c6f1a1c44b06b4e5b3e1a7f0d117"
#define HEARTBEAT_EVENT_HISTORY_FAILED        "b5f9c6f1a1c44b06b4e5b3e1a7f0d118"
#define HEARTBEAT_EVENT_SYNC_FAILED           "b5f9c6f1a1c44b06b4e5b3e1a7f0d119"
#define HEARTBEAT_EVENT_QUEUE_READY           "b5f9c6f1a1c44b06b4e5b3e1a7f0d11a"
#define HEARTBEAT_EVENT_QUEUE_UNUSABLE        "b5f9c6f1a1c44b06b4e5b3e1a7f0d11b"
#define HEARTBEAT_EVENT_QUEUE_SHARED          "b5f9c6f1a1c44b06b4e5b3e1a7f0d11c"
#define HEARTBEAT_EVENT_BROKER_BLOCKED        "b5f9c6f1a1c44b06b4e5b3e1a7f0d11d"
#define HEARTBEAT_EVENT_BROKER_UNBLOCKED      "b5f9c6f1a1c44b06b4e5b3e1a7f0d11e"
#define HEARTBEAT_EVENT_TLS_UNVERIFIED        "b5f9c6f1a1c44b06b4e5b3e1a7f0d11f"
#define HEARTBEAT_EVENT_PUBLISH_FAILED        "b5f9c6f1a1c44b06b4e5b3e1a7f0d120"
#define HEARTBEAT_EVENT_MESSAGE_HANDLED       "b5f9c6f1a1c44b06b4e5b3e1a7f0d121"
#define HEARTBEAT_EVENT_MESSAGE_FAILED        "b5f9c6f1a1c44b06b4e5b3e1a7f0d122"
#define HEARTBEAT_EVENT_INBOX_HANDLER_UNKNOWN "b5f9c6f1a1c44b06b4e5b3e1a7f0d123"
#define HEARTBEAT_EVENT_INBOX_UNUSED          "b5f9c6f1a1c44b06b4e5b3e1a7f0d124"
#define HEARTBEAT_EVENT_BUS_FOUND             "b5f9c6f1a1c44b06b4e5b3e1a7f0d125"
#define HEARTBEAT_EVENT_BUS_FAILED            "b5f9c6f1a1c44b06b4e5b3e1a7f0d126"
#define HEARTBEAT_EVENT_BUS_NAME_TAKEN        "b5f9c6f1a1c44b06b4e5b3e1a7f0d127"
#define HEARTBEAT_EVENT_BUS_SLOW              "b5f9c6f1a1c44b06b4e5b3e1a7f0d128"
#define HEARTBEAT_EVENT_BUS_HANDLER_CAME      "b5f9c6f1a1c44b06b4e5b3e1a7f0d129"
#define HEARTBEAT_EVENT_BUS_HANDLER_LEFT      "b5f9c6f1a1c44b06b4e5b3e1a7f0d12a"
#define HEARTBEAT_EVENT_ACTION_FAILED         "b5f9c6f1a1c44b06b4e5b3e1a7f0d12b"

void heartbeat_log (GLogLevelFlags level,
                    const char *message_id,
                    const char *agent,
                    const char *check,
                    const char *format,
                    ...) G_GNUC_PRINTF (5, 6);

G_END_DECLS
