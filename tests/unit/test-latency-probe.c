/* SPDX-License-Identifier: MIT */

#include "service/heartbeat-latency-probe.h"
#include "heartbeat-test.h"

#define MS 1000

typedef struct
{
  gint64 now;    /* ms */
  gint64 waited; /* ms */
} Firing;

typedef struct
{
  const char *name;
  guint n;
  Firing firings[8];
  gint64 worst;     /* ms */
  gint64 worst_raw; /* ms */
} Case;

static const Case cases[] = {
  { "first-says-nothing", 1, { { 5000, 700 } }, 0, 0 },
  { "in-time", 3, { { 100, 0 }, { 110, 0 }, { 120, 0 } }, 0, 0 },
  { "late", 2, { { 100, 0 }, { 117, 0 } }, 7, 7 },
  { "worst-stays", 4, { { 100, 0 }, { 140, 0 }, { 150, 0 }, { 162, 0 } }, 30, 30 },
  { "next-interval-begins-at-the-firing", 3, { { 100, 0 }, { 140, 0 }, { 151, 0 } }, 30, 30 },
  { "asked-too-early", 3, { { 100, 0 }, { 105, 3 }, { 112, 3 } }, 0, 2 },
  { "waited-for-a-processor", 2, { { 100, 50 }, { 130, 70 } }, 0, 20 },
  { "waited-partly", 2, { { 100, 50 }, { 190, 80 } }, 50, 80 },
  { "waited-longer-than-late", 2, { { 100, 0 }, { 115, 9 } }, 0, 5 },
  { "waited-earlier", 3, { { 100, 0 }, { 150, 40 }, { 180, 40 } }, 20, 40 },
  { "worst-of-both-kinds", 3, { { 100, 0 }, { 210, 95 }, { 250, 95 } }, 30, 100 },
};

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  HeartbeatLatency latency = { 0 };

  for (guint i = 0; i < c->n; i++)
    heartbeat_latency_note (&latency, c->firings[i].now * MS, c->firings[i].waited * MS);
  g_assert_cmpint (latency.worst, ==, c->worst * MS);
  g_assert_cmpint (latency.worst_raw, ==, c->worst_raw * MS);
}

static void
turn_for (gint64 duration)
{
  gint64 end = g_get_monotonic_time () + duration;

  while (g_get_monotonic_time () < end)
    g_main_context_iteration (NULL, TRUE);
}

/* Sleeping is no waiting for a processor: it is what a call that blocks looks like. */
static void
test_blocked (void)
{
  g_autoptr (HeartbeatLatencyProbe) probe = heartbeat_latency_probe_new ();

  turn_for (30 * MS);
  g_usleep (200 * MS);
  g_assert_cmpint (heartbeat_latency_probe_read (probe)->worst, >=, 150 * MS);
  g_assert_cmpint (heartbeat_latency_probe_read (probe)->worst_raw, >=, 190 * MS);
}

static void
test_reset (void)
{
  g_autoptr (HeartbeatLatencyProbe) probe = heartbeat_latency_probe_new ();

  g_usleep (300 * MS);
  heartbeat_latency_probe_reset (probe);
  g_assert_cmpint (heartbeat_latency_probe_read (probe)->worst_raw, <, 250 * MS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  hbtest_add_cases ("/latency-probe", cases, test_case);
  g_test_add_func ("/latency-probe/blocked", test_blocked);
  g_test_add_func ("/latency-probe/reset", test_reset);

  return g_test_run ();
}
