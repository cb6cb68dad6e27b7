/* SPDX-License-Identifier: MIT */

#include "broker/heartbeat-amqp-publisher.h"

#include <string.h>

#include "amqp/heartbeat-advice.h"
#include "amqp/heartbeat-amqp-error.h"
#include "base/heartbeat-deadline.h"
#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"
#include "base/heartbeat-limits.h"

#define IN_FLIGHT_MAX 256

#define DELIVERY_PERSISTENT 2

/* How long to wait before a message that was not taken is sent again, in µs. A quorum queue takes none while it elects a leader,
 * which lasts for a second; a queue that is full takes none for longer. */
static const gint64 rests_us[] = { 0, 250000, 1000000 };

/* One publish on its way, in one of the publisher's queues. */
typedef struct
{
  GTask *task;
  guint64 number; /* of the call */
  char *exchange;
  char *routing_key;
  char *message_id;
  GBytes *body;
  guint expiration_ms;
  GSource *deadline;
  GSource *cancelled;
  GSource *rest; /* ends the pause before it is sent again; NULL if there is none */
  guint64 tag;   /* 0 while it waits */
  gboolean returned;
  guint refusals; /* how often the broker did not take it */
  gboolean sent;  /* it was once at least: the broker may have it */
} Item;

struct _HeartbeatAmqpPublisher
{
  GObject parent_instance;

  HeartbeatConnection *connection;
  char *app_id;
  HeartbeatChannel *channel;
  gboolean confirming; /* the channel is ready for use */
  guint64 last_tag;
  guint64 last_number;
  GQueue waiting;   /* of Item, in the order of the calls */
  GQueue in_flight; /* of Item, by ascending tag */
};

G_DEFINE_FINAL_TYPE (HeartbeatAmqpPublisher, heartbeat_amqp_publisher, G_TYPE_OBJECT)

static void pump (HeartbeatAmqpPublisher *self);

static void
item_free (Item *item)
{
  heartbeat_deadline_clear (&item->deadline);
  heartbeat_deadline_clear (&item->rest);
  if (item->cancelled != NULL)
    g_source_destroy (item->cancelled);
  g_clear_pointer (&item->cancelled, g_source_unref);
  g_free (item->exchange);
  g_free (item->routing_key);
  g_free (item->message_id);
  g_bytes_unref (item->body);
  g_free (item);
}

/* Ends a publish that is in no queue any more. */
static void
end_item (Item *item, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&item->task);

  item_free (item);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
end_all (GQueue *items, const GError *error)
{
  GQueue ended = *items;

  g_queue_init (items);
  while (!g_queue_is_empty (&ended))
    end_item (g_queue_pop_head (&ended), g_error_copy (error));
}

/* Ends a publish before the broker has answered it. */
static void
give_up (HeartbeatAmqpPublisher *self, Item *item, GError *error)
{
  if (!g_queue_remove (&self->in_flight, item))
    g_queue_remove (&self->waiting, item);
  end_item (item, error);
  pump (self);
}

/* Returns why the broker takes nothing now; NULL if nothing is known to be wrong. */
static char *
explain (HeartbeatAmqpPublisher *self)
{
  HeartbeatConnection *connection = self->connection;
  const char *broker = heartbeat_connection_get_broker (connection);
  const char *error = heartbeat_connection_get_error (connection);
  const char *blocked = heartbeat_connection_get_blocked (connection);

  if (heartbeat_connection_get_state (connection) != HEARTBEAT_CONNECTION_STATE_CONNECTED)
    return g_strdup_printf (_ ("no connection to the broker (%s): %s"), broker,
                            *error != '\0' ? error : _ ("it does not answer"));
  if (*blocked != '\0')
    return g_strdup_printf (_ ("the broker (%s) takes no messages for now: %s"), broker, blocked);
  return NULL;
}

