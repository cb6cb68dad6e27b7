/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "base/heartbeat-error.h"
#include "base/heartbeat-setting-spec.h"
#include "heartbeat-test.h"

/* --- The table ------------------------------------------------------------------------------------------------------ */

static void
test_table (void)
{
  guint n;
  const HeartbeatSettingSpec *specs = heartbeat_setting_spec_list (&n);
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *value = NULL;

      g_assert_true (g_hash_table_add (names, (gpointer) specs[i].variable));
      g_assert_true (g_hash_table_add (names, (gpointer) specs[i].option));
      g_assert_true (heartbeat_setting_spec_find (specs[i].variable) == &specs[i]);
      if (specs[i].fallback == NULL)
        continue;
      value = heartbeat_setting_spec_parse (&specs[i], specs[i].fallback, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (value, ==, specs[i].fallback);
    }
}

static void
test_default_number (void)
{
  g_assert_cmpuint (heartbeat_setting_spec_get_default_number (
                        heartbeat_setting_spec_find ("TICK_INTERVAL_S")),
                    ==, 60);
}

/* --- Values --------------------------------------------------------------------------------------------------------- */

typedef struct
{
  const char *name;
  const char *variable;
  const char *text;
  const char *value; /* NULL where it cannot be used */
  const char *error;
} Case;

static const Case cases[] = {
  { "choice", "QUEUE_TYPE", "Quorum", "quorum", NULL },
  { "no-choice", "QUEUE_TYPE", "x", NULL,
    "QUEUE_TYPE (--queue-type) is “x”: one of classic, quorum is expected" },
  { "number", "TICK_INTERVAL_S", "060", "60", NULL },
  { "no-number", "TICK_INTERVAL_S", "1e3", NULL,
    "TICK_INTERVAL_S (--tick-interval) is “1e3”: a number from 1 to 86400 is expected" },
  { "yes", "PUBLISH_RESULTS", "ON", "yes", NULL },
  { "no", "PUBLISH_RESULTS", "0", "no", NULL },
  { "neither", "PUBLISH_RESULTS", "perhaps", NULL,
    "PUBLISH_RESULTS (--publish-results) is “perhaps”: one of no, yes, false, true, off, on, 0, 1 "
    "is "
    "expected" },
  { "text", "INBOX_HANDLER", "Mail ", "Mail ", NULL },
  { "empty-text", "INBOX_HANDLER", "", "", NULL },
  { "missing-text", "EXCHANGE_NAME", "", NULL, "EXCHANGE_NAME (--exchange) is missing" },
  { "no-utf-8", "EXCHANGE_NAME", "a\xff", NULL,
    "EXCHANGE_NAME (--exchange) is “?”: UTF-8 is expected" },
  { "secret-without-utf-8", "RABBIT_URL", "a\xff", NULL,
    "RABBIT_URL (--rabbit-url) is “…”: UTF-8 is expected" },
  { "misplaced-url", "INBOX_HANDLER", "AMQP://a:geheim@b", NULL,
    "INBOX_HANDLER (--inbox-handler) is “AMQP://…”: a broker's URL belongs in RABBIT_URL "
    "(--rabbit-url)" },
};

static void
test_value (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *value
      = heartbeat_setting_spec_parse (heartbeat_setting_spec_find (c->variable), c->text, &error);

  g_assert_cmpstr (value, ==, c->value);
  if (c->error == NULL)
    {
      g_assert_no_error (error);
      return;
    }
  g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT);
  g_assert_cmpstr (error->message, ==, c->error);
}

