/* SPDX-License-Identifier: MIT */

#include "broker/heartbeat-backoff.h"

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

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/backoff/table", test_table);

  return g_test_run ();
}
