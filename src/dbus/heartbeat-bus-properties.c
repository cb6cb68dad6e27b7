/* SPDX-License-Identifier: MIT */

#include "dbus/heartbeat-bus-properties.h"

#include "base/heartbeat-text.h"

#define EMITS_CHANGED "org.freedesktop.DBus.Property.EmitsChangedSignal"

/* Where a skeleton has its watch. */
#define KEY "heartbeat-bus-properties"

#define BIT(n) (G_GUINT64_CONSTANT (1) << (n))

/**
 * HeartbeatBusProperties:
 *
 * Tells which properties of a skeleton have changed, in place of the skeleton's own mechanism, which knows only what was
 * set and tells it at the next turn of the loop. Here properties are computed when they are read, and compared with what
 * was told last.
 */
struct _HeartbeatBusProperties
{
  GDBusInterfaceSkeleton *skeleton; /* unowned: it owns this */
  HeartbeatBusChangeDebouncer *collector;
  GPtrArray *models; /* unowned: what they are computed from */
  guint64 announced; /* see find_announced() */
  GVariant *told;    /* NULL while nobody can read them */
  gboolean dirty;
  guint64 seen;       /* while dirty: the places in told of what somebody has read otherwise */
  GVariant *prepared; /* all properties as they were read for an answer that is not sent yet */
};

/* Nobody listens while it is known that something has changed: so a tick among many does not even call us. */
static void
listen (HeartbeatBusProperties *self, gboolean on)
{
  for (guint i = 0; i < self->models->len; i++)
    {
      GObject *model = g_ptr_array_index (self->models, i);

      if (on)
        g_signal_connect_swapped (model, "notify", G_CALLBACK (heartbeat_bus_properties_mark),
                                  self);
      else
        g_signal_handlers_disconnect_by_data (model, self);
    }
}

/* A bit for each property whose changes are told, by its place in the interface's description. */
static guint64
find_announced (GDBusInterfaceSkeleton *skeleton)
{
  GDBusPropertyInfo **properties = g_dbus_interface_skeleton_get_info (skeleton)->properties;
  guint64 announced = 0;

  for (guint i = 0; properties[i] != NULL; i++)
    {
      const char *emits = g_dbus_annotation_info_lookup (properties[i]->annotations, EMITS_CHANGED);

      if (emits == NULL || g_str_equal (emits, "true"))
        announced |= BIT (i);
    }
  return announced;
}

/* All properties whose changes are told, in one block of memory. */
static GVariant *
take_picture (HeartbeatBusProperties *self)
{
  g_autoptr (GVariant) all = g_dbus_interface_skeleton_get_properties (self->skeleton);
  GVariantBuilder builder;
  GVariant *picture;

  /* Who is told of a change now must not be answered with what was before it. */
  if (self->prepared != NULL)
    {
      g_variant_unref (self->prepared);
      self->prepared = g_variant_ref (all);
    }
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (gsize i = 0; i < g_variant_n_children (all); i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (all, i);

      if (self->announced & BIT (i))
        g_variant_builder_add_value (&builder, entry);
    }
  picture = g_variant_ref_sink (g_variant_builder_end (&builder));
  g_variant_get_data (picture);
  return picture;
}

/* The members of @now that a client may know otherwise; @told has the same names in the same order. */
static GVariant *
find_changes (GVariant *told, guint64 seen, GVariant *now)
{
  GVariantBuilder changes;

  g_variant_builder_init (&changes, G_VARIANT_TYPE_VARDICT);
  for (gsize i = 0; i < g_variant_n_children (now); i++)
    {
      g_autoptr (GVariant) old = g_variant_get_child_value (told, i);
      g_autoptr (GVariant) new = g_variant_get_child_value (now, i);

      if ((seen & BIT (i)) != 0 || !g_variant_equal (old, new))
        g_variant_builder_add_value (&changes, new);
    }
  return g_variant_ref_sink (g_variant_builder_end (&changes));
}

static void
emit (HeartbeatBusProperties *self, GVariant *changes)
{
  GDBusConnection *connection = g_dbus_interface_skeleton_get_connection (self->skeleton);
  const char *path = g_dbus_interface_skeleton_get_object_path (self->skeleton);
  const char *interface = g_dbus_interface_skeleton_get_info (self->skeleton)->name;

  if (connection == NULL)
    return;
  g_dbus_connection_emit_signal (connection, NULL, path, "org.freedesktop.DBus.Properties",
                                 "PropertiesChanged",
                                 g_variant_new ("(s@a{sv}as)", interface, changes, NULL), NULL);
}

