/* SPDX-License-Identifier: MIT */

#include "dbus/heartbeat-bus-agent-export.h"

#include "agent/heartbeat-agent-private.h"
#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"
#include "consumer/heartbeat-consumer-private.h"
#include "dbus/heartbeat-bus-agent.h"
#include "dbus/heartbeat-bus-call.h"
#include "dbus/heartbeat-bus-check.h"

/**
 * HeartbeatBusAgentExport:
 *
 * The objects of one agent below an object manager: the agent, and its checks as they come and go. Without a connection
 * there are none.
 */
struct _HeartbeatBusAgentExport
{
  GObject parent_instance;

  HeartbeatConsumer *consumer;
  HeartbeatAgent *agent;
  HeartbeatBusChangeDebouncer *debouncer;
  HeartbeatBusWorkQueue *queue;
  char *path;
  GDBusObjectManagerServer *manager; /* NULL before the beginning and after the end */
  HeartbeatBusAgent *bus_agent;
  GHashTable *checks; /* HeartbeatCheck → HeartbeatBusCheck */
};

enum
{
  COMPLETE,
  FAILED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (HeartbeatBusAgentExport, heartbeat_bus_agent_export, G_TYPE_OBJECT)

/* A name may be any text, but an element of a path has letters, digits and underscores only. */
static char *
child_path (const char *parent, const char *name)
{
  g_autofree char *element = g_dbus_escape_object_path (name);

  return g_strconcat (parent, "/", element, NULL);
}

static char *
check_path (HeartbeatBusAgentExport *self, HeartbeatCheck *check)
{
  g_autofree char *parent = g_strconcat (self->path, "/checks", NULL);

  return child_path (parent, heartbeat_check_get_name (check));
}

/* The manager does not report a failed export. Some of the objects are worse than none. */
static gboolean
export_object (HeartbeatBusAgentExport *self, const char *path, GDBusInterfaceSkeleton *skeleton)
{
  g_autoptr (GDBusObjectSkeleton) object = g_dbus_object_skeleton_new (path);
  g_autoptr (GError) error = NULL;

  g_dbus_object_skeleton_add_interface (object, skeleton);
  g_dbus_object_manager_server_export (self->manager, object);
  if (g_dbus_interface_skeleton_get_connection (skeleton) != NULL)
    return TRUE;
  g_set_error (&error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_FAILED,
               _ ("the object %s cannot be exported on the session bus"), path);
  g_signal_emit (self, signals[FAILED], 0, error);
  return FALSE;
}

/* --- Reload ---------------------------------------------------------------------------------------------------------- */

/* The export may have ended when the agent has reloaded its file. */
typedef struct
{
  HeartbeatBusAgentExport *export;
  GDBusMethodInvocation *invocation;
} Reload;

static void
answer_reload (gpointer owner, gpointer data)
{
  heartbeat_bus_call_finish (g_object_ref (data), TRUE, NULL);
}

static void
on_reloaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Reload *reload = user_data;
  g_autoptr (HeartbeatBusAgentExport) self = reload->export;
  g_autoptr (GDBusMethodInvocation) invocation = reload->invocation;
  g_autoptr (GError) error = NULL;

  if (!heartbeat_agent_reload_finish (HEARTBEAT_AGENT (source), result, &error))
    heartbeat_bus_call_finish (g_steal_pointer (&invocation), FALSE, error);
  else
    /* The objects of all checks are those of the new configuration when the answer comes. */
    heartbeat_bus_work_queue_add (self->queue, answer_reload, invocation, invocation);
}

