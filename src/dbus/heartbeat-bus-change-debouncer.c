/* SPDX-License-Identifier: MIT */

#include "dbus/heartbeat-bus-change-debouncer.h"

#include "base/heartbeat-deadline.h"

#define COLLECT_US (250 * G_TIME_SPAN_MILLISECOND)

/**
 * HeartbeatBusChangeDebouncer:
 *
 * The objects on the bus whose properties are out of date, and one timer for all of them, so that a backlog of ticks does
 * not flood the bus.
 */
struct _HeartbeatBusChangeDebouncer
{
  GFunc update;
  GHashTable *dirty; /* unowned objects */
  GSource *deadline; /* NULL while nothing is dirty */
};

static void
debouncer_clear (gpointer data)
{
  HeartbeatBusChangeDebouncer *self = data;

  heartbeat_deadline_clear (&self->deadline);
  g_hash_table_unref (self->dirty);
}

static gboolean
on_deadline (gpointer user_data)
{
  HeartbeatBusChangeDebouncer *self = user_data;
  g_autoptr (GList) objects = g_hash_table_get_keys (self->dirty);

  g_list_foreach (objects, self->update, NULL);
  return G_SOURCE_REMOVE;
}

/**
 * heartbeat_bus_change_debouncer_new:
 * @update: called with each object that is still dirty 250 ms after the first one was added; it must take the object
 *
 * Returns: (transfer full): a debouncer without any objects
 */
HeartbeatBusChangeDebouncer *
heartbeat_bus_change_debouncer_new (GFunc update)
{
  HeartbeatBusChangeDebouncer *self = g_rc_box_new0 (HeartbeatBusChangeDebouncer);

  self->update = update;
  self->dirty = g_hash_table_new (NULL, NULL);
  return self;
}

/**
 * heartbeat_bus_change_debouncer_ref:
 * @self: a debouncer
 *
 * Returns: (transfer full): @self
 */
HeartbeatBusChangeDebouncer *
heartbeat_bus_change_debouncer_ref (HeartbeatBusChangeDebouncer *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_rc_box_acquire (self);
}

/**
 * heartbeat_bus_change_debouncer_unref:
 * @self: (transfer full): a debouncer
 */
void
heartbeat_bus_change_debouncer_unref (HeartbeatBusChangeDebouncer *self)
{
  g_rc_box_release_full (self, debouncer_clear);
}

/**
 * heartbeat_bus_change_debouncer_add:
 * @self: a debouncer
 * @object: an object that may already be dirty; it must be taken before it is finalized
 */
void
heartbeat_bus_change_debouncer_add (HeartbeatBusChangeDebouncer *self, gpointer object)
{
  g_return_if_fail (self != NULL);

  g_hash_table_add (self->dirty, object);
  if (self->deadline == NULL)
    heartbeat_deadline_set_in (&self->deadline, COLLECT_US, on_deadline, self);
}

/**
 * heartbeat_bus_change_debouncer_take:
 * @self: a debouncer
 * @object: an object
 *
 * Removes an object, because it is updated now or needs no update any more.
 *
 * Returns: whether it was dirty
 */
gboolean
heartbeat_bus_change_debouncer_take (HeartbeatBusChangeDebouncer *self, gpointer object)
{
  g_return_val_if_fail (self != NULL, FALSE);

  if (!g_hash_table_remove (self->dirty, object))
    return FALSE;
  if (g_hash_table_size (self->dirty) == 0)
    heartbeat_deadline_clear (&self->deadline);
  return TRUE;
}
