/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-error.h"
#include "base/heartbeat-quarter.h"
#include "config/heartbeat-window.h"
#include "base/heartbeat-zone.h"
#include "heartbeat-test.h"

static void
test_finds_names (void)
{
  static const char *const names[] = { "America/New_York",
                                       "Europe/London",
                                       "Australia/Lord_Howe",
                                       "Asia/Kolkata",
                                       "America/Argentina/Buenos_Aires",
                                       "America/Port-au-Prince",
                                       "Etc/GMT+5",
                                       "Etc/GMT-14",
                                       "UTC",
                                       "GMT",
                                       "Etc/UTC" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GTimeZone) zone = heartbeat_zone_lookup (names[i], &error);

      g_assert_no_error (error);
      g_assert_nonnull (zone);
    }
}

static void
test_refuses_what_is_no_name (void)
{
  static const char *const names[] = { "",
                                       "+05:30",
                                       "-03",
                                       "05",
                                       "0530",
                                       ":EST",
                                       ":America/New_York",
                                       "../x",
                                       "..",
                                       ".",
                                       "/",
                                       "/etc/localtime",
                                       "/usr/share/zoneinfo/UTC",
                                       "America/../UTC",
                                       "America//New_York",
                                       "America/New_York/",
                                       "America",
                                       "America/",
                                       " UTC",
                                       "UTC ",
                                       "UTC\n",
                                       "zone.tab",
                                       "tzdata.zi",
                                       "leapseconds",
                                       "Mars/Olympus",
                                       "EST5EDT,M3.2.0,M11.1.0",
                                       "<-03>3",
                                       "XYZ3",
                                       "Z",
                                       "+00:00",
                                       "UTC+5",
                                       "Europe/Londo",
                                       "Am\xc3\xa9rica/New_York" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GTimeZone) zone = heartbeat_zone_lookup (names[i], &error);

      if (zone != NULL)
        g_error ("accepted: “%s”", names[i]);
      hbtest_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT, names[i]);
    }
}

static void
test_refuses_a_name_of_any_length (void)
{
  g_autofree char *name = g_strnfill (100000, 'A');

  g_assert_null (heartbeat_zone_lookup (name, NULL));
}

/* What the clock shows, as text. */
static void
assert_local (const char *zone_name, const char *utc, const char *expected)
{
  g_autoptr (GTimeZone) zone = heartbeat_zone_lookup (zone_name, NULL);
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (utc, NULL);
  gint64 local = heartbeat_zone_to_local (zone, g_date_time_to_unix (time));
  g_autoptr (GDateTime) shown = g_date_time_new_from_unix_utc (local);
  g_autofree char *text = g_date_time_format (shown, "%Y-%m-%d %H:%M:%S");

  g_assert_cmpstr (text, ==, expected);
}

static void
test_to_local (void)
{
  assert_local ("America/New_York", "2026-02-22T21:37:00Z", "2026-02-22 16:37:00");
  assert_local ("America/New_York", "2026-03-08T06:59:59Z", "2026-03-08 01:59:59");
  assert_local ("America/New_York", "2026-03-08T07:00:00Z", "2026-03-08 03:00:00");
  assert_local ("America/New_York", "2026-11-01T05:59:59Z", "2026-11-01 01:59:59");
  assert_local ("America/New_York", "2026-11-01T06:00:00Z", "2026-11-01 01:00:00");
  assert_local ("Australia/Lord_Howe", "2026-04-04T14:59:59Z", "2026-04-05 01:59:59");
  assert_local ("Australia/Lord_Howe", "2026-04-04T15:00:00Z", "2026-04-05 01:30:00");
  assert_local ("Asia/Kolkata", "2026-01-01T00:00:00Z", "2026-01-01 05:30:00");
  assert_local ("Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29 23:59:59");
  assert_local ("Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31 00:00:00");
}

