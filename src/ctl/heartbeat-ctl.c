/* SPDX-License-Identifier: MIT */

#include "ctl/heartbeat-ctl.h"

#include <string.h>

#include "base/heartbeat-i18n.h"
#include "base/heartbeat-text.h"
#include "json/heartbeat-json.h"

#define NAME_PREFIX "org.bloodbank.Heartbeat1."

/* The service has a time limit for each run; ours would only hide its answer. For its disk and its broker it has ten
 * seconds: its own word on them is to come first. */
#define NO_TIMEOUT      G_MAXINT
#define CALL_TIMEOUT_MS 30000

/**
 * heartbeat_ctl_complain:
 * @format: what is wrong
 * @...: what @format asks for
 *
 * Says on standard error what is wrong.
 */
void
heartbeat_ctl_complain (const char *format, ...)
{
  g_autofree char *message = NULL;
  g_autofree char *line = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  line = heartbeat_text_to_line (message);
  g_printerr ("heartbeatctl: %s\n", line);
}

/**
 * heartbeat_ctl_print_json:
 * @builder: a complete document
 *
 * Prints it.
 */
void
heartbeat_ctl_print_json (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree char *text = heartbeat_json_print (root, TRUE);

  g_print ("%s\n", text);
}

/**
 * heartbeat_ctl_bus_name:
 * @agent: an agent's name
 *
 * Returns: (transfer full): the name on the bus; an element of it cannot begin with a digit
 */
char *
heartbeat_ctl_bus_name (const char *agent)
{
  return g_strconcat (NAME_PREFIX, g_ascii_isdigit (*agent) ? "_" : "", agent, NULL);
}

/**
 * heartbeat_ctl_agent_path:
 * @agent: an agent's name
 *
 * Returns: (transfer full): the path of its object
 */
char *
heartbeat_ctl_agent_path (const char *agent)
{
  g_autofree char *element = g_dbus_escape_object_path (agent);

  return g_strconcat (HEARTBEAT_CTL_ROOT "/", element, NULL);
}

static int
compare_strings (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/**
 * heartbeat_ctl_list_agents:
 * @self: the command line
 * @error: return location for an error
 *
 * Returns: (transfer full) (element-type utf8): all agents on the session bus, sorted
 */
GPtrArray *
heartbeat_ctl_list_agents (HeartbeatCtl *self, GError **error)
{
  g_autoptr (GVariant) reply = NULL;
  g_autofree const char **names = NULL;
  GPtrArray *agents;

  if (self->bus == NULL)
    self->bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, error);
  if (self->bus == NULL)
    return NULL;
  /* A bus that goes is an error to be told, not a reason to end by SIGTERM. */
  g_dbus_connection_set_exit_on_close (self->bus, FALSE);
  reply = g_dbus_connection_call_sync (self->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                       "org.freedesktop.DBus", "ListNames", NULL,
                                       G_VARIANT_TYPE ("(as)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL,
                                       error);
  if (reply == NULL)
    return NULL;
  agents = g_ptr_array_new_with_free_func (g_free);
  g_variant_get (reply, "(^a&s)", &names);
  for (guint i = 0; names[i] != NULL; i++)
    {
      const char *agent = names[i] + strlen (NAME_PREFIX);

      if (!g_str_has_prefix (names[i], NAME_PREFIX))
        continue;
      if (agent[0] == '_' && g_ascii_isdigit (agent[1]))
        agent++;
      g_ptr_array_add (agents, g_strdup (agent));
    }
  g_ptr_array_sort (agents, compare_strings);
  return agents;
}

static gboolean
has_string (GPtrArray *strings, const char *text)
{
  return g_ptr_array_find_with_equal_func (strings, text, g_str_equal, NULL);
}

/**
 * heartbeat_ctl_find_agents:
 * @self: the command line
 * @agents: (out) (transfer full) (element-type utf8): the agents that are asked for, sorted: that of `--agent`, else all
 *
 * Returns: %HEARTBEAT_CTL_OK, or %HEARTBEAT_CTL_NOT_RUNNING after a complaint
 */
HeartbeatCtlExit
heartbeat_ctl_find_agents (HeartbeatCtl *self, GPtrArray **agents)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) found = heartbeat_ctl_list_agents (self, &error);

  if (found == NULL)
    {
      g_dbus_error_strip_remote_error (error);
      heartbeat_ctl_complain (_ ("the session bus cannot be reached: %s"), error->message);
    }
  else if (self->agent != NULL && !has_string (found, self->agent))
    heartbeat_ctl_complain (_ ("no heartbeat-consumer serves the agent “%s” on this bus"),
                            self->agent);
  else if (found->len == 0)
    heartbeat_ctl_complain (_ ("no heartbeat-consumer runs on this bus"));
  else
    {
      if (self->agent != NULL)
        {
          g_ptr_array_set_size (found, 0);
          g_ptr_array_add (found, g_strdup (self->agent));
        }
      *agents = g_steal_pointer (&found);
      return HEARTBEAT_CTL_OK;
    }
  return HEARTBEAT_CTL_NOT_RUNNING;
}

