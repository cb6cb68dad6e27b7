/* SPDX-License-Identifier: MIT */

#include "dbus/heartbeat-bus-agent.h"

#include <string.h>

#include "base/heartbeat-log.h"
#include "base/heartbeat-rate-limit.h"
#include "base/heartbeat-text.h"
#include "consumer/heartbeat-consumer-private.h"
#include "dbus/heartbeat-bus-call.h"
#include "dbus/heartbeat-bus-handlers.h"
#include "dbus/heartbeat-bus-history.h"

/* Of an empty signal, with what GDBus needs to queue it. */
#define SIGNAL_SIZE 512

/* How much of MessageReceived may wait for a bus that does not read: GDBus queues without limit what anybody can send us. */
#define MAX_UNSENT (2 * 1024 * 1024)

/**
 * HeartbeatBusAgent:
 *
 * A #HeartbeatConsumer with its #HeartbeatAgent as clients on the bus see it.
 */
struct _HeartbeatBusAgent
{
  HeartbeatDBusAgentSkeleton parent_instance;

  HeartbeatConsumer *consumer;
  HeartbeatAgent *agent;
  HeartbeatBusHandlers *handlers;
  HeartbeatBusChangeDebouncer *debouncer;
  gsize unsent; /* bytes of MessageReceived since the last flush began */
  gboolean flushing;
  HeartbeatRateLimit drops;
};

static void agent_iface_init (HeartbeatDBusAgentIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HeartbeatBusAgent,
                               heartbeat_bus_agent,
                               HEARTBEAT_DBUS_TYPE_AGENT_SKELETON,
                               G_IMPLEMENT_INTERFACE (HEARTBEAT_DBUS_TYPE_AGENT, agent_iface_init))

/* A text that is not UTF-8 would end the connection. */
static void
set_text (HeartbeatBusAgent *self,
          void (*set) (HeartbeatDBusAgent *skeleton, const char *text),
          const char *text)
{
  g_autofree char *valid = heartbeat_text_dup_valid (text);

  set (HEARTBEAT_DBUS_AGENT (self), valid);
}

static void
set_counts (HeartbeatBusAgent *self)
{
  HeartbeatDBusAgent *skeleton = HEARTBEAT_DBUS_AGENT (self);
  HeartbeatAgent *agent = self->agent;

  heartbeat_dbus_agent_set_ticks_received (skeleton, heartbeat_agent_get_ticks_received (agent));
  heartbeat_dbus_agent_set_ticks_idle (skeleton, heartbeat_agent_get_ticks_idle (agent));
  heartbeat_dbus_agent_set_runs_succeeded (
      skeleton, heartbeat_agent_get_runs (agent, HEARTBEAT_STATUS_SUCCESS));
  heartbeat_dbus_agent_set_runs_failed (skeleton,
                                        heartbeat_agent_get_runs (agent, HEARTBEAT_STATUS_FAILED));
  heartbeat_dbus_agent_set_runs_skipped (
      skeleton, heartbeat_agent_get_runs (agent, HEARTBEAT_STATUS_SKIPPED));
  heartbeat_dbus_agent_set_messages_rejected (skeleton, heartbeat_consumer_get_messages_rejected (
                                                            self->consumer));
}

