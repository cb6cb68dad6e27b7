/* SPDX-License-Identifier: MIT */

#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "broker/heartbeat-broker.h"
#include "broker/heartbeat-network-watch.h"
#include "base/heartbeat-clock-watch.h"
#include "heartbeat-test.h"

/* The clock must not be set here: these two stand before libc's. A write to @kernel is what a clock that jumps is, and
 * CLOCK_BOOTTIME is @asleep ahead. */
static int kernel = -1;
static gint64 asleep;

int
timerfd_create (int clock, int flags)
{
  g_assert_cmpint (clock, ==, CLOCK_REALTIME);
  kernel = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
  return kernel;
}

int
timerfd_settime (int fd, int flags, const struct itimerspec *value, struct itimerspec *old)
{
  g_assert_cmpint (fd, ==, kernel);
  g_assert_cmpint (flags, ==, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET);
  return 0;
}

int
clock_gettime (clockid_t id, struct timespec *time)
{
  int result = (int) syscall (SYS_clock_gettime, id, time);

  if (id == CLOCK_BOOTTIME)
    time->tv_sec += asleep;
  return result;
}

static void
jump (void)
{
  guint64 one = 1;

  g_assert_cmpint (write (kernel, &one, sizeof one), ==, sizeof one);
}

/* --- What decides --------------------------------------------------------------------------------------------------- */

static void
test_is_resume (void)
{
  const gint64 hour = 3600 * G_TIME_SPAN_SECOND;

  g_assert_false (heartbeat_clock_is_resume (0, 0));
  g_assert_false (heartbeat_clock_is_resume (hour, hour));
  g_assert_false (heartbeat_clock_is_resume (hour, hour + 1000));
  g_assert_false (heartbeat_clock_is_resume (hour, hour - 1000));
  g_assert_true (heartbeat_clock_is_resume (hour, hour + G_TIME_SPAN_SECOND));
  g_assert_true (heartbeat_clock_is_resume (0, 100 * hour));
}

static void
test_next_change (void)
{
  const gint64 s = G_TIME_SPAN_SECOND;

  g_assert_cmpint (heartbeat_network_watch_next_change (0, 5), ==, 5);
  g_assert_cmpint (heartbeat_network_watch_next_change (10 * s, 10 * s), ==, 11 * s);
  g_assert_cmpint (heartbeat_network_watch_next_change (10 * s, 10 * s + 1), ==, 11 * s);
  g_assert_cmpint (heartbeat_network_watch_next_change (10 * s, 11 * s), ==, 11 * s);
  g_assert_cmpint (heartbeat_network_watch_next_change (10 * s, 60 * s), ==, 60 * s);
}

/* --- The clock ------------------------------------------------------------------------------------------------------ */

typedef struct
{
  HeartbeatNetworkWatch *watch;
  guint changed;
  guint resumed;
} Fixture;

static void
count (guint *counter)
{
  (*counter)++;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  asleep = 0;
  f->watch = heartbeat_network_watch_new ();
  g_signal_connect_swapped (f->watch, "changed", G_CALLBACK (count), &f->changed);
  g_signal_connect_swapped (f->watch, "resumed", G_CALLBACK (count), &f->resumed);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_signal_handlers_disconnect_by_data (f->watch, &f->changed);
  g_signal_handlers_disconnect_by_data (f->watch, &f->resumed);
  g_clear_object (&f->watch);
  hbtest_run_pending ();
}

static void
wait_until_read (void)
{
  guint64 left = 0;

  while (read (kernel, &left, sizeof left) == sizeof left)
    {
      jump ();
      g_main_context_iteration (NULL, TRUE);
    }
}

static void
test_resume (Fixture *f, gconstpointer data)
{
  asleep = 60;
  jump ();
  hbtest_wait_for (f->changed != 0);
  g_assert_cmpuint (f->resumed, ==, 1);

  /* The next one counts from there, and its change waits for the second to be over. */
  asleep = 120;
  jump ();
  hbtest_wait_for (f->resumed != 1);
  g_assert_cmpuint (f->changed, ==, 1);
  hbtest_wait_for (f->changed != 1);
}

