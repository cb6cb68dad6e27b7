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

/* A method that wants a reply: the data of its task. */
typedef struct
{
  amqp_method_number_t method;
  GByteArray *frame; /* NULL once sent */
  gint64 deadline;
  HeartbeatReply reply;
} Call;

struct _HeartbeatChannel
{
  GObject parent_instance;

  HeartbeatTransport *transport;
  guint16 number;
  State state;
  const HeartbeatChannelEvents *events;
  GObject *owner; /* unowned: it closes us before it goes; NULL from then on */

  GQueue calls; /* of GTask; only the first one is sent */
  GSource *deadline;
  HeartbeatAssembly *assembly;
};

G_DEFINE_FINAL_TYPE (HeartbeatChannel, heartbeat_channel, G_TYPE_OBJECT)

static gboolean on_deadline (gpointer user_data);

static void
call_free (gpointer data)
{
  Call *call = data;

  g_clear_pointer (&call->frame, g_byte_array_unref);
  g_free (call);
}

static Call *
first_call (HeartbeatChannel *self)
{
  GTask *task = g_queue_peek_head (&self->calls);

  return task != NULL ? g_task_get_task_data (task) : NULL;
}

/* All calls have the same time limit, so the first one's ends first. */
static void
watch_first (HeartbeatChannel *self)
{
  Call *call = first_call (self);

  if (call != NULL)
    heartbeat_deadline_set (&self->deadline, call->deadline, on_deadline, self);
  else
    heartbeat_deadline_clear (&self->deadline);
}

static void
send_first (HeartbeatChannel *self)
{
  Call *call = first_call (self);

  if (call == NULL || call->frame == NULL)
    return;
  g_byte_array_append (heartbeat_transport_get_output (self->transport), call->frame->data,
                       call->frame->len);
  g_clear_pointer (&call->frame, g_byte_array_unref);
  heartbeat_transport_flush (self->transport);
}

static void
end_call (GTask *task, const GError *error)
{
  const Call *call = g_task_get_task_data (task);

  /* A channel that is gone is closed. */
  if (error == NULL || call->method == AMQP_CHANNEL_CLOSE_METHOD)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_error_copy (error));
}

/* The channel is of no use any more: notify the owner, then end the calls. */
static void
end (HeartbeatChannel *self, const GError *error)
{
  g_autoptr (GObject) owner = NULL;
  GQueue calls = self->calls;

  g_queue_init (&self->calls);
  heartbeat_deadline_clear (&self->deadline);

  g_set_object (&owner, self->owner);
  self->owner = NULL;
  if (owner != NULL && self->events->closed != NULL)
    self->events->closed (owner, error);

  while (!g_queue_is_empty (&calls))
    {
      g_autoptr (GTask) task = g_queue_pop_head (&calls);

      end_call (task, error);
    }
}

static GError *
closed_error (void)
{
  return g_error_new_literal (HEARTBEAT_ERROR, HEARTBEAT_ERROR_NOT_CONNECTED,
                              _ ("The channel is closed"));
}

/* From here on everything up to the broker's close-ok is ignored; only then the number is free. */
static void
send_close (HeartbeatChannel *self)
{
  amqp_channel_close_t close = { .reply_code = AMQP_REPLY_SUCCESS };

  self->state = STATE_CLOSING;
  heartbeat_channel_send (self, AMQP_CHANNEL_CLOSE_METHOD, &close);
}

/* A late reply would be taken for the next call's, so the channel cannot be used any longer. */
static gboolean
on_deadline (gpointer user_data)
{
  g_autoptr (HeartbeatChannel) self = g_object_ref (user_data);
  g_autofree char *name = heartbeat_amqp_method_name (first_call (self)->method);
  g_autoptr (GError) error
      = g_error_new (HEARTBEAT_ERROR, HEARTBEAT_ERROR_TIMED_OUT,
                     _ ("The broker did not answer %s within %d seconds"), name, CALL_LIMIT_S);

  if (self->state == STATE_OPEN)
    send_close (self);
  end (self, error);
  return G_SOURCE_REMOVE;
}

static gboolean
handle_reply (HeartbeatChannel *self, const amqp_method_t *method, GError **error)
{
  Call *call = first_call (self);
  g_autoptr (GTask) task = NULL;

  /* In AMQP 0-9-1 a method's reply has the next number. */
  if (call == NULL || method->id != call->method + 1)
    {
      g_set_error_literal (error, HEARTBEAT_AMQP_ERROR, AMQP_COMMAND_INVALID,
                           _ ("The broker sent a reply that nobody asked for"));
      return FALSE;
    }

  if (method->id == AMQP_QUEUE_DECLARE_OK_METHOD)
    {
      const amqp_queue_declare_ok_t *declared = method->decoded;

      call->reply.message_count = declared->message_count;
      call->reply.consumer_count = declared->consumer_count;
    }
  task = g_queue_pop_head (&self->calls);
  send_first (self);
  watch_first (self);
  end_call (task, NULL);
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
  self->state = STATE_CLOSED;
  end (self, error);
}

