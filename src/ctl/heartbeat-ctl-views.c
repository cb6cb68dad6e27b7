/* SPDX-License-Identifier: MIT */

#include "ctl/heartbeat-ctl-views.h"

#include <string.h>

#include "base/heartbeat-i18n.h"

/* A process may serve many agents, and one answer has all of them. So each process is asked once, and all of them at the same
 * time, since one of them may be stuck. */
typedef struct
{
  GDBusConnection *bus;
  GPtrArray *views;
  GHashTable *by_path;  /* of an agent's object → its view */
  GPtrArray *processes; /* of Process */
  guint limit_ms;
  guint waiting; /* how many processes have not answered yet */
} Asking;

typedef struct
{
  Asking *asking;
  const char *owner; /* owned by a view */
  GVariant *reply;   /* NULL if there is an error */
  GError *error;
} Process;

static void
process_free (gpointer data)
{
  Process *process = data;

  g_clear_pointer (&process->reply, g_variant_unref);
  g_clear_error (&process->error);
  g_free (process);
}

/* --- An answer ------------------------------------------------------------------------------------------------------ */

/* Checks that all properties are there with the right types, because the generated getters do not. */
static gboolean
has_all (GVariant *properties, const GDBusInterfaceInfo *info, GError **error)
{
  for (guint i = 0; info->properties[i] != NULL; i++)
    {
      const GDBusPropertyInfo *property = info->properties[i];
      g_autoptr (GVariant) value
          = g_variant_lookup_value (properties, property->name,
                                    (const GVariantType *) property->signature);

      if (value == NULL)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                       _ ("the service does not tell %s as this version of heartbeatctl reads it: "
                          "restart the service"),
                       property->name);
          return FALSE;
        }
    }
  return TRUE;
}

/* A proxy that has its properties and does not ask for them. */
static gpointer
make_proxy (const Process *process,
            GType type,
            GDBusInterfaceInfo *info,
            const char *path,
            GVariant *properties,
            GError **error)
{
  GInitable *proxy = NULL;
  GVariantIter iter;
  const char *name;
  GVariant *value;

  if (!has_all (properties, info, error))
    return NULL;
  proxy = g_initable_new (type, NULL, error, "g-connection", process->asking->bus, "g-name",
                          process->owner, "g-object-path", path, "g-interface-name", info->name,
                          "g-flags",
                          G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES
                              | G_DBUS_PROXY_FLAGS_DO_NOT_CONNECT_SIGNALS
                              | G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START,
                          NULL);
  g_variant_iter_init (&iter, properties);
  while (proxy != NULL && g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    g_dbus_proxy_set_cached_property (G_DBUS_PROXY (proxy), name, value);
  return proxy;
}

/* Finds the view of the agent that an object belongs to, if the process owns the name of that agent. */
static HeartbeatCtlView *
find_view (const Process *process, const char *path)
{
  const gsize root = strlen (HEARTBEAT_CTL_ROOT "/");
  HeartbeatCtlView *view = NULL;

  if (g_str_has_prefix (path, HEARTBEAT_CTL_ROOT "/"))
    {
      g_autofree char *agent = g_strndup (path, root + strcspn (path + root, "/"));

      view = g_hash_table_lookup (process->asking->by_path, agent);
    }
  return view != NULL && g_strcmp0 (view->owner, process->owner) == 0 ? view : NULL;
}

static void
collect (const Process *process, const char *path, GVariant *interfaces)
{
  GDBusInterfaceInfo *agent_info = heartbeat_dbus_agent_interface_info ();
  GDBusInterfaceInfo *check_info = heartbeat_dbus_check_interface_info ();
  HeartbeatCtlView *view = find_view (process, path);
  g_autoptr (GVariant) agent
      = g_variant_lookup_value (interfaces, agent_info->name, G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) check
      = g_variant_lookup_value (interfaces, check_info->name, G_VARIANT_TYPE_VARDICT);
  gpointer proxy = NULL;

  if (view == NULL || view->error != NULL)
    return;
  if (agent != NULL && view->agent == NULL)
    view->agent = make_proxy (process, HEARTBEAT_DBUS_TYPE_AGENT_PROXY, agent_info, path, agent,
                              &view->error);
  else if (check != NULL)
    {
      proxy = make_proxy (process, HEARTBEAT_DBUS_TYPE_CHECK_PROXY, check_info, path, check,
                          &view->error);
      if (proxy != NULL)
        g_ptr_array_add (view->checks, proxy);
    }
  /* Objects come in any order: of an agent that turns out to be odd nothing is shown. */
  if (view->error != NULL)
    g_ptr_array_set_size (view->checks, 0);
}

static void
set_error (const Process *process, const GError *error)
{
  for (guint i = 0; i < process->asking->views->len; i++)
    {
      HeartbeatCtlView *view = g_ptr_array_index (process->asking->views, i);

      if (g_strcmp0 (view->owner, process->owner) == 0)
        view->error = g_error_copy (error);
    }
}

/* A process that ends while it is asked has left the bus. */
static gboolean
has_left (const GError *error)
{
  return g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER);
}

static void
take_answer (gpointer data, gpointer user_data)
{
  const Process *process = data;
  g_autoptr (GVariantIter) objects = NULL;
  const char *path;
  GVariant *interfaces;

  if (process->reply == NULL)
    {
      if (!has_left (process->error))
        set_error (process, process->error);
      return;
    }
  g_variant_get (process->reply, "(a{oa{sa{sv}}})", &objects);
  while (g_variant_iter_loop (objects, "{&o@a{sa{sv}}}", &path, &interfaces))
    collect (process, path, interfaces);
}

