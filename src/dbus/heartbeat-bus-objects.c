/* SPDX-License-Identifier: MIT */

#include "dbus/heartbeat-bus-objects.h"

#include "dbus/heartbeat-bus-properties.h"

#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"

/**
 * HeartbeatBusObjects:
 *
 * Answers GetManagedObjects in the place of a #GDBusObjectManagerServer, which reads the properties of all objects in one
 * turn of the main loop. Here they are read in slices, and what is done in one turn is only to put them together and to send
 * them: so a client hears of all that happens after what it is answered, and of nothing before it.
 *
 * All calls that are there when a round of reading begins are answered at its end. Those that come later wait for the next
 * round: who has paused a check, and been told so, must see it paused.
 */
struct _HeartbeatBusObjects
{
  GObject parent_instance;

  GDBusConnection *connection; /* NULL after the end */
  GDBusObjectManager *manager;
  HeartbeatBusWorkQueue *slices;
  GMainContext *context;
  guint filter;
  GQueue asked;   /* of GDBusMessage: calls for the next round */
  GQueue awaited; /* of GDBusMessage: calls of this round */
  gboolean reading;
};

G_DEFINE_FINAL_TYPE (HeartbeatBusObjects, heartbeat_bus_objects, G_TYPE_OBJECT)

static void begin_round (HeartbeatBusObjects *self);

static void
heartbeat_bus_objects_dispose (GObject *object)
{
  heartbeat_bus_objects_end (HEARTBEAT_BUS_OBJECTS (object));
  G_OBJECT_CLASS (heartbeat_bus_objects_parent_class)->dispose (object);
}

static void
heartbeat_bus_objects_finalize (GObject *object)
{
  HeartbeatBusObjects *self = HEARTBEAT_BUS_OBJECTS (object);

  g_clear_object (&self->manager);
  g_clear_pointer (&self->slices, heartbeat_bus_work_queue_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  G_OBJECT_CLASS (heartbeat_bus_objects_parent_class)->finalize (object);
}

static void
heartbeat_bus_objects_class_init (HeartbeatBusObjectsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = heartbeat_bus_objects_dispose;
  object_class->finalize = heartbeat_bus_objects_finalize;
}

static void
heartbeat_bus_objects_init (HeartbeatBusObjects *self)
{
  g_queue_init (&self->asked);
  g_queue_init (&self->awaited);
}

/* --- Reading in slices ---------------------------------------------------------------------------------------------- */

static void
prepare (gpointer owner, gpointer data)
{
  heartbeat_bus_properties_prepare (heartbeat_bus_properties_of (data));
}

static void
discard (gpointer owner, gpointer data)
{
  heartbeat_bus_properties_discard (heartbeat_bus_properties_of (data));
}

static void
add_for_each (HeartbeatBusObjects *self, HeartbeatBusWorkQueueFunc func)
{
  g_autolist (GDBusObject) objects = g_dbus_object_manager_get_objects (self->manager);

  for (GList *o = objects; o != NULL; o = o->next)
    {
      g_autolist (GDBusInterface) interfaces = g_dbus_object_get_interfaces (o->data);

      for (GList *i = interfaces; i != NULL; i = i->next)
        if (heartbeat_bus_properties_of (i->data) != NULL)
          heartbeat_bus_work_queue_add (self->slices, func, self, i->data);
    }
}

/* --- The answer ----------------------------------------------------------------------------------------------------- */

static void
add_object (GVariantBuilder *all, GDBusObject *object)
{
  g_autolist (GDBusInterface) interfaces = g_dbus_object_get_interfaces (object);

  g_variant_builder_open (all, G_VARIANT_TYPE ("{oa{sa{sv}}}"));
  g_variant_builder_add (all, "o", g_dbus_object_get_object_path (object));
  g_variant_builder_open (all, G_VARIANT_TYPE ("a{sa{sv}}"));
  for (GList *l = interfaces; l != NULL; l = l->next)
    {
      HeartbeatBusProperties *properties = heartbeat_bus_properties_of (l->data);
      g_autoptr (GVariant) values = properties != NULL
                                        ? heartbeat_bus_properties_get_prepared (properties)
                                        : g_dbus_interface_skeleton_get_properties (l->data);

      g_variant_builder_add (all, "{s@a{sv}}", g_dbus_interface_get_info (l->data)->name, values);
    }
  g_variant_builder_close (all);
  g_variant_builder_close (all);
}

static GVariant *
describe_all (HeartbeatBusObjects *self)
{
  g_autolist (GDBusObject) objects = g_dbus_object_manager_get_objects (self->manager);
  GVariantBuilder all;

  g_variant_builder_init (&all, G_VARIANT_TYPE ("a{oa{sa{sv}}}"));
  for (GList *l = objects; l != NULL; l = l->next)
    add_object (&all, l->data);
  return g_variant_new ("(@a{oa{sa{sv}}})", g_variant_builder_end (&all));
}

/* A turn for each call: to write the message takes most of it. */
static void
answer (gpointer owner, gpointer data)
{
  HeartbeatBusObjects *self = owner;
  g_autoptr (GDBusMessage) call = g_queue_pop_head (&self->awaited);
  g_autoptr (GDBusMessage) reply = g_dbus_message_new_method_reply (call);

  g_dbus_message_set_body (reply, describe_all (self));
  g_dbus_connection_send_message (self->connection, reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL,
                                  NULL);
}

static void
end_round (gpointer owner, gpointer data)
{
  HeartbeatBusObjects *self = owner;

  self->reading = FALSE;
  add_for_each (self, discard);
  if (!g_queue_is_empty (&self->asked))
    begin_round (self);
}

static void
add_answers (gpointer owner, gpointer data)
{
  HeartbeatBusObjects *self = owner;
  guint n_answers = self->awaited.length;

  for (guint i = 0; i < n_answers; i++)
    heartbeat_bus_work_queue_add (self->slices, answer, self, NULL);
  heartbeat_bus_work_queue_add (self->slices, end_round, self, NULL);
}

static void
begin_round (HeartbeatBusObjects *self)
{
  self->reading = TRUE;
  self->awaited = self->asked;
  g_queue_init (&self->asked);
  add_for_each (self, prepare);
  heartbeat_bus_work_queue_add (self->slices, add_answers, self, NULL);
}

/* --- The calls ------------------------------------------------------------------------------------------------------ */

typedef struct
{
  HeartbeatBusObjects *self;
  GDBusMessage *call;
} Call;

static void
call_free (gpointer data)
{
  Call *call = data;

  g_object_unref (call->self);
  g_object_unref (call->call);
  g_free (call);
}

static gboolean
on_call (gpointer user_data)
{
  Call *call = user_data;
  HeartbeatBusObjects *self = call->self;

  if (self->connection == NULL)
    return G_SOURCE_REMOVE;
  g_queue_push_tail (&self->asked, g_object_ref (call->call));
  if (!self->reading)
    begin_round (self);
  return G_SOURCE_REMOVE;
}

/* A call without an interface is GDBus' to refuse, and one with arguments too. */
static gboolean
is_ours (GDBusMessage *message, const char *path)
{
  return g_dbus_message_get_message_type (message) == G_DBUS_MESSAGE_TYPE_METHOD_CALL
         && g_strcmp0 (g_dbus_message_get_member (message), "GetManagedObjects") == 0
         && g_strcmp0 (g_dbus_message_get_interface (message), OBJECT_MANAGER) == 0
         && g_strcmp0 (g_dbus_message_get_path (message), path) == 0
         && g_dbus_message_get_body (message) == NULL;
}

/* In the thread that reads the connection. Not by g_main_context_invoke(), which may call from here. */
static void
hand_over (HeartbeatBusObjects *self, GDBusMessage *message)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  Call *call = g_new (Call, 1);

  call->self = g_object_ref (self);
  call->call = g_object_ref (message);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "GetManagedObjects");
  g_source_set_callback (source, on_call, call, call_free);
  g_source_attach (source, self->context);
}

