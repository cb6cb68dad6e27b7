/* SPDX-License-Identifier: MIT */

#include <string.h>

#include <glib/gi18n.h>

#include "ctl/heartbeat-ctl-phrase.h"
#include "ctl/heartbeat-ctl-table.h"
#include "ctl/heartbeat-ctl.h"
#include "desktop/heartbeat-dbus.h"

#define ROOT_PATH "/org/bloodbank/Heartbeat1"

/* What one agent shows of itself on the bus. */
typedef struct
{
  HeartbeatDBusAgent *agent;
  GPtrArray *checks; /* of HeartbeatDBusCheck, sorted by name */
} View;

static void
view_free (View *view)
{
  g_clear_object (&view->agent);
  g_ptr_array_unref (view->checks);
  g_free (view);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (View, view_free)

static int
compare_checks (gconstpointer a, gconstpointer b)
{
  HeartbeatDBusCheck *const *left = a, *const *right = b;

  return g_strcmp0 (heartbeat_dbus_check_get_name (*left), heartbeat_dbus_check_get_name (*right));
}

/* A process may serve many agents: its object manager lists them all. */
static View *
collect_view (GDBusObjectManager *manager, const char *path)
{
  g_autofree char *prefix = g_strconcat (path, "/checks/", NULL);
  g_autolist (GDBusObject) objects = g_dbus_object_manager_get_objects (manager);
  View *view = g_new0 (View, 1);

  view->checks = g_ptr_array_new_with_free_func (g_object_unref);
  for (GList *l = objects; l != NULL; l = l->next)
    {
      HeartbeatDBusObject *object = HEARTBEAT_DBUS_OBJECT (l->data);
      const char *object_path = g_dbus_object_get_object_path (l->data);
      HeartbeatDBusCheck *check = heartbeat_dbus_object_peek_check (object);

      if (strcmp (object_path, path) == 0)
        view->agent = heartbeat_dbus_object_get_agent (object);
      else if (check != NULL && g_str_has_prefix (object_path, prefix))
        g_ptr_array_add (view->checks, g_object_ref (check));
    }
  g_ptr_array_sort (view->checks, compare_checks);
  return view;
}

static View *
look_at (HeartbeatCtl *self, const char *agent, GError **error)
{
  g_autofree char *name = heartbeat_ctl_bus_name (agent);
  g_autoptr (GString) path = g_string_new (ROOT_PATH "/");
  g_autoptr (GDBusObjectManager) manager = NULL;
  g_autoptr (View) view = NULL;
  g_autofree char *element = g_dbus_escape_object_path (agent);

  g_string_append (path, element);
  manager = heartbeat_dbus_object_manager_client_new_sync (
      self->bus, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_DO_NOT_AUTO_START, name, ROOT_PATH, NULL,
      error);
  if (manager == NULL)
    return NULL;
  view = collect_view (manager, path->str);
  if (view->agent != NULL)
    return g_steal_pointer (&view);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _ ("%s has left the bus"), agent);
  return NULL;
}

/* --- JSON: the properties as D-Bus has them ------------------------------------------------------------------------- */

static void
add_properties (JsonBuilder *builder, GDBusProxy *proxy)
{
  g_auto (GStrv) names = g_dbus_proxy_get_cached_property_names (proxy);

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      g_autoptr (GVariant) value = g_dbus_proxy_get_cached_property (proxy, names[i]);

      json_builder_set_member_name (builder, names[i]);
      json_builder_add_value (builder, json_gvariant_serialize (value));
    }
}

