/* SPDX-License-Identifier: MIT */

#include "dbus/heartbeat-bus-check.h"

#include "dbus/heartbeat-bus-call.h"
#include "dbus/heartbeat-bus-properties.h"

/**
 * HeartbeatBusCheck:
 *
 * A #HeartbeatCheck as clients on the bus see it.
 */
struct _HeartbeatBusCheck
{
  HeartbeatDBusCheckSkeleton parent_instance;

  HeartbeatAgent *agent;
  HeartbeatCheck *check;
  HeartbeatBusProperties *properties;
};

/* In the order of the interface's description. */
enum
{
  PROP_0,
  PROP_NAME,
  PROP_HANDLER,
  PROP_CADENCE_MS,
  PROP_PRIORITY,
  PROP_ENABLED,
  PROP_PAUSED,
  PROP_LAST_RUN,
  PROP_NEXT_DUE,
  PROP_OVERDUE_RATIO,
  PROP_STATE,
  PROP_REASON,
  PROP_LAST_STATUS,
  PROP_LAST_MESSAGE,
  PROP_LAST_DURATION,
  PROP_CONSECUTIVE_FAILURES,
  PROP_ERROR,
};

static void check_iface_init (HeartbeatDBusCheckIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HeartbeatBusCheck,
                               heartbeat_bus_check,
                               HEARTBEAT_DBUS_TYPE_CHECK_SKELETON,
                               G_IMPLEMENT_INTERFACE (HEARTBEAT_DBUS_TYPE_CHECK, check_iface_init))

