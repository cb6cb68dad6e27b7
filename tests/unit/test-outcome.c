/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "json/heartbeat-json.h"
#include "handlers/heartbeat-outcome.h"
#include "heartbeat-test.h"

/* As `waitpid` has them. */
#define EXITED(code)   ((code) << 8)
#define KILLED(signal) (signal)

static void
read_outcome (HeartbeatOutcome *outcome, int status, const char *text, const char *error_text)
{
  HeartbeatProcessOutput output = { status, (char *) text, FALSE, (char *) error_text };

  heartbeat_outcome_read (outcome, &output);
}

static void assert_same_members (GVariant *found, GVariant *expected);

static void
assert_same (GVariant *found, GVariant *expected)
{
  if (g_variant_is_of_type (expected, G_VARIANT_TYPE_VARDICT))
    assert_same_members (found, expected);
  else
    g_assert_cmpvariant (found, expected);
}

/* The members of a dictionary have no order. */
static void
assert_same_members (GVariant *found, GVariant *expected)
{
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_assert_true (g_variant_is_of_type (found, G_VARIANT_TYPE_VARDICT));
  g_assert_cmpuint (g_variant_n_children (found), ==, g_variant_n_children (expected));
  g_variant_iter_init (&iter, expected);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    {
      g_autoptr (GVariant) member = g_variant_lookup_value (found, name, NULL);

      g_assert_nonnull (member);
      assert_same (member, value);
    }
}

static void
assert_details (const HeartbeatOutcome *outcome, const char *expected)
{
  g_autoptr (GVariant) details = NULL;

  if (expected == NULL)
    {
      g_assert_null (outcome->details);
      return;
    }
  g_assert_nonnull (outcome->details);
  details = g_variant_parse (G_VARIANT_TYPE_VARDICT, expected, NULL, NULL, NULL);
  g_assert_nonnull (details);
  assert_same_members (outcome->details, details);
}

/* --- What a program can say ---------------------------------------------------------------------------------------- */

typedef struct
{
  const char *name;
  int exit_status;
  const char *text;
  const char *error_text;
  HeartbeatStatus status;
  const char *message;
  const char *details;
} Case;

