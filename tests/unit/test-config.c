/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "config/heartbeat-config.h"
#include "base/heartbeat-error.h"
#include "heartbeat-test.h"

static HeartbeatConfig *
parse_text (const char *text, gssize length, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, length < 0 ? strlen (text) : (gsize) length);

  return heartbeat_config_parse (bytes, error);
}

/* A file with these members of `checks`, and these of the root after it. */
static HeartbeatConfig *
parse_checks (const char *checks, const char *more)
{
  g_autofree char *text
      = g_strdup_printf ("{\"$schema\":\"heartbeat.v1\",\"agent\":\"cack\",\"checks\":{%s}%s}",
                         checks, more);
  g_autoptr (GError) error = NULL;
  HeartbeatConfig *config = parse_text (text, -1, &error);

  g_assert_no_error (error);
  return config;
}

static const HeartbeatCheckSpec *
nth (HeartbeatConfig *config, guint i)
{
  g_assert_cmpuint (i, <, config->checks->len);
  return g_ptr_array_index (config->checks, i);
}

static char *
read_data (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", name, NULL);
  g_autoptr (GError) error = NULL;
  char *text;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_free (path);
      path = g_test_build_filename (G_TEST_DIST, "..", "data", name, NULL);
    }
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static void
test_real_sample (void)
{
  g_autofree char *text = read_data ("cack.heartbeat.json");
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatConfig) config = parse_text (text, -1, &error);
  const HeartbeatCheckSpec *review, *compaction, *health;

  g_assert_no_error (error);
  g_assert_cmpstr (config->agent, ==, "cack");
  g_assert_cmpuint (config->checks->len, ==, 3);
  review = nth (config, 0);
  compaction = nth (config, 1);
  health = nth (config, 2);

  g_assert_cmpstr (review->name, ==, "daily_memory_review");
  g_assert_cmpstr (review->handler, ==, "memory_review");
  g_assert_cmpint (review->cadence, ==, 86400000);
  g_assert_cmpint (review->priority, ==, 3);
  g_assert_true (review->has_window);
  g_assert_cmpuint (review->window.start, ==, 360);
  g_assert_cmpuint (review->window.end, ==, 540);
  g_assert_cmpstr (compaction->name, ==, "quarterly_compaction");
  g_assert_cmpuint (compaction->quarter.quarters, ==, 15);
  g_assert_cmpint (compaction->quarter.of, ==, HEARTBEAT_QUARTER_OF_TICK);
  g_assert_false (compaction->has_window);
  g_assert_cmpstr (health->name, ==, "sub_health");
  g_assert_cmpstr (health->zone_name, ==, "America/New_York");
  for (guint i = 0; i < 3; i++)
    {
      g_assert_null (nth (config, i)->error);
      g_assert_true (nth (config, i)->enabled);
      g_assert_cmpint (nth (config, i)->last_run, ==, 0);
      g_assert_cmpint (nth (config, i)->pause.active, ==, FALSE);
    }
}

static void
test_defaults (void)
{
  g_autoptr (HeartbeatConfig) config
      = parse_checks ("\"a\":{\"cadenceMs\":1000,\"handler\":\"h\"}", "");
  const HeartbeatCheckSpec *spec = nth (config, 0);

  g_assert_null (spec->error);
  g_assert_cmpint (spec->priority, ==, 1);
  g_assert_true (spec->enabled);
  g_assert_cmpint (spec->last_run, ==, 0);
  g_assert_cmpuint (spec->timeout, ==, 0);
  g_assert_false (spec->has_window);
  g_assert_cmpuint (spec->quarter.quarters, ==, 0);
  g_assert_cmpstr (spec->zone_name, ==, "America/New_York");
  g_assert_nonnull (spec->zone);
  g_assert_false (config->pause.active);
}

/* --- The rule of each member ---------------------------------------------------------------------------------------- */

static const char *const good_members[] = {
  "\"cadenceMs\":1000",
  "\"cadenceMs\":1e3",
  "\"cadenceMs\":1000.0",
  "\"cadenceMs\":9007199254740991",
  "\"handler\":\"\\u00e9 and so on\"",
  "\"priority\":1",
  "\"priority\":9007199254740991",
  "\"enabled\":false",
  "\"lastRun\":0",
  "\"lastRun\":-0",
  "\"lastRun\":1771796220000.0",
  "\"lastRun\":9007199254740991",
  "\"window\":null",
  "\"window\":{\"start\":\"9:00\",\"end\":\"24:00\"}",
  "\"window\":{\"start\":\"09:00\",\"end\":\"09:00\",\"tz\":\"Asia/"
  "Kolkata\",\"days\":[],\"note\":{}}",
  "\"window\":{\"start\":\"22:00\",\"end\":\"06:00\",\"days\":[\"mon\",\"sun\",\"mon\"]}",
  "\"window\":5,\"window\":null",
  "\"triggerOnQuarters\":[]",
  "\"triggerOnQuarters\":[\"Q1\",\"Q4\",\"\\u00511\"]",
  "\"quarterOf\":\"day\"",
  "\"quarterOf\":\"year\"",
  "\"timeoutMs\":1000",
  "\"timeoutMs\":1500000",
  "\"meta\":{}",
  "\"meta\":{\"cadenceMs\":\"x\",\"lastRun\":-1}",
  "\"unknown\":[1e400,0.1]",
  "\"priority\":\"x\",\"priority\":2",
};

