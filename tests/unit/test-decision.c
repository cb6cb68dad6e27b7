/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "config/heartbeat-config.h"
#include "agent/heartbeat-decision.h"

#define NOW                                                                                        \
  G_GINT64_CONSTANT (                                                                              \
      1771796220000) /* 2026-02-22 21:37 UTC, a Sunday; 16:37 in New York, Q3 of the day */
#define MINUTE G_GINT64_CONSTANT (60000)
#define HOUR   G_GINT64_CONSTANT (3600000)
#define DAY    G_GINT64_CONSTANT (86400000)

static HeartbeatCheckSpec *
spec_named (const char *name, const char *members, const char *paused)
{
  g_autofree char *text = g_strdup_printf (
      "{\"$schema\":\"heartbeat.v1\",\"agent\":\"a\",\"checks\":{\"%s\":{\"handler\":"
      "\"h\",\"cadenceMs\":60000%s}},\"paused\":{%s}}",
      name, members, paused);
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatConfig) config = heartbeat_config_parse (bytes, &error);

  g_assert_no_error (error);
  return heartbeat_check_spec_ref (g_ptr_array_index (config->checks, 0));
}

static HeartbeatCheckSpec *
spec_new (const char *members)
{
  return spec_named ("a", members, "");
}

typedef struct
{
  const char *members;
  const char *paused;
  HeartbeatCheckState state;
  guint quarter;
  HeartbeatReasonCode code;
  gint64 until;
} Case;

static void
check_cases (const Case *cases, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (HeartbeatCheckSpec) spec
          = spec_named ("a", cases[i].members, cases[i].paused != NULL ? cases[i].paused : "");
      HeartbeatVerdict verdict
          = heartbeat_decision_judge (spec, &cases[i].state, cases[i].quarter, NOW);
      gint64 next = heartbeat_decision_next_due (spec, &cases[i].state, cases[i].quarter, NOW);

      g_test_message ("case %u: %s", i, heartbeat_reason_to_string (verdict.code));
      g_assert_cmpstr (heartbeat_reason_to_string (verdict.code), ==,
                       heartbeat_reason_to_string (cases[i].code));
      g_assert_cmpint (verdict.until, ==, cases[i].until);
      g_assert_cmpint (next, >=, verdict.until);
      if (verdict.code == HEARTBEAT_REASON_DUE)
        g_assert_cmpint (next, ==, NOW);
    }
}

static void
test_ratio_is_strictly_above_one (void)
{
  static const Case cases[] = {
    { "", NULL, { .last_run = NOW - MINUTE }, 0, HEARTBEAT_REASON_NOT_YET, NOW + 1 },
    { "", NULL, { .last_run = NOW - MINUTE - 1 }, 0, HEARTBEAT_REASON_DUE, NOW },
    { "", NULL, { .last_run = NOW - MINUTE + 1 }, 0, HEARTBEAT_REASON_NOT_YET, NOW + 2 },
    { "", NULL, { .last_run = 0 }, 0, HEARTBEAT_REASON_DUE, NOW },
    { "", NULL, { .last_run = NOW }, 0, HEARTBEAT_REASON_NOT_YET, NOW + MINUTE + 1 },
    { ",\"cadenceMs\":9007199254740991",
      NULL,
      { .last_run = 0 },
      0,
      HEARTBEAT_REASON_NOT_YET,
      9007199254740992 },
  };

  check_cases (cases, G_N_ELEMENTS (cases));
}

static void
test_future_last_run (void)
{
  static const Case cases[] = {
    { "", NULL, { .last_run = NOW + 1 }, 0, HEARTBEAT_REASON_NOT_YET, NOW + MINUTE + 2 },
    { "", NULL, { .last_run = NOW + MINUTE }, 0, HEARTBEAT_REASON_NOT_YET, NOW + 2 * MINUTE + 1 },
    { "", NULL, { .last_run = NOW + MINUTE + 1 }, 0, HEARTBEAT_REASON_DUE, NOW },
    { "", NULL, { .last_run = 9007199254740991 }, 0, HEARTBEAT_REASON_DUE, NOW },
  };

  check_cases (cases, G_N_ELEMENTS (cases));
}

