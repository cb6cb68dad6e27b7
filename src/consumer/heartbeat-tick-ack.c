/* SPDX-License-Identifier: MIT */

#include "consumer/heartbeat-tick-ack.h"

#include "agent/heartbeat-agent-private.h"
#include "base/heartbeat-deadline.h"
#include "base/heartbeat-limits.h"

/**
 * HeartbeatTickAck:
 *
 * Holds the message of a tick until all that it caused is safe, or for ten minutes, and acknowledges it.
 */
struct _HeartbeatTickAck
{
  HeartbeatInbox *inbox;
  HeartbeatDelivery delivery;
  GSource *deadline; /* NULL once it has passed */
};

/* The run goes on, but the broker must not wait any longer. */
static gboolean
on_held_long (gpointer user_data)
{
  HeartbeatTickAck *self = user_data;

  heartbeat_inbox_settle (self->inbox, self->delivery, HEARTBEAT_DISPOSITION_ACKNOWLEDGE);
  return G_SOURCE_REMOVE;
}

/**
 * heartbeat_tick_ack_new:
 * @inbox: an inbox
 * @delivery: the message of a tick, whose disposition is left for later
 *
 * Returns: (transfer full): what is to be passed to heartbeat_tick_ack_on_done()
 */
HeartbeatTickAck *
heartbeat_tick_ack_new (HeartbeatInbox *inbox, HeartbeatDelivery delivery)
{
  HeartbeatTickAck *self;

  g_return_val_if_fail (HEARTBEAT_IS_INBOX (inbox), NULL);

  self = g_new0 (HeartbeatTickAck, 1);
  self->inbox = g_object_ref (inbox);
  self->delivery = delivery;
  heartbeat_deadline_set_in (&self->deadline, HEARTBEAT_ACK_DELAY_MAX_S * G_USEC_PER_SEC,
                             on_held_long, self);
  return self;
}

/**
 * heartbeat_tick_ack_on_done:
 * @agent: the agent that was passed the tick
 * @result: for heartbeat_agent_run_due_finish()
 * @ack: (transfer full): a #HeartbeatTickAck
 *
 * Acknowledges the message if all that it caused is safe; otherwise the broker delivers it again.
 */
void
heartbeat_tick_ack_on_done (GObject *agent, GAsyncResult *result, gpointer ack)
{
  HeartbeatTickAck *self = ack;

  g_return_if_fail (G_IS_OBJECT (agent));

  if (heartbeat_agent_run_due_finish (HEARTBEAT_AGENT (agent), result) && self->deadline != NULL)
    heartbeat_inbox_settle (self->inbox, self->delivery, HEARTBEAT_DISPOSITION_ACKNOWLEDGE);
  heartbeat_deadline_clear (&self->deadline);
  g_object_unref (self->inbox);
  g_free (self);
}
