/* SPDX-License-Identifier: MIT */

#include "consumer/heartbeat-consumer-private.h"

#include <signal.h>
#include <string.h>

#include <glib-unix.h>
#include <json-glib/json-glib.h>

#include "broker/heartbeat-inbox.h"
#include "broker/heartbeat-outbox.h"
#include "consumer/heartbeat-receiver.h"
#include "consumer/heartbeat-reporter.h"
#include "consumer/heartbeat-ticker.h"
#include "agent/heartbeat-agent-private.h"
#include "base/heartbeat-clock-watch.h"
#include "json/heartbeat-envelope.h"
#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"
#include "json/heartbeat-json.h"
#include "base/heartbeat-log.h"
#include "handlers/heartbeat-built-in.h"
#include "handlers/heartbeat-executables.h"
#include "process/heartbeat-processes.h"

/* AMQP 0-9-1, section 4.2.5.3: names of exchanges and routing keys. */
#define MAX_SHORT_STRING 255

/* The first local tick leaves the desktop the time to see what it causes. */
#define FIRST_TICK_US G_USEC_PER_SEC

/**
 * HeartbeatConsumer:
 *
 * One agent on one broker: hears the ticks, and acknowledges each when all that it caused is safe.
 */
struct _HeartbeatConsumer
{
  GObject parent_instance;

  char *agent_name;
  char *heartbeat_path;
  char *rabbit_url;
  char *exchange_name;
  char *queue_type;
  char *tick_source;
  char *inbox_handler;
  gboolean publish_results;
  char *handler_path;
  guint tick_interval;
  guint max_runs;
  guint timeout;

  HeartbeatRegistry *registry;
  HeartbeatProcesses *processes;
  HeartbeatExecutables *executables;
  HeartbeatAgent *agent;
  HeartbeatBroker *broker;
  gboolean shares_broker;
  HeartbeatInbox *inbox;
  HeartbeatReceiver *receiver;
  HeartbeatInboxRunner *inbox_runner;
  HeartbeatPublisher *publisher;
  HeartbeatReporter *reporter;
  HeartbeatTicker *ticker;
  HeartbeatClockWatch *clock; /* of whoever has a ticker */
  GMainLoop *loop;            /* of heartbeat_consumer_run() */
  GPtrArray *stop_tasks;
  guint runs_to_stop; /* of checks, of messages */
  gboolean started;
  gboolean stopping;
  gboolean stopped;
  gboolean loaded;
  gboolean attempted;
};

enum
{
  PROP_0,
  PROP_AGENT_NAME,
  PROP_HEARTBEAT_PATH,
  PROP_RABBIT_URL,
  PROP_EXCHANGE_NAME,
  PROP_QUEUE_TYPE,
  PROP_TICK_SOURCE,
  PROP_INBOX_HANDLER,
  PROP_PUBLISH_RESULTS,
  PROP_TICK_INTERVAL,
  PROP_MAX_CONCURRENT_RUNS,
  PROP_HANDLER_TIMEOUT,
  PROP_HANDLER_PATH,
  PROP_AGENT,
  PROP_CONNECTION_STATE,
  PROP_CONNECTION_ERROR,
  PROP_BROKER_ADDRESS,
  PROP_MESSAGES_REJECTED,
  PROP_READY,
  N_PROPS,
};

enum
{
  MESSAGE_RECEIVED,
  N_SIGNALS,
};

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (HeartbeatConsumer, heartbeat_consumer, G_TYPE_OBJECT)