static void
test_good_members (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (good_members); i++)
    {
      g_autofree char *check
          = g_strdup_printf ("\"a\":{\"cadenceMs\":5000,\"handler\":\"h\",%s}", good_members[i]);
      g_autoptr (HeartbeatConfig) config = parse_checks (check, "");

      g_test_message ("%s", good_members[i]);
      g_assert_cmpstr (nth (config, 0)->error, ==, NULL);
    }
}

static const struct
{
  const char *members;
  const char *path; /* after `checks.a` */
  const char *found;
  const char *rule; /* its beginning */
} bad_members[] = {
  { "\"cadenceMs\":0", ".cadenceMs", "0", "an integer of at least 1000 is expected" },
  { "\"cadenceMs\":-60000", ".cadenceMs", "-60000", "an integer of at least 1000 is expected" },
  { "\"cadenceMs\":999", ".cadenceMs", "999", "an integer of at least 1000 is expected" },
  { "\"cadenceMs\":1000.5", ".cadenceMs", "1000.5", "an integer of at least 1000 is expected" },
  { "\"cadenceMs\":1e400", ".cadenceMs", "1e400", "an integer of at least 1000 is expected" },
  { "\"cadenceMs\":9007199254740992", ".cadenceMs", "9007199254740992", "an integer" },
  { "\"cadenceMs\":\"60000\"", ".cadenceMs", "\"60000\"",
    "an integer of at least 1000 is expected" },
  { "\"cadenceMs\":null", ".cadenceMs", "null", "an integer" },
  { "\"cadenceMs\":true", ".cadenceMs", "true", "an integer" },
  { "\"cadenceMs\":1000,\"cadenceMs\":{}", ".cadenceMs", "{}", "an integer" },
  { "\"handler\":5", ".handler", "5", "the name of a handler" },
  { "\"handler\":null", ".handler", "null", "the name of a handler" },
  { "\"handler\":\"a\\u0000b\"", ".handler", "\"a\\u0000b\"", "the name of a handler" },
  { "\"priority\":0", ".priority", "0", "an integer of at least 1 is expected" },
  { "\"priority\":1.5", ".priority", "1.5", "an integer" },
  { "\"priority\":\"1\"", ".priority", "\"1\"", "an integer" },
  { "\"enabled\":\"false\"", ".enabled", "\"false\"", "true or false is expected" },
  { "\"enabled\":0", ".enabled", "0", "true or false is expected" },
  { "\"enabled\":null", ".enabled", "null", "true or false is expected" },
  { "\"lastRun\":-1", ".lastRun", "-1", "a time in Unix milliseconds" },
  { "\"lastRun\":\"0\"", ".lastRun", "\"0\"", "a time in Unix milliseconds" },
  { "\"lastRun\":null", ".lastRun", "null", "a time" },
  { "\"window\":[]", ".window", "[]", "an object or null is expected" },
  { "\"window\":true", ".window", "true", "an object or null is expected" },
  { "\"window\":{}", ".window.start", NULL, "the member is missing" },
  { "\"window\":{\"start\":\"09:00\"}", ".window.end", NULL, "the member is missing" },
  { "\"window\":{\"end\":\"09:00\"}", ".window.start", NULL, "the member is missing" },
  { "\"window\":{\"start\":\"24:00\",\"end\":\"09:00\"}", ".window.start", "\"24:00\"",
    "a time of the day" },
  { "\"window\":{\"start\":\"09:00\",\"end\":\"24:01\"}", ".window.end", "\"24:01\"",
    "a time of the day" },
  { "\"window\":{\"start\":900,\"end\":\"09:00\"}", ".window.start", "900", "a time of the day" },
  { "\"window\":{\"start\":\"09:00\",\"end\":null}", ".window.end", "null", "a time of the day" },
  { "\"window\":{\"start\":\"09:00\\u0000\",\"end\":\"10:00\"}", ".window.start",
    "\"09:00\\u0000\"", "a time" },
  { "\"window\":{\"start\":\"09:00\",\"end\":\"10:00\\u0000x\"}", ".window.end",
    "\"10:00\\u0000x\"", "a time" },
  { "\"window\":{\"start\":\"0:00\",\"end\":\"1:00\",\"tz\":\"Mars/Olympus\"}", ".window.tz",
    "\"Mars/Olympus\"",
    "the name of a time zone in tzdata (or tzdata-legacy, for old names) is expected" },
  { "\"window\":{\"start\":\"0:00\",\"end\":\"1:00\",\"tz\":\"+05:30\"}", ".window.tz",
    "\"+05:30\"", "the name" },
  { "\"window\":{\"start\":\"0:00\",\"end\":\"1:00\",\"tz\":\"\"}", ".window.tz", "\"\"",
    "the name" },
  { "\"window\":{\"start\":\"0:00\",\"end\":\"1:00\",\"tz\":null}", ".window.tz", "null",
    "the name" },
  { "\"window\":{\"start\":\"0:00\",\"end\":\"1:00\",\"tz\":\"UTC\\u0000\"}", ".window.tz",
    "\"UTC\\u0000\"", "the name" },
  { "\"window\":{\"start\":\"0:00\",\"end\":\"1:00\",\"days\":\"mon\"}", ".window.days", "\"mon\"",
    "an array" },
  { "\"window\":{\"start\":\"0:00\",\"end\":\"1:00\",\"days\":[\"Mon\"]}", ".window.days[0]",
    "\"Mon\"", "“mon”" },
  { "\"window\":{\"start\":\"0:00\",\"end\":\"1:00\",\"days\":[1]}", ".window.days[0]", "1",
    "“mon”" },
  { "\"window\":{\"start\":\"0:00\",\"end\":\"1:00\",\"days\":null}", ".window.days", "null",
    "an array" },
  { "\"window\":{\"start\":\"0:00\",\"end\":\"1:00\",\"days\":[\"mon\\u0000\"]}", ".window.days[0]",
    "\"mon\\u0000\"", "“mon”" },
  { "\"triggerOnQuarters\":\"Q1\"", ".triggerOnQuarters", "\"Q1\"",
    "an array of “Q1” to “Q4” is expected" },
  { "\"triggerOnQuarters\":[\"Q5\"]", ".triggerOnQuarters[0]", "\"Q5\"", "“Q1”, “Q2”" },
  { "\"triggerOnQuarters\":[\"Q1\",1]", ".triggerOnQuarters[1]", "1", "“Q1”, “Q2”" },
  { "\"triggerOnQuarters\":[\"Q1\\u0000\"]", ".triggerOnQuarters[0]", "\"Q1\\u0000\"",
    "“Q1”, “Q2”" },
  { "\"triggerOnQuarters\":null", ".triggerOnQuarters", "null", "an array" },
  { "\"quarterOf\":\"month\"", ".quarterOf", "\"month\"", "“day” or “year” is expected" },
  { "\"quarterOf\":null", ".quarterOf", "null", "“day” or “year” is expected" },
  { "\"timeoutMs\":999", ".timeoutMs", "999", "an integer from 1000 to 1500000 is expected" },
  { "\"timeoutMs\":1500001", ".timeoutMs", "1500001", "an integer" },
  { "\"timeoutMs\":5000000000", ".timeoutMs", "5000000000", "an integer" },
  { "\"timeoutMs\":\"5s\"", ".timeoutMs", "\"5s\"", "an integer" },
  { "\"meta\":[]", ".meta", "[]", "an object is expected" },
  { "\"meta\":null", ".meta", "null", "an object is expected" },
};

