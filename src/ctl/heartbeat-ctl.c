/* SPDX-License-Identifier: MIT */

#include "ctl/heartbeat-ctl.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include "base/heartbeat-i18n.h"
#include "base/heartbeat-text.h"
#include "json/heartbeat-json.h"

#define NAME_PREFIX "org.bloodbank.Heartbeat1."

/* The service limits each run itself, and gives its disk and its broker ten seconds; wait for its own error. */
#define NO_TIMEOUT      G_MAXINT
#define CALL_TIMEOUT_MS 30000

/**
 * heartbeat_ctl_report:
 * @status: the exit status that follows
 * @format: what is wrong
 * @...: arguments of @format
 *
 * Prints on standard error what is wrong.
 *
 * Returns: @status
 */
HeartbeatCtlExit
heartbeat_ctl_report (HeartbeatCtlExit status, const char *format, ...)
{
  g_autofree char *message = NULL;
  g_autofree char *line = NULL;
  va_list args;

  g_return_val_if_fail (format != NULL, status);

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  line = heartbeat_text_to_line (message);
  g_printerr ("heartbeatctl: %s\n", line);
  return status;
}

/**
 * heartbeat_ctl_print_json:
 * @document: an `a{sv}`; consumed if it is floating
 *
 * Prints a JSON document.
 */
void
heartbeat_ctl_print_json (GVariant *document)
{
  g_autoptr (GVariant) owned = NULL;
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *text = NULL;

  g_return_if_fail (document != NULL);

  owned = g_variant_ref_sink (document);
  root = json_gvariant_serialize (owned);
  text = heartbeat_json_print (root, TRUE);
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
  g_return_val_if_fail (agent != NULL, NULL);

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
  g_autofree char *element = NULL;

  g_return_val_if_fail (agent != NULL, NULL);

  element = g_dbus_escape_object_path (agent);
  return g_strconcat (HEARTBEAT_CTL_ROOT "/", element, NULL);
}

static int
compare_strings (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/**
 * heartbeat_ctl_connect:
 * @self: the command line
 * @error: return location for an error
 *
 * Returns: whether the session bus is connected
 */
gboolean
heartbeat_ctl_connect (HeartbeatCtl *self, GError **error)
{
  g_return_val_if_fail (self != NULL, FALSE);

  if (self->bus == NULL)
    self->bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, error);
  /* A lost bus is an error to report, not a reason to die of SIGTERM. */
  if (self->bus != NULL)
    g_dbus_connection_set_exit_on_close (self->bus, FALSE);
  return self->bus != NULL;
}

/**
 * heartbeat_ctl_list_names:
 * @self: the command line
 * @method: `ListNames` or `ListActivatableNames`
 * @error: return location for an error
 *
 * Returns: (transfer full): names on the session bus
 */
GStrv
heartbeat_ctl_list_names (HeartbeatCtl *self, const char *method, GError **error)
{
  g_autoptr (GVariant) reply = NULL;
  GStrv names = NULL;

  g_return_val_if_fail (self != NULL && method != NULL, NULL);

  if (!heartbeat_ctl_connect (self, error))
    return NULL;
  reply
      = g_dbus_connection_call_sync (self->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                     "org.freedesktop.DBus", method, NULL, G_VARIANT_TYPE ("(as)"),
                                     G_DBUS_CALL_FLAGS_NONE, HEARTBEAT_CTL_ANSWER_MS, NULL, error);
  if (reply != NULL)
    g_variant_get (reply, "(^as)", &names);
  return names;
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
  g_auto (GStrv) names = NULL;
  GPtrArray *agents = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  names = heartbeat_ctl_list_names (self, "ListNames", error);
  if (names == NULL)
    return NULL;
  agents = g_ptr_array_new_with_free_func (g_free);
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

/**
 * heartbeat_ctl_find_agents:
 * @self: the command line
 * @agents: (out) (transfer full) (element-type utf8): the agent of `--agent`, else all agents on the bus, sorted
 *
 * Returns: %HEARTBEAT_CTL_OK, or %HEARTBEAT_CTL_NOT_RUNNING after a report
 */
HeartbeatCtlExit
heartbeat_ctl_find_agents (HeartbeatCtl *self, GPtrArray **agents)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) found = NULL;

  g_return_val_if_fail (self != NULL && agents != NULL, HEARTBEAT_CTL_FAILED);

  found = heartbeat_ctl_list_agents (self, &error);
  if (found == NULL)
    {
      g_dbus_error_strip_remote_error (error);
      return heartbeat_ctl_report (HEARTBEAT_CTL_NOT_RUNNING,
                                   _ ("the session bus cannot be reached: %s"), error->message);
    }
  if (self->agent != NULL
      && !g_ptr_array_find_with_equal_func (found, self->agent, g_str_equal, NULL))
    return heartbeat_ctl_report (HEARTBEAT_CTL_NOT_RUNNING,
                                 _ ("no heartbeat-consumer serves the agent “%s” on this bus"),
                                 self->agent);
  if (found->len == 0)
    return heartbeat_ctl_report (HEARTBEAT_CTL_NOT_RUNNING,
                                 _ ("no heartbeat-consumer runs on this bus"));
  if (self->agent != NULL)
    {
      g_ptr_array_set_size (found, 0);
      g_ptr_array_add (found, g_strdup (self->agent));
    }
  *agents = g_steal_pointer (&found);
  return HEARTBEAT_CTL_OK;
}