static void
get_setting (HeartbeatConsumer *self, guint id, GValue *value)
{
  switch (id)
    {
    case PROP_AGENT_NAME:
      g_value_set_string (value, self->agent_name);
      break;
    case PROP_HEARTBEAT_PATH:
      g_value_set_string (value, self->heartbeat_path);
      break;
    case PROP_RABBIT_URL:
      g_value_set_string (value, self->rabbit_url);
      break;
    case PROP_EXCHANGE_NAME:
      g_value_set_string (value, self->exchange_name);
      break;
    case PROP_QUEUE_TYPE:
      g_value_set_string (value, self->queue_type);
      break;
    case PROP_TICK_SOURCE:
      g_value_set_string (value, self->tick_source);
      break;
    case PROP_INBOX_HANDLER:
      g_value_set_string (value, self->inbox_handler);
      break;
    case PROP_PUBLISH_RESULTS:
      g_value_set_boolean (value, self->publish_results);
      break;
    case PROP_TICK_INTERVAL:
      g_value_set_uint (value, self->tick_interval);
      break;
    case PROP_MAX_CONCURRENT_RUNS:
      g_value_set_uint (value, self->max_runs);
      break;
    case PROP_HANDLER_TIMEOUT:
      g_value_set_uint (value, self->timeout);
      break;
    case PROP_HANDLER_PATH:
      g_value_set_string (value, self->handler_path);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
heartbeat_consumer_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  HeartbeatConsumer *self = HEARTBEAT_CONSUMER (object);

  switch (id)
    {
    case PROP_AGENT:
      g_value_set_object (value, self->agent);
      break;
    case PROP_CONNECTION_STATE:
      g_value_set_string (value, heartbeat_consumer_get_connection_state (self));
      break;
    case PROP_CONNECTION_ERROR:
      g_value_set_string (value, heartbeat_consumer_get_connection_error (self));
      break;
    case PROP_BROKER_ADDRESS:
      g_value_set_string (value, heartbeat_consumer_get_broker_address (self));
      break;
    case PROP_MESSAGES_REJECTED:
      g_value_set_uint64 (value, heartbeat_consumer_get_messages_rejected (self));
      break;
    case PROP_READY:
      g_value_set_boolean (value, self->loaded && self->attempted);
      break;
    default:
      get_setting (self, id, value);
    }
}

static void
set_text (char **field, const GValue *value, const char *fallback)
{
  const char *text = g_value_get_string (value);

  *field = g_strdup (text != NULL ? text : fallback);
}

static void
heartbeat_consumer_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  HeartbeatConsumer *self = HEARTBEAT_CONSUMER (object);

  switch (id)
    {
    case PROP_AGENT_NAME:
      set_text (&self->agent_name, value, "");
      break;
    case PROP_HEARTBEAT_PATH:
      set_text (&self->heartbeat_path, value, "");
      break;
    case PROP_RABBIT_URL:
      set_text (&self->rabbit_url, value, NULL);
      break;
    case PROP_EXCHANGE_NAME:
      set_text (&self->exchange_name, value, HEARTBEAT_DEFAULT_EXCHANGE);
      break;
    case PROP_QUEUE_TYPE:
      set_text (&self->queue_type, value, "classic");
      break;
    case PROP_TICK_SOURCE:
      set_text (&self->tick_source, value, "amqp");
      break;
    case PROP_INBOX_HANDLER:
      set_text (&self->inbox_handler, value, NULL);
      break;
    case PROP_PUBLISH_RESULTS:
      self->publish_results = g_value_get_boolean (value);
      break;
    case PROP_TICK_INTERVAL:
      self->tick_interval = g_value_get_uint (value);
      break;
    case PROP_MAX_CONCURRENT_RUNS:
      self->max_runs = g_value_get_uint (value);
      break;
    case PROP_HANDLER_TIMEOUT:
      self->timeout = g_value_get_uint (value);
      break;
    case PROP_HANDLER_PATH:
      set_text (&self->handler_path, value, NULL);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
heartbeat_consumer_constructed (GObject *object)
{
  HeartbeatConsumer *self = HEARTBEAT_CONSUMER (object);

  self->agent = heartbeat_agent_new (self->agent_name, self->heartbeat_path, self->registry);
  heartbeat_agent_set_limits (self->agent, self->max_runs, self->timeout * 1000);
  G_OBJECT_CLASS (heartbeat_consumer_parent_class)->constructed (object);
}

static void
heartbeat_consumer_dispose (GObject *object)
{
  HeartbeatConsumer *self = HEARTBEAT_CONSUMER (object);

  g_clear_pointer (&self->ticker, heartbeat_ticker_free);
  g_clear_object (&self->clock);
  /* A save that is under way keeps the inbox, which must not hand out to who is gone. */
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
    heartbeat_agent_force_stop (self->agent);
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
  g_free (self->agent_name);
  g_free (self->heartbeat_path);
  g_free (self->rabbit_url);
  g_free (self->exchange_name);
  g_free (self->queue_type);
  g_free (self->tick_source);
  g_free (self->inbox_handler);
  g_free (self->handler_path);
  g_ptr_array_unref (self->stop_tasks);
  G_OBJECT_CLASS (heartbeat_consumer_parent_class)->finalize (object);
}

static GParamSpec *
text_setting (const char *name)
{
  return g_param_spec_string (name, NULL, NULL, NULL,
                              G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
}

static GParamSpec *
number_setting (const char *name, guint most, guint normal)
{
  return g_param_spec_uint (name, NULL, NULL, 1, most, normal,
                            G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * HeartbeatConsumer:agent-name:
   *
   * The agent's name: a letter or digit, then up to 63 more, or `_` or `-`.
   */
  props[PROP_AGENT_NAME] = text_setting ("agent-name");

  /**
   * HeartbeatConsumer:heartbeat-path:
   *
   * Where its heartbeat.json is, or will be.
   */
  props[PROP_HEARTBEAT_PATH] = text_setting ("heartbeat-path");

  /**
   * HeartbeatConsumer:rabbit-url:
   *
   * The broker, an `amqp://` or `amqps://` URL; several are separated by white space. %NULL for the default.
   * It may hold a password.
   */
  props[PROP_RABBIT_URL] = text_setting ("rabbit-url");

  /**
   * HeartbeatConsumer:exchange-name:
   *
   * The topic exchange.
   */
  props[PROP_EXCHANGE_NAME] = text_setting ("exchange-name");

  /**
   * HeartbeatConsumer:queue-type:
   *
   * `classic` or `quorum`.
   */
  props[PROP_QUEUE_TYPE] = text_setting ("queue-type");

  /**
   * HeartbeatConsumer:tick-source:
   *
   * Where ticks come from: `amqp`; `local`, a timer in the process; `auto`, the timer while none comes from
   * the broker for 2.5 intervals.
   */
  props[PROP_TICK_SOURCE] = text_setting ("tick-source");

  /**
   * HeartbeatConsumer:inbox-handler:
   *
   * The name of the handler that gets each message of the inbox, %NULL for none.
   */
  props[PROP_INBOX_HANDLER] = text_setting ("inbox-handler");

  /**
   * HeartbeatConsumer:publish-results:
   *
   * Whether to publish how each run has ended, as `agent.NAME.heartbeat.result`.
   */
  props[PROP_PUBLISH_RESULTS]
      = g_param_spec_boolean ("publish-results", NULL, NULL, FALSE,
                              G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * HeartbeatConsumer:tick-interval:
   *
   * The time between two local ticks, in seconds.
   */
  props[PROP_TICK_INTERVAL] = number_setting ("tick-interval", 86400, 60);

  /**
   * HeartbeatConsumer:max-concurrent-runs:
   *
   * How many runs ticks may have going at once.
   */
  props[PROP_MAX_CONCURRENT_RUNS] = number_setting ("max-concurrent-runs", 1000, 1);

  /**
   * HeartbeatConsumer:handler-timeout:
   *
   * The time limit of a run whose check has no `timeoutMs`, in seconds.
   */
  props[PROP_HANDLER_TIMEOUT] = number_setting ("handler-timeout", 1500, 300);

  /**
   * HeartbeatConsumer:handler-path:
   *
   * Where handlers are executables: absolute folders, separated by colons. %NULL is
   * `$XDG_CONFIG_HOME/heartbeat-consumer/handlers` and the one of the installation.
   */
  props[PROP_HANDLER_PATH] = text_setting ("handler-path");

  /**
   * HeartbeatConsumer:agent:
   *
   * Its agent.
   */
  props[PROP_AGENT] = g_param_spec_object ("agent", NULL, NULL, HEARTBEAT_TYPE_AGENT, readable);

  /**
   * HeartbeatConsumer:connection-state:
   *
   * `disabled`, `connecting`, `connected` or `waiting`.
   */
  props[PROP_CONNECTION_STATE]
      = g_param_spec_string ("connection-state", NULL, NULL, "disabled", readable);

  /**
   * HeartbeatConsumer:connection-error:
   *
   * Why it is not connected, or an empty text.
   */
  props[PROP_CONNECTION_ERROR] = g_param_spec_string ("connection-error", NULL, NULL, "", readable);

  /**
   * HeartbeatConsumer:broker-address:
   *
   * Host and port of the broker, or an empty text.
   */
  props[PROP_BROKER_ADDRESS] = g_param_spec_string ("broker-address", NULL, NULL, "", readable);

  /**
   * HeartbeatConsumer:messages-rejected:
   *
   * How many messages were rejected.
   */
  props[PROP_MESSAGES_REJECTED]
      = g_param_spec_uint64 ("messages-rejected", NULL, NULL, 0, G_MAXUINT64, 0, readable);

  /**
   * HeartbeatConsumer:ready:
   *
   * Whether heartbeat.json was read and the first attempt to connect has ended, well or not.
   */
  props[PROP_READY] = g_param_spec_boolean ("ready", NULL, NULL, FALSE, readable);

  g_object_class_install_properties (object_class, N_PROPS, props);
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
  signals[MESSAGE_RECEIVED]
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
  heartbeat_processes_set_file_limit (self->processes, limit);
}

/* --- Handlers ------------------------------------------------------------------------------------------------------- */

/**
 * heartbeat_consumer_register_handler:
 * @self: a consumer
 * @name: the name that `handler` has in heartbeat.json
 * @func: (scope notified) (closure user_data) (destroy destroy): executes a check
 * @user_data: passed to @func
 * @destroy: (nullable): frees @user_data
 *
 * Adds a handler of the program's own. It goes before all others of that name.
 */
void
heartbeat_consumer_register_handler (HeartbeatConsumer *self,
                                     const char *name,
                                     HeartbeatHandlerFunc func,
                                     gpointer user_data,
                                     GDestroyNotify destroy)
{
  const HeartbeatHandler handler = { func, user_data, destroy };

  g_return_if_fail (HEARTBEAT_IS_CONSUMER (self));
  g_return_if_fail (name != NULL);
  g_return_if_fail (func != NULL);

  heartbeat_registry_add (self->registry, HEARTBEAT_HANDLER_PROGRAM, name, &handler);
}

/**
 * heartbeat_consumer_unregister_handler:
 * @self: a consumer
 * @name: the name of a handler of the program's own
 *
 * Removes a handler of the program's own. A run of it that goes on is not touched.
 *
 * Returns: whether there was one
 */
gboolean
heartbeat_consumer_unregister_handler (HeartbeatConsumer *self, const char *name)
{
  g_return_val_if_fail (HEARTBEAT_IS_CONSUMER (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  return heartbeat_registry_remove (self->registry, HEARTBEAT_HANDLER_PROGRAM, name);
}

/**
 * heartbeat_consumer_list_handlers:
 * @self: a consumer
 *
 * The handlers that need no look at the file system; heartbeat_consumer_list_handlers_async() has all.
 *
 * Returns: (transfer full): the names of all handlers but executables, sorted
 */
GStrv
heartbeat_consumer_list_handlers (HeartbeatConsumer *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_CONSUMER (self), NULL);

  return heartbeat_registry_list (self->registry);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Adds the executables to the other handlers; takes both. */
static GStrv
merge_names (GStrv registered, GStrv executables)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_null_terminated (0, NULL, TRUE);

  for (guint i = 0; executables[i] != NULL; i++)
    if (g_strv_contains ((const char *const *) registered, executables[i]))
      g_free (executables[i]);
    else
      g_ptr_array_add (names, executables[i]);
  for (guint i = 0; registered[i] != NULL; i++)
    g_ptr_array_add (names, registered[i]);
  g_ptr_array_sort (names, compare_names);
  g_free (executables);
  g_free (registered);
  return (GStrv) g_ptr_array_steal (names, NULL);
}

static void
on_executables_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  HeartbeatConsumer *self = g_task_get_source_object (task);
  GStrv executables = heartbeat_executables_list_finish (HEARTBEAT_EXECUTABLES (source), result);

  g_task_return_pointer (task, merge_names (heartbeat_registry_list (self->registry), executables),
                         (GDestroyNotify) g_strfreev);
}

/**
 * heartbeat_consumer_list_handlers_async:
 * @self: a consumer
 * @callback: called when they are known; it calls heartbeat_consumer_list_handlers_finish()
 * @user_data: passed to @callback
 *
 * Lists all handlers, and so what there is in the folders of #HeartbeatConsumer:handler-path at the moment.
 */
void
heartbeat_consumer_list_handlers_async (HeartbeatConsumer *self,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (HEARTBEAT_IS_CONSUMER (self));

  task = g_task_new (self, NULL, callback, user_data);
  if (self->executables != NULL)
    heartbeat_executables_list_async (self->executables, on_executables_listed,
                                      g_steal_pointer (&task));
  else
    g_task_return_pointer (task, heartbeat_registry_list (self->registry),
                           (GDestroyNotify) g_strfreev);
}

/**
 * heartbeat_consumer_list_handlers_finish:
 * @self: a consumer
 * @result: what the callback was given
 * @error: return location for an error; there is none so far
 *
 * Ends heartbeat_consumer_list_handlers_async().
 *
 * Returns: (transfer full): the names of all handlers, sorted
 */
GStrv
heartbeat_consumer_list_handlers_finish (HeartbeatConsumer *self,
                                         GAsyncResult *result,
                                         GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- Messages ------------------------------------------------------------------------------------------------------- */

static void
postpone_local_ticks (gpointer user_data)
{
  HeartbeatConsumer *self = user_data;

  if (self->ticker != NULL)
    heartbeat_ticker_start (self->ticker, (gint64) self->tick_interval * G_USEC_PER_SEC * 5 / 2);
}

static void
on_received (const char *routing_key, const char *event_type, const char *body, gpointer user_data)
{
  g_signal_emit (user_data, signals[MESSAGE_RECEIVED], 0, routing_key, event_type, body);
}

static void
on_rejected (gpointer user_data)
{
  g_object_notify_by_pspec (user_data, props[PROP_MESSAGES_REJECTED]);
}

/* A handler, or who is told, may drop the last other reference. */
static HeartbeatDisposition
on_message (HeartbeatInbox *inbox, const HeartbeatMessage *message, gpointer user_data)
{
  g_autoptr (HeartbeatConsumer) self = g_object_ref (user_data);

  return heartbeat_receiver_take (self->receiver, inbox, message);
}

/* --- Local ticks ---------------------------------------------------------------------------------------------------- */

static void
on_local_tick (gpointer user_data)
{
  const HeartbeatEnvelopeSource source = { "scheduled", HEARTBEAT_SOURCE_APP };
  g_autoptr (HeartbeatConsumer) self = g_object_ref (user_data);
  g_autoptr (HeartbeatEnvelope) envelope
      = heartbeat_envelope_new_tick (&source, g_get_real_time () / 1000);
  HeartbeatTick tick;
  gsize length;
  const char *body = g_bytes_get_data (envelope->body, &length);

  if (heartbeat_tick_parse (&tick, body, length, NULL)
      && heartbeat_agent_tick (self->agent, &tick, g_get_monotonic_time ()) == HEARTBEAT_TICK_DUE)
    heartbeat_agent_run_due_async (self->agent, &tick, NULL, NULL);
}

/* --- Life ----------------------------------------------------------------------------------------------------------- */

static gboolean
has_ticks_from_broker (HeartbeatConsumer *self)
{
  return strcmp (self->tick_source, "local") != 0;
}

static void
update_ready (HeartbeatConsumer *self)
{
  if (self->loaded && self->attempted)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_READY]);
}

static void
on_inbox_state (HeartbeatConsumer *self)
{
  HeartbeatConnectionState state = heartbeat_inbox_get_state (self->inbox);
  gboolean settled = state == HEARTBEAT_CONNECTION_STATE_CONNECTED
                     || state == HEARTBEAT_CONNECTION_STATE_WAITING;

  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CONNECTION_STATE]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_BROKER_ADDRESS]);
  if (self->attempted || !settled)
    return;
  self->attempted = TRUE;
  update_ready (self);
}

static void
on_inbox_error (HeartbeatConsumer *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CONNECTION_ERROR]);
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatConsumer) self = user_data;

  /* What is wrong with the file is shown by the agent. */
  heartbeat_agent_reload_finish (HEARTBEAT_AGENT (source), result, NULL);
  self->loaded = TRUE;
  update_ready (self);
}

