/* SPDX-License-Identifier: MIT */

#include <glib.h>

#include "ctl/print/heartbeat-ctl-format.h"

#define MS     G_GINT64_CONSTANT (1000)
#define S      (1000 * MS)
#define MINUTE (60 * S)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define NOW    G_GINT64_CONSTANT (1771796220123456)

static const struct
{
  gint64 span;
  const char *expected;
} spans[] = {
  { 0, "0 s" },
  { 1, "0.00 s" },
  { 4 * MS, "0.00 s" },
  { 5 * MS + 1, "0.01 s" },
  { 120 * MS, "0.12 s" },
  { S - 1, "1.00 s" },
  { S, "1 s" },
  { 1500 * MS, "1.50 s" },
  { 2 * S - 1, "2.00 s" },
  { 2 * S, "2 s" },
  { 2 * S + 499 * MS, "2 s" },
  { 2 * S + 500 * MS, "3 s" },
  { 59 * S, "59 s" },
  { 59 * S + 500 * MS, "1 min" },
  { MINUTE, "1 min" },
  { 61 * S, "61 s" },
  { 90 * S, "90 s" },
  { 119 * S, "119 s" },
  { 2 * MINUTE, "2 min" },
  { 15 * MINUTE, "15 min" },
  { 59 * MINUTE, "59 min" },
  { HOUR - 1, "1 h" },
  { HOUR, "1 h" },
  { 61 * MINUTE, "61 min" },
  { 90 * MINUTE, "90 min" },
  { 2 * HOUR - S, "119 min" },
  { 2 * HOUR, "2 h" },
  { 6 * HOUR, "6 h" },
  { DAY - 1, "1 d" },
  { DAY, "1 d" },
  { 36 * HOUR, "36 h" },
  { 47 * HOUR, "47 h" },
  { 2 * DAY, "2 d" },
  { 365 * DAY, "365 d" },
  { 100000 * DAY, "100000 d" },
};

static const struct
{
  gint64 ago;
  const char *expected;
} pasts[] = {
  { 0, "just now" },
  { S - 1, "just now" },
  { S, "1 s ago" },
  { S + 999 * MS, "1 s ago" },
  { 3 * MINUTE + 999 * MS, "3 min ago" },
  { MINUTE - 1, "59 s ago" },
  { 2 * HOUR, "2 h ago" },
  { 3 * DAY, "3 d ago" },
  /* A clock that was put back. */
  { -1, "just now" },
  { -DAY, "just now" },
};

static const struct
{
  gint64 ahead;
  const char *expected;
} futures[] = {
  { 0, "now" },
  { S - 1, "now" },
  { S, "in 1 s" },
  { S + 999 * MS, "in 1 s" },
  { MINUTE, "in 1 min" },
  { 15 * MINUTE, "in 15 min" },
  { DAY, "in 1 d" },
  /* Overdue. */
  { -1, "now" },
  { -DAY, "now" },
};

static void
test_span (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (spans); i++)
    {
      g_autofree char *text = heartbeat_ctl_format_span (spans[i].span);

      g_assert_cmpstr (text, ==, spans[i].expected);
    }
}

static void
test_past (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (pasts); i++)
    {
      g_autofree char *text = heartbeat_ctl_format_past (NOW - pasts[i].ago, NOW);

      g_assert_cmpstr (text, ==, pasts[i].expected);
    }
}

static void
test_future (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    {
      g_autofree char *text = heartbeat_ctl_format_future (NOW + futures[i].ahead, NOW);

      g_assert_cmpstr (text, ==, futures[i].expected);
    }
}

static void
test_never (void)
{
  g_autofree char *past = heartbeat_ctl_format_past (0, NOW);
  g_autofree char *future = heartbeat_ctl_format_future (0, NOW);

  g_assert_cmpstr (past, ==, "never");
  g_assert_cmpstr (future, ==, "never");
}

/* As far as lastRun, 2^53 ms, and a cadence of the same size lead. */
static void
test_far_future (void)
{
  const gint64 most = G_GINT64_CONSTANT (9007199254740991) * 1000;
  g_autofree char *late = heartbeat_ctl_format_future (most, NOW);
  g_autofree char *latest = heartbeat_ctl_format_future (G_MAXINT64, NOW);
  g_autofree char *longest = heartbeat_ctl_format_span (G_MAXINT64 / S * S);

  g_assert_cmpstr (late, ==, "in 104229484 d");
  g_assert_cmpstr (latest, ==, "in 106731484 d");
  g_assert_cmpstr (longest, ==, "106751991 d");
}

/* --- Times and reasons ---------------------------------------------------------------------------------------------- */

/* NOW is Sunday 2026-02-22 21:37:00 UTC: Monday 03:07 in Kolkata, Sunday 16:37 in New York. */

