/* SPDX-License-Identifier: MIT */

#include "dbus/heartbeat-bus-change-debouncer.h"
#include "heartbeat-test.h"

typedef struct
{
  HeartbeatBusChangeDebouncer *debouncer;
  guint n_updates;
} Object;

static void
update (gpointer data, gpointer user_data)
{
  Object *object = data;

  g_assert_true (heartbeat_bus_change_debouncer_take (object->debouncer, object));
  object->n_updates++;
}

static void
test_changes_are_collected (void)
{
  HeartbeatBusChangeDebouncer *debouncer = heartbeat_bus_change_debouncer_new (update);
  Object one = { debouncer, 0 }, other = { debouncer, 0 };
  const gint64 start = g_get_monotonic_time ();

  for (guint i = 0; i < 3; i++)
    heartbeat_bus_change_debouncer_add (debouncer, &one);
  heartbeat_bus_change_debouncer_add (debouncer, &other);
  g_assert_true (heartbeat_bus_change_debouncer_take (debouncer, &other));
  g_assert_false (heartbeat_bus_change_debouncer_take (debouncer, &other));
  hbtest_wait_for (one.n_updates == 1);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 250 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpuint (other.n_updates, ==, 0);

  heartbeat_bus_change_debouncer_add (debouncer, &other);
  hbtest_wait_for (other.n_updates == 1);
  g_assert_cmpuint (one.n_updates, ==, 1);
  heartbeat_bus_change_debouncer_unref (debouncer);
}

/* No timer is left where nothing is dirty: the loop would wake up for nothing. */
static void
test_nothing_wakes_the_loop (void)
{
  HeartbeatBusChangeDebouncer *debouncer = heartbeat_bus_change_debouncer_new (update);
  Object object = { debouncer, 0 };
  GMainContext *context = g_main_context_default ();
  int timeout;

  heartbeat_bus_change_debouncer_add (debouncer, &object);
  heartbeat_bus_change_debouncer_take (debouncer, &object);
  g_assert_true (g_main_context_acquire (context));
  g_main_context_prepare (context, NULL);
  g_main_context_query (context, G_MAXINT, &timeout, NULL, 0);
  g_main_context_release (context);
  g_assert_cmpint (timeout, ==, -1);
  heartbeat_bus_change_debouncer_unref (debouncer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bus-change-debouncer/changes-are-collected", test_changes_are_collected);
  g_test_add_func ("/bus-change-debouncer/nothing-wakes-the-loop", test_nothing_wakes_the_loop);
  return g_test_run ();
}