static void
start_inbox (HeartbeatConsumer *self)
{
  static const HeartbeatReceiverFuncs funcs = { postpone_local_ticks, on_received, on_rejected };
  const HeartbeatInboxOptions options
      = { self->agent_name, self->exchange_name, self->queue_type, 0 };
  HeartbeatAmqpPublisher *publisher = heartbeat_broker_get_publisher (self->broker);

  self->receiver
      = heartbeat_receiver_new (self->agent, heartbeat_amqp_publisher_get_app_id (publisher),
                                &funcs, self);
  self->inbox = heartbeat_inbox_new (heartbeat_broker_get_connection (self->broker), &options,
                                     on_message, self);
  g_signal_connect_object (self->inbox, "notify::state", G_CALLBACK (on_inbox_state), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->inbox, "notify::error", G_CALLBACK (on_inbox_error), self,
                           G_CONNECT_SWAPPED);
  if (self->inbox_handler != NULL)
    self->inbox_runner = heartbeat_inbox_runner_new (self->agent, self->inbox, self->inbox_handler,
                                                     self->timeout * 1000);
  heartbeat_receiver_set_runner (self->receiver, self->inbox_runner);
  heartbeat_inbox_start (self->inbox);
  if (!self->shares_broker)
    heartbeat_broker_start (self->broker);
}

