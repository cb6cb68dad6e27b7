/* SPDX-License-Identifier: MIT */

/* Sends an agent idle ticks, for check-flat.py to count what they cost: flat-driver FILE TICKS. None of the checks in
 * FILE is due. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/heartbeat-agent-private.h"

#define TICK "{\"event_id\":\"tick-1\",\"payload\":{}}"

static void
keep_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **place = user_data;

  *place = g_object_ref (result);
}

/* A file that was written just now would be read once more. */
static void
make_old (const char *path)
{
  const struct timespec times[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };

  if (utimensat (AT_FDCWD, path, times, 0) != 0)
    g_error ("%s: %s", path, g_strerror (errno));
}

static void
load (HeartbeatAgent *agent)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  heartbeat_agent_reload_async (agent, NULL, keep_result, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  if (!heartbeat_agent_reload_finish (agent, result, &error))
    g_error ("%s", error->message);
}

static void
send_tick (HeartbeatAgent *agent)
{
  HeartbeatTick tick;

  if (!heartbeat_tick_parse (&tick, TICK, strlen (TICK), NULL))
    g_assert_not_reached ();
  if (heartbeat_agent_tick (agent, &tick, g_get_monotonic_time ()) == HEARTBEAT_TICK_DUE)
    heartbeat_agent_run_due_async (agent, &tick, NULL, NULL);
}

/* Where callgrind counts; check-flat.py knows its name. */
void send_idle_ticks (HeartbeatAgent *agent, guint n);

G_NO_INLINE void
send_idle_ticks (HeartbeatAgent *agent, guint n)
{
  for (guint i = 0; i < n; i++)
    send_tick (agent);
}

int
main (int argc, char **argv)
{
  g_autoptr (HeartbeatRegistry) registry = heartbeat_registry_new ();
  g_autoptr (HeartbeatAgent) agent = NULL;
  g_autoptr (GPtrArray) checks = NULL;
  guint n = atoi (argv[2]);
  guint64 before;

  make_old (argv[1]);
  agent = heartbeat_agent_new ("a", argv[1], registry);
  load (agent);
  /* The first tick computes what the others look up. */
  send_tick (agent);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  before = heartbeat_agent_get_ticks_idle (agent);
  send_idle_ticks (agent, n);
  checks = heartbeat_agent_list_checks (agent);
  g_assert_cmpuint (heartbeat_agent_get_ticks_idle (agent), ==, before + n);
  g_print ("%u\n", checks->len);
  return 0;
}
