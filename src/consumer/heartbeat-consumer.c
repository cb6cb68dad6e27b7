/* SPDX-License-Identifier: MIT */

#include "consumer/heartbeat-consumer-internal.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"
#include "base/heartbeat-limits.h"
#include "base/heartbeat-setting-spec.h"
#include "json/heartbeat-json.h"

GParamSpec *heartbeat_consumer_props[HEARTBEAT_CONSUMER_N_PROPS];
guint heartbeat_consumer_signals[HEARTBEAT_CONSUMER_N_SIGNALS];

/**
 * HeartbeatConsumer:
 *
 * One agent on one broker: hears the ticks, and acknowledges each when all that it caused is safe.
 */
G_DEFINE_FINAL_TYPE (HeartbeatConsumer, heartbeat_consumer, G_TYPE_OBJECT)

#define FIRST_TEXT   HEARTBEAT_CONSUMER_PROP_AGENT_NAME
#define FIRST_NUMBER HEARTBEAT_CONSUMER_PROP_TICK_INTERVAL

/* Those settings that are texts or numbers, in the order of their properties. */
static const struct
{
  const char *name;
  gsize offset;
  const char *fallback; /* in place of NULL, or else: */
  const char *variable; /* its setting has the default */
} texts[] = {
  { "agent-name", G_STRUCT_OFFSET (HeartbeatConsumer, agent_name), "" },
  { "heartbeat-path", G_STRUCT_OFFSET (HeartbeatConsumer, heartbeat_path), "" },
  { "rabbit-url", G_STRUCT_OFFSET (HeartbeatConsumer, rabbit_url) },
  { "exchange-name", G_STRUCT_OFFSET (HeartbeatConsumer, exchange_name), NULL, "EXCHANGE_NAME" },
  { "queue-type", G_STRUCT_OFFSET (HeartbeatConsumer, queue_type), NULL, "QUEUE_TYPE" },
  { "tick-source", G_STRUCT_OFFSET (HeartbeatConsumer, tick_source), NULL, "TICK_SOURCE" },
  { "inbox-handler", G_STRUCT_OFFSET (HeartbeatConsumer, inbox_handler) },
  { "handler-path", G_STRUCT_OFFSET (HeartbeatConsumer, handler_path) },
};

static const struct
{
  const char *name;
  gsize offset;
  const char *variable;
} numbers[] = {
  { "tick-interval", G_STRUCT_OFFSET (HeartbeatConsumer, tick_interval), "TICK_INTERVAL_S" },
  { "max-concurrent-runs", G_STRUCT_OFFSET (HeartbeatConsumer, max_concurrent_runs),
    "MAX_CONCURRENT_RUNS" },
  { "handler-timeout", G_STRUCT_OFFSET (HeartbeatConsumer, timeout), "HANDLER_TIMEOUT_S" },
};

static char **
text_of (HeartbeatConsumer *self, guint id)
{
  guint index = id - FIRST_TEXT;

  return index < G_N_ELEMENTS (texts) ? &G_STRUCT_MEMBER (char *, self, texts[index].offset) : NULL;
}

static guint *
number_of (HeartbeatConsumer *self, guint id)
{
  guint index = id - FIRST_NUMBER;

  return index < G_N_ELEMENTS (numbers) ? &G_STRUCT_MEMBER (guint, self, numbers[index].offset)
                                        : NULL;
}

static void
get_setting (HeartbeatConsumer *self, guint id, GValue *value)
{
  if (text_of (self, id) != NULL)
    g_value_set_string (value, *text_of (self, id));
  else if (number_of (self, id) != NULL)
    g_value_set_uint (value, *number_of (self, id));
  else
    g_value_set_boolean (value, self->publish_results);
}

static void
heartbeat_consumer_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  HeartbeatConsumer *self = HEARTBEAT_CONSUMER (object);

  switch (id)
    {
    case HEARTBEAT_CONSUMER_PROP_AGENT:
      g_value_set_object (value, self->agent);
      break;
    case HEARTBEAT_CONSUMER_PROP_CONNECTION_STATE:
      g_value_set_string (value, heartbeat_consumer_get_connection_state (self));
      break;
    case HEARTBEAT_CONSUMER_PROP_CONNECTION_ERROR:
      g_value_set_string (value, heartbeat_consumer_get_connection_error (self));
      break;
    case HEARTBEAT_CONSUMER_PROP_BROKER_ADDRESS:
      g_value_set_string (value, heartbeat_consumer_get_broker_address (self));
      break;
    case HEARTBEAT_CONSUMER_PROP_MESSAGES_REJECTED:
      g_value_set_uint64 (value, heartbeat_consumer_get_messages_rejected (self));
      break;
    case HEARTBEAT_CONSUMER_PROP_READY:
      g_value_set_boolean (value, self->loaded && self->attempted);
      break;
    default:
      get_setting (self, id, value);
    }
}

