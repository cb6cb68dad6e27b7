/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

#include "run/heartbeat-result.h"

G_BEGIN_DECLS

/**
 * HeartbeatHistoryEntry:
 * @check: the name of the check
 * @status: how the run ended
 * @message: a line for people
 * @time: when the run began, in ms since the epoch
 * @duration: how long it took, in ms
 * @manual: whether somebody ran it by hand
 *
 * One run of the past.
 */
typedef struct
{
  char *check;
  HeartbeatStatus status;
  char *message;
  gint64 time;
  gint64 duration;
  gboolean manual;
} HeartbeatHistoryEntry;

void heartbeat_history_entry_free (HeartbeatHistoryEntry *entry);

#define HEARTBEAT_TYPE_HISTORY (heartbeat_history_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatHistory, heartbeat_history, HEARTBEAT, HISTORY, GObject)

HeartbeatHistory *heartbeat_history_new (const char *agent);
const char *heartbeat_history_get_path (HeartbeatHistory *self);
void heartbeat_history_append (HeartbeatHistory *self,
                               const char *check,
                               HeartbeatResult *result,
                               gboolean manual);
void heartbeat_history_read_async (HeartbeatHistory *self,
                                   const char *check,
                                   guint most,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
GPtrArray *
heartbeat_history_read_finish (HeartbeatHistory *self, GAsyncResult *result, GError **error);
void heartbeat_history_flush_async (HeartbeatHistory *self,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
void heartbeat_history_flush_finish (HeartbeatHistory *self, GAsyncResult *result);

G_END_DECLS
