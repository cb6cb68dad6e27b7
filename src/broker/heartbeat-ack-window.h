/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _HeartbeatAckWindow HeartbeatAckWindow;

/**
 * HeartbeatAckWindowFunc:
 * @tag: a delivery tag
 * @multiple: whether all unsettled deliveries before it are meant as well
 * @acknowledge: acknowledge it, else reject it without requeue
 * @user_data: what heartbeat_ack_window_flush() was given
 *
 * Sends one settlement.
 */
typedef void (*HeartbeatAckWindowFunc) (guint64 tag,
                                        gboolean multiple,
                                        gboolean acknowledge,
                                        gpointer user_data);

HeartbeatAckWindow *heartbeat_ack_window_new (void);
void heartbeat_ack_window_free (HeartbeatAckWindow *self);
void heartbeat_ack_window_add (HeartbeatAckWindow *self, guint64 tag);
gboolean heartbeat_ack_window_settle (HeartbeatAckWindow *self, guint64 tag, gboolean acknowledge);
void heartbeat_ack_window_flush (HeartbeatAckWindow *self,
                                 HeartbeatAckWindowFunc func,
                                 gpointer user_data);
void heartbeat_ack_window_clear (HeartbeatAckWindow *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatAckWindow, heartbeat_ack_window_free)

G_END_DECLS