static void
test_bad_members (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad_members); i++)
    {
      g_autofree char *check = g_strdup_printf ("\"a\":{\"cadenceMs\":5000,\"handler\":\"h\",%s},"
                                                "\"b\":{\"cadenceMs\":5000,\"handler\":\"h\"}",
                                                bad_members[i].members);
      g_autofree char *path = g_strconcat ("checks.a", bad_members[i].path, NULL);
      g_autoptr (HeartbeatConfig) config = parse_checks (check, "");
      const HeartbeatProblem *problem;

      g_test_message ("%s: %s", bad_members[i].members, nth (config, 0)->error);
      g_assert_nonnull (nth (config, 0)->problems);
      problem = g_ptr_array_index (nth (config, 0)->problems, 0);
      g_assert_cmpstr (problem->path, ==, path);
      g_assert_cmpstr (problem->found, ==, bad_members[i].found);
      g_assert_true (g_str_has_prefix (problem->rule, bad_members[i].rule));
      g_assert_true (g_str_has_prefix (nth (config, 0)->error, "line 1, column "));
      g_assert_null (nth (config, 1)->error);
      g_assert_null (nth (config, 1)->problems);
    }
}

static void
test_missing_members (void)
{
  g_autoptr (HeartbeatConfig) config
      = parse_checks ("\"a\":{},\"b\":{\"cadenceMs\":1000},\"c\":5,\"d\":null,\"e\":[{}]", "");

  g_assert_cmpstr (nth (config, 0)->error, ==,
                   "line 1, column 56: checks.a.cadenceMs: the member is missing");
  hbtest_assert_contains (nth (config, 1)->error, "checks.b.handler: the member is missing");
  hbtest_assert_contains (nth (config, 2)->error, "checks.c: an object is expected, not 5");
  hbtest_assert_contains (nth (config, 3)->error, "checks.d: an object is expected, not null");
  hbtest_assert_contains (nth (config, 4)->error, "checks.e: an object is expected, not [{}]");
}

