/* SPDX-License-Identifier: MIT */

#include "broker/heartbeat-inbox.h"

#include <string.h>

#include "amqp/heartbeat-advice.h"
#include "base/heartbeat-backoff.h"
#include "base/heartbeat-deadline.h"
#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"
#include "base/heartbeat-log.h"
#include "broker/heartbeat-declaration.h"

struct _HeartbeatInbox
{
  GObject parent_instance;

  HeartbeatConnection *connection;
  char *agent;
  char *queue;
  HeartbeatDeclaration *declaration;
  HeartbeatInboxFunc func;
  gpointer user_data;

  gboolean started;
  HeartbeatConnectionState state;
  char *error;
  char
      *own_error; /* of the inbox itself, "" while its connection is to blame or nothing is wrong */

  HeartbeatChannel *channel;
  gboolean consuming;
  gboolean others_reported;
  guint attempts;
  gint64 consuming_since;
  GSource *retry;

  guint64 generation;
  HeartbeatAckWindow *window;
  gboolean in_batch;
};

enum
{
  PROP_STATE = 1,
  PROP_ERROR,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (HeartbeatInbox, heartbeat_inbox, G_TYPE_OBJECT)

static void set_up (HeartbeatInbox *self);

static HeartbeatConnectionState
current_state (HeartbeatInbox *self)
{
  if (!self->started)
    return HEARTBEAT_CONNECTION_STATE_DISABLED;
  if (self->consuming)
    return HEARTBEAT_CONNECTION_STATE_CONNECTED;
  if (self->channel != NULL)
    return HEARTBEAT_CONNECTION_STATE_CONNECTING;
  if (self->retry != NULL)
    return HEARTBEAT_CONNECTION_STATE_WAITING;
  return heartbeat_connection_get_state (self->connection);
}

static const char *
current_error (HeartbeatInbox *self)
{
  if (!self->started || self->consuming)
    return "";
  if (*self->own_error != '\0')
    return self->own_error;
  return heartbeat_connection_get_error (self->connection);
}

static void
update (HeartbeatInbox *self)
{
  HeartbeatConnectionState state = current_state (self);
  const char *error = current_error (self);

  g_object_freeze_notify (G_OBJECT (self));
  if (!g_str_equal (self->error, error))
    {
      g_free (self->error);
      self->error = g_strdup (error);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ERROR]);
    }
  if (self->state != state)
    {
      self->state = state;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
    }
  g_object_thaw_notify (G_OBJECT (self));
}

static void
set_own_error (HeartbeatInbox *self, const char *message)
{
  g_autofree char *old = g_steal_pointer (&self->own_error);

  self->own_error = g_strdup (message);
}

/* Deliveries of a channel that is gone cannot be settled any more: the broker delivers them again. */
static void
forget_channel (HeartbeatInbox *self)
{
  if (self->consuming)
    self->attempts = heartbeat_backoff_after_service (
        self->attempts, (g_get_monotonic_time () - self->consuming_since) / 1000);
  g_clear_object (&self->channel);
  self->consuming = FALSE;
  self->in_batch = FALSE;
  self->generation++;
  heartbeat_ack_window_clear (self->window);
}

static void
drop_channel (HeartbeatInbox *self)
{
  g_autoptr (HeartbeatChannel) channel = NULL;

  if (!g_set_object (&channel, self->channel))
    return;
  forget_channel (self);
  heartbeat_channel_close_async (channel, NULL, NULL);
}

static gboolean
on_retry (gpointer user_data)
{
  g_autoptr (HeartbeatInbox) self = g_object_ref (user_data);

  heartbeat_deadline_clear (&self->retry);
  set_up (self);
  return G_SOURCE_REMOVE;
}

/* The channel is useless, but the connection may still be good. */
static void
failed (HeartbeatInbox *self, const GError *error)
{
  g_autofree char *message = heartbeat_advice_describe (error);

  drop_channel (self);
  heartbeat_declaration_reset (self->declaration);
  if (self->started
      && heartbeat_connection_get_state (self->connection) == HEARTBEAT_CONNECTION_STATE_CONNECTED)
    {
      gint64 delay = heartbeat_backoff_delay_ms (self->attempts++, g_random_double ()) * 1000;
      gboolean known = g_str_equal (self->own_error, message);

      heartbeat_log (known ? G_LOG_LEVEL_DEBUG : G_LOG_LEVEL_WARNING,
                     HEARTBEAT_EVENT_QUEUE_UNUSABLE, self->agent, NULL,
                     "Cannot use the queue %s: %s", self->queue, message);
      set_own_error (self, message);
      heartbeat_deadline_set (&self->retry, g_get_monotonic_time () + delay, on_retry, self);
    }
  update (self);
}

