/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "notify/heartbeat-notice.h"
#include "notify/heartbeat-notifier.h"
#include "notify/heartbeat-notification-thread.h"

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
test_long_notice (void)
{
  g_autofree char *text = g_strnfill (400, '&');
  g_autoptr (HeartbeatNotice) notice
      = heartbeat_notice_new ("key", HEARTBEAT_NOTICE_NORMAL, text, text);

  g_assert_cmpint (g_utf8_strlen (notice->summary, -1), ==, 300);
  /* Cut before it is escaped: no entity is broken. */
  g_assert_cmpuint (strlen (notice->body), ==, 299 * strlen ("&amp;") + strlen ("…"));
  g_assert_true (g_str_has_suffix (notice->body, "&amp;…"));
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

  g_test_add_func ("/notifier/notice", test_notice);
  g_test_add_func ("/notifier/long-notice", test_long_notice);
  g_test_add_func ("/notifier/no-bus", test_no_bus);
  return g_test_run ();
}
