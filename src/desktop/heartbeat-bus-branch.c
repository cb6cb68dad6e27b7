/* SPDX-License-Identifier: MIT */

#include "desktop/heartbeat-bus-branch.h"

#include "core/heartbeat-error.h"
#include "desktop/heartbeat-bus-agent.h"
#include "desktop/heartbeat-bus-check.h"

/**
 * HeartbeatBusBranch:
 *
 * The objects of one agent below an object manager: the agent, and its checks as they come and go.
 */
struct _HeartbeatBusBranch
{
  GObject parent_instance;

  HeartbeatConsumer *consumer;
  HeartbeatAgent *agent;
  GDBusObjectManagerServer *manager;
  HeartbeatBusCollector *collector;
  char *path;
  HeartbeatBusAgent *face;
  GHashTable *checks; /* HeartbeatCheck → HeartbeatBusCheck */
  gboolean visible;
};

enum
{
  FAILED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (HeartbeatBusBranch, heartbeat_bus_branch, G_TYPE_OBJECT)

/* A name may be any text, of which a path element can only have some bytes. */
static char *
child_path (const char *parent, const char *name)
{
  g_autofree char *element = g_dbus_escape_object_path (name);

  return g_strconcat (parent, "/", element, NULL);
}

static char *
check_path (HeartbeatBusBranch *self, HeartbeatCheck *check)
{
  g_autofree char *parent = g_strconcat (self->path, "/checks", NULL);

  return child_path (parent, heartbeat_check_get_name (check));
}

static void
export_object (HeartbeatBusBranch *self, const char *path, GDBusInterfaceSkeleton *skeleton)
{
  g_autoptr (GDBusObjectSkeleton) object = g_dbus_object_skeleton_new (path);

  g_dbus_object_skeleton_add_interface (object, skeleton);
  g_dbus_object_manager_server_export (self->manager, object);
}

/* The manager says nothing of an object that it could not export. */
static gboolean
is_visible (GDBusInterfaceSkeleton *skeleton, const char *path, GError **error)
{
  if (g_dbus_interface_skeleton_get_connection (skeleton) != NULL)
    return TRUE;
  g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_FAILED,
               "the object %s cannot be exported on the session bus", path);
  return FALSE;
}

static gboolean
begin_check (HeartbeatBusBranch *self, HeartbeatCheck *check, GError **error)
{
  HeartbeatBusCheck *face = g_hash_table_lookup (self->checks, check);
  g_autofree char *path = check_path (self, check);

  if (!is_visible (G_DBUS_INTERFACE_SKELETON (face), path, error))
    return FALSE;
  heartbeat_bus_check_set_exported (face, TRUE);
  return TRUE;
}

static void
add_check (HeartbeatBusBranch *self, HeartbeatCheck *check)
{
  HeartbeatBusCheck *face = heartbeat_bus_check_new (self->agent, check, self->collector);
  g_autofree char *path = check_path (self, check);

  g_hash_table_insert (self->checks, g_object_ref (check), face);
  export_object (self, path, G_DBUS_INTERFACE_SKELETON (face));
}

static void
on_check_added (HeartbeatBusBranch *self, HeartbeatCheck *check)
{
  g_autoptr (GError) error = NULL;

  add_check (self, check);
  if (self->visible && !begin_check (self, check, &error))
    g_signal_emit (self, signals[FAILED], 0, error);
}

static void
on_check_removed (HeartbeatBusBranch *self, HeartbeatCheck *check)
{
  HeartbeatBusCheck *face = g_hash_table_lookup (self->checks, check);
  g_autofree char *path = check_path (self, check);

  if (face == NULL)
    return;
  heartbeat_bus_check_set_exported (face, FALSE);
  g_dbus_object_manager_server_unexport (self->manager, path);
  g_hash_table_remove (self->checks, check);
}

static void
remove_all_checks (HeartbeatBusBranch *self)
{
  g_autoptr (GList) checks = g_hash_table_get_keys (self->checks);

  for (GList *l = checks; l != NULL; l = l->next)
    on_check_removed (self, l->data);
}

static void
heartbeat_bus_branch_dispose (GObject *object)
{
  HeartbeatBusBranch *self = HEARTBEAT_BUS_BRANCH (object);

  if (self->face != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->agent, self);
      remove_all_checks (self);
      heartbeat_bus_agent_set_exported (self->face, FALSE);
      g_dbus_object_manager_server_unexport (self->manager, self->path);
    }
  g_clear_object (&self->face);
  G_OBJECT_CLASS (heartbeat_bus_branch_parent_class)->dispose (object);
}