/**
 * heartbeat_ctl_find_agent:
 * @self: the command line
 * @agent: (out) (transfer full): the agent that is asked for
 *
 * Returns: %HEARTBEAT_CTL_OK, or another status after a complaint
 */
HeartbeatCtlExit
heartbeat_ctl_find_agent (HeartbeatCtl *self, char **agent)
{
  g_autoptr (GPtrArray) agents = NULL;
  g_autofree char *names = NULL;
  HeartbeatCtlExit status = heartbeat_ctl_find_agents (self, &agents);

  if (status != HEARTBEAT_CTL_OK)
    return status;
  if (agents->len == 1)
    {
      *agent = g_strdup (g_ptr_array_index (agents, 0));
      return HEARTBEAT_CTL_OK;
    }
  g_ptr_array_add (agents, NULL);
  names = g_strjoinv (", ", (char **) agents->pdata);
  heartbeat_ctl_complain (_ ("several agents run: choose one of %s with --agent"), names);
  return HEARTBEAT_CTL_USAGE;
}

static HeartbeatDBusAgent *
make_proxy (HeartbeatCtl *self,
            const char *agent,
            GDBusProxyFlags more,
            int timeout,
            GError **error)
{
  const GDBusProxyFlags flags
      = G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES | G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START;
  g_autofree char *name = heartbeat_ctl_bus_name (agent);
  g_autofree char *path = heartbeat_ctl_agent_path (agent);
  HeartbeatDBusAgent *proxy
      = heartbeat_dbus_agent_proxy_new_sync (self->bus, flags | more, name, path, NULL, error);

  if (proxy != NULL)
    g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (proxy), timeout);
  return proxy;
}

/**
 * heartbeat_ctl_reach_agent:
 * @self: the command line, connected to the bus
 * @agent: an agent's name
 * @error: return location for an error
 *
 * Returns: (transfer full): the agent, to call its methods
 */
HeartbeatDBusAgent *
heartbeat_ctl_reach_agent (HeartbeatCtl *self, const char *agent, GError **error)
{
  return make_proxy (self, agent, G_DBUS_PROXY_FLAGS_DO_NOT_CONNECT_SIGNALS, CALL_TIMEOUT_MS,
                     error);
}

/**
 * heartbeat_ctl_listen_to_agent:
 * @self: the command line, connected to the bus
 * @agent: an agent's name
 * @error: return location for an error
 *
 * Returns: (transfer full): the agent, to run its checks, however long that takes, and to hear its signals
 */
HeartbeatDBusAgent *
heartbeat_ctl_listen_to_agent (HeartbeatCtl *self, const char *agent, GError **error)
{
  return make_proxy (self, agent, G_DBUS_PROXY_FLAGS_NONE, NO_TIMEOUT, error);
}

/**
 * heartbeat_ctl_explain:
 * @error: an error from a call on the bus
 *
 * Returns: (transfer none): what it says to people; it stays with @error
 */
const char *
heartbeat_ctl_explain (GError *error)
{
  /* That of the service itself comes over the bus, and says what took too long. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)
      && !g_dbus_error_is_remote_error (error))
    return _ ("the service does not answer");
  g_dbus_error_strip_remote_error (error);
  return error->message;
}

/**
 * heartbeat_ctl_fail:
 * @error: an error from the bus
 *
 * Complains about it.
 *
 * Returns: %HEARTBEAT_CTL_FAILED
 */
HeartbeatCtlExit
heartbeat_ctl_fail (GError *error)
{
  heartbeat_ctl_complain ("%s", heartbeat_ctl_explain (error));
  return HEARTBEAT_CTL_FAILED;
}
