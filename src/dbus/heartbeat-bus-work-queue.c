/* SPDX-License-Identifier: MIT */

#include "dbus/heartbeat-bus-work-queue.h"

#define SLICE_US 5000

/**
 * HeartbeatBusWorkQueue:
 *
 * Work that is done in its order, but for no more than some milliseconds a turn of the main loop: an agent may have thousands
 * of checks to show. A little of it is done at once, so that nobody waits where there is little.
 */
struct _HeartbeatBusWorkQueue
{
  GQueue pieces; /* of Piece */
  GSource *source;
  gint64 end; /* of the slice that is used in this turn, monotonic; while there is a source */
};

typedef struct
{
  HeartbeatBusWorkQueueFunc func;
  GObject *owner;
  GObject *data;
} Piece;

static void
piece_free (gpointer data)
{
  Piece *piece = data;

  g_object_unref (piece->owner);
  g_clear_object (&piece->data);
  g_free (piece);
}

static void
slices_clear (gpointer data)
{
  HeartbeatBusWorkQueue *self = data;

  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  g_queue_clear_full (&self->pieces, piece_free);
}

static gboolean
on_turn (gpointer user_data)
{
  HeartbeatBusWorkQueue *self = heartbeat_bus_work_queue_ref (user_data);
  gboolean more;

  self->end = g_get_monotonic_time () + SLICE_US;
  while (!g_queue_is_empty (&self->pieces) && g_get_monotonic_time () < self->end)
    {
      Piece *piece = g_queue_pop_head (&self->pieces);

      piece->func (piece->owner, piece->data);
      piece_free (piece);
    }
  more = !g_queue_is_empty (&self->pieces);
  if (!more)
    g_clear_pointer (&self->source, g_source_unref);
  heartbeat_bus_work_queue_unref (self);
  return more ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/**
 * heartbeat_bus_work_queue_new:
 *
 * Returns: (transfer full): no work yet
 */
HeartbeatBusWorkQueue *
heartbeat_bus_work_queue_new (void)
{
  HeartbeatBusWorkQueue *self = g_rc_box_new0 (HeartbeatBusWorkQueue);

  g_queue_init (&self->pieces);
  return self;
}

/**
 * heartbeat_bus_work_queue_ref:
 * @self: slices
 *
 * Returns: (transfer full): @self
 */
HeartbeatBusWorkQueue *
heartbeat_bus_work_queue_ref (HeartbeatBusWorkQueue *self)
{
  return g_rc_box_acquire (self);
}

/**
 * heartbeat_bus_work_queue_unref:
 * @self: (transfer full): slices
 */
void
heartbeat_bus_work_queue_unref (HeartbeatBusWorkQueue *self)
{
  g_rc_box_release_full (self, slices_clear);
}

static void
begin_turn (HeartbeatBusWorkQueue *self)
{
  self->end = g_get_monotonic_time () + SLICE_US;
  self->source = g_idle_source_new ();
  g_source_set_priority (self->source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (self->source, "work in slices");
  g_source_set_callback (self->source, on_turn, self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

/**
 * heartbeat_bus_work_queue_add:
 * @self: slices
 * @func: a piece of work
 * @owner: (type GObject): who wants it
 * @data: (type GObject) (nullable): what it is about
 *
 * Does a piece of work now or in a later turn, after all that was added before. Until then there are references to @owner
 * and @data.
 */
void
heartbeat_bus_work_queue_add (HeartbeatBusWorkQueue *self,
                              HeartbeatBusWorkQueueFunc func,
                              gpointer owner,
                              gpointer data)
{
  Piece *piece;

  if (self->source == NULL)
    begin_turn (self);
  if (g_queue_is_empty (&self->pieces) && g_get_monotonic_time () < self->end)
    {
      func (owner, data);
      return;
    }
  piece = g_new (Piece, 1);
  piece->func = func;
  piece->owner = g_object_ref (owner);
  piece->data = data != NULL ? g_object_ref (data) : NULL;
  g_queue_push_tail (&self->pieces, piece);
}

/**
 * heartbeat_bus_work_queue_forget:
 * @self: slices
 * @owner: (type GObject): who wanted something
 *
 * Does no more of what @owner wanted.
 */
void
heartbeat_bus_work_queue_forget (HeartbeatBusWorkQueue *self, gpointer owner)
{
  GList *next;

  for (GList *l = self->pieces.head; l != NULL; l = next)
    {
      Piece *piece = l->data;

      next = l->next;
      if (piece->owner != owner)
        continue;
      g_queue_delete_link (&self->pieces, l);
      piece_free (piece);
    }
}
