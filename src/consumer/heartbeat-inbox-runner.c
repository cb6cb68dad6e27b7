/* SPDX-License-Identifier: MIT */

#include "consumer/heartbeat-inbox-runner.h"

#include "agent/heartbeat-agent-private.h"
#include "base/heartbeat-deadline.h"
#include "base/heartbeat-limits.h"
#include "base/heartbeat-log.h"
#include "run/heartbeat-execution.h"

/* A message that waits for longer goes back into the queue: RabbitMQ closes the channel of a consumer that holds one for 30 minutes. */
#define LONGEST_WAIT_US (HEARTBEAT_ACK_DELAY_MAX_S * G_USEC_PER_SEC)

/**
 * HeartbeatInboxRunner:
 *
 * Hands each message of an agent's inbox to the agent's own handler, one at a time, in order. One that was handled well is
 * acknowledged, one that was not is rejected.
 */
struct _HeartbeatInboxRunner
{
  GObject parent_instance;

  HeartbeatAgent *agent;
  HeartbeatInbox *inbox;
  char *handler;
  guint timeout;

  GQueue waiting; /* of Message */
  struct Message *current;
  GSource *wait_timer;
  GCancellable *cancellable; /* ends what runs */
  gboolean warned;
  gboolean stopping; /* for good */
  GTask *stop_task;  /* until what runs has ended */
  GSource *stop_timer;
};

typedef struct Message
{
  HeartbeatDelivery delivery;
  char *routing_key;
  char *envelope;
  gint64 since;
} Message;

G_DEFINE_FINAL_TYPE (HeartbeatInboxRunner, heartbeat_inbox_runner, G_TYPE_OBJECT)

static void start_next (HeartbeatInboxRunner *self);

static void
message_free (gpointer data)
{
  Message *message = data;

  g_free (message->routing_key);
  g_free (message->envelope);
  g_free (message);
}

static void
heartbeat_inbox_runner_dispose (GObject *object)
{
  HeartbeatInboxRunner *self = HEARTBEAT_INBOX_RUNNER (object);

  heartbeat_deadline_clear (&self->wait_timer);
  heartbeat_deadline_clear (&self->stop_timer);
  g_queue_clear_full (&self->waiting, message_free);
  g_clear_pointer (&self->current, message_free);
  g_clear_object (&self->inbox);
  g_clear_object (&self->agent);
  g_clear_object (&self->cancellable);
  G_OBJECT_CLASS (heartbeat_inbox_runner_parent_class)->dispose (object);
}

static void
heartbeat_inbox_runner_finalize (GObject *object)
{
  g_free (HEARTBEAT_INBOX_RUNNER (object)->handler);
  G_OBJECT_CLASS (heartbeat_inbox_runner_parent_class)->finalize (object);
}

static void
heartbeat_inbox_runner_class_init (HeartbeatInboxRunnerClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = heartbeat_inbox_runner_dispose;
  G_OBJECT_CLASS (klass)->finalize = heartbeat_inbox_runner_finalize;
}

static void
heartbeat_inbox_runner_init (HeartbeatInboxRunner *self)
{
  g_queue_init (&self->waiting);
  self->cancellable = g_cancellable_new ();
}

/**
 * heartbeat_inbox_runner_new:
 * @agent: an agent
 * @inbox: its inbox
 * @handler: the name of a handler
 * @timeout: the time limit of a run, in ms
 *
 * Returns: (transfer full): a runner with nothing to do
 */
HeartbeatInboxRunner *
heartbeat_inbox_runner_new (HeartbeatAgent *agent,
                            HeartbeatInbox *inbox,
                            const char *handler,
                            guint timeout)
{
  HeartbeatInboxRunner *self = g_object_new (HEARTBEAT_TYPE_INBOX_RUNNER, NULL);

  g_return_val_if_fail (HEARTBEAT_IS_AGENT (agent), NULL);
  g_return_val_if_fail (HEARTBEAT_IS_INBOX (inbox), NULL);
  g_return_val_if_fail (handler != NULL, NULL);

  self->agent = g_object_ref (agent);
  self->inbox = g_object_ref (inbox);
  self->handler = g_strdup (handler);
  self->timeout = timeout;
  return self;
}