static void
test_error_position (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatConfig) config = parse_text (
      "\xef\xbb\xbf{\r\n  \"$schema\": \"heartbeat.v1\", \"agent\": \"a\",\r\n"
      "  \"checks\": {\r\n    \"\xc3\xa9\": {\"cadenceMs\": 0, \"handler\": \"h\"}\r\n  }\r\n}",
      -1, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (nth (config, 0)->error, ==,
                   "line 4, column 24: checks.\xc3\xa9.cadenceMs: an integer of at least 1000 is "
                   "expected, not 0");
}

static void
test_long_value_is_cut (void)
{
  g_autofree char *dots = g_strnfill (100000, 'x');
  g_autofree char *check
      = g_strdup_printf ("\"a\":{\"cadenceMs\":\"\xc3\xa9%s\",\"handler\":\"h\"}", dots);
  g_autoptr (HeartbeatConfig) config = parse_checks (check, "");
  const char *error = nth (config, 0)->error;

  g_assert_true (g_utf8_validate (error, -1, NULL));
  g_assert_cmpuint (strlen (error), <, 250);
  hbtest_assert_contains (error, ", not \"\xc3\xa9xxx");
}

static void
test_check_names (void)
{
  g_autofree char *longest = g_strnfill (255, 'n');
  g_autofree char *longer = g_strnfill (256, 'n');
  g_autofree char *checks
      = g_strdup_printf ("\"\":{\"cadenceMs\":1000,\"handler\":\"h\"},"
                         "\"a\\u0000b\":{\"cadenceMs\":1000,\"handler\":\"h\"},"
                         "\"%s\":{\"cadenceMs\":1000,\"handler\":\"h\"},"
                         "\"%s\":{\"cadenceMs\":1000,\"handler\":\"h\"},"
                         "\"z/ \\u00e9\\n\":{\"cadenceMs\":1000,\"handler\":\"h\"}",
                         longest, longer);
  g_autoptr (HeartbeatConfig) config = parse_checks (checks, "");

  g_assert_cmpuint (config->checks->len, ==, 5);
  hbtest_assert_contains (nth (config, 0)->error, "1 to 255 bytes");
  g_assert_cmpstr (nth (config, 1)->name, ==,
                   "a\xe2\x90\x80"
                   "b");
  hbtest_assert_contains (nth (config, 1)->error, "without NUL");
  g_assert_cmpstr (nth (config, 2)->name, ==, longest);
  g_assert_null (nth (config, 2)->error);
  hbtest_assert_contains (nth (config, 3)->error, "1 to 255 bytes");
  g_assert_cmpstr (nth (config, 4)->name, ==, "z/ \xc3\xa9\n");
  g_assert_null (nth (config, 4)->error);
}

static void
test_duplicate_checks (void)
{
  g_autoptr (HeartbeatConfig) config
      = parse_checks ("\"a\":{\"cadenceMs\":0},\"b\":{\"cadenceMs\":1000,\"handler\":\"h\"},"
                      "\"\\u0061\":{\"cadenceMs\":2000,\"handler\":\"h\",\"cadenceMs\":3000}",
                      "");

  g_assert_cmpuint (config->checks->len, ==, 2);
  g_assert_null (nth (config, 0)->error);
  g_assert_cmpint (nth (config, 0)->cadence, ==, 3000);
}

static void
test_sorted_by_name (void)
{
  static const char *const order[] = { "A", "B", "a", "b", "\xc3\xa9" };
  g_autoptr (HeartbeatConfig) config
      = parse_checks ("\"b\":{},\"\xc3\xa9\":{},\"B\":{},\"a\":{},\"A\":{}", "");

  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    g_assert_cmpstr (nth (config, i)->name, ==, order[i]);
}

static void
test_span_is_the_check_as_written (void)
{
  g_autoptr (HeartbeatConfig) config
      = parse_checks ("\"a\": { \"cadenceMs\":\t1e3, \"handler\":\"h\" } ", "");
  g_autofree char *text = heartbeat_json_dup_text (&nth (config, 0)->json);

  g_assert_cmpstr (text, ==, "{ \"cadenceMs\":\t1e3, \"handler\":\"h\" }");
}

/* --- The root ------------------------------------------------------------------------------------------------------- */