static void
on_resumed (HeartbeatConsumer *self)
{
  if (self->ticker != NULL)
    heartbeat_ticker_resume (self->ticker);
}

static void
start_ticker (HeartbeatConsumer *self)
{
  gboolean local = strcmp (self->tick_source, "local") == 0;

  if (!local && strcmp (self->tick_source, "auto") != 0)
    return;
  self->ticker = heartbeat_ticker_new (self->tick_interval, on_local_tick, self);
  if (self->clock == NULL)
    self->clock = heartbeat_clock_watch_new ();
  g_signal_connect_object (self->clock, "resumed", G_CALLBACK (on_resumed), self,
                           G_CONNECT_SWAPPED);
  if (local)
    heartbeat_ticker_start (self->ticker, FIRST_TICK_US);
  else
    postpone_local_ticks (self);
}

static gboolean
check_settings (HeartbeatConsumer *self, GError **error)
{
  static const char *const sources[] = { "amqp", "local", "auto", NULL };
  static const char *const queue_types[] = { "classic", "quorum", NULL };

  if (self->started || self->stopping)
    g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                         _ ("a consumer is started only once: make another one"));
  else if (!heartbeat_agent_is_name (self->agent_name))
    g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                 _ ("the agent's name “%s” is not of the form [A-Za-z0-9][A-Za-z0-9_-]{0,63}"),
                 self->agent_name);
  else if (*self->heartbeat_path == '\0')
    g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                         _ ("the path of heartbeat.json is missing"));
  else if (*self->exchange_name == '\0' || strlen (self->exchange_name) > MAX_SHORT_STRING)
    g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                         _ ("the name of the exchange has 1 to 255 bytes"));
  else if (!g_strv_contains (sources, self->tick_source))
    g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                 _ ("the tick source “%s” is not amqp, local or auto"), self->tick_source);
  else if (!g_strv_contains (queue_types, self->queue_type))
    g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                 _ ("the queue type “%s” is not classic or quorum"), self->queue_type);
  else if (self->inbox_handler != NULL && *self->inbox_handler == '\0')
    g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                         _ ("the name of the inbox handler is empty"));
  else
    return TRUE;
  return FALSE;
}