static const struct
{
  gint64 ahead;
  const char *zone;
  const char *expected;
} times[] = {
  { 0, "UTC", "21:37" },
  { -21 * HOUR, "UTC", "00:37" },
  { 3 * HOUR, "UTC", "Mon 00:37" },
  { 3 * HOUR, "America/New_York", "19:37" },
  { 0, "Asia/Kolkata", "03:07" },
  { -4 * HOUR, "Asia/Kolkata", "2026-02-22 23:07" },
  { 6 * DAY, "UTC", "Sat 21:37" },
  { 7 * DAY, "UTC", "2026-03-01 21:37" },
  { -DAY, "UTC", "2026-02-21 21:37" },
  { 300 * DAY, "UTC", "2026-12-19 21:37" },
};

static void
test_time (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    {
      g_autoptr (GTimeZone) zone = g_time_zone_new_identifier (times[i].zone);
      g_autofree char *text = heartbeat_ctl_format_time (NOW + times[i].ahead, NOW, zone);

      g_assert_cmpstr (text, ==, times[i].expected);
    }
}

static void
test_time_without_a_date (void)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_utc ();

  g_assert_null (heartbeat_ctl_format_time (G_MAXINT64, NOW, zone));
  g_assert_null (
      heartbeat_ctl_format_time (G_GINT64_CONSTANT (9007199254740991) * 1000, NOW, zone));
}

/* The `until` of these is Monday 09:00 UTC. */
static const struct
{
  const char *reason;
  const char *expected;
} reasons[] = {
  { "{'code': <'due'>}", "due now" },
  { "{'code': <'not-yet'>, 'until': <int64 1771796400123456>}", "due in 3 min" },
  { "{'code': <'not-yet'>, 'until': <int64 1771796220123456>}", "due now" },
  { "{'code': <'not-yet'>}", "not due yet" },
  { "{'code': <'outside-window'>, 'until': <int64 1771837200000000>}",
    "outside its window until Mon 09:00" },
  { "{'code': <'outside-window'>}", "outside its window" },
  { "{'code': <'outside-window'>, 'window': <'09:00–17:00 Europe/London'>, "
    "'until': <int64 1771837200000000>}",
    "outside 09:00–17:00 Europe/London until Mon 09:00" },
  { "{'code': <'outside-quarter'>, 'until': <int64 1771837200000000>}",
    "outside its quarter until Mon 09:00" },
  { "{'code': <'outside-quarter'>}", "outside its quarter" },
  { "{'code': <'paused'>}", "paused" },
  { "{'code': <'paused'>, 'reason': <''>}", "paused" },
  { "{'code': <'paused'>, 'reason': <'the disk is changed'>}", "paused: the disk is changed" },
  { "{'code': <'paused'>, 'until': <int64 1771837200000000>}", "paused until Mon 09:00" },
  { "{'code': <'paused'>, 'until': <int64 1771837200000000>, 'reason': <'50% %s'>}",
    "paused until Mon 09:00: 50% %s" },
  { "{'code': <'paused'>, 'until': <int64 9007199254740991000>, 'reason': <'x'>}", "paused: x" },
  { "{'code': <'backing-off'>, 'failures': <uint32 1>, 'until': <int64 1771837200000000>}",
    "backing off after 1 failure until Mon 09:00" },
  { "{'code': <'backing-off'>, 'failures': <uint32 3>, 'until': <int64 1771837200000000>}",
    "backing off after 3 failures until Mon 09:00" },
  { "{'code': <'disabled'>}", "disabled" },
  { "{'code': <'running'>}", "running" },
  { "{'code': <'invalid'>, 'error': <'line 1, column 2: x'>}", "line 1, column 2: x" },
  /* Of a later service, or of none. */
  { "{'code': <'asleep'>}", "asleep" },
  { "@a{sv} {}", "" },
};

static void
test_reason (void)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_utc ();

  for (guint i = 0; i < G_N_ELEMENTS (reasons); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) reason
          = g_variant_parse (G_VARIANT_TYPE_VARDICT, reasons[i].reason, NULL, NULL, &error);
      g_autofree char *text = NULL;

      g_assert_no_error (error);
      text = heartbeat_ctl_format_reason (reason, NOW, zone);
      g_assert_cmpstr (text, ==, reasons[i].expected);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/format/span", test_span);
  g_test_add_func ("/format/past", test_past);
  g_test_add_func ("/format/future", test_future);
  g_test_add_func ("/format/never", test_never);
  g_test_add_func ("/format/far-future", test_far_future);

  g_test_add_func ("/format/time", test_time);
  g_test_add_func ("/format/time-without-a-date", test_time_without_a_date);
  g_test_add_func ("/format/reason", test_reason);

  return g_test_run ();
}
