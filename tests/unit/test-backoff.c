/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-backoff.h"

static void
test_table (void)
{
  static const struct
  {
    guint attempt;
    gdouble random;
    gint64 expected;
  } cases[] = {
    { 0, 0.0, 100 },     { 0, 0.5, 500 },           { 0, 1.0, 1000 },  { 1, 0.5, 1000 },
    { 5, 1.0, 32000 },   { 6, 1.0, 60000 },         { 7, 0.5, 30000 }, { 31, 1.0, 60000 },
    { 64, 0.25, 15000 }, { G_MAXUINT, 1.0, 60000 }, { 3, -1.0, 100 },  { 3, 7.0, 8000 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (heartbeat_backoff_delay_ms (cases[i].attempt, cases[i].random), ==,
                     cases[i].expected);
}

static void
test_service_is_paid_back (void)
{
  static const struct
  {
    guint attempt;
    gint64 served_ms;
    guint expected;
  } cases[] = {
    { 0, 0, 0 },      { 0, 5000, 0 },     { 3, 0, 3 },    { 3, 999, 3 },      { 3, 1000, 2 },
    { 3, 1999, 2 },   { 3, 2000, 1 },     { 3, 4000, 0 }, { 6, 31999, 1 },    { 6, 32000, 0 },
    { 1000, 999, 6 }, { 1000, 32000, 0 }, { 2, -1, 2 },   { 6, G_MAXINT, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpuint (heartbeat_backoff_after_service (cases[i].attempt, cases[i].served_ms), ==,
                      cases[i].expected);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/backoff/table", test_table);
  g_test_add_func ("/backoff/service-is-paid-back", test_service_is_paid_back);

  return g_test_run ();
}