static gboolean
on_handle_reload (HeartbeatBusAgentExport *self, GDBusMethodInvocation *invocation)
{
  Reload *reload = g_new (Reload, 1);

  reload->export = g_object_ref (self);
  reload->invocation = invocation;
  heartbeat_consumer_retry_now (self->consumer);
  heartbeat_agent_reload_async (self->agent, NULL, on_reloaded, reload);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/* --- Pieces of work ------------------------------------------------------------------------------------------------- */

static void
export_agent (gpointer owner, gpointer data)
{
  HeartbeatBusAgentExport *self = owner;
  g_autoptr (HeartbeatBusAgent) bus_agent
      = heartbeat_bus_agent_new (self->consumer, self->debouncer);

  if (!export_object (self, self->path, G_DBUS_INTERFACE_SKELETON (bus_agent)))
    return;
  g_signal_connect_object (bus_agent, "handle-reload", G_CALLBACK (on_handle_reload), self,
                           G_CONNECT_SWAPPED);
  self->bus_agent = g_steal_pointer (&bus_agent);
}

static void
export_check (gpointer owner, gpointer data)
{
  HeartbeatBusAgentExport *self = owner;
  HeartbeatCheck *check = data;
  g_autoptr (HeartbeatBusCheck) bus_check
      = heartbeat_bus_check_new (self->agent, check, self->debouncer);
  g_autofree char *path = check_path (self, check);

  if (export_object (self, path, G_DBUS_INTERFACE_SKELETON (bus_check)))
    g_hash_table_insert (self->checks, g_object_ref (check), g_steal_pointer (&bus_check));
}

static void
unexport_check (gpointer owner, gpointer data)
{
  HeartbeatBusAgentExport *self = owner;
  g_autofree char *path = check_path (self, data);

  g_dbus_object_manager_server_unexport (self->manager, path);
  g_hash_table_remove (self->checks, data);
}

static void
complete (gpointer owner, gpointer data)
{
  g_signal_emit (owner, signals[COMPLETE], 0);
}

/* --- What happens to the agent -------------------------------------------------------------------------------------- */

static void
on_check_added (HeartbeatBusAgentExport *self, HeartbeatCheck *check)
{
  heartbeat_bus_work_queue_add (self->queue, export_check, self, check);
}

static void
on_check_removed (HeartbeatBusAgentExport *self, HeartbeatCheck *check)
{
  heartbeat_bus_work_queue_add (self->queue, unexport_check, self, check);
}

/* Clients that wait for the name expect the checks to be there. */
static void
on_loaded (HeartbeatBusAgentExport *self)
{
  if (!heartbeat_agent_has_loaded (self->agent))
    return;
  g_signal_handlers_disconnect_by_func (self->agent, on_loaded, self);
  heartbeat_bus_work_queue_add (self->queue, complete, self, NULL);
}

static void
heartbeat_bus_agent_export_dispose (GObject *object)
{
  heartbeat_bus_agent_export_end (HEARTBEAT_BUS_AGENT_EXPORT (object));
  G_OBJECT_CLASS (heartbeat_bus_agent_export_parent_class)->dispose (object);
}

static void
heartbeat_bus_agent_export_finalize (GObject *object)
{
  HeartbeatBusAgentExport *self = HEARTBEAT_BUS_AGENT_EXPORT (object);

  g_hash_table_unref (self->checks);
  g_clear_object (&self->agent);
  g_clear_object (&self->consumer);
  g_clear_pointer (&self->debouncer, heartbeat_bus_change_debouncer_unref);
  g_clear_pointer (&self->queue, heartbeat_bus_work_queue_unref);
  g_free (self->path);
  G_OBJECT_CLASS (heartbeat_bus_agent_export_parent_class)->finalize (object);
}

static void
heartbeat_bus_agent_export_class_init (HeartbeatBusAgentExportClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = heartbeat_bus_agent_export_dispose;
  object_class->finalize = heartbeat_bus_agent_export_finalize;

  /**
   * HeartbeatBusAgentExport::complete:
   * @self: an export
   *
   * All objects of the agent's configuration have been exported.
   */
  signals[COMPLETE] = g_signal_new ("complete", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                    NULL, NULL, NULL, G_TYPE_NONE, 0);

  /**
   * HeartbeatBusAgentExport::failed:
   * @self: an export
   * @error: which object could not be exported
   */
  signals[FAILED] = g_signal_new ("failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
heartbeat_bus_agent_export_init (HeartbeatBusAgentExport *self)
{
  self->checks = g_hash_table_new_full (NULL, NULL, g_object_unref, g_object_unref);
}

/**
 * heartbeat_bus_agent_export_new:
 * @consumer: a consumer
 * @debouncer: updates the objects
 * @queue: where objects are exported and unexported
 *
 * Returns: (transfer full): the export, without any objects
 */
HeartbeatBusAgentExport *
heartbeat_bus_agent_export_new (HeartbeatConsumer *consumer,
                                HeartbeatBusChangeDebouncer *debouncer,
                                HeartbeatBusWorkQueue *queue)
{
  HeartbeatBusAgentExport *self = g_object_new (HEARTBEAT_TYPE_BUS_AGENT_EXPORT, NULL);

  g_return_val_if_fail (HEARTBEAT_IS_CONSUMER (consumer), NULL);
  g_return_val_if_fail (debouncer != NULL, NULL);
  g_return_val_if_fail (queue != NULL, NULL);

  self->consumer = g_object_ref (consumer);
  self->agent = g_object_ref (heartbeat_consumer_get_agent (consumer));
  self->debouncer = heartbeat_bus_change_debouncer_ref (debouncer);
  self->queue = heartbeat_bus_work_queue_ref (queue);
  self->path = child_path (HEARTBEAT_BUS_ROOT, heartbeat_agent_get_name (self->agent));
  return self;
}

/**
 * heartbeat_bus_agent_export_get_agent_name:
 * @self: an export
 *
 * Returns: (transfer none): the name of its agent
 */
const char *
heartbeat_bus_agent_export_get_agent_name (HeartbeatBusAgentExport *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_BUS_AGENT_EXPORT (self), NULL);

  return heartbeat_agent_get_name (self->agent);
}

/**
 * heartbeat_bus_agent_export_begin:
 * @self: an export that has not begun, or has ended
 * @manager: where its objects go, with a connection
 *
 * Exports the agent and its checks, from now until the end.
 */
void
heartbeat_bus_agent_export_begin (HeartbeatBusAgentExport *self, GDBusObjectManagerServer *manager)
{
  g_autoptr (GPtrArray) checks = NULL;

  g_return_if_fail (HEARTBEAT_IS_BUS_AGENT_EXPORT (self));

  checks = heartbeat_agent_list_checks (self->agent);
  self->manager = g_object_ref (manager);
  g_signal_connect_swapped (self->agent, "check-added", G_CALLBACK (on_check_added), self);
  g_signal_connect_swapped (self->agent, "check-removed", G_CALLBACK (on_check_removed), self);
  g_signal_connect_swapped (self->agent, "notify::next-due", G_CALLBACK (on_loaded), self);
  g_signal_connect_swapped (self->agent, "notify::config-error", G_CALLBACK (on_loaded), self);
  heartbeat_bus_work_queue_add (self->queue, export_agent, self, NULL);
  for (guint i = 0; i < checks->len; i++)
    on_check_added (self, g_ptr_array_index (checks, i));
  on_loaded (self);
}

/**
 * heartbeat_bus_agent_export_end:
 * @self: an export
 *
 * Unexports everything.
 */
void
heartbeat_bus_agent_export_end (HeartbeatBusAgentExport *self)
{
  g_autoptr (GList) checks = NULL;

  g_return_if_fail (HEARTBEAT_IS_BUS_AGENT_EXPORT (self));

  if (self->manager == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->agent, self);
  heartbeat_bus_work_queue_forget (self->queue, self);
  checks = g_hash_table_get_keys (self->checks);
  for (GList *l = checks; l != NULL; l = l->next)
    unexport_check (self, l->data);
  g_dbus_object_manager_server_unexport (self->manager, self->path);
  g_clear_object (&self->bus_agent);
  g_clear_object (&self->manager);
}
