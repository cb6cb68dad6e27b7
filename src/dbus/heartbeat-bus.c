/* SPDX-License-Identifier: MIT */

#include "dbus/heartbeat-bus.h"

#include "base/heartbeat-deadline.h"
#include "base/heartbeat-log.h"
#include "dbus/heartbeat-bus-agent-export.h"
#include "dbus/heartbeat-bus-agent.h"
#include "dbus/heartbeat-bus-check.h"
#include "dbus/heartbeat-bus-names.h"

#define MIN_DELAY_US G_USEC_PER_SEC
#define MAX_DELAY_US (60 * G_USEC_PER_SEC)

/**
 * HeartbeatBus:
 *
 * The service on the session bus: agents, checks and names. It has a connection of its own, since the shared one of
 * g_bus_get() stays closed for good while anybody in the process holds a reference to it.
 */
struct _HeartbeatBus
{
  GObject parent_instance;

  GDBusConnection *connection;
  GDBusObjectManagerServer *manager; /* NULL without a connection */
  HeartbeatBusChangeDebouncer *debouncer;
  HeartbeatBusWorkQueue *queue;
  HeartbeatBusNames *names;
  GHashTable *exports;       /* HeartbeatConsumer → HeartbeatBusAgentExport */
  GCancellable *cancellable; /* not NULL between start and stop */
  GSource *retry;
  gint64 delay_us;
  gboolean ready;
  char *error;
};

enum
{
  PROP_0,
  PROP_CONNECTED,
  PROP_READY,
  PROP_ERROR,
  N_PROPS,
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (HeartbeatBus, heartbeat_bus, G_TYPE_OBJECT)

static void connect_bus (HeartbeatBus *self);
static void withdraw (HeartbeatBus *self);

static void
set_error (HeartbeatBus *self, const char *message)
{
  if (g_str_equal (self->error, message))
    return;
  g_free (self->error);
  self->error = g_strdup (message);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ERROR]);
}

static void
update_ready (HeartbeatBus *self)
{
  gboolean ready = heartbeat_bus_names_are_owned (self->names, g_hash_table_size (self->exports));

  if (self->ready == ready)
    return;
  self->ready = ready;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_READY]);
}

static void
update_object (gpointer object, gpointer user_data)
{
  if (HEARTBEAT_IS_BUS_CHECK (object))
    heartbeat_bus_check_update (object);
  else
    heartbeat_bus_agent_update (object);
}

