/* SPDX-License-Identifier: MIT */

#include "broker/heartbeat-ack-window.h"

typedef struct
{
  guint64 tag;
  HeartbeatDisposition disposition; /* LATER while it waits */
} Entry;

/* The deliveries of one channel that the broker still waits for, in order; never more than the prefetch. */
struct _HeartbeatAckWindow
{
  GArray *entries;
  gboolean dirty;
};

/**
 * heartbeat_ack_window_new:
 *
 * Returns: (transfer full): an empty window
 */
HeartbeatAckWindow *
heartbeat_ack_window_new (void)
{
  HeartbeatAckWindow *self = g_new0 (HeartbeatAckWindow, 1);

  self->entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  return self;
}

/**
 * heartbeat_ack_window_free:
 * @self: (transfer full): a window
 *
 * Frees it. What is in it stays unsettled.
 */
void
heartbeat_ack_window_free (HeartbeatAckWindow *self)
{
  g_array_unref (self->entries);
  g_free (self);
}

/**
 * heartbeat_ack_window_add:
 * @self: a window
 * @tag: a delivery tag, larger than all before it
 *
 * Notes a delivery that waits to be settled.
 */
void
heartbeat_ack_window_add (HeartbeatAckWindow *self, guint64 tag)
{
  Entry entry = { tag, HEARTBEAT_DISPOSITION_LATER };

  g_return_if_fail (self != NULL);

  g_array_append_val (self->entries, entry);
}

/**
 * heartbeat_ack_window_settle:
 * @self: a window
 * @tag: a delivery tag
 * @disposition: what becomes of it
 *
 * Settles a delivery; heartbeat_ack_window_flush() sends it.
 *
 * Returns: whether it waited for that
 */
gboolean
heartbeat_ack_window_settle (HeartbeatAckWindow *self,
                             guint64 tag,
                             HeartbeatDisposition disposition)
{
  g_return_val_if_fail (self != NULL, FALSE);

  /* From the back: nearly always it is the delivery that has just come. */
  for (guint i = self->entries->len; i > 0; i--)
    {
      Entry *entry = &g_array_index (self->entries, Entry, i - 1);

      if (entry->tag != tag)
        continue;
      if (entry->disposition != HEARTBEAT_DISPOSITION_LATER)
        return FALSE;
      entry->disposition = disposition;
      self->dirty = TRUE;
      return TRUE;
    }
  return FALSE;
}

/* Rejections go first: a later acknowledgement of several would cover them. */
static void
flush_rejected (HeartbeatAckWindow *self, HeartbeatAckWindowFunc func, gpointer user_data)
{
  guint kept = 0;

  for (guint i = 0; i < self->entries->len; i++)
    {
      Entry entry = g_array_index (self->entries, Entry, i);

      if (entry.disposition == HEARTBEAT_DISPOSITION_REJECT
          || entry.disposition == HEARTBEAT_DISPOSITION_REQUEUE)
        func (entry.tag, FALSE, entry.disposition, user_data);
      else
        g_array_index (self->entries, Entry, kept++) = entry;
    }
  g_array_set_size (self->entries, kept);
}

static guint
flush_prefix (HeartbeatAckWindow *self, HeartbeatAckWindowFunc func, gpointer user_data)
{
  guint n = 0;

  while (n < self->entries->len
         && g_array_index (self->entries, Entry, n).disposition
                == HEARTBEAT_DISPOSITION_ACKNOWLEDGE)
    n++;
  if (n > 0)
    func (g_array_index (self->entries, Entry, n - 1).tag, n > 1, HEARTBEAT_DISPOSITION_ACKNOWLEDGE,
          user_data);
  return n;
}

/**
 * heartbeat_ack_window_flush:
 * @self: a window
 * @func: (scope call): sends one settlement; must not touch the window
 * @user_data: for @func
 *
 * Sends what was settled since the last time in as few settlements as possible. One for several deliveries never covers
 * one that waits.
 */
void
heartbeat_ack_window_flush (HeartbeatAckWindow *self,
                            HeartbeatAckWindowFunc func,
                            gpointer user_data)
{
  guint kept = 0;

  g_return_if_fail (self != NULL);

  if (!self->dirty)
    return;
  self->dirty = FALSE;

  flush_rejected (self, func, user_data);
  for (guint i = flush_prefix (self, func, user_data); i < self->entries->len; i++)
    {
      Entry entry = g_array_index (self->entries, Entry, i);

      if (entry.disposition == HEARTBEAT_DISPOSITION_ACKNOWLEDGE)
        func (entry.tag, FALSE, HEARTBEAT_DISPOSITION_ACKNOWLEDGE, user_data);
      else
        g_array_index (self->entries, Entry, kept++) = entry;
    }
  g_array_set_size (self->entries, kept);
}

/**
 * heartbeat_ack_window_clear:
 * @self: a window
 *
 * Forgets everything: the channel is gone, and the broker delivers all of it again.
 */
void
heartbeat_ack_window_clear (HeartbeatAckWindow *self)
{
  self->dirty = FALSE;
  g_array_set_size (self->entries, 0);
}