static void
test_bad_roots (void)
{
  static const struct
  {
    const char *text;
    int code;
    const char *message;
  } cases[] = {
    { "", HEARTBEAT_ERROR_INVALID_ARGUMENT, "line 1, column 1: " },
    { "{", HEARTBEAT_ERROR_INVALID_ARGUMENT, "line 1, column 2: " },
    { "{\n  \"a\": }", HEARTBEAT_ERROR_INVALID_ARGUMENT,
      "line 2, column 8: a value is expected here" },
    { "[]", HEARTBEAT_ERROR_CONFIG_UNUSABLE, "line 1, column 1: heartbeat.json is an object" },
    { "null", HEARTBEAT_ERROR_CONFIG_UNUSABLE, "line 1, column 1: heartbeat.json is an object" },
    { "{}", HEARTBEAT_ERROR_CONFIG_UNUSABLE, "line 1, column 1: $schema: the member is missing" },
    { "{\"$schema\":\"heartbeat.v2\"}", HEARTBEAT_ERROR_CONFIG_UNUSABLE,
      "line 1, column 12: $schema: " },
    { "{\"$schema\":1}", HEARTBEAT_ERROR_CONFIG_UNUSABLE, "line 1, column 12: $schema: " },
    { "{\"$schema\":\"heartbeat.v1\"}", HEARTBEAT_ERROR_CONFIG_UNUSABLE,
      "line 1, column 1: agent: the member is missing" },
    { "{\"$schema\":\"heartbeat.v1\",\"agent\":5}", HEARTBEAT_ERROR_CONFIG_UNUSABLE,
      "line 1, column 35: agent: a string" },
    { "{\"$schema\":\"heartbeat.v1\",\"agent\":\"a\"}", HEARTBEAT_ERROR_CONFIG_UNUSABLE,
      "line 1, column 1: checks: the member is missing" },
    { "{\"$schema\":\"heartbeat.v1\",\"agent\":\"a\",\"checks\":[]}",
      HEARTBEAT_ERROR_CONFIG_UNUSABLE, "line 1, column 48: checks: an object is expected" },
    { "{\"$schema\":\"heartbeat.v1\",\"agent\":\"a\",\"checks\":{},\"paused\":[]}",
      HEARTBEAT_ERROR_CONFIG_UNUSABLE, "line 1, column 60: paused: an object is expected" },
    { "{\"$schema\":\"heartbeat.v1\",\"agent\":\"a\",\"checks\":{},\"paused\":{\"*\":1}}",
      HEARTBEAT_ERROR_CONFIG_UNUSABLE, "line 1, column 65: paused.*: " },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (parse_text (cases[i].text, -1, &error));
      g_test_message ("%s", error->message);
      g_assert_error (error, HEARTBEAT_ERROR, cases[i].code);
      g_assert_true (g_str_has_prefix (error->message, cases[i].message));
    }
}

static void
test_unknown_members_are_allowed (void)
{
  g_autoptr (HeartbeatConfig) config = parse_checks (
      "", ",\"\":[1e400],\"version\":2,\"agent\":\"other\",\"$schema\":\"heartbeat.v1\"");

  g_assert_cmpuint (config->checks->len, ==, 0);
  g_assert_cmpstr (config->agent, ==, "other");
}

/* --- Pauses --------------------------------------------------------------------------------------------------------- */

#define TWO_CHECKS                                                                                 \
  "\"a\":{\"cadenceMs\":1000,\"handler\":\"h\"},\"b\":{\"cadenceMs\":1000,\"handler\":\"h\"}"