static gboolean
make_executables (HeartbeatConsumer *self, GError **error)
{
  if (self->executables == NULL)
    self->executables = heartbeat_executables_new (self->handler_path, self->processes, error);
  return self->executables != NULL;
}

/* With local ticks a broker is used only where it is asked for, and then only to publish. */
static gboolean
make_broker (HeartbeatConsumer *self, GError **error)
{
  const char *url = self->rabbit_url;

  if (self->broker != NULL || (url == NULL && !has_ticks_from_broker (self)))
    return TRUE;
  self->broker = heartbeat_broker_new (url != NULL ? url : HEARTBEAT_DEFAULT_RABBIT_URL, error);
  return self->broker != NULL;
}

/**
 * heartbeat_consumer_start:
 * @self: a consumer
 * @error: return location for %HEARTBEAT_ERROR_INVALID_ARGUMENT
 *
 * Reads heartbeat.json and connects to the broker, in the background, on the thread-default main context. Neither a bad
 * file nor a broker that is away is an error here: it goes on when they are good. A consumer is started only once.
 *
 * Returns: whether the settings are good
 */
gboolean
heartbeat_consumer_start (HeartbeatConsumer *self, GError **error)
{
  HeartbeatAmqpPublisher *amqp = NULL;

  g_return_val_if_fail (HEARTBEAT_IS_CONSUMER (self), FALSE);

  if (!check_settings (self, error) || !make_executables (self, error)
      || !make_broker (self, error))
    return FALSE;
  self->started = TRUE;
  if (self->broker != NULL)
    {
      amqp = heartbeat_broker_get_publisher (self->broker);
      heartbeat_broker_watch_network (self->broker);
    }
  self->publisher = heartbeat_outbox_new (amqp, self->agent_name, self->exchange_name);
  heartbeat_built_in_register (self->registry, self->publisher, self->processes);
  heartbeat_executables_register (self->executables, self->registry);
  if (self->publish_results && amqp != NULL)
    self->reporter = heartbeat_reporter_new (self->agent, self->publisher);

  heartbeat_agent_reload_async (self->agent, NULL, on_loaded, g_object_ref (self));
  if (has_ticks_from_broker (self))
    start_inbox (self);
  else
    {
      self->attempted = TRUE;
      if (self->inbox_handler != NULL)
        heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_INBOX_UNUSED, self->agent_name, NULL,
                       "the inbox handler %s hears nothing: with local ticks there is no inbox",
                       self->inbox_handler);
    }
  start_ticker (self);
  return TRUE;
}

