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
  HeartbeatHandler *any[HEARTBEAT_HANDLER_N_RANKS];
};

G_DEFINE_FINAL_TYPE (HeartbeatRegistry, heartbeat_registry, G_TYPE_OBJECT)

static void
handler_clear (gpointer data)
{
  HeartbeatHandler *handler = data;

  if (handler->destroy != NULL)
    handler->destroy (handler->user_data);
}

static void
handler_release (gpointer data)
{
  g_rc_box_release_full (data, handler_clear);
}

static void
heartbeat_registry_finalize (GObject *object)
{
  HeartbeatRegistry *self = HEARTBEAT_REGISTRY (object);

  for (guint i = 0; i < HEARTBEAT_HANDLER_N_RANKS; i++)
    {
      g_hash_table_unref (self->handlers[i]);
      g_clear_pointer (&self->any[i], handler_release);
    }
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
    self->handlers[i] = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, handler_release);
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
                        (gpointer) g_rc_box_dup (sizeof *handler, handler));
}

/**
 * heartbeat_registry_add_any:
 * @self: a registry
 * @rank: who brings the handler
 * @handler: copied; its `destroy` is called when it is replaced
 *
 * Adds a handler for every name that nobody of @rank has added. It finds out for itself whether it can do a run, in its own
 * time, and passes on one that it cannot, see heartbeat_run_decline().
 */
void
heartbeat_registry_add_any (HeartbeatRegistry *self,
                            HeartbeatHandlerRank rank,
                            const HeartbeatHandler *handler)
{
  g_return_if_fail (HEARTBEAT_IS_REGISTRY (self));
  g_return_if_fail (rank < HEARTBEAT_HANDLER_N_RANKS);
  g_return_if_fail (handler->func != NULL);

  g_clear_pointer (&self->any[rank], handler_release);
  self->any[rank] = (gpointer) g_rc_box_dup (sizeof *handler, handler);
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

static const HeartbeatHandler *
find_from (HeartbeatRegistry *self, const char *name, guint first)
{
  for (guint i = first; i < HEARTBEAT_HANDLER_N_RANKS; i++)
    {
      const HeartbeatHandler *handler = g_hash_table_lookup (self->handlers[i], name);

      if (handler != NULL)
        return handler;
      if (self->any[i] != NULL)
        return self->any[i];
    }
  return NULL;
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

/**
 * heartbeat_handler_ref:
 * @handler: a handler that was found in a registry
 *
 * A handler that removes or replaces itself has to outlive its call.
 *
 * Returns: (transfer full): @handler, for heartbeat_handler_unref()
 */
const HeartbeatHandler *
heartbeat_handler_ref (const HeartbeatHandler *handler)
{
  return g_rc_box_acquire ((HeartbeatHandler *) handler);
}

/**
 * heartbeat_handler_unref:
 * @handler: (transfer full): a handler
 */
void
heartbeat_handler_unref (const HeartbeatHandler *handler)
{
  handler_release ((HeartbeatHandler *) handler);
}

/**
 * heartbeat_registry_find:
 * @self: a registry
 * @name: a handler's name
 *
 * Returns: (transfer none) (nullable): the handler, until the registry changes
 */
const HeartbeatHandler *
heartbeat_registry_find (HeartbeatRegistry *self, const char *name)
{
  g_return_val_if_fail (HEARTBEAT_IS_REGISTRY (self), NULL);

  return find_from (self, name, 0);
}

/**
 * heartbeat_registry_find_below:
 * @self: a registry
 * @name: a handler's name
 * @rank: who had none of that name
 *
 * Returns: (transfer none) (nullable): the handler of a later rank, until the registry changes
 */
const HeartbeatHandler *
heartbeat_registry_find_below (HeartbeatRegistry *self, const char *name, HeartbeatHandlerRank rank)
{
  g_return_val_if_fail (HEARTBEAT_IS_REGISTRY (self), NULL);

  return find_from (self, name, rank + 1);
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