static void
test_pauses (void)
{
  static const struct
  {
    const char *paused;
    gboolean a, b;      /* whether they are paused at 1000 */
    gint64 until;       /* of a */
    const char *reason; /* of a */
  } cases[] = {
    { "{}", FALSE, FALSE, 0, NULL },
    { "{\"a\":true}", TRUE, FALSE, 0, NULL },
    { "{\"a\":{}}", TRUE, FALSE, 0, NULL },
    { "{\"a\":{\"reason\":\"why\"}}", TRUE, FALSE, 0, "why" },
    { "{\"a\":{\"until\":1001,\"reason\":\"why\",\"by\":1}}", TRUE, FALSE, 1001, "why" },
    { "{\"a\":{\"until\":1000}}", FALSE, FALSE, 1000, NULL },
    { "{\"a\":{\"until\":999}}", FALSE, FALSE, 999, NULL },
    { "{\"a\":{\"until\":2e3}}", TRUE, FALSE, 2000, NULL },
    { "{\"*\":true}", TRUE, TRUE, 0, NULL },
    { "{\"*\":{\"until\":5000,\"reason\":\"all\"}}", TRUE, TRUE, 5000, "all" },
    { "{\"*\":{\"until\":500,\"reason\":\"all\"}}", FALSE, FALSE, 500, "all" },
    /* the longer one of both */
    { "{\"a\":{\"until\":3000,\"reason\":\"own\"},\"*\":{\"until\":5000,\"reason\":\"all\"}}", TRUE,
      TRUE, 5000, "all" },
    { "{\"a\":{\"until\":5000,\"reason\":\"own\"},\"*\":{\"until\":3000,\"reason\":\"all\"}}", TRUE,
      TRUE, 5000, "own" },
    { "{\"*\":{\"until\":3000,\"reason\":\"all\"},\"a\":{\"reason\":\"own\"}}", TRUE, TRUE, 0,
      "own" },
    { "{\"*\":{\"reason\":\"all\"},\"a\":{\"until\":3000,\"reason\":\"own\"}}", TRUE, TRUE, 0,
      "all" },
    { "{\"a\":{\"until\":500,\"reason\":\"own\"},\"*\":{\"until\":5000,\"reason\":\"all\"}}", TRUE,
      TRUE, 5000, "all" },
    /* of duplicates the last, and of others nothing */
    { "{\"a\":true,\"a\":{\"until\":1}}", FALSE, FALSE, 1, NULL },
    { "{\"a\":5,\"a\":true}", TRUE, FALSE, 0, NULL },
    { "{\"c\":true,\"A\":5,\"a\\u0000\":true,\"*\\u0000\":true}", FALSE, FALSE, 0, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *more = g_strdup_printf (",\"paused\":%s", cases[i].paused);
      g_autoptr (HeartbeatConfig) config = parse_checks (TWO_CHECKS, more);

      g_test_message ("%s", cases[i].paused);
      g_assert_cmpstr (nth (config, 0)->error, ==, NULL);
      g_assert_cmpint (heartbeat_pause_holds (&nth (config, 0)->pause, 1000), ==, cases[i].a);
      g_assert_cmpint (heartbeat_pause_holds (&nth (config, 1)->pause, 1000), ==, cases[i].b);
      g_assert_cmpint (nth (config, 0)->pause.until, ==, cases[i].until);
      g_assert_cmpstr (nth (config, 0)->pause.reason, ==, cases[i].reason);
    }
}

static void
test_pause_of_all (void)
{
  g_autoptr (HeartbeatConfig) config
      = parse_checks (TWO_CHECKS, ",\"paused\":{\"*\":{\"until\":9,\"reason\":\"x\"}}");

  g_assert_true (heartbeat_pause_holds (&config->pause, 8));
  g_assert_false (heartbeat_pause_holds (&config->pause, 9));
  g_assert_cmpstr (config->pause.reason, ==, "x");
}

static void
test_bad_pause_makes_the_check_invalid (void)
{
  static const char *const bad[] = { "false",
                                     "1",
                                     "null",
                                     "\"x\"",
                                     "[]",
                                     "{\"until\":\"tomorrow\"}",
                                     "{\"until\":-1}",
                                     "{\"until\":1.5}",
                                     "{\"reason\":5}",
                                     "{\"until\":5,\"reason\":null}" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *more = g_strdup_printf (",\n\"paused\":{\"a\":%s}", bad[i]);
      g_autoptr (HeartbeatConfig) config = parse_checks (TWO_CHECKS, more);

      g_assert_nonnull (nth (config, 0)->error);
      g_assert_true (g_str_has_prefix (nth (config, 0)->error, "line 2, column "));
      g_assert_null (nth (config, 1)->error);
    }
}

/* --- Every problem -------------------------------------------------------------------------------------------------- */

/* What heartbeat_config_validate() finds, a line for each. */
static char *
validate_text (const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (GPtrArray) problems = heartbeat_config_validate (bytes);
  GString *lines = g_string_new (NULL);

  for (guint i = 0; i < problems->len; i++)
    {
      const HeartbeatProblem *problem = g_ptr_array_index (problems, i);
      g_autofree char *what = heartbeat_problem_describe (problem);

      g_string_append_printf (lines, "%u:%u: %s\n", problem->line, problem->column, what);
    }
  return g_string_free (lines, FALSE);
}

static void
assert_problems (const char *text, const char *expected)
{
  g_autofree char *lines = validate_text (text);

  g_assert_cmpstr (lines, ==, expected);
}

#define HEAD "{\"$schema\":\"heartbeat.v1\",\"agent\":\"a\",\n"

static void
test_every_problem_in_the_order_of_the_text (void)
{
  assert_problems (
      HEAD "\"paused\": {\"b\": 1, \"none\": {\"until\": -1, \"reason\": 2}, \"*\": 0},\n"
           "\"checks\": {\n"
           "\"b\": {\"priority\": 0, \"window\": {\n"
           "  \"days\": [\"mon\", \"Tue\", 3], \"tz\": \"Mars\"}},\n"
           "\"a\": []}}",
      "2:17: paused.b: true or an object is expected, not 1\n"
      "2:38: paused.none.until: a time in Unix milliseconds, an integer of at least 0, is "
      "expected, not -1\n"
      "2:52: paused.none.reason: a string is expected, not 2\n"
      "2:61: paused.*: true or an object is expected, not 0\n"
      "4:6: checks.b.cadenceMs: the member is missing\n"
      "4:6: checks.b.handler: the member is missing\n"
      "4:19: checks.b.priority: an integer of at least 1 is expected, not 0\n"
      "4:32: checks.b.window.start: the member is missing\n"
      "4:32: checks.b.window.end: the member is missing\n"
      "5:19: checks.b.window.days[1]: “mon”, “tue”, “wed”, “thu”, “fri”, “sat” or “sun” is "
      "expected, not \"Tue\"\n"
      "5:26: checks.b.window.days[2]: “mon”, “tue”, “wed”, “thu”, “fri”, “sat” or “sun” is "
      "expected, not 3\n"
      "5:36: checks.b.window.tz: the name of a time zone in tzdata (or tzdata-legacy, for old "
      "names) is expected, not \"Mars\"\n"
      "6:6: checks.a: an object is expected, not []\n");
}

static void
test_every_problem_of_the_root (void)
{
  assert_problems (
      "{\"$schema\": 1,\r\n\"agent\": \"a\\u0000\", \"checks\": {\"x\": 5}, \"paused\": []}",
      "1:13: $schema: “heartbeat.v1” is expected, not 1\n"
      "2:10: agent: a string without NUL is expected, not \"a\\u0000\"\n"
      "2:37: checks.x: an object is expected, not 5\n"
      "2:51: paused: an object is expected, not []\n");
  assert_problems ("[]", "1:1: heartbeat.json is an object\n");
  assert_problems ("", "1:1: the text ends where a value is expected\n");
  assert_problems ("{\n \"a\": }", "2:7: a value is expected here\n");
}

static void
test_no_problem (void)
{
  assert_problems (HEAD "\"checks\": {\"a\": 1, \"a\": {\"cadenceMs\": 1e3, \"handler\": \"h\"}},"
                        "\"paused\": {\"a\": 5, \"a\": true}}",
                   "");
}

/* The error of a check is its first problem in the order of the rules, with its own place. */
static void
test_error_is_the_first_problem (void)
{
  g_autoptr (HeartbeatConfig) config
      = parse_checks ("\"b\":{\"priority\":0,\"cadenceMs\":1,\"handler\":2},\n\"a\":{}", "");

  g_assert_cmpstr (nth (config, 0)->error, ==,
                   "line 2, column 5: checks.a.cadenceMs: the member is missing");
  g_assert_cmpuint (nth (config, 0)->problems->len, ==, 1);
  g_assert_cmpstr (
      nth (config, 1)->error, ==,
      "line 1, column 82: checks.b.cadenceMs: an integer of at least 1000 is expected, "
      "not 1");
}

/* The service reads on past a broken pause that stops nothing. */
static void
test_pause_of_no_check_is_no_error (void)
{
  g_autoptr (HeartbeatConfig) config = parse_checks (TWO_CHECKS, ",\"paused\":{\"none\":[]}");

  g_assert_null (nth (config, 0)->error);
  g_assert_null (nth (config, 1)->error);
}

static void
test_found_value_is_one_line (void)
{
  assert_problems (HEAD "\"checks\": [\n  1,\r\n\t  2\n]}",
                   "2:11: checks: an object is expected, not [ 1, 2 ]\n");
}

/* --- Limits --------------------------------------------------------------------------------------------------------- */

static GBytes *
many_checks (guint n, const char *window)
{
  GString *text = g_string_new ("{\"$schema\":\"heartbeat.v1\",\"agent\":\"a\",\"checks\":{\n");
  gsize length;

  for (guint i = 0; i < n; i++)
    g_string_append_printf (text,
                            "%s    \"check_%05u\": {\n      \"cadenceMs\": 900000,\n%s"
                            "      \"lastRun\": 1771796220000,\n      \"priority\": 1,\n      "
                            "\"handler\": \"sub_health\",\n"
                            "      \"enabled\": true\n    }",
                            i == 0 ? "" : ",\n", (i * 7919) % n, window);
  g_string_append (text, "\n}}\n");
  length = text->len;
  return g_bytes_new_take (g_string_free (text, FALSE), length);
}

static void
test_number_of_checks (void)
{
  g_autoptr (GBytes) most = many_checks (1000, "");
  g_autoptr (GBytes) more = many_checks (1001, "");
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatConfig) config = heartbeat_config_parse (most, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (config->checks->len, ==, 1000);
  g_assert_null (heartbeat_config_parse (more, &error));
  hbtest_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE,
                       "more than 1000 checks");
}