static void
heartbeat_bus_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  HeartbeatBus *self = HEARTBEAT_BUS (object);

  switch (id)
    {
    case PROP_CONNECTED:
      g_value_set_boolean (value, heartbeat_bus_get_connected (self));
      break;
    case PROP_READY:
      g_value_set_boolean (value, self->ready);
      break;
    case PROP_ERROR:
      g_value_set_string (value, self->error);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
heartbeat_bus_dispose (GObject *object)
{
  HeartbeatBus *self = HEARTBEAT_BUS (object);

  heartbeat_bus_stop (self);
  g_hash_table_remove_all (self->exports);
  G_OBJECT_CLASS (heartbeat_bus_parent_class)->dispose (object);
}

static void
heartbeat_bus_finalize (GObject *object)
{
  HeartbeatBus *self = HEARTBEAT_BUS (object);

  g_hash_table_unref (self->exports);
  g_clear_object (&self->names);
  g_clear_pointer (&self->debouncer, heartbeat_bus_change_debouncer_unref);
  g_clear_pointer (&self->queue, heartbeat_bus_work_queue_unref);
  g_free (self->error);
  G_OBJECT_CLASS (heartbeat_bus_parent_class)->finalize (object);
}

static void
heartbeat_bus_class_init (HeartbeatBusClass *klass)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = heartbeat_bus_get_property;
  object_class->dispose = heartbeat_bus_dispose;
  object_class->finalize = heartbeat_bus_finalize;

  /**
   * HeartbeatBus:connected:
   *
   * Whether there is a session bus.
   */
  props[PROP_CONNECTED] = g_param_spec_boolean ("connected", NULL, NULL, FALSE, flags);

  /**
   * HeartbeatBus:ready:
   *
   * Whether all agents are exported and all their names are ours.
   */
  props[PROP_READY] = g_param_spec_boolean ("ready", NULL, NULL, FALSE, flags);

  /**
   * HeartbeatBus:error:
   *
   * Why agents are not on the bus, or an empty text.
   */
  props[PROP_ERROR] = g_param_spec_string ("error", NULL, NULL, "", flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
heartbeat_bus_init (HeartbeatBus *self)
{
  self->error = g_strdup ("");
  self->delay_us = MIN_DELAY_US;
  self->debouncer = heartbeat_bus_change_debouncer_new (update_object);
  self->queue = heartbeat_bus_work_queue_new ();
  self->names = heartbeat_bus_names_new ();
  self->exports = g_hash_table_new_full (NULL, NULL, g_object_unref, g_object_unref);
  g_signal_connect_swapped (self->names, "changed", G_CALLBACK (update_ready), self);
}

/* --- The connection ------------------------------------------------------------------------------------------------- */

/* Where the session bus is, without starting one as GDBus would. */
static char *
find_address (void)
{
  const char *address = g_getenv ("DBUS_SESSION_BUS_ADDRESS");
  g_autofree char *path = NULL;
  g_autofree char *escaped = NULL;

  if (address != NULL && *address != '\0')
    return g_strdup (address);
  path = g_build_filename (g_get_user_runtime_dir (), "bus", NULL);
  escaped = g_dbus_address_escape_value (path);
  return g_strconcat ("unix:path=", escaped, NULL);
}

static gboolean
on_retry (gpointer user_data)
{
  connect_bus (user_data);
  return G_SOURCE_REMOVE;
}

static void
try_later (HeartbeatBus *self, const char *message)
{
  heartbeat_log (*self->error == '\0' ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_DEBUG,
                 HEARTBEAT_EVENT_BUS_LOST, NULL, NULL,
                 "there is no session bus, the service goes on without: %s", message);
  set_error (self, message);
  heartbeat_deadline_set_in (&self->retry, self->delay_us, on_retry, self);
  self->delay_us = MIN (self->delay_us * 2, MAX_DELAY_US);
}

static void
on_closed (HeartbeatBus *self, gboolean vanished, const GError *error)
{
  withdraw (self);
  try_later (self, error != NULL ? error->message : "the connection was closed");
}

/* Some of the objects are worse than none. */
static void
give_up (HeartbeatBus *self, const GError *error)
{
  heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_BUS_FAILED, NULL, NULL,
                 "error: %s; the service is not on the bus", error->message);
  withdraw (self);
  set_error (self, error->message);
}

static void
begin_exports (HeartbeatBus *self)
{
  GHashTableIter iter;
  HeartbeatBusAgentExport *export;

  g_hash_table_iter_init (&iter, self->exports);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &export))
    heartbeat_bus_agent_export_begin (export, self->manager);
}

/* An agent's name is claimed later, when all its objects are there: a client that sees the name may call at once. */
static void
use_connection (HeartbeatBus *self, GDBusConnection *connection)
{
  if (*self->error != '\0')
    heartbeat_log (G_LOG_LEVEL_MESSAGE, HEARTBEAT_EVENT_BUS_FOUND, NULL, NULL,
                   "the session bus is there");
  self->connection = g_object_ref (connection);
  self->manager = g_dbus_object_manager_server_new (HEARTBEAT_BUS_ROOT);
  self->delay_us = MIN_DELAY_US;
  g_signal_connect_swapped (connection, "closed", G_CALLBACK (on_closed), self);
  set_error (self, "");
  g_dbus_object_manager_server_set_connection (self->manager, connection);
  heartbeat_bus_names_set_connection (self->names, connection);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CONNECTED]);
  begin_exports (self);
  update_ready (self);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatBus) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) connection
      = g_dbus_connection_new_for_address_finish (result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || self->cancellable == NULL)
    return;
  if (connection == NULL)
    try_later (self, error->message);
  else
    use_connection (self, connection);
}

static void
connect_bus (HeartbeatBus *self)
{
  g_autofree char *address = find_address ();

  g_dbus_connection_new_for_address (address,
                                     G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                         | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                     NULL, self->cancellable, on_connected, g_object_ref (self));
}

static void
on_flushed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_dbus_connection_close (G_DBUS_CONNECTION (source), NULL, NULL, NULL);
}

static void
withdraw (HeartbeatBus *self)
{
  GHashTableIter iter;
  HeartbeatBusAgentExport *export;

  if (self->connection == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->connection, self);
  heartbeat_bus_names_set_connection (self->names, NULL);
  /* First, or it would make a signal for each object: clients see that the name has gone. */
  g_dbus_object_manager_server_set_connection (self->manager, NULL);
  g_hash_table_iter_init (&iter, self->exports);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &export))
    {
      heartbeat_bus_names_release (self->names, heartbeat_bus_agent_export_get_agent_name (export));
      heartbeat_bus_agent_export_end (export);
    }
  g_clear_object (&self->manager);
  /* What was emitted last is still to be sent. The names go with the connection. */
  if (!g_dbus_connection_is_closed (self->connection))
    g_dbus_connection_flush (self->connection, NULL, on_flushed, NULL);
  g_clear_object (&self->connection);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CONNECTED]);
  update_ready (self);
}