static void
get_configured (HeartbeatCheck *check, guint id, GValue *value)
{
  switch (id)
    {
    case PROP_NAME:
      heartbeat_bus_properties_set_text (value, heartbeat_check_get_name (check));
      break;
    case PROP_HANDLER:
      heartbeat_bus_properties_set_text (value, heartbeat_check_get_handler (check));
      break;
    case PROP_CADENCE_MS:
      g_value_set_int64 (value, heartbeat_check_get_cadence (check));
      break;
    case PROP_PRIORITY:
      g_value_set_int64 (value, heartbeat_check_get_priority (check));
      break;
    case PROP_ENABLED:
      g_value_set_boolean (value, heartbeat_check_get_enabled (check));
      break;
    case PROP_PAUSED:
      g_value_set_boolean (value, heartbeat_check_get_paused (check));
      break;
    case PROP_ERROR:
      heartbeat_bus_properties_set_text (value, heartbeat_check_get_error (check));
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
get_last (HeartbeatCheck *check, guint id, GValue *value)
{
  HeartbeatResult *last = heartbeat_check_get_last_result (check);
  HeartbeatStatus status
      = last != NULL ? heartbeat_result_get_status (last) : HEARTBEAT_STATUS_NONE;

  switch (id)
    {
    case PROP_LAST_STATUS:
      g_value_set_static_string (value, heartbeat_status_to_string (status));
      break;
    case PROP_LAST_MESSAGE:
      heartbeat_bus_properties_set_text (value,
                                         last != NULL ? heartbeat_result_get_message (last) : "");
      break;
    case PROP_LAST_DURATION:
      g_value_set_int64 (value, last != NULL ? heartbeat_result_get_duration (last) : 0);
      break;
    default:
      get_configured (check, id, value);
    }
}

static void
heartbeat_bus_check_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  HeartbeatBusCheck *self = HEARTBEAT_BUS_CHECK (object);
  HeartbeatCheck *check = self->check;

  switch (id)
    {
    case PROP_LAST_RUN:
      g_value_set_int64 (value, heartbeat_check_get_last_run (check));
      break;
    case PROP_NEXT_DUE:
      g_value_set_int64 (value, heartbeat_check_get_next_due (check));
      break;
    case PROP_OVERDUE_RATIO:
      g_value_set_double (value, heartbeat_check_get_overdue_ratio (check));
      break;
    case PROP_STATE:
      g_value_set_static_string (value, heartbeat_check_get_state (check));
      break;
    case PROP_REASON:
      g_value_take_variant (value, heartbeat_check_dup_reason (check));
      break;
    case PROP_CONSECUTIVE_FAILURES:
      g_value_set_uint (value, heartbeat_check_get_consecutive_failures (check));
      break;
    default:
      get_last (check, id, value);
    }
  heartbeat_bus_properties_note_read (self->properties, id, value);
}

static GVariant *
heartbeat_bus_check_get_properties (GDBusInterfaceSkeleton *skeleton)
{
  return heartbeat_bus_properties_get_all (HEARTBEAT_BUS_CHECK (skeleton)->properties);
}

static void
heartbeat_bus_check_dispose (GObject *object)
{
  HeartbeatBusCheck *self = HEARTBEAT_BUS_CHECK (object);

  if (self->check != NULL)
    g_signal_handlers_disconnect_by_data (self->check, self);
  g_clear_pointer (&self->properties, heartbeat_bus_properties_free);
  G_OBJECT_CLASS (heartbeat_bus_check_parent_class)->dispose (object);
}

static void
heartbeat_bus_check_finalize (GObject *object)
{
  HeartbeatBusCheck *self = HEARTBEAT_BUS_CHECK (object);

  g_clear_object (&self->check);
  g_clear_object (&self->agent);
  G_OBJECT_CLASS (heartbeat_bus_check_parent_class)->finalize (object);
}

static void
heartbeat_bus_check_class_init (HeartbeatBusCheckClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = heartbeat_bus_check_get_property;
  object_class->set_property = heartbeat_bus_properties_refuse_set;
  object_class->dispose = heartbeat_bus_check_dispose;
  object_class->finalize = heartbeat_bus_check_finalize;
  heartbeat_dbus_check_override_properties (object_class, 1);
  G_DBUS_INTERFACE_SKELETON_CLASS (klass)->get_properties = heartbeat_bus_check_get_properties;
}

static void
heartbeat_bus_check_init (HeartbeatBusCheck *self)
{
}

static gboolean
handle_run (HeartbeatDBusCheck *skeleton, GDBusMethodInvocation *invocation, GVariant *options)
{
  HeartbeatBusCheck *self = HEARTBEAT_BUS_CHECK (skeleton);

  heartbeat_bus_call_run (self->agent, heartbeat_check_get_name (self->check), options, invocation);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
handle_pause (HeartbeatDBusCheck *skeleton,
              GDBusMethodInvocation *invocation,
              gint64 until,
              const char *reason)
{
  HeartbeatBusCheck *self = HEARTBEAT_BUS_CHECK (skeleton);

  heartbeat_bus_call_pause (self->agent, heartbeat_check_get_name (self->check), until, reason,
                            invocation);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
handle_resume (HeartbeatDBusCheck *skeleton, GDBusMethodInvocation *invocation)
{
  HeartbeatBusCheck *self = HEARTBEAT_BUS_CHECK (skeleton);

  heartbeat_bus_call_resume (self->agent, heartbeat_check_get_name (self->check), invocation);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
check_iface_init (HeartbeatDBusCheckIface *iface)
{
  iface->handle_pause = handle_pause;
  iface->handle_resume = handle_resume;
  iface->handle_run = handle_run;
}

static void
on_started (HeartbeatBusCheck *self)
{
  heartbeat_dbus_check_emit_started (HEARTBEAT_DBUS_CHECK (self));
}

static void
on_finished (HeartbeatBusCheck *self, HeartbeatResult *result)
{
  heartbeat_bus_properties_flush (self->properties);
  heartbeat_dbus_check_emit_finished (HEARTBEAT_DBUS_CHECK (self),
                                      heartbeat_status_to_string (
                                          heartbeat_result_get_status (result)),
                                      heartbeat_bus_call_describe (result));
}

/**
 * heartbeat_bus_check_new:
 * @agent: an agent
 * @check: one of its checks
 * @collector: where changes are collected
 *
 * Returns: (transfer full): the check for the bus, not exported yet
 */
HeartbeatBusCheck *
heartbeat_bus_check_new (HeartbeatAgent *agent,
                         HeartbeatCheck *check,
                         HeartbeatBusChangeDebouncer *collector)
{
  HeartbeatBusCheck *self = g_object_new (HEARTBEAT_TYPE_BUS_CHECK, NULL);

  self->agent = g_object_ref (agent);
  self->check = g_object_ref (check);
  self->properties = heartbeat_bus_properties_new (G_DBUS_INTERFACE_SKELETON (self), collector);
  heartbeat_bus_properties_watch (self->properties, check);
  g_signal_connect_swapped (check, "started", G_CALLBACK (on_started), self);
  g_signal_connect_swapped (check, "finished", G_CALLBACK (on_finished), self);
  return self;
}

/**
 * heartbeat_bus_check_set_exported:
 * @self: a check for the bus
 * @exported: whether clients can see it
 */
void
heartbeat_bus_check_set_exported (HeartbeatBusCheck *self, gboolean exported)
{
  if (exported)
    heartbeat_bus_properties_begin (self->properties);
  else
    heartbeat_bus_properties_end (self->properties);
}
