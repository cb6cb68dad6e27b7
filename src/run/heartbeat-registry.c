/* SPDX-License-Identifier: MIT */

#include "run/heartbeat-registry.h"

#include <string.h>

/**
 * HeartbeatRegistry:
 *
 * The handlers that an agent knows, by name and by who brought them.
 */
struct _HeartbeatRegistry
{
  GObject parent_instance;

  GHashTable *handlers[HEARTBEAT_HANDLER_N_RANKS];
  HeartbeatRegistrySearch search; /* for executables, or NULL */
  gpointer search_data;
  GDestroyNotify search_destroy;
};

G_DEFINE_FINAL_TYPE (HeartbeatRegistry, heartbeat_registry, G_TYPE_OBJECT)

static void
heartbeat_registry_finalize (GObject *object)
{
  HeartbeatRegistry *self = HEARTBEAT_REGISTRY (object);

  for (guint i = 0; i < HEARTBEAT_HANDLER_N_RANKS; i++)
    g_hash_table_unref (self->handlers[i]);
  if (self->search_destroy != NULL)
    self->search_destroy (self->search_data);
  G_OBJECT_CLASS (heartbeat_registry_parent_class)->finalize (object);
}

static void
heartbeat_registry_class_init (HeartbeatRegistryClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = heartbeat_registry_finalize;
}

static void
heartbeat_registry_init (HeartbeatRegistry *self)
{
  for (guint i = 0; i < HEARTBEAT_HANDLER_N_RANKS; i++)
    self->handlers[i] = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                               (GDestroyNotify) heartbeat_handler_unref);
}

/**
 * heartbeat_registry_new:
 *
 * Returns: (transfer full): an empty registry
 */
HeartbeatRegistry *
heartbeat_registry_new (void)
{
  return g_object_new (HEARTBEAT_TYPE_REGISTRY, NULL);
}

/**
 * heartbeat_registry_add:
 * @self: a registry
 * @rank: who brings the handler
 * @name: its name
 * @handler: copied; its `destroy` is called when it is replaced or removed
 *
 * Adds a handler, in place of one of the same name and rank.
 */
void
heartbeat_registry_add (HeartbeatRegistry *self,
                        HeartbeatHandlerRank rank,
                        const char *name,
                        const HeartbeatHandler *handler)
{
  g_return_if_fail (HEARTBEAT_IS_REGISTRY (self));
  g_return_if_fail (rank < HEARTBEAT_HANDLER_N_RANKS);
  g_return_if_fail (name != NULL && handler->func != NULL);

  g_hash_table_replace (self->handlers[rank], g_strdup (name),
                        heartbeat_handler_new (handler->func, handler->user_data,
                                               handler->destroy));
}

/**
 * heartbeat_registry_set_search:
 * @self: a registry
 * @search: finds executables
 * @user_data: passed to @search
 * @destroy: (nullable): frees @user_data
 *
 * Makes each lookup of a name that no program has registered search for an executable.
 */
void
heartbeat_registry_set_search (HeartbeatRegistry *self,
                               HeartbeatRegistrySearch search,
                               gpointer user_data,
                               GDestroyNotify destroy)
{
  g_return_if_fail (HEARTBEAT_IS_REGISTRY (self));
  g_return_if_fail (self->search == NULL);

  self->search = search;
  self->search_data = user_data;
  self->search_destroy = destroy;
}

/**
 * heartbeat_registry_remove:
 * @self: a registry
 * @rank: who brought the handler
 * @name: its name
 *
 * Returns: whether there was one
 */
gboolean
heartbeat_registry_remove (HeartbeatRegistry *self, HeartbeatHandlerRank rank, const char *name)
{
  g_return_val_if_fail (HEARTBEAT_IS_REGISTRY (self), FALSE);
  g_return_val_if_fail (rank < HEARTBEAT_HANDLER_N_RANKS, FALSE);

  return g_hash_table_remove (self->handlers[rank], name);
}

/**
 * heartbeat_registry_has:
 * @self: a registry
 * @rank: who may have brought the handler
 * @name: its name
 *
 * Returns: whether there is one
 */