static const char *
default_text (guint index)
{
  if (texts[index].variable != NULL)
    return heartbeat_setting_spec_find (texts[index].variable)->fallback;
  return texts[index].fallback;
}

static void
heartbeat_consumer_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  HeartbeatConsumer *self = HEARTBEAT_CONSUMER (object);

  if (text_of (self, id) != NULL)
    *text_of (self, id)
        = g_strdup (g_value_get_string (value) != NULL ? g_value_get_string (value)
                                                       : default_text (id - FIRST_TEXT));
  else if (number_of (self, id) != NULL)
    *number_of (self, id) = g_value_get_uint (value);
  else
    self->publish_results = g_value_get_boolean (value);
}

static void
heartbeat_consumer_constructed (GObject *object)
{
  HeartbeatConsumer *self = HEARTBEAT_CONSUMER (object);

  self->agent = heartbeat_agent_new (self->agent_name, self->heartbeat_path, self->registry);
  heartbeat_agent_set_limits (self->agent, self->max_concurrent_runs, self->timeout * 1000);
  G_OBJECT_CLASS (heartbeat_consumer_parent_class)->constructed (object);
}

static void
heartbeat_consumer_dispose (GObject *object)
{
  HeartbeatConsumer *self = HEARTBEAT_CONSUMER (object);

  g_clear_pointer (&self->ticker, heartbeat_ticker_free);
  g_clear_object (&self->clock);
  /* A save that is under way keeps the inbox, which must not deliver to a consumer that is gone. */
  if (self->inbox != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->inbox, self);
      heartbeat_inbox_close_async (self->inbox, NULL, NULL);
    }
  if (self->receiver != NULL)
    heartbeat_receiver_set_runner (self->receiver, NULL);
  if (self->inbox_runner != NULL)
    heartbeat_inbox_runner_force_stop (self->inbox_runner);
  if (self->agent != NULL)
    heartbeat_agent_abandon (self->agent);
  g_clear_object (&self->reporter);
  g_clear_object (&self->inbox_runner);
  g_clear_object (&self->agent);
  g_clear_object (&self->inbox);
  g_clear_object (&self->publisher);
  g_clear_object (&self->broker);
  g_clear_object (&self->registry);
  g_clear_object (&self->executables);
  g_clear_object (&self->processes);
  G_OBJECT_CLASS (heartbeat_consumer_parent_class)->dispose (object);
}

