/* SPDX-License-Identifier: MIT */

#include <gio/gio.h>

#include "base/heartbeat-error.h"
#include "run/heartbeat-result.h"

static void
test_facts (void)
{
  g_autoptr (HeartbeatResult) result
      = heartbeat_result_new (HEARTBEAT_STATUS_SKIPPED, "nothing to do", 5, 7,
                              g_variant_new_parsed ("{'a': <1>, 'b': <'x'>}"));
  GVariant *details = heartbeat_result_get_details (result);
  int a;

  g_assert_cmpint (heartbeat_result_get_status (result), ==, HEARTBEAT_STATUS_SKIPPED);
  g_assert_cmpstr (heartbeat_result_get_message (result), ==, "nothing to do");
  g_assert_cmpint (heartbeat_result_get_started (result), ==, 5);
  g_assert_cmpint (heartbeat_result_get_duration (result), ==, 7);
  g_assert_false (g_variant_is_floating (details));
  g_assert_true (g_variant_lookup (details, "a", "i", &a));
  g_assert_cmpint (a, ==, 1);
}

static void
test_nothing_given (void)
{
  g_autoptr (HeartbeatResult) result
      = heartbeat_result_new (HEARTBEAT_STATUS_FAILED, NULL, 0, 0, NULL);

  g_assert_cmpstr (heartbeat_result_get_message (result), ==, "");
  g_assert_true (
      g_variant_is_of_type (heartbeat_result_get_details (result), G_VARIANT_TYPE_VARDICT));
  g_assert_cmpuint (g_variant_n_children (heartbeat_result_get_details (result)), ==, 0);
}

static void
test_message_is_utf8 (void)
{
  g_autoptr (HeartbeatResult) result = heartbeat_result_new (HEARTBEAT_STATUS_FAILED,
                                                             "a\xff"
                                                             "b",
                                                             0, 0, NULL);

  g_assert_cmpstr (heartbeat_result_get_message (result), ==,
                   "a\xef\xbf\xbd"
                   "b");
}

static void
test_borrowed_details_stay (void)
{
  g_autoptr (GVariant) details = g_variant_ref_sink (g_variant_new_parsed ("@a{sv} {}"));
  HeartbeatResult *result = heartbeat_result_new (HEARTBEAT_STATUS_SUCCESS, "", 0, 0, details);

  heartbeat_result_unref (result);
  g_assert_cmpuint (g_variant_n_children (details), ==, 0);
}

static void
test_boxed (void)
{
  g_autoptr (HeartbeatResult) result
      = heartbeat_result_new (HEARTBEAT_STATUS_SUCCESS, "x", 0, 0, NULL);
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, HEARTBEAT_TYPE_RESULT);
  g_value_set_boxed (&value, result);
  g_assert_true (g_value_get_boxed (&value) == result);
}

static void
test_status_names (void)
{
  static const char *const names[] = { "", "success", "failed", "skipped" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_assert_cmpstr (heartbeat_status_to_string (i), ==, names[i]);
      g_assert_cmpint (heartbeat_status_from_string (names[i]), ==, i);
    }
  g_assert_cmpint (heartbeat_status_from_string (NULL), ==, HEARTBEAT_STATUS_NONE);
  g_assert_cmpint (heartbeat_status_from_string ("Success"), ==, HEARTBEAT_STATUS_NONE);
  g_assert_cmpint (heartbeat_status_from_string ("success "), ==, HEARTBEAT_STATUS_NONE);
}

static void
test_error_names (void)
{
  static const char *const names[]
      = { "Failed",   "NoSuchCheck",    "AlreadyRunning", "NotConnected", "InvalidArgument",
          "ReadOnly", "ConfigUnusable", "Refused",        "Returned",     "TimedOut" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = g_error_new_literal (HEARTBEAT_ERROR, i, "x");
      g_autofree char *name = g_dbus_error_encode_gerror (error);
      g_autofree char *expected = g_strconcat ("org.bloodbank.Heartbeat1.Error.", names[i], NULL);

      g_assert_cmpstr (name, ==, expected);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/result/keeps-its-facts", test_facts);
  g_test_add_func ("/result/nothing-given-is-empty", test_nothing_given);
  g_test_add_func ("/result/message-is-made-utf8", test_message_is_utf8);
  g_test_add_func ("/result/borrowed-details-stay", test_borrowed_details_stay);
  g_test_add_func ("/result/is-boxed", test_boxed);
  g_test_add_func ("/result/status-names", test_status_names);
  g_test_add_func ("/error/names-on-the-bus", test_error_names);

  return g_test_run ();
}
