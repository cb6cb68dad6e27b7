/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "base/heartbeat-quarter.h"

static gint64
local_of (const char *text)
{
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (text, utc);

  g_assert_nonnull (time);
  return g_date_time_to_unix (time);
}

static void
test_names (void)
{
  static const struct
  {
    const char *text;
    guint quarter;
  } cases[] = { { "Q1", 1 }, { "Q2", 2 }, { "Q3", 3 }, { "Q4", 4 },  { "Q0", 0 }, { "Q5", 0 },
                { "q1", 0 }, { "Q", 0 },  { "", 0 },   { "Q11", 0 }, { "1", 0 },  { "Q1 ", 0 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *exact = g_memdup2 (cases[i].text, strlen (cases[i].text));

      g_assert_cmpuint (heartbeat_quarter_parse (exact, strlen (cases[i].text)), ==,
                        cases[i].quarter);
    }
}

static const struct
{
  const char *local;
  guint of_day;
  guint of_year;
} moments[] = {
  { "2026-01-01T00:00:00", 1, 1 }, { "2026-01-01T05:59:59", 1, 1 }, { "2026-01-01T06:00:00", 2, 1 },
  { "2026-03-31T11:59:59", 2, 1 }, { "2026-04-01T12:00:00", 3, 2 }, { "2026-06-30T17:59:59", 3, 2 },
  { "2026-07-01T18:00:00", 4, 3 }, { "2026-09-30T23:59:59", 4, 3 }, { "2026-10-01T00:00:00", 1, 4 },
  { "2026-12-31T23:59:59", 4, 4 }, { "2024-02-29T12:00:00", 3, 1 }, { "2024-12-31T23:59:59", 4, 4 },
  { "2100-02-28T23:59:59", 4, 1 }, { "2100-03-31T23:59:59", 4, 1 }, { "2100-04-01T00:00:00", 1, 2 },
  { "1970-01-01T00:00:00", 1, 1 }, { "1969-12-31T23:59:59", 4, 4 }, { "1900-07-01T00:00:00", 1, 3 },
  { "2000-02-29T00:00:00", 1, 1 }, { "9999-12-31T23:59:59", 4, 4 },
};

static void
test_at (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (moments); i++)
    {
      gint64 local = local_of (moments[i].local);

      g_test_message ("%s", moments[i].local);
      g_assert_cmpuint (heartbeat_quarter_at (HEARTBEAT_QUARTER_OF_DAY, local), ==,
                        moments[i].of_day);
      g_assert_cmpuint (heartbeat_quarter_at (HEARTBEAT_QUARTER_OF_TICK, local), ==,
                        moments[i].of_day);
      g_assert_cmpuint (heartbeat_quarter_at (HEARTBEAT_QUARTER_OF_YEAR, local), ==,
                        moments[i].of_year);
    }
}

static void
test_every_day_of_400_years (void)
{
  g_autoptr (GDate) date = g_date_new_dmy (1, 1, 1900);
  gint64 local = local_of ("1900-01-01T00:00:00");

  for (guint i = 0; i < 146097; i++)
    {
      guint expected = (g_date_get_month (date) - 1) / 3 + 1;

      g_assert_cmpuint (heartbeat_quarter_at (HEARTBEAT_QUARTER_OF_YEAR, local), ==, expected);
      g_assert_cmpuint (heartbeat_quarter_at (HEARTBEAT_QUARTER_OF_YEAR, local + 86399), ==,
                        expected);
      g_date_add_days (date, 1);
      local += 86400;
    }
}

static void
test_allows (void)
{
  for (guint quarters = 0; quarters < 16; quarters++)
    for (guint quarter = 1; quarter <= 4; quarter++)
      {
        HeartbeatQuarterRule rule = { HEARTBEAT_QUARTER_OF_DAY, quarters };

        g_assert_cmpint (heartbeat_quarter_allows (&rule, quarter), ==,
                         quarters == 0 || ((quarters >> (quarter - 1)) & 1));
      }
}

static void
test_next (void)
{
  static const struct
  {
    HeartbeatQuarterRule rule;
    const char *local;
    const char *next;
  } cases[] = {
    { { HEARTBEAT_QUARTER_OF_DAY, 0 }, "2026-02-22T21:37:01", "2026-02-22T21:37:01" },
    { { HEARTBEAT_QUARTER_OF_DAY, 8 }, "2026-02-22T21:37:01", "2026-02-22T21:37:01" },
    { { HEARTBEAT_QUARTER_OF_DAY, 1 }, "2026-02-22T21:37:01", "2026-02-23T00:00:00" },
    { { HEARTBEAT_QUARTER_OF_TICK, 4 }, "2026-02-22T21:37:01", "2026-02-23T12:00:00" },
    { { HEARTBEAT_QUARTER_OF_DAY, 2 | 4 }, "2026-02-22T00:00:00", "2026-02-22T06:00:00" },
    { { HEARTBEAT_QUARTER_OF_YEAR, 1 }, "2026-02-22T21:37:01", "2026-02-22T21:37:01" },
    { { HEARTBEAT_QUARTER_OF_YEAR, 2 }, "2026-02-22T21:37:01", "2026-04-01T00:00:00" },
    { { HEARTBEAT_QUARTER_OF_YEAR, 8 }, "2026-02-22T21:37:01", "2026-10-01T00:00:00" },
    { { HEARTBEAT_QUARTER_OF_YEAR, 1 }, "2026-04-01T00:00:00", "2027-01-01T00:00:00" },
    { { HEARTBEAT_QUARTER_OF_YEAR, 4 }, "2026-12-31T23:59:59", "2027-07-01T00:00:00" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("case %u", i);
      g_assert_cmpint (heartbeat_quarter_next (local_of (cases[i].local), &cases[i].rule), ==,
                       local_of (cases[i].next));
    }
}

/* The largest numbers that heartbeat.json may have lead half a million years ahead. */
static void
test_far_future (void)
{
  for (gint64 local = local_of ("9999-12-31T23:59:59"); local < G_GINT64_CONSTANT (36028797018963);
       local = local * 2 - 1)
    for (guint quarters = 1; quarters < 16; quarters++)
      {
        HeartbeatQuarterRule rule = { HEARTBEAT_QUARTER_OF_YEAR, quarters };
        gint64 next = heartbeat_quarter_next (local, &rule);

        g_assert_cmpint (next, >=, local);
        g_assert_cmpint (next, <=, local + 280 * 86400);
        g_assert_true (heartbeat_quarter_allows (&rule, heartbeat_quarter_at (rule.of, next)));
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/quarter/names", test_names);
  g_test_add_func ("/quarter/of-day-and-of-year", test_at);
  g_test_add_func ("/quarter/every-day-of-400-years", test_every_day_of_400_years);
  g_test_add_func ("/quarter/empty-rule-allows-all", test_allows);
  g_test_add_func ("/quarter/next-is-when-an-allowed-one-begins", test_next);
  g_test_add_func ("/quarter/far-future-goes-forward", test_far_future);

  return g_test_run ();
}
