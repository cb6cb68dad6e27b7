/* SPDX-License-Identifier: MIT */

#include "dbus/heartbeat-bus-send-budget.h"

/* How much may be on its way to a bus that does not read. */
#define MOST (4 * 1024 * 1024)

/* With less nobody asks whether it was sent. */
#define WORTH_ASKING (256 * 1024)

/* What anybody can send us, and we pass on to the bus: GDBus queues it without limit for a bus daemon that hangs. */
struct _HeartbeatBusSendBudget
{
  gatomicrefcount refs; /* the owner's, and that of a flush under way */
  gsize size;           /* of what may not have been sent yet */
  gsize asked;          /* of that, what the flush under way is about; 0 for none */
};

/**
 * heartbeat_bus_send_budget_new:
 *
 * Returns: (transfer full): nothing on its way
 */
HeartbeatBusSendBudget *
heartbeat_bus_send_budget_new (void)
{
  HeartbeatBusSendBudget *self = g_new0 (HeartbeatBusSendBudget, 1);

  g_atomic_ref_count_init (&self->refs);
  return self;
}

/**
 * heartbeat_bus_send_budget_free:
 * @self: (transfer full): the outflow
 */
void
heartbeat_bus_send_budget_free (HeartbeatBusSendBudget *self)
{
  if (g_atomic_ref_count_dec (&self->refs))
    g_free (self);
}

/* A connection that was closed has nothing on its way either. */
static void
on_flushed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HeartbeatBusSendBudget *self = user_data;

  g_dbus_connection_flush_finish (G_DBUS_CONNECTION (source), result, NULL);
  self->size -= self->asked;
  self->asked = 0;
  heartbeat_bus_send_budget_free (self);
}

static void
ask (HeartbeatBusSendBudget *self, GDBusConnection *connection)
{
  if (self->asked > 0 || self->size < WORTH_ASKING)
    return;
  self->asked = self->size;
  g_atomic_ref_count_inc (&self->refs);
  g_dbus_connection_flush (connection, NULL, on_flushed, self);
}

/**
 * heartbeat_bus_send_budget_admit:
 * @self: the outflow
 * @connection: the bus
 * @size: size of a signal, in bytes
 *
 * Returns: whether the signal may be emitted; %FALSE while the bus does not take what was emitted before
 */
gboolean
heartbeat_bus_send_budget_admit (HeartbeatBusSendBudget *self,
                                 GDBusConnection *connection,
                                 gsize size)
{
  if (self->size > 0 && self->size + size > MOST)
    {
      ask (self, connection);
      return FALSE;
    }
  self->size += size;
  ask (self, connection);
  return TRUE;
}