static GError *
timed_out (HeartbeatAmqpPublisher *self, const Item *item)
{
  g_autofree char *reason = explain (self);

  if (reason == NULL)
    return g_error_new (HEARTBEAT_ERROR, HEARTBEAT_ERROR_TIMED_OUT,
                        _ ("the broker (%s) did not confirm the message within %d s"),
                        heartbeat_connection_get_broker (self->connection),
                        HEARTBEAT_PUBLISH_TIMEOUT_S);
  return g_error_new (HEARTBEAT_ERROR, HEARTBEAT_ERROR_TIMED_OUT,
                      item->sent ? _ ("the message was sent, but not confirmed within %d s: %s")
                                 : _ ("the message could not be sent within %d s: %s"),
                      HEARTBEAT_PUBLISH_TIMEOUT_S, reason);
}

static gboolean
on_deadline (gpointer user_data)
{
  Item *item = user_data;
  g_autoptr (HeartbeatAmqpPublisher) self = g_object_ref (g_task_get_source_object (item->task));

  give_up (self, item, timed_out (self, item));
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  Item *item = user_data;
  g_autoptr (HeartbeatAmqpPublisher) self = g_object_ref (g_task_get_source_object (item->task));
  GError *error = NULL;

  g_cancellable_set_error_if_cancelled (cancellable, &error);
  give_up (self, item, error);
  return G_SOURCE_REMOVE;
}

static void
send_item (HeartbeatAmqpPublisher *self, Item *item)
{
  char expiration[16];
  amqp_basic_publish_t publish = {
    .exchange = amqp_cstring_bytes (item->exchange),
    .routing_key = amqp_cstring_bytes (item->routing_key),
    .mandatory = 1,
  };
  amqp_basic_properties_t properties = {
    ._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG
              | AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_TIMESTAMP_FLAG | AMQP_BASIC_APP_ID_FLAG,
    .content_type = amqp_cstring_bytes ("application/json"),
    .delivery_mode = DELIVERY_PERSISTENT,
    .message_id = amqp_cstring_bytes (item->message_id),
    .timestamp = (guint64) (g_get_real_time () / G_USEC_PER_SEC),
    .app_id = amqp_cstring_bytes (self->app_id),
  };

  if (item->expiration_ms > 0)
    {
      g_snprintf (expiration, sizeof expiration, "%u", item->expiration_ms);
      properties._flags |= AMQP_BASIC_EXPIRATION_FLAG;
      properties.expiration = amqp_cstring_bytes (expiration);
    }
  item->returned = FALSE;
  item->sent = TRUE;
  item->tag = ++self->last_tag;
  g_queue_push_tail (&self->in_flight, item);
  heartbeat_channel_publish (self->channel, &publish, &properties, item->body);
}

static void
on_confirming (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatAmqpPublisher) self = user_data;
  HeartbeatChannel *channel = HEARTBEAT_CHANNEL (source);

  /* on_closed() has handled an error already. */
  if (!heartbeat_channel_call_finish (channel, result, NULL, NULL) || channel != self->channel)
    return;
  self->confirming = TRUE;
  pump (self);
}

static int
compare_numbers (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const Item *left = a, *right = b;

  return (left->number > right->number) - (left->number < right->number);
}

/* Puts a message that was not confirmed back into its place in the queue. */
static void
put_back (HeartbeatAmqpPublisher *self, Item *item)
{
  item->tag = 0;
  g_queue_insert_sorted (&self->waiting, item, compare_numbers, NULL);
}

/* Whether @text names where a message goes, as in “no exchange 'x' in vhost '/'” or “access to topic 'k' in exchange 'x'”. */
static gboolean
is_blamed (const Item *item, const char *text)
{
  g_autofree char *exchange = g_strdup_printf ("exchange '%s'", item->exchange);
  g_autofree char *topic = g_strdup_printf ("topic '%s'", item->routing_key);

  return strstr (text, exchange) != NULL
         && (strstr (text, "topic '") == NULL || strstr (text, topic) != NULL);
}

/* A closed channel is the answer to one of the messages on it. If it does not name one, all fail: else the same message could
 * close the channel again and again. */
