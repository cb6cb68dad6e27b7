/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "notify/heartbeat-notice.h"
#include "notify/heartbeat-notifier.h"
#include "notify/heartbeat-notification-thread.h"

static void
assert_text (const char *text, const char *expected)
{
  g_autofree char *clean = heartbeat_notice_clean_text (text);

  g_assert_cmpstr (clean, ==, expected);
}

static void
test_clean (void)
{
  assert_text ("", "");
  assert_text ("plain", "plain");
  assert_text ("two\nlines\tand\r\nmore", "two lines and  more");
  assert_text ("a\x1b[31mred\x1b[0m\x07\x7f", "ared");
  assert_text ("\x1b[1;38;5;9m\x1b[K", "");
  assert_text ("\x1b[", "[");
  assert_text ("\x1b[31", "[31");
  assert_text ("\x1b[3\xc3\xa4", "[3\xc3\xa4");
  assert_text ("\x1b", "");
  assert_text ("c1\xc2\x85gone", "c1gone");
  assert_text ("line\xe2\x80\xa8separator", "line separator");
  assert_text ("\xe2\x80\xaeturned\xe2\x81\xa9", "turned");
  assert_text ("\xe2\x80\x8fmark", "\xe2\x80\x8fmark");
  assert_text ("b\xff"
               "ad",
               "b\xef\xbf\xbd"
               "ad");
  assert_text ("<b>&amp;", "<b>&amp;");
}

static void
test_cut (void)
{
  g_autofree char *fits = g_strnfill (300, 'x');
  g_autofree char *longer = g_strnfill (301, 'x');
  g_autofree char *much = g_strnfill (1 << 20, 'x');
  g_autofree char *cut = g_strconcat (fits, NULL);

  memcpy (cut + 299, "\0", 1);
  assert_text (fits, fits);
  {
    g_autofree char *expected = g_strconcat (cut, "\xe2\x80\xa6", NULL);

    assert_text (longer, expected);
    assert_text (much, expected);
  }
}

static void
test_cut_counts_characters (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *clean = NULL;

  for (guint i = 0; i < 400; i++)
    g_string_append (text, "\xf0\x9f\x92\x93");
  clean = heartbeat_notice_clean_text (text->str);
  g_assert_true (g_utf8_validate (clean, -1, NULL));
  g_assert_cmpint (g_utf8_strlen (clean, -1), ==, 300);
}

static void
test_escape (void)
{
  g_autofree char *text = g_strnfill (400, '&');
  g_autofree char *markup = heartbeat_notice_clean_markup (text);
  g_autofree char *tag = heartbeat_notice_clean_markup ("<b>\"R&D\"</b>");

  g_assert_cmpstr (tag, ==, "&lt;b&gt;&quot;R&amp;D&quot;&lt;/b&gt;");
  /* Cut before it is escaped: no entity is broken. */
  g_assert_cmpuint (strlen (markup), ==, 299 * strlen ("&amp;") + strlen ("\xe2\x80\xa6"));
  g_assert_true (g_str_has_suffix (markup, "&amp;\xe2\x80\xa6"));
}

static void
test_notice (void)
{
  g_autoptr (HeartbeatNotice) notice
      = heartbeat_notice_new_for_check ("key", HEARTBEAT_NOTICE_CRITICAL, "a & b\n", "a & b",
                                        "agent", "check");

  g_assert_cmpstr (notice->summary, ==, "a & b ");
  g_assert_cmpstr (notice->body, ==, "a &amp; b");
  g_assert_cmpstr (notice->check, ==, "check");
  g_assert_false (notice->brief);
}

static void
not_called (HeartbeatNotice *notice, HeartbeatNoticeAction action, gpointer user_data)
{
  g_assert_not_reached ();
}

/* Without any bus: nothing is shown, nothing waits, and the end comes at once. */
static void
test_no_bus (void)
{
  gint64 start = g_get_monotonic_time ();
  g_autoptr (HeartbeatNotificationThread) idle
      = heartbeat_notification_thread_new (not_called, NULL);
  HeartbeatNotificationThread *busy = heartbeat_notification_thread_new (not_called, NULL);
  g_autoptr (HeartbeatNotice) notice
      = heartbeat_notice_new ("key", HEARTBEAT_NOTICE_NORMAL, "summary", "body");

  heartbeat_notification_thread_resolve (idle, "key", NULL);
  for (guint i = 0; i < 100; i++)
    heartbeat_notification_thread_present (busy, notice);
  heartbeat_notification_thread_resolve (busy, "key", NULL);
  heartbeat_notification_thread_free (busy);
  g_assert_cmpint (g_get_monotonic_time () - start, <, G_USEC_PER_SEC);
}

int
main (int argc, char **argv)
{
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus", TRUE);
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/notifier/clean", test_clean);
  g_test_add_func ("/notifier/cut", test_cut);
  g_test_add_func ("/notifier/cut-counts-characters", test_cut_counts_characters);
  g_test_add_func ("/notifier/escape", test_escape);
  g_test_add_func ("/notifier/notice", test_notice);
  g_test_add_func ("/notifier/no-bus", test_no_bus);
  return g_test_run ();
}
