/* SPDX-License-Identifier: MIT */

#include "ctl/heartbeat-ctl-view.h"

#include <string.h>

#include "core/heartbeat-i18n.h"

static int
compare_checks (gconstpointer a, gconstpointer b)
{
  HeartbeatDBusCheck *const *left = a, *const *right = b;

  return g_strcmp0 (heartbeat_dbus_check_get_name (*left), heartbeat_dbus_check_get_name (*right));
}

/* A process may serve many agents: its object manager lists them all. */
static HeartbeatCtlView *
collect_view (GDBusObjectManager *manager, const char *path)
{
  g_autofree char *prefix = g_strconcat (path, "/checks/", NULL);
  g_autolist (GDBusObject) objects = g_dbus_object_manager_get_objects (manager);
  HeartbeatCtlView *view = g_new0 (HeartbeatCtlView, 1);

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

/**
 * heartbeat_ctl_view_new:
 * @ctl: the command line, connected to the bus
 * @agent: an agent's name
 * @error: return location for an error
 *
 * Returns: (transfer full): what @agent shows now
 */
HeartbeatCtlView *
heartbeat_ctl_view_new (HeartbeatCtl *ctl, const char *agent, GError **error)
{
  g_autofree char *name = heartbeat_ctl_bus_name (agent);
  g_autofree char *path = heartbeat_ctl_agent_path (agent);
  g_autoptr (GDBusObjectManager) manager = NULL;
  g_autoptr (HeartbeatCtlView) view = NULL;

  manager = heartbeat_dbus_object_manager_client_new_sync (
      ctl->bus, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_DO_NOT_AUTO_START, name, HEARTBEAT_CTL_ROOT,
      NULL, error);
  if (manager == NULL)
    return NULL;
  view = collect_view (manager, path);
  if (view->agent != NULL)
    return g_steal_pointer (&view);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _ ("%s has left the bus"), agent);
  return NULL;
}

void
heartbeat_ctl_view_free (HeartbeatCtlView *self)
{
  g_clear_object (&self->agent);
  g_ptr_array_unref (self->checks);
  g_free (self);
}

/**
 * heartbeat_ctl_view_find_check:
 * @self: a view
 * @name: the name of a check
 *
 * Returns: (transfer none) (nullable): the check
 */
HeartbeatDBusCheck *
heartbeat_ctl_view_find_check (HeartbeatCtlView *self, const char *name)
{
  for (guint i = 0; i < self->checks->len; i++)
    {
      HeartbeatDBusCheck *check = g_ptr_array_index (self->checks, i);

      if (g_strcmp0 (heartbeat_dbus_check_get_name (check), name) == 0)
        return check;
    }
  return NULL;
}

/**
 * heartbeat_ctl_view_add_properties:
 * @builder: an object
 * @proxy: an agent or a check
 *
 * Adds its properties as D-Bus has them.
 */
void
heartbeat_ctl_view_add_properties (JsonBuilder *builder, GDBusProxy *proxy)
{
  g_auto (GStrv) names = g_dbus_proxy_get_cached_property_names (proxy);

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      g_autoptr (GVariant) value = g_dbus_proxy_get_cached_property (proxy, names[i]);

      json_builder_set_member_name (builder, names[i]);
      json_builder_add_value (builder, json_gvariant_serialize (value));
    }
}
