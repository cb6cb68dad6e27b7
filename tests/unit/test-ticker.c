/* SPDX-License-Identifier: MIT */

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "consumer/heartbeat-ticker.h"

#define MS 1000

/* The clock stands still until a test moves it on: this function stands before libc's. By @asleep, the time that the machine
 * has been suspended, CLOCK_BOOTTIME is ahead. Both are in µs. */
static gint64 now = 1000 * G_USEC_PER_SEC;
static gint64 asleep;

int
clock_gettime (clockid_t id, struct timespec *time)
{
  gint64 shown = id == CLOCK_BOOTTIME ? now + asleep : now;

  if (id != CLOCK_MONOTONIC && id != CLOCK_BOOTTIME)
    return (int) syscall (SYS_clock_gettime, id, time);
  *time = (struct timespec){ shown / G_USEC_PER_SEC, shown % G_USEC_PER_SEC * 1000 };
  return 0;
}

typedef struct
{
  HeartbeatTicker *ticker;
  guint ticks;
  gint64 times[8];
  gint64 restart; /* µs from the first tick on, or 0 */
  gint64 hang;    /* µs that each tick takes */
  gboolean end;   /* at the first tick */
} Fixture;

static void
on_tick (gpointer user_data)
{
  Fixture *fixture = user_data;

  g_assert_cmpuint (fixture->ticks, <, G_N_ELEMENTS (fixture->times));
  fixture->times[fixture->ticks++] = now;
  if (fixture->restart != 0 && fixture->ticks == 1)
    heartbeat_ticker_start (fixture->ticker, fixture->restart);
  if (fixture->end)
    g_clear_pointer (&fixture->ticker, heartbeat_ticker_free);
  now += fixture->hang;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->ticker = heartbeat_ticker_new (1, on_tick, fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_pointer (&fixture->ticker, heartbeat_ticker_free);
}

/* Lets time pass, with the loop running each ms. */
static void
pass (guint ms)
{
  for (guint i = 0; i < ms; i++)
    {
      now += MS;
      g_main_context_iteration (NULL, FALSE);
    }
}

static void
pass_until_ticks (Fixture *fixture, guint ticks)
{
  const gint64 deadline = now + 30 * G_USEC_PER_SEC;

  while (fixture->ticks < ticks)
    {
      g_assert_cmpint (now, <, deadline);
      pass (1);
    }
}

static void
test_stands_still_before_the_start (Fixture *fixture, gconstpointer data)
{
  pass (1200);
  g_assert_cmpuint (fixture->ticks, ==, 0);
}

static void
test_first_tick_comes_after_the_delay (Fixture *fixture, gconstpointer data)
{
  gint64 begin = now;

  heartbeat_ticker_start (fixture->ticker, 300 * MS);
  pass_until_ticks (fixture, 1);
  g_assert_cmpint (fixture->times[0] - begin, ==, 300 * MS);
}

static void
test_without_delay_the_first_comes_at_once (Fixture *fixture, gconstpointer data)
{
  heartbeat_ticker_start (fixture->ticker, 0);
  g_assert_cmpuint (fixture->ticks, ==, 0);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (fixture->ticks, ==, 1);
}

static void
test_ticks_at_the_interval (Fixture *fixture, gconstpointer data)
{
  heartbeat_ticker_start (fixture->ticker, 0);
  pass_until_ticks (fixture, 3);
  g_assert_cmpint (fixture->times[1] - fixture->times[0], ==, 1000 * MS);
  g_assert_cmpint (fixture->times[2] - fixture->times[0], ==, 2000 * MS);
}

/* A machine that slept for three intervals gets one tick, and the next an interval later. */
static void
test_does_not_make_up_for_what_it_missed (Fixture *fixture, gconstpointer data)
{
  heartbeat_ticker_start (fixture->ticker, 0);
  pass_until_ticks (fixture, 1);
  now += 3200 * MS;
  pass (500);
  g_assert_cmpuint (fixture->ticks, ==, 2);
  pass_until_ticks (fixture, 3);
  g_assert_cmpint (fixture->times[2] - fixture->times[1], ==, 1000 * MS);
}

static void
test_a_tick_that_was_slept_through_comes_once (Fixture *fixture, gconstpointer data)
{
  heartbeat_ticker_start (fixture->ticker, 100 * G_USEC_PER_SEC);
  asleep += 8 * G_TIME_SPAN_HOUR;
  heartbeat_ticker_resume (fixture->ticker);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (fixture->ticks, ==, 1);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (fixture->ticks, ==, 1);
  pass_until_ticks (fixture, 2);
  g_assert_cmpint (fixture->times[1] - fixture->times[0], ==, 1000 * MS);
}

static void
test_a_short_sleep_brings_the_tick_nearer (Fixture *fixture, gconstpointer data)
{
  gint64 begin = now;

  heartbeat_ticker_start (fixture->ticker, 101 * G_USEC_PER_SEC);
  asleep += 100 * G_TIME_SPAN_SECOND;
  heartbeat_ticker_resume (fixture->ticker);
  pass_until_ticks (fixture, 1);
  g_assert_cmpint (fixture->times[0] - begin, ==, 1000 * MS);
}

static void
test_slow_ticks_do_not_pile_up (Fixture *fixture, gconstpointer data)
{
  fixture->hang = 1500 * MS;
  heartbeat_ticker_start (fixture->ticker, 0);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (fixture->ticks, ==, 1);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (fixture->ticks, ==, 2);
  fixture->hang = 0;
  pass_until_ticks (fixture, 3);
  pass (300);
  g_assert_cmpuint (fixture->ticks, ==, 3);
}

static void
test_start_puts_the_next_tick_off (Fixture *fixture, gconstpointer data)
{
  gint64 begin;

  heartbeat_ticker_start (fixture->ticker, 100 * MS);
  begin = now;
  heartbeat_ticker_start (fixture->ticker, 700 * MS);
  pass_until_ticks (fixture, 1);
  g_assert_cmpint (fixture->times[0] - begin, ==, 700 * MS);
}

static void
test_a_tick_may_start_it_anew (Fixture *fixture, gconstpointer data)
{
  fixture->restart = 2 * G_USEC_PER_SEC;
  heartbeat_ticker_start (fixture->ticker, 0);
  pass_until_ticks (fixture, 2);
  g_assert_cmpint (fixture->times[1] - fixture->times[0], ==, 2 * G_USEC_PER_SEC);
}

static void
test_a_tick_may_end_it (Fixture *fixture, gconstpointer data)
{
  fixture->end = TRUE;
  heartbeat_ticker_start (fixture->ticker, 0);
  pass (1200);
  g_assert_cmpuint (fixture->ticks, ==, 1);
  g_assert_null (fixture->ticker);
}

static void
test_belongs_to_the_context_of_its_thread (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Fixture fixture = { 0 };

  g_main_context_push_thread_default (context);
  fixture.ticker = heartbeat_ticker_new (1, on_tick, &fixture);
  heartbeat_ticker_start (fixture.ticker, 0);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (fixture.ticks, ==, 0);
  g_main_context_iteration (context, FALSE);
  g_assert_cmpuint (fixture.ticks, ==, 1);
  heartbeat_ticker_free (fixture.ticker);
  g_main_context_pop_thread_default (context);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/ticker/stands-still-before-the-start", test_stands_still_before_the_start);
  ADD ("/ticker/first-tick-comes-after-the-delay", test_first_tick_comes_after_the_delay);
  ADD ("/ticker/without-delay-the-first-comes-at-once", test_without_delay_the_first_comes_at_once);
  ADD ("/ticker/ticks-at-the-interval", test_ticks_at_the_interval);
  ADD ("/ticker/does-not-make-up-for-what-it-missed", test_does_not_make_up_for_what_it_missed);
  ADD ("/ticker/a-tick-that-was-slept-through-comes-once",
       test_a_tick_that_was_slept_through_comes_once);
  ADD ("/ticker/a-short-sleep-brings-the-tick-nearer", test_a_short_sleep_brings_the_tick_nearer);
  ADD ("/ticker/slow-ticks-do-not-pile-up", test_slow_ticks_do_not_pile_up);
  ADD ("/ticker/start-puts-the-next-tick-off", test_start_puts_the_next_tick_off);
  ADD ("/ticker/a-tick-may-start-it-anew", test_a_tick_may_start_it_anew);
  ADD ("/ticker/a-tick-may-end-it", test_a_tick_may_end_it);
  g_test_add_func ("/ticker/belongs-to-the-context-of-its-thread",
                   test_belongs_to_the_context_of_its_thread);

  return g_test_run ();
}
