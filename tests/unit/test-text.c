/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "base/heartbeat-text.h"

typedef char *(*Function) (const char *text);

static void
assert_text (Function function, const char *text, const char *expected)
{
  g_autofree char *result = function (text);

  g_assert_cmpstr (result, ==, expected);
}

static void
test_valid (void)
{
  assert_text (heartbeat_text_dup_valid, NULL, "");
  assert_text (heartbeat_text_dup_valid, "a\n\xc3\xa9", "a\n\xc3\xa9");
  assert_text (heartbeat_text_dup_valid, "a\xff", "a\xef\xbf\xbd");
}

static void
assert_shortened (const char *text, gsize max_chars, const char *expected)
{
  g_autofree char *result = heartbeat_text_shorten (text, max_chars);

  g_assert_cmpstr (result, ==, expected);
}

static void
test_shorten (void)
{
  assert_shortened (NULL, 1, "");
  assert_shortened ("abc", 3, "abc");
  assert_shortened ("abcd", 3, "ab…");
  assert_shortened ("abcd", 1, "…");
  assert_shortened ("äöü", 3, "äöü");
  assert_shortened ("äöü\xff", 3, "äö…");
  assert_shortened ("💓💓💓💓", 3, "💓💓…");
}

static void
test_line (void)
{
  assert_text (heartbeat_text_to_line, "a \xc3\xa9", "a \xc3\xa9");
  assert_text (heartbeat_text_to_line, "one\ntwo\r\n\tthree", "one two   three");
  assert_text (heartbeat_text_to_line, "a\x1b[31mb\x7f", "a [31mb ");
  assert_text (heartbeat_text_to_line, "c1\xc2\x9b\xc2\x85.", "c1    .");
  assert_text (heartbeat_text_to_line, "\xe2\x80\xaeturned\xe2\x81\xa9", "   turned   ");
  assert_text (heartbeat_text_to_line, "\xe2\x80\x8fmark", "\xe2\x80\x8fmark");
  assert_text (heartbeat_text_to_line, "a\xff\xc3", "a\xef\xbf\xbd\xef\xbf\xbd");
}

static void
test_plain (void)
{
  assert_text (heartbeat_text_to_plain, "", "");
  assert_text (heartbeat_text_to_plain, "<b>&amp;", "<b>&amp;");
  assert_text (heartbeat_text_to_plain, "two\nlines\tand\r\nmore", "two lines and  more");
  assert_text (heartbeat_text_to_plain, "a\x1b[31mred\x1b[0m\x07\x7f", "ared");
  assert_text (heartbeat_text_to_plain, "\x1b[1;38;5;9m\x1b[K", "");
  assert_text (heartbeat_text_to_plain, "\x1b[", "[");
  assert_text (heartbeat_text_to_plain, "\x1b[31", "[31");
  assert_text (heartbeat_text_to_plain, "\x1b[3\xc3\xa4", "[3\xc3\xa4");
  assert_text (heartbeat_text_to_plain, "\x1b", "");
  assert_text (heartbeat_text_to_plain, "c1\xc2\x85gone", "c1gone");
  assert_text (heartbeat_text_to_plain, "line\xe2\x80\xa8separator", "line separator");
  assert_text (heartbeat_text_to_plain, "\xe2\x80\xaeturned\xe2\x81\xa9", "turned");
  assert_text (heartbeat_text_to_plain, "\xe2\x80\x8fmark", "\xe2\x80\x8fmark");
  assert_text (heartbeat_text_to_plain, "b\xff.", "b\xef\xbf\xbd.");
}

static void
test_controls (void)
{
  g_assert_false (heartbeat_text_has_controls (""));
  g_assert_false (heartbeat_text_has_controls ("a name\xc2\xa0\xe2\x80\x8f\xf0\x9f\x92\x93"));
  g_assert_true (heartbeat_text_has_controls ("a\n"));
  g_assert_true (heartbeat_text_has_controls ("\x7f"));
  g_assert_true (heartbeat_text_has_controls ("a\xc2\x85."));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/text/valid", test_valid);
  g_test_add_func ("/text/shorten", test_shorten);
  g_test_add_func ("/text/line", test_line);
  g_test_add_func ("/text/plain", test_plain);
  g_test_add_func ("/text/controls", test_controls);

  return g_test_run ();
}
