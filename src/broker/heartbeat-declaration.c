/* SPDX-License-Identifier: MIT */

#include "broker/heartbeat-declaration.h"

#include "amqp/heartbeat-advice.h"
#include "amqp/heartbeat-amqp-error.h"
#include "base/heartbeat-log.h"

/* An exchange or a queue, which is declared passively if it exists with other arguments. */
typedef struct
{
  gboolean passive;
  char *difference; /* the last one that was reported */
} Existing;

/**
 * HeartbeatDeclaration:
 *
 * What the consumer of an agent's queue asks the broker for: exchange, queue, bindings, prefetch, and then the messages. What
 * exists with other arguments is used as it is.
 */
struct _HeartbeatDeclaration
{
  char *agent;
  char *exchange;
  char *queue;
  gboolean quorum;
  guint16 prefetch;

  guint step;
  Existing existing_exchange;
  Existing existing_queue;
};

/* The data of a task. */
typedef struct
{
  HeartbeatDeclaration *declaration; /* unowned */
  HeartbeatReply found;
} Run;

typedef void (*Step) (HeartbeatDeclaration *self, GTask *task);

static void declare_exchange (HeartbeatDeclaration *self, GTask *task);
static void declare_queue (HeartbeatDeclaration *self, GTask *task);
static void bind_agent (HeartbeatDeclaration *self, GTask *task);
static void bind_heartbeat (HeartbeatDeclaration *self, GTask *task);
static void set_prefetch (HeartbeatDeclaration *self, GTask *task);
static void consume (HeartbeatDeclaration *self, GTask *task);

/* The requests on a new channel; each waits for the reply to the one before. */
static const Step steps[] = {
  declare_exchange, declare_queue, bind_agent, bind_heartbeat, set_prefetch, consume,
};

