/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _HeartbeatAckWindow HeartbeatAckWindow;

/**
 * HeartbeatDisposition:
 * @HEARTBEAT_DISPOSITION_ACKNOWLEDGE: all that it caused is safe
 * @HEARTBEAT_DISPOSITION_REJECT: it is unusable; it is not delivered again
 * @HEARTBEAT_DISPOSITION_REQUEUE: it goes back into the queue, and is delivered again
 * @HEARTBEAT_DISPOSITION_LATER: heartbeat_inbox_settle() decides
 *
 * What becomes of a message.
 */
typedef enum
{
  HEARTBEAT_DISPOSITION_ACKNOWLEDGE,
  HEARTBEAT_DISPOSITION_REJECT,
  HEARTBEAT_DISPOSITION_REQUEUE,
  HEARTBEAT_DISPOSITION_LATER,
} HeartbeatDisposition;

/**
 * HeartbeatAckWindowFunc:
 * @tag: a delivery tag
 * @multiple: whether all unsettled deliveries before it are meant as well
 * @disposition: what becomes of it
 * @user_data: what heartbeat_ack_window_flush() was given
 *
 * Sends one settlement.
 */
typedef void (*HeartbeatAckWindowFunc) (guint64 tag,
                                        gboolean multiple,
                                        HeartbeatDisposition disposition,
                                        gpointer user_data);

HeartbeatAckWindow *heartbeat_ack_window_new (void);
void heartbeat_ack_window_free (HeartbeatAckWindow *self);
void heartbeat_ack_window_add (HeartbeatAckWindow *self, guint64 tag);
gboolean heartbeat_ack_window_settle (HeartbeatAckWindow *self,
                                      guint64 tag,
                                      HeartbeatDisposition disposition);
void heartbeat_ack_window_flush (HeartbeatAckWindow *self,
                                 HeartbeatAckWindowFunc func,
                                 gpointer user_data);
void heartbeat_ack_window_clear (HeartbeatAckWindow *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatAckWindow, heartbeat_ack_window_free)

G_END_DECLS
