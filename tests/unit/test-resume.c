/* SPDX-License-Identifier: MIT */

#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "consumer/heartbeat-consumer-private.h"
#include "agent/heartbeat-agent.h"
#include "heartbeat-test.h"

#define NIGHT_S (8 * 3600)
#define TEXT                                                                                       \
  "{\"$schema\":\"heartbeat.v1\",\"agent\":\"a\",\"checks\":"                                      \
  "{\"c\":{\"cadenceMs\":60000,\"handler\":\"default\"}}}"

/* A machine cannot be suspended here: these stand before libc's. A write to one of @kernel is what a machine that wakes up
 * is, and CLOCK_BOOTTIME is @asleep ahead. */
static int kernel[8];
static guint n_kernel;
static gint64 asleep;

int
timerfd_create (int clock, int flags)
{
  g_assert_cmpint (clock, ==, CLOCK_REALTIME);
  g_assert_cmpuint (n_kernel, <, G_N_ELEMENTS (kernel));
  kernel[n_kernel] = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
  return kernel[n_kernel++];
}

int
timerfd_settime (int fd, int flags, const struct itimerspec *value, struct itimerspec *old)
{
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
sleep_and_wake_up (gint64 seconds)
{
  guint64 one = 1;

  asleep += seconds;
  for (guint i = 0; i < n_kernel; i++)
    g_assert_cmpint (write (kernel[i], &one, sizeof one), ==, sizeof one);
}

typedef struct
{
  char *folder;
  char *path;
  HeartbeatConsumer *consumer;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  n_kernel = 0;
  asleep = 0;
  f->folder = hbtest_make_folder ();
  f->path = g_build_filename (f->folder, "heartbeat.json", NULL);
  hbtest_write (f->path, TEXT);
}

static void
start (Fixture *f, const char *tick_source, const char *url)
{
  g_autoptr (GError) error = NULL;

  f->consumer
      = g_object_new (HEARTBEAT_TYPE_CONSUMER, "agent-name", "a", "heartbeat-path", f->path,
                      "tick-source", tick_source, "tick-interval", 3600, "rabbit-url", url, NULL);
  g_assert_true (heartbeat_consumer_start (f->consumer, &error));
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) stopped = NULL;

  heartbeat_consumer_stop_async (f->consumer, hbtest_keep_result, &stopped);
  hbtest_wait_for (stopped != NULL);
  heartbeat_consumer_stop_finish (f->consumer, stopped, NULL);
  g_object_unref (f->consumer);
  hbtest_run_pending ();
  hbtest_remove_folder (f->folder);
  g_free (f->path);
}

static void
wait_ticks (Fixture *f, guint64 ticks)
{
  HeartbeatAgent *agent = heartbeat_consumer_get_agent (f->consumer);

  hbtest_wait_for (heartbeat_agent_get_ticks_received (agent) >= ticks);
  hbtest_run_pending ();
  g_assert_cmpuint (heartbeat_agent_get_ticks_received (agent), ==, ticks);
}

/* Eight hours are eight ticks, of which one comes; within the hour after it there is none to come. */
static void
test_local_ticks (Fixture *f, gconstpointer data)
{
  start (f, "local", NULL);
  wait_ticks (f, 1);
  sleep_and_wake_up (NIGHT_S);
  wait_ticks (f, 2);
  sleep_and_wake_up (1800);
  hbtest_run_pending ();
  wait_ticks (f, 2);
  sleep_and_wake_up (1800);
  wait_ticks (f, 3);
}

static guint16
find_closed_port (void)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();

  return g_socket_listener_add_any_inet_port (listener, NULL, NULL);
}

static void
wait_state (Fixture *f, const char *state)
{
  hbtest_wait_for (g_str_equal (heartbeat_consumer_get_connection_state (f->consumer), state));
}

/* Until 2.5 hours are over there is no local tick; after the night there is one. */
static void
test_auto (Fixture *f, gconstpointer data)
{
  g_autofree char *url = g_strdup_printf ("amqp://127.0.0.1:%u/", find_closed_port ());

  start (f, "auto", url);
  wait_state (f, "waiting");
  sleep_and_wake_up (2 * 3600);
  wait_ticks (f, 0);
  sleep_and_wake_up (NIGHT_S);
  wait_ticks (f, 1);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings belong to what is tested here. */
  hbtest_allow_warnings ();

  g_test_add ("/resume/local-ticks", Fixture, NULL, set_up, test_local_ticks, tear_down);
  g_test_add ("/resume/auto", Fixture, NULL, set_up, test_auto, tear_down);

  return g_test_run ();
}