static GDBusMessage *
on_message (GDBusConnection *connection,
            GDBusMessage *message,
            gboolean incoming,
            gpointer user_data)
{
  HeartbeatBusObjects *self = user_data;

  if (!incoming || !is_ours (message, g_dbus_object_manager_get_object_path (self->manager)))
    return message;
  if ((g_dbus_message_get_flags (message) & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED) == 0)
    hand_over (self, message);
  g_object_unref (message);
  return NULL;
}

/**
 * heartbeat_bus_objects_new:
 * @manager: a manager with a connection
 * @slices: what reads properties
 *
 * Returns: (transfer full): what answers for @manager from now on; owned by the connection too until its end
 */
HeartbeatBusObjects *
heartbeat_bus_objects_new (GDBusObjectManagerServer *manager, HeartbeatBusWorkQueue *slices)
{
  HeartbeatBusObjects *self = g_object_new (HEARTBEAT_TYPE_BUS_OBJECTS, NULL);

  self->connection = g_dbus_object_manager_server_get_connection (manager);
  self->manager = G_DBUS_OBJECT_MANAGER (g_object_ref (manager));
  self->slices = heartbeat_bus_work_queue_ref (slices);
  self->context = g_main_context_ref_thread_default ();
  self->filter = g_dbus_connection_add_filter (self->connection, on_message, g_object_ref (self),
                                               g_object_unref);
  return self;
}

/**
 * heartbeat_bus_objects_end:
 * @self: what answers
 *
 * Answers no more: neither what comes from now on, nor what has come.
 */
void
heartbeat_bus_objects_end (HeartbeatBusObjects *self)
{
  if (self->connection == NULL)
    return;
  g_dbus_connection_remove_filter (self->connection, self->filter);
  heartbeat_bus_work_queue_forget (self->slices, self);
  g_queue_clear_full (&self->asked, g_object_unref);
  g_queue_clear_full (&self->awaited, g_object_unref);
  g_clear_object (&self->connection);
}