static void
on_closed (gpointer owner, const GError *error)
{
  HeartbeatInbox *self = owner;
  gboolean again = self->started && !self->consuming
                   && heartbeat_declaration_accept (self->declaration, error);

  forget_channel (self);
  if (again)
    set_up (self);
  else
    failed (self, error);
}

static void
on_message (gpointer owner, const HeartbeatMessage *message)
{
  HeartbeatInbox *self = owner;
  guint64 generation = self->generation;
  HeartbeatDisposition disposition = HEARTBEAT_DISPOSITION_LATER;

  self->in_batch = TRUE;
  heartbeat_ack_window_add (self->window, message->delivery_tag);
  disposition = self->func (self, message, self->user_data);
  if (disposition != HEARTBEAT_DISPOSITION_LATER && self->generation == generation)
    heartbeat_ack_window_settle (self->window, message->delivery_tag, disposition);
}

static void
send_settlement (guint64 tag,
                 gboolean multiple,
                 HeartbeatDisposition disposition,
                 gpointer user_data)
{
  HeartbeatInbox *self = user_data;
  amqp_basic_ack_t ack = { .delivery_tag = tag, .multiple = multiple };
  amqp_basic_reject_t reject = {
    .delivery_tag = tag,
    .requeue = disposition == HEARTBEAT_DISPOSITION_REQUEUE,
  };

  if (disposition == HEARTBEAT_DISPOSITION_ACKNOWLEDGE)
    heartbeat_channel_send (self->channel, AMQP_BASIC_ACK_METHOD, &ack);
  else
    heartbeat_channel_send (self->channel, AMQP_BASIC_REJECT_METHOD, &reject);
}

static void
on_batch_done (gpointer owner)
{
  HeartbeatInbox *self = owner;

  self->in_batch = FALSE;
  if (self->channel != NULL)
    heartbeat_ack_window_flush (self->window, send_settlement, self);
}

static void
on_cancelled (gpointer owner)
{
  g_autoptr (GError) error = g_error_new_literal (
      HEARTBEAT_ERROR, HEARTBEAT_ERROR_NOT_CONNECTED,
      _ ("the broker ended the consumer, since the queue was deleted or moved: "
         "it is declared again"));

  failed (owner, error);
}

static const HeartbeatChannelEvents channel_events = {
  .closed = on_closed,
  .message = on_message,
  .cancelled = on_cancelled,
  .batch_done = on_batch_done,
};

static void
report_others (HeartbeatInbox *self)
{
  if (self->others_reported)
    return;
  self->others_reported = TRUE;
  heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_QUEUE_SHARED, self->agent, NULL,
                 "Another consumer is on the queue %s and takes a share of the ticks: end it if it "
                 "is not this service's last connection (the Python original?); rabbitmqctl "
                 "list_consumers shows whose it is",
                 self->queue);
}

static void
on_declared (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatInbox) self = user_data;
  HeartbeatReply found = { 0 };

  /* on_closed() has handled an error already. */
  if (!heartbeat_declaration_run_finish (self->declaration, result, &found, NULL)
      || source != G_OBJECT (self->channel))
    return;
  if (found.consumer_count > 0)
    report_others (self);
  self->consuming = TRUE;
  self->consuming_since = g_get_monotonic_time ();
  set_own_error (self, "");
  heartbeat_log (G_LOG_LEVEL_INFO, HEARTBEAT_EVENT_QUEUE_READY, self->agent, NULL,
                 "Waiting for ticks on the queue %s, %u messages are there", self->queue,
                 found.message_count);
  update (self);
}

static void
set_up (HeartbeatInbox *self)
{
  g_autoptr (GError) error = NULL;

  self->channel = heartbeat_connection_open_channel (self->connection, &channel_events,
                                                     G_OBJECT (self), &error);
  if (self->channel == NULL)
    {
      failed (self, error);
      return;
    }
  heartbeat_declaration_run_async (self->declaration, self->channel, on_declared,
                                   g_object_ref (self));
  update (self);
}

static void
on_connection_changed (HeartbeatInbox *self)
{
  gboolean connected
      = heartbeat_connection_get_state (self->connection) == HEARTBEAT_CONNECTION_STATE_CONNECTED;

  if (!connected)
    {
      heartbeat_deadline_clear (&self->retry);
      set_own_error (self, "");
    }
  else if (self->started && self->channel == NULL && self->retry == NULL)
    {
      self->attempts = 0;
      self->others_reported = FALSE;
      heartbeat_declaration_reset (self->declaration);
      set_up (self);
    }
  update (self);
}