gboolean
heartbeat_registry_has (HeartbeatRegistry *self, HeartbeatHandlerRank rank, const char *name)
{
  g_return_val_if_fail (HEARTBEAT_IS_REGISTRY (self), FALSE);
  g_return_val_if_fail (rank < HEARTBEAT_HANDLER_N_RANKS, FALSE);

  return g_hash_table_contains (self->handlers[rank], name);
}

/**
 * heartbeat_registry_count:
 * @self: a registry
 * @rank: who may have brought handlers
 *
 * Returns: how many they are
 */
guint
heartbeat_registry_count (HeartbeatRegistry *self, HeartbeatHandlerRank rank)
{
  g_return_val_if_fail (HEARTBEAT_IS_REGISTRY (self), 0);
  g_return_val_if_fail (rank < HEARTBEAT_HANDLER_N_RANKS, 0);

  return g_hash_table_size (self->handlers[rank]);
}

static gboolean
return_registered (GTask *task, HeartbeatHandlerRank rank)
{
  HeartbeatRegistry *self = g_task_get_source_object (task);
  HeartbeatHandler *handler
      = g_hash_table_lookup (self->handlers[rank], g_task_get_task_data (task));

  if (handler == NULL)
    return FALSE;
  g_task_return_pointer (task, heartbeat_handler_ref (handler),
                         (GDestroyNotify) heartbeat_handler_unref);
  return TRUE;
}

static void
on_searched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  HeartbeatHandler *handler = g_task_propagate_pointer (G_TASK (result), &error);

  if (error != NULL)
    g_task_return_error (task, error);
  else if (handler != NULL || !return_registered (task, HEARTBEAT_HANDLER_BUILT_IN))
    g_task_return_pointer (task, handler, (GDestroyNotify) heartbeat_handler_unref);
}

/**
 * heartbeat_registry_lookup_async:
 * @self: a registry
 * @name: the name of a handler
 * @cancellable: (nullable): ends the search for an executable
 * @callback: called when the search is over; it calls heartbeat_registry_lookup_finish()
 * @user_data: passed to @callback
 *
 * Looks for a handler: those of the program first, then those on D-Bus, executables, and the built-in ones.
 */
void
heartbeat_registry_lookup_async (HeartbeatRegistry *self,
                                 const char *name,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  GTask *search;

  g_return_if_fail (HEARTBEAT_IS_REGISTRY (self));
  g_return_if_fail (name != NULL);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_task_data (task, g_strdup (name), g_free);
  if (return_registered (task, HEARTBEAT_HANDLER_PROGRAM)
      || return_registered (task, HEARTBEAT_HANDLER_BUS))
    return;
  search = g_task_new (self, cancellable, on_searched, g_object_ref (task));
  if (self->search != NULL)
    self->search (name, search, self->search_data);
  else
    {
      g_task_return_pointer (search, NULL, NULL);
      g_object_unref (search);
    }
}

/**
 * heartbeat_registry_lookup_finish:
 * @self: a registry
 * @result: what the callback was given
 * @error: return location for an error: there is an executable of that name which cannot be used, its folder does not
 *   answer, or the search was cancelled
 *
 * Ends heartbeat_registry_lookup_async().
 *
 * Returns: (transfer full) (nullable): the handler; %NULL without @error if there is none of that name
 */
HeartbeatHandler *
heartbeat_registry_lookup_finish (HeartbeatRegistry *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static int
compare_strings (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/**
 * heartbeat_registry_list:
 * @self: a registry
 *
 * Returns: (transfer full): the names of all handlers, each once, sorted
 */
GStrv
heartbeat_registry_list (HeartbeatRegistry *self)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  g_return_val_if_fail (HEARTBEAT_IS_REGISTRY (self), NULL);

  for (guint i = 0; i < HEARTBEAT_HANDLER_N_RANKS; i++)
    {
      GHashTableIter iter;
      gpointer name;

      g_hash_table_iter_init (&iter, self->handlers[i]);
      while (g_hash_table_iter_next (&iter, &name, NULL))
        if (g_hash_table_add (seen, name))
          g_ptr_array_add (names, g_strdup (name));
    }
  g_ptr_array_sort (names, compare_strings);
  g_ptr_array_add (names, NULL);
  return (GStrv) g_ptr_array_steal (names, NULL);
}
