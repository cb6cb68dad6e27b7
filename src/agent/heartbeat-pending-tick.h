/* SPDX-License-Identifier: MIT */

#pragma once

#include "json/heartbeat-tick.h"

G_BEGIN_DECLS

/**
 * HeartbeatTickDone:
 * @safe: whether all that the tick has caused is safe, so that it may be acknowledged; %FALSE where the agent stops
 * @user_data: what was passed to heartbeat_agent_tick()
 *
 * Called once for each tick that is not idle.
 */
typedef void (*HeartbeatTickDone) (gboolean safe, gpointer user_data);

/**
 * HeartbeatPendingTick:
 * @done: called at its end
 * @user_data: passed to @done
 * @body: the event as JSON text
 * @quarter: the quarter that it names, 0 for none
 *
 * A tick that has caused something, or may.
 */
typedef struct
{
  HeartbeatTickDone done;
  gpointer user_data;
  char *body;
  guint quarter;
} HeartbeatPendingTick;

HeartbeatPendingTick *heartbeat_pending_tick_new (const HeartbeatTick *tick,
                                                  guint quarter,
                                                  HeartbeatTickDone done,
                                                  gpointer user_data);
void heartbeat_pending_tick_end (HeartbeatPendingTick *self, gboolean safe);

G_END_DECLS
