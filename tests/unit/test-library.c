/* SPDX-License-Identifier: MIT */

/* A program that embeds the library: it sees the public headers and links the shared library only. */

#include <heartbeat.h>

#include "heartbeat-test.h"

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
  *(gboolean *) user_data = TRUE;
}

static void
stop (HeartbeatConsumer *consumer)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  heartbeat_consumer_stop_async (consumer, hbtest_keep_result, &result);
  hbtest_wait_for (result != NULL);
  heartbeat_consumer_stop_finish (consumer, result, &error);
  g_assert_no_error (error);
}

static void
test_embedded (void)
{
  char *folder = hbtest_make_folder ();
  g_autofree char *path = g_build_filename (folder, "heartbeat.json", NULL);
  g_autoptr (HeartbeatConsumer) consumer = NULL;
  g_autoptr (GError) error = NULL;
  gboolean finished = FALSE;

  hbtest_write (path, config);
  consumer = g_object_new (HEARTBEAT_TYPE_CONSUMER, "agent-name", "cack", "heartbeat-path", path,
                           "tick-source", "local", "tick-interval", 1, NULL);
  heartbeat_consumer_register_handler (consumer, "ping", ping, NULL, NULL);
  g_signal_connect (heartbeat_consumer_get_agent (consumer), "check-finished",
                    G_CALLBACK (on_finished), &finished);
  g_assert_true (heartbeat_consumer_start (consumer, &error));
  hbtest_wait_for (finished);
  stop (consumer);
  hbtest_remove_folder (folder);
}

/* Many runs of a program whose consumer lives on a thread of its own. */

#define MANY 1000

typedef struct
{
  HeartbeatConsumer *consumer;
  GMainContext *context;
  GThread *thread;
  char *path;
  guint started;
  guint gone;
  guint finished;
  gboolean stopped;
} Many;

static void
on_run_gone (gpointer user_data, GObject *where_the_run_was)
{
  Many *many = user_data;

  many->gone++;
}

static gboolean
end_later (gpointer user_data)
{
  heartbeat_run_fail (user_data, "later");
  return G_SOURCE_REMOVE;
}

/* Ends every third run at once, every third later, and forgets the others. */
static void
take_one_of_many (HeartbeatRun *run, gpointer user_data)
{
  Many *many = user_data;
  g_autoptr (GSource) source = NULL;

  g_assert_true (g_thread_self () == many->thread);
  g_object_weak_ref (G_OBJECT (run), on_run_gone, many);
  if (many->started % 3 == 0)
    heartbeat_run_fail (run, "at once");
  if (many->started % 3 != 1)
    return;
  source = g_idle_source_new ();
  g_source_set_callback (source, end_later, g_object_ref (run), g_object_unref);
  g_source_attach (source, many->context);
}

static void
start_one_of_many (Many *many)
{
  HeartbeatAgent *agent = heartbeat_consumer_get_agent (many->consumer);

  many->started++;
  heartbeat_agent_run_check_async (agent, "ping", 0, NULL, NULL, NULL);
}

static void
on_many_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Many *many = user_data;

  many->stopped = heartbeat_consumer_stop_finish (many->consumer, result, NULL);
}

static void
on_one_of_many_finished (HeartbeatAgent *agent,
                         HeartbeatCheck *check,
                         HeartbeatResult *result,
                         Many *many)
{
  g_assert_cmpint (heartbeat_result_get_status (result), ==, HEARTBEAT_STATUS_FAILED);
  if (++many->finished < MANY)
    start_one_of_many (many);
  else
    heartbeat_consumer_stop_async (many->consumer, on_many_stopped, many);
}

static void
on_many_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  start_one_of_many (user_data);
}

static gpointer
run_many (gpointer user_data)
{
  Many *many = user_data;
  HeartbeatAgent *agent;
  g_autoptr (GError) error = NULL;

  g_main_context_push_thread_default (many->context);
  many->thread = g_thread_self ();
  many->consumer = g_object_new (HEARTBEAT_TYPE_CONSUMER, "agent-name", "cack", "heartbeat-path",
                                 many->path, "tick-source", "local", "tick-interval", 86400, NULL);
  heartbeat_consumer_register_handler (many->consumer, "ping", take_one_of_many, many, NULL);
  agent = heartbeat_consumer_get_agent (many->consumer);
  g_signal_connect (agent, "check-finished", G_CALLBACK (on_one_of_many_finished), many);
  g_assert_true (heartbeat_consumer_start (many->consumer, &error));
  heartbeat_agent_reload_async (agent, NULL, on_many_loaded, many);
  hbtest_wait_for_in (many->context, many->stopped);
  while (g_main_context_iteration (many->context, FALSE))
    ;
  g_object_unref (many->consumer);
  g_main_context_pop_thread_default (many->context);
  return NULL;
}

static void
test_many_runs_on_a_thread (void)
{
  char *folder = hbtest_make_folder ();
  g_autofree char *path = g_build_filename (folder, "heartbeat.json", NULL);
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GError) error = NULL;
  Many many = { .context = context, .path = path };

  hbtest_write (path, config);
  g_thread_join (g_thread_new ("consumer", run_many, &many));
  g_assert_cmpuint (many.finished, ==, MANY);
  g_assert_cmpuint (many.gone, ==, MANY);
  hbtest_remove_folder (folder);
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

static void
test_bad_settings (void)
{
  static const char *const settings[][2] = {
    { "queue-type", "Quorum" }, { "tick-source", "sun" }, { "inbox-handler", "" },
    { "handler-path", "a/b" },  { "exchange-name", "" },  { "rabbit-url", "http://localhost" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    {
      g_autoptr (HeartbeatConsumer) consumer
          = g_object_new (HEARTBEAT_TYPE_CONSUMER, "agent-name", "cack", "heartbeat-path",
                          "/nonexistent/heartbeat.json", settings[i][0], settings[i][1], NULL);
      g_autoptr (GError) error = NULL;

      g_assert_false (heartbeat_consumer_start (consumer, &error));
      g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT);
    }
}

static void
assert_publishes_nothing (HeartbeatConsumer *consumer)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  heartbeat_consumer_publish_async (consumer, "agent.cack.x", "{}", NULL, hbtest_keep_result,
                                    &result);
  hbtest_wait_for (result != NULL);
  g_assert_null (heartbeat_consumer_publish_finish (consumer, result, &error));
  g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NOT_CONNECTED);
}

/* A consumer that has left the broker does not come back for an event. */
static void
test_publish_after_stop (void)
{
  g_autoptr (HeartbeatConsumer) consumer
      = g_object_new (HEARTBEAT_TYPE_CONSUMER, "agent-name", "cack", "heartbeat-path",
                      "/nonexistent/heartbeat.json", "tick-source", "local", "rabbit-url",
                      "amqp://127.0.0.1:1/", NULL);
  g_autoptr (GError) error = NULL;

  assert_publishes_nothing (consumer);
  g_assert_true (heartbeat_consumer_start (consumer, &error));
  g_assert_no_error (error);
  stop (consumer);
  assert_publishes_nothing (consumer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* failed runs are warnings */
  hbtest_allow_warnings ();
  g_test_add_func ("/library/a-program-embeds-a-consumer", test_embedded);
  g_test_add_func ("/library/many-runs-on-a-thread", test_many_runs_on_a_thread);
  g_test_add_func ("/library/a-bad-agent-name-is-an-error", test_bad_name);
  g_test_add_func ("/library/bad-settings-are-errors", test_bad_settings);
  g_test_add_func ("/library/no-publish-after-the-stop", test_publish_after_stop);
  return g_test_run ();
}