static void
heartbeat_bus_branch_finalize (GObject *object)
{
  HeartbeatBusBranch *self = HEARTBEAT_BUS_BRANCH (object);

  g_hash_table_unref (self->checks);
  g_clear_object (&self->manager);
  g_clear_object (&self->agent);
  g_clear_object (&self->consumer);
  g_clear_pointer (&self->collector, heartbeat_bus_collector_unref);
  g_free (self->path);
  G_OBJECT_CLASS (heartbeat_bus_branch_parent_class)->finalize (object);
}

static void
heartbeat_bus_branch_class_init (HeartbeatBusBranchClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = heartbeat_bus_branch_dispose;
  object_class->finalize = heartbeat_bus_branch_finalize;

  /**
   * HeartbeatBusBranch::failed:
   * @self: a branch
   * @error: which object could not be exported
   */
  signals[FAILED] = g_signal_new ("failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
heartbeat_bus_branch_init (HeartbeatBusBranch *self)
{
  self->checks = g_hash_table_new_full (NULL, NULL, g_object_unref, g_object_unref);
}

/**
 * heartbeat_bus_branch_new:
 * @consumer: a consumer
 * @manager: where its objects go
 * @collector: where changes are collected
 *
 * Gives @manager the agent and all its checks, until the branch is disposed of.
 *
 * Returns: (transfer full): the branch
 */
HeartbeatBusBranch *
heartbeat_bus_branch_new (HeartbeatConsumer *consumer,
                          GDBusObjectManagerServer *manager,
                          HeartbeatBusCollector *collector)
{
  HeartbeatBusBranch *self = g_object_new (HEARTBEAT_TYPE_BUS_BRANCH, NULL);
  g_autoptr (GPtrArray) checks = NULL;

  self->consumer = g_object_ref (consumer);
  self->agent = g_object_ref (heartbeat_consumer_get_agent (consumer));
  self->manager = g_object_ref (manager);
  self->collector = heartbeat_bus_collector_ref (collector);
  self->path = child_path (HEARTBEAT_BUS_ROOT, heartbeat_agent_get_name (self->agent));
  self->face = heartbeat_bus_agent_new (consumer, collector);
  export_object (self, self->path, G_DBUS_INTERFACE_SKELETON (self->face));

  checks = heartbeat_agent_list_checks (self->agent);
  for (guint i = 0; i < checks->len; i++)
    add_check (self, g_ptr_array_index (checks, i));
  g_signal_connect_swapped (self->agent, "check-added", G_CALLBACK (on_check_added), self);
  g_signal_connect_swapped (self->agent, "check-removed", G_CALLBACK (on_check_removed), self);
  return self;
}

/**
 * heartbeat_bus_branch_get_agent_name:
 * @self: a branch
 *
 * Returns: (transfer none): the name of its agent
 */
const char *
heartbeat_bus_branch_get_agent_name (HeartbeatBusBranch *self)
{
  return heartbeat_agent_get_name (self->agent);
}

/**
 * heartbeat_bus_branch_begin:
 * @self: a branch
 * @error: return location for an error
 *
 * The manager has a connection now: changes are told from here on.
 *
 * Returns: whether all objects could be exported
 */
gboolean
heartbeat_bus_branch_begin (HeartbeatBusBranch *self, GError **error)
{
  GHashTableIter iter;
  HeartbeatCheck *check;

  if (!is_visible (G_DBUS_INTERFACE_SKELETON (self->face), self->path, error))
    return FALSE;
  heartbeat_bus_agent_set_exported (self->face, TRUE);
  self->visible = TRUE;
  g_hash_table_iter_init (&iter, self->checks);
  while (g_hash_table_iter_next (&iter, (gpointer *) &check, NULL))
    if (!begin_check (self, check, error))
      return FALSE;
  return TRUE;
}

/**
 * heartbeat_bus_branch_end:
 * @self: a branch
 *
 * The manager has no connection any more.
 */
void
heartbeat_bus_branch_end (HeartbeatBusBranch *self)
{
  GHashTableIter iter;
  HeartbeatBusCheck *face;

  self->visible = FALSE;
  heartbeat_bus_agent_set_exported (self->face, FALSE);
  g_hash_table_iter_init (&iter, self->checks);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &face))
    heartbeat_bus_check_set_exported (face, FALSE);
}