/**
 * heartbeat_bus_properties_new:
 * @skeleton: who has the properties, and will own what is returned
 * @collector: a collector that flushes with heartbeat_bus_properties_flush()
 *
 * Returns: (transfer full): a watch on properties that nobody can read yet
 */
HeartbeatBusProperties *
heartbeat_bus_properties_new (GDBusInterfaceSkeleton *skeleton,
                              HeartbeatBusChangeDebouncer *collector)
{
  HeartbeatBusProperties *self = g_new0 (HeartbeatBusProperties, 1);

  self->skeleton = skeleton;
  self->announced = find_announced (skeleton);
  self->collector = heartbeat_bus_change_debouncer_ref (collector);
  self->models = g_ptr_array_new ();
  g_object_set_data (G_OBJECT (skeleton), KEY, self);
  return self;
}

/**
 * heartbeat_bus_properties_free:
 * @self: (transfer full): the watch
 */
void
heartbeat_bus_properties_free (HeartbeatBusProperties *self)
{
  heartbeat_bus_properties_end (self);
  g_object_set_data (G_OBJECT (self->skeleton), KEY, NULL);
  heartbeat_bus_change_debouncer_unref (self->collector);
  g_ptr_array_unref (self->models);
  g_free (self);
}

/**
 * heartbeat_bus_properties_of:
 * @skeleton: (type GDBusInterfaceSkeleton): an interface
 *
 * Returns: (transfer none) (nullable): the watch on its properties
 */
HeartbeatBusProperties *
heartbeat_bus_properties_of (gpointer skeleton)
{
  return g_object_get_data (skeleton, KEY);
}

/**
 * heartbeat_bus_properties_watch:
 * @self: the watch
 * @model: an object that outlives it: what it notifies of may change the properties
 *
 * Says what the properties are computed from, before anybody can read them.
 */
void
heartbeat_bus_properties_watch (HeartbeatBusProperties *self, gpointer model)
{
  g_ptr_array_add (self->models, model);
}

/**
 * heartbeat_bus_properties_begin:
 * @self: the watch
 *
 * From now on clients can read the properties, and want to know of changes.
 */
void
heartbeat_bus_properties_begin (HeartbeatBusProperties *self)
{
  heartbeat_bus_properties_end (self);
  self->told = take_picture (self);
  listen (self, TRUE);
}

/**
 * heartbeat_bus_properties_end:
 * @self: the watch
 *
 * Clients cannot read the properties any more. What was not told is not told.
 */
void
heartbeat_bus_properties_end (HeartbeatBusProperties *self)
{
  if (self->dirty)
    heartbeat_bus_change_debouncer_remove (self->collector, self);
  else if (self->told != NULL)
    listen (self, FALSE);
  self->dirty = FALSE;
  self->seen = 0;
  g_clear_pointer (&self->told, g_variant_unref);
  heartbeat_bus_properties_discard (self);
}

/**
 * heartbeat_bus_properties_mark:
 * @self: the watch
 *
 * Something may have changed: it is looked at within 250 ms.
 */
void
heartbeat_bus_properties_mark (HeartbeatBusProperties *self)
{
  if (self->dirty || self->told == NULL)
    return;
  self->dirty = TRUE;
  listen (self, FALSE);
  heartbeat_bus_change_debouncer_add (self->collector, self);
}

/**
 * heartbeat_bus_properties_note_read:
 * @self: (nullable): the watch
 * @id: a property's number in the description of the interface, from 1
 * @value: what it is
 *
 * A client reads a property. While changes are being collected it may read a value that nobody will be told of, since it
 * is gone again when they are told; clients must then hear of the value that is there instead.
 */
void
heartbeat_bus_properties_note_read (HeartbeatBusProperties *self, guint id, const GValue *value)
{
  guint place;
  g_autoptr (GVariant) told = NULL;
  g_autoptr (GVariant) read = NULL;

  if (self == NULL || !self->dirty || (self->announced & BIT (id - 1)) == 0)
    return;
  place = __builtin_popcountll (self->announced & (BIT (id - 1) - 1));
  g_variant_get_child (self->told, place, "{&sv}", NULL, &told);
  read = g_dbus_gvalue_to_gvariant (value, g_variant_get_type (told));
  if (!g_variant_equal (read, told))
    self->seen |= BIT (place);
}

/**
 * heartbeat_bus_properties_flush:
 * @self: the watch
 *
 * Tells now what has changed since it was told last.
 */