static void
heartbeat_inbox_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  HeartbeatInbox *self = HEARTBEAT_INBOX (object);

  switch (id)
    {
    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    case PROP_ERROR:
      g_value_set_string (value, self->error);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
heartbeat_inbox_dispose (GObject *object)
{
  HeartbeatInbox *self = HEARTBEAT_INBOX (object);

  heartbeat_deadline_clear (&self->retry);
  drop_channel (self);
  g_clear_object (&self->connection);

  G_OBJECT_CLASS (heartbeat_inbox_parent_class)->dispose (object);
}

static void
heartbeat_inbox_finalize (GObject *object)
{
  HeartbeatInbox *self = HEARTBEAT_INBOX (object);

  g_free (self->agent);
  g_free (self->queue);
  heartbeat_declaration_free (self->declaration);
  g_free (self->error);
  g_free (self->own_error);
  heartbeat_ack_window_free (self->window);

  G_OBJECT_CLASS (heartbeat_inbox_parent_class)->finalize (object);
}

static void
heartbeat_inbox_class_init (HeartbeatInboxClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = heartbeat_inbox_get_property;
  object_class->dispose = heartbeat_inbox_dispose;
  object_class->finalize = heartbeat_inbox_finalize;

  properties[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, HEARTBEAT_TYPE_CONNECTION_STATE,
                                              HEARTBEAT_CONNECTION_STATE_DISABLED, flags);
  properties[PROP_ERROR] = g_param_spec_string ("error", NULL, NULL, "", flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
heartbeat_inbox_init (HeartbeatInbox *self)
{
  self->error = g_strdup ("");
  self->own_error = g_strdup ("");
  self->window = heartbeat_ack_window_new ();
}

/**
 * heartbeat_inbox_new:
 * @connection: the connection to consume on
 * @options: what queue, from where
 * @func: takes the messages; valid until the inbox is closed or gone
 * @user_data: for @func
 *
 * Makes the consumer of one agent's queue. Once started it declares exchange, queue and bindings whenever @connection comes up,
 * and again after any failure.
 *
 * Returns: (transfer full): an inbox that is not started
 */
HeartbeatInbox *
heartbeat_inbox_new (HeartbeatConnection *connection,
                     const HeartbeatInboxOptions *options,
                     HeartbeatInboxFunc func,
                     gpointer user_data)
{
  HeartbeatInbox *self = NULL;

  g_return_val_if_fail (HEARTBEAT_IS_CONNECTION (connection), NULL);
  g_return_val_if_fail (options != NULL && func != NULL, NULL);
  g_return_val_if_fail (strlen (options->agent) <= 64 && strlen (options->exchange) <= 255, NULL);

  self = g_object_new (HEARTBEAT_TYPE_INBOX, NULL);
  self->connection = g_object_ref (connection);
  self->agent = g_strdup (options->agent);
  self->queue = g_strdup_printf ("agent.%s.inbox", options->agent);
  self->declaration
      = heartbeat_declaration_new (options->agent, options->exchange, self->queue,
                                   g_strcmp0 (options->queue_type, "quorum") == 0,
                                   options->prefetch != 0 ? options->prefetch
                                                          : HEARTBEAT_PREFETCH_MESSAGES);
  self->func = func;
  self->user_data = user_data;
  g_signal_connect_object (connection, "changed", G_CALLBACK (on_connection_changed), self,
                           G_CONNECT_SWAPPED);
  return self;
}

/**
 * heartbeat_inbox_start:
 * @self: an inbox
 *
 * Begins to consume, now or when the connection is there. The connection is started by its owner.
 */
void
heartbeat_inbox_start (HeartbeatInbox *self)
{
  g_return_if_fail (HEARTBEAT_IS_INBOX (self));

  if (self->started)
    return;
  drop_channel (self);
  self->started = TRUE;
  on_connection_changed (self);
}

/**
 * heartbeat_inbox_retry_now:
 * @self: an inbox
 *
 * Ends the wait of an inbox that was refused something on a connection that works. For the connection itself there is
 * heartbeat_connection_retry_now().
 */
void
heartbeat_inbox_retry_now (HeartbeatInbox *self)
{
  g_return_if_fail (HEARTBEAT_IS_INBOX (self));

  if (self->retry == NULL)
    return;
  self->attempts = 0;
  on_retry (self);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  /* A channel that is lost consumes nothing either. */
  heartbeat_channel_call_finish (HEARTBEAT_CHANNEL (source), result, NULL, NULL);
  g_task_return_boolean (task, TRUE);
}

/**
 * heartbeat_inbox_stop_async:
 * @self: an inbox
 * @callback: (nullable): called when no message comes any more
 * @user_data: for @callback
 *
 * Ends consuming. Until @callback messages may still come; what was handed out can be settled until the inbox is closed.
 */
void
heartbeat_inbox_stop_async (HeartbeatInbox *self, GAsyncReadyCallback callback, gpointer user_data)
{
  amqp_basic_cancel_t cancel = { .consumer_tag = amqp_cstring_bytes (HEARTBEAT_CONSUMER_TAG) };
  g_autoptr (GTask) task = NULL;
  gboolean consuming = FALSE;

  g_return_if_fail (HEARTBEAT_IS_INBOX (self));

  consuming = self->consuming;
  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, heartbeat_inbox_stop_async);
  self->started = FALSE;
  self->consuming = FALSE;
  heartbeat_deadline_clear (&self->retry);
  if (consuming)
    {
      heartbeat_channel_call_async (self->channel, AMQP_BASIC_CANCEL_METHOD, &cancel, on_stopped,
                                    g_steal_pointer (&task));
    }
  else
    {
      drop_channel (self);
      g_task_return_boolean (task, TRUE);
    }
  update (self);
}

/**
 * heartbeat_inbox_stop_finish:
 * @self: an inbox
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Returns: %TRUE
 */
gboolean
heartbeat_inbox_stop_finish (HeartbeatInbox *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * heartbeat_inbox_close_async:
 * @self: an inbox
 * @callback: (nullable): called when the broker has all settlements
 * @user_data: for @callback
 *
 * Ends everything. What is not settled yet is delivered again, to the next consumer.
 */
void
heartbeat_inbox_close_async (HeartbeatInbox *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (HEARTBEAT_IS_INBOX (self));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, heartbeat_inbox_close_async);
  self->started = FALSE;
  heartbeat_deadline_clear (&self->retry);
  if (self->channel == NULL)
    {
      g_task_return_boolean (task, TRUE);
    }
  else
    {
      heartbeat_ack_window_flush (self->window, send_settlement, self);
      heartbeat_channel_close_async (self->channel, on_stopped, g_steal_pointer (&task));
      forget_channel (self);
    }
  update (self);
}

/**
 * heartbeat_inbox_close_finish:
 * @self: an inbox
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Returns: %TRUE
 */
gboolean
heartbeat_inbox_close_finish (HeartbeatInbox *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return heartbeat_inbox_stop_finish (self, result, error);
}

/**
 * heartbeat_inbox_get_delivery:
 * @self: an inbox
 * @message: a message that it is handing out
 *
 * Returns: what heartbeat_inbox_settle() wants later
 */
HeartbeatDelivery
heartbeat_inbox_get_delivery (HeartbeatInbox *self, const HeartbeatMessage *message)
{
  g_return_val_if_fail (HEARTBEAT_IS_INBOX (self), ((HeartbeatDelivery){ 0 }));

  return (HeartbeatDelivery){ self->generation, message->delivery_tag };
}

/**
 * heartbeat_inbox_holds:
 * @self: an inbox
 * @delivery: a delivery whose disposition was left for later
 *
 * Returns: whether it can still be settled; %FALSE where its connection is gone, so that the broker delivers it again
 */
gboolean
heartbeat_inbox_holds (HeartbeatInbox *self, HeartbeatDelivery delivery)
{
  g_return_val_if_fail (HEARTBEAT_IS_INBOX (self), FALSE);

  return delivery.generation == self->generation && self->channel != NULL;
}

/**
 * heartbeat_inbox_settle:
 * @self: an inbox
 * @delivery: a delivery whose disposition was left for later
 * @disposition: what becomes of it
 *
 * Settles a delivery. A delivery of a lost connection is ignored: the broker delivers it again.
 */
void
heartbeat_inbox_settle (HeartbeatInbox *self,
                        HeartbeatDelivery delivery,
                        HeartbeatDisposition disposition)
{
  g_return_if_fail (HEARTBEAT_IS_INBOX (self));
  g_return_if_fail (disposition != HEARTBEAT_DISPOSITION_LATER);

  if (!heartbeat_inbox_holds (self, delivery))
    return;
  heartbeat_ack_window_settle (self->window, delivery.tag, disposition);
  if (!self->in_batch)
    heartbeat_ack_window_flush (self->window, send_settlement, self);
}

/**
 * heartbeat_inbox_get_state:
 * @self: an inbox
 *
 * Returns: how it is doing; connected means that messages come
 */
HeartbeatConnectionState
heartbeat_inbox_get_state (HeartbeatInbox *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_INBOX (self), HEARTBEAT_CONNECTION_STATE_DISABLED);

  return self->state;
}

/**
 * heartbeat_inbox_get_error:
 * @self: an inbox
 *
 * Returns: why no messages come, "" if they do
 */
const char *
heartbeat_inbox_get_error (HeartbeatInbox *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_INBOX (self), NULL);

  return self->error;
}

/**
 * heartbeat_inbox_get_queue:
 * @self: an inbox
 *
 * Returns: the queue's name
 */
const char *
heartbeat_inbox_get_queue (HeartbeatInbox *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_INBOX (self), NULL);

  return self->queue;
}
