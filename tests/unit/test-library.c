/* SPDX-License-Identifier: MIT */

/* A program that embeds the library: it sees the public headers and links the shared library only. */

#include <heartbeat.h>

#include <glib/gstdio.h>

static const char config[] = "{\"$schema\": \"heartbeat.v1\", \"agent\": \"cack\", \"checks\": "
                             "{\"ping\": {\"cadenceMs\": 60000, \"handler\": \"ping\"}}}";

static void
ping (HeartbeatRun *run, gpointer user_data)
{
  heartbeat_run_succeed (run, "pong");
}

static void
on_finished (HeartbeatAgent *agent,
             HeartbeatCheck *check,
             HeartbeatResult *result,
             gpointer user_data)
{
  g_assert_cmpstr (heartbeat_check_get_name (check), ==, "ping");
  g_assert_cmpint (heartbeat_result_get_status (result), ==, HEARTBEAT_STATUS_SUCCESS);
  g_assert_cmpstr (heartbeat_result_get_message (result), ==, "pong");
  g_main_loop_quit (user_data);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  heartbeat_consumer_stop_finish (HEARTBEAT_CONSUMER (source), result, &error);
  g_assert_no_error (error);
  g_main_loop_quit (user_data);
}

static void
test_embedded (void)
{
  g_autofree char *folder = g_dir_make_tmp ("heartbeat-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "heartbeat.json", NULL);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (HeartbeatConsumer) consumer = NULL;
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, config, -1, &error);
  g_assert_no_error (error);
  consumer = g_object_new (HEARTBEAT_TYPE_CONSUMER, "agent-name", "cack", "heartbeat-path", path,
                           "tick-source", "local", "tick-interval", 1, NULL);
  heartbeat_consumer_register_handler (consumer, "ping", ping, NULL, NULL);
  g_signal_connect (heartbeat_consumer_get_agent (consumer), "check-finished",
                    G_CALLBACK (on_finished), loop);
  g_assert_true (heartbeat_consumer_start (consumer, &error));
  g_main_loop_run (loop);
  heartbeat_consumer_stop_async (consumer, on_stopped, loop);
  g_main_loop_run (loop);
  g_unlink (path);
  g_rmdir (folder);
}

static void
test_bad_name (void)
{
  g_autoptr (HeartbeatConsumer) consumer
      = heartbeat_consumer_new ("a.b", "/nonexistent/heartbeat.json", NULL, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (heartbeat_consumer_start (consumer, &error));
  g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/library/a-program-embeds-a-consumer", test_embedded);
  g_test_add_func ("/library/a-bad-agent-name-is-an-error", test_bad_name);
  return g_test_run ();
}
