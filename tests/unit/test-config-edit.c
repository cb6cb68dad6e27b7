/* SPDX-License-Identifier: MIT */

#include "config/heartbeat-config-edit.h"

#include <string.h>

#include "base/heartbeat-error.h"
#include "heartbeat-test.h"

#define CHECKS "\"checks\": {\"a\": {\"cadenceMs\": 1000}}"

typedef struct
{
  const char *name;
  HeartbeatConfigEditKind kind;
  const char *check;
  gint64 until;
  const char *reason;
  const char *before;
  const char *after;
} Case;

static const Case cases[] = {
  { "pause", HEARTBEAT_CONFIG_EDIT_PAUSE, "a", 0, "", "{" CHECKS ", \"paused\": {}}",
    "{" CHECKS ", \"paused\": {\"a\": true}}" },
  { "pause-all", HEARTBEAT_CONFIG_EDIT_PAUSE, "*", 0, "", "{" CHECKS ", \"paused\": {}}",
    "{" CHECKS ", \"paused\": {\"*\": true}}" },
  { "pause-without-paused", HEARTBEAT_CONFIG_EDIT_PAUSE, "a", 5, "", "{" CHECKS "}",
    "{" CHECKS ", \"paused\": {\"a\": {\"until\": 5}}}" },
  { "pause-with-reason", HEARTBEAT_CONFIG_EDIT_PAUSE, "a", 5, "a \"b\"\n",
    "{" CHECKS ", \"paused\":{}}",
    "{" CHECKS ", \"paused\":{\"a\": {\"until\": 5, \"reason\": \"a \\\"b\\\"\\u000a\"}}}" },
  { "pause-for-ever-with-reason", HEARTBEAT_CONFIG_EDIT_PAUSE, "a", 0, "x",
    "{\"paused\":{\"a\":true}}", "{\"paused\":{\"a\":{\"reason\": \"x\"}}}" },
  { "resume", HEARTBEAT_CONFIG_EDIT_RESUME, "a", 0, "", "{\"paused\": {\"a\": true, \"b\": 1e0}}",
    "{\"paused\": {\"b\": 1e0}}" },
  { "resume-what-is-not-paused", HEARTBEAT_CONFIG_EDIT_RESUME, "a", 0, "", "{" CHECKS "}",
    "{" CHECKS "}" },
  { "resume-duplicates", HEARTBEAT_CONFIG_EDIT_RESUME, "a", 0, "",
    "{\"paused\": {\"a\": true, \"a\": {\"until\": 1}}}", "{\"paused\": {}}" },
  { "disable", HEARTBEAT_CONFIG_EDIT_DISABLE, "a", 0, "", "{" CHECKS "}",
    "{\"checks\": {\"a\": {\"cadenceMs\": 1000, \"enabled\": false}}}" },
  { "enable", HEARTBEAT_CONFIG_EDIT_ENABLE, "a", 0, "",
    "{\"checks\": {\"a\": {\"enabled\" : false}}}", "{\"checks\": {\"a\": {\"enabled\" : true}}}" },
};

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (HeartbeatConfigEdit) change = heartbeat_config_edit_new (c->kind, c->check);
  g_autoptr (GBytes) before = g_bytes_new_static (c->before, strlen (c->before));
  g_autoptr (GBytes) after = NULL;
  g_autoptr (GError) error = NULL;

  change->until = c->until;
  g_free (change->reason);
  change->reason = g_strdup (c->reason);
  after = heartbeat_config_edit_apply (before, change, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (after, NULL), g_bytes_get_size (after), c->after,
                   strlen (c->after));
}

static void
test_errors (void)
{
  static const char *const texts[] = { "{\"checks\": {}}", "{", "[]", "{\"checks\": {\"a\": 1}}" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (HeartbeatConfigEdit) change
          = heartbeat_config_edit_new (HEARTBEAT_CONFIG_EDIT_DISABLE, "a");
      g_autoptr (GBytes) text = g_bytes_new_static (texts[i], strlen (texts[i]));
      g_autoptr (GError) error = NULL;

      g_assert_null (heartbeat_config_edit_apply (text, change, &error));
      g_assert_nonnull (error);
      g_assert_true (error->domain == HEARTBEAT_ERROR);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  hbtest_add_cases ("/change", cases, test_case);
  g_test_add_func ("/config-edit/errors", test_errors);
  return g_test_run ();
}