static void
test_text_that_is_too_long (void)
{
  const HeartbeatSettingSpec *spec = heartbeat_setting_spec_find ("EXCHANGE_NAME");
  g_autoptr (GError) error = NULL;
  g_autofree char *longest = g_strnfill (255, 'x');
  g_autofree char *longer = g_strconcat (longest, "é", NULL);
  g_autofree char *value = heartbeat_setting_spec_parse (spec, longest, NULL);

  g_assert_cmpstr (value, ==, longest);
  g_assert_null (heartbeat_setting_spec_parse (spec, longer, &error));
  longest[40] = '\0';
  g_assert_true (g_str_has_prefix (error->message, "EXCHANGE_NAME (--exchange) is “xxx"));
  hbtest_assert_contains (error->message, longest);
  hbtest_assert_contains (error->message, "x…”: at most 255 bytes are expected");
  g_assert_cmpuint (strlen (error->message), <, 120);
}

/* --- The documentation ---------------------------------------------------------------------------------------------- */

static char *
read_document (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "..", name, NULL);

  return hbtest_read (path);
}

/* What is between @start and the next @end; the test fails where there is no @start. */
static char *
cut (const char *text, const char *start, const char *end)
{
  const char *from = strstr (text, start);

  hbtest_assert_contains (text, start);
  from += strlen (start);
  return g_strndup (from, strlen (from) - strlen (strstr (from, end)));
}

static guint
count (const char *text, const char *pattern)
{
  g_autoptr (GRegex) regex = g_regex_new (pattern, G_REGEX_MULTILINE, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  guint n = 0;

  for (g_regex_match (regex, text, 0, &match); g_match_info_matches (match);
       g_match_info_next (match, NULL))
    n++;
  return n;
}

/* Both documents name each choice, and the range of a number. */
static void
assert_values (const HeartbeatSettingSpec *spec, const char *text)
{
  g_auto (GStrv) choices
      = g_strsplit (spec->type == HEARTBEAT_SETTING_CHOICE ? spec->choices : "", " ", -1);
  g_autofree char *range = g_strdup_printf ("%u to %u", spec->min, spec->max);

  for (guint i = 0; choices[i] != NULL; i++)
    hbtest_assert_contains (text, choices[i]);
  if (spec->type == HEARTBEAT_SETTING_NUMBER)
    hbtest_assert_contains (text, range);
}

static void
test_readme (void)
{
  guint n;
  const HeartbeatSettingSpec *specs = heartbeat_setting_spec_list (&n);
  g_autofree char *readme = read_document ("README.md");
  g_autofree char *chapter = cut (readme, "\n## Settings\n", "\n## ");

  g_assert_cmpuint (count (chapter, "^\\| `[A-Z_]+` \\| `--"), ==, n);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *start
          = g_strdup_printf ("\n| `%s` | `--%s` | ", specs[i].variable, specs[i].option);
      g_autofree char *row = cut (chapter, start, "\n");
      g_autofree char *fallback = cut (row, "", " | ");

      if (specs[i].fallback != NULL)
        hbtest_assert_contains (fallback, specs[i].fallback);
      assert_values (&specs[i], row);
    }
}

static void
test_man_page (void)
{
  guint n;
  const HeartbeatSettingSpec *specs = heartbeat_setting_spec_list (&n);
  g_autofree char *page = read_document ("data/man/heartbeat-consumer.1");
  g_autofree char *options = cut (page, "\n.Sh OPTIONS\n", "\n.Sh ");

  g_assert_cmpuint (count (options, "^\\.It Fl -.*, Ev "), ==, n);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *start
          = g_strdup_printf ("\n.It Fl -%s Ns = Ns Ar %s , Ev %s\n", specs[i].option,
                             specs[i].placeholder, specs[i].variable);
      g_autofree char *item = cut (options, start, "\n.It ");

      if (specs[i].fallback != NULL)
        hbtest_assert_contains (item, specs[i].fallback);
      assert_values (&specs[i], item);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/setting-spec/table", test_table);
  g_test_add_func ("/setting-spec/default-number", test_default_number);
  hbtest_add_cases ("/setting-spec/values", cases, test_value);
  g_test_add_func ("/setting-spec/text-that-is-too-long", test_text_that_is_too_long);
  g_test_add_func ("/setting-spec/readme", test_readme);
  g_test_add_func ("/setting-spec/man-page", test_man_page);

  return g_test_run ();
}
