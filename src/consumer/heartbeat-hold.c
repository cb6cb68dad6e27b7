/* SPDX-License-Identifier: MIT */

#include "consumer/heartbeat-hold.h"

/* RabbitMQ closes the channel of a consumer that holds a message for 15 minutes or more. */
#define LONGEST_HOLD_S 600

/**
 * HeartbeatHold:
 *
 * Holds one tick's message from the question to the agent until all that it caused is safe, or for ten minutes. The answer
 * may come while the question is still being asked. One that was not kept can be used again, so that an idle tick
 * allocates nothing.
 */
struct _HeartbeatHold
{
  HeartbeatInbox *inbox; /* NULL while the agent is being asked */
  HeartbeatDelivery delivery;
  GSource *timer;
  gboolean done;
  gboolean safe;
};

/**
 * heartbeat_hold_new:
 *
 * Returns: (transfer full): a hold on nothing yet
 */
HeartbeatHold *
heartbeat_hold_new (void)
{
  return g_new0 (HeartbeatHold, 1);
}

void
heartbeat_hold_free (HeartbeatHold *self)
{
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
  g_clear_object (&self->inbox);
  g_free (self);
}

/**
 * heartbeat_hold_begin:
 * @self: a hold that is not kept
 *
 * The agent is going to be asked.
 */
void
heartbeat_hold_begin (HeartbeatHold *self)
{
  self->done = FALSE;
  self->safe = FALSE;
}

/**
 * heartbeat_hold_is_done:
 * @self: a hold that is not kept
 * @disposition: (out): what becomes of the message
 *
 * Returns: whether the answer came while the agent was asked
 */
gboolean
heartbeat_hold_is_done (HeartbeatHold *self, HeartbeatDisposition *disposition)
{
  *disposition = self->safe ? HEARTBEAT_DISPOSITION_ACKNOWLEDGE : HEARTBEAT_DISPOSITION_LATER;
  return self->done;
}

/* The run goes on, but the broker must not wait any longer. */
static gboolean
on_held_long (gpointer user_data)
{
  HeartbeatHold *self = user_data;

  g_clear_pointer (&self->timer, g_source_unref);
  heartbeat_inbox_settle (self->inbox, self->delivery, HEARTBEAT_DISPOSITION_ACKNOWLEDGE);
  return G_SOURCE_REMOVE;
}

/**
 * heartbeat_hold_keep:
 * @self: (transfer full): a hold without an answer; it frees itself when the answer comes
 * @inbox: where the message came from
 * @delivery: the message
 *
 * Waits for the answer.
 */
void
heartbeat_hold_keep (HeartbeatHold *self, HeartbeatInbox *inbox, HeartbeatDelivery delivery)
{
  self->inbox = g_object_ref (inbox);
  self->delivery = delivery;
  self->timer = g_timeout_source_new_seconds (LONGEST_HOLD_S);
  g_source_set_static_name (self->timer, "heartbeat longest hold");
  g_source_set_callback (self->timer, on_held_long, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
}

/**
 * heartbeat_hold_done:
 * @safe: whether all that the tick caused is safe; else it stays unsettled, and the broker delivers it again
 * @hold: a #HeartbeatHold
 *
 * A #HeartbeatTickDone.
 */
void
heartbeat_hold_done (gboolean safe, gpointer hold)
{
  HeartbeatHold *self = hold;

  self->done = TRUE;
  self->safe = safe;
  if (self->inbox == NULL)
    return;
  if (safe && self->timer != NULL)
    heartbeat_inbox_settle (self->inbox, self->delivery, HEARTBEAT_DISPOSITION_ACKNOWLEDGE);
  heartbeat_hold_free (self);
}