static const Case cases[] = {
  /* A JSON object with a status counts, whatever the exit status. */
  { "json/success", EXITED (0), "{\"status\": \"success\", \"message\": \"all well\"}", "",
    HEARTBEAT_STATUS_SUCCESS, "all well", NULL },
  { "json/failed", EXITED (0), "{\"status\": \"failed\", \"message\": \"no\"}", "noise",
    HEARTBEAT_STATUS_FAILED, "no", NULL },
  { "json/skipped", EXITED (0), "{\"status\": \"skipped\", \"message\": \"\"}", "",
    HEARTBEAT_STATUS_SKIPPED, "", NULL },
  { "json/beats-the-exit-status", EXITED (2), "{\"status\": \"success\"}", "noise",
    HEARTBEAT_STATUS_SUCCESS, NULL, NULL },
  { "json/white-space-around", EXITED (0), "\n \t{ \"status\"\n: \"skipped\" }\r\n\n", "",
    HEARTBEAT_STATUS_SKIPPED, NULL, NULL },
  { "json/escapes", EXITED (0),
    "{\"\\u0073tatus\": \"\\u0073uccess\", \"message\": \"\\u00e9\\n\"}", "",
    HEARTBEAT_STATUS_SUCCESS, "\xc3\xa9\n", NULL },
  { "json/the-last-duplicate-counts", EXITED (0),
    "{\"status\": \"success\", \"status\": \"failed\"}", "", HEARTBEAT_STATUS_FAILED, NULL, NULL },
  { "json/unknown-members", EXITED (0), "{\"x\": [1, {}], \"status\": \"success\"}", "",
    HEARTBEAT_STATUS_SUCCESS, NULL, NULL },
  { "json/message-of-another-type", EXITED (0), "{\"status\": \"success\", \"message\": 7}", "",
    HEARTBEAT_STATUS_SUCCESS, NULL, NULL },

  /* A status that is none has failed. */
  { "json/unknown-status", EXITED (0), "{\"status\": \"splendid\", \"message\": \"m\"}", "",
    HEARTBEAT_STATUS_FAILED, "the handler's status “splendid” is unknown", NULL },
  { "json/empty-status", EXITED (0), "{\"status\": \"\"}", "", HEARTBEAT_STATUS_FAILED,
    "the handler's status “” is unknown", NULL },
  { "json/status-in-capitals", EXITED (0), "{\"status\": \"SUCCESS\"}", "", HEARTBEAT_STATUS_FAILED,
    "the handler's status “SUCCESS” is unknown", NULL },

  /* Details. */
  { "json/details", EXITED (0),
    "{\"status\": \"success\", \"details\": {\"n\": 1, \"x\": 1.5, \"b\": true, \"s\": \"t\"}}", "",
    HEARTBEAT_STATUS_SUCCESS, NULL, "{'n': <int64 1>, 'x': <1.5>, 'b': <true>, 's': <'t'>}" },
  { "json/details-nested", EXITED (0),
    "{\"status\": \"failed\", \"details\": {\"o\": {\"i\": 1}, \"a\": [1, \"x\"]}}", "",
    HEARTBEAT_STATUS_FAILED, NULL, "{'o': <{'i': <int64 1>}>, 'a': <[<int64 1>, <'x'>]>}" },
  { "json/details-empty", EXITED (0), "{\"status\": \"success\", \"details\": {}}", "",
    HEARTBEAT_STATUS_SUCCESS, NULL, "@a{sv} {}" },
  { "json/details-of-an-unknown-status", EXITED (0), "{\"status\": \"?\", \"details\": {\"n\": 1}}",
    "", HEARTBEAT_STATUS_FAILED, "the handler's status “?” is unknown", "{'n': <int64 1>}" },
  { "json/details-of-another-type", EXITED (0), "{\"status\": \"success\", \"details\": [1]}", "",
    HEARTBEAT_STATUS_SUCCESS, NULL, NULL },

  /* JSON that is no result is a line of text. */
  { "json/without-status", EXITED (0), "{\"message\": \"m\"}", "", HEARTBEAT_STATUS_SUCCESS,
    "{\"message\": \"m\"}", NULL },
  { "json/status-of-another-type", EXITED (1), "{\"status\": 0}", "", HEARTBEAT_STATUS_FAILED,
    "{\"status\": 0}", "{'exit-status': <1>, 'plugin-state': <'warning'>}" },
  { "json/array", EXITED (0), "[\"success\"]", "", HEARTBEAT_STATUS_SUCCESS, "[\"success\"]",
    NULL },
  { "json/cut-off", EXITED (0), "{\"status\": \"failed\"", "", HEARTBEAT_STATUS_SUCCESS,
    "{\"status\": \"failed\"", NULL },
  { "json/two-objects", EXITED (0), "{\"status\": \"failed\"}\n{\"status\": \"failed\"}", "",
    HEARTBEAT_STATUS_SUCCESS, "{\"status\": \"failed\"}",
    "{'long-output': <'{\"status\": \"failed\"}'>}" },
  { "json/comments-are-no-json", EXITED (0), "/**/{\"status\": \"failed\"}", "",
    HEARTBEAT_STATUS_SUCCESS, "/**/{\"status\": \"failed\"}", NULL },
  { "json/log-line-before-it", EXITED (0), "starting\n{\"status\": \"failed\"}", "",
    HEARTBEAT_STATUS_SUCCESS, "starting", "{'long-output': <'{\"status\": \"failed\"}'>}" },

  /* The convention of monitoring plugins. */
  { "plugin/ok", EXITED (0), "DISK OK\n", "", HEARTBEAT_STATUS_SUCCESS, "DISK OK", NULL },
  { "plugin/warning", EXITED (1), "DISK WARNING\n", "", HEARTBEAT_STATUS_FAILED, "DISK WARNING",
    "{'exit-status': <1>, 'plugin-state': <'warning'>}" },
  { "plugin/critical", EXITED (2), "DISK CRITICAL\n", "", HEARTBEAT_STATUS_FAILED, "DISK CRITICAL",
    "{'exit-status': <2>, 'plugin-state': <'critical'>}" },
  { "plugin/unknown", EXITED (3), "DISK UNKNOWN\n", "", HEARTBEAT_STATUS_FAILED, "DISK UNKNOWN",
    "{'exit-status': <3>, 'plugin-state': <'unknown'>}" },
  { "plugin/any-other-status", EXITED (127), "not found", "", HEARTBEAT_STATUS_FAILED, "not found",
    "{'exit-status': <127>}" },
  { "plugin/first-line-only", EXITED (0), "  one \r\ntwo\nthree | x=1", "",
    HEARTBEAT_STATUS_SUCCESS, "one",
    "{'long-output': <'two\nthree'>, 'performance-data': <'x=1'>, "
    "'performance': <{'x': <{'value': <1.0>}>}>}" },
  { "plugin/performance-data", EXITED (0), "OK - 5% | load=0.5;1;2 up=3\nmore | y=2", "",
    HEARTBEAT_STATUS_SUCCESS, "OK - 5%",
    "{'long-output': <'more'>, 'performance-data': <'load=0.5;1;2 up=3  y=2'>, 'performance': "
    "<{'load': <{'value': <0.5>, 'warning': <'1'>, 'critical': <'2'>}>, 'up': <{'value': <3.0>}>, "
    "'y': <{'value': <2.0>}>}>}" },
  { "plugin/performance-data-of-a-failure", EXITED (2), "BAD|a=1|b=2", "", HEARTBEAT_STATUS_FAILED,
    "BAD",
    "{'exit-status': <2>, 'plugin-state': <'critical'>, 'performance-data': <'a=1|b=2'>, "
    "'performance': <{'a': <{'value': <1.0>, 'unit': <'|b=2'>}>}>}" },
  { "plugin/performance-data-alone", EXITED (0), "|a=1", "", HEARTBEAT_STATUS_SUCCESS, "",
    "{'performance-data': <'a=1'>, 'performance': <{'a': <{'value': <1.0>}>}>}" },
  { "plugin/as-the-guidelines-have-it", EXITED (0),
    "DISK OK - free space: / 3326 MB (56%); | /=2643MB;5948;5958;0;5968\n"
    "/ 15272 MB (77%);\n/boot 68 MB (69%);\n"
    "/home 69357 MB (27%); | /boot=68MB;88;93;0;98\n/home=69357MB;253404;253409;0;253414\n",
    "", HEARTBEAT_STATUS_SUCCESS, "DISK OK - free space: / 3326 MB (56%);",
    "{'long-output': <'/ 15272 MB (77%);\n/boot 68 MB (69%);\n/home 69357 MB (27%);'>, "
    "'performance-data': <'/=2643MB;5948;5958;0;5968  /boot=68MB;88;93;0;98 "
    "/home=69357MB;253404;253409;0;253414'>, 'performance': <{"
    "'/': <{'value': <2643.0>, 'unit': <'MB'>, 'warning': <'5948'>, 'critical': <'5958'>, "
    "'minimum': <0.0>, 'maximum': <5968.0>}>, "
    "'/boot': <{'value': <68.0>, 'unit': <'MB'>, 'warning': <'88'>, 'critical': <'93'>, "
    "'minimum': <0.0>, 'maximum': <98.0>}>, "
    "'/home': <{'value': <69357.0>, 'unit': <'MB'>, 'warning': <'253404'>, 'critical': "
    "<'253409'>, 'minimum': <0.0>, 'maximum': <253414.0>}>}>}" },
  { "plugin/performance-labels-and-ranges", EXITED (0),
    "OK|'it''s a=b'=1c;~:10;@5:6;; x=U;1 = y 'z", "", HEARTBEAT_STATUS_SUCCESS, "OK",
    "{'performance-data': <\"'it''s a=b'=1c;~:10;@5:6;; x=U;1 = y 'z\">, 'performance': <{"
    "\"it's a=b\": <{'value': <1.0>, 'unit': <'c'>, 'warning': <'~:10'>, 'critical': "
    "<'@5:6'>}>, 'x': <{'warning': <'1'>}>}>}" },
  { "plugin/nothing-after-the-bar", EXITED (0), "OK |\n", "", HEARTBEAT_STATUS_SUCCESS, "OK",
    NULL },

  /* A failure that says nothing on its output. */
  { "empty/success", EXITED (0), "", "noise", HEARTBEAT_STATUS_SUCCESS, "", NULL },
  { "empty/failure-tells-its-error", EXITED (1), "", "cannot open x\nat y\n",
    HEARTBEAT_STATUS_FAILED, "cannot open x", "{'exit-status': <1>, 'plugin-state': <'warning'>}" },
  { "empty/failure-without-a-word", EXITED (3), "", "", HEARTBEAT_STATUS_FAILED,
    "the program ended with status 3", "{'exit-status': <3>, 'plugin-state': <'unknown'>}" },
  { "empty/white-space-is-no-word", EXITED (1), " \n", "\t\n", HEARTBEAT_STATUS_FAILED,
    "the program ended with status 1", "{'exit-status': <1>, 'plugin-state': <'warning'>}" },
  { "empty/performance-data-and-error", EXITED (1), "|a=1", "why", HEARTBEAT_STATUS_FAILED, "why",
    "{'exit-status': <1>, 'plugin-state': <'warning'>, 'performance-data': <'a=1'>, "
    "'performance': <{'a': <{'value': <1.0>}>}>}" },

  /* Signals. */
  { "signal/without-a-word", KILLED (9), "", "", HEARTBEAT_STATUS_FAILED,
    "the program was ended by signal 9", "{'signal': <9>}" },
  { "signal/core-dumped", KILLED (11) | 0x80, "", "", HEARTBEAT_STATUS_FAILED,
    "the program was ended by signal 11", "{'signal': <11>}" },
  { "signal/with-a-line", KILLED (15), "half done\n", "", HEARTBEAT_STATUS_FAILED, "half done",
    "{'signal': <15>}" },

  /* What is no UTF-8. */
  { "utf-8/message", EXITED (0), "caf\xe9 | \xff=1", "", HEARTBEAT_STATUS_SUCCESS,
    "caf\xef\xbf\xbd",
    "{'performance-data': <'\xef\xbf\xbd=1'>, 'performance': "
    "<{'\xef\xbf\xbd': <{'value': <1.0>}>}>}" },
  { "utf-8/error", EXITED (1), "", "\xc3", HEARTBEAT_STATUS_FAILED, "\xef\xbf\xbd",
    "{'exit-status': <1>, 'plugin-state': <'warning'>}" },
  { "utf-8/json", EXITED (0), "{\"status\": \"failed\", \"message\": \"\xe9\"}", "",
    HEARTBEAT_STATUS_SUCCESS, "{\"status\": \"failed\", \"message\": \"\xef\xbf\xbd\"}", NULL },
};

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  g_auto (HeartbeatOutcome) outcome = { 0 };

  read_outcome (&outcome, c->exit_status, c->text, c->error_text);
  g_assert_cmpint (outcome.status, ==, c->status);
  g_assert_cmpstr (outcome.message, ==, c->message);
  assert_details (&outcome, c->details);
}

