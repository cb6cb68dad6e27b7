/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * HeartbeatTick:
 * @body: (array length=length): the event as it came
 * @length: its length in bytes
 * @quarter: what the payload's `quarter` names, 1 to 4, or 0
 * @time: when it was sent, in Unix ms, or 0 where it does not say
 *
 * A `system.heartbeat.tick` event. It does not own @body.
 */
typedef struct
{
  const char *body;
  gsize length;
  guint quarter;
  gint64 time;
} HeartbeatTick;

gboolean heartbeat_tick_parse (HeartbeatTick *tick, const char *body, gsize length, GError **error);
guint heartbeat_tick_get_fresh_quarter (const HeartbeatTick *tick, gint64 now);

G_END_DECLS
