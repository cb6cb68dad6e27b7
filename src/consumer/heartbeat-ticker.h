/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _HeartbeatTicker HeartbeatTicker;

/**
 * HeartbeatTickerFunc:
 * @user_data: what was passed to heartbeat_ticker_new()
 *
 * It is time for a tick.
 */
typedef void (*HeartbeatTickerFunc) (gpointer user_data);

HeartbeatTicker *
heartbeat_ticker_new (guint interval, HeartbeatTickerFunc func, gpointer user_data);
void heartbeat_ticker_free (HeartbeatTicker *self);
void heartbeat_ticker_start (HeartbeatTicker *self, gint64 delay);
void heartbeat_ticker_resume (HeartbeatTicker *self);

G_END_DECLS