static void
heartbeat_consumer_finalize (GObject *object)
{
  HeartbeatConsumer *self = HEARTBEAT_CONSUMER (object);

  g_clear_pointer (&self->receiver, heartbeat_receiver_free);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (G_STRUCT_MEMBER (char *, self, texts[i].offset));
  g_ptr_array_unref (self->stop_tasks);
  G_OBJECT_CLASS (heartbeat_consumer_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  const GParamFlags setting = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    heartbeat_consumer_props[FIRST_TEXT + i]
        = g_param_spec_string (texts[i].name, NULL, NULL, NULL, setting);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      const HeartbeatSettingSpec *spec = heartbeat_setting_spec_find (numbers[i].variable);

      heartbeat_consumer_props[FIRST_NUMBER + i]
          = g_param_spec_uint (numbers[i].name, NULL, NULL, spec->min, spec->max,
                               heartbeat_setting_spec_get_default_number (spec), setting);
    }

  /**
   * HeartbeatConsumer:agent-name:
   *
   * The agent's name: a letter or digit, then up to 63 more, or `_` or `-`.
   */

  /**
   * HeartbeatConsumer:heartbeat-path:
   *
   * Where its heartbeat.json is, or will be.
   */

  /**
   * HeartbeatConsumer:rabbit-url:
   *
   * The broker, an `amqp://` or `amqps://` URL; several are separated by white space. %NULL for the default.
   * It may hold a password.
   */

  /**
   * HeartbeatConsumer:exchange-name:
   *
   * The topic exchange.
   */

  /**
   * HeartbeatConsumer:queue-type:
   *
   * `classic` or `quorum`.
   */

  /**
   * HeartbeatConsumer:tick-source:
   *
   * Where ticks come from: `amqp`; `local`, a timer in the process; `auto`, the timer while none comes from
   * the broker for 2.5 intervals.
   */

  /**
   * HeartbeatConsumer:inbox-handler:
   *
   * The name of the handler that gets each message of the inbox, %NULL for none.
   */

  /**
   * HeartbeatConsumer:publish-results:
   *
   * Whether to publish how each run has ended, as `agent.NAME.heartbeat.result`.
   */
  heartbeat_consumer_props[HEARTBEAT_CONSUMER_PROP_PUBLISH_RESULTS]
      = g_param_spec_boolean ("publish-results", NULL, NULL, FALSE, setting);

  /**
   * HeartbeatConsumer:tick-interval:
   *
   * The time between two local ticks, in seconds.
   */

  /**
   * HeartbeatConsumer:max-concurrent-runs:
   *
   * How many runs ticks may have going at once.
   */

  /**
   * HeartbeatConsumer:handler-timeout:
   *
   * The time limit of a run whose check has no `timeoutMs`, in seconds.
   */

  /**
   * HeartbeatConsumer:handler-path:
   *
   * Where handlers are executables: absolute folders, separated by colons. %NULL is
   * `$XDG_CONFIG_HOME/heartbeat-consumer/handlers` and the one of the installation.
   */

  /**
   * HeartbeatConsumer:agent:
   *
   * Its agent.
   */
  heartbeat_consumer_props[HEARTBEAT_CONSUMER_PROP_AGENT]
      = g_param_spec_object ("agent", NULL, NULL, HEARTBEAT_TYPE_AGENT, readable);

  /**
   * HeartbeatConsumer:connection-state:
   *
   * `disabled`, `connecting`, `connected` or `waiting`.
   */
  heartbeat_consumer_props[HEARTBEAT_CONSUMER_PROP_CONNECTION_STATE]
      = g_param_spec_string ("connection-state", NULL, NULL, "disabled", readable);

  /**
   * HeartbeatConsumer:connection-error:
   *
   * Why it is not connected, or an empty text.
   */
  heartbeat_consumer_props[HEARTBEAT_CONSUMER_PROP_CONNECTION_ERROR]
      = g_param_spec_string ("connection-error", NULL, NULL, "", readable);

  /**
   * HeartbeatConsumer:broker-address:
   *
   * Host and port of the broker, or an empty text.
   */
  heartbeat_consumer_props[HEARTBEAT_CONSUMER_PROP_BROKER_ADDRESS]
      = g_param_spec_string ("broker-address", NULL, NULL, "", readable);

  /**
   * HeartbeatConsumer:messages-rejected:
   *
   * How many messages were rejected.
   */
  heartbeat_consumer_props[HEARTBEAT_CONSUMER_PROP_MESSAGES_REJECTED]
      = g_param_spec_uint64 ("messages-rejected", NULL, NULL, 0, G_MAXUINT64, 0, readable);

  /**
   * HeartbeatConsumer:ready:
   *
   * Whether heartbeat.json was read and the first attempt to connect has ended, well or not.
   */
  heartbeat_consumer_props[HEARTBEAT_CONSUMER_PROP_READY]
      = g_param_spec_boolean ("ready", NULL, NULL, FALSE, readable);

  g_object_class_install_properties (object_class, HEARTBEAT_CONSUMER_N_PROPS,
                                     heartbeat_consumer_props);
}

static void
heartbeat_consumer_class_init (HeartbeatConsumerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = heartbeat_consumer_get_property;
  object_class->set_property = heartbeat_consumer_set_property;
  object_class->constructed = heartbeat_consumer_constructed;
  object_class->dispose = heartbeat_consumer_dispose;
  object_class->finalize = heartbeat_consumer_finalize;
  install_properties (object_class);

  /**
   * HeartbeatConsumer::message-received:
   * @self: a consumer
   * @routing_key: the message's routing key
   * @event_type: the event's type, or an empty text
   * @body: the message, a JSON object
   *
   * A message for the agent that is no tick.
   */
  heartbeat_consumer_signals[HEARTBEAT_CONSUMER_MESSAGE_RECEIVED]
      = g_signal_new ("message-received", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                      NULL, NULL, G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING);
}

