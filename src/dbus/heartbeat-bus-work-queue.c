/* SPDX-License-Identifier: MIT */

#include "dbus/heartbeat-bus-work-queue.h"

#include "base/heartbeat-deadline.h"

#define SLICE_US (5 * G_TIME_SPAN_MILLISECOND)

/**
 * HeartbeatBusWorkQueue:
 *
 * Work that is done in order, for a few milliseconds in each turn of the main loop: to export 1,000 checks in one turn
 * would take more than 100 ms.
 */
struct _HeartbeatBusWorkQueue
{
  GQueue pieces;     /* of Piece */
  GSource *deadline; /* NULL while there is nothing to do */
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
queue_clear (gpointer data)
{
  HeartbeatBusWorkQueue *self = data;

  heartbeat_deadline_clear (&self->deadline);
  g_queue_clear_full (&self->pieces, piece_free);
}

static gboolean
on_turn (gpointer user_data)
{
  HeartbeatBusWorkQueue *self = heartbeat_bus_work_queue_ref (user_data);
  const gint64 end = g_get_monotonic_time () + SLICE_US;

  while (!g_queue_is_empty (&self->pieces) && g_get_monotonic_time () < end)
    {
      Piece *piece = g_queue_pop_head (&self->pieces);

      piece->func (piece->owner, piece->data);
      piece_free (piece);
    }
  if (!g_queue_is_empty (&self->pieces))
    heartbeat_deadline_set (&self->deadline, 0, on_turn, self);
  heartbeat_bus_work_queue_unref (self);
  return G_SOURCE_REMOVE;
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
 * @self: a queue
 *
 * Returns: (transfer full): @self
 */
HeartbeatBusWorkQueue *
heartbeat_bus_work_queue_ref (HeartbeatBusWorkQueue *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_rc_box_acquire (self);
}

/**
 * heartbeat_bus_work_queue_unref:
 * @self: (transfer full): a queue
 */
void
heartbeat_bus_work_queue_unref (HeartbeatBusWorkQueue *self)
{
  g_rc_box_release_full (self, queue_clear);
}

/**
 * heartbeat_bus_work_queue_add:
 * @self: a queue
 * @func: a piece of work
 * @owner: (type GObject): who wants it
 * @data: (type GObject) (nullable): what it is about
 *
 * Does a piece of work in a later turn, after everything that was added before. Until then it holds references to @owner
 * and @data.
 */
void
heartbeat_bus_work_queue_add (HeartbeatBusWorkQueue *self,
                              HeartbeatBusWorkQueueFunc func,
                              gpointer owner,
                              gpointer data)
{
  Piece *piece = g_new (Piece, 1);

  g_return_if_fail (self != NULL);

  piece->func = func;
  piece->owner = g_object_ref (owner);
  piece->data = data != NULL ? g_object_ref (data) : NULL;
  g_queue_push_tail (&self->pieces, piece);
  heartbeat_deadline_set (&self->deadline, 0, on_turn, self);
}

/**
 * heartbeat_bus_work_queue_forget:
 * @self: a queue
 * @owner: (type GObject): who wanted something
 *
 * Drops what @owner wanted.
 */
void
heartbeat_bus_work_queue_forget (HeartbeatBusWorkQueue *self, gpointer owner)
{
  GList *next;

  g_return_if_fail (self != NULL);

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
