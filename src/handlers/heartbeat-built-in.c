/* SPDX-License-Identifier: MIT */

#include "handlers/heartbeat-built-in.h"

#include "handlers/heartbeat-command.h"
#include "handlers/heartbeat-compaction.h"
#include "handlers/heartbeat-sub-health.h"

/* The handler `default`: nothing is to be done, and that went well. */
static void
default_handler (HeartbeatRun *run, gpointer user_data)
{
  heartbeat_run_succeed (run, NULL);
}

/**
 * heartbeat_built_in_register:
 * @registry: the handlers that an agent knows
 * @outbox: what the agent sends
 *
 * Adds the handlers that come with the program.
 */
void
heartbeat_built_in_register (HeartbeatRegistry *registry, HeartbeatOutbox *outbox)
{
  static const struct
  {
    const char *name;
    HeartbeatHandlerFunc func;
  } handlers[] = {
    { "default", default_handler },
    { "sub_health", heartbeat_sub_health_handler },
    { "quarterly_compaction", heartbeat_compaction_handler },
    { "command", heartbeat_command_handler },
  };

  for (guint i = 0; i < G_N_ELEMENTS (handlers); i++)
    {
      HeartbeatHandler handler = { handlers[i].func, g_object_ref (outbox), g_object_unref };

      heartbeat_registry_add (registry, HEARTBEAT_HANDLER_BUILT_IN, handlers[i].name, &handler);
    }
}