/* --- One message ---------------------------------------------------------------------------------------------------- */

static void
check_stopped (HeartbeatInboxRunner *self)
{
  if (self->stop_task == NULL || self->current != NULL)
    return;
  heartbeat_deadline_clear (&self->stop_timer);
  g_task_return_boolean (self->stop_task, TRUE);
  g_clear_object (&self->stop_task);
}

static void
log_result (HeartbeatInboxRunner *self, const Message *message, HeartbeatResult *result)
{
  gboolean failed = heartbeat_result_get_status (result) == HEARTBEAT_STATUS_FAILED;
  const char *text = heartbeat_result_get_message (result);

  heartbeat_log (failed ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_INFO,
                 failed ? HEARTBEAT_EVENT_MESSAGE_FAILED : HEARTBEAT_EVENT_MESSAGE_HANDLED,
                 heartbeat_agent_get_name (self->agent), NULL,
                 "the handler %s %s the message with routing key %s in %.3f s%s%s", self->handler,
                 failed ? "failed, which rejects" : "has handled", message->routing_key,
                 heartbeat_result_get_duration (result) / 1e6, *text == '\0' ? "" : ": ", text);
}

/* A message must not be lost to `default`, which succeeds at nothing. */
static void
report_unknown (HeartbeatInboxRunner *self, const Message *message)
{
  heartbeat_log (self->warned ? G_LOG_LEVEL_DEBUG : G_LOG_LEVEL_WARNING,
                 HEARTBEAT_EVENT_INBOX_HANDLER_UNKNOWN, heartbeat_agent_get_name (self->agent),
                 NULL,
                 "there is no handler “%s” for messages of the inbox: the message with routing key "
                 "%s is rejected, and so are all others",
                 self->handler, message->routing_key);
  self->warned = TRUE;
}

static void
on_executed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatInboxRunner) self = user_data;
  g_autoptr (HeartbeatResult) ended
      = heartbeat_execute_finish (HEARTBEAT_REGISTRY (source), result, NULL, NULL);
  Message *message = g_steal_pointer (&self->current);
  gboolean failed = ended == NULL || heartbeat_result_get_status (ended) == HEARTBEAT_STATUS_FAILED;

  if (ended != NULL)
    log_result (self, message, ended);
  else
    report_unknown (self, message);
  /* What the end of the service has cut short comes again after the next start. */
  if (!failed || !self->stopping)
    heartbeat_inbox_settle (self->inbox, message->delivery,
                            failed ? HEARTBEAT_DISPOSITION_REJECT
                                   : HEARTBEAT_DISPOSITION_ACKNOWLEDGE);
  message_free (message);
  check_stopped (self);
  start_next (self);
}

static void
start (HeartbeatInboxRunner *self, Message *message)
{
  g_autofree char *folder = g_path_get_dirname (heartbeat_agent_get_config_path (self->agent));
  const HeartbeatRunInput input = {
    .agent_name = heartbeat_agent_get_name (self->agent),
    .working_folder = folder,
    .started = g_get_real_time (),
    .envelope = g_steal_pointer (&message->envelope),
    .routing_key = message->routing_key,
    .handler = self->handler,
  };

  self->current = message;
  heartbeat_execute_async (heartbeat_agent_get_registry (self->agent), &input, self->timeout,
                           self->cancellable, on_executed, g_object_ref (self));
}

/* --- Those that wait ------------------------------------------------------------------------------------------------ */

static void watch_waiting (HeartbeatInboxRunner *self);

static gboolean
on_waited_long (gpointer user_data)
{
  HeartbeatInboxRunner *self = user_data;
  gint64 now = g_get_monotonic_time ();
  Message *message = NULL;

  while ((message = g_queue_peek_head (&self->waiting)) != NULL
         && now - message->since >= LONGEST_WAIT_US)
    {
      g_queue_pop_head (&self->waiting);
      heartbeat_inbox_settle (self->inbox, message->delivery, HEARTBEAT_DISPOSITION_REQUEUE);
      message_free (message);
    }
  watch_waiting (self);
  return G_SOURCE_REMOVE;
}