static void
test_clock_set (Fixture *f, gconstpointer data)
{
  jump ();
  wait_until_read ();
  g_assert_cmpuint (f->resumed, ==, 0);
  g_assert_cmpuint (f->changed, ==, 0);

  asleep = 60;
  jump ();
  hbtest_wait_for (f->resumed != 0);
}

/* --- The network ---------------------------------------------------------------------------------------------------- */

static void
test_network (Fixture *f, gconstpointer data)
{
  GNetworkMonitor *monitor = heartbeat_network_watch_get_monitor (f->watch);

  for (guint i = 0; i < 100; i++)
    g_signal_emit_by_name (monitor, "network-changed", TRUE);
  hbtest_wait_for (f->changed != 0);
  g_assert_cmpuint (f->changed, ==, 1);
  g_assert_cmpuint (f->resumed, ==, 0);
}

/* A watch on another main loop than the default one is told there. */
static void
test_other_loop (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  GNetworkMonitor *monitor = NULL;
  Fixture other = { 0 };

  g_main_context_push_thread_default (context);
  other.watch = heartbeat_network_watch_new ();
  monitor = heartbeat_network_watch_get_monitor (other.watch);
  g_assert_nonnull (g_main_context_find_source_by_user_data (context, monitor));
  g_assert_null (g_main_context_find_source_by_user_data (NULL, monitor));
  g_signal_connect_swapped (other.watch, "changed", G_CALLBACK (count), &other.changed);
  g_signal_emit_by_name (monitor, "network-changed", TRUE);
  hbtest_wait_for_in (context, other.changed > 0);
  g_object_add_weak_pointer (G_OBJECT (monitor), (gpointer *) &monitor);
  g_assert_finalize_object (other.watch);
  g_assert_null (monitor);
  g_main_context_pop_thread_default (context);
}

/* --- The broker ----------------------------------------------------------------------------------------------------- */

static guint16
find_closed_port (void)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();

  return g_socket_listener_add_any_inet_port (listener, NULL, NULL);
}

static void
assert_trying (HeartbeatConnection *connection)
{
  g_assert_cmpint (heartbeat_connection_get_state (connection), ==,
                   HEARTBEAT_CONNECTION_STATE_CONNECTING);
}

/* Whoever listens after the broker finds it trying. */
static void
test_broker (void)
{
  g_autofree char *url = g_strdup_printf ("amqp://127.0.0.1:%u/", find_closed_port ());
  g_autoptr (HeartbeatBroker) broker = heartbeat_broker_new (url, NULL);
  HeartbeatConnection *connection = heartbeat_broker_get_connection (broker);
  HeartbeatNetworkWatch *watch = heartbeat_broker_watch_network (broker);
  guint changed = 0;

  asleep = 0;
  g_assert_true (watch == heartbeat_broker_watch_network (broker));
  g_signal_connect_swapped (watch, "changed", G_CALLBACK (assert_trying), connection);
  g_signal_connect_swapped (watch, "changed", G_CALLBACK (count), &changed);
  heartbeat_broker_start (broker);
  hbtest_wait_for (heartbeat_connection_get_state (connection)
                   == HEARTBEAT_CONNECTION_STATE_WAITING);
  asleep = 60;
  jump ();
  hbtest_wait_for (changed != 0);
  heartbeat_broker_close_async (broker, NULL, NULL);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings belong to what is tested here. */
  hbtest_allow_warnings ();

  g_test_add_func ("/network-watch/is-resume", test_is_resume);
  g_test_add_func ("/network-watch/next-change", test_next_change);
#define ADD(name, what) g_test_add (name, Fixture, NULL, set_up, test_##what, tear_down)
  ADD ("/network-watch/resume", resume);
  ADD ("/network-watch/clock-set", clock_set);
  ADD ("/network-watch/network", network);
  g_test_add_func ("/network-watch/other-loop", test_other_loop);
  g_test_add_func ("/network-watch/broker", test_broker);

  return g_test_run ();
}