static void
heartbeat_consumer_init (HeartbeatConsumer *self)
{
  self->registry = heartbeat_registry_new ();
  self->processes = heartbeat_processes_new ();
  self->stop_tasks = g_ptr_array_new_with_free_func (g_object_unref);
}

/**
 * heartbeat_consumer_new:
 * @agent_name: the agent's name
 * @heartbeat_path: where its heartbeat.json is, or will be
 * @rabbit_url: (nullable): the broker; %NULL for %HEARTBEAT_DEFAULT_RABBIT_URL
 * @exchange_name: (nullable): the exchange; %NULL for %HEARTBEAT_DEFAULT_EXCHANGE
 *
 * Makes a consumer, to be given its handlers and then to be started or run.
 *
 * Returns: (transfer full): a consumer that has not been started
 */
HeartbeatConsumer *
heartbeat_consumer_new (const char *agent_name,
                        const char *heartbeat_path,
                        const char *rabbit_url,
                        const char *exchange_name)
{
  g_return_val_if_fail (agent_name != NULL, NULL);
  g_return_val_if_fail (heartbeat_path != NULL, NULL);

  return g_object_new (HEARTBEAT_TYPE_CONSUMER, "agent-name", agent_name, "heartbeat-path",
                       heartbeat_path, "rabbit-url", rabbit_url, "exchange-name", exchange_name,
                       NULL);
}

/**
 * heartbeat_consumer_share_broker:
 * @self: a consumer that was not started
 * @broker: the pair of connections of all consumers of the process
 */
void
heartbeat_consumer_share_broker (HeartbeatConsumer *self, HeartbeatBroker *broker)
{
  g_return_if_fail (HEARTBEAT_IS_CONSUMER (self));
  g_return_if_fail (HEARTBEAT_IS_BROKER (broker));

  g_set_object (&self->broker, broker);
  self->shares_broker = TRUE;
}

/**
 * heartbeat_consumer_share_clock:
 * @self: a consumer that was not started
 * @clock: what tells all consumers of the process that the machine woke up
 */
void
heartbeat_consumer_share_clock (HeartbeatConsumer *self, HeartbeatClockWatch *clock)
{
  g_return_if_fail (HEARTBEAT_IS_CONSUMER (self));
  g_return_if_fail (HEARTBEAT_IS_CLOCK_WATCH (clock));

  g_set_object (&self->clock, clock);
}

/**
 * heartbeat_consumer_set_file_limit:
 * @self: a consumer
 * @limit: see heartbeat_processes_set_file_limit()
 */
void
heartbeat_consumer_set_file_limit (HeartbeatConsumer *self, guint64 limit)
{
  g_return_if_fail (HEARTBEAT_IS_CONSUMER (self));

  heartbeat_processes_set_file_limit (self->processes, limit);
}

/* --- Publishing ----------------------------------------------------------------------------------------------------- */

static JsonNode *
parse_payload (const char *payload, GError **error)
{
  HeartbeatJson root;

  if (!heartbeat_json_scan (payload, strlen (payload), HEARTBEAT_JSON_NONE, &root, error))
    return NULL;
  if (heartbeat_json_is_object (&root))
    return json_from_string (payload, error);
  g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                       _ ("the payload of an event is a JSON object"));
  return NULL;
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  char *event_id
      = heartbeat_publisher_publish_finish (HEARTBEAT_PUBLISHER (source), result, &error);

  if (event_id != NULL)
    g_task_return_pointer (task, event_id, g_free);
  else
    g_task_return_error (task, error);
}

/**
 * heartbeat_consumer_publish_async:
 * @self: a consumer
 * @event_type: the type of the event, which also is its routing key: 1 to 255 bytes
 * @payload: its payload, a JSON object
 * @cancellable: (nullable): cancels the waiting
 * @callback: called when the broker has confirmed it, or it failed; it calls heartbeat_consumer_publish_finish()
 * @user_data: passed to @callback
 *
 * Publishes an event of the agent's on the exchange.
 */
