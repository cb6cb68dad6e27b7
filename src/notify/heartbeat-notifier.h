/* SPDX-License-Identifier: MIT */

#pragma once

#include "heartbeat/heartbeat-consumer.h"

G_BEGIN_DECLS

/**
 * HeartbeatNotifyPolicy:
 * @HEARTBEAT_NOTIFY_FAILURES: checks that fail and recover, broken files, a broker that is away
 * @HEARTBEAT_NOTIFY_ALL: good runs too
 * @HEARTBEAT_NOTIFY_NONE: nothing
 *
 * What the user is notified of.
 */
typedef enum
{
  HEARTBEAT_NOTIFY_FAILURES,
  HEARTBEAT_NOTIFY_ALL,
  HEARTBEAT_NOTIFY_NONE,
} HeartbeatNotifyPolicy;

#define HEARTBEAT_TYPE_NOTIFIER (heartbeat_notifier_get_type ())

HEARTBEAT_EXPORT
G_DECLARE_FINAL_TYPE (HeartbeatNotifier, heartbeat_notifier, HEARTBEAT, NOTIFIER, GObject)

HEARTBEAT_EXPORT HeartbeatNotifier *heartbeat_notifier_new (HeartbeatNotifyPolicy policy);

HEARTBEAT_EXPORT void heartbeat_notifier_add_consumer (HeartbeatNotifier *self,
                                                       HeartbeatConsumer *consumer);
HEARTBEAT_EXPORT void heartbeat_notifier_remove_consumer (HeartbeatNotifier *self,
                                                          HeartbeatConsumer *consumer);

HEARTBEAT_EXPORT void heartbeat_notifier_set_patience (HeartbeatNotifier *self, guint patience);
HEARTBEAT_EXPORT void heartbeat_notifier_stop (HeartbeatNotifier *self);

G_END_DECLS
