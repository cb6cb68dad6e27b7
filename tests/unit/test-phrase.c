/* SPDX-License-Identifier: MIT */

#include <glib.h>

#include "ctl/heartbeat-ctl-phrase.h"

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
      g_autofree char *phrase = heartbeat_ctl_phrase_span (spans[i].span);

      g_assert_cmpstr (phrase, ==, spans[i].expected);
    }
}

static void
test_past (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (pasts); i++)
    {
      g_autofree char *phrase = heartbeat_ctl_phrase_past (NOW - pasts[i].ago, NOW);

      g_assert_cmpstr (phrase, ==, pasts[i].expected);
    }
}

static void
test_future (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (futures); i++)
    {
      g_autofree char *phrase = heartbeat_ctl_phrase_future (NOW + futures[i].ahead, NOW);

      g_assert_cmpstr (phrase, ==, futures[i].expected);
    }
}

static void
test_never (void)
{
  g_autofree char *past = heartbeat_ctl_phrase_past (0, NOW);
  g_autofree char *future = heartbeat_ctl_phrase_future (0, NOW);

  g_assert_cmpstr (past, ==, "never");
  g_assert_cmpstr (future, ==, "never");
}

/* As far as lastRun, 2^53 ms, and a cadence of the same size lead. */
static void
test_far_future (void)
{
  const gint64 most = G_GINT64_CONSTANT (9007199254740991) * 1000;
  g_autofree char *late = heartbeat_ctl_phrase_future (most, NOW);
  g_autofree char *latest = heartbeat_ctl_phrase_future (G_MAXINT64, NOW);
  g_autofree char *longest = heartbeat_ctl_phrase_span (G_MAXINT64 / S * S);

  g_assert_cmpstr (late, ==, "in 104229484 d");
  g_assert_cmpstr (latest, ==, "in 106731484 d");
  g_assert_cmpstr (longest, ==, "106751991 d");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/phrase/span", test_span);
  g_test_add_func ("/phrase/past", test_past);
  g_test_add_func ("/phrase/future", test_future);
  g_test_add_func ("/phrase/never", test_never);
  g_test_add_func ("/phrase/far-future", test_far_future);

  return g_test_run ();
}