static void
add_view (JsonBuilder *builder, View *view)
{
  json_builder_begin_object (builder);
  add_properties (builder, G_DBUS_PROXY (view->agent));
  json_builder_set_member_name (builder, "Checks");
  json_builder_begin_array (builder);
  for (guint i = 0; i < view->checks->len; i++)
    {
      json_builder_begin_object (builder);
      add_properties (builder, g_ptr_array_index (view->checks, i));
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

/* --- For people ----------------------------------------------------------------------------------------------------- */

static void
add_line (HeartbeatCtlTable *table, const char *label, const char *text)
{
  heartbeat_ctl_table_add (table, label);
  heartbeat_ctl_table_add (table, text);
}

static char *
describe_broker (HeartbeatDBusAgent *agent)
{
  const char *state = heartbeat_dbus_agent_get_connection_state (agent);
  const char *error = heartbeat_dbus_agent_get_connection_error (agent);
  const char *broker = heartbeat_dbus_agent_get_broker (agent);

  if (strcmp (state, "connected") == 0)
    return g_strdup_printf (_ ("connected to %s, queue %s"), broker,
                            heartbeat_dbus_agent_get_queue (agent));
  if (strcmp (state, "connecting") == 0)
    return g_strdup_printf (_ ("connecting to %s"), broker);
  if (strcmp (state, "waiting") == 0)
    return g_strdup_printf (_ ("away: %s"), error);
  return g_strdup (_ ("none: ticks come from a timer"));
}

static void
print_agent (HeartbeatDBusAgent *agent, gint64 now)
{
  g_autoptr (HeartbeatCtlTable) table = heartbeat_ctl_table_new (2);
  g_autofree char *broker = describe_broker (agent);
  g_autofree char *tick
      = heartbeat_ctl_phrase_past (heartbeat_dbus_agent_get_last_tick (agent), now);
  g_autofree char *ticks = g_strdup_printf (
      _ ("%s (%" G_GUINT64_FORMAT " received, %" G_GUINT64_FORMAT " with nothing due)"), tick,
      heartbeat_dbus_agent_get_ticks_received (agent), heartbeat_dbus_agent_get_ticks_idle (agent));
  g_autofree char *due
      = heartbeat_ctl_phrase_future (heartbeat_dbus_agent_get_next_due (agent), now);
  g_autofree char *runs = g_strdup_printf (
      _ ("%" G_GUINT64_FORMAT " good, %" G_GUINT64_FORMAT " failed, %" G_GUINT64_FORMAT " skipped"),
      heartbeat_dbus_agent_get_runs_succeeded (agent), heartbeat_dbus_agent_get_runs_failed (agent),
      heartbeat_dbus_agent_get_runs_skipped (agent));
  const char *config_error = heartbeat_dbus_agent_get_config_error (agent);
  g_autofree char *text = NULL;

  add_line (table, _ ("Agent"), heartbeat_dbus_agent_get_name (agent));
  add_line (table, _ ("File"), heartbeat_dbus_agent_get_config_path (agent));
  if (*config_error != '\0')
    add_line (table, _ ("Error"), config_error);
  add_line (table, _ ("Broker"), broker);
  add_line (table, _ ("Last tick"), ticks);
  add_line (table, _ ("Runs"), runs);
  add_line (table, _ ("Next due"), due);
  text = heartbeat_ctl_table_to_string (table);
  g_print ("%s", text);
}

static void
add_check (HeartbeatCtlTable *table, HeartbeatDBusCheck *check, gint64 now)
{
  g_autofree char *cadence
      = heartbeat_ctl_phrase_span (heartbeat_dbus_check_get_cadence_ms (check) * 1000);
  g_autofree char *last
      = heartbeat_ctl_phrase_past (heartbeat_dbus_check_get_last_run (check), now);
  g_autofree char *next
      = heartbeat_ctl_phrase_future (heartbeat_dbus_check_get_next_due (check), now);
  const char *status = heartbeat_dbus_check_get_last_status (check);
  const char *message = heartbeat_dbus_check_get_last_message (check);
  const char *error = heartbeat_dbus_check_get_error (check);
  g_autofree char *result = NULL;

  if (*error != '\0')
    result = g_strdup (error);
  else
    result = g_strconcat (status, *message != '\0' ? ": " : "", message, NULL);
  heartbeat_ctl_table_add (table, heartbeat_dbus_check_get_name (check));
  heartbeat_ctl_table_add (table, heartbeat_dbus_check_get_state (check));
  heartbeat_ctl_table_add (table, cadence);
  heartbeat_ctl_table_add (table, last);
  heartbeat_ctl_table_add (table, next);
  heartbeat_ctl_table_add (table, result);
}

static void
print_view (View *view, gint64 now)
{
  const char *const heads[] = { _ ("CHECK"),    _ ("STATE"),    _ ("CADENCE"),
                                _ ("LAST RUN"), _ ("NEXT DUE"), _ ("LAST RESULT") };
  g_autoptr (HeartbeatCtlTable) table = heartbeat_ctl_table_new (G_N_ELEMENTS (heads));
  g_autofree char *text = NULL;

  print_agent (view->agent, now);
  if (view->checks->len == 0)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (heads); i++)
    heartbeat_ctl_table_add (table, heads[i]);
  for (guint i = 0; i < view->checks->len; i++)
    add_check (table, g_ptr_array_index (view->checks, i), now);
  text = heartbeat_ctl_table_to_string (table);
  g_print ("\n%s", text);
}

/**
 * heartbeat_ctl_status:
 * @self: the command line
 * @args: none
 *
 * `heartbeatctl status`: each agent and its checks.
 *
 * Returns: the exit status
 */
HeartbeatCtlExit
heartbeat_ctl_status (HeartbeatCtl *self, char **args)
{
  g_autoptr (GPtrArray) agents = NULL;
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  HeartbeatCtlExit status = heartbeat_ctl_find_agents (self, &agents);

  if (status != HEARTBEAT_CTL_OK)
    return status;
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "agents");
  json_builder_begin_array (builder);
  for (guint i = 0; i < agents->len; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (View) view = look_at (self, g_ptr_array_index (agents, i), &error);

      if (view == NULL)
        {
          heartbeat_ctl_complain ("%s", error->message);
          return HEARTBEAT_CTL_NOT_RUNNING;
        }
      if (self->json)
        {
          add_view (builder, view);
          continue;
        }
      if (i > 0)
        g_print ("\n");
      print_view (view, g_get_real_time ());
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  if (self->json)
    heartbeat_ctl_print_json (builder);
  return HEARTBEAT_CTL_OK;
}