/* A result that was cut may have said anything. */
static void
test_cut_object (void)
{
  HeartbeatProcessOutput output
      = { EXITED (0), (char *) "\n{\"status\": \"failed\", \"details\": \"xxx", TRUE, (char *) "" };
  g_auto (HeartbeatOutcome) outcome = { 0 };

  heartbeat_outcome_read (&outcome, &output);
  g_assert_cmpint (outcome.status, ==, HEARTBEAT_STATUS_FAILED);
  hbtest_assert_contains (outcome.message, "64 KiB");
}

static void
test_cut_object_without_status (void)
{
  HeartbeatProcessOutput output = { EXITED (0), (char *) "{\"report\": \"xxx", TRUE, (char *) "" };
  g_auto (HeartbeatOutcome) outcome = { 0 };

  heartbeat_outcome_read (&outcome, &output);
  g_assert_cmpint (outcome.status, ==, HEARTBEAT_STATUS_SUCCESS);
}

static void
test_cut_line (void)
{
  HeartbeatProcessOutput output = { EXITED (0), (char *) "many words", TRUE, (char *) "" };
  g_auto (HeartbeatOutcome) outcome = { 0 };

  heartbeat_outcome_read (&outcome, &output);
  g_assert_cmpint (outcome.status, ==, HEARTBEAT_STATUS_SUCCESS);
}

