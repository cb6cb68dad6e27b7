/* SPDX-License-Identifier: MIT */

#include "config/heartbeat-window.h"
#include "base/heartbeat-zone.h"

#define MON (1 << 0)
#define FRI (1 << 4)
#define SAT (1 << 5)
#define SUN (1 << 6)

/* Monday, 2026-02-23, and a time on it. */
#define MONDAY                G_GINT64_CONSTANT (1771804800)
#define AT(day, hour, minute) (MONDAY + (day) *86400 + (hour) *3600 + (minute) *60)

static void
test_times (void)
{
  static const struct
  {
    const char *text;
    int start; /* -1: refused */
    int end;
  } cases[] = {
    { "00:00", 0, 0 },      { "0:00", 0, 0 },        { "9:05", 545, 545 },
    { "09:05", 545, 545 },  { "23:59", 1439, 1439 }, { "24:00", -1, 1439 },
    { "24:01", -1, -1 },    { "25:00", -1, -1 },     { "12:60", -1, -1 },
    { "12:5", -1, -1 },     { "12:005", -1, -1 },    { "012:05", -1, -1 },
    { ":05", -1, -1 },      { "12", -1, -1 },        { "12:", -1, -1 },
    { "", -1, -1 },         { ":", -1, -1 },         { "-1:00", -1, -1 },
    { "+9:00", -1, -1 },    { " 9:00", -1, -1 },     { "9:00 ", -1, -1 },
    { "9:0a", -1, -1 },     { "a:00", -1, -1 },      { "12:00:00", -1, -1 },
    { "9.00", -1, -1 },     { "99:99", -1, -1 },     { "\xd9\xa1\xd9\xa2:00", -1, -1 },
    { "1\xff:00", -1, -1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint16 minute;

      g_test_message ("case %u", i);
      g_assert_cmpint (heartbeat_window_parse_time (cases[i].text, FALSE, &minute) ? minute : -1,
                       ==, cases[i].start);
      g_assert_cmpint (heartbeat_window_parse_time (cases[i].text, TRUE, &minute) ? minute : -1, ==,
                       cases[i].end);
    }
}

static void
test_day_names (void)
{
  static const char *const good[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
  static const char *const bad[] = { "", "Mon", "MON", "monday", "mo", " mon", "son", "1" };
  guint8 days = 0;

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_assert_true (heartbeat_window_parse_day (good[i], &days));
      g_assert_cmpuint (days, ==, (1u << (i + 1)) - 1);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (heartbeat_window_parse_day (bad[i], &days));
  g_assert_cmpuint (days, ==, 0x7f);
}

typedef struct
{
  HeartbeatWindow window;
  gint64 local;
  gboolean inside;
  gint64 next;
} Case;

static void
check_cases (const Case *cases, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_test_message ("case %u", i);
      g_assert_cmpint (heartbeat_window_contains (&cases[i].window, cases[i].local), ==,
                       cases[i].inside);
      g_assert_cmpint (heartbeat_window_next (cases[i].local, &cases[i].window), ==, cases[i].next);
    }
}

static void
test_day_window (void)
{
  static const Case cases[] = {
    { { 540, 1020, 0 }, AT (0, 8, 59) + 59, FALSE, AT (0, 9, 0) },
    { { 540, 1020, 0 }, AT (0, 9, 0), TRUE, AT (0, 9, 0) },
    { { 540, 1020, 0 }, AT (0, 17, 0), TRUE, AT (0, 17, 0) },
    { { 540, 1020, 0 }, AT (0, 17, 0) + 59, TRUE, AT (0, 17, 0) + 59 },
    { { 540, 1020, 0 }, AT (0, 17, 1), FALSE, AT (1, 9, 0) },
    { { 540, 1020, MON }, AT (0, 12, 0), TRUE, AT (0, 12, 0) },
    { { 540, 1020, MON }, AT (0, 17, 1), FALSE, AT (7, 9, 0) },
    { { 540, 1020, MON | FRI }, AT (0, 17, 1), FALSE, AT (4, 9, 0) },
    { { 540, 1020, FRI }, AT (5, 9, 0), FALSE, AT (11, 9, 0) },
    { { 540, 1020, 0x7f }, AT (6, 18, 0), FALSE, AT (7, 9, 0) },
  };

  check_cases (cases, G_N_ELEMENTS (cases));
}

static void
test_until_2359 (void)
{
  static const Case cases[] = {
    { { 0, 1439, 0 }, AT (0, 0, 0), TRUE, AT (0, 0, 0) },
    { { 0, 1439, 0 }, AT (0, 23, 59), TRUE, AT (0, 23, 59) },
    { { 0, 1439, 0 }, AT (0, 23, 59) + 59, TRUE, AT (0, 23, 59) + 59 },
    { { 600, 1439, 0 }, AT (0, 23, 59) + 59, TRUE, AT (0, 23, 59) + 59 },
    { { 600, 1439, 0 }, AT (1, 0, 0), FALSE, AT (1, 10, 0) },
    { { 0, 1439, SUN }, AT (6, 23, 59) + 59, TRUE, AT (6, 23, 59) + 59 },
    { { 0, 1439, SUN }, AT (7, 0, 0), FALSE, AT (13, 0, 0) },
  };

  check_cases (cases, G_N_ELEMENTS (cases));
}

static void
test_midnight_window (void)
{
  static const Case cases[] = {
    { { 1320, 360, 0 }, AT (0, 21, 59), FALSE, AT (0, 22, 0) },
    { { 1320, 360, 0 }, AT (0, 22, 0), TRUE, AT (0, 22, 0) },
    { { 1320, 360, 0 }, AT (0, 0, 0), TRUE, AT (0, 0, 0) },
    { { 1320, 360, 0 }, AT (0, 6, 0) + 59, TRUE, AT (0, 6, 0) + 59 },
    { { 1320, 360, 0 }, AT (0, 6, 1), FALSE, AT (0, 22, 0) },
    /* the day names when it began */
    { { 1320, 360, FRI }, AT (4, 3, 0), FALSE, AT (4, 22, 0) },
    { { 1320, 360, FRI }, AT (4, 23, 0), TRUE, AT (4, 23, 0) },
    { { 1320, 360, FRI }, AT (5, 6, 0), TRUE, AT (5, 6, 0) },
    { { 1320, 360, FRI }, AT (5, 6, 1), FALSE, AT (11, 22, 0) },
    { { 1320, 360, FRI }, AT (5, 22, 0), FALSE, AT (11, 22, 0) },
    { { 1320, 360, SUN }, AT (0, 3, 0), TRUE, AT (0, 3, 0) },
    { { 1320, 360, FRI | SAT }, AT (6, 6, 1), FALSE, AT (11, 22, 0) },
    { { 1439, 0, 0 }, AT (0, 23, 59), TRUE, AT (0, 23, 59) },
    { { 1439, 0, 0 }, AT (0, 0, 0) + 59, TRUE, AT (0, 0, 0) + 59 },
    { { 1439, 0, 0 }, AT (0, 0, 1), FALSE, AT (0, 23, 59) },
    { { 720, 719, 0 }, AT (0, 11, 59) + 59, TRUE, AT (0, 11, 59) + 59 },
  };

  check_cases (cases, G_N_ELEMENTS (cases));
}

static void
test_one_minute (void)
{
  static const Case cases[] = {
    { { 600, 600, 0 }, AT (0, 9, 59) + 59, FALSE, AT (0, 10, 0) },
    { { 600, 600, 0 }, AT (0, 10, 0), TRUE, AT (0, 10, 0) },
    { { 600, 600, 0 }, AT (0, 10, 0) + 59, TRUE, AT (0, 10, 0) + 59 },
    { { 600, 600, 0 }, AT (0, 10, 1), FALSE, AT (1, 10, 0) },
    { { 600, 600, SUN }, AT (0, 10, 0), FALSE, AT (6, 10, 0) },
    { { 0, 0, 0 }, AT (0, 0, 0) + 30, TRUE, AT (0, 0, 0) + 30 },
  };

  check_cases (cases, G_N_ELEMENTS (cases));
}

static void
test_before_1970 (void)
{
  static const HeartbeatWindow window = { 540, 1020, 0 };

  g_assert_true (heartbeat_window_contains (&window, -12 * 3600));
  g_assert_false (heartbeat_window_contains (&window, -1));
  g_assert_cmpint (heartbeat_window_next (-1, &window), ==, 9 * 3600);
}

static void
test_to_string (void)
{
  static const HeartbeatWindow plain = { 545, 1439, 0 };
  static const HeartbeatWindow days = { 0, 0, MON | SUN };
  g_autofree char *plain_text = heartbeat_window_to_string (&plain);
  g_autofree char *days_text = heartbeat_window_to_string (&days);

  g_assert_cmpstr (plain_text, ==, "09:05–23:59");
  g_assert_cmpstr (days_text, ==, "00:00–00:00 mon sun");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/window/times-have-one-form", test_times);
  g_test_add_func ("/window/day-names", test_day_names);
  g_test_add_func ("/window/both-ends-inclusive-to-the-minute", test_day_window);
  g_test_add_func ("/window/2359-lasts-until-midnight", test_until_2359);
  g_test_add_func ("/window/midnight-belongs-to-the-day-it-began-on", test_midnight_window);
  g_test_add_func ("/window/start-equal-to-end-is-one-minute", test_one_minute);
  g_test_add_func ("/window/before-1970", test_before_1970);
  g_test_add_func ("/window/to-string", test_to_string);

  return g_test_run ();
}
