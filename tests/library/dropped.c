/* SPDX-License-Identifier: MIT */

/* Drops the last reference to a consumer in the middle of what the consumer is doing, as a garbage collector might. The
 * inbox is full of ticks and messages: none may be handed out to who is gone. */

#include <heartbeat.h>

static const char config[] = "{\"$schema\": \"heartbeat.v1\", \"agent\": \"cack\", \"checks\": "
                             "{\"ping\": {\"cadenceMs\": 1000, \"handler\": \"ping\"}}}";

typedef enum
{
  AT_STATE,
  AT_MESSAGE,
  AT_INBOX_HANDLER,
  AT_START,
  IN_HANDLER,
  BEFORE_SAVE,
  AT_END,
  N_MOMENTS
} Moment;

typedef struct
{
  HeartbeatConsumer *consumer;
  Moment moment;
} Program;

static void
drop_at (Program *program, Moment moment)
{
  if (program->moment == moment)
    g_clear_object (&program->consumer);
}

static void
on_state (HeartbeatConsumer *consumer, GParamSpec *pspec, Program *program)
{
  drop_at (program, AT_STATE);
}

static void
on_message (HeartbeatConsumer *consumer,
            const char *routing_key,
            const char *event_type,
            const char *body,
            Program *program)
{
  drop_at (program, AT_MESSAGE);
}

static void
on_started (HeartbeatAgent *agent, HeartbeatCheck *check, Program *program)
{
  drop_at (program, AT_START);
}

static void
on_finished (HeartbeatAgent *agent,
             HeartbeatCheck *check,
             HeartbeatResult *result,
             Program *program)
{
  drop_at (program, AT_END);
}

static gboolean
drop_before_save (gpointer user_data)
{
  drop_at (user_data, BEFORE_SAVE);
  return G_SOURCE_REMOVE;
}

static void
ping (HeartbeatRun *run, gpointer user_data)
{
  drop_at (user_data, IN_HANDLER);
  heartbeat_run_succeed (run, "pong");
  g_idle_add_full (G_PRIORITY_HIGH, drop_before_save, user_data, NULL);
}

static void
mail (HeartbeatRun *run, gpointer user_data)
{
  drop_at (user_data, AT_INBOX_HANDLER);
  heartbeat_run_succeed (run, NULL);
}

static gboolean
on_time (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

/* What comes after the drop. */
static void
linger (void)
{
  gboolean over = FALSE;

  g_timeout_add (100, on_time, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

static void
drop (const char *path, Moment moment)
{
  Program program = { NULL, moment };
  HeartbeatAgent *agent = NULL;
  gpointer gone = NULL;

  if (!g_file_set_contents (path, config, -1, NULL))
    g_error ("cannot write %s", path);
  program.consumer
      = g_object_new (HEARTBEAT_TYPE_CONSUMER, "agent-name", "cack", "heartbeat-path", path,
                      "rabbit-url", g_getenv ("RABBIT_URL"), "inbox-handler", "mail", NULL);
  agent = heartbeat_consumer_get_agent (program.consumer);
  gone = program.consumer;
  g_object_add_weak_pointer (gone, &gone);
  heartbeat_consumer_register_handler (program.consumer, "ping", ping, &program, NULL);
  heartbeat_consumer_register_handler (program.consumer, "mail", mail, &program, NULL);
  g_signal_connect (program.consumer, "notify::connection-state", G_CALLBACK (on_state), &program);
  g_signal_connect (program.consumer, "message-received", G_CALLBACK (on_message), &program);
  g_signal_connect (agent, "check-started", G_CALLBACK (on_started), &program);
  g_signal_connect (agent, "check-finished", G_CALLBACK (on_finished), &program);
  if (!heartbeat_consumer_start (program.consumer, NULL))
    g_error ("cannot start");
  while (gone != NULL)
    g_main_context_iteration (NULL, TRUE);
  linger ();
}

int
main (int argc, char *argv[])
{
  for (Moment moment = 0; moment < N_MOMENTS; moment++)
    drop (g_getenv ("HEARTBEAT_PATH"), moment);
  g_print ("dropped\n");
  return 0;
}
