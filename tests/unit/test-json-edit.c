/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "json/heartbeat-json-edit.h"
#include "base/heartbeat-error.h"
#include "json/heartbeat-json.h"

static const char *const no_path[] = { NULL };
static const char *const ping_path[] = { "checks", "ping", NULL };

/* A text in a buffer of just its size. */
static GBytes *
bytes_of (const char *text)
{
  return g_bytes_new (text, strlen (text));
}

static char *
string_of (GBytes *bytes)
{
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);

  return g_strndup (data, length);
}

static void
assert_set (const char *before,
            const char *const *path,
            const char *name,
            const char *value,
            const char *after)
{
  g_autoptr (GBytes) text = bytes_of (before);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) changed = heartbeat_json_edit_set_member (text, path, name, value, &error);
  g_autofree char *found = NULL;

  g_assert_no_error (error);
  found = string_of (changed);
  g_assert_cmpstr (found, ==, after);
}

static void
assert_removed (const char *before, const char *name, const char *after)
{
  g_autoptr (GBytes) text = bytes_of (before);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) changed = heartbeat_json_edit_remove_member (text, no_path, name, &error);
  g_autofree char *found = NULL;

  g_assert_no_error (error);
  found = string_of (changed);
  g_assert_cmpstr (found, ==, after);
}

typedef struct
{
  const char *before;
  const char *after;
} Case;

