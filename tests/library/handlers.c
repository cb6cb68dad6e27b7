/* SPDX-License-Identifier: MIT */

/* What handlers.py does, as far as C can. */

#include <locale.h>

#include <heartbeat.h>

static const char *names[] = { "succeeds", "skips",    "twice",         "drops",   "later",
                               "keeps",    "threaded", "wrong_details", "removes", NULL };
static guint next;
static HeartbeatConsumer *consumer;

static void
succeeds (HeartbeatRun *run, gpointer user_data)
{
  heartbeat_run_end (run, HEARTBEAT_STATUS_SUCCESS, heartbeat_run_get_meta (run),
                     g_variant_new_parsed ("{'n': <uint32 3>}"));
}

static void
skips (HeartbeatRun *run, gpointer user_data)
{
  heartbeat_run_skip (run, NULL);
}

static void
twice (HeartbeatRun *run, gpointer user_data)
{
  heartbeat_run_succeed (run, "first");
  heartbeat_run_fail (run, "second");
}

static void
drops (HeartbeatRun *run, gpointer user_data)
{
}

static gboolean
end_later (gpointer user_data)
{
  heartbeat_run_succeed (user_data, "later");
  heartbeat_run_fail (user_data, "too late");
  return G_SOURCE_REMOVE;
}

static void
later (HeartbeatRun *run, gpointer user_data)
{
  g_timeout_add_full (G_PRIORITY_DEFAULT, 10, end_later, g_object_ref (run), g_object_unref);
}

static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  g_print ("keeps: cancelled\n");
}

static void
keeps (HeartbeatRun *run, gpointer user_data)
{
  HeartbeatRun **kept = user_data;

  *kept = g_object_ref (run);
  g_signal_connect (heartbeat_run_get_cancellable (run), "cancelled", G_CALLBACK (on_cancelled),
                    NULL);
}

static gpointer
work (gpointer user_data)
{
  g_autoptr (HeartbeatRun) run = user_data;

  heartbeat_run_succeed (run, "from a thread");
  return NULL;
}

static void
threaded (HeartbeatRun *run, gpointer user_data)
{
  g_thread_unref (g_thread_new ("work", work, g_object_ref (run)));
}

static void
wrong_details (HeartbeatRun *run, gpointer user_data)
{
  heartbeat_run_end (run, HEARTBEAT_STATUS_SUCCESS, NULL, g_variant_new_string ("text"));
}

static void
removes (HeartbeatRun *run, gpointer user_data)
{
  heartbeat_consumer_unregister_handler (consumer, "removes");
  /* still there, though its destroy function is called */
  heartbeat_run_succeed (run, user_data);
}

static void
go_on (HeartbeatAgent *agent)
{
  if (names[next] != NULL)
    heartbeat_agent_run_check_async (agent, names[next++], 200, NULL, NULL, NULL);
  else
    heartbeat_consumer_stop_async (consumer, NULL, NULL);
}

static void
on_finished (HeartbeatAgent *agent, HeartbeatCheck *check, HeartbeatResult *result)
{
  g_print ("%s: %s: %s\n", heartbeat_check_get_name (check),
           heartbeat_status_to_string (heartbeat_result_get_status (result)),
           heartbeat_result_get_message (result));
  go_on (agent);
}

static void
on_reloaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  go_on (HEARTBEAT_AGENT (source));
}

int
main (void)
{
  static const HeartbeatHandlerFunc funcs[]
      = { succeeds, skips, twice, drops, later, keeps, threaded, wrong_details };
  HeartbeatRun *kept = NULL;
  HeartbeatAgent *agent;

  setlocale (LC_ALL, "");
  consumer = g_object_new (HEARTBEAT_TYPE_CONSUMER, "agent-name", "cack", "heartbeat-path",
                           g_getenv ("HEARTBEAT_PATH"), "tick-source", "local", "tick-interval",
                           86400, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (funcs); i++)
    heartbeat_consumer_register_handler (consumer, names[i], funcs[i], &kept, NULL);
  heartbeat_consumer_register_handler (consumer, "removes", removes, g_strdup ("removed"), g_free);
  agent = heartbeat_consumer_get_agent (consumer);
  g_signal_connect (agent, "check-finished", G_CALLBACK (on_finished), NULL);
  heartbeat_agent_reload_async (agent, NULL, on_reloaded, NULL);
  g_print ("%s\n", heartbeat_consumer_run (consumer, NULL) ? "True" : "False");
  g_clear_object (&kept);
  g_clear_object (&consumer);
  return 0;
}
