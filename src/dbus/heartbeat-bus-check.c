/* SPDX-License-Identifier: MIT */

#include "dbus/heartbeat-bus-check.h"

#include "dbus/heartbeat-bus-call.h"

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
  HeartbeatBusChangeDebouncer *debouncer;
};

static void check_iface_init (HeartbeatDBusCheckIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HeartbeatBusCheck,
                               heartbeat_bus_check,
                               HEARTBEAT_DBUS_TYPE_CHECK_SKELETON,
                               G_IMPLEMENT_INTERFACE (HEARTBEAT_DBUS_TYPE_CHECK, check_iface_init))

/* Sets what the skeleton has, which tells clients what has changed at the next turn of the loop. */
static void
set_properties (HeartbeatBusCheck *self)
{
  HeartbeatDBusCheck *skeleton = HEARTBEAT_DBUS_CHECK (self);
  HeartbeatCheck *check = self->check;
  HeartbeatResult *last = heartbeat_check_get_last_result (check);
  g_autoptr (GVariant) reason = heartbeat_check_dup_reason (check);

  heartbeat_dbus_check_set_name (skeleton, heartbeat_check_get_name (check));
  heartbeat_dbus_check_set_handler (skeleton, heartbeat_check_get_handler (check));
  heartbeat_dbus_check_set_cadence_ms (skeleton, heartbeat_check_get_cadence (check));
  heartbeat_dbus_check_set_priority (skeleton, heartbeat_check_get_priority (check));
  heartbeat_dbus_check_set_enabled (skeleton, heartbeat_check_get_enabled (check));
  heartbeat_dbus_check_set_paused (skeleton, heartbeat_check_get_paused (check));
  heartbeat_dbus_check_set_last_run (skeleton, heartbeat_check_get_last_run (check));
  heartbeat_dbus_check_set_next_due (skeleton, heartbeat_check_get_next_due (check));
  heartbeat_dbus_check_set_state (skeleton, heartbeat_check_get_state (check));
  heartbeat_dbus_check_set_reason (skeleton, reason);
  heartbeat_dbus_check_set_last_status (
      skeleton, heartbeat_status_to_string (last != NULL ? heartbeat_result_get_status (last)
                                                         : HEARTBEAT_STATUS_NONE));
  heartbeat_dbus_check_set_last_message (skeleton,
                                         last != NULL ? heartbeat_result_get_message (last) : "");
  heartbeat_dbus_check_set_last_duration (skeleton,
                                          last != NULL ? heartbeat_result_get_duration (last) : 0);
  heartbeat_dbus_check_set_consecutive_failures (skeleton,
                                                 heartbeat_check_get_consecutive_failures (check));
  heartbeat_dbus_check_set_error (skeleton, heartbeat_check_get_error (check));
}

/* What depends on the clock is computed. For the rest the skeleton must have what the check has, so a client that
   reads a new value early still gets its signal. */
static void
heartbeat_bus_check_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  static const char *const computed[] = { "paused", "next-due", "overdue-ratio", "state", NULL };
  HeartbeatBusCheck *self = HEARTBEAT_BUS_CHECK (object);

  heartbeat_bus_check_update (self);
  if (g_strv_contains (computed, pspec->name))
    g_object_get_property (G_OBJECT (self->check), pspec->name, value);
  else if (g_str_equal (pspec->name, "reason"))
    g_value_take_variant (value, heartbeat_check_dup_reason (self->check));
  else
    G_OBJECT_CLASS (heartbeat_bus_check_parent_class)->get_property (object, id, value, pspec);
}

static void
heartbeat_bus_check_dispose (GObject *object)
{
  HeartbeatBusCheck *self = HEARTBEAT_BUS_CHECK (object);

  heartbeat_bus_change_debouncer_take (self->debouncer, self);
  g_signal_handlers_disconnect_by_data (self->check, self);
  G_OBJECT_CLASS (heartbeat_bus_check_parent_class)->dispose (object);
}

static void
heartbeat_bus_check_finalize (GObject *object)
{
  HeartbeatBusCheck *self = HEARTBEAT_BUS_CHECK (object);

  g_clear_object (&self->check);
  g_clear_object (&self->agent);
  g_clear_pointer (&self->debouncer, heartbeat_bus_change_debouncer_unref);
  G_OBJECT_CLASS (heartbeat_bus_check_parent_class)->finalize (object);
}

static void
heartbeat_bus_check_class_init (HeartbeatBusCheckClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = heartbeat_bus_check_get_property;
  object_class->set_property = G_OBJECT_CLASS (heartbeat_bus_check_parent_class)->set_property;
  object_class->dispose = heartbeat_bus_check_dispose;
  object_class->finalize = heartbeat_bus_check_finalize;
  heartbeat_dbus_check_override_properties (object_class, 1);
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
on_changed (HeartbeatBusCheck *self)
{
  heartbeat_bus_change_debouncer_add (self->debouncer, self);
}

static void
on_started (HeartbeatBusCheck *self)
{
  heartbeat_dbus_check_emit_started (HEARTBEAT_DBUS_CHECK (self));
}

static void
on_finished (HeartbeatBusCheck *self, HeartbeatResult *result)
{
  heartbeat_bus_check_update (self);
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (self));
  heartbeat_dbus_check_emit_finished (HEARTBEAT_DBUS_CHECK (self),
                                      heartbeat_status_to_string (
                                          heartbeat_result_get_status (result)),
                                      heartbeat_bus_call_describe (result));
}

/**
 * heartbeat_bus_check_new:
 * @agent: an agent
 * @check: one of its checks
 * @debouncer: calls heartbeat_bus_check_update()
 *
 * Returns: (transfer full): the check for the bus, not exported yet
 */
HeartbeatBusCheck *
heartbeat_bus_check_new (HeartbeatAgent *agent,
                         HeartbeatCheck *check,
                         HeartbeatBusChangeDebouncer *debouncer)
{
  HeartbeatBusCheck *self = g_object_new (HEARTBEAT_TYPE_BUS_CHECK, NULL);

  g_return_val_if_fail (HEARTBEAT_IS_AGENT (agent), NULL);
  g_return_val_if_fail (HEARTBEAT_IS_CHECK (check), NULL);
  g_return_val_if_fail (debouncer != NULL, NULL);

  self->agent = g_object_ref (agent);
  self->check = g_object_ref (check);
  self->debouncer = heartbeat_bus_change_debouncer_ref (debouncer);
  set_properties (self);
  g_signal_connect_swapped (check, "notify", G_CALLBACK (on_changed), self);
  g_signal_connect_swapped (check, "started", G_CALLBACK (on_started), self);
  g_signal_connect_swapped (check, "finished", G_CALLBACK (on_finished), self);
  return self;
}

/**
 * heartbeat_bus_check_update:
 * @self: a check for the bus
 *
 * Takes over what has changed; clients are told at the next turn of the main loop.
 */
void
heartbeat_bus_check_update (HeartbeatBusCheck *self)
{
  g_return_if_fail (HEARTBEAT_IS_BUS_CHECK (self));

  if (heartbeat_bus_change_debouncer_take (self->debouncer, self))
    set_properties (self);
}