static void
test_byte_order_mark (void)
{
  HeartbeatProcessOutput output
      = { EXITED (0), (char *) "\xef\xbb\xbf{\"status\": \"failed\"}", FALSE, (char *) "" };
  g_auto (HeartbeatOutcome) outcome = { 0 };

  heartbeat_outcome_read (&outcome, &output);
  g_assert_cmpint (outcome.status, ==, HEARTBEAT_STATUS_FAILED);
}

/* --- What D-Bus cannot carry ---------------------------------------------------------------------------------------- */

/* The longest chain of containers in it. */
static guint
depth_of (GVariant *value)
{
  g_autofree char *text = g_variant_print (value, FALSE);
  guint depth = 0, deepest = 0;
  char quote = '\0';

  for (const char *at = text; *at != '\0'; at++)
    {
      if (quote != '\0')
        {
          if (*at == '\\')
            at++;
          else if (*at == quote)
            quote = '\0';
        }
      else if (*at == '\'' || *at == '"')
        quote = *at;
      else if (strchr ("<[{(", *at) != NULL)
        deepest = MAX (deepest, ++depth);
      else if (strchr (">]})", *at) != NULL)
        depth--;
    }
  return deepest;
}

static char *
nest (const char *begin, const char *end, guint n)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    g_string_append (text, begin);
  g_string_append (text, "1");
  for (guint i = 0; i < n; i++)
    g_string_append (text, end);
  return g_string_free (text, FALSE);
}

