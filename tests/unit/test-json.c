/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "base/heartbeat-error.h"
#include "json/heartbeat-json.h"

/* Every text is copied into a buffer of just its size, so that the sanitizer sees a byte read past its end. */
typedef struct
{
  char *bytes;
  gsize length;
  HeartbeatJson root;
} Text;

static void
text_free (Text *text)
{
  g_free (text->bytes);
  g_free (text);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Text, text_free)

static Text *
text_new (const char *bytes, gssize length)
{
  Text *text = g_new0 (Text, 1);

  text->length = length < 0 ? strlen (bytes) : (gsize) length;
  text->bytes = g_memdup2 (bytes, text->length);
  return text;
}

static gboolean
scan (Text *text, HeartbeatJsonFlags flags, GError **error)
{
  return heartbeat_json_scan (text->bytes, text->length, flags, &text->root, error);
}

/* A text that must be good. */
static Text *
parse (const char *bytes)
{
  g_autoptr (Text) text = text_new (bytes, -1);
  g_autoptr (GError) error = NULL;

  scan (text, HEARTBEAT_JSON_NONE, &error);
  g_assert_no_error (error);
  return g_steal_pointer (&text);
}

static void
assert_refused (const char *bytes, gssize length, HeartbeatJsonFlags flags, const char *start)
{
  g_autoptr (Text) text = text_new (bytes, length);
  g_autoptr (GError) error = NULL;

  if (scan (text, flags, &error))
    g_error ("accepted: %s", bytes);
  g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT);
  if (start != NULL && !g_str_has_prefix (error->message, start))
    g_error ("%s: “%s” does not begin with “%s”", bytes, error->message, start);
}

static void
test_accepts (void)
{
  static const char *const good[] = { "0",
                                      "-0",
                                      "-1",
                                      "1.5",
                                      "0.1",
                                      "1e5",
                                      "1E+5",
                                      "1e-5",
                                      "0e0",
                                      "0.0e00",
                                      "1e400",
                                      "-1e-400",
                                      "123456789012345678901234567890",
                                      "\"\"",
                                      "\"a\"",
                                      "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
                                      "\"\\u0000\"",
                                      "\"\\uD83D\\uDE00\"",
                                      "\"\\ud800\\udc00\"",
                                      "\"\xc3\xa9\xf0\x9f\x98\x80\"",
                                      "\"\x7f\"",
                                      "true",
                                      "false",
                                      "null",
                                      "[]",
                                      "{}",
                                      "[1]",
                                      "[ ]",
                                      "{ }",
                                      "[1,2,[3,{}]]",
                                      "{\"\":1}",
                                      "{\"a\":{\"b\":[]},\"a\":1}",
                                      " \t\r\n[ \t\r\n1 \t\r\n, \t\r\n2 \t\r\n] \t\r\n",
                                      "{ \"a\" : 1 , \"b\" : [ true , false , null ] }",
                                      "\"/\"",
                                      "\"\xe2\x80\xa8\"",
                                      "[\"]\",\"}\"]" };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (Text) text = text_new (good[i], -1);
      g_autoptr (GError) error = NULL;

      if (!scan (text, HEARTBEAT_JSON_NONE, &error))
        g_error ("refused: %s: %s", good[i], error->message);
    }
}