static void
test_days (void)
{
  g_assert_cmpint (heartbeat_local_day (0), ==, 0);
  g_assert_cmpint (heartbeat_local_day (86399), ==, 0);
  g_assert_cmpint (heartbeat_local_day (86400), ==, 1);
  g_assert_cmpint (heartbeat_local_day (-1), ==, -1);
  g_assert_cmpint (heartbeat_local_day (-86400), ==, -1);
  g_assert_cmpint (heartbeat_local_day (-86401), ==, -2);
  g_assert_cmpuint (heartbeat_local_weekday (0), ==, 3);
  g_assert_cmpuint (heartbeat_local_weekday (-1), ==, 2);
  g_assert_cmpuint (heartbeat_local_weekday (-4), ==, 6);
  g_assert_cmpuint (heartbeat_local_weekday (4), ==, 0);
  g_assert_cmpuint (heartbeat_local_weekday (heartbeat_local_day (1771796220)), ==, 6);
}

/* --- Against a search minute by minute ------------------------------------------------------------------------------ */

static const struct
{
  const char *zone;
  const char *change;
} changes[] = {
  { "America/New_York", "2026-03-08T07:00:00Z" },
  { "America/New_York", "2026-11-01T06:00:00Z" },
  { "Europe/London", "2026-03-29T01:00:00Z" },
  { "Europe/London", "2026-10-25T01:00:00Z" },
  { "Australia/Lord_Howe", "2026-04-04T15:00:00Z" },
  { "Australia/Lord_Howe", "2026-10-03T15:30:00Z" },
  { "Asia/Kolkata", "2026-03-08T00:00:00Z" },
  { "Pacific/Apia", "2011-12-30T10:00:00Z" },
  { "America/St_Johns", "2011-03-13T03:31:00Z" },
  { "Africa/Casablanca", "2026-02-15T02:00:00Z" },
  { "America/New_York", "2037-11-01T06:00:00Z" },
  { "America/New_York", "2040-03-11T07:00:00Z" },
};

static const HeartbeatWindow windows[] = {
  { 0, 1439, 0 },
  { 540, 1020, 0 },
  { 540, 1020, 0x1f },
  { 120, 179, 0 },    /* in New York's gap */
  { 150, 150, 0 },    /* one minute in it */
  { 60, 119, 0 },     /* in New York's fold */
  { 90, 90, 0 },      /* one minute in it */
  { 90, 90, 1 << 6 }, /* on Sundays only */
  { 120, 120, 1 << 6 },
  { 105, 130, 1 << 6 },  /* Lord Howe's */
  { 1320, 360, 0 },      /* over midnight */
  { 1320, 150, 1 << 5 }, /* from Saturday into the change */
  { 1439, 0, 0 },
  { 0, 0, 1 << 4 },
  { 720, 719, 0 }, /* over midnight, all day */
  { 600, 660, (1 << 4) | (1 << 6) },
};

#define N_MINUTES (26 * 1440)

static gint64
time_of (const char *text)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (text, NULL);

  return g_date_time_to_unix (time);
}

static void
compare_window (GTimeZone *zone, gint64 from, const HeartbeatWindow *window, GRand *rand)
{
  g_autofree gint64 *next = g_new (gint64, N_MINUTES + 1);

  next[N_MINUTES] = HEARTBEAT_NEVER;
  for (int i = N_MINUTES - 1; i >= 0; i--)
    next[i] = heartbeat_window_contains (window, heartbeat_zone_to_local (zone, from + i * 60))
                  ? from + i * 60
                  : next[i + 1];

  for (guint i = 0; i < 1500; i++)
    {
      int minute = g_rand_int_range (rand, 0, 15 * 1440);
      int second = g_rand_boolean (rand) ? 0 : g_rand_int_range (rand, 1, 60);
      gint64 time = from + minute * 60 + second;
      gboolean inside = heartbeat_window_contains (window, heartbeat_zone_to_local (zone, time));
      gint64 expected = inside ? time : next[minute + (second != 0)];
      gint64 found = heartbeat_zone_next (zone, time, heartbeat_window_next, window);

      g_assert_cmpint (found, ==, expected);
    }
}

static void
test_next_window (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  g_autoptr (GTimeZone) zone = heartbeat_zone_lookup (changes[i].zone, NULL);
  g_autoptr (GRand) rand = g_rand_new_with_seed (i);
  gint64 from = time_of (changes[i].change) - 9 * 86400;

  for (guint w = 0; w < G_N_ELEMENTS (windows); w++)
    compare_window (zone, from, &windows[w], rand);
}