/* D-Bus knows no null, and GLib's maybe types cannot be sent. */
static void
test_details_without_null (void)
{
  g_auto (HeartbeatOutcome) outcome = { 0 };

  read_outcome (&outcome, EXITED (0),
                "{\"status\": \"success\", \"details\": "
                "{\"a\": null, \"b\": [null, 1, null], \"c\": {\"d\": null}, \"e\": [null]}}",
                "");
  assert_details (&outcome, "{'b': <[<int64 1>]>, 'c': <@a{sv} {}>, 'e': <@av []>}");
}

/* A bus disconnects who sends what is nested deeper than 64; a message has layers of its own. */
static void
test_details_of_any_depth (void)
{
  for (guint n = 0; n <= HEARTBEAT_JSON_MAX_DEPTH; n++)
    {
      g_autofree char *objects = nest ("{\"o\": ", "}", n);
      g_autofree char *arrays = nest ("[", "]", n);
      g_autofree char *text
          = g_strdup_printf ("{\"status\": \"success\", \"details\": {\"o\": %s, \"a\": %s}}",
                             objects, arrays);
      g_auto (HeartbeatOutcome) outcome = { 0 };

      read_outcome (&outcome, EXITED (0), text, "");
      g_assert_cmpint (outcome.status, ==, HEARTBEAT_STATUS_SUCCESS);
      g_assert_cmpint (outcome.details != NULL, ==, n + 2 <= HEARTBEAT_JSON_MAX_DEPTH);
      if (outcome.details != NULL)
        g_assert_cmpuint (depth_of (outcome.details), <=, 48);
    }
}

