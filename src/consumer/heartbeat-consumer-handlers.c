/* SPDX-License-Identifier: MIT */

#include "consumer/heartbeat-consumer-internal.h"

#include <string.h>

/**
 * heartbeat_consumer_register_handler:
 * @self: a consumer
 * @name: the name that `handler` has in heartbeat.json
 * @func: (scope notified) (closure user_data) (destroy destroy): executes a check
 * @user_data: passed to @func
 * @destroy: (nullable): frees @user_data
 *
 * Adds a handler of the program's own. It goes before all others of that name.
 */
void
heartbeat_consumer_register_handler (HeartbeatConsumer *self,
                                     const char *name,
                                     HeartbeatHandlerFunc func,
                                     gpointer user_data,
                                     GDestroyNotify destroy)
{
  const HeartbeatHandler handler = { func, user_data, destroy };

  g_return_if_fail (HEARTBEAT_IS_CONSUMER (self));
  g_return_if_fail (name != NULL);
  g_return_if_fail (func != NULL);

  heartbeat_registry_add (self->registry, HEARTBEAT_HANDLER_PROGRAM, name, &handler);
}

/**
 * heartbeat_consumer_unregister_handler:
 * @self: a consumer
 * @name: the name of a handler of the program's own
 *
 * Removes a handler of the program's own. A run of it that goes on is not touched.
 *
 * Returns: whether there was one
 */
gboolean
heartbeat_consumer_unregister_handler (HeartbeatConsumer *self, const char *name)
{
  g_return_val_if_fail (HEARTBEAT_IS_CONSUMER (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  return heartbeat_registry_remove (self->registry, HEARTBEAT_HANDLER_PROGRAM, name);
}

/**
 * heartbeat_consumer_list_handlers:
 * @self: a consumer
 *
 * The handlers that need no look at the file system; heartbeat_consumer_list_handlers_async() has all.
 *
 * Returns: (transfer full): the names of all handlers but executables, sorted
 */
GStrv
heartbeat_consumer_list_handlers (HeartbeatConsumer *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_CONSUMER (self), NULL);

  return heartbeat_registry_list (self->registry);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Adds the executables to the other handlers; takes both. */
static GStrv
merge_names (GStrv registered, GStrv executables)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_null_terminated (0, NULL, TRUE);

  for (guint i = 0; executables[i] != NULL; i++)
    if (g_strv_contains ((const char *const *) registered, executables[i]))
      g_free (executables[i]);
    else
      g_ptr_array_add (names, executables[i]);
  for (guint i = 0; registered[i] != NULL; i++)
    g_ptr_array_add (names, registered[i]);
  g_ptr_array_sort (names, compare_names);
  g_free (executables);
  g_free (registered);
  return (GStrv) g_ptr_array_steal (names, NULL);
}

static void
on_executables_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  HeartbeatConsumer *self = g_task_get_source_object (task);
  GStrv executables = heartbeat_executables_list_finish (HEARTBEAT_EXECUTABLES (source), result);

  g_task_return_pointer (task, merge_names (heartbeat_registry_list (self->registry), executables),
                         (GDestroyNotify) g_strfreev);
}

/**
 * heartbeat_consumer_list_handlers_async:
 * @self: a consumer
 * @callback: called when they are known; it calls heartbeat_consumer_list_handlers_finish()
 * @user_data: passed to @callback
 *
 * Lists all handlers, and so what there is in the folders of #HeartbeatConsumer:handler-path at the moment.
 */
void
heartbeat_consumer_list_handlers_async (HeartbeatConsumer *self,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (HEARTBEAT_IS_CONSUMER (self));

  task = g_task_new (self, NULL, callback, user_data);
  if (self->executables != NULL)
    heartbeat_executables_list_async (self->executables, on_executables_listed,
                                      g_steal_pointer (&task));
  else
    g_task_return_pointer (task, heartbeat_registry_list (self->registry),
                           (GDestroyNotify) g_strfreev);
}

/**
 * heartbeat_consumer_list_handlers_finish:
 * @self: a consumer
 * @result: what the callback was given
 * @error: return location for an error; there is none so far
 *
 * Ends heartbeat_consumer_list_handlers_async().
 *
 * Returns: (transfer full): the names of all handlers, sorted
 */
GStrv
heartbeat_consumer_list_handlers_finish (HeartbeatConsumer *self,
                                         GAsyncResult *result,
                                         GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