/* --- The public API ------------------------------------------------------------------------------------------------- */

/**
 * heartbeat_bus_new:
 *
 * Makes an object that exports consumers on the session bus.
 *
 * Returns: (transfer full): a bus without consumers, not started
 */
HeartbeatBus *
heartbeat_bus_new (void)
{
  return g_object_new (HEARTBEAT_TYPE_BUS, NULL);
}

static void
on_export_complete (HeartbeatBus *self, HeartbeatBusAgentExport *export)
{
  heartbeat_bus_names_claim (self->names, heartbeat_bus_agent_export_get_agent_name (export));
}

static void
on_export_failed (HeartbeatBus *self, const GError *error)
{
  give_up (self, error);
}

/**
 * heartbeat_bus_add_consumer:
 * @self: the bus
 * @consumer: a consumer
 *
 * Exports the consumer's agent and its checks whenever there is a bus, and then owns the agent's name, but not before
 * heartbeat.json was read for the first time: a client that waits for the name sees all checks.
 */
void
heartbeat_bus_add_consumer (HeartbeatBus *self, HeartbeatConsumer *consumer)
{
  HeartbeatBusAgentExport *export;

  g_return_if_fail (HEARTBEAT_IS_BUS (self));
  g_return_if_fail (HEARTBEAT_IS_CONSUMER (consumer));
  g_return_if_fail (!g_hash_table_contains (self->exports, consumer));

  export = heartbeat_bus_agent_export_new (consumer, self->debouncer, self->queue);
  g_hash_table_insert (self->exports, g_object_ref (consumer), export);
  g_signal_connect_object (export, "complete", G_CALLBACK (on_export_complete), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (export, "failed", G_CALLBACK (on_export_failed), self,
                           G_CONNECT_SWAPPED);
  if (self->connection != NULL)
    heartbeat_bus_agent_export_begin (export, self->manager);
  update_ready (self);
}

/**
 * heartbeat_bus_remove_consumer:
 * @self: the bus
 * @consumer: a consumer
 *
 * Takes the consumer's agent and its checks away, and gives its name back.
 */
void
heartbeat_bus_remove_consumer (HeartbeatBus *self, HeartbeatConsumer *consumer)
{
  HeartbeatBusAgentExport *export;

  g_return_if_fail (HEARTBEAT_IS_BUS (self));
  g_return_if_fail (HEARTBEAT_IS_CONSUMER (consumer));

  export = g_hash_table_lookup (self->exports, consumer);
  if (export == NULL)
    return;
  heartbeat_bus_names_release (self->names, heartbeat_bus_agent_export_get_agent_name (export));
  heartbeat_bus_agent_export_end (export);
  g_hash_table_remove (self->exports, consumer);
  update_ready (self);
}

/**
 * heartbeat_bus_start:
 * @self: the bus
 *
 * Connects to the session bus, and reconnects 1 to 60 seconds after the connection was lost.
 */
void
heartbeat_bus_start (HeartbeatBus *self)
{
  g_return_if_fail (HEARTBEAT_IS_BUS (self));

  if (self->cancellable != NULL)
    return;
  self->cancellable = g_cancellable_new ();
  connect_bus (self);
}

/**
 * heartbeat_bus_stop:
 * @self: the bus
 *
 * Leaves the bus. What was emitted before is still sent, whether or not the main loop goes on.
 */
void
heartbeat_bus_stop (HeartbeatBus *self)
{
  g_return_if_fail (HEARTBEAT_IS_BUS (self));

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  heartbeat_deadline_clear (&self->retry);
  withdraw (self);
  set_error (self, "");
}

/**
 * heartbeat_bus_get_connected:
 * @self: the bus
 *
 * Gets #HeartbeatBus:connected.
 *
 * Returns: whether there is a session bus
 */
gboolean
heartbeat_bus_get_connected (HeartbeatBus *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_BUS (self), FALSE);

  return self->connection != NULL;
}

/**
 * heartbeat_bus_get_ready:
 * @self: the bus
 *
 * Gets #HeartbeatBus:ready.
 *
 * Returns: whether all agents are exported and all their names are ours
 */
gboolean
heartbeat_bus_get_ready (HeartbeatBus *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_BUS (self), FALSE);

  return self->ready;
}

/**
 * heartbeat_bus_get_error:
 * @self: the bus
 *
 * Gets #HeartbeatBus:error.
 *
 * Returns: (transfer none): why agents are not on the bus, or an empty text
 */
const char *
heartbeat_bus_get_error (HeartbeatBus *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_BUS (self), NULL);

  return self->error;
}