/* Nothing is lost: what is too deep for a value is there as text. */
static void
test_details_too_deep_become_text (void)
{
  g_autofree char *value = nest ("[", "]", 40);
  g_autofree char *text
      = g_strdup_printf ("{\"status\": \"success\", \"details\": {\"a\": %s}}", value);
  g_autofree char *printed = NULL;
  g_auto (HeartbeatOutcome) outcome = { 0 };

  read_outcome (&outcome, EXITED (0), text, "");
  g_assert_nonnull (outcome.details);
  printed = g_variant_print (outcome.details, FALSE);
  hbtest_assert_contains (printed, "<'[[[[");
}

static void
test_details_with_odd_numbers (void)
{
  static const char *const numbers[][2] = {
    { "0", "int64 0" },
    { "-0", "int64 0" },
    { "9007199254740991", "int64 9007199254740991" },
    { "9223372036854775807", "9223372036854775807.0" },
    { "-9223372036854775808", "-9223372036854775808.0" },
    { "9223372036854775808", "9223372036854775808.0" },
    { "18446744073709551616", "18446744073709551616.0" },
    { "1e400", "'1e400'" },
    { "-1e400", "'-1e400'" },
    { "1e-400", "int64 0" },
    { "0.1", "0.1" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *text
          = g_strdup_printf ("{\"status\": \"success\", \"details\": {\"n\": %s}}", numbers[i][0]);
      g_autofree char *expected = g_strdup_printf ("{'n': <%s>}", numbers[i][1]);
      g_auto (HeartbeatOutcome) outcome = { 0 };

      read_outcome (&outcome, EXITED (0), text, "");
      g_assert_cmpint (outcome.status, ==, HEARTBEAT_STATUS_SUCCESS);
      assert_details (&outcome, expected);
    }
}

static void
test_details_with_large_integers (void)
{
  g_auto (HeartbeatOutcome) outcome = { 0 };

  read_outcome (&outcome, EXITED (0),
                "{\"status\": \"success\", \"details\": {\"n\": 18446744073709551615}}", "");
  assert_details (&outcome, "{'n': <1.8446744073709552e+19>}");
}

/* --- Texts made of noise -------------------------------------------------------------------------------------------- */

static void
test_survives_noise (void)
{
  static const char pieces[][12]
      = { "{", "}",       "\"status\"",  ":",       "\"success\"", ",",      "[",    "]",
          "|", "\n",      "\xff",        "\\u0000", "\"",          "null",   "-1e9", "\r",
          " ", "details", "\"details\"", "{}",      "\xe2\x80",    "\x1b[2J" };
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);

  for (guint i = 0; i < 20000; i++)
    {
      g_autoptr (GString) text = g_string_new (i % 2 == 0 ? "{\"status\":" : NULL);
      g_auto (HeartbeatOutcome) outcome = { 0 };

      for (gint n = g_rand_int_range (rand, 0, 12); n > 0; n--)
        g_string_append (text, pieces[g_rand_int_range (rand, 0, G_N_ELEMENTS (pieces))]);
      read_outcome (&outcome, EXITED (g_rand_int_range (rand, 0, 4)), text->str, text->str);
      g_assert_cmpint (outcome.status, !=, HEARTBEAT_STATUS_NONE);
      if (outcome.message != NULL)
        g_assert_true (g_utf8_validate (outcome.message, -1, NULL));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  hbtest_add_cases ("/outcome", cases, test_case);
  g_test_add_func ("/outcome/details/without-null", test_details_without_null);
  g_test_add_func ("/outcome/details/of-any-depth", test_details_of_any_depth);
  g_test_add_func ("/outcome/details/too-deep-become-text", test_details_too_deep_become_text);
  g_test_add_func ("/outcome/details/with-odd-numbers", test_details_with_odd_numbers);
  g_test_add_func ("/outcome/details/with-large-integers", test_details_with_large_integers);
  g_test_add_func ("/outcome/survives-noise", test_survives_noise);
  g_test_add_func ("/outcome/cut/object", test_cut_object);
  g_test_add_func ("/outcome/cut/object-without-status", test_cut_object_without_status);
  g_test_add_func ("/outcome/cut/line", test_cut_line);
  g_test_add_func ("/outcome/json/byte-order-mark", test_byte_order_mark);

  return g_test_run ();
}
