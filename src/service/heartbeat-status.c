/* SPDX-License-Identifier: MIT */

#include "service/heartbeat-status.h"

/* The lines that `systemctl status` shows. They stay in English, as the log does. */

/**
 * heartbeat_status_format_agent:
 * @consumer: a consumer
 *
 * Returns: (transfer full): the status of a service of one agent
 */
char *
heartbeat_status_format_agent (HeartbeatConsumer *consumer)
{
  HeartbeatAgent *agent = heartbeat_consumer_get_agent (consumer);
  g_autoptr (GPtrArray) checks = heartbeat_agent_list_checks (agent);
  const char *error = heartbeat_agent_get_config_error (agent);

  return g_strdup_printf ("%s: %u check%s, broker %s%s%s", heartbeat_agent_get_name (agent),
                          checks->len, checks->len == 1 ? "" : "s",
                          heartbeat_consumer_get_connection_state (consumer),
                          *error != '\0' ? ", heartbeat.json: " : "", error);
}

/**
 * heartbeat_status_format_folder:
 * @agents: how many agents are served
 * @problems: (element-type utf8): what is wrong
 * @state: the state of the connection that they share
 *
 * Returns: (transfer full): the status of a service of many agents
 */
char *
heartbeat_status_format_folder (guint agents, GPtrArray *problems, HeartbeatConnectionState state)
{
  g_autoptr (GTypeClass) states = g_type_class_ref (HEARTBEAT_TYPE_CONNECTION_STATE);
  g_autoptr (GString) line = g_string_new (NULL);

  g_string_append_printf (line, "%u agent%s, ", agents, agents == 1 ? "" : "s");
  if (problems->len > 0)
    g_string_append_printf (line, "%u problem%s, ", problems->len, problems->len == 1 ? "" : "s");
  g_string_append_printf (line, "broker %s",
                          g_enum_get_value ((GEnumClass *) states, state)->value_nick);
  if (problems->len > 0)
    g_string_append_printf (line, "; %s", (char *) g_ptr_array_index (problems, 0));
  return g_string_free (g_steal_pointer (&line), FALSE);
}
