/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-rate-limit.h"
#include "heartbeat-test.h"

#define S G_USEC_PER_SEC

typedef struct
{
  gint64 now;
  gboolean allowed;
  guint64 suppressed; /* where it is allowed */
} Event;

typedef struct
{
  const char *name;
  guint n;
  Event events[8];
} Case;

static const Case cases[] = {
  { "first-is-told", 1, { { 0, TRUE, 0 } } },
  { "first-is-told-at-any-time", 1, { { G_GINT64_CONSTANT (1) << 50, TRUE, 0 } } },
  { "second-at-once-is-not", 2, { { 5, TRUE, 0 }, { 5, FALSE, 0 } } },
  { "second-after-ten-seconds-is", 2, { { 5, TRUE, 0 }, { 5 + 10 * S, TRUE, 0 } } },
  { "second-just-before-is-not", 2, { { 5, TRUE, 0 }, { 4 + 10 * S, FALSE, 0 } } },
  { "silent-ones-are-counted",
    5,
    { { 0, TRUE, 0 }, { 1, FALSE, 0 }, { 2, FALSE, 0 }, { 3, FALSE, 0 }, { 10 * S, TRUE, 3 } } },
  { "count-begins-anew",
    5,
    { { 0, TRUE, 0 },
      { 1, FALSE, 0 },
      { 10 * S, TRUE, 1 },
      { 20 * S, TRUE, 0 },
      { 30 * S, TRUE, 0 } } },
  { "span-counts-from-the-one-that-was-told",
    6,
    { { 0, TRUE, 0 },
      { 9 * S, FALSE, 0 },
      { 11 * S, TRUE, 1 },
      { 20 * S, FALSE, 0 },
      { 21 * S - 1, FALSE, 0 },
      { 21 * S, TRUE, 2 } } },
  { "long-silence-saves-nothing-up",
    3,
    { { 0, TRUE, 0 }, { 1000 * S, TRUE, 0 }, { 1000 * S + 1, FALSE, 0 } } },
};

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  HeartbeatRateLimit limit = { 0 };

  for (guint i = 0; i < c->n; i++)
    {
      const Event *event = &c->events[i];
      guint64 suppressed;
      gboolean allowed = heartbeat_rate_limit_allow (&limit, event->now, &suppressed);

      g_assert_cmpint (allowed, ==, event->allowed);
      if (allowed)
        g_assert_cmpuint (suppressed, ==, event->suppressed);
    }
}

static void
test_flood (void)
{
  HeartbeatRateLimit limit = { 0 };
  guint64 total = 0;
  guint told = 0;

  for (gint64 now = 0; now <= 60 * S; now += 100)
    {
      guint64 suppressed;

      if (!heartbeat_rate_limit_allow (&limit, now, &suppressed))
        continue;
      told++;
      total += suppressed + 1;
    }
  g_assert_cmpuint (told, ==, 7);
  g_assert_cmpuint (total, ==, 600001);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  hbtest_add_cases ("/rate-limit", cases, test_case);
  g_test_add_func ("/rate-limit/flood", test_flood);

  return g_test_run ();
}