static void
watch_waiting (HeartbeatInboxRunner *self)
{
  const Message *first = g_queue_peek_head (&self->waiting);

  if (first == NULL)
    {
      heartbeat_deadline_clear (&self->wait_timer);
      return;
    }
  heartbeat_deadline_set (&self->wait_timer, first->since + LONGEST_WAIT_US, on_waited_long, self);
}

/* A message of a connection that is gone comes again. */
static void
start_next (HeartbeatInboxRunner *self)
{
  while (self->current == NULL && !self->stopping && !g_queue_is_empty (&self->waiting))
    {
      Message *message = g_queue_pop_head (&self->waiting);

      if (heartbeat_inbox_holds (self->inbox, message->delivery))
        start (self, message);
      else
        message_free (message);
    }
  watch_waiting (self);
}

/**
 * heartbeat_inbox_runner_take:
 * @self: a runner
 * @delivery: a message whose disposition is left for later
 * @routing_key: its routing key
 * @envelope: its body, a JSON object
 *
 * Has the message handled after those that came before it. It settles the delivery.
 */
void
heartbeat_inbox_runner_take (HeartbeatInboxRunner *self,
                             HeartbeatDelivery delivery,
                             const char *routing_key,
                             const char *envelope)
{
  Message *message = NULL;

  g_return_if_fail (HEARTBEAT_IS_INBOX_RUNNER (self));

  /* It stays unsettled: checks may still run for a while, and so the inbox still consumes. */
  if (self->stopping)
    return;
  message = g_new0 (Message, 1);
  message->delivery = delivery;
  message->routing_key = g_strdup (routing_key);
  message->envelope = g_strdup (envelope);
  message->since = g_get_monotonic_time ();
  g_queue_push_tail (&self->waiting, message);
  start_next (self);
}

/* --- Stopping ------------------------------------------------------------------------------------------------------- */

static gboolean
on_grace_over (gpointer user_data)
{
  HeartbeatInboxRunner *self = user_data;

  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_REMOVE;
}

/**
 * heartbeat_inbox_runner_stop_async:
 * @self: a runner
 * @callback: called when nothing runs any more; it calls heartbeat_inbox_runner_stop_finish()
 * @user_data: passed to @callback
 *
 * Starts no more runs, and gives the one that goes on ten seconds. Messages that wait stay unsettled.
 */
void
heartbeat_inbox_runner_stop_async (HeartbeatInboxRunner *self,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_return_if_fail (HEARTBEAT_IS_INBOX_RUNNER (self));
  g_return_if_fail (self->stop_task == NULL);

  self->stopping = TRUE;
  self->stop_task = g_task_new (self, NULL, callback, user_data);
  g_queue_clear_full (&self->waiting, message_free);
  watch_waiting (self);
  if (self->current != NULL)
    heartbeat_deadline_set_in (&self->stop_timer, HEARTBEAT_STOP_GRACE_MS * 1000, on_grace_over,
                               self);
  check_stopped (self);
}

/**
 * heartbeat_inbox_runner_force_stop:
 * @self: a runner
 *
 * Starts no more runs, and ends the one that goes on.
 */
void
heartbeat_inbox_runner_force_stop (HeartbeatInboxRunner *self)
{
  g_return_if_fail (HEARTBEAT_IS_INBOX_RUNNER (self));

  self->stopping = TRUE;
  g_queue_clear_full (&self->waiting, message_free);
  watch_waiting (self);
  g_cancellable_cancel (self->cancellable);
}

void
heartbeat_inbox_runner_stop_finish (HeartbeatInboxRunner *self, GAsyncResult *result)
{
  g_return_if_fail (g_task_is_valid (result, self));

  g_task_propagate_boolean (G_TASK (result), NULL);
}
