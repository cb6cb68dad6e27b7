/* SPDX-License-Identifier: MIT */

#include "handlers/heartbeat-built-in.h"

#include <string.h>

#include "handlers/heartbeat-command.h"
#include "handlers/heartbeat-compaction.h"
#include "handlers/heartbeat-sub-health.h"

/* The handler `default`: nothing is to be done, and that went well. */
static void
default_handler (HeartbeatRun *run, gpointer user_data)
{
  heartbeat_run_succeed (run, NULL);
}

static void
sub_health_free (gpointer data)
{
  HeartbeatSubHealth *sub_health = data;

  g_object_unref (sub_health->publisher);
  g_object_unref (sub_health->processes);
  g_free (sub_health);
}

static HeartbeatHandler
make_sub_health (HeartbeatPublisher *publisher, HeartbeatProcesses *processes)
{
  HeartbeatSubHealth *sub_health = g_new0 (HeartbeatSubHealth, 1);

  sub_health->publisher = g_object_ref (publisher);
  sub_health->processes = g_object_ref (processes);
  return (HeartbeatHandler){ heartbeat_sub_health_handler, sub_health, sub_health_free };
}

/* In the order of the handlers below. */
static const char *const names[] = { "default", "sub_health", "quarterly_compaction", "command" };

/**
 * heartbeat_built_in_has:
 * @name: a handler's name
 *
 * Returns: whether it comes with the program
 */
gboolean
heartbeat_built_in_has (const char *name)
{
  g_return_val_if_fail (name != NULL, FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (names[i], name) == 0)
      return TRUE;
  return FALSE;
}

/**
 * heartbeat_built_in_register:
 * @registry: the handlers that an agent knows
 * @publisher: what the agent sends
 * @processes: the programs that its handlers run
 *
 * Adds the handlers that come with the program.
 */
void
heartbeat_built_in_register (HeartbeatRegistry *registry,
                             HeartbeatPublisher *publisher,
                             HeartbeatProcesses *processes)
{
  const HeartbeatHandler handlers[G_N_ELEMENTS (names)] = {
    { default_handler, NULL, NULL },
    make_sub_health (publisher, processes),
    { heartbeat_compaction_handler, g_object_ref (publisher), g_object_unref },
    { heartbeat_command_handler, g_object_ref (processes), g_object_unref },
  };

  for (guint i = 0; i < G_N_ELEMENTS (handlers); i++)
    heartbeat_registry_add (registry, HEARTBEAT_HANDLER_BUILT_IN, names[i], &handlers[i]);
}