static void
compare_quarter (GTimeZone *zone,
                 gint64 from,
                 const HeartbeatQuarterRule *rule,
                 guint step,
                 guint n)
{
  gint64 expected = HEARTBEAT_NEVER;

  for (guint i = n; i > 0; i--)
    {
      gint64 time = from + (gint64) (i - 1) * step;

      if (heartbeat_quarter_allows (
              rule, heartbeat_quarter_at (rule->of, heartbeat_zone_to_local (zone, time))))
        expected = time;
      if (expected != HEARTBEAT_NEVER)
        g_assert_cmpint (heartbeat_zone_next (zone, time, heartbeat_quarter_next, rule), ==,
                         expected);
    }
}

static void
test_next_quarter (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  g_autoptr (GTimeZone) zone = heartbeat_zone_lookup (changes[i].zone, NULL);
  gint64 from = time_of (changes[i].change) / 1800 * 1800;

  for (guint quarters = 0; quarters < 16; quarters++)
    {
      HeartbeatQuarterRule rule = { HEARTBEAT_QUARTER_OF_DAY, quarters };

      compare_quarter (zone, from - 3 * 86400, &rule, 1800, 6 * 48);
      rule.of = HEARTBEAT_QUARTER_OF_YEAR;
      compare_quarter (zone, from - 3 * 86400, &rule, 1800, 48 * 400);
    }
}

static gint64
never (gint64 local, gconstpointer data)
{
  return HEARTBEAT_NEVER;
}

static void
test_never (void)
{
  g_autoptr (GTimeZone) zone = heartbeat_zone_lookup (HEARTBEAT_ZONE_DEFAULT, NULL);

  g_assert_cmpint (heartbeat_zone_next (zone, 1771796220, never, NULL), ==, HEARTBEAT_NEVER);
}

/* 2^54 ms after 1970, which is where the largest lastRun and the largest cadence lead. */
static void
test_far_future_ends (void)
{
  g_autoptr (GTimeZone) zone = heartbeat_zone_lookup (HEARTBEAT_ZONE_DEFAULT, NULL);

  for (gint64 time = G_GINT64_CONSTANT (4102444800); time < G_GINT64_CONSTANT (36028797018963);
       time = time * 3 / 2)
    for (guint quarters = 1; quarters < 16; quarters++)
      {
        HeartbeatQuarterRule rule = { HEARTBEAT_QUARTER_OF_YEAR, quarters };
        gint64 found = heartbeat_zone_next (zone, time, heartbeat_quarter_next, &rule);

        g_assert_cmpint (found, >=, time);
        g_assert_cmpint (found, <=, time + 280 * 86400);
        rule.of = HEARTBEAT_QUARTER_OF_DAY;
        found = heartbeat_zone_next (zone, time, heartbeat_quarter_next, &rule);
        g_assert_cmpint (found, <=, time + 86400);
        g_assert_cmpint (heartbeat_zone_next (zone, time, heartbeat_window_next, &windows[3]), <=,
                         time + 2 * 86400);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/zone/finds-names-in-tzdata", test_finds_names);
  g_test_add_func ("/zone/refuses-what-is-no-name", test_refuses_what_is_no_name);
  g_test_add_func ("/zone/refuses-a-name-of-any-length", test_refuses_a_name_of_any_length);
  g_test_add_func ("/zone/to-local", test_to_local);
  g_test_add_func ("/zone/days-and-weekdays", test_days);
  g_test_add_func ("/zone/never-stays-never", test_never);
  g_test_add_func ("/zone/far-future-ends", test_far_future_ends);
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      g_autofree char *day = g_strndup (changes[i].change, 10);
      g_autofree char *window = g_strdup_printf ("/zone/next-window/%s/%s", changes[i].zone, day);
      g_autofree char *quarter = g_strdup_printf ("/zone/next-quarter/%s/%s", changes[i].zone, day);

      g_test_add_data_func (window, GUINT_TO_POINTER (i), test_next_window);
      g_test_add_data_func (quarter, GUINT_TO_POINTER (i), test_next_quarter);
    }

  return g_test_run ();
}