void
heartbeat_bus_properties_flush (HeartbeatBusProperties *self)
{
  g_autoptr (GVariant) now = NULL;
  g_autoptr (GVariant) changes = NULL;

  if (!self->dirty)
    return;
  heartbeat_bus_change_debouncer_remove (self->collector, self);
  self->dirty = FALSE;
  listen (self, TRUE);
  now = take_picture (self);
  changes = find_changes (self->told, self->seen, now);
  self->seen = 0;
  if (g_variant_n_children (changes) == 0)
    return;
  emit (self, changes);
  g_clear_pointer (&self->told, g_variant_unref);
  self->told = g_steal_pointer (&now);
}

/**
 * heartbeat_bus_properties_set_text:
 * @value: a value that holds a string
 * @text: (nullable): a text, or bytes from elsewhere
 *
 * Gives a property a text that can be sent: one that is no UTF-8 would end the connection.
 */
void
heartbeat_bus_properties_set_text (GValue *value, const char *text)
{
  g_value_take_string (value, heartbeat_text_dup_valid (text));
}

/**
 * heartbeat_bus_properties_refuse_set:
 * @object: a skeleton
 * @id: a property
 * @value: a value
 * @pspec: the property
 *
 * The `set_property` of skeletons whose properties are computed: GObject asks for one, since the generated interfaces have
 * writable properties, but there is nothing to set.
 */
void
heartbeat_bus_properties_refuse_set (GObject *object,
                                     guint id,
                                     const GValue *value,
                                     GParamSpec *pspec)
{
  G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static GType
type_of (const char *signature)
{
  switch (*signature)
    {
    case 's':
      return G_TYPE_STRING;
    case 'b':
      return G_TYPE_BOOLEAN;
    case 'd':
      return G_TYPE_DOUBLE;
    case 'u':
      return G_TYPE_UINT;
    case 'x':
      return G_TYPE_INT64;
    case 't':
      return G_TYPE_UINT64;
    default:
      return G_TYPE_VARIANT;
    }
}

static GVariant *
read_entry (HeartbeatBusProperties *self, const GDBusPropertyInfo *property, guint id)
{
  GObjectClass *klass = G_OBJECT_GET_CLASS (self->skeleton);
  g_auto (GValue) value = G_VALUE_INIT;
  g_autoptr (GVariant) variant = NULL;

  g_value_init (&value, type_of (property->signature));
  klass->get_property (G_OBJECT (self->skeleton), id, &value, NULL);
  variant = g_dbus_gvalue_to_gvariant (&value, G_VARIANT_TYPE (property->signature));
  return g_variant_new_dict_entry (g_variant_new_string (property->name),
                                   g_variant_new_variant (variant));
}

/**
 * heartbeat_bus_properties_get_all:
 * @self: the watch
 *
 * The `get_properties` of skeletons of which there may be thousands: the generated code looks each property up by name, twice.
 * The ids are those of the order in the interface's description, from 1.
 *
 * Returns: (transfer full): all properties, by name
 */
GVariant *
heartbeat_bus_properties_get_all (HeartbeatBusProperties *self)
{
  GDBusPropertyInfo **properties = g_dbus_interface_skeleton_get_info (self->skeleton)->properties;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; properties[i] != NULL; i++)
    g_variant_builder_add_value (&builder, read_entry (self, properties[i], i + 1));
  return g_variant_builder_end (&builder);
}

/**
 * heartbeat_bus_properties_prepare:
 * @self: (nullable): the watch
 *
 * Reads all properties, for an answer that is sent in a later turn of the loop. Until they are discarded they are read again
 * whenever a change is told: to whom that answer is sent last, it is true.
 */
void
heartbeat_bus_properties_prepare (HeartbeatBusProperties *self)
{
  if (self == NULL || self->told == NULL)
    return;
  heartbeat_bus_properties_discard (self);
  self->prepared = g_dbus_interface_skeleton_get_properties (self->skeleton);
}

/**
 * heartbeat_bus_properties_get_prepared:
 * @self: the watch
 *
 * Returns: (transfer full): all properties, as they were prepared or else as they are
 */
GVariant *
heartbeat_bus_properties_get_prepared (HeartbeatBusProperties *self)
{
  if (self->prepared != NULL)
    return g_variant_ref (self->prepared);
  return g_dbus_interface_skeleton_get_properties (self->skeleton);
}

/**
 * heartbeat_bus_properties_discard:
 * @self: (nullable): the watch
 *
 * The answers are sent.
 */
void
heartbeat_bus_properties_discard (HeartbeatBusProperties *self)
{
  if (self != NULL)
    g_clear_pointer (&self->prepared, g_variant_unref);
}