static void
test_size (void)
{
  static const char head[] = "{\"$schema\":\"heartbeat.v1\",\"agent\":\"a\",\"checks\":{}}";
  gsize length = HEARTBEAT_CONFIG_MAX_BYTES;
  g_autofree char *text = g_strnfill (length + 1, ' ');
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatConfig) config = NULL;

  memcpy (text, head, strlen (head));
  config = parse_text (text, length, &error);
  g_assert_no_error (error);
  g_assert_nonnull (config);
  g_assert_null (parse_text (text, length + 1, &error));
  g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE);
}

/* More problems than anybody reads. */
static void
test_number_of_problems (void)
{
  GString *text = g_string_new (
      "{\"$schema\":\"heartbeat.v1\",\"agent\":\"a\",\"checks\":{\"a\":{\"triggerOnQuarters\":[0");
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GPtrArray) problems = NULL;

  for (guint i = 0; i < 150000; i++)
    g_string_append (text, ",0");
  g_string_append (text, "]},\"b\":5}}");
  bytes = g_bytes_new (text->str, text->len);
  g_string_free (text, TRUE);
  problems = heartbeat_config_validate (bytes);
  g_assert_cmpuint (problems->len, ==, 100001);
}

static void
time_parse (const char *what, GBytes *text, guint n_errors)
{
  gint64 start = g_get_monotonic_time ();
  g_autoptr (HeartbeatConfig) config = heartbeat_config_parse (text, NULL);
  gint64 taken = g_get_monotonic_time () - start;
  guint found = 0;

  g_assert_nonnull (config);
  for (guint i = 0; i < config->checks->len; i++)
    found += nth (config, i)->error != NULL;
  g_assert_cmpuint (found, ==, n_errors);
  g_test_message ("%s, %" G_GSIZE_FORMAT " KiB: %.1f ms", what, g_bytes_get_size (text) / 1024,
                  taken / 1e3);
}

