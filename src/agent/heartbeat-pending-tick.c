/* SPDX-License-Identifier: MIT */

#include "agent/heartbeat-pending-tick.h"

/**
 * heartbeat_pending_tick_new:
 * @tick: a tick, whose body is copied
 * @quarter: the quarter that it names for now, 0 for none
 * @done: called at its end
 * @user_data: passed to @done
 *
 * Returns: (transfer full): a tick that waits for its end
 */
HeartbeatPendingTick *
heartbeat_pending_tick_new (const HeartbeatTick *tick,
                            guint quarter,
                            HeartbeatTickDone done,
                            gpointer user_data)
{
  HeartbeatPendingTick *self = g_new (HeartbeatPendingTick, 1);

  self->done = done;
  self->user_data = user_data;
  self->body = g_strndup (tick->body, tick->length);
  self->quarter = quarter;
  return self;
}

/**
 * heartbeat_pending_tick_end:
 * @self: (transfer full) (nullable): a tick
 * @safe: whether all that it has caused is safe
 *
 * Tells who waits for the end of the tick.
 */
void
heartbeat_pending_tick_end (HeartbeatPendingTick *self, gboolean safe)
{
  if (self == NULL)
    return;
  self->done (safe, self->user_data);
  g_free (self->body);
  g_free (self);
}
