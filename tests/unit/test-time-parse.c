/* SPDX-License-Identifier: MIT */

#include "ctl/print/heartbeat-ctl-time-parse.h"

#define S ((gint64) G_USEC_PER_SEC)

static void
test_spans (void)
{
  static const struct
  {
    const char *text;
    gint64 seconds; /* 0: refused */
  } cases[] = {
    { "90s", 90 },
    { "15 min", 900 },
    { "2h", 7200 },
    { "1h30m", 5400 },
    { "1h 30min", 5400 },
    { "3 days", 259200 },
    { "1d", 86400 },
    { "1w", 604800 },
    { "36525d", G_GINT64_CONSTANT (3155760000) },
    { "", 0 },
    { "0s", 0 },
    { "2", 0 },
    { "h", 0 },
    { "2x", 0 },
    { "-2h", 0 },
    { "2h-", 0 },
    { " 2h", 0 },
    { "1.5h", 0 },
    { "36526d", 0 },
    { "99999999999999999999h", 0 },
    { "9223372036854775807s", 0 },
    { "20000d20000d", 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gint64 span = 0;
      gboolean good = heartbeat_ctl_parse_span (cases[i].text, &span);

      g_test_message ("%s", cases[i].text);
      g_assert_cmpint (good, ==, cases[i].seconds != 0);
      if (good)
        g_assert_cmpint (span, ==, cases[i].seconds * S);
    }
}

static void
test_times (void)
{
  /* 2026-01-30 12:00 in Berlin, a Friday. */
  const gint64 now = G_GINT64_CONSTANT (1769770800) * S;
  static const struct
  {
    const char *text;
    const char *expected; /* NULL: refused */
  } cases[] = {
    { "17:30", "2026-01-30T17:30:00+01" },
    { "9:00", "2026-01-31T09:00:00+01" },
    { "12:00", "2026-01-31T12:00:00+01" },
    { "2026-02-01", "2026-02-01T00:00:00+01" },
    { "2026-07-01 09:00", "2026-07-01T09:00:00+02" },
    { "2026-07-01T09:00:30", "2026-07-01T09:00:30+02" },
    { "2026-07-01T09:00:00Z", "2026-07-01T11:00:00+02" },
    { "2026-01-30", NULL },
    { "2020-01-01 10:00", NULL },
    { "24:00", NULL },
    { "12:60", NULL },
    { "12:5", NULL },
    { "12:000", NULL },
    { "tomorrow", NULL },
    { "2026-02-30", NULL },
    { "", NULL },
  };
  g_autoptr (GTimeZone) zone = g_time_zone_new_identifier ("Europe/Berlin");

  g_assert_nonnull (zone);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gint64 time = 0;
      gboolean good = heartbeat_ctl_parse_time (cases[i].text, now, zone, &time);
      g_autoptr (GDateTime) found = NULL;
      g_autoptr (GDateTime) expected = NULL;

      g_test_message ("%s", cases[i].text);
      g_assert_cmpint (good, ==, cases[i].expected != NULL);
      if (!good)
        continue;
      found = g_date_time_new_from_unix_utc (time / S);
      expected = g_date_time_new_from_iso8601 (cases[i].expected, NULL);
      g_assert_true (g_date_time_equal (found, expected));
    }
}

/* 02:30 does not occur on 2026-03-29, so the clock shows it on the next day. */
static void
test_a_time_that_the_clock_skips (void)
{
  const gint64 now = G_GINT64_CONSTANT (1774735200) * S; /* 2026-03-28 23:00 in Berlin */
  g_autoptr (GTimeZone) zone = g_time_zone_new_identifier ("Europe/Berlin");
  gint64 time = 0;

  g_assert_true (heartbeat_ctl_parse_time ("02:30", now, zone, &time));
  g_assert_cmpint (time, >, now);
  g_assert_cmpint (time, <=, now + 28 * 3600 * S);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/time-parse/spans", test_spans);
  g_test_add_func ("/time-parse/times", test_times);
  g_test_add_func ("/time-parse/a-time-that-the-clock-skips", test_a_time_that_the_clock_skips);
  return g_test_run ();
}