static void
test_effective_last_run (void)
{
  g_autoptr (HeartbeatCheckSpec) spec = spec_new ("");
  static const gint64 cases[][2] = {
    { 0, 0 }, { NOW, NOW }, { NOW + 1, NOW }, { NOW + MINUTE, NOW }, { NOW + MINUTE + 1, 0 }
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      HeartbeatCheckState state = { .last_run = cases[i][0] };

      g_assert_cmpint (heartbeat_decision_effective_last_run (spec, &state, NOW), ==, cases[i][1]);
      g_assert_cmpfloat (heartbeat_decision_overdue_ratio (spec, &state, NOW), ==,
                         (double) (NOW - cases[i][1]) / MINUTE);
    }
}

static void
test_backing_off (void)
{
  static const Case cases[] = {
    { "",
      NULL,
      { .failures = 1, .retry_at = NOW + 30000 },
      0,
      HEARTBEAT_REASON_BACKING_OFF,
      NOW + 30000 },
    { "", NULL, { .failures = 1, .retry_at = NOW + 1 }, 0, HEARTBEAT_REASON_BACKING_OFF, NOW + 1 },
    { "", NULL, { .failures = 1, .retry_at = NOW }, 0, HEARTBEAT_REASON_DUE, NOW },
    { "",
      NULL,
      { .failures = 9, .retry_at = NOW + MINUTE },
      0,
      HEARTBEAT_REASON_BACKING_OFF,
      NOW + MINUTE },
    /* longer than any wait lasts: the clock was set back */
    { "", NULL, { .failures = 1, .retry_at = NOW + 30001 }, 0, HEARTBEAT_REASON_DUE, NOW },
    { "", NULL, { .failures = 9, .retry_at = NOW + DAY }, 0, HEARTBEAT_REASON_DUE, NOW },
  };

  check_cases (cases, G_N_ELEMENTS (cases));
}

static void
test_retry_delay (void)
{
  static const gint64 delays[] = { 30000, 60000, 120000, 240000, 480000, 960000 };

  for (guint i = 0; i < G_N_ELEMENTS (delays); i++)
    {
      g_assert_cmpint (heartbeat_decision_retry_delay (DAY, i + 1), ==, delays[i]);
      g_assert_cmpint (heartbeat_decision_retry_delay (100000, i + 1), ==, MIN (delays[i], 100000));
    }
  g_assert_cmpint (heartbeat_decision_retry_delay (1000, 1), ==, 1000);
  for (guint n = 13; n < 200; n++)
    g_assert_cmpint (heartbeat_decision_retry_delay (DAY, n), ==, DAY);
  g_assert_cmpint (heartbeat_decision_retry_delay (DAY, G_MAXUINT), ==, DAY);
}

static void
test_disabled_running_invalid (void)
{
  static const Case cases[] = {
    { ",\"enabled\":false", NULL, { 0 }, 0, HEARTBEAT_REASON_DISABLED, HEARTBEAT_NEVER },
    { "", NULL, { .running = TRUE }, 0, HEARTBEAT_REASON_RUNNING, HEARTBEAT_NEVER },
    { ",\"priority\":0", NULL, { 0 }, 0, HEARTBEAT_REASON_INVALID, HEARTBEAT_NEVER },
    { ",\"enabled\":\"false\"", NULL, { 0 }, 0, HEARTBEAT_REASON_INVALID, HEARTBEAT_NEVER },
    { "", "\"a\":5", { 0 }, 0, HEARTBEAT_REASON_INVALID, HEARTBEAT_NEVER },
  };

  check_cases (cases, G_N_ELEMENTS (cases));
}

static void
test_paused (void)
{
  static const Case cases[] = {
    { "", "\"a\":true", { 0 }, 0, HEARTBEAT_REASON_PAUSED, HEARTBEAT_NEVER },
    { "", "\"*\":{\"reason\":\"x\"}", { 0 }, 0, HEARTBEAT_REASON_PAUSED, HEARTBEAT_NEVER },
    { "", "\"a\":{\"until\":1771796220001}", { 0 }, 0, HEARTBEAT_REASON_PAUSED, NOW + 1 },
    { "", "\"*\":{\"until\":1771796220001}", { 0 }, 0, HEARTBEAT_REASON_PAUSED, NOW + 1 },
    { "", "\"a\":{\"until\":1771796220000}", { 0 }, 0, HEARTBEAT_REASON_DUE, NOW },
    { "", "\"b\":true", { 0 }, 0, HEARTBEAT_REASON_DUE, NOW },
  };

  check_cases (cases, G_N_ELEMENTS (cases));
}