static void
end_blamed (HeartbeatAmqpPublisher *self, GQueue *items, const GError *error)
{
  g_autofree char *message = heartbeat_advice_describe (error);
  g_autoptr (GError) refusal
      = g_error_new_literal (HEARTBEAT_ERROR, HEARTBEAT_ERROR_REFUSED, message);
  GQueue blamed = G_QUEUE_INIT;
  GList *next = NULL;

  for (GList *l = items->head; l != NULL; l = next)
    {
      next = l->next;
      if (!is_blamed (l->data, error->message))
        continue;
      g_queue_unlink (items, l);
      g_queue_push_tail_link (&blamed, l);
    }
  end_all (g_queue_is_empty (&blamed) ? items : &blamed, refusal);
}

static void
on_closed (gpointer owner, const GError *error)
{
  HeartbeatAmqpPublisher *self = owner;

  g_clear_object (&self->channel);
  self->confirming = FALSE;
  /* A lost connection is no answer to any message: all are sent again. */
  if (heartbeat_connection_get_state (self->connection) == HEARTBEAT_CONNECTION_STATE_CONNECTED
      && error->domain == HEARTBEAT_AMQP_ERROR)
    end_blamed (self, g_queue_is_empty (&self->in_flight) ? &self->waiting : &self->in_flight,
                error);
  while (!g_queue_is_empty (&self->in_flight))
    put_back (self, g_queue_pop_head (&self->in_flight));
  pump (self);
}

static void
on_returned (gpointer owner, const HeartbeatMessage *message)
{
  HeartbeatAmqpPublisher *self = owner;

  for (GList *l = self->in_flight.head; l != NULL; l = l->next)
    {
      Item *item = l->data;

      if (g_str_equal (item->message_id, message->message_id))
        item->returned = TRUE;
    }
}

static gboolean
on_rested (gpointer user_data)
{
  Item *item = user_data;

  heartbeat_deadline_clear (&item->rest);
  pump (g_task_get_source_object (item->task));
  return G_SOURCE_REMOVE;
}

static void
resolve (HeartbeatAmqpPublisher *self, Item *item, gboolean acknowledged)
{
  if (acknowledged && item->returned)
    {
      end_item (item,
                g_error_new (HEARTBEAT_ERROR, HEARTBEAT_ERROR_RETURNED,
                             _ ("nobody gets the message: no queue is bound to the exchange %s "
                                "for the routing key %s"),
                             item->exchange, item->routing_key));
    }
  else if (acknowledged)
    {
      end_item (item, NULL);
    }
  else if (item->refusals < G_N_ELEMENTS (rests_us))
    {
      heartbeat_deadline_set (&item->rest, g_get_monotonic_time () + rests_us[item->refusals++],
                              on_rested, item);
      put_back (self, item);
    }
  else
    {
      end_item (item, g_error_new (HEARTBEAT_ERROR, HEARTBEAT_ERROR_REFUSED,
                                   ngettext ("the broker did not take the message, %u time: a "
                                             "queue that it goes to is full, or has no leader",
                                             "the broker did not take the message, %u times: a "
                                             "queue that it goes to is full, or has no leader",
                                             item->refusals + 1),
                                   item->refusals + 1));
    }
}

static void
on_confirmed (gpointer owner, guint64 tag, gboolean multiple, gboolean acknowledged)
{
  HeartbeatAmqpPublisher *self = owner;
  GQueue confirmed = G_QUEUE_INIT;
  GList *next = NULL;

  for (GList *l = self->in_flight.head; l != NULL && ((Item *) l->data)->tag <= tag; l = next)
    {
      next = l->next;
      if (!multiple && ((Item *) l->data)->tag != tag)
        continue;
      g_queue_unlink (&self->in_flight, l);
      g_queue_push_tail_link (&confirmed, l);
    }

  while (!g_queue_is_empty (&confirmed))
    resolve (self, g_queue_pop_head (&confirmed), acknowledged);
  pump (self);
}

static const HeartbeatChannelEvents channel_events = {
  .closed = on_closed,
  .returned = on_returned,
  .confirmed = on_confirmed,
};

static void
open_channel (HeartbeatAmqpPublisher *self)
{
  amqp_confirm_select_t select = { 0 };

  self->channel = heartbeat_connection_open_channel (self->connection, &channel_events,
                                                     G_OBJECT (self), NULL);
  if (self->channel == NULL)
    return;
  self->last_tag = 0;
  heartbeat_channel_call_async (self->channel, AMQP_CONFIRM_SELECT_METHOD, &select, on_confirming,
                                g_object_ref (self));
}