/* Sets what the skeleton has, which tells clients what has changed at the next turn of the loop. */
static void
set_properties (HeartbeatBusAgent *self)
{
  HeartbeatDBusAgent *skeleton = HEARTBEAT_DBUS_AGENT (self);
  HeartbeatAgent *agent = self->agent;
  HeartbeatConsumer *consumer = self->consumer;

  set_text (self, heartbeat_dbus_agent_set_name, heartbeat_agent_get_name (agent));
  set_text (self, heartbeat_dbus_agent_set_config_path, heartbeat_agent_get_config_path (agent));
  set_text (self, heartbeat_dbus_agent_set_config_error, heartbeat_agent_get_config_error (agent));
  set_text (self, heartbeat_dbus_agent_set_connection_state,
            heartbeat_consumer_get_connection_state (consumer));
  set_text (self, heartbeat_dbus_agent_set_connection_error,
            heartbeat_consumer_get_connection_error (consumer));
  set_text (self, heartbeat_dbus_agent_set_broker,
            heartbeat_consumer_get_broker_address (consumer));
  set_text (self, heartbeat_dbus_agent_set_exchange,
            heartbeat_consumer_get_exchange_name (consumer));
  set_text (self, heartbeat_dbus_agent_set_queue, heartbeat_consumer_get_queue (consumer));
  set_text (self, heartbeat_dbus_agent_set_tick_source,
            heartbeat_consumer_get_tick_source (consumer));
  set_text (self, heartbeat_dbus_agent_set_version, PACKAGE_VERSION);
  heartbeat_dbus_agent_set_last_tick (skeleton, heartbeat_agent_get_last_tick (agent));
  heartbeat_dbus_agent_set_next_due (skeleton, heartbeat_agent_get_next_due (agent));
  heartbeat_dbus_agent_set_paused (skeleton, heartbeat_agent_get_paused (agent));
  set_counts (self);
}

/* What depends on the clock is computed. For the rest the skeleton must have what the agent has, so a client that
   reads a new value early still gets its signal. */
static void
heartbeat_bus_agent_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  static const char *const computed[] = { "next-due", "paused", NULL };
  HeartbeatBusAgent *self = HEARTBEAT_BUS_AGENT (object);

  heartbeat_bus_agent_update (self);
  if (g_strv_contains (computed, pspec->name))
    g_object_get_property (G_OBJECT (self->agent), pspec->name, value);
  else
    G_OBJECT_CLASS (heartbeat_bus_agent_parent_class)->get_property (object, id, value, pspec);
}

static void
heartbeat_bus_agent_dispose (GObject *object)
{
  HeartbeatBusAgent *self = HEARTBEAT_BUS_AGENT (object);

  heartbeat_bus_change_debouncer_take (self->debouncer, self);
  g_signal_handlers_disconnect_by_data (self->consumer, self);
  g_signal_handlers_disconnect_by_data (self->agent, self);
  g_clear_pointer (&self->handlers, heartbeat_bus_handlers_free);
  G_OBJECT_CLASS (heartbeat_bus_agent_parent_class)->dispose (object);
}

static void
heartbeat_bus_agent_finalize (GObject *object)
{
  HeartbeatBusAgent *self = HEARTBEAT_BUS_AGENT (object);

  g_clear_object (&self->agent);
  g_clear_object (&self->consumer);
  g_clear_pointer (&self->debouncer, heartbeat_bus_change_debouncer_unref);
  G_OBJECT_CLASS (heartbeat_bus_agent_parent_class)->finalize (object);
}

static void
heartbeat_bus_agent_class_init (HeartbeatBusAgentClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = heartbeat_bus_agent_get_property;
  object_class->set_property = G_OBJECT_CLASS (heartbeat_bus_agent_parent_class)->set_property;
  object_class->dispose = heartbeat_bus_agent_dispose;
  object_class->finalize = heartbeat_bus_agent_finalize;
  heartbeat_dbus_agent_override_properties (object_class, 1);
}

static void
heartbeat_bus_agent_init (HeartbeatBusAgent *self)
{
}

/* --- Methods -------------------------------------------------------------------------------------------------------- */

static gboolean
handle_run_check (HeartbeatDBusAgent *skeleton,
                  GDBusMethodInvocation *invocation,
                  const char *check,
                  GVariant *options)
{
  heartbeat_bus_call_run (HEARTBEAT_BUS_AGENT (skeleton)->agent, check, options, invocation);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
on_handlers_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names
      = heartbeat_consumer_list_handlers_finish (HEARTBEAT_CONSUMER (source), result, &error);

  if (names != NULL)
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(^as)", names));
  else
    heartbeat_bus_call_fail (invocation, error);
}