#define WINDOW(start, end, more) ",\"window\":{\"start\":\"" start "\",\"end\":\"" end "\"" more "}"

static void
test_window (void)
{
  static const Case cases[] = {
    { WINDOW ("16:00", "17:00", ""), NULL, { 0 }, 0, HEARTBEAT_REASON_DUE, NOW },
    { WINDOW ("16:37", "16:37", ""), NULL, { 0 }, 0, HEARTBEAT_REASON_DUE, NOW },
    { WINDOW ("16:38", "16:36", ""),
      NULL,
      { 0 },
      0,
      HEARTBEAT_REASON_OUTSIDE_WINDOW,
      NOW + MINUTE },
    { WINDOW ("09:00", "16:36", ""),
      NULL,
      { 0 },
      0,
      HEARTBEAT_REASON_OUTSIDE_WINDOW,
      NOW + 16 * HOUR + 23 * MINUTE },
    { WINDOW ("21:37", "21:37", ",\"tz\":\"UTC\""), NULL, { 0 }, 0, HEARTBEAT_REASON_DUE, NOW },
    { WINDOW ("03:07", "03:07", ",\"tz\":\"Asia/Kolkata\",\"days\":[\"mon\"]"),
      NULL,
      { 0 },
      0,
      HEARTBEAT_REASON_DUE,
      NOW },
    { WINDOW ("00:00", "23:59", ",\"days\":[\"mon\"]"),
      NULL,
      { 0 },
      0,
      HEARTBEAT_REASON_OUTSIDE_WINDOW,
      NOW + 7 * HOUR + 23 * MINUTE },
  };

  check_cases (cases, G_N_ELEMENTS (cases));
}

#define QUARTERS(list) ",\"triggerOnQuarters\":[" list "]"

static void
test_quarter (void)
{
  static const Case cases[] = {
    /* what the tick says, if it says something */
    { QUARTERS ("\"Q1\""), NULL, { 0 }, 1, HEARTBEAT_REASON_DUE, NOW },
    { QUARTERS ("\"Q3\""), NULL, { 0 }, 1, HEARTBEAT_REASON_OUTSIDE_QUARTER, HEARTBEAT_NEVER },
    { QUARTERS (""), NULL, { 0 }, 1, HEARTBEAT_REASON_DUE, NOW },
    /* else that of the day */
    { QUARTERS ("\"Q3\""), NULL, { 0 }, 0, HEARTBEAT_REASON_DUE, NOW },
    { QUARTERS ("\"Q1\""),
      NULL,
      { 0 },
      0,
      HEARTBEAT_REASON_OUTSIDE_QUARTER,
      NOW + 7 * HOUR + 23 * MINUTE },
    { QUARTERS ("\"Q4\"") ",\"quarterOf\":\"day\"",
      NULL,
      { 0 },
      4,
      HEARTBEAT_REASON_OUTSIDE_QUARTER,
      NOW + HOUR + 23 * MINUTE },
    { QUARTERS ("\"Q1\"") ",\"quarterOf\":\"year\"", NULL, { 0 }, 3, HEARTBEAT_REASON_DUE, NOW },
    { QUARTERS ("\"Q2\"") ",\"quarterOf\":\"year\"",
      NULL,
      { 0 },
      2,
      HEARTBEAT_REASON_OUTSIDE_QUARTER,
      1775016000000 },
    /* by the clock of the window's zone */
    { QUARTERS ("\"Q4\"") WINDOW ("00:00", "24:00", ",\"tz\":\"UTC\""),
      NULL,
      { 0 },
      0,
      HEARTBEAT_REASON_DUE,
      NOW },
  };

  check_cases (cases, G_N_ELEMENTS (cases));
}