void
heartbeat_consumer_publish_async (HeartbeatConsumer *self,
                                  const char *event_type,
                                  const char *payload,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  JsonNode *node;

  g_return_if_fail (HEARTBEAT_IS_CONSUMER (self));
  g_return_if_fail (event_type != NULL);
  g_return_if_fail (payload != NULL);

  task = g_task_new (self, cancellable, callback, user_data);
  if (*event_type == '\0' || strlen (event_type) > HEARTBEAT_SHORT_STRING_MAX_BYTES)
    {
      g_task_return_new_error (task, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                               _ ("the type of an event has 1 to 255 bytes"));
      return;
    }
  if (!self->started || self->stopped)
    {
      g_task_return_new_error (task, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NOT_CONNECTED, "%s",
                               self->stopped ? _ ("the consumer has stopped")
                                             : _ ("the consumer was not started"));
      return;
    }
  node = parse_payload (payload, &error);
  if (node == NULL)
    g_task_return_error (task, error);
  else
    heartbeat_publisher_publish_async (self->publisher, event_type, NULL, node, cancellable,
                                       on_sent, g_steal_pointer (&task));
}

/**
 * heartbeat_consumer_publish_finish:
 * @self: a consumer
 * @result: what the callback was given
 * @error: return location for a #HeartbeatError
 *
 * Ends heartbeat_consumer_publish_async().
 *
 * Returns: (transfer full): the `event_id` of the event
 */
char *
heartbeat_consumer_publish_finish (HeartbeatConsumer *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- What there is to see ------------------------------------------------------------------------------------------- */

/**
 * heartbeat_consumer_get_agent:
 * @self: a consumer
 *
 * Gets its agent.
 *
 * Returns: (transfer none): its agent
 */
HeartbeatAgent *
heartbeat_consumer_get_agent (HeartbeatConsumer *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_CONSUMER (self), NULL);

  return self->agent;
}

/**
 * heartbeat_consumer_get_connection_state:
 * @self: a consumer
 *
 * Says how the connection to the broker is.
 *
 * Returns: (transfer none): `disabled`, `connecting`, `connected` or `waiting`
 */
const char *
heartbeat_consumer_get_connection_state (HeartbeatConsumer *self)
{
  static const char *const names[] = { "disabled", "connecting", "connected", "waiting" };

  g_return_val_if_fail (HEARTBEAT_IS_CONSUMER (self), NULL);

  return self->inbox != NULL ? names[heartbeat_inbox_get_state (self->inbox)] : names[0];
}

/**
 * heartbeat_consumer_get_connection_error:
 * @self: a consumer
 *
 * Says why it is not connected, or an empty text.
 *
 * Returns: (transfer none): why it is not connected, or an empty text
 */
const char *
heartbeat_consumer_get_connection_error (HeartbeatConsumer *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_CONSUMER (self), NULL);

  return self->inbox != NULL ? heartbeat_inbox_get_error (self->inbox) : "";
}

/**
 * heartbeat_consumer_get_broker_address:
 * @self: a consumer
 *
 * Gets host and port of the broker, or an empty text.
 *
 * Returns: (transfer none): host and port of the broker, or an empty text
 */
const char *
heartbeat_consumer_get_broker_address (HeartbeatConsumer *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_CONSUMER (self), NULL);

  if (self->broker == NULL)
    return "";
  return heartbeat_connection_get_broker (heartbeat_broker_get_connection (self->broker));
}

/**
 * heartbeat_consumer_get_exchange_name:
 * @self: a consumer
 *
 * Gets the exchange.
 *
 * Returns: (transfer none): the exchange
 */
const char *
heartbeat_consumer_get_exchange_name (HeartbeatConsumer *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_CONSUMER (self), NULL);

  return self->exchange_name;
}

/**
 * heartbeat_consumer_get_queue:
 * @self: a consumer
 *
 * Gets the queue, or an empty text where ticks are local.
 *
 * Returns: (transfer none): the queue, or an empty text where ticks are local
 */
const char *
heartbeat_consumer_get_queue (HeartbeatConsumer *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_CONSUMER (self), NULL);

  return self->inbox != NULL ? heartbeat_inbox_get_queue (self->inbox) : "";
}

/**
 * heartbeat_consumer_get_tick_source:
 * @self: a consumer
 *
 * Says where ticks come from.
 *
 * Returns: (transfer none): `amqp`, `local` or `auto`
 */
const char *
heartbeat_consumer_get_tick_source (HeartbeatConsumer *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_CONSUMER (self), NULL);

  return self->tick_source;
}

/**
 * heartbeat_consumer_get_messages_rejected:
 * @self: a consumer
 *
 * Says how many messages were rejected.
 *
 * Returns: how many messages were rejected
 */
guint64
heartbeat_consumer_get_messages_rejected (HeartbeatConsumer *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_CONSUMER (self), 0);

  return self->receiver != NULL ? heartbeat_receiver_get_rejected (self->receiver) : 0;
}
