/* SPDX-License-Identifier: MIT */

#include "dbus/heartbeat-bus-change-debouncer.h"

#define COLLECT_MS 250

/* For so long it tells changes in one turn of the loop. */
#define SLICE_US 5000

/**
 * HeartbeatBusChangeDebouncer:
 *
 * Whatever has changes to tell, and the one timer for all of it. There is no timer while there is nothing to tell.
 */
struct _HeartbeatBusChangeDebouncer
{
  GFunc flush;
  GPtrArray *items; /* unowned: what waits for the timer */
  GPtrArray *batch; /* unowned: what is told now, in as many turns as it takes */
  GSource *timer;
};

static void
remove_timer (HeartbeatBusChangeDebouncer *self)
{
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

static void
collector_clear (gpointer data)
{
  HeartbeatBusChangeDebouncer *self = data;

  remove_timer (self);
  g_ptr_array_unref (self->items);
  g_ptr_array_unref (self->batch);
}

static gboolean on_timer (gpointer user_data);

static void
set_timer (HeartbeatBusChangeDebouncer *self, guint milliseconds)
{
  remove_timer (self);
  self->timer = g_timeout_source_new (milliseconds);
  g_source_set_static_name (self->timer, "collected property changes");
  g_source_set_callback (self->timer, on_timer, self, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
}

static void
flush_batch (HeartbeatBusChangeDebouncer *self)
{
  gint64 end = g_get_monotonic_time () + SLICE_US;

  while (self->batch->len > 0 && g_get_monotonic_time () < end)
    {
      gpointer item = g_ptr_array_steal_index_fast (self->batch, self->batch->len - 1);

      self->flush (item, self);
    }
}

static gboolean
on_timer (gpointer user_data)
{
  HeartbeatBusChangeDebouncer *self = heartbeat_bus_change_debouncer_ref (user_data);

  if (self->batch->len == 0)
    {
      GPtrArray *empty = self->batch;

      self->batch = self->items;
      self->items = empty;
    }
  flush_batch (self);
  if (self->batch->len > 0)
    set_timer (self, 0);
  else if (self->items->len > 0)
    set_timer (self, COLLECT_MS);
  else
    remove_timer (self);
  heartbeat_bus_change_debouncer_unref (self);
  return G_SOURCE_REMOVE;
}

/**
 * heartbeat_bus_change_debouncer_new:
 * @flush: called with each item 250 ms after the first one was added; of thousands, some in each turn of the loop
 *
 * Returns: (transfer full): an empty collector
 */
HeartbeatBusChangeDebouncer *
heartbeat_bus_change_debouncer_new (GFunc flush)
{
  HeartbeatBusChangeDebouncer *self = g_rc_box_new0 (HeartbeatBusChangeDebouncer);

  self->flush = flush;
  self->items = g_ptr_array_new ();
  self->batch = g_ptr_array_new ();
  return self;
}

/**
 * heartbeat_bus_change_debouncer_ref:
 * @self: a collector
 *
 * Returns: (transfer full): @self
 */
HeartbeatBusChangeDebouncer *
heartbeat_bus_change_debouncer_ref (HeartbeatBusChangeDebouncer *self)
{
  return g_rc_box_acquire (self);
}

/**
 * heartbeat_bus_change_debouncer_unref:
 * @self: (transfer full): a collector
 */
void
heartbeat_bus_change_debouncer_unref (HeartbeatBusChangeDebouncer *self)
{
  g_rc_box_release_full (self, collector_clear);
}

/**
 * heartbeat_bus_change_debouncer_add:
 * @self: a collector
 * @item: what is not in it yet
 */
void
heartbeat_bus_change_debouncer_add (HeartbeatBusChangeDebouncer *self, gpointer item)
{
  g_ptr_array_add (self->items, item);
  if (self->timer == NULL)
    set_timer (self, COLLECT_MS);
}

/**
 * heartbeat_bus_change_debouncer_remove:
 * @self: a collector
 * @item: what may be in it
 */
void
heartbeat_bus_change_debouncer_remove (HeartbeatBusChangeDebouncer *self, gpointer item)
{
  if (!g_ptr_array_remove_fast (self->items, item))
    g_ptr_array_remove_fast (self->batch, item);
  if (self->items->len == 0 && self->batch->len == 0)
    remove_timer (self);
}