static void
test_refuses (void)
{
  static const char *const bad[] = { "",
                                     " ",
                                     "\n",
                                     "+1",
                                     "-",
                                     "--1",
                                     "01",
                                     "-01",
                                     "00",
                                     "1.",
                                     ".5",
                                     "1.e5",
                                     "1e",
                                     "1e+",
                                     "1e-",
                                     "0x10",
                                     "1a",
                                     "1 2",
                                     "NaN",
                                     "Infinity",
                                     "-Infinity",
                                     "True",
                                     "nul",
                                     "tru",
                                     "fals",
                                     "nulll",
                                     "truefalse",
                                     "'a'",
                                     "\"",
                                     "\"a",
                                     "\"\\",
                                     "\"\\\"",
                                     "\"\\x41\"",
                                     "\"\\u\"",
                                     "\"\\u12\"",
                                     "\"\\u123\"",
                                     "\"\\u123g\"",
                                     "\"\\U0041\"",
                                     "\"\\u 123\"",
                                     "\"\\u-123\"",
                                     "\"\\ud800\"",
                                     "\"\\udc00\"",
                                     "\"\\ud800\\ud800\"",
                                     "\"\\ud800a\"",
                                     "\"\\ud800\\n\"",
                                     "\"\\ud800\\u\"",
                                     "\"\\ud800\\u0041\"",
                                     "\"\\udc00\\ud800\"",
                                     "\"\\ud800",
                                     "\"\\ud800\\",
                                     "\"\\ud800\\u",
                                     "\"\\ud800\\udc0",
                                     "\"\t\"",
                                     "\"\n\"",
                                     "\"\x1f\"",
                                     "[",
                                     "]",
                                     "{",
                                     "}",
                                     "[1",
                                     "[1,",
                                     "[1,]",
                                     "[,1]",
                                     "[1 2]",
                                     "[1,,2]",
                                     "[}",
                                     "{]",
                                     "[1}",
                                     "{\"a\":1]",
                                     "{\"a\"",
                                     "{\"a\":",
                                     "{\"a\":1",
                                     "{\"a\":1,",
                                     "{\"a\":1,}",
                                     "{,}",
                                     "{a:1}",
                                     "{1:1}",
                                     "{\"a\" 1}",
                                     "{\"a\":1 \"b\":2}",
                                     "{\"a\"::1}",
                                     "{'a':1}",
                                     "{\"a\":1}}",
                                     "[1]]",
                                     "[] []",
                                     "1,",
                                     "// c\n1",
                                     "/* c */ 1",
                                     "1 // c",
                                     "# c\n1",
                                     "var x = 1",
                                     "[1]\x0b",
                                     "\x0c[1]",
                                     "[1,\xc2\xa0"
                                     "2]",
                                     "\xef\xbb\xbf{}",
                                     "{\"a\":\xff}",
                                     "\xff",
                                     "\"\xff\"",
                                     "\"\xc3\"",
                                     "\"\xc0\x80\"",
                                     "\"\xed\xa0\x80\"",
                                     "\"\xf4\x90\x80\x80\"",
                                     "\"\xe2\x82\"",
                                     "{\"\xc3\":1}",
                                     "@",
                                     "\xf0" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_refused (bad[i], -1, HEARTBEAT_JSON_NONE, "line ");
}

static void
test_refuses_nul (void)
{
  assert_refused ("1\0", 2, HEARTBEAT_JSON_NONE, "line 1, column 2: ");
  assert_refused ("\"a\0b\"", 5, HEARTBEAT_JSON_NONE, "line 1, column 3: ");
  assert_refused ("\"\\\0\"", 4, HEARTBEAT_JSON_NONE, "line 1, column ");
  assert_refused ("\0", 1, HEARTBEAT_JSON_NONE, "line 1, column 1: ");
  assert_refused ("[1,\0", 4, HEARTBEAT_JSON_NONE, "line 1, column 4: ");
}

static void
test_no_text_at_all (void)
{
  g_autoptr (GError) error = NULL;
  HeartbeatJson root;

  g_assert_false (heartbeat_json_scan (NULL, 0, HEARTBEAT_JSON_ALLOW_BOM, &root, &error));
  g_assert_cmpstr (error->message, ==, "line 1, column 1: the text ends where a value is expected");
}

static void
test_byte_order_mark (void)
{
  g_autoptr (Text) text = text_new ("\xef\xbb\xbf[1]", -1);
  g_autoptr (GError) error = NULL;

  g_assert_true (scan (text, HEARTBEAT_JSON_ALLOW_BOM, &error));
  g_assert_no_error (error);
  g_assert_true (text->root.start == text->bytes + 3);
  assert_refused ("\xef\xbb\xbf[1]", -1, HEARTBEAT_JSON_NONE, "line 1, column 1: ");
  assert_refused ("\xef\xbb\xbf", -1, HEARTBEAT_JSON_ALLOW_BOM, "line 1, column 1: ");
  assert_refused ("\xef\xbb", -1, HEARTBEAT_JSON_ALLOW_BOM, "line 1, column 1: ");
  assert_refused ("\xef\xbb\xbf\xef\xbb\xbf[]", -1, HEARTBEAT_JSON_ALLOW_BOM, "line 1, column ");
  assert_refused ("\xef\xbb\xbf[x]", -1, HEARTBEAT_JSON_ALLOW_BOM, "line 1, column 2: ");
}

static char *
nested (guint depth)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < depth; i++)
    g_string_append (text, i % 2 == 0 ? "[" : "{\"a\":");
  g_string_append_c (text, '1');
  for (guint i = depth; i > 0; i--)
    g_string_append_c (text, (i - 1) % 2 == 0 ? ']' : '}');
  return g_string_free (text, FALSE);
}