static void
test_choice (void)
{
  static const struct
  {
    const char *a, *b; /* members */
    const char *a_name, *b_name;
    HeartbeatCheckState a_state, b_state;
    int first; /* -1: a */
  } cases[] = {
    { "", "", "a", "b", { .last_run = NOW - 3 * MINUTE }, { .last_run = NOW - 2 * MINUTE }, -1 },
    { "",
      ",\"cadenceMs\":30000",
      "a",
      "b",
      { .last_run = NOW - 3 * MINUTE },
      { .last_run = NOW - 2 * MINUTE },
      1 },
    { "",
      ",\"cadenceMs\":120000",
      "a",
      "b",
      { .last_run = NOW - 2 * MINUTE },
      { .last_run = NOW - 4 * MINUTE },
      -1 },
    { ",\"priority\":2",
      "",
      "a",
      "b",
      { .last_run = NOW - 2 * MINUTE },
      { .last_run = NOW - 2 * MINUTE },
      1 },
    { ",\"priority\":2",
      ",\"cadenceMs\":120000",
      "a",
      "b",
      { .last_run = NOW - 2 * MINUTE },
      { .last_run = NOW - 4 * MINUTE },
      1 },
    { "", "", "B", "a", { 0 }, { 0 }, -1 },
    { "", "", "b", "a", { 0 }, { 0 }, 1 },
    /* the last try counts where it is later */
    { "",
      "",
      "a",
      "b",
      { .last_run = 0, .last_failed_start = NOW - MINUTE },
      { .last_run = NOW - 2 * MINUTE },
      1 },
    { "",
      "",
      "a",
      "b",
      { .last_run = NOW - MINUTE, .last_failed_start = NOW - 5 * MINUTE },
      { .last_run = NOW - 2 * MINUTE },
      1 },
    /* a difference that a double does not hold */
    { ",\"cadenceMs\":9007199254740991",
      ",\"cadenceMs\":9007199254740990",
      "a",
      "b",
      { 0 },
      { 0 },
      1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (HeartbeatCheckSpec) a = spec_named (cases[i].a_name, cases[i].a, "");
      g_autoptr (HeartbeatCheckSpec) b = spec_named (cases[i].b_name, cases[i].b, "");
      int order = heartbeat_decision_compare (a, &cases[i].a_state, b, &cases[i].b_state, NOW);
      int reverse = heartbeat_decision_compare (b, &cases[i].b_state, a, &cases[i].a_state, NOW);

      g_test_message ("case %u", i);
      g_assert_cmpint (order < 0 ? -1 : 1, ==, cases[i].first);
      g_assert_cmpint (reverse < 0 ? -1 : 1, ==, -cases[i].first);
    }
}

/* --- Against a search minute by minute ------------------------------------------------------------------------------ */

static char *
random_members (GRand *rand)
{
  static const char *const windows[] = {
    "",
    "",
    WINDOW ("09:00", "17:00", ""),
    WINDOW ("22:00", "06:00", ",\"days\":[\"fri\",\"sat\"]"),
    WINDOW ("02:30", "02:30", ""),
    WINDOW ("01:30", "01:40", ",\"days\":[\"sun\"]"),
    WINDOW ("06:00", "24:00", ",\"tz\":\"Asia/Kolkata\""),
    WINDOW ("01:00", "02:15", ",\"tz\":\"Australia/Lord_Howe\""),
  };
  static const char *const quarters[] = {
    "",
    "",
    QUARTERS ("\"Q1\""),
    QUARTERS ("\"Q2\",\"Q4\"") ",\"quarterOf\":\"day\"",
    QUARTERS ("\"Q2\"") ",\"quarterOf\":\"year\"",
    QUARTERS ("\"Q3\""),
  };
  static const gint64 cadences[] = { 1000, MINUTE, 15 * MINUTE, HOUR, DAY };

  return g_strdup_printf (",\"cadenceMs\":%" G_GINT64_FORMAT "%s%s",
                          cadences[g_rand_int_range (rand, 0, G_N_ELEMENTS (cadences))],
                          windows[g_rand_int_range (rand, 0, G_N_ELEMENTS (windows))],
                          quarters[g_rand_int_range (rand, 0, G_N_ELEMENTS (quarters))]);
}

static HeartbeatCheckState
random_state (GRand *rand, gint64 cadence, gint64 now)
{
  HeartbeatCheckState state = { 0 };

  if (g_rand_int_range (rand, 0, 4) > 0)
    state.last_run = now - (gint64) g_rand_double_range (rand, -1.5 * cadence, 2.5 * cadence);
  if (g_rand_int_range (rand, 0, 3) == 0)
    {
      state.failures = g_rand_int_range (rand, 1, 8);
      state.last_failed_start = now - g_rand_int_range (rand, 0, 100000);
      state.retry_at
          = state.last_failed_start + heartbeat_decision_retry_delay (cadence, state.failures);
    }
  return state;
}

static char *
random_pause (GRand *rand, gint64 now)
{
  int kind = g_rand_int_range (rand, 0, 6);

  if (kind > 1)
    return g_strdup ("");
  return g_strdup_printf ("\"%s\":{\"until\":%" G_GINT64_FORMAT "}", kind == 0 ? "a" : "*",
                          now + g_rand_int_range (rand, -100000, 20000000));
}

static void
assert_due_since (const HeartbeatCheckSpec *spec,
                  const HeartbeatCheckState *state,
                  guint quarter,
                  gint64 now,
                  gint64 next)
{
  g_assert_cmpint (heartbeat_decision_judge (spec, state, quarter, next).code, ==,
                   HEARTBEAT_REASON_DUE);
  if (next > now)
    g_assert_cmpint (heartbeat_decision_judge (spec, state, quarter, next - 1).code, !=,
                     HEARTBEAT_REASON_DUE);
}

static void
test_next_due_is_exact (void)
{
  /* Around the changes of the clock in New York and Lord Howe, and some day. */
  static const gint64 starts[]
      = { 1772900000000, 1793400000000, 1775260000000, 1790990000000, NOW };
  g_autoptr (GRand) rand = g_rand_new_with_seed (4);
  guint found = 0;

  for (guint i = 0; i < 400; i++)
    {
      gint64 now = starts[i % G_N_ELEMENTS (starts)] + g_rand_int_range (rand, 0, DAY);
      g_autofree char *members = random_members (rand);
      g_autofree char *pause = random_pause (rand, now);
      g_autoptr (HeartbeatCheckSpec) spec = spec_named ("a", members, pause);
      HeartbeatCheckState state = random_state (rand, spec->cadence, now);
      guint quarter = g_rand_int_range (rand, 0, 3) == 0 ? g_rand_int_range (rand, 1, 5) : 0;
      gint64 next = heartbeat_decision_next_due (spec, &state, quarter, now);
      gint64 first = HEARTBEAT_NEVER;

      g_assert_cmpstr (spec->error, ==, NULL);
      g_assert_cmpint (next, >=, now);
      for (gint64 time = now; time < now + 9 * DAY && first == HEARTBEAT_NEVER;
           time = time / MINUTE * MINUTE + MINUTE)
        if (heartbeat_decision_judge (spec, &state, quarter, time).code == HEARTBEAT_REASON_DUE)
          first = time;
      if (next > first)
        g_error ("%s, %s: due at %" G_GINT64_FORMAT ", not before %" G_GINT64_FORMAT " it is said",
                 members, pause, first, next);
      if (next != HEARTBEAT_NEVER)
        assert_due_since (spec, &state, quarter, now, next);
      found += first != HEARTBEAT_NEVER;
    }
  g_assert_cmpuint (found, >, 150);
}

static void
test_far_future_ends (void)
{
  g_autoptr (HeartbeatCheckSpec) spec = spec_new (",\"cadenceMs\":9007199254740991" QUARTERS (
      "\"Q1\"") ",\"quarterOf\":\"year\"" WINDOW ("13:00", "14:00", ""));
  const HeartbeatCheckState state = { .last_run = 9007199254740991 };

  for (gint64 now = NOW; now < G_GINT64_CONSTANT (18014398509481984); now *= 2)
    g_assert_cmpint (heartbeat_decision_next_due (spec, &state, 0, now), >=, now);
}

#define DAY_QUARTERS(list)  QUARTERS (list) ",\"quarterOf\":\"day\""
#define YEAR_QUARTERS(list) QUARTERS (list) ",\"quarterOf\":\"year\""
#define FRIDAYS             ",\"days\":[\"fri\"]"

static void
test_window_and_quarter_meet (void)
{
  static const struct
  {
    const char *members;
    gint64 next; /* 0: never */
  } cases[] = {
    { DAY_QUARTERS ("\"Q4\"") WINDOW ("06:00", "09:00", ""), 0 },
    { DAY_QUARTERS ("\"Q1\",\"Q3\",\"Q4\"") WINDOW ("06:00", "11:59", ""), 0 },
    { DAY_QUARTERS ("\"Q2\",\"Q3\"") WINDOW ("18:00", "05:59", FRIDAYS), 0 },
    { QUARTERS ("\"Q4\"") WINDOW ("06:00", "09:00", FRIDAYS), 0 },
    /* one minute of it */
    { DAY_QUARTERS ("\"Q2\",\"Q3\"") WINDOW ("18:00", "06:00", ""), NOW + 13 * HOUR + 23 * MINUTE },
    { DAY_QUARTERS ("\"Q2\"") WINDOW ("00:00", "06:00", ""), NOW + 13 * HOUR + 23 * MINUTE },
    /* The quarter is on Saturday morning, in the window that began on Friday. */
    { DAY_QUARTERS ("\"Q1\"") WINDOW ("22:00", "03:00", FRIDAYS),
      NOW + 5 * DAY + 7 * HOUR + 23 * MINUTE },
    { DAY_QUARTERS ("\"Q3\"") WINDOW ("22:00", "12:00", FRIDAYS),
      NOW + 5 * DAY + 19 * HOUR + 23 * MINUTE },
    /* Wednesday, 1 April, and the Friday after it */
    { YEAR_QUARTERS ("\"Q2\"") WINDOW ("00:00", "01:00", ""), 1775016000000 },
    { YEAR_QUARTERS ("\"Q2\"") WINDOW ("09:00", "10:00", FRIDAYS),
      1775016000000 + 2 * DAY + 9 * HOUR },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (HeartbeatCheckSpec) spec = spec_new (cases[i].members);
      const HeartbeatCheckState state = { 0 };

      g_test_message ("case %u", i);
      g_assert_cmpint (heartbeat_decision_next_due (spec, &state, 0, NOW), ==,
                       cases[i].next != 0 ? cases[i].next : HEARTBEAT_NEVER);
    }
}

/* What is too far ahead to count now counts once it has come near. */
static void
test_far_ahead_comes_near (void)
{
  static const struct
  {
    const char *members;
    HeartbeatCheckState state;
    gint64 next;
  } cases[] = {
    /* The window begins when lastRun is still ahead, by less than the cadence. */
    { ",\"cadenceMs\":3600000" WINDOW ("18:00", "24:00", ""),
      { .last_run = NOW + 2 * HOUR },
      NOW + 3 * HOUR + 1 },
    { ",\"cadenceMs\":1000" WINDOW ("18:00", "24:00", ""),
      { .last_run = NOW + 2 * HOUR },
      NOW + HOUR + 23 * MINUTE },
    { WINDOW ("16:39", "24:00", ""),
      { .failures = 9, .retry_at = NOW + 2 * MINUTE + 30000 },
      NOW + 2 * MINUTE + 30000 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (HeartbeatCheckSpec) spec = spec_new (cases[i].members);

      g_test_message ("case %u", i);
      g_assert_cmpint (heartbeat_decision_next_due (spec, &cases[i].state, 0, NOW), ==,
                       cases[i].next);
      assert_due_since (spec, &cases[i].state, 0, NOW, cases[i].next);
    }
}

/* --- A day of ticks -------------------------------------------------------------------------------------------------- */

typedef struct
{
  HeartbeatCheckSpec *spec;
  HeartbeatCheckState state;
  gboolean fails;
  gint64 longest; /* between two good runs */
  guint runs;
} Simulated;

static void
simulate_run (Simulated *check, gint64 now)
{
  check->runs++;
  if (check->fails)
    {
      check->state.failures++;
      check->state.last_failed_start = now;
      check->state.retry_at
          = now + 1000
            + heartbeat_decision_retry_delay (check->spec->cadence, check->state.failures);
      return;
    }
  check->longest = MAX (check->longest, now - check->state.last_run);
  check->state.last_run = now;
}

static void
simulate_day (Simulated *checks, guint n)
{
  for (gint64 now = NOW; now < NOW + DAY; now += MINUTE)
    {
      Simulated *best = NULL;

      for (guint i = 0; i < n; i++)
        if (heartbeat_decision_judge (checks[i].spec, &checks[i].state, 0, now).code
                == HEARTBEAT_REASON_DUE
            && (best == NULL
                || heartbeat_decision_compare (checks[i].spec, &checks[i].state, best->spec,
                                               &best->state, now)
                       < 0))
          best = &checks[i];
      if (best != NULL)
        simulate_run (best, now);
    }
}

static void
test_failing_check_starves_nobody (void)
{
  static const char *const cadences[] = { "60000", "120000", "900000", "3600000" };

  for (guint i = 0; i < G_N_ELEMENTS (cadences); i++)
    {
      g_autofree char *members = g_strdup_printf (",\"cadenceMs\":%s", cadences[i]);
      g_autoptr (HeartbeatCheckSpec) failing = spec_named ("a", members, "");
      g_autoptr (HeartbeatCheckSpec) healthy = spec_named ("b", members, "");
      Simulated checks[] = { { .spec = failing, .fails = TRUE },
                             { .spec = healthy, .state.last_run = NOW - 2 * healthy->cadence } };

      simulate_day (checks, G_N_ELEMENTS (checks));
      g_test_message ("%s: longest %" G_GINT64_FORMAT ", %u good, %u failed", cadences[i],
                      checks[1].longest, checks[1].runs, checks[0].runs);
      g_assert_cmpint (checks[1].longest, <=,
                       MAX (healthy->cadence + 2 * MINUTE, 2 * healthy->cadence + MINUTE));
      g_assert_cmpuint (checks[1].runs, >=, DAY / (healthy->cadence + 2 * MINUTE));
      g_assert_cmpuint (checks[0].runs, >=, MIN (8, DAY / (healthy->cadence + 2 * MINUTE)));
    }
}

static void
test_many_checks_share_the_ticks (void)
{
  Simulated checks[10] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (checks); i++)
    {
      g_autofree char *name = g_strdup_printf ("c%u", i);

      checks[i].spec = spec_named (name, ",\"cadenceMs\":900000", "");
      checks[i].fails = i % 3 == 0;
      checks[i].state.last_run = NOW - 16 * MINUTE;
    }
  simulate_day (checks, G_N_ELEMENTS (checks));
  for (guint i = 0; i < G_N_ELEMENTS (checks); i++)
    {
      if (!checks[i].fails)
        g_assert_cmpint (checks[i].longest, <=, 16 * MINUTE + 10 * MINUTE);
      g_assert_cmpuint (checks[i].runs, >=, 80);
      heartbeat_check_spec_unref (checks[i].spec);
    }
}

static void
test_reason_names (void)
{
  static const char *const names[]
      = { "due",      "not-yet",     "outside-window", "outside-quarter", "paused",
          "disabled", "backing-off", "running",        "invalid" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_cmpstr (heartbeat_reason_to_string (i), ==, names[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/decision/ratio-is-strictly-above-one", test_ratio_is_strictly_above_one);
  g_test_add_func ("/decision/future-last-run-counts-as-now", test_future_last_run);
  g_test_add_func ("/decision/effective-last-run", test_effective_last_run);
  g_test_add_func ("/decision/backing-off", test_backing_off);
  g_test_add_func ("/decision/retry-delay-doubles-up-to-the-cadence", test_retry_delay);
  g_test_add_func ("/decision/disabled-running-invalid", test_disabled_running_invalid);
  g_test_add_func ("/decision/paused", test_paused);
  g_test_add_func ("/decision/window", test_window);
  g_test_add_func ("/decision/quarter", test_quarter);
  g_test_add_func ("/decision/choice", test_choice);
  g_test_add_func ("/decision/next-due-is-exact", test_next_due_is_exact);
  g_test_add_func ("/decision/far-future-ends", test_far_future_ends);
  g_test_add_func ("/decision/window-and-quarter-meet-or-never-do", test_window_and_quarter_meet);
  g_test_add_func ("/decision/far-ahead-comes-near", test_far_ahead_comes_near);
  g_test_add_func ("/decision/failing-check-starves-nobody", test_failing_check_starves_nobody);
  g_test_add_func ("/decision/many-checks-share-the-ticks", test_many_checks_share_the_ticks);
  g_test_add_func ("/decision/reason-names", test_reason_names);

  return g_test_run ();
}
