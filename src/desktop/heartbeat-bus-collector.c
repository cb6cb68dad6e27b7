/* SPDX-License-Identifier: MIT */

#include "desktop/heartbeat-bus-collector.h"

#define COLLECT_MS 250

/**
 * HeartbeatBusCollector:
 *
 * Whatever has changes to tell, and the one timer for all of it. There is no timer while there is nothing to tell.
 */
struct _HeartbeatBusCollector
{
  GFunc flush;
  GPtrArray *items; /* unowned */
  GSource *timer;
};

static void
remove_timer (HeartbeatBusCollector *self)
{
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

static void
collector_clear (gpointer data)
{
  HeartbeatBusCollector *self = data;

  remove_timer (self);
  g_ptr_array_unref (self->items);
}

static gboolean
on_timer (gpointer user_data)
{
  HeartbeatBusCollector *self = heartbeat_bus_collector_ref (user_data);

  while (self->items->len > 0)
    {
      gpointer item = g_ptr_array_steal_index_fast (self->items, self->items->len - 1);

      self->flush (item, self);
    }
  remove_timer (self);
  heartbeat_bus_collector_unref (self);
  return G_SOURCE_REMOVE;
}

/**
 * heartbeat_bus_collector_new:
 * @flush: called with each item 250 ms after the first one was added
 *
 * Returns: (transfer full): an empty collector
 */
HeartbeatBusCollector *
heartbeat_bus_collector_new (GFunc flush)
{
  HeartbeatBusCollector *self = g_rc_box_new0 (HeartbeatBusCollector);

  self->flush = flush;
  self->items = g_ptr_array_new ();
  return self;
}

/**
 * heartbeat_bus_collector_ref:
 * @self: a collector
 *
 * Returns: (transfer full): @self
 */
HeartbeatBusCollector *
heartbeat_bus_collector_ref (HeartbeatBusCollector *self)
{
  return g_rc_box_acquire (self);
}

/**
 * heartbeat_bus_collector_unref:
 * @self: (transfer full): a collector
 */
void
heartbeat_bus_collector_unref (HeartbeatBusCollector *self)
{
  g_rc_box_release_full (self, collector_clear);
}

/**
 * heartbeat_bus_collector_add:
 * @self: a collector
 * @item: what is not in it yet
 */
void
heartbeat_bus_collector_add (HeartbeatBusCollector *self, gpointer item)
{
  g_ptr_array_add (self->items, item);
  if (self->timer != NULL)
    return;
  self->timer = g_timeout_source_new (COLLECT_MS);
  g_source_set_static_name (self->timer, "collected property changes");
  g_source_set_callback (self->timer, on_timer, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
}

/**
 * heartbeat_bus_collector_remove:
 * @self: a collector
 * @item: what may be in it
 */
void
heartbeat_bus_collector_remove (HeartbeatBusCollector *self, gpointer item)
{
  g_ptr_array_remove_fast (self->items, item);
  if (self->items->len == 0)
    remove_timer (self);
}