static void
test_replaces_only_the_value (void)
{
  static const Case cases[] = {
    /* first, in the middle, last, alone */
    { "{\"checks\":{\"ping\":{\"lastRun\":0,\"a\":1}}}",
      "{\"checks\":{\"ping\":{\"lastRun\":7,\"a\":1}}}" },
    { "{\"checks\":{\"ping\":{\"b\":2, \"lastRun\" : 0 , \"a\":1}}}",
      "{\"checks\":{\"ping\":{\"b\":2, \"lastRun\" : 7 , \"a\":1}}}" },
    { "{\"checks\":{\"ping\":{\"b\":2,\t\"lastRun\":\t0\t}}}",
      "{\"checks\":{\"ping\":{\"b\":2,\t\"lastRun\":\t7\t}}}" },
    { "{\"checks\":{\"ping\":{\"lastRun\":0}}}", "{\"checks\":{\"ping\":{\"lastRun\":7}}}" },
    /* any kind of value */
    { "{\"checks\":{\"ping\":{\"lastRun\":\"x, }\"}}}", "{\"checks\":{\"ping\":{\"lastRun\":7}}}" },
    { "{\"checks\":{\"ping\":{\"lastRun\":1.5e3}}}", "{\"checks\":{\"ping\":{\"lastRun\":7}}}" },
    { "{\"checks\":{\"ping\":{\"lastRun\":{\"lastRun\":[1]}}}}",
      "{\"checks\":{\"ping\":{\"lastRun\":7}}}" },
    /* not the one in meta, of another check, or of the root */
    { "{\"lastRun\":1,\"checks\":{\"a\":{\"lastRun\":2},\"ping\":{\"meta\":{\"lastRun\":3},"
      "\"lastRun\":4},\"z\":{\"lastRun\":5}}}",
      "{\"lastRun\":1,\"checks\":{\"a\":{\"lastRun\":2},\"ping\":{\"meta\":{\"lastRun\":3},"
      "\"lastRun\":7},\"z\":{\"lastRun\":5}}}" },
    /* of duplicates the last, of checks and of members */
    { "{\"checks\":{\"ping\":{\"lastRun\":1},\"ping\":{\"lastRun\":2,\"lastRun\":3}}}",
      "{\"checks\":{\"ping\":{\"lastRun\":1},\"ping\":{\"lastRun\":2,\"lastRun\":7}}}" },
    { "{\"checks\":{\"ping\":{\"lastRun\":1}},\"checks\":{\"ping\":{\"lastRun\":2}}}",
      "{\"checks\":{\"ping\":{\"lastRun\":1}},\"checks\":{\"ping\":{\"lastRun\":7}}}" },
    /* names with escapes */
    { "{\"\\u0063hecks\":{\"p\\u0069ng\":{\"last\\u0052un\":1}}}",
      "{\"\\u0063hecks\":{\"p\\u0069ng\":{\"last\\u0052un\":7}}}" },
    /* line ends, tabs, byte-order mark, no newline at the end, numbers that no double holds */
    { "\xef\xbb\xbf{\r\n\t\"checks\": {\r\n\t\t\"ping\": {\r\n\t\t\t\"x\": "
      "1e400,\r\n\t\t\t\"lastRun\": 0\r\n\t\t}\r\n\t}\r\n}",
      "\xef\xbb\xbf{\r\n\t\"checks\": {\r\n\t\t\"ping\": {\r\n\t\t\t\"x\": "
      "1e400,\r\n\t\t\t\"lastRun\": 7\r\n\t\t}\r\n\t}\r\n}" },
    { "{\"n\":123456789012345678901234567890,\"checks\":{\"ping\":{\"lastRun\":0,\"f\":0.1,\"g\":-"
      "0,\"h\":1.0E+2}}}\n\n",
      "{\"n\":123456789012345678901234567890,\"checks\":{\"ping\":{\"lastRun\":7,\"f\":0.1,\"g\":-"
      "0,\"h\":1.0E+2}}}\n\n" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_set (cases[i].before, ping_path, "lastRun", "7", cases[i].after);
}

static void
test_adds_with_the_neighbours_layout (void)
{
  static const Case cases[] = {
    { "{}", "{\"n\": 7}" },
    { " {} ", " {\"n\": 7} " },
    { "{\"a\":1}", "{\"a\":1,\"n\":7}" },
    { "{\"a\": 1}", "{\"a\": 1, \"n\": 7}" },
    { "{ \"a\": 1 }", "{ \"a\": 1, \"n\": 7 }" },
    { "{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2,\"n\":7}" },
    { "{\"a\": 1, \"b\": 2}", "{\"a\": 1, \"b\": 2, \"n\": 7}" },
    { "{\"a\": 1,\t\"b\": 2}", "{\"a\": 1,\t\"b\": 2,\t\"n\": 7}" },
    { "{\n  \"a\": 1\n}", "{\n  \"a\": 1,\n  \"n\": 7\n}" },
    { "{\n  \"a\":1,\n  \"b\":2\n}\n", "{\n  \"a\":1,\n  \"b\":2,\n  \"n\":7\n}\n" },
    { "{\n\t\"a\": 1,\n\t\"b\": {\n\t\t\"c\": 1\n\t}\n}",
      "{\n\t\"a\": 1,\n\t\"b\": {\n\t\t\"c\": 1\n\t},\n\t\"n\": 7\n}" },
    { "{\r\n  \"a\": 1,\r\n  \"b\": 2\r\n}\r\n",
      "{\r\n  \"a\": 1,\r\n  \"b\": 2,\r\n  \"n\": 7\r\n}\r\n" },
    { "{\r  \"a\": 1\r}", "{\r  \"a\": 1,\r  \"n\": 7\r}" },
    { "{\n\"a\": 1\n}", "{\n\"a\": 1,\n\"n\": 7\n}" },
    { "{\n\n  \"a\": 1,\n\n  \"b\": 2\n\n}", "{\n\n  \"a\": 1,\n\n  \"b\": 2,\n  \"n\": 7\n\n}" },
    { "{ \"a\": 1,\n  \"b\": 2 }", "{ \"a\": 1,\n  \"b\": 2,\n  \"n\": 7 }" },
    { "{\n  \"a\": 1, \"b\": 2\n}", "{\n  \"a\": 1, \"b\": 2,\n  \"n\": 7\n}" },
    { "{\n    \"a\": 1\n  , \"b\": 2\n}", "{\n    \"a\": 1\n  , \"b\": 2,\n    \"n\": 7\n}" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_set (cases[i].before, no_path, "n", "7", cases[i].after);
}

static void
test_quotes_a_new_name (void)
{
  assert_set ("{}", no_path, "a\"\\\n", "true", "{\"a\\\"\\\\\\u000a\": true}");
}

static void
test_removes_one_member (void)
{
  static const Case cases[] = {
    { "{\"n\":1}", "{}" },
    { "{ \"n\" : 1 }", "{}" },
    { "{\n  \"n\": 1\n}\n", "{}\n" },
    { "{\"n\":1,\"b\":2}", "{\"b\":2}" },
    { "{\n  \"n\": 1,\n  \"b\": 2\n}", "{\n  \"b\": 2\n}" },
    { "{\n  \"a\": 1,\n  \"n\": [1, 2],\n  \"b\": 2\n}", "{\n  \"a\": 1,\n  \"b\": 2\n}" },
    { "{\r\n  \"a\": 1,\r\n  \"n\": {\"n\": 3}\r\n}", "{\r\n  \"a\": 1\r\n}" },
    { "{\"a\": 1, \"n\": 1}", "{\"a\": 1}" },
    { "{\"a\": {\"n\": 1}}", "{\"a\": {\"n\": 1}}" },
    { "{\"n\":1,\"a\":2,\"\\u006e\":3}", "{\"a\":2}" },
    { "{\"n\":1,\"n\":2}", "{}" },
    { "{}", "{}" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_removed (cases[i].before, "n", cases[i].after);
}

static void
test_nothing_to_remove_gives_the_same_text (void)
{
  g_autoptr (GBytes) text = bytes_of ("{\"a\": 1}");
  g_autoptr (GBytes) same = heartbeat_json_edit_remove_member (text, no_path, "n", NULL);

  g_assert_true (same == text);
}

static void
test_path_leads_nowhere (void)
{
  static const struct
  {
    const char *text;
    int code;
  } cases[] = {
    { "{}", HEARTBEAT_ERROR_NO_SUCH_CHECK },
    { "[]", HEARTBEAT_ERROR_NO_SUCH_CHECK },
    { "{\"checks\":{}}", HEARTBEAT_ERROR_NO_SUCH_CHECK },
    { "{\"checks\":[\"ping\"]}", HEARTBEAT_ERROR_NO_SUCH_CHECK },
    { "{\"checks\":{\"PING\":{}}}", HEARTBEAT_ERROR_NO_SUCH_CHECK },
    { "{\"checks\":{\"ping\":1}}", HEARTBEAT_ERROR_CONFIG_UNUSABLE },
    { "{\"checks\":{\"ping\":{}}", HEARTBEAT_ERROR_INVALID_ARGUMENT },
    { "", HEARTBEAT_ERROR_INVALID_ARGUMENT },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) text = bytes_of (cases[i].text);
      g_autoptr (GError) error = NULL;
      g_autoptr (GError) other = NULL;

      g_assert_null (heartbeat_json_edit_set_member (text, ping_path, "lastRun", "7", &error));
      g_assert_error (error, HEARTBEAT_ERROR, cases[i].code);
      g_assert_null (heartbeat_json_edit_remove_member (text, ping_path, "lastRun", &other));
      g_assert_error (other, HEARTBEAT_ERROR, cases[i].code);
    }
}

/* --- Generated texts ------------------------------------------------------------------------------------------------ */

static const char *
pick (GRand *rand, const char *const *choices, guint n)
{
  return choices[g_rand_int_range (rand, 0, n)];
}

static void
space (GRand *rand, GString *out)
{
  static const char *const choices[]
      = { "", "", " ", "\n", "\r\n", "\t", "\n    ", "\r\n\t\t", "\r", " \t ", "\n\n  " };

  g_string_append (out, pick (rand, choices, G_N_ELEMENTS (choices)));
}

static void
value (GRand *rand, GString *out, guint depth)
{
  static const char *const scalars[] = { "0",
                                         "-0",
                                         "0.1",
                                         "1e400",
                                         "123456789012345678901234567890",
                                         "1.0E+2",
                                         "true",
                                         "null",
                                         "\"\\u00e9\\\"\"",
                                         "\"{\\\\\"",
                                         "\"\"",
                                         "{}",
                                         "\"], \"",
                                         "1771796220000.0",
                                         "1.7e12",
                                         "\"1771796220000\"",
                                         "-1E-400",
                                         "\"\\ud83d\\ude00\\u0000\"",
                                         "[ ]",
                                         "\"\xc3\xa9\xf0\x9f\x98\x80\"" };
  static const char *const names[]
      = { "\"a\"", "\"lastRun\"",        "\"l\\u0061stRun\"",  "\"meta\"",     "\"ping\"",
          "\"\"",  "\"\\ud83d\\ude00\"", "\"\\\"\\\\\\/\\b\"", "\"lastRun \"", "\"lastrun\"" };
  guint n = g_rand_int_range (rand, 0, 4);
  gboolean object = g_rand_boolean (rand);

  if (depth == 0 || n == 0)
    {
      g_string_append (out, pick (rand, scalars, G_N_ELEMENTS (scalars)));
      return;
    }
  g_string_append_c (out, object ? '{' : '[');
  for (guint i = 0; i < n; i++)
    {
      space (rand, out);
      if (object)
        {
          g_string_append (out, pick (rand, names, G_N_ELEMENTS (names)));
          space (rand, out);
          g_string_append_c (out, ':');
          space (rand, out);
        }
      value (rand, out, depth - 1);
      space (rand, out);
      if (i + 1 < n)
        g_string_append_c (out, ',');
    }
  g_string_append_c (out, object ? '}' : ']');
}

/* A text with checks.ping in it; what goes before and after the members of ping is in @head and @tail. */
static char *
document (GRand *rand, GString *head, GString *tail, guint *n_members)
{
  static const char *const names[]
      = { "\"lastRun\"", "\"cadenceMs\"",      "\"l\\u0061stRun\"",   "\"meta\"",
          "\"x\"",       "\"\\ud83d\\ude00\"", "\"\\\"lastRun\\\"\"", "\"\xf0\x9f\x98\x80\"" };
  GString *out = g_string_new (NULL);

  if (g_rand_boolean (rand))
    g_string_append (head, "\xef\xbb\xbf");
  space (rand, head);
  g_string_append (head, "{\"big\":");
  value (rand, head, 3);
  g_string_append (head, ",\"checks\":{\"other\":");
  value (rand, head, 3);
  g_string_append (head, ",\"ping\":{");
  space (rand, tail);
  g_string_append (tail, "}}");
  g_string_append (tail, ",\"more\":");
  value (rand, tail, 3);
  g_string_append_c (tail, '}');
  space (rand, tail);

  g_string_append (out, head->str);
  *n_members = g_rand_int_range (rand, 0, 5);
  for (guint i = 0; i < *n_members; i++)
    {
      space (rand, out);
      g_string_append (out, pick (rand, names, G_N_ELEMENTS (names)));
      space (rand, out);
      g_string_append_c (out, ':');
      space (rand, out);
      value (rand, out, 2);
      if (i + 1 == *n_members)
        break;
      space (rand, out);
      g_string_append_c (out, ',');
    }
  g_string_append (out, tail->str);
  return g_string_free (out, FALSE);
}

static gboolean
find_ping (GBytes *text, HeartbeatJson *ping)
{
  HeartbeatJson root, checks;
  gsize length;
  const char *data = g_bytes_get_data (text, &length);
  g_autoptr (GError) error = NULL;

  heartbeat_json_scan (data, length, HEARTBEAT_JSON_ALLOW_BOM, &root, &error);
  g_assert_no_error (error);
  return heartbeat_json_get_member (&root, "checks", &checks)
         && heartbeat_json_get_member (&checks, "ping", ping);
}

static guint
count_members (const HeartbeatJson *object)
{
  HeartbeatJsonIter iter;
  HeartbeatJson name, member;
  guint n = 0;

  heartbeat_json_iter_init (&iter, object);
  while (heartbeat_json_iter_member (&iter, &name, &member))
    n++;
  return n;
}

/* How the generated texts were made up: a generator that makes only one kind tests little. */
typedef struct
{
  guint missing;
  guint first;
  guint last;
  guint strings;
  guint numbers;
  guint containers;
  guint duplicates;
} Kinds;

static void
count_kinds (Kinds *kinds, const HeartbeatJson *ping)
{
  HeartbeatJsonIter iter;
  HeartbeatJson name, member, found;
  guint n = 0, at = 0, i = 0;

  heartbeat_json_iter_init (&iter, ping);
  for (; heartbeat_json_iter_member (&iter, &name, &member); i++)
    if (heartbeat_json_equals (&name, "lastRun"))
      {
        found = member;
        at = i;
        n++;
      }
  kinds->missing += n == 0;
  kinds->duplicates += n > 1;
  if (n == 0)
    return;
  kinds->first += at == 0;
  kinds->last += at + 1 == i;
  kinds->strings += *found.start == '"';
  kinds->containers += *found.start == '{' || *found.start == '[';
  kinds->numbers += *found.start == '-' || g_ascii_isdigit (*found.start);
}

/* Replaced: what stands around the old value stands around the new one. Added: the old text and one insertion. */
static void
assert_one_span (GBytes *before, GBytes *after, const HeartbeatJson *old, const HeartbeatJson *new)
{
  gsize old_length, new_length, prefix = 0, suffix = 0;
  const char *a = g_bytes_get_data (before, &old_length);
  const char *b = g_bytes_get_data (after, &new_length);

  if (old != NULL)
    {
      g_assert_cmpmem (a, (old->start - a), b, (new->start - b));
      g_assert_cmpmem (old->end, (a + old_length - old->end), new->end,
                       (b + new_length - new->end));
      return;
    }
  while (prefix < old_length && a[prefix] == b[prefix])
    prefix++;
  while (suffix < old_length - prefix && a[old_length - 1 - suffix] == b[new_length - 1 - suffix])
    suffix++;
  g_assert_cmpuint (prefix + suffix, ==, old_length);
}

static void
set_generated (GRand *rand, Kinds *kinds)
{
  g_autoptr (GString) head = g_string_new (NULL);
  g_autoptr (GString) tail = g_string_new (NULL);
  guint n_members;
  g_autofree char *before = document (rand, head, tail, &n_members);
  g_autoptr (GBytes) text = bytes_of (before);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) changed
      = heartbeat_json_edit_set_member (text, ping_path, "lastRun", "1771796220000", &error);
  g_autofree char *after = NULL;
  HeartbeatJson ping, old, new;
  gint64 time;
  gboolean had;

  g_assert_no_error (error);
  after = string_of (changed);
  g_assert_true (g_str_has_prefix (after, head->str));
  g_assert_true (g_str_has_suffix (after, tail->str));

  g_assert_true (find_ping (text, &ping));
  count_kinds (kinds, &ping);
  had = heartbeat_json_get_member (&ping, "lastRun", &old);
  g_assert_true (find_ping (changed, &ping));
  g_assert_cmpuint (count_members (&ping), ==, n_members + (had ? 0 : 1));
  g_assert_true (heartbeat_json_get_member (&ping, "lastRun", &new));
  g_assert_true (heartbeat_json_get_integer (&new, &time));
  g_assert_cmpint (time, ==, 1771796220000);
  assert_one_span (text, changed, had ? &old : NULL, &new);
}

static void
test_generated_set (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  Kinds kinds = { 0 };

  for (guint i = 0; i < 3000; i++)
    set_generated (rand, &kinds);
  g_test_message (
      "missing %u, first %u, last %u, strings %u, numbers %u, containers %u, several %u",
      kinds.missing, kinds.first, kinds.last, kinds.strings, kinds.numbers, kinds.containers,
      kinds.duplicates);
  for (const guint *kind = &kinds.missing; kind <= &kinds.duplicates; kind++)
    g_assert_cmpuint (*kind, >, 50);
}

static void
test_generated_remove (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);

  for (guint i = 0; i < 500; i++)
    {
      g_autoptr (GString) head = g_string_new (NULL);
      g_autoptr (GString) tail = g_string_new (NULL);
      guint n_members, gone = 0;
      g_autofree char *before = document (rand, head, tail, &n_members);
      g_autoptr (GBytes) text = bytes_of (before);
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) changed
          = heartbeat_json_edit_remove_member (text, ping_path, "lastRun", &error);
      HeartbeatJson ping, name, member;
      HeartbeatJsonIter iter;
      g_autofree char *after = NULL;

      g_assert_no_error (error);
      after = string_of (changed);
      g_assert_true (g_str_has_prefix (after, head->str));
      g_assert_true (g_str_has_suffix (after, strchr (tail->str, '}')));

      g_assert_true (find_ping (text, &ping));
      heartbeat_json_iter_init (&iter, &ping);
      while (heartbeat_json_iter_member (&iter, &name, &member))
        if (heartbeat_json_equals (&name, "lastRun"))
          gone++;
      g_assert_true (find_ping (changed, &ping));
      g_assert_false (heartbeat_json_get_member (&ping, "lastRun", &member));
      g_assert_cmpuint (count_members (&ping), ==, n_members - gone);
    }
}

static void
test_add_and_remove_gives_the_same_text (void)
{
  static const char *const texts[]
      = { "{}", "{\"a\":1}", "{ \"a\": 1, \"b\": 2 }", "{\r\n  \"a\": 1\r\n}\r\n",
          "{\n\t\"a\": {\n\t\t\"n\": 1\n\t}\n}\n" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GBytes) text = bytes_of (texts[i]);
      g_autoptr (GBytes) more = heartbeat_json_edit_set_member (text, no_path, "n", "true", NULL);
      g_autoptr (GBytes) back = heartbeat_json_edit_remove_member (more, no_path, "n", NULL);

      g_assert_true (g_bytes_equal (text, back));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/edit/replaces-only-the-value", test_replaces_only_the_value);
  g_test_add_func ("/edit/adds-with-the-neighbours-layout", test_adds_with_the_neighbours_layout);
  g_test_add_func ("/edit/quotes-a-new-name", test_quotes_a_new_name);
  g_test_add_func ("/edit/removes-member-and-its-space", test_removes_one_member);
  g_test_add_func ("/edit/nothing-to-remove-gives-the-same-text",
                   test_nothing_to_remove_gives_the_same_text);
  g_test_add_func ("/edit/path-leads-nowhere-is-an-error", test_path_leads_nowhere);
  g_test_add_func ("/edit/generated-set-changes-one-span", test_generated_set);
  g_test_add_func ("/edit/generated-remove-keeps-all-else", test_generated_remove);
  g_test_add_func ("/edit/add-then-remove-gives-the-same-text",
                   test_add_and_remove_gives_the_same_text);

  return g_test_run ();
}