/* A broker that closes at the same time gets its close-ok, and answers our close as well. */
static void
handle_while_closing (HeartbeatChannel *self, const amqp_method_t *method)
{
  amqp_channel_close_ok_t ok = { 0 };
  g_autoptr (GError) error = NULL;

  if (method->id == AMQP_CHANNEL_CLOSE_METHOD)
    {
      heartbeat_channel_send (self, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok);
    }
  else if (method->id == AMQP_CHANNEL_CLOSE_OK_METHOD)
    {
      error = closed_error ();
      self->state = STATE_CLOSED;
      end (self, error);
    }
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

  if (self->state == STATE_OPEN && !heartbeat_assembly_is_idle (self->assembly))
    {
      g_set_error_literal (error, HEARTBEAT_AMQP_ERROR, AMQP_UNEXPECTED_FRAME,
                           _ ("The broker sent a method within a message"));
      return FALSE;
    }
  if (!heartbeat_frame_decode_method (frame, pool, &method, error))
    return FALSE;
  if (self->state == STATE_OPEN)
    return dispatch_method (self, &method, error);
  handle_while_closing (self, &method);
  return TRUE;
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

  g_queue_clear_full (&self->calls, g_object_unref);
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

  g_return_val_if_fail (HEARTBEAT_IS_TRANSPORT (transport), NULL);
  g_return_val_if_fail (events != NULL, NULL);
  g_return_val_if_fail (G_IS_OBJECT (owner), NULL);

  self->transport = g_object_ref (transport);
  self->number = number;
  self->events = events;
  self->owner = owner;
  heartbeat_channel_call_async (self, AMQP_CHANNEL_OPEN_METHOD, &open, NULL, NULL);
  return self;
}

static void
push_call (HeartbeatChannel *self, GTask *task, amqp_method_number_t method, GByteArray *frame)
{
  Call *call = g_new0 (Call, 1);

  call->method = method;
  call->frame = frame;
  call->deadline = g_get_monotonic_time () + CALL_LIMIT_S * G_USEC_PER_SEC;
  g_task_set_task_data (task, call, call_free);
  g_queue_push_tail (&self->calls, task);
  watch_first (self);
}

/**
 * heartbeat_channel_call_async:
 * @self: a channel
 * @method: a method that has a reply
 * @decoded: its arguments; read before this returns
 * @callback: (nullable): called with the reply
 * @user_data: for @callback
 *
 * Sends a method after those before it were answered. Without a reply within 10 s of this call the channel is closed.
 */
void
heartbeat_channel_call_async (HeartbeatChannel *self,
                              amqp_method_number_t method,
                              void *decoded,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  GByteArray *frame = NULL;

  g_return_if_fail (HEARTBEAT_IS_CHANNEL (self));
  g_return_if_fail (decoded != NULL);

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, heartbeat_channel_call_async);
  if (self->state != STATE_OPEN)
    {
      g_task_return_error (task, closed_error ());
      return;
    }
  frame = g_byte_array_new ();
  heartbeat_frame_append_method (frame, self->number, method, decoded);
  push_call (self, g_steal_pointer (&task), method, frame);
  if (self->calls.length == 1)
    send_first (self);
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
  const Call *call = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  call = g_task_get_task_data (G_TASK (result));
  if (reply != NULL && call != NULL)
    *reply = call->reply;
  return g_task_propagate_boolean (G_TASK (result), error);
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
  g_return_if_fail (decoded != NULL);

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
  g_return_if_fail (publish != NULL && properties != NULL && body != NULL);

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
  g_return_val_if_fail (HEARTBEAT_IS_CHANNEL (self), FALSE);

  return heartbeat_transport_has_room (self->transport);
}

/**
 * heartbeat_channel_close_async:
 * @self: a channel
 * @callback: (nullable): called when it is closed, 10 s later at most
 * @user_data: for @callback
 *
 * Closes the channel. Calls that wait for a reply end with an error. Its owner gets no event any more and may go away.
 */
void
heartbeat_channel_close_async (HeartbeatChannel *self,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (HEARTBEAT_IS_CHANNEL (self));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, heartbeat_channel_close_async);
  self->owner = NULL;
  if (self->state != STATE_OPEN)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  send_close (self);
  push_call (self, g_steal_pointer (&task), AMQP_CHANNEL_CLOSE_METHOD, NULL);
}

/**
 * heartbeat_channel_close_finish:
 * @self: a channel
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Returns: %TRUE; where the broker does not answer, or is gone, the channel is closed all the same
 */
gboolean
heartbeat_channel_close_finish (HeartbeatChannel *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

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

  g_return_val_if_fail (HEARTBEAT_IS_CHANNEL (self), FALSE);
  g_return_val_if_fail (frame != NULL, FALSE);

  if (frame->type == AMQP_FRAME_METHOD)
    {
      g_set_object (&owner, self->owner);
      return handle_method (self, frame, pool, error);
    }
  if (self->state != STATE_OPEN)
    return TRUE;

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
 * Notifies the owner that all frames of one read were handed out.
 */
void
heartbeat_channel_batch_done (HeartbeatChannel *self)
{
  g_autoptr (GObject) owner = NULL;

  g_return_if_fail (HEARTBEAT_IS_CHANNEL (self));

  g_set_object (&owner, self->owner);
  if (owner != NULL && self->events->batch_done != NULL)
    self->events->batch_done (owner);
}

/**
 * heartbeat_channel_lost:
 * @self: a channel that somebody holds a reference to
 * @error: why
 *
 * Notifies the owner that the connection is gone.
 */
void
heartbeat_channel_lost (HeartbeatChannel *self, const GError *error)
{
  g_return_if_fail (HEARTBEAT_IS_CHANNEL (self));

  if (self->state == STATE_CLOSED)
    return;
  self->state = STATE_CLOSED;
  end (self, error);
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
  g_return_val_if_fail (HEARTBEAT_IS_CHANNEL (self), TRUE);

  return self->state == STATE_CLOSED;
}
