/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-error.h"
#include "run/heartbeat-run-private.h"
#include "handlers/heartbeat-command.h"
#include "heartbeat-test.h"

/* Arguments are joined by a bar; NULL stands for none. */
typedef struct
{
  const char *name;
  const char *meta;
  const char *expected;
} Case;

static const Case good[] = {
  { "array", "{\"command\": [\"/bin/echo\", \"a b\", \"\"]}", "/bin/echo|a b|" },
  { "array-of-one", "{\"command\": [\"true\"]}", "true" },
  { "array-with-escapes", "{\"command\": [\"a\\\"b\", \"\\u00e9\\n\"]}", "a\"b|\xc3\xa9\n" },
  { "string-is-for-the-shell", "{\"command\": \"echo $HOME | wc\"}", "/bin/sh|-c|echo $HOME | wc" },
  { "string-may-be-empty", "{\"command\": \"\"}", "/bin/sh|-c|" },
  { "other-members", "{\"x\": {\"command\": 1}, \"command\": \"a\", \"y\": null}", "/bin/sh|-c|a" },
  { "last-duplicate-counts", "{\"command\": 1, \"command\": [\"b\"]}", "b" },
  { "missing", "{}", NULL },
  { "missing-among-others", "{\"commands\": [\"a\"]}", NULL },
  { "meta-is-null", "null", NULL },
  { "meta-is-an-array", "[\"command\"]", NULL },
};

static const Case bad[] = {
  { "empty-array", "{\"command\": []}", NULL },
  { "number", "{\"command\": 7}", NULL },
  { "boolean", "{\"command\": true}", NULL },
  { "null", "{\"command\": null}", NULL },
  { "object", "{\"command\": {\"0\": \"a\"}}", NULL },
  { "number-in-the-array", "{\"command\": [\"a\", 7]}", NULL },
  { "array-in-the-array", "{\"command\": [[\"a\"]]}", NULL },
  { "null-in-the-array", "{\"command\": [\"a\", null]}", NULL },
  { "nul-in-the-string", "{\"command\": \"true\\u0000false\"}", NULL },
  { "nul-in-the-array", "{\"command\": [\"true\", \"\\u0000\"]}", NULL },
};

static void
test_good (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) argv = heartbeat_command_parse (c->meta, &error);
  g_autofree char *joined = argv != NULL ? g_strjoinv ("|", argv) : NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (joined, ==, c->expected);
}

static void
test_bad (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) argv = heartbeat_command_parse (c->meta, &error);

  g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT);
  g_assert_null (argv);
  hbtest_assert_contains (error->message, "meta.command");
}

static void
test_bad_without_error (gconstpointer data)
{
  const Case *c = data;

  g_assert_null (heartbeat_command_parse (c->meta, NULL));
}

static void
test_many_arguments (void)
{
  g_autoptr (GString) meta = g_string_new ("{\"command\": [\"true\"");
  g_auto (GStrv) argv = NULL;

  for (guint i = 1; i < 5000; i++)
    g_string_append_printf (meta, ", \"%u\"", i);
  g_string_append (meta, "]}");
  argv = heartbeat_command_parse (meta->str, NULL);
  g_assert_nonnull (argv);
  g_assert_cmpuint (g_strv_length (argv), ==, 5000);
  g_assert_cmpstr (argv[4999], ==, "4999");
}

/* --- The handler where there is nothing to run ---------------------------------------------------------------------- */

static void
on_run_ended (HeartbeatRun *run, HeartbeatResult *result, gpointer user_data)
{
  HeartbeatResult **ended = user_data;

  g_assert_null (*ended);
  *ended = heartbeat_result_ref (result);
}

static void
assert_fails_at_once (const char *check)
{
  HeartbeatRunInput input = { "cack", "mail", "/", 1, g_strdup (check), g_strdup ("{}") };
  g_autoptr (HeartbeatResult) result = NULL;
  g_autoptr (HeartbeatRun) run = heartbeat_run_new (&input, on_run_ended, &result);

  heartbeat_command_handler (run, NULL);
  g_assert_nonnull (result);
  g_assert_cmpint (heartbeat_result_get_status (result), ==, HEARTBEAT_STATUS_FAILED);
  hbtest_assert_contains (heartbeat_result_get_message (result), "meta.command");
}

static void
test_handler_without_command (void)
{
  assert_fails_at_once ("{}");
  assert_fails_at_once ("{\"meta\": {}}");
  assert_fails_at_once ("{\"meta\": null}");
}

static void
test_handler_with_bad_command (void)
{
  assert_fails_at_once ("{\"meta\": {\"command\": []}}");
  assert_fails_at_once ("{\"meta\": {\"command\": 7}}");
}

static void
add_cases (const char *folder, const Case *cases, gsize n, GTestDataFunc func)
{
  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *path = g_strconcat (folder, cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], func);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add_cases ("/command/parse/good/", good, G_N_ELEMENTS (good), test_good);
  add_cases ("/command/parse/bad/", bad, G_N_ELEMENTS (bad), test_bad);
  add_cases ("/command/parse/bad-without-error/", bad, G_N_ELEMENTS (bad), test_bad_without_error);
  g_test_add_func ("/command/parse/many-arguments", test_many_arguments);
  g_test_add_func ("/command/handler/without-command", test_handler_without_command);
  g_test_add_func ("/command/handler/with-bad-command", test_handler_with_bad_command);

  return g_test_run ();
}