/**
 * heartbeat_consumer_retry_now:
 * @self: a consumer
 *
 * Tries at once to reach the broker and to consume, instead of at the end of the wait: for users who have mended what was
 * wrong.
 */
void
heartbeat_consumer_retry_now (HeartbeatConsumer *self)
{
  g_return_if_fail (HEARTBEAT_IS_CONSUMER (self));

  if (self->broker != NULL)
    heartbeat_broker_retry_now (self->broker);
  if (self->inbox != NULL)
    heartbeat_inbox_retry_now (self->inbox);
}

static void
finish_stop (HeartbeatConsumer *self)
{
  g_autoptr (GPtrArray) tasks = g_steal_pointer (&self->stop_tasks);

  self->stopped = TRUE;
  self->stop_tasks = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < tasks->len; i++)
    g_task_return_boolean (g_ptr_array_index (tasks, i), TRUE);
  if (self->loop != NULL)
    g_main_loop_quit (self->loop);
}

static void
on_broker_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatConsumer) self = user_data;

  heartbeat_broker_close_finish (HEARTBEAT_BROKER (source), result, NULL);
  finish_stop (self);
}

/* Whatever has run is settled and told by now. */
static void
leave_broker (HeartbeatConsumer *self)
{
  if (self->inbox != NULL)
    heartbeat_inbox_close_async (self->inbox, NULL, NULL);
  if (self->broker != NULL && !self->shares_broker)
    heartbeat_broker_close_async (self->broker, on_broker_closed, g_object_ref (self));
  else
    finish_stop (self);
}

