/* SPDX-License-Identifier: MIT */

#include "ctl/heartbeat-ctl-view.h"

/**
 * heartbeat_ctl_view_new:
 * @name: an agent's name
 *
 * Returns: (transfer full): an empty view
 */
HeartbeatCtlView *
heartbeat_ctl_view_new (const char *name)
{
  HeartbeatCtlView *self = NULL;

  g_return_val_if_fail (name != NULL, NULL);

  self = g_new0 (HeartbeatCtlView, 1);
  self->name = g_strdup (name);
  self->checks = g_ptr_array_new_with_free_func (g_object_unref);
  return self;
}

void
heartbeat_ctl_view_free (HeartbeatCtlView *self)
{
  g_free (self->name);
  g_free (self->owner);
  g_clear_object (&self->agent);
  g_ptr_array_unref (self->checks);
  g_clear_error (&self->error);
  g_free (self);
}

static int
compare_checks (gconstpointer a, gconstpointer b)
{
  HeartbeatDBusCheck *const *left = a, *const *right = b;

  return g_strcmp0 (heartbeat_dbus_check_get_name (*left), heartbeat_dbus_check_get_name (*right));
}

/**
 * heartbeat_ctl_view_sort:
 * @self: a view
 *
 * Sorts the checks by name, once all are there.
 */
void
heartbeat_ctl_view_sort (HeartbeatCtlView *self)
{
  g_return_if_fail (self != NULL);

  g_ptr_array_sort (self->checks, compare_checks);
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
  g_return_val_if_fail (self != NULL && name != NULL, NULL);

  for (guint i = 0; i < self->checks->len; i++)
    {
      HeartbeatDBusCheck *check = g_ptr_array_index (self->checks, i);

      if (g_strcmp0 (heartbeat_dbus_check_get_name (check), name) == 0)
        return check;
    }
  return NULL;
}

/**
 * heartbeat_ctl_view_serialize:
 * @proxy: an agent or a check
 * @member: (nullable): the name of one more property
 * @value: (nullable): its value; consumed if it is floating
 *
 * Returns: (transfer floating): an `a{sv}` of the properties as they are on the bus, with that one at the end
 */
GVariant *
heartbeat_ctl_view_serialize (GDBusProxy *proxy, const char *member, GVariant *value)
{
  g_auto (GStrv) names = NULL;
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  g_return_val_if_fail (G_IS_DBUS_PROXY (proxy), NULL);

  names = g_dbus_proxy_get_cached_property_names (proxy);
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      g_autoptr (GVariant) property = g_dbus_proxy_get_cached_property (proxy, names[i]);

      g_variant_builder_add (&builder, "{sv}", names[i], property);
    }
  if (member != NULL)
    g_variant_builder_add (&builder, "{sv}", member, value);
  return g_variant_builder_end (&builder);
}
