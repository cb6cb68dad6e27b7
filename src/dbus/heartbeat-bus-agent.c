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
#include "dbus/heartbeat-bus-send-budget.h"
#include "dbus/heartbeat-bus-properties.h"

/* Of an empty signal, with what GDBus needs to queue it. */
#define SIGNAL_SIZE 512

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
  HeartbeatBusProperties *properties;
  HeartbeatBusHandlers *handlers;
  HeartbeatBusSendBudget *messages;
  HeartbeatRateLimit drops;
  HeartbeatBusWorkQueue *slices;
};

/* In the order of the interface's description. */
enum
{
  PROP_0,
  PROP_NAME,
  PROP_CONFIG_PATH,
  PROP_CONFIG_ERROR,
  PROP_CONNECTION_STATE,
  PROP_CONNECTION_ERROR,
  PROP_BROKER,
  PROP_EXCHANGE,
  PROP_QUEUE,
  PROP_TICK_SOURCE,
  PROP_LAST_TICK,
  PROP_NEXT_DUE,
  PROP_PAUSED,
  PROP_TICKS_RECEIVED,
  PROP_TICKS_IDLE,
  PROP_RUNS_SUCCEEDED,
  PROP_RUNS_FAILED,
  PROP_RUNS_SKIPPED,
  PROP_MESSAGES_REJECTED,
  PROP_VERSION,
};

static void agent_iface_init (HeartbeatDBusAgentIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HeartbeatBusAgent,
                               heartbeat_bus_agent,
                               HEARTBEAT_DBUS_TYPE_AGENT_SKELETON,
                               G_IMPLEMENT_INTERFACE (HEARTBEAT_DBUS_TYPE_AGENT, agent_iface_init))

static const char *
get_text (HeartbeatBusAgent *self, guint id)
{
  switch (id)
    {
    case PROP_NAME:
      return heartbeat_agent_get_name (self->agent);
    case PROP_CONFIG_PATH:
      return heartbeat_agent_get_config_path (self->agent);
    case PROP_CONFIG_ERROR:
      return heartbeat_agent_get_config_error (self->agent);
    case PROP_CONNECTION_STATE:
      return heartbeat_consumer_get_connection_state (self->consumer);
    case PROP_CONNECTION_ERROR:
      return heartbeat_consumer_get_connection_error (self->consumer);
    case PROP_BROKER:
      return heartbeat_consumer_get_broker_address (self->consumer);
    case PROP_EXCHANGE:
      return heartbeat_consumer_get_exchange_name (self->consumer);
    case PROP_QUEUE:
      return heartbeat_consumer_get_queue (self->consumer);
    case PROP_TICK_SOURCE:
      return heartbeat_consumer_get_tick_source (self->consumer);
    case PROP_VERSION:
      return PACKAGE_VERSION;
    default:
      g_return_val_if_reached ("");
    }
}

static guint64
get_count (HeartbeatBusAgent *self, guint id)
{
  switch (id)
    {
    case PROP_TICKS_RECEIVED:
      return heartbeat_agent_get_ticks_received (self->agent);
    case PROP_TICKS_IDLE:
      return heartbeat_agent_get_ticks_idle (self->agent);
    case PROP_RUNS_SUCCEEDED:
      return heartbeat_agent_get_runs (self->agent, HEARTBEAT_STATUS_SUCCESS);
    case PROP_RUNS_FAILED:
      return heartbeat_agent_get_runs (self->agent, HEARTBEAT_STATUS_FAILED);
    case PROP_RUNS_SKIPPED:
      return heartbeat_agent_get_runs (self->agent, HEARTBEAT_STATUS_SKIPPED);
    case PROP_MESSAGES_REJECTED:
      return heartbeat_consumer_get_messages_rejected (self->consumer);
    default:
      g_return_val_if_reached (0);
    }
}

static void
heartbeat_bus_agent_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  HeartbeatBusAgent *self = HEARTBEAT_BUS_AGENT (object);

  if (id == PROP_LAST_TICK)
    g_value_set_int64 (value, heartbeat_agent_get_last_tick (self->agent));
  else if (id == PROP_NEXT_DUE)
    g_value_set_int64 (value, heartbeat_agent_get_next_due (self->agent));
  else if (id == PROP_PAUSED)
    g_value_set_boolean (value, heartbeat_agent_get_paused (self->agent));
  else if (G_VALUE_HOLDS_UINT64 (value))
    g_value_set_uint64 (value, get_count (self, id));
  else
    heartbeat_bus_properties_set_text (value, get_text (self, id));
  heartbeat_bus_properties_note_read (self->properties, id, value);
}

static void
heartbeat_bus_agent_dispose (GObject *object)
{
  HeartbeatBusAgent *self = HEARTBEAT_BUS_AGENT (object);

  if (self->consumer != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->consumer, self);
      g_signal_handlers_disconnect_by_data (self->agent, self);
    }
  g_clear_pointer (&self->handlers, heartbeat_bus_handlers_free);
  g_clear_pointer (&self->properties, heartbeat_bus_properties_free);
  G_OBJECT_CLASS (heartbeat_bus_agent_parent_class)->dispose (object);
}

static void
heartbeat_bus_agent_finalize (GObject *object)
{
  HeartbeatBusAgent *self = HEARTBEAT_BUS_AGENT (object);

  g_clear_pointer (&self->messages, heartbeat_bus_send_budget_free);
  g_clear_object (&self->agent);
  g_clear_object (&self->consumer);
  g_clear_pointer (&self->slices, heartbeat_bus_work_queue_unref);
  G_OBJECT_CLASS (heartbeat_bus_agent_parent_class)->finalize (object);
}