static void
on_reply (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Run *run = g_task_get_task_data (task);
  HeartbeatDeclaration *self = run->declaration;
  GError *error = NULL;
  HeartbeatReply reply = { 0 };

  if (!heartbeat_channel_call_finish (HEARTBEAT_CHANNEL (source), result, &reply, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  if (steps[self->step] == declare_queue)
    run->found = reply;
  if (self->step + 1 == G_N_ELEMENTS (steps))
    g_task_return_boolean (task, TRUE);
  else
    steps[++self->step](self, g_steal_pointer (&task));
}

/* Takes the task over. */
static void
ask (GTask *task, amqp_method_number_t method, void *decoded)
{
  heartbeat_channel_call_async (g_task_get_source_object (task), method, decoded, on_reply, task);
}

static void
declare_exchange (HeartbeatDeclaration *self, GTask *task)
{
  amqp_exchange_declare_t declare = {
    .exchange = amqp_cstring_bytes (self->exchange),
    .type = amqp_cstring_bytes ("topic"),
    .passive = self->existing_exchange.passive,
    .durable = 1,
  };

  ask (task, AMQP_EXCHANGE_DECLARE_METHOD, &declare);
}

static void
declare_queue (HeartbeatDeclaration *self, GTask *task)
{
  amqp_table_entry_t type = {
    .key = amqp_cstring_bytes ("x-queue-type"),
    .value = { .kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes ("quorum") },
  };
  amqp_queue_declare_t declare = {
    .queue = amqp_cstring_bytes (self->queue),
    .passive = self->existing_queue.passive,
    .durable = 1,
    .arguments = { self->quorum ? 1 : 0, &type },
  };

  ask (task, AMQP_QUEUE_DECLARE_METHOD, &declare);
}

static void
bind_queue (HeartbeatDeclaration *self, GTask *task, const char *routing_key)
{
  amqp_queue_bind_t bind = {
    .queue = amqp_cstring_bytes (self->queue),
    .exchange = amqp_cstring_bytes (self->exchange),
    .routing_key = amqp_cstring_bytes (routing_key),
  };

  ask (task, AMQP_QUEUE_BIND_METHOD, &bind);
}

static void
bind_agent (HeartbeatDeclaration *self, GTask *task)
{
  g_autofree char *routing_key = g_strdup_printf ("agent.%s.#", self->agent);

  bind_queue (self, task, routing_key);
}

static void
bind_heartbeat (HeartbeatDeclaration *self, GTask *task)
{
  bind_queue (self, task, "system.heartbeat.#");
}

static void
set_prefetch (HeartbeatDeclaration *self, GTask *task)
{
  amqp_basic_qos_t qos = { .prefetch_count = self->prefetch };

  ask (task, AMQP_BASIC_QOS_METHOD, &qos);
}

static void
consume (HeartbeatDeclaration *self, GTask *task)
{
  amqp_basic_consume_t basic_consume = {
    .queue = amqp_cstring_bytes (self->queue),
    .consumer_tag = amqp_cstring_bytes (HEARTBEAT_CONSUMER_TAG),
  };

  ask (task, AMQP_BASIC_CONSUME_METHOD, &basic_consume);
}

/**
 * heartbeat_declaration_new:
 * @agent: the agent's name
 * @exchange: name of the topic exchange
 * @queue: name of the queue
 * @quorum: whether to make a quorum queue, else a classic one
 * @prefetch: how many messages the broker sends ahead of their settlement
 *
 * Returns: (transfer full): what to ask for
 */
HeartbeatDeclaration *
heartbeat_declaration_new (const char *agent,
                           const char *exchange,
                           const char *queue,
                           gboolean quorum,
                           guint16 prefetch)
{
  HeartbeatDeclaration *self = g_new0 (HeartbeatDeclaration, 1);

  g_return_val_if_fail (agent != NULL, NULL);
  g_return_val_if_fail (exchange != NULL, NULL);
  g_return_val_if_fail (queue != NULL, NULL);

  self->agent = g_strdup (agent);
  self->exchange = g_strdup (exchange);
  self->queue = g_strdup (queue);
  self->quorum = quorum;
  self->prefetch = prefetch;
  return self;
}

/**
 * heartbeat_declaration_free:
 * @self: (transfer full): a declaration that does not run
 *
 * Frees it.
 */
void
heartbeat_declaration_free (HeartbeatDeclaration *self)
{
  g_free (self->agent);
  g_free (self->exchange);
  g_free (self->queue);
  g_free (self->existing_exchange.difference);
  g_free (self->existing_queue.difference);
  g_free (self);
}

/**
 * heartbeat_declaration_run_async:
 * @self: a declaration, which must live until @callback is called
 * @channel: a new channel
 * @callback: called when messages come, or something was refused
 * @user_data: for @callback
 *
 * Asks for everything on @channel, which hears of an error before @callback is called.
 */
void
heartbeat_declaration_run_async (HeartbeatDeclaration *self,
                                 HeartbeatChannel *channel,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  GTask *task = g_task_new (channel, NULL, callback, user_data);
  Run *run = g_new0 (Run, 1);

  run->declaration = self;
  g_task_set_source_tag (task, heartbeat_declaration_run_async);
  g_task_set_task_data (task, run, g_free);
  self->step = 0;
  steps[0](self, task);
}

/**
 * heartbeat_declaration_run_finish:
 * @self: a declaration
 * @result: what the callback was given
 * @found: (out caller-allocates): messages and consumers of the queue
 * @error: return location for an error as of heartbeat_channel_call_finish()
 *
 * Returns: whether messages come
 */
gboolean
heartbeat_declaration_run_finish (HeartbeatDeclaration *self,
                                  GAsyncResult *result,
                                  HeartbeatReply *found,
                                  GError **error)
{
  const Run *run;

  g_return_val_if_fail (self != NULL, FALSE);

  run = g_task_get_task_data (G_TASK (result));
  *found = run->found;
  return g_task_propagate_boolean (G_TASK (result), error);
}

static Existing *
find_existing (HeartbeatDeclaration *self)
{
  if (steps[self->step] == declare_exchange)
    return &self->existing_exchange;
  return steps[self->step] == declare_queue ? &self->existing_queue : NULL;
}

/**
 * heartbeat_declaration_accept:
 * @self: a declaration
 * @error: why the broker closed the channel on which it ran
 *
 * Returns: whether exchange or queue exist with other arguments, and the next run will use them as they are
 */
gboolean
heartbeat_declaration_accept (HeartbeatDeclaration *self, const GError *error)
{
  Existing *existing = find_existing (self);
  g_autofree char *difference = NULL;

  if (!g_error_matches (error, HEARTBEAT_AMQP_ERROR, AMQP_PRECONDITION_FAILED)
      || heartbeat_advice_is_other_type (error) || existing == NULL || existing->passive)
    return FALSE;

  existing->passive = TRUE;
  difference = heartbeat_advice_describe_difference (error);
  if (g_strcmp0 (existing->difference, difference) != 0)
    heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_QUEUE_DIFFERS, self->agent, NULL,
                   "Using what exists, though it differs: %s", difference);
  g_free (existing->difference);
  existing->difference = g_steal_pointer (&difference);
  return TRUE;
}

/**
 * heartbeat_declaration_reset:
 * @self: a declaration
 *
 * Declares everything again in the next run: what existed with other arguments may be another now.
 */
void
heartbeat_declaration_reset (HeartbeatDeclaration *self)
{
  g_return_if_fail (self != NULL);

  self->existing_exchange.passive = self->existing_queue.passive = FALSE;
}