/* --- The questions -------------------------------------------------------------------------------------------------- */

static char *
get_owner (GDBusConnection *bus, const char *agent)
{
  g_autofree char *name = heartbeat_ctl_bus_name (agent);
  char *owner = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetNameOwner",
      g_variant_new ("(s)", name), G_VARIANT_TYPE ("(s)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);

  if (reply != NULL)
    g_variant_get (reply, "(s)", &owner);
  return owner;
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Process *process = user_data;

  process->reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &process->error);
  process->asking->waiting--;
}

static void
ask (Asking *asking, const char *owner)
{
  Process *process = g_new (Process, 1);

  *process = (Process){ asking, owner, NULL, NULL };
  g_ptr_array_add (asking->processes, process);
  asking->waiting++;
  g_dbus_connection_call (asking->bus, owner, HEARTBEAT_CTL_ROOT,
                          "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL,
                          G_VARIANT_TYPE ("(a{oa{sa{sv}}})"), G_DBUS_CALL_FLAGS_NO_AUTO_START,
                          (int) asking->limit_ms, NULL, on_answer, process);
}

static void
ask_all (Asking *asking)
{
  g_autoptr (GHashTable) asked = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < asking->views->len; i++)
    {
      HeartbeatCtlView *view = g_ptr_array_index (asking->views, i);

      view->owner = get_owner (asking->bus, view->name);
      g_hash_table_insert (asking->by_path, heartbeat_ctl_agent_path (view->name), view);
      if (view->owner != NULL && g_hash_table_add (asked, view->owner))
        ask (asking, view->owner);
    }
}

/* Runs a context of its own, so that nothing else happens meanwhile. Do not create proxies in it: they clean up in the context
 * that they were created in. */
static void
ask_and_wait (Asking *asking)
{
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  ask_all (asking);
  while (asking->waiting > 0)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);
}

/**
 * heartbeat_ctl_views_ask:
 * @bus: the session bus
 * @agents: (element-type utf8): names of agents
 * @limit_ms: how long to wait for the processes that serve them
 *
 * Returns: (transfer full) (element-type HeartbeatCtlView): the agents as they are now, in the same order
 */
GPtrArray *
heartbeat_ctl_views_ask (GDBusConnection *bus, GPtrArray *agents, guint limit_ms)
{
  GPtrArray *views = g_ptr_array_new_with_free_func ((GDestroyNotify) heartbeat_ctl_view_free);
  g_autoptr (GHashTable) by_path = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) processes = g_ptr_array_new_with_free_func (process_free);
  Asking asking = { bus, views, by_path, processes, limit_ms, 0 };

  g_return_val_if_fail (G_IS_DBUS_CONNECTION (bus) && agents != NULL, views);

  for (guint i = 0; i < agents->len; i++)
    g_ptr_array_add (views, heartbeat_ctl_view_new (g_ptr_array_index (agents, i)));
  ask_and_wait (&asking);
  g_ptr_array_foreach (processes, take_answer, NULL);
  for (guint i = 0; i < views->len; i++)
    {
      HeartbeatCtlView *view = g_ptr_array_index (views, i);

      heartbeat_ctl_view_sort (view);
      if (view->agent == NULL && view->error == NULL)
        view->error
            = g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _ ("%s has left the bus"), view->name);
    }
  return views;
}

/* --- For commands --------------------------------------------------------------------------------------------------- */

/* An agent that leaves while several are asked is not missed. */
static HeartbeatCtlExit
report (HeartbeatCtlView *view, gboolean several)
{
  if (!g_error_matches (view->error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    return heartbeat_ctl_report (HEARTBEAT_CTL_FAILED, "%s: %s", view->name,
                                 heartbeat_ctl_explain (view->error));
  return several ? HEARTBEAT_CTL_OK
                 : heartbeat_ctl_report (HEARTBEAT_CTL_NOT_RUNNING, "%s", view->error->message);
}

/**
 * heartbeat_ctl_views_load:
 * @self: the command line, connected to the bus
 * @agents: (element-type utf8): names of agents
 * @views: (out) (transfer full) (element-type HeartbeatCtlView): those agents that answer
 *
 * Asks @agents, and reports each that does not answer.
 *
 * Returns: %HEARTBEAT_CTL_OK, or another status after a report
 */
HeartbeatCtlExit
heartbeat_ctl_views_load (HeartbeatCtl *self, GPtrArray *agents, GPtrArray **views)
{
  GPtrArray *all = NULL;
  HeartbeatCtlExit status = HEARTBEAT_CTL_OK;

  g_return_val_if_fail (self != NULL && agents != NULL && views != NULL, HEARTBEAT_CTL_FAILED);

  all = heartbeat_ctl_views_ask (self->bus, agents, HEARTBEAT_CTL_ANSWER_MS);
  for (guint i = 0; i < all->len;)
    {
      HeartbeatCtlView *view = g_ptr_array_index (all, i);
      HeartbeatCtlExit why;

      if (view->error == NULL)
        {
          i++;
          continue;
        }
      why = report (view, agents->len > 1);
      status = MAX (status, why);
      g_ptr_array_remove_index (all, i);
    }
  *views = all;
  if (all->len > 0 || status != HEARTBEAT_CTL_OK)
    return status;
  return heartbeat_ctl_report (HEARTBEAT_CTL_NOT_RUNNING,
                               _ ("no heartbeat-consumer runs on this bus"));
}