/* A full out-queue is no reason to refuse: it holds publishes, whose confirms come back here. */
static gboolean
may_send (HeartbeatAmqpPublisher *self)
{
  return self->confirming && self->in_flight.length < IN_FLIGHT_MAX
         && heartbeat_channel_has_room (self->channel)
         && *heartbeat_connection_get_blocked (self->connection) == '\0';
}

/* Messages that rest do not hold up others. */
static GList *
find_next (HeartbeatAmqpPublisher *self)
{
  GList *next = self->waiting.head;

  while (next != NULL && ((Item *) next->data)->rest != NULL)
    next = next->next;
  return next;
}

/* Sends as many waiting messages as the broker takes now. */
static void
pump (HeartbeatAmqpPublisher *self)
{
  GList *next = find_next (self);

  if (next != NULL && self->channel == NULL)
    open_channel (self);
  for (; next != NULL && may_send (self); next = find_next (self))
    {
      Item *item = next->data;

      g_queue_delete_link (&self->waiting, next);
      send_item (self, item);
    }
}

static void
on_connection_changed (HeartbeatAmqpPublisher *self)
{
  g_autoptr (GError) error = NULL;

  if (heartbeat_connection_get_state (self->connection) == HEARTBEAT_CONNECTION_STATE_DISABLED)
    {
      error = g_error_new_literal (HEARTBEAT_ERROR, HEARTBEAT_ERROR_NOT_CONNECTED,
                                   _ ("The connection to the broker was closed"));
      end_all (&self->waiting, error);
    }
  pump (self);
}

static void
heartbeat_amqp_publisher_dispose (GObject *object)
{
  HeartbeatAmqpPublisher *self = HEARTBEAT_AMQP_PUBLISHER (object);

  if (self->channel != NULL)
    heartbeat_channel_close_async (self->channel, NULL, NULL);
  g_clear_object (&self->channel);
  g_clear_object (&self->connection);

  G_OBJECT_CLASS (heartbeat_amqp_publisher_parent_class)->dispose (object);
}

static void
heartbeat_amqp_publisher_finalize (GObject *object)
{
  g_free (HEARTBEAT_AMQP_PUBLISHER (object)->app_id);

  G_OBJECT_CLASS (heartbeat_amqp_publisher_parent_class)->finalize (object);
}

static void
heartbeat_amqp_publisher_class_init (HeartbeatAmqpPublisherClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = heartbeat_amqp_publisher_dispose;
  object_class->finalize = heartbeat_amqp_publisher_finalize;
}

static void
heartbeat_amqp_publisher_init (HeartbeatAmqpPublisher *self)
{
  g_autofree char *uuid = g_uuid_string_random ();

  self->app_id = g_strconcat ("heartbeat-consumer/", uuid, NULL);
  g_queue_init (&self->waiting);
  g_queue_init (&self->in_flight);
}

/**
 * heartbeat_amqp_publisher_new:
 * @connection: a connection of its own: one that publishes is no longer read by a broker short of memory
 *
 * Makes a publisher, which starts @connection with the first publish.
 *
 * Returns: (transfer full): a publisher
 */
HeartbeatAmqpPublisher *
heartbeat_amqp_publisher_new (HeartbeatConnection *connection)
{
  HeartbeatAmqpPublisher *self = NULL;

  g_return_val_if_fail (HEARTBEAT_IS_CONNECTION (connection), NULL);

  self = g_object_new (HEARTBEAT_TYPE_AMQP_PUBLISHER, NULL);
  self->connection = g_object_ref (connection);
  g_signal_connect_object (connection, "changed", G_CALLBACK (on_connection_changed), self,
                           G_CONNECT_SWAPPED);
  return self;
}

/**
 * heartbeat_amqp_publisher_get_app_id:
 * @self: a publisher
 *
 * Returns: the `app_id` of all that it publishes, which nobody else has
 */
const char *
heartbeat_amqp_publisher_get_app_id (HeartbeatAmqpPublisher *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_AMQP_PUBLISHER (self), NULL);

  return self->app_id;
}

