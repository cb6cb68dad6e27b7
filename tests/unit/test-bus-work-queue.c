/* SPDX-License-Identifier: MIT */

#include "dbus/heartbeat-bus-work-queue.h"
#include "heartbeat-test.h"

#define PIECE_US (2 * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  HeartbeatBusWorkQueue *queue;
  GSimpleAction *owner;
  GPtrArray *done; /* of the actions that were the data of pieces */
} Fixture;

static Fixture *
get_fixture (gpointer owner)
{
  return g_object_get_data (owner, "fixture");
}

static void
work (gpointer owner, gpointer data)
{
  gint64 end = g_get_monotonic_time () + PIECE_US;

  while (g_get_monotonic_time () < end)
    continue;
  g_ptr_array_add (get_fixture (owner)->done, data);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->queue = heartbeat_bus_work_queue_new ();
  f->owner = g_simple_action_new ("owner", NULL);
  f->done = g_ptr_array_new ();
  g_object_set_data (G_OBJECT (f->owner), "fixture", f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  heartbeat_bus_work_queue_unref (f->queue);
  g_assert_finalize_object (f->owner);
  g_ptr_array_unref (f->done);
}

static GPtrArray *
add_pieces (Fixture *f, guint n)
{
  GPtrArray *pieces = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < n; i++)
    {
      g_ptr_array_add (pieces, g_simple_action_new ("piece", NULL));
      heartbeat_bus_work_queue_add (f->queue, work, f->owner, g_ptr_array_index (pieces, i));
    }
  return pieces;
}

static void
test_much_is_done_in_turns_and_in_order (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) pieces = add_pieces (f, 20);

  g_assert_cmpuint (f->done->len, ==, 0);
  /* 5 ms are over after the third piece at the latest, and on a machine that is busy sooner */
  for (guint before = 0; f->done->len < 20; before = f->done->len)
    {
      g_assert_cmpuint (f->done->len - before, <=, 3);
      g_assert_true (g_main_context_iteration (NULL, FALSE));
    }
  g_assert_cmpmem (f->done->pdata, 20 * sizeof (gpointer), pieces->pdata, 20 * sizeof (gpointer));
  g_main_context_iteration (NULL, FALSE);
  g_assert_false (g_main_context_pending (NULL));
}

static void
test_what_is_forgotten_is_not_done (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) pieces = add_pieces (f, 20);
  guint done;

  g_main_context_iteration (NULL, FALSE);
  done = f->done->len;
  heartbeat_bus_work_queue_forget (f->queue, f->owner);
  hbtest_run_pending ();
  g_assert_cmpuint (f->done->len, ==, done);
}

static void
test_the_end_drops_what_is_left (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) pieces = add_pieces (f, 20);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, test) g_test_add ("/bus-work-queue/" path, Fixture, NULL, set_up, test, tear_down)
  ADD ("much-is-done-in-turns-and-in-order", test_much_is_done_in_turns_and_in_order);
  ADD ("what-is-forgotten-is-not-done", test_what_is_forgotten_is_not_done);
  ADD ("the-end-drops-what-is-left", test_the_end_drops_what_is_left);
  return g_test_run ();
}