static void
on_reported (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatConsumer) self = user_data;

  heartbeat_reporter_flush_finish (HEARTBEAT_REPORTER (source), result);
  leave_broker (self);
}

static void
on_processes_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatConsumer) self = user_data;

  heartbeat_processes_stop_finish (HEARTBEAT_PROCESSES (source), result);
  if (self->reporter != NULL)
    heartbeat_reporter_flush_async (self->reporter, on_reported, g_object_ref (self));
  else
    leave_broker (self);
}

/* Runs of checks and of messages end beside each other. Programs of those that were ended must not outlive the service. */
static void
end_of_runs (HeartbeatConsumer *self)
{
  if (--self->runs_to_stop == 0)
    heartbeat_processes_stop_async (self->processes, on_processes_stopped, g_object_ref (self));
}

static void
on_messages_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatConsumer) self = user_data;

  heartbeat_inbox_runner_stop_finish (HEARTBEAT_INBOX_RUNNER (source), result);
  end_of_runs (self);
}

static void
on_agent_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatConsumer) self = user_data;

  heartbeat_agent_stop_finish (HEARTBEAT_AGENT (source), result);
  end_of_runs (self);
}

/**
 * heartbeat_consumer_stop_async:
 * @self: a consumer
 * @callback: (nullable): called when it has stopped; it calls heartbeat_consumer_stop_finish()
 * @user_data: passed to @callback
 *
 * Starts no more runs, gives those that go on ten seconds, ends the programs that are left then, acknowledges what is done
 * and leaves the broker. What was not acknowledged is delivered again. heartbeat_consumer_run() returns then. It may be
 * called more than once.
 */