/**
 * heartbeat_ctl_find_agent:
 * @self: the command line
 * @agent: (out) (transfer full): the agent that the command is about
 *
 * Returns: %HEARTBEAT_CTL_OK, or another status after a report
 */
HeartbeatCtlExit
heartbeat_ctl_find_agent (HeartbeatCtl *self, char **agent)
{
  g_autoptr (GPtrArray) agents = NULL;
  g_autofree char *names = NULL;
  HeartbeatCtlExit status;

  g_return_val_if_fail (self != NULL && agent != NULL, HEARTBEAT_CTL_FAILED);

  status = heartbeat_ctl_find_agents (self, &agents);
  if (status != HEARTBEAT_CTL_OK)
    return status;
  if (agents->len == 1)
    {
      *agent = g_strdup (g_ptr_array_index (agents, 0));
      return HEARTBEAT_CTL_OK;
    }
  g_ptr_array_add (agents, NULL);
  names = g_strjoinv (", ", (char **) agents->pdata);
  return heartbeat_ctl_report (HEARTBEAT_CTL_USAGE,
                               _ ("several agents run: choose one of %s with --agent"), names);
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
  g_return_val_if_fail (self != NULL && self->bus != NULL && agent != NULL, NULL);

  return make_proxy (self, agent, G_DBUS_PROXY_FLAGS_DO_NOT_CONNECT_SIGNALS, CALL_TIMEOUT_MS,
                     error);
}

/**
 * heartbeat_ctl_listen_to_agent:
 * @self: the command line, connected to the bus
 * @agent: an agent's name
 * @error: return location for an error
 *
 * Returns: (transfer full): the agent, with its signals, and without a time limit for its runs
 */
HeartbeatDBusAgent *
heartbeat_ctl_listen_to_agent (HeartbeatCtl *self, const char *agent, GError **error)
{
  g_return_val_if_fail (self != NULL && self->bus != NULL && agent != NULL, NULL);

  return make_proxy (self, agent, G_DBUS_PROXY_FLAGS_NONE, NO_TIMEOUT, error);
}

/**
 * heartbeat_ctl_explain:
 * @error: an error of a call on the bus
 *
 * Returns: (transfer none): the error for people; owned by @error
 */
const char *
heartbeat_ctl_explain (GError *error)
{
  g_return_val_if_fail (error != NULL, NULL);

  /* A time-out of the service itself is a remote error, and says what took too long. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)
      && !g_dbus_error_is_remote_error (error))
    return _ ("the service does not answer");
  g_dbus_error_strip_remote_error (error);
  return error->message;
}

/**
 * heartbeat_ctl_report_error:
 * @error: an error of a call on the bus
 *
 * Returns: %HEARTBEAT_CTL_FAILED, after a report
 */
HeartbeatCtlExit
heartbeat_ctl_report_error (GError *error)
{
  return heartbeat_ctl_report (HEARTBEAT_CTL_FAILED, "%s", heartbeat_ctl_explain (error));
}

/**
 * heartbeat_ctl_open_agent:
 * @self: the command line
 * @name: (out) (transfer full): the name of the agent that the command is about
 * @status: (out): %HEARTBEAT_CTL_OK, or another status after a report
 *
 * Returns: (transfer full) (nullable): the agent, to call its methods
 */
HeartbeatDBusAgent *
heartbeat_ctl_open_agent (HeartbeatCtl *self, char **name, HeartbeatCtlExit *status)
{
  g_autoptr (GError) error = NULL;
  HeartbeatDBusAgent *agent = NULL;

  g_return_val_if_fail (self != NULL && name != NULL && status != NULL, NULL);

  *status = heartbeat_ctl_find_agent (self, name);
  if (*status != HEARTBEAT_CTL_OK)
    return NULL;
  agent = heartbeat_ctl_reach_agent (self, *name, &error);
  if (agent == NULL)
    *status = heartbeat_ctl_report_error (error);
  return agent;
}