static void
test_depth (void)
{
  g_autofree char *deepest = nested (64);
  g_autofree char *deeper = nested (65);
  g_autoptr (Text) text = parse (deepest);

  g_assert_true (text->root.end == text->bytes + text->length);
  assert_refused (deeper, -1, HEARTBEAT_JSON_NONE, NULL);
  assert_refused ("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", -1,
                  HEARTBEAT_JSON_NONE, "line 1, column 65: nesting is deeper than 64");
}

static void
test_a_million_brackets (void)
{
  const gsize n = 1000000;
  g_autofree char *open = g_malloc (n);
  g_autofree char *siblings = g_malloc (2 * n + 2);

  memset (open, '[', n);
  assert_refused (open, n, HEARTBEAT_JSON_NONE, "line 1, column 65: ");
  memset (open, '{', n);
  assert_refused (open, n, HEARTBEAT_JSON_NONE, "line 1, column 2: ");
  memset (open, ']', n);
  assert_refused (open, n, HEARTBEAT_JSON_NONE, "line 1, column 1: ");

  siblings[0] = '[';
  for (gsize i = 0; i < n - 1; i++)
    memcpy (siblings + 1 + 2 * i, "1,", 2);
  memcpy (siblings + 2 * n - 1, "1]", 2);
  {
    g_autoptr (Text) text = text_new (siblings, 2 * n + 1);
    HeartbeatJsonIter iter;
    HeartbeatJson element;
    gsize count = 0;

    g_assert_true (scan (text, HEARTBEAT_JSON_NONE, NULL));
    heartbeat_json_iter_init (&iter, &text->root);
    while (heartbeat_json_iter_element (&iter, &element))
      count++;
    g_assert_cmpuint (count, ==, n);
  }
}