static void
test_time (void)
{
  g_autoptr (GBytes) plain = many_checks (1000, "");
  g_autoptr (GBytes) windows
      = many_checks (1000, "      \"window\": {\"start\": \"00:00\", \"end\": \"23:59\", \"tz\": "
                           "\"America/New_York\"},\n");
  g_autoptr (GBytes) invalid = many_checks (1000, "      \"timeoutMs\": 5,\n");
  g_autoptr (GBytes) unknown
      = many_checks (1000, "      \"window\": {\"start\": \"00:00\", \"end\": \"23:59\", \"tz\": "
                           "\"Mars/Olympus\"},\n");

  time_parse ("1,000 checks", plain, 0);
  time_parse ("1,000 checks with a window each", windows, 0);
  time_parse ("1,000 invalid checks", invalid, 1000);
  time_parse ("1,000 checks in an unknown zone", unknown, 1000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/config/real-sample", test_real_sample);
  g_test_add_func ("/config/defaults", test_defaults);
  g_test_add_func ("/config/good-members", test_good_members);
  g_test_add_func ("/config/bad-member-is-an-error-of-that-check", test_bad_members);
  g_test_add_func ("/config/missing-member-is-an-error-of-that-check", test_missing_members);
  g_test_add_func ("/config/error-names-line-and-column", test_error_position);
  g_test_add_func ("/config/long-value-is-cut-in-the-error", test_long_value_is_cut);
  g_test_add_func ("/config/names-of-checks", test_check_names);
  g_test_add_func ("/config/of-duplicate-checks-the-last-counts", test_duplicate_checks);
  g_test_add_func ("/config/checks-are-sorted-by-name", test_sorted_by_name);
  g_test_add_func ("/config/span-is-the-check-as-written", test_span_is_the_check_as_written);
  g_test_add_func ("/config/bad-root-is-an-error-of-the-file", test_bad_roots);
  g_test_add_func ("/config/unknown-members-are-allowed", test_unknown_members_are_allowed);
  g_test_add_func ("/config/pauses", test_pauses);
  g_test_add_func ("/config/pause-of-all", test_pause_of_all);
  g_test_add_func ("/config/bad-pause-makes-the-check-invalid",
                   test_bad_pause_makes_the_check_invalid);
  g_test_add_func ("/config/every-problem-in-the-order-of-the-text",
                   test_every_problem_in_the_order_of_the_text);
  g_test_add_func ("/config/every-problem-of-the-root", test_every_problem_of_the_root);
  g_test_add_func ("/config/no-problem-in-what-duplicates-replace", test_no_problem);
  g_test_add_func ("/config/error-is-the-first-problem", test_error_is_the_first_problem);
  g_test_add_func ("/config/pause-of-no-check-is-no-error", test_pause_of_no_check_is_no_error);
  g_test_add_func ("/config/found-value-is-one-line", test_found_value_is_one_line);
  g_test_add_func ("/config/100000-problems-are-told", test_number_of_problems);
  g_test_add_func ("/config/a-thousand-checks-are-the-limit", test_number_of_checks);
  g_test_add_func ("/config/16-mib-are-the-limit", test_size);
  g_test_add_func ("/config/time-of-1000-checks", test_time);

  return g_test_run ();
}
