/* SPDX-License-Identifier: MIT */

/* What a handler leaves behind: the first byte is its exit status, the second says whether its output was cut, then come
 * standard output and, after a NUL, standard error. */

#include <gio/gio.h>
#include <string.h>

#include "fuzz.h"
#include "handlers/heartbeat-outcome.h"

static char *
take_text (const uint8_t **data, size_t *size)
{
  const uint8_t *end = memchr (*data, '\0', *size);
  gsize length = end != NULL ? (gsize) (end - *data) : *size;
  char *text = g_strndup ((const char *) *data, length);

  *data += length + (end != NULL ? 1 : 0);
  *size -= length + (end != NULL ? 1 : 0);
  return text;
}

/* The bus drops who sends what it cannot carry, and we would not come back. */
static void
check_bus_takes (const HeartbeatOutcome *outcome)
{
  g_autoptr (GDBusMessage) message
      = g_dbus_message_new_signal ("/org/example", "org.example.Fuzz", "Finished");
  g_autoptr (GDBusMessage) again = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree guchar *blob = NULL;
  gsize size = 0;

  g_dbus_message_set_body (message,
                           g_variant_new ("(s@a{sv})", outcome->message, outcome->details));
  blob = g_dbus_message_to_blob (message, &size, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
  g_assert_no_error (error);
  again = g_dbus_message_new_from_blob (blob, size, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
  g_assert_no_error (error);
  g_assert_true (
      g_variant_equal (g_dbus_message_get_body (message), g_dbus_message_get_body (again)));
}

static void
check_outcome (const HeartbeatOutcome *outcome)
{
  g_assert_cmpint (outcome->status, >=, HEARTBEAT_STATUS_SUCCESS);
  g_assert_cmpint (outcome->status, <=, HEARTBEAT_STATUS_SKIPPED);
  if (outcome->message != NULL)
    g_assert_true (g_utf8_validate (outcome->message, -1, NULL));
  if (outcome->details == NULL)
    return;
  g_assert_true (g_variant_is_of_type (outcome->details, G_VARIANT_TYPE_VARDICT));
  g_assert_false (g_variant_is_floating (outcome->details));
  if (outcome->message != NULL)
    check_bus_takes (outcome);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = NULL;
  g_autofree char *error_text = NULL;
  g_auto (HeartbeatOutcome) outcome = { 0 };
  HeartbeatProcessOutput output = { 0 };

  if (size < 2)
    return 0;
  output.exit_status = data[0] < 128 ? data[0] << 8 : data[0] & 0x7f;
  output.truncated = data[1] & 1;
  data += 2;
  size -= 2;
  output.text = text = take_text (&data, &size);
  output.error_text = error_text = take_text (&data, &size);
  heartbeat_outcome_read (&outcome, &output);
  check_outcome (&outcome);
  return 0;
}
