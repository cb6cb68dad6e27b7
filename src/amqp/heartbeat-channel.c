/* SPDX-License-Identifier: MIT */

#include "amqp/heartbeat-channel.h"

#include "amqp/heartbeat-amqp-error.h"
#include "amqp/heartbeat-assembly.h"
#include "base/heartbeat-deadline.h"
#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"

#define CALL_LIMIT_S 10

typedef enum
{
  STATE_OPEN,
  STATE_CLOSING,
  STATE_CLOSED,
} State;

/* A method that wants a reply. Cancelled or timed out it stays in the queue without a task once it was sent: its late
 * reply must not be taken for the next one's. */
typedef struct
{
  HeartbeatChannel *channel; /* unowned */
  amqp_method_number_t method;
  GByteArray *frame; /* NULL once sent */
  GTask *task;       /* NULL once ended */
  gint64 deadline;
  GSource *cancelled;
} Call;

struct _HeartbeatChannel
{
  GObject parent_instance;

  HeartbeatTransport *transport;
  guint16 number;
  State state;
  const HeartbeatChannelEvents *events;
  GObject *owner; /* unowned: it closes us before it goes; NULL from then on */

  GQueue calls; /* of Call, only the first one is sent */
  GSource *deadline;
  HeartbeatAssembly *assembly;
};

G_DEFINE_FINAL_TYPE (HeartbeatChannel, heartbeat_channel, G_TYPE_OBJECT)

static gboolean on_deadline (gpointer user_data);

static void
call_free (Call *call)
{
  g_clear_pointer (&call->frame, g_byte_array_unref);
  g_clear_object (&call->task);
  if (call->cancelled != NULL)
    g_source_destroy (call->cancelled);
  g_clear_pointer (&call->cancelled, g_source_unref);
  g_free (call);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Call, call_free)

static void
update_deadline (HeartbeatChannel *self)
{
  for (GList *l = self->calls.head; l != NULL; l = l->next)
    {
      Call *call = l->data;

      if (call->task == NULL)
        continue;
      heartbeat_deadline_set (&self->deadline, call->deadline, on_deadline, self);
      return;
    }
  heartbeat_deadline_clear (&self->deadline);
}

static void
send_first (HeartbeatChannel *self)
{
  Call *call = g_queue_peek_head (&self->calls);

  if (call == NULL || call->frame == NULL)
    return;
  g_byte_array_append (heartbeat_transport_get_output (self->transport), call->frame->data,
                       call->frame->len);
  g_clear_pointer (&call->frame, g_byte_array_unref);
  heartbeat_transport_flush (self->transport);
}

/* Ends a call early: for its caller it is over, for the broker perhaps not. */
static void
abandon (Call *call, GError *error)
{
  HeartbeatChannel *self = call->channel;
  g_autoptr (GTask) task = g_steal_pointer (&call->task);

  if (call->frame != NULL)
    {
      g_queue_remove (&self->calls, call);
      call_free (call);
    }
  else if (call->cancelled != NULL)
    {
      g_source_destroy (call->cancelled);
      g_clear_pointer (&call->cancelled, g_source_unref);
    }
  update_deadline (self);
  g_task_return_error (task, error);
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_cancellable_set_error_if_cancelled (cancellable, &error);
  abandon (user_data, g_steal_pointer (&error));
  return G_SOURCE_REMOVE;
}

static Call *
find_overdue (HeartbeatChannel *self)
{
  gint64 now = g_get_monotonic_time ();

  for (GList *l = self->calls.head; l != NULL; l = l->next)
    {
      Call *call = l->data;

      if (call->task != NULL && call->deadline <= now)
        return call;
    }
  return NULL;
}