static void
set_full_error (HeartbeatAmqpPublisher *self, GError **error)
{
  g_autofree char *reason = explain (self);

  g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_REFUSED,
               ngettext ("%d message waits already, and no more may: %s",
                         "%d messages wait already, and no more may: %s",
                         HEARTBEAT_PUBLISH_MAX_WAITING),
               HEARTBEAT_PUBLISH_MAX_WAITING,
               reason != NULL ? reason : _ ("the broker confirms too slowly"));
}

static gboolean
check_publication (HeartbeatAmqpPublisher *self, const HeartbeatPublication *p, GError **error)
{
  if (strlen (p->exchange) > HEARTBEAT_SHORT_STRING_MAX_BYTES
      || strlen (p->routing_key) > HEARTBEAT_SHORT_STRING_MAX_BYTES
      || strlen (p->message_id) > HEARTBEAT_SHORT_STRING_MAX_BYTES)
    {
      g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                           _ ("Exchange, routing key and message id have at most 255 bytes each"));
      return FALSE;
    }
  if (g_bytes_get_size (p->body) > HEARTBEAT_MESSAGE_MAX_BYTES)
    {
      g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                           _ ("A message has at most 1 MiB"));
      return FALSE;
    }
  if (self->waiting.length >= HEARTBEAT_PUBLISH_MAX_WAITING)
    {
      set_full_error (self, error);
      return FALSE;
    }
  return TRUE;
}

static Item *
item_new (HeartbeatAmqpPublisher *self, const HeartbeatPublication *publication)
{
  Item *item = g_new0 (Item, 1);

  item->number = ++self->last_number;
  item->exchange = g_strdup (publication->exchange);
  item->routing_key = g_strdup (publication->routing_key);
  item->message_id = g_strdup (publication->message_id);
  item->body = g_bytes_ref (publication->body);
  item->expiration_ms = publication->expiration_ms;
  heartbeat_deadline_set (&item->deadline,
                          g_get_monotonic_time () + HEARTBEAT_PUBLISH_TIMEOUT_S * G_USEC_PER_SEC,
                          on_deadline, item);
  return item;
}

/**
 * heartbeat_amqp_publisher_publish_async:
 * @self: a publisher
 * @publication: what to publish; copied
 * @cancellable: (nullable): ends the wait; the message may be published all the same
 * @callback: (nullable): called when it is known what became of it, 10 s later at most
 * @user_data: for @callback
 *
 * Publishes a message. While the broker is away or short of memory 256 messages wait. One whose connection was lost before the
 * broker confirmed it is sent again with the same id.
 */
void
heartbeat_amqp_publisher_publish_async (HeartbeatAmqpPublisher *self,
                                        const HeartbeatPublication *publication,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (GError) error = NULL;
  Item *item = NULL;

  g_return_if_fail (HEARTBEAT_IS_AMQP_PUBLISHER (self));
  g_return_if_fail (publication != NULL);

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, heartbeat_amqp_publisher_publish_async);
  if (!check_publication (self, publication, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  item = item_new (self, publication);
  if (cancellable != NULL)
    {
      item->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (item->cancelled, G_SOURCE_FUNC (on_cancelled), item, NULL);
      g_source_attach (item->cancelled, g_task_get_context (task));
    }
  item->task = g_steal_pointer (&task);
  g_queue_push_tail (&self->waiting, item);
  heartbeat_connection_start (self->connection);
  pump (self);
}

/**
 * heartbeat_amqp_publisher_publish_finish:
 * @self: a publisher
 * @result: what the callback was given
 * @error: return location for %HEARTBEAT_ERROR_REFUSED (the broker did not take it, has no such exchange, or too many wait),
 *   %HEARTBEAT_ERROR_RETURNED (no queue is bound), %HEARTBEAT_ERROR_TIMED_OUT (of a broker that is away, too),
 *   %HEARTBEAT_ERROR_INVALID_ARGUMENT or %HEARTBEAT_ERROR_NOT_CONNECTED (the connection was closed)
 *
 * Returns: whether the broker has it safe
 */
gboolean
heartbeat_amqp_publisher_publish_finish (HeartbeatAmqpPublisher *self,
                                         GAsyncResult *result,
                                         GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
