/* SPDX-License-Identifier: MIT */

#include "service/heartbeat-status.h"

/**
 * heartbeat_status_format:
 * @agents: how many agents are served
 * @problems: (element-type utf8): what is wrong
 * @broker: the state of the connection
 *
 * Returns: (transfer full): the line that `systemctl status` shows of a service of many agents
 */
char *
heartbeat_status_format (guint agents, GPtrArray *problems, const char *broker)
{
  g_autoptr (GString) line = g_string_new (NULL);

  g_string_append_printf (line, "%u agent%s, ", agents, agents == 1 ? "" : "s");
  if (problems->len > 0)
    g_string_append_printf (line, "%u problem%s, ", problems->len, problems->len == 1 ? "" : "s");
  g_string_append_printf (line, "broker %s", broker);
  if (problems->len > 0)
    g_string_append_printf (line, "; %s", (char *) g_ptr_array_index (problems, 0));
  return g_string_free (g_steal_pointer (&line), FALSE);
}