static gboolean
on_deadline (gpointer user_data)
{
  g_autoptr (HeartbeatChannel) self = g_object_ref (user_data);
  Call *call = NULL;

  while ((call = find_overdue (self)) != NULL)
    {
      g_autofree char *name = heartbeat_amqp_method_name (call->method);

      abandon (call, g_error_new (HEARTBEAT_ERROR, HEARTBEAT_ERROR_TIMED_OUT,
                                  _ ("The broker did not answer %s within %d seconds"), name,
                                  CALL_LIMIT_S));
    }
  update_deadline (self);
  return self->deadline != NULL ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
end_call (Call *call, const HeartbeatReply *reply, const GError *error)
{
  if (call->task == NULL)
    return;
  if (error != NULL)
    g_task_return_error (call->task, g_error_copy (error));
  else
    g_task_return_pointer (call->task, g_memdup2 (reply, sizeof *reply), g_free);
}

/* The channel is gone: tells the owner, then ends the calls. One that asked for the end got what it wanted. */
static void
gone (HeartbeatChannel *self, const GError *error)
{
  static const HeartbeatReply closed = { .method = AMQP_CHANNEL_CLOSE_OK_METHOD };
  g_autoptr (GObject) owner = NULL;
  GQueue calls = self->calls;

  if (self->state == STATE_CLOSED)
    return;
  self->state = STATE_CLOSED;
  g_queue_init (&self->calls);
  heartbeat_deadline_clear (&self->deadline);

  g_set_object (&owner, self->owner);
  self->owner = NULL;
  if (owner != NULL && self->events->closed != NULL)
    self->events->closed (owner, error);

  while (!g_queue_is_empty (&calls))
    {
      g_autoptr (Call) call = g_queue_pop_head (&calls);

      end_call (call, &closed, call->method == AMQP_CHANNEL_CLOSE_METHOD ? NULL : error);
    }
}

static gboolean
handle_reply (HeartbeatChannel *self, const amqp_method_t *method, GError **error)
{
  Call *first = g_queue_peek_head (&self->calls);
  g_autoptr (Call) call = NULL;
  HeartbeatReply reply = { .method = method->id };

  /* In AMQP 0-9-1 a method's reply has the next number. */
  if (first == NULL || method->id != first->method + 1)
    {
      g_set_error_literal (error, HEARTBEAT_AMQP_ERROR, AMQP_COMMAND_INVALID,
                           _ ("The broker sent a reply that nobody asked for"));
      return FALSE;
    }

  if (method->id == AMQP_QUEUE_DECLARE_OK_METHOD)
    {
      const amqp_queue_declare_ok_t *declared = method->decoded;

      reply.message_count = declared->message_count;
      reply.consumer_count = declared->consumer_count;
    }
  call = g_queue_pop_head (&self->calls);
  if (method->id == AMQP_CHANNEL_CLOSE_OK_METHOD)
    gone (self, NULL);
  send_first (self);
  update_deadline (self);
  end_call (call, &reply, NULL);
  return TRUE;
}

static void
handle_close (HeartbeatChannel *self, const amqp_channel_close_t *close)
{
  amqp_channel_close_ok_t ok = { 0 };
  amqp_method_number_t blamed = (amqp_method_number_t) close->class_id << 16 | close->method_id;
  g_autoptr (GError) error
      = heartbeat_amqp_error_new (close->reply_code, close->reply_text, blamed);

  heartbeat_channel_send (self, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok);
  gone (self, error);
}

static void
handle_cancel (HeartbeatChannel *self, const amqp_basic_cancel_t *cancel)
{
  amqp_basic_cancel_ok_t ok = { .consumer_tag = cancel->consumer_tag };

  if (!cancel->nowait)
    heartbeat_channel_send (self, AMQP_BASIC_CANCEL_OK_METHOD, &ok);
  if (self->owner != NULL && self->events->cancelled != NULL)
    self->events->cancelled (self->owner);
}

static void
handle_flow (HeartbeatChannel *self, const amqp_channel_flow_t *flow)
{
  amqp_channel_flow_ok_t ok = { .active = flow->active };

  heartbeat_channel_send (self, AMQP_CHANNEL_FLOW_OK_METHOD, &ok);
}

static void
handle_confirm (HeartbeatChannel *self, guint64 tag, gboolean multiple, gboolean acknowledged)
{
  if (self->owner != NULL && self->events->confirmed != NULL)
    self->events->confirmed (self->owner, tag, multiple, acknowledged);
}

static gboolean
dispatch_method (HeartbeatChannel *self, const amqp_method_t *method, GError **error)
{
  const amqp_basic_ack_t *ack = method->decoded;
  const amqp_basic_nack_t *nack = method->decoded;

  switch (method->id)
    {
    case AMQP_BASIC_DELIVER_METHOD:
      heartbeat_assembly_begin_delivery (self->assembly, method->decoded);
      return TRUE;
    case AMQP_BASIC_RETURN_METHOD:
      heartbeat_assembly_begin_return (self->assembly, method->decoded);
      return TRUE;
    case AMQP_BASIC_ACK_METHOD:
      handle_confirm (self, ack->delivery_tag, ack->multiple, TRUE);
      return TRUE;
    case AMQP_BASIC_NACK_METHOD:
      handle_confirm (self, nack->delivery_tag, nack->multiple, FALSE);
      return TRUE;
    case AMQP_BASIC_CANCEL_METHOD:
      handle_cancel (self, method->decoded);
      return TRUE;
    case AMQP_CHANNEL_FLOW_METHOD:
      handle_flow (self, method->decoded);
      return TRUE;
    case AMQP_CHANNEL_CLOSE_METHOD:
      handle_close (self, method->decoded);
      return TRUE;
    default:
      return handle_reply (self, method, error);
    }
}

static gboolean
handle_method (HeartbeatChannel *self,
               const HeartbeatFrame *frame,
               amqp_pool_t *pool,
               GError **error)
{
  amqp_method_t method = { 0 };

  if (!heartbeat_assembly_is_idle (self->assembly))
    {
      g_set_error_literal (error, HEARTBEAT_AMQP_ERROR, AMQP_UNEXPECTED_FRAME,
                           _ ("The broker sent a method within a message"));
      return FALSE;
    }
  return heartbeat_frame_decode_method (frame, pool, &method, error)
         && dispatch_method (self, &method, error);
}

static void
hand_out_message (HeartbeatChannel *self)
{
  const HeartbeatMessage *message = heartbeat_assembly_get_message (self->assembly);
  void (*func) (gpointer, const HeartbeatMessage *)
      = message->reply_code != 0 ? self->events->returned : self->events->message;
  g_autoptr (GObject) owner = NULL;

  g_set_object (&owner, self->owner);
  if (owner != NULL && func != NULL)
    func (owner, message);
  heartbeat_assembly_clear (self->assembly);
}

static void
heartbeat_channel_finalize (GObject *object)
{
  HeartbeatChannel *self = HEARTBEAT_CHANNEL (object);

  g_queue_clear_full (&self->calls, (GDestroyNotify) call_free);
  heartbeat_deadline_clear (&self->deadline);
  heartbeat_assembly_free (self->assembly);
  g_clear_object (&self->transport);

  G_OBJECT_CLASS (heartbeat_channel_parent_class)->finalize (object);
}

static void
heartbeat_channel_class_init (HeartbeatChannelClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = heartbeat_channel_finalize;
}

static void
heartbeat_channel_init (HeartbeatChannel *self)
{
  g_queue_init (&self->calls);
  self->assembly = heartbeat_assembly_new ();
}

/**
 * heartbeat_channel_new:
 * @transport: a connected transport
 * @number: the channel's number, not in use
 * @events: what to call; lives as long as the channel
 * @owner: their first argument; kept alive while an event is handled, and not otherwise
 *
 * Opens a channel. Calls may follow at once: they wait until it is open. A channel serves until it is closed; then
 * take another one.
 *
 * Returns: (transfer full): the channel
 */
HeartbeatChannel *
heartbeat_channel_new (HeartbeatTransport *transport,
                       guint16 number,
                       const HeartbeatChannelEvents *events,
                       GObject *owner)
{
  HeartbeatChannel *self = g_object_new (HEARTBEAT_TYPE_CHANNEL, NULL);
  amqp_channel_open_t open = { .out_of_band = amqp_empty_bytes };

  self->transport = g_object_ref (transport);
  self->number = number;
  self->events = events;
  self->owner = owner;
  heartbeat_channel_call_async (self, AMQP_CHANNEL_OPEN_METHOD, &open, NULL, NULL, NULL);
  return self;
}

/**
 * heartbeat_channel_call_async:
 * @self: a channel
 * @method: a method that has a reply
 * @decoded: its arguments; read before this returns
 * @cancellable: (nullable): ends the wait for the reply
 * @callback: (nullable): called with the reply
 * @user_data: for @callback
 *
 * Sends a method when those before it were replied to. The reply must come within 10 s of this call.
 */
void
heartbeat_channel_call_async (HeartbeatChannel *self,
                              amqp_method_number_t method,
                              void *decoded,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  Call *call = NULL;

  g_return_if_fail (HEARTBEAT_IS_CHANNEL (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, heartbeat_channel_call_async);
  if (self->state != STATE_OPEN)
    {
      g_task_return_new_error (task, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NOT_CONNECTED,
                               _ ("The channel is closed"));
      return;
    }

  call = g_new0 (Call, 1);
  call->channel = self;
  call->method = method;
  call->frame = g_byte_array_new ();
  call->deadline = g_get_monotonic_time () + CALL_LIMIT_S * G_USEC_PER_SEC;
  heartbeat_frame_append_method (call->frame, self->number, method, decoded);
  if (cancellable != NULL)
    {
      call->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (call->cancelled, G_SOURCE_FUNC (on_cancelled), call, NULL);
      g_source_attach (call->cancelled, g_task_get_context (task));
    }
  call->task = g_steal_pointer (&task);

  g_queue_push_tail (&self->calls, call);
  if (self->calls.length == 1)
    send_first (self);
  update_deadline (self);
}

/**
 * heartbeat_channel_call_finish:
 * @self: a channel
 * @result: what the callback was given
 * @reply: (out caller-allocates) (optional): the reply
 * @error: return location for %HEARTBEAT_AMQP_ERROR (the broker closed the channel), %HEARTBEAT_ERROR_TIMED_OUT or
 *   %HEARTBEAT_ERROR_NOT_CONNECTED
 *
 * Returns: whether the broker did what it was asked
 */
gboolean
heartbeat_channel_call_finish (HeartbeatChannel *self,
                               GAsyncResult *result,
                               HeartbeatReply *reply,
                               GError **error)
{
  g_autofree HeartbeatReply *got = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  got = g_task_propagate_pointer (G_TASK (result), error);
  if (got != NULL && reply != NULL)
    *reply = *got;
  return got != NULL;
}

/**
 * heartbeat_channel_send:
 * @self: a channel
 * @method: a method without a reply
 * @decoded: its arguments
 *
 * Sends a method at once. Does nothing on a closed channel.
 */
void
heartbeat_channel_send (HeartbeatChannel *self, amqp_method_number_t method, void *decoded)
{
  g_return_if_fail (HEARTBEAT_IS_CHANNEL (self));

  if (self->state == STATE_CLOSED)
    return;
  heartbeat_frame_append_method (heartbeat_transport_get_output (self->transport), self->number,
                                 method, decoded);
  heartbeat_transport_flush (self->transport);
}

/**
 * heartbeat_channel_publish:
 * @self: a channel
 * @publish: where to; names of at most 255 bytes
 * @properties: the message's properties
 * @body: the message
 *
 * Publishes a message. Does nothing on a closed channel.
 */
void
heartbeat_channel_publish (HeartbeatChannel *self,
                           amqp_basic_publish_t *publish,
                           amqp_basic_properties_t *properties,
                           GBytes *body)
{
  GByteArray *out = NULL;

  g_return_if_fail (HEARTBEAT_IS_CHANNEL (self));

  if (self->state != STATE_OPEN)
    return;
  out = heartbeat_transport_get_output (self->transport);
  heartbeat_frame_append_method (out, self->number, AMQP_BASIC_PUBLISH_METHOD, publish);
  heartbeat_frame_append_header (out, self->number, properties, g_bytes_get_size (body));
  heartbeat_frame_append_body (out, self->number, body,
                               heartbeat_transport_get_frame_max (self->transport));
  heartbeat_transport_flush (self->transport);
}

/**
 * heartbeat_channel_has_room:
 * @self: a channel
 *
 * Returns: whether the connection's out-queue takes more
 */
gboolean
heartbeat_channel_has_room (HeartbeatChannel *self)
{
  return heartbeat_transport_has_room (self->transport);
}

/**
 * heartbeat_channel_close_async:
 * @self: a channel
 * @callback: (nullable): called when it is closed
 * @user_data: for @callback
 *
 * Closes the channel after the calls that wait. Its owner gets no event any more and may go away.
 */
void
heartbeat_channel_close_async (HeartbeatChannel *self,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  amqp_channel_close_t close = { .reply_code = AMQP_REPLY_SUCCESS };

  g_return_if_fail (HEARTBEAT_IS_CHANNEL (self));

  self->owner = NULL;
  heartbeat_channel_call_async (self, AMQP_CHANNEL_CLOSE_METHOD, &close, NULL, callback, user_data);
  if (self->state == STATE_OPEN)
    self->state = STATE_CLOSING;
}

/**
 * heartbeat_channel_close_finish:
 * @self: a channel
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Returns: whether it was closed in good order; it is unusable in any case
 */
gboolean
heartbeat_channel_close_finish (HeartbeatChannel *self, GAsyncResult *result, GError **error)
{
  return heartbeat_channel_call_finish (self, result, NULL, error);
}

/**
 * heartbeat_channel_handle_frame:
 * @self: a channel that somebody holds a reference to
 * @frame: a frame for it
 * @pool: for what @frame holds, recycled afterwards
 * @error: return location for a %HEARTBEAT_AMQP_ERROR, whose code is the one to close the connection with
 *
 * Takes a frame in.
 *
 * Returns: whether the broker keeps to the protocol
 */
gboolean
heartbeat_channel_handle_frame (HeartbeatChannel *self,
                                const HeartbeatFrame *frame,
                                amqp_pool_t *pool,
                                GError **error)
{
  g_autoptr (GObject) owner = NULL;

  if (frame->type == AMQP_FRAME_METHOD)
    {
      g_set_object (&owner, self->owner);
      return handle_method (self, frame, pool, error);
    }

  switch (heartbeat_assembly_add (self->assembly, frame, error))
    {
    case HEARTBEAT_ASSEMBLED_MESSAGE:
      hand_out_message (self);
      return TRUE;
    case HEARTBEAT_ASSEMBLED_MORE:
      return TRUE;
    case HEARTBEAT_ASSEMBLED_ERROR:
    default:
      return FALSE;
    }
}

/**
 * heartbeat_channel_batch_done:
 * @self: a channel that somebody holds a reference to
 *
 * Tells the owner that all frames of one read were handed out.
 */
void
heartbeat_channel_batch_done (HeartbeatChannel *self)
{
  g_autoptr (GObject) owner = NULL;

  g_set_object (&owner, self->owner);
  if (owner != NULL && self->events->batch_done != NULL)
    self->events->batch_done (owner);
}

/**
 * heartbeat_channel_lost:
 * @self: a channel that somebody holds a reference to
 * @error: why
 *
 * Tells the owner that the connection is gone.
 */
void
heartbeat_channel_lost (HeartbeatChannel *self, const GError *error)
{
  g_return_if_fail (HEARTBEAT_IS_CHANNEL (self));

  gone (self, error);
}

/**
 * heartbeat_channel_is_closed:
 * @self: a channel
 *
 * Returns: whether it is closed on both sides, so that its number is free
 */
gboolean
heartbeat_channel_is_closed (HeartbeatChannel *self)
{
  return self->state == STATE_CLOSED;
}