static void
test_where_the_error_is (void)
{
  static const struct
  {
    const char *text;
    const char *start;
  } cases[] = {
    { "", "line 1, column 1: the text ends where a value is expected" },
    { "\n", "line 2, column 1: the text ends where a value is expected" },
    { "{\n  \"a\": 01\n}", "line 2, column 9: a number has no leading zeros" },
    { "{\r\n  \"a\": 01\r\n}", "line 2, column 9: a number has no leading zeros" },
    { "{\r  \"a\": 01\r}", "line 2, column 9: a number has no leading zeros" },
    { "\r\n\r\n\n\rx", "line 5, column 1: a value is expected here" },
    { "[\"\xc3\xa9\xf0\x9f\x98\x80\", x]", "line 1, column 8: a value is expected here" },
    { "{\"a\":1,\n \"b\" 2}", "line 2, column 6: a colon is expected here" },
    { "{\"a\":1,\n}", "line 2, column 1: a member's name in double quotes is expected here" },
    { "[1\n2]", "line 2, column 1: a comma or ] is expected here" },
    { "{\"a\":1\n]", "line 2, column 1: a comma or } is expected here" },
    { "[1,\n\n", "line 3, column 1: the text ends where a value is expected" },
    { "[1\n", "line 2, column 1: the text ends within an array" },
    { "{\"a\":1", "line 1, column 7: the text ends within an object" },
    { "\"ab", "line 1, column 4: the text ends within a string" },
    { "\"a\\x\"", "line 1, column 4: this escape does not exist in JSON" },
    { "\"a\tb\"", "line 1, column 3: a control character in a string is written as an escape" },
    { "{}\n{}", "line 2, column 1: nothing may follow the value" },
    { "[\n \"\xff\"]", "line 2, column 3: this byte is not UTF-8" },
    { "{\"a\":\n\t\"\\ud800\"}", "line 2, column " },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_refused (cases[i].text, -1, HEARTBEAT_JSON_NONE, cases[i].start);
}

static void
test_integers (void)
{
  static const struct
  {
    const char *text;
    gboolean good;
    gint64 value;
  } cases[] = {
    { "0", TRUE, 0 },
    { "-0", TRUE, 0 },
    { "-0.0", TRUE, 0 },
    { "0e400", TRUE, 0 },
    { "1", TRUE, 1 },
    { "-1", TRUE, -1 },
    { "900000", TRUE, 900000 },
    { "900000.0", TRUE, 900000 },
    { "900000.000", TRUE, 900000 },
    { "9e5", TRUE, 900000 },
    { "9E+5", TRUE, 900000 },
    { "90000000e-2", TRUE, 900000 },
    { "0.9e6", TRUE, 900000 },
    { "1771796220000", TRUE, 1771796220000 },
    { "999999999999999", TRUE, 999999999999999 },
    { "9007199254740991", TRUE, HEARTBEAT_JSON_MAX_INTEGER },
    { "-9007199254740991", TRUE, -HEARTBEAT_JSON_MAX_INTEGER },
    { "9007199254740991.0", TRUE, HEARTBEAT_JSON_MAX_INTEGER },
    { "9007199254740992", FALSE, 0 },
    { "9007199254740992.0", FALSE, 0 },
    { "-9007199254740992", FALSE, 0 },
    { "9223372036854775807", FALSE, 0 },
    { "18446744073709551616", FALSE, 0 },
    { "123456789012345678901234567890", FALSE, 0 },
    { "1e400", FALSE, 0 },
    { "-1e400", FALSE, 0 },
    { "1e16", FALSE, 0 },
    { "1.5", FALSE, 0 },
    { "0.1", FALSE, 0 },
    { "-0.5", FALSE, 0 },
    { "1e-1", FALSE, 0 },
    { "\"1\"", FALSE, 0 },
    { "true", FALSE, 0 },
    { "null", FALSE, 0 },
    { "[]", FALSE, 0 },
    { "{}", FALSE, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Text) text = parse (cases[i].text);
      gint64 value = 42;

      g_test_message ("%s", cases[i].text);
      g_assert_cmpint (heartbeat_json_get_integer (&text->root, &value), ==, cases[i].good);
      g_assert_cmpint (value, ==, cases[i].good ? cases[i].value : 42);
    }
}

static void
test_booleans (void)
{
  g_autoptr (Text) yes = parse ("true");
  g_autoptr (Text) no = parse ("false");
  g_autoptr (Text) word = parse ("\"false\"");
  gboolean value;

  g_assert_true (heartbeat_json_get_boolean (&yes->root, &value));
  g_assert_true (value);
  g_assert_true (heartbeat_json_get_boolean (&no->root, &value));
  g_assert_false (value);
  g_assert_false (heartbeat_json_get_boolean (&word->root, &value));
}

static void
test_kinds (void)
{
  static const char *const texts[] = { "{}", "[]", "\"\"", "null", "0", "true" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (Text) text = parse (texts[i]);

      g_assert_cmpint (heartbeat_json_is_object (&text->root), ==, i == 0);
      g_assert_cmpint (heartbeat_json_is_array (&text->root), ==, i == 1);
      g_assert_cmpint (heartbeat_json_is_string (&text->root), ==, i == 2);
      g_assert_cmpint (heartbeat_json_is_null (&text->root), ==, i == 3);
    }
}

static void
test_strings (void)
{
  static const struct
  {
    const char *text;
    const char *means;
    gsize length;
  } cases[] = {
    { "\"\"", "", 0 },
    { "\"abc\"", "abc", 3 },
    { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8 },
    { "\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac", 6 },
    { "\"\\ud83d\\ude00!\"", "\xf0\x9f\x98\x80!", 5 },
    { "\"\\uDBFF\\uDFFF\"", "\xf4\x8f\xbf\xbf", 4 },
    { "\"a\\u0000b\"", "a\0b", 3 },
    { "\"\\u0000\"", "\0", 1 },
    { "\"\xc3\xa9\"", "\xc3\xa9", 2 },
    { "\"\\uffff\"", "\xef\xbf\xbf", 3 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Text) text = parse (cases[i].text);
      gsize length;
      g_autofree char *means = heartbeat_json_dup_string (&text->root, &length);
      g_autofree char *whole = heartbeat_json_dup_c_string (&text->root);

      g_assert_cmpmem (means, length, cases[i].means, cases[i].length);
      g_assert_cmpint (means[length], ==, '\0');
      g_assert_cmpstr (whole, ==, strlen (means) == length ? means : NULL);
    }
}

static void
test_equals (void)
{
  static const struct
  {
    const char *text;
    const char *other;
    gboolean equal;
  } cases[] = {
    { "\"abc\"", "abc", TRUE },
    { "\"abc\"", "ab", FALSE },
    { "\"ab\"", "abc", FALSE },
    { "\"\"", "", TRUE },
    { "\"\\u0061bc\"", "abc", TRUE },
    { "\"a\\/b\"", "a/b", TRUE },
    { "\"a\\u0000\"", "a", FALSE },
    { "\"\\u0000\"", "", FALSE },
    { "1", "1", FALSE },
    { "null", "null", FALSE },
    { "[]", "", FALSE },
    { "\"ABC\"", "abc", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Text) text = parse (cases[i].text);

      g_assert_cmpint (heartbeat_json_equals (&text->root, cases[i].other), ==, cases[i].equal);
    }
}

static void
assert_value (const HeartbeatJson *value, const char *text)
{
  g_autofree char *found = heartbeat_json_dup_text (value);

  g_assert_cmpstr (found, ==, text);
}

static void
test_members (void)
{
  g_autoptr (Text) text
      = parse (" { \"a\" : 1.50 ,\"b}\":[ \"]\" , {} ]\t, \"\\u0063\\\"\":\"\\\\\""
               ",\"d\":{\"e\":[]},\"f\":null }");
  static const char *const expected[]
      = { "\"a\"",    "1.50",  "\"b}\"",     "[ \"]\" , {} ]", "\"\\u0063\\\"\"",
          "\"\\\\\"", "\"d\"", "{\"e\":[]}", "\"f\"",          "null" };
  HeartbeatJsonIter iter;
  HeartbeatJson name, value;
  guint i = 0;

  heartbeat_json_iter_init (&iter, &text->root);
  while (heartbeat_json_iter_member (&iter, &name, &value))
    {
      assert_value (&name, expected[i++]);
      assert_value (&value, expected[i++]);
    }
  g_assert_cmpuint (i, ==, G_N_ELEMENTS (expected));
  g_assert_false (heartbeat_json_iter_member (&iter, &name, &value));
}

static void
test_elements (void)
{
  g_autoptr (Text) text = parse ("[1,\"a,]\" , [2,[3]],{\"x\":[]} ,true,-0.5e1\n]");
  static const char *const expected[]
      = { "1", "\"a,]\"", "[2,[3]]", "{\"x\":[]}", "true", "-0.5e1" };
  HeartbeatJsonIter iter;
  HeartbeatJson value;
  guint i = 0;

  heartbeat_json_iter_init (&iter, &text->root);
  while (heartbeat_json_iter_element (&iter, &value))
    assert_value (&value, expected[i++]);
  g_assert_cmpuint (i, ==, G_N_ELEMENTS (expected));
}

static void
test_empty_containers (void)
{
  static const char *const texts[] = { "{}", "[]", "{ \n }", "[\t]" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (Text) text = parse (texts[i]);
      HeartbeatJsonIter iter;
      HeartbeatJson name, value;

      heartbeat_json_iter_init (&iter, &text->root);
      g_assert_false (heartbeat_json_iter_member (&iter, &name, &value));
      g_assert_false (heartbeat_json_iter_element (&iter, &value));
    }
}

static void
test_last_duplicate_counts (void)
{
  g_autoptr (Text) text = parse ("{\"a\":1,\"b\":2,\"\\u0061\":3}");
  HeartbeatJson value;

  g_assert_true (heartbeat_json_get_member (&text->root, "a", &value));
  assert_value (&value, "3");
  g_assert_true (heartbeat_json_get_member (&text->root, "b", &value));
  assert_value (&value, "2");
  g_assert_false (heartbeat_json_get_member (&text->root, "c", &value));
}

static void
test_root_span (void)
{
  g_autoptr (Text) text = parse (" \n [1] \n ");
  g_autoptr (Text) number = parse ("12");

  assert_value (&text->root, "[1]");
  assert_value (&number->root, "12");
}

/* json-glib leaves U+001F as it is. */
static void
test_print_escapes (void)
{
  for (char c = 1; c < ' '; c++)
    {
      const char text[] = { 'a', c, 'b', '\0' };
      g_autoptr (JsonNode) node = json_node_init_string (json_node_alloc (), text);
      g_autofree char *printed = heartbeat_json_print (node, FALSE);
      g_autofree char *read = NULL;
      HeartbeatJson json;

      g_assert_true (
          heartbeat_json_scan (printed, strlen (printed), HEARTBEAT_JSON_NONE, &json, NULL));
      read = heartbeat_json_dup_string (&json, NULL);
      g_assert_cmpstr (read, ==, text);
    }
}

static void
test_quote (void)
{
  static const char *const texts[]
      = { "",      "abc",    "a\"b", "a\\b", "a\nb\t\x01\x1f", "\xc3\xa9\xf0\x9f\x98\x80",
          "\x7f/", "\\u0041" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *quoted = heartbeat_json_quote (texts[i]);
      g_autoptr (Text) text = parse (quoted);
      g_autofree char *means = heartbeat_json_dup_string (&text->root, NULL);

      g_assert_cmpstr (means, ==, texts[i]);
      g_assert_true (heartbeat_json_equals (&text->root, texts[i]));
    }
}

/* Whatever the bytes are, nothing is read outside of them, and what is accepted can be walked. */
static guint
walk (const HeartbeatJson *value)
{
  HeartbeatJsonIter iter;
  HeartbeatJson name, child;
  guint count = 1;
  gint64 integer;

  heartbeat_json_get_integer (value, &integer);
  if (heartbeat_json_is_string (value))
    g_free (heartbeat_json_dup_string (value, NULL));
  if (heartbeat_json_is_object (value))
    {
      heartbeat_json_iter_init (&iter, value);
      while (heartbeat_json_iter_member (&iter, &name, &child))
        count += walk (&name) + walk (&child);
    }
  if (heartbeat_json_is_array (value))
    {
      heartbeat_json_iter_init (&iter, value);
      while (heartbeat_json_iter_element (&iter, &child))
        count += walk (&child);
    }
  return count;
}

/* Going forward step by step counts as going there at once. */
static void
test_cursor (void)
{
  static const char text[] = "\xef\xbb\xbf{\n\r\n \"\xc3\xa9\" :\r[1,\n2]\n}";
  HeartbeatJsonCursor cursor, other;

  heartbeat_json_cursor_init (&cursor, text, strlen (text));
  g_assert_cmpuint (cursor.line, ==, 1);
  g_assert_cmpuint (cursor.column, ==, 1);
  for (const char *at = text + 3; at <= text + strlen (text); at++)
    {
      if (at[-1] == '\r' && *at == '\n')
        continue;
      heartbeat_json_cursor_advance (&cursor, at);
      heartbeat_json_cursor_init (&other, text, strlen (text));
      heartbeat_json_cursor_advance (&other, at);
      g_assert_cmpuint (cursor.line, ==, other.line);
      g_assert_cmpuint (cursor.column, ==, other.column);
    }
  g_assert_cmpuint (cursor.line, ==, 6);
}

static void
test_random_bytes (void)
{
  static const char seed[]
      = "{\"a\":[1,-2.5e+3,\"\\u00e9\\ud83d\\ude00\\n\",{\"b\":null}],\"c\":true}";
  static const char alphabet[] = "{}[]\",:\\u0123eE+-.dD8cabtrfn \n\t\xc3\xa9\xff";
  g_autoptr (GRand) rand = g_rand_new_with_seed (20261123);
  guint accepted = 0;

  for (guint i = 0; i < 20000; i++)
    {
      g_autoptr (Text) text = text_new (seed, g_rand_int_range (rand, 0, sizeof seed));

      for (int n = g_rand_int_range (rand, 0, 4); n > 0 && text->length > 0; n--)
        text->bytes[g_rand_int_range (rand, 0, text->length)]
            = alphabet[g_rand_int_range (rand, 0, sizeof alphabet - 1)];
      if (!scan (text, HEARTBEAT_JSON_ALLOW_BOM, NULL))
        continue;
      g_assert_cmpuint (walk (&text->root), >=, 1);
      accepted++;
    }
  g_assert_cmpuint (accepted, >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/json/accepts-what-rfc-8259-has", test_accepts);
  g_test_add_func ("/json/refuses-everything-else", test_refuses);
  g_test_add_func ("/json/refuses-nul", test_refuses_nul);
  g_test_add_func ("/json/no-text-at-all-is-no-value", test_no_text_at_all);
  g_test_add_func ("/json/byte-order-mark-only-where-allowed", test_byte_order_mark);
  g_test_add_func ("/json/depth-64-is-the-limit", test_depth);
  g_test_add_func ("/json/a-million-brackets", test_a_million_brackets);
  g_test_add_func ("/json/error-names-line-and-column", test_where_the_error_is);
  g_test_add_func ("/json/integers-are-whole-up-to-2-53", test_integers);
  g_test_add_func ("/json/booleans", test_booleans);
  g_test_add_func ("/json/kinds", test_kinds);
  g_test_add_func ("/json/strings-are-unescaped", test_strings);
  g_test_add_func ("/json/equals-compares-what-is-meant", test_equals);
  g_test_add_func ("/json/members-in-order-with-their-spans", test_members);
  g_test_add_func ("/json/elements-in-order-with-their-spans", test_elements);
  g_test_add_func ("/json/empty-containers-have-nothing", test_empty_containers);
  g_test_add_func ("/json/last-duplicate-counts", test_last_duplicate_counts);
  g_test_add_func ("/json/root-span-has-no-space", test_root_span);
  g_test_add_func ("/json/quote-is-read-back", test_quote);
  g_test_add_func ("/json/print-escapes-control-characters", test_print_escapes);
  g_test_add_func ("/json/cursor-counts-as-from-the-start", test_cursor);
  g_test_add_func ("/json/random-bytes-are-never-overread", test_random_bytes);

  return g_test_run ();
}