void
heartbeat_consumer_stop_async (HeartbeatConsumer *self,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (HEARTBEAT_IS_CONSUMER (self));

  task = g_task_new (self, NULL, callback, user_data);
  if (self->stopped)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  g_ptr_array_add (self->stop_tasks, g_steal_pointer (&task));
  if (self->stopping)
    return;
  self->stopping = TRUE;
  g_clear_pointer (&self->ticker, heartbeat_ticker_free);
  self->runs_to_stop = self->inbox_runner != NULL ? 2 : 1;
  if (self->inbox_runner != NULL)
    heartbeat_inbox_runner_stop_async (self->inbox_runner, on_messages_stopped,
                                       g_object_ref (self));
  heartbeat_agent_stop_async (self->agent, on_agent_stopped, g_object_ref (self));
}

/**
 * heartbeat_consumer_force_stop:
 * @self: a consumer that is being stopped
 *
 * Ends the runs that go on now: somebody does not want to wait.
 */
void
heartbeat_consumer_force_stop (HeartbeatConsumer *self)
{
  if (self->inbox_runner != NULL)
    heartbeat_inbox_runner_force_stop (self->inbox_runner);
  heartbeat_agent_force_stop (self->agent);
}

/**
 * heartbeat_consumer_stop_finish:
 * @self: a consumer
 * @result: what the callback was given
 * @error: return location for an error; there is none so far
 *
 * Ends heartbeat_consumer_stop_async().
 *
 * Returns: whether it has stopped
 */
gboolean
heartbeat_consumer_stop_finish (HeartbeatConsumer *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* The second signal of an impatient user ends the runs that the first one lets go on. */
static gboolean
on_signal (gpointer user_data)
{
  HeartbeatConsumer *self = user_data;

  if (self->stopping)
    heartbeat_consumer_force_stop (self);
  else
    heartbeat_consumer_stop_async (self, NULL, NULL);
  return G_SOURCE_CONTINUE;
}

typedef struct
{
  int number;
  struct sigaction former;
  GSource *source;
} SignalWatch;

static void
watch_signal (SignalWatch *watch, int number, HeartbeatConsumer *self)
{
  watch->number = number;
  sigaction (number, NULL, &watch->former);
  watch->source = g_unix_signal_source_new (number);
  g_source_set_callback (watch->source, on_signal, self, NULL);
  g_source_attach (watch->source, g_main_context_get_thread_default ());
}

/* GLib would leave the default action behind, which is not Python's. */
static void
unwatch_signal (SignalWatch *watch)
{
  g_source_destroy (watch->source);
  g_source_unref (watch->source);
  sigaction (watch->number, &watch->former, NULL);
}

/**
 * heartbeat_consumer_run:
 * @self: a consumer that was not started
 * @error: return location for %HEARTBEAT_ERROR_INVALID_ARGUMENT
 *
 * Starts the consumer, and blocks until SIGINT, SIGTERM or heartbeat_consumer_stop_async(). For programs that have no main
 * loop of their own. A second signal ends the runs that go on at once.
 *
 * Returns: whether the settings were good
 */
gboolean
heartbeat_consumer_run (HeartbeatConsumer *self, GError **error)
{
  g_autoptr (HeartbeatConsumer) keep = NULL;
  SignalWatch interrupt, terminate;

  g_return_val_if_fail (HEARTBEAT_IS_CONSUMER (self), FALSE);

  if (!heartbeat_consumer_start (self, error))
    return FALSE;
  keep = g_object_ref (self);
  watch_signal (&interrupt, SIGINT, self);
  watch_signal (&terminate, SIGTERM, self);
  self->loop = g_main_loop_new (g_main_context_get_thread_default (), FALSE);
  g_main_loop_run (self->loop);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  unwatch_signal (&terminate);
  unwatch_signal (&interrupt);
  return TRUE;
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
  if (*event_type == '\0' || strlen (event_type) > MAX_SHORT_STRING)
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