static void
heartbeat_bus_agent_class_init (HeartbeatBusAgentClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = heartbeat_bus_agent_get_property;
  object_class->set_property = heartbeat_bus_properties_refuse_set;
  object_class->dispose = heartbeat_bus_agent_dispose;
  object_class->finalize = heartbeat_bus_agent_finalize;
  heartbeat_dbus_agent_override_properties (object_class, 1);
}

static void
heartbeat_bus_agent_init (HeartbeatBusAgent *self)
{
  self->messages = heartbeat_bus_send_budget_new ();
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

/* A reload on its way: the face may be gone when it ends. */
typedef struct
{
  HeartbeatBusAgent *face;
  GDBusMethodInvocation *invocation;
} Reload;

static void
answer_reload (gpointer owner, gpointer data)
{
  g_dbus_method_invocation_return_value (g_object_ref (data), NULL);
}

/* The answer comes when the objects of all checks are those of the new configuration. */
static void
on_reloaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Reload *reload = user_data;
  g_autoptr (HeartbeatBusAgent) self = reload->face;
  g_autoptr (GError) error = NULL;

  if (!heartbeat_agent_reload_finish (HEARTBEAT_AGENT (source), result, &error))
    {
      heartbeat_bus_call_fail (reload->invocation, error);
      return;
    }
  heartbeat_bus_work_queue_add (self->slices, answer_reload, self, reload->invocation);
  g_object_unref (reload->invocation);
}

static gboolean
handle_reload (HeartbeatDBusAgent *skeleton, GDBusMethodInvocation *invocation)
{
  HeartbeatBusAgent *self = HEARTBEAT_BUS_AGENT (skeleton);
  Reload *reload = g_new (Reload, 1);

  reload->face = g_object_ref (self);
  reload->invocation = invocation;
  heartbeat_consumer_retry_now (self->consumer);
  heartbeat_agent_reload_async (self->agent, NULL, on_reloaded, reload);
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

static void
answer_registration (GDBusMethodInvocation *invocation, gboolean done, const GError *error)
{
  if (done)
    g_dbus_method_invocation_return_value (invocation, NULL);
  else
    heartbeat_bus_call_fail (invocation, error);
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

  answer_registration (invocation, done, error);
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

  answer_registration (invocation, done, error);
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
  iface->handle_reload = handle_reload;
  iface->handle_list_handlers = handle_list_handlers;
  iface->handle_history = handle_history;
  iface->handle_register_handler = handle_register_handler;
  iface->handle_unregister_handler = handle_unregister_handler;
  iface->handle_publish = handle_publish;
}

/* --- Signals -------------------------------------------------------------------------------------------------------- */

static void
on_check_started (HeartbeatBusAgent *self, HeartbeatCheck *check)
{
  heartbeat_bus_properties_mark (self->properties);
  heartbeat_dbus_agent_emit_check_started (HEARTBEAT_DBUS_AGENT (self),
                                           heartbeat_check_get_name (check));
}

static void
on_check_finished (HeartbeatBusAgent *self, HeartbeatCheck *check, HeartbeatResult *result)
{
  /* The counters of runs have no notification of their own. */
  heartbeat_bus_properties_mark (self->properties);
  heartbeat_bus_properties_flush (self->properties);
  heartbeat_dbus_agent_emit_check_finished (
      HEARTBEAT_DBUS_AGENT (self), heartbeat_check_get_name (check),
      heartbeat_status_to_string (heartbeat_result_get_status (result)),
      heartbeat_bus_call_describe (result));
}

static void
complain_of_bus (HeartbeatBusAgent *self)
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

  if (connection == NULL)
    return;
  if (!heartbeat_bus_send_budget_admit (self->messages, connection,
                                        SIGNAL_SIZE + strlen (key) + strlen (type) + strlen (text)))
    {
      complain_of_bus (self);
      return;
    }
  heartbeat_dbus_agent_emit_message_received (HEARTBEAT_DBUS_AGENT (self), key, type, text);
}

/**
 * heartbeat_bus_agent_new:
 * @consumer: a consumer
 * @collector: where changes are collected
 * @slices: what exports the checks
 *
 * Returns: (transfer full): the consumer's agent for the bus, not exported yet
 */
HeartbeatBusAgent *
heartbeat_bus_agent_new (HeartbeatConsumer *consumer,
                         HeartbeatBusChangeDebouncer *collector,
                         HeartbeatBusWorkQueue *slices)
{
  HeartbeatBusAgent *self = g_object_new (HEARTBEAT_TYPE_BUS_AGENT, NULL);

  self->consumer = g_object_ref (consumer);
  self->agent = g_object_ref (heartbeat_consumer_get_agent (consumer));
  self->properties = heartbeat_bus_properties_new (G_DBUS_INTERFACE_SKELETON (self), collector);
  self->handlers = heartbeat_bus_handlers_new (self->agent);
  self->slices = heartbeat_bus_work_queue_ref (slices);
  heartbeat_bus_properties_watch (self->properties, self->agent);
  g_signal_connect_swapped (self->agent, "check-started", G_CALLBACK (on_check_started), self);
  g_signal_connect_swapped (self->agent, "check-finished", G_CALLBACK (on_check_finished), self);
  heartbeat_bus_properties_watch (self->properties, consumer);
  g_signal_connect_swapped (consumer, "message-received", G_CALLBACK (on_message_received), self);
  return self;
}

/**
 * heartbeat_bus_agent_set_exported:
 * @self: an agent for the bus
 * @exported: whether clients can see it
 */
void
heartbeat_bus_agent_set_exported (HeartbeatBusAgent *self, gboolean exported)
{
  if (exported)
    {
      heartbeat_bus_properties_begin (self->properties);
      return;
    }
  heartbeat_bus_properties_end (self->properties);
  heartbeat_bus_handlers_drop_all (self->handlers);
}