static gboolean
handle_list_handlers (HeartbeatDBusAgent *skeleton, GDBusMethodInvocation *invocation)
{
  heartbeat_consumer_list_handlers_async (HEARTBEAT_BUS_AGENT (skeleton)->consumer,
                                          on_handlers_listed, invocation);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
handle_register_handler (HeartbeatDBusAgent *skeleton,
                         GDBusMethodInvocation *invocation,
                         const char *name,
                         const char *path)
{
  g_autoptr (GError) error = NULL;
  gboolean done
      = heartbeat_bus_handlers_register (HEARTBEAT_BUS_AGENT (skeleton)->handlers,
                                         g_dbus_method_invocation_get_connection (invocation),
                                         g_dbus_method_invocation_get_sender (invocation), name,
                                         path, &error);

  heartbeat_bus_call_finish (invocation, done, error);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
handle_unregister_handler (HeartbeatDBusAgent *skeleton,
                           GDBusMethodInvocation *invocation,
                           const char *name)
{
  g_autoptr (GError) error = NULL;
  gboolean done
      = heartbeat_bus_handlers_unregister (HEARTBEAT_BUS_AGENT (skeleton)->handlers,
                                           g_dbus_method_invocation_get_sender (invocation), name,
                                           &error);

  heartbeat_bus_call_finish (invocation, done, error);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
handle_history (HeartbeatDBusAgent *skeleton,
                GDBusMethodInvocation *invocation,
                const char *check,
                guint most)
{
  heartbeat_bus_history_answer (HEARTBEAT_BUS_AGENT (skeleton)->agent, check, most, invocation);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
on_published (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *id
      = heartbeat_consumer_publish_finish (HEARTBEAT_CONSUMER (source), result, &error);

  if (id != NULL)
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(s)", id));
  else
    heartbeat_bus_call_fail (invocation, error);
}

static gboolean
handle_publish (HeartbeatDBusAgent *skeleton,
                GDBusMethodInvocation *invocation,
                const char *event_type,
                const char *payload)
{
  heartbeat_consumer_publish_async (HEARTBEAT_BUS_AGENT (skeleton)->consumer, event_type, payload,
                                    NULL, on_published, invocation);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
handle_pause (HeartbeatDBusAgent *skeleton,
              GDBusMethodInvocation *invocation,
              const char *check,
              gint64 until,
              const char *reason)
{
  heartbeat_bus_call_pause (HEARTBEAT_BUS_AGENT (skeleton)->agent, check, until, reason,
                            invocation);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
handle_resume (HeartbeatDBusAgent *skeleton, GDBusMethodInvocation *invocation, const char *check)
{
  heartbeat_bus_call_resume (HEARTBEAT_BUS_AGENT (skeleton)->agent, check, invocation);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
handle_set_enabled (HeartbeatDBusAgent *skeleton,
                    GDBusMethodInvocation *invocation,
                    const char *check,
                    gboolean enabled)
{
  heartbeat_bus_call_set_enabled (HEARTBEAT_BUS_AGENT (skeleton)->agent, check, enabled,
                                  invocation);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
agent_iface_init (HeartbeatDBusAgentIface *iface)
{
  iface->handle_pause = handle_pause;
  iface->handle_resume = handle_resume;
  iface->handle_set_enabled = handle_set_enabled;
  iface->handle_run_check = handle_run_check;
  iface->handle_list_handlers = handle_list_handlers;
  iface->handle_history = handle_history;
  iface->handle_register_handler = handle_register_handler;
  iface->handle_unregister_handler = handle_unregister_handler;
  iface->handle_publish = handle_publish;
}

/* --- Signals -------------------------------------------------------------------------------------------------------- */

static void
on_changed (HeartbeatBusAgent *self)
{
  heartbeat_bus_change_debouncer_add (self->debouncer, self);
}

static void
on_check_started (HeartbeatBusAgent *self, HeartbeatCheck *check)
{
  on_changed (self);
  heartbeat_dbus_agent_emit_check_started (HEARTBEAT_DBUS_AGENT (self),
                                           heartbeat_check_get_name (check));
}

static void
on_check_finished (HeartbeatBusAgent *self, HeartbeatCheck *check, HeartbeatResult *result)
{
  /* The counters of runs have no notification of their own. */
  on_changed (self);
  heartbeat_bus_agent_update (self);
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (self));
  heartbeat_dbus_agent_emit_check_finished (
      HEARTBEAT_DBUS_AGENT (self), heartbeat_check_get_name (check),
      heartbeat_status_to_string (heartbeat_result_get_status (result)),
      heartbeat_bus_call_describe (result));
}

/* A connection that was closed has nothing to send either. */
static void
on_flushed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatBusAgent) self = user_data;

  g_dbus_connection_flush_finish (G_DBUS_CONNECTION (source), result, NULL);
  self->flushing = FALSE;
}

/* Of two times MAX_UNSENT the first half must have been sent. */
static gboolean
may_emit (HeartbeatBusAgent *self, GDBusConnection *connection, gsize size)
{
  if (self->unsent >= MAX_UNSENT)
    {
      if (self->flushing)
        return FALSE;
      self->flushing = TRUE;
      self->unsent = 0;
      g_dbus_connection_flush (connection, NULL, on_flushed, g_object_ref (self));
    }
  self->unsent += size;
  return TRUE;
}

static void
report_slow_bus (HeartbeatBusAgent *self)
{
  guint64 suppressed = 0;

  if (heartbeat_rate_limit_allow (&self->drops, g_get_monotonic_time (), &suppressed))
    heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_BUS_SLOW,
                   heartbeat_agent_get_name (self->agent), NULL,
                   "the session bus does not take what it is sent: it is not told of messages of "
                   "the inbox (%" G_GUINT64_FORMAT " more before this one)",
                   suppressed);
}

static void
on_message_received (HeartbeatBusAgent *self,
                     const char *routing_key,
                     const char *event_type,
                     const char *body)
{
  g_autofree char *key = heartbeat_text_dup_valid (routing_key);
  g_autofree char *type = heartbeat_text_dup_valid (event_type);
  g_autofree char *text = heartbeat_text_dup_valid (body);
  GDBusConnection *connection
      = g_dbus_interface_skeleton_get_connection (G_DBUS_INTERFACE_SKELETON (self));
  gsize size = SIGNAL_SIZE + strlen (key) + strlen (type) + strlen (text);

  if (connection == NULL)
    return;
  if (may_emit (self, connection, size))
    heartbeat_dbus_agent_emit_message_received (HEARTBEAT_DBUS_AGENT (self), key, type, text);
  else
    report_slow_bus (self);
}

/**
 * heartbeat_bus_agent_new:
 * @consumer: a consumer
 * @debouncer: calls heartbeat_bus_agent_update()
 *
 * Returns: (transfer full): the consumer's agent for the bus, not exported yet
 */
HeartbeatBusAgent *
heartbeat_bus_agent_new (HeartbeatConsumer *consumer, HeartbeatBusChangeDebouncer *debouncer)
{
  HeartbeatBusAgent *self = g_object_new (HEARTBEAT_TYPE_BUS_AGENT, NULL);

  g_return_val_if_fail (HEARTBEAT_IS_CONSUMER (consumer), NULL);
  g_return_val_if_fail (debouncer != NULL, NULL);

  self->consumer = g_object_ref (consumer);
  self->agent = g_object_ref (heartbeat_consumer_get_agent (consumer));
  self->debouncer = heartbeat_bus_change_debouncer_ref (debouncer);
  self->handlers = heartbeat_bus_handlers_new (self->agent);
  set_properties (self);
  g_signal_connect_swapped (self->agent, "notify", G_CALLBACK (on_changed), self);
  g_signal_connect_swapped (self->agent, "check-started", G_CALLBACK (on_check_started), self);
  g_signal_connect_swapped (self->agent, "check-finished", G_CALLBACK (on_check_finished), self);
  g_signal_connect_swapped (consumer, "notify", G_CALLBACK (on_changed), self);
  g_signal_connect_swapped (consumer, "message-received", G_CALLBACK (on_message_received), self);
  return self;
}

/**
 * heartbeat_bus_agent_update:
 * @self: an agent for the bus
 *
 * Takes over what has changed; clients are told at the next turn of the main loop.
 */
void
heartbeat_bus_agent_update (HeartbeatBusAgent *self)
{
  g_return_if_fail (HEARTBEAT_IS_BUS_AGENT (self));

  if (heartbeat_bus_change_debouncer_take (self->debouncer, self))
    set_properties (self);
}
