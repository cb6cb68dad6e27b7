/* SPDX-License-Identifier: MIT */

#include "amqp/heartbeat-session.h"

#include "amqp/heartbeat-amqp-error.h"
#include "amqp/heartbeat-handshake.h"
#include "base/heartbeat-deadline.h"
#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"

#define CONNECT_LIMIT_US   (10 * G_USEC_PER_SEC)
#define HANDSHAKE_LIMIT_US (10 * G_USEC_PER_SEC)
#define CLOSE_LIMIT_US     (2 * G_USEC_PER_SEC)
#define PROBES_APART_US    (G_USEC_PER_SEC / 10)

#define POOL_PAGE_SIZE 4096

typedef enum
{
  PHASE_CONNECT,
  PHASE_START,
  PHASE_TUNE,
  PHASE_OPEN,
  PHASE_READY,
  PHASE_CLOSING,
  PHASE_CLOSED,
} Phase;

/**
 * HeartbeatSession:
 *
 * One AMQP connection from the call to the broker until it ends. #HeartbeatConnection makes the next one.
 */
struct _HeartbeatSession
{
  GObject parent_instance;

  const HeartbeatSessionEvents *events;
  GObject *owner; /* unowned: it drops us before it goes */
  HeartbeatBrokerUri *uri;
  char *purpose;

  Phase phase;
  HeartbeatTransport *transport;
  GCancellable *cancellable;
  HeartbeatLogin login;
  HeartbeatTuning tuning;
  gint64 heartbeat_sent;
  GSource *deadline;
  amqp_pool_t pool;
  GHashTable *channels; /* by number */
  GPtrArray *touched;   /* channels that the current batch has frames for */
};

G_DEFINE_FINAL_TYPE (HeartbeatSession, heartbeat_session, G_TYPE_OBJECT)

static gboolean on_deadline (gpointer user_data);

static void
set_deadline (HeartbeatSession *self, gint64 delay)
{
  heartbeat_deadline_set (&self->deadline, g_get_monotonic_time () + delay, on_deadline, self);
}

static HeartbeatConnectionStage
stage_of (Phase phase, const GError *error)
{
  /* With TLS 1.3 a client certificate that is refused shows after the handshake. */
  if (error->domain == G_TLS_ERROR)
    return HEARTBEAT_CONNECTION_STAGE_TLS;
  switch (phase)
    {
    case PHASE_CONNECT:
      return HEARTBEAT_CONNECTION_STAGE_CONNECT;
    case PHASE_START:
      return HEARTBEAT_CONNECTION_STAGE_GREETING;
    case PHASE_TUNE:
      return HEARTBEAT_CONNECTION_STAGE_LOGIN;
    case PHASE_OPEN:
      return HEARTBEAT_CONNECTION_STAGE_VHOST;
    default:
      return HEARTBEAT_CONNECTION_STAGE_USE;
    }
}

/* Ends the session, however far it has come. */
static void
fail (HeartbeatSession *self, const GError *error)
{
  HeartbeatConnectionStage stage = HEARTBEAT_CONNECTION_STAGE_USE;
  gboolean asked_for = self->phase == PHASE_CLOSING;

  if (!asked_for)
    stage = stage_of (self->phase, error);
  heartbeat_session_drop (self);
  self->events->closed (self->owner, stage, asked_for ? NULL : error);
}

/* Gives up, and sends the broker the reason, as far as the socket takes it now. */
static void
fail_protocol (HeartbeatSession *self, const GError *error)
{
  amqp_connection_close_t close = {
    .reply_code = (guint16) error->code,
    .reply_text = amqp_cstring_bytes (error->message),
  };

  heartbeat_frame_append_method (heartbeat_transport_get_output (self->transport), 0,
                                 AMQP_CONNECTION_CLOSE_METHOD, &close);
  fail (self, error);
}

/* The deadline is for the next heartbeat, two in an interval, or for giving up. */
static void
schedule_heartbeat (HeartbeatSession *self)
{
  gint64 interval_us = self->tuning.heartbeat * G_USEC_PER_SEC;
  gint64 dead = heartbeat_transport_get_last_read (self->transport) + 2 * interval_us;

  heartbeat_deadline_set (&self->deadline, MIN (self->heartbeat_sent + interval_us / 2, dead),
                          on_deadline, self);
}

static void
send_heartbeat (HeartbeatSession *self)
{
  heartbeat_frame_append_heartbeat (heartbeat_transport_get_output (self->transport));
  heartbeat_transport_flush (self->transport);
  self->heartbeat_sent = g_get_monotonic_time ();
  schedule_heartbeat (self);
}

static void
check_life (HeartbeatSession *self)
{
  gint64 silent_us = g_get_monotonic_time () - heartbeat_transport_get_last_read (self->transport);
  g_autoptr (GError) error = NULL;

  if (silent_us < 2 * self->tuning.heartbeat * G_USEC_PER_SEC)
    {
      send_heartbeat (self);
      return;
    }
  error = g_error_new (HEARTBEAT_ERROR, HEARTBEAT_ERROR_TIMED_OUT,
                       _ ("No sign of life from the broker for %d s"), 2 * self->tuning.heartbeat);
  fail (self, error);
}

static gboolean
on_deadline (gpointer user_data)
{
  g_autoptr (HeartbeatSession) self = g_object_ref (user_data);
  g_autoptr (GError) error = NULL;

  if (self->phase == PHASE_READY)
    {
      check_life (self);
      return G_SOURCE_CONTINUE;
    }
  error = g_error_new_literal (HEARTBEAT_ERROR, HEARTBEAT_ERROR_TIMED_OUT,
                               heartbeat_transport_describe_stall (self->transport));
  fail (self, error);
  return G_SOURCE_REMOVE;
}

static void
ready (HeartbeatSession *self)
{
  self->phase = PHASE_READY;
  self->heartbeat_sent = g_get_monotonic_time ();
  schedule_heartbeat (self);
  self->events->ready (self->owner);
}

static void
handle_close (HeartbeatSession *self, const amqp_connection_close_t *close)
{
  amqp_connection_close_ok_t ok = { 0 };
  amqp_method_number_t blamed = (amqp_method_number_t) close->class_id << 16 | close->method_id;
  g_autoptr (GError) error
      = heartbeat_amqp_error_new (close->reply_code, close->reply_text, blamed);

  heartbeat_frame_append_method (heartbeat_transport_get_output (self->transport), 0,
                                 AMQP_CONNECTION_CLOSE_OK_METHOD, &ok);
  fail (self, error);
}

static void
handle_blocked (HeartbeatSession *self, const amqp_connection_blocked_t *blocked)
{
  g_autofree char *reason = heartbeat_amqp_text (blocked->reason);

  self->events->blocked (self->owner, *reason != '\0' ? reason : "blocked");
}

static void
handle_start (HeartbeatSession *self, const amqp_connection_start_t *start)
{
  g_autoptr (GError) error = NULL;

  if (!heartbeat_handshake_start (heartbeat_transport_get_output (self->transport), start,
                                  self->uri, self->purpose, &self->login, &error))
    {
      fail (self, error);
      return;
    }
  self->phase = PHASE_TUNE;
}

static void
handle_tune (HeartbeatSession *self, const amqp_connection_tune_t *tune)
{
  GByteArray *out = heartbeat_transport_get_output (self->transport);
  g_autoptr (GError) error = NULL;

  if (!heartbeat_handshake_tune (out, tune, &self->tuning, &error))
    {
      fail (self, error);
      return;
    }
  heartbeat_transport_set_frame_max (self->transport, self->tuning.frame_max);
  heartbeat_handshake_open (out, self->uri);
  self->phase = PHASE_OPEN;
}

/* Handles what may come in the current phase. */
static gboolean
handle_expected (HeartbeatSession *self, const amqp_method_t *method)
{
  gboolean in_use = self->phase == PHASE_READY || self->phase == PHASE_CLOSING;

  if (method->id == AMQP_CONNECTION_CLOSE_METHOD)
    handle_close (self, method->decoded);
  else if (method->id == AMQP_CONNECTION_START_METHOD && self->phase == PHASE_START)
    handle_start (self, method->decoded);
  else if (method->id == AMQP_CONNECTION_TUNE_METHOD && self->phase == PHASE_TUNE)
    handle_tune (self, method->decoded);
  else if (method->id == AMQP_CONNECTION_OPEN_OK_METHOD && self->phase == PHASE_OPEN)
    ready (self);
  else if (method->id == AMQP_CONNECTION_CLOSE_OK_METHOD && self->phase == PHASE_CLOSING)
    fail (self, NULL);
  else if (method->id == AMQP_CONNECTION_BLOCKED_METHOD && in_use)
    handle_blocked (self, method->decoded);
  else if (method->id == AMQP_CONNECTION_UNBLOCKED_METHOD && in_use)
    self->events->blocked (self->owner, "");
  else
    return FALSE;
  return TRUE;
}

static gboolean
handle_connection_frame (HeartbeatSession *self, const HeartbeatFrame *frame, GError **error)
{
  amqp_method_t method = { 0 };

  if (frame->type == AMQP_FRAME_HEARTBEAT)
    return TRUE;
  if (frame->type != AMQP_FRAME_METHOD)
    {
      g_set_error_literal (error, HEARTBEAT_AMQP_ERROR, AMQP_UNEXPECTED_FRAME,
                           _ ("The broker sent a message on channel 0"));
      return FALSE;
    }
  if (!heartbeat_frame_decode_method (frame, &self->pool, &method, error))
    return FALSE;
  if (handle_expected (self, &method))
    return TRUE;
  g_set_error_literal (error, HEARTBEAT_AMQP_ERROR, AMQP_COMMAND_INVALID,
                       _ ("The broker sent a method out of turn"));
  return FALSE;
}

static HeartbeatChannel *
get_channel (HeartbeatSession *self, guint number)
{
  return g_hash_table_lookup (self->channels, GUINT_TO_POINTER (number));
}

static void
touch (HeartbeatSession *self, HeartbeatChannel *channel)
{
  guint n = self->touched->len;

  if (n == 0 || g_ptr_array_index (self->touched, n - 1) != channel)
    g_ptr_array_add (self->touched, g_object_ref (channel));
}

static gboolean
handle_channel_frame (HeartbeatSession *self, const HeartbeatFrame *frame, GError **error)
{
  g_autoptr (HeartbeatChannel) channel = NULL;

  if (self->phase == PHASE_CLOSING)
    return TRUE;
  g_set_object (&channel, get_channel (self, frame->channel));
  if (channel == NULL)
    {
      g_set_error_literal (error, HEARTBEAT_AMQP_ERROR, AMQP_CHANNEL_ERROR,
                           _ ("The broker sent a frame for a channel that is not open"));
      return FALSE;
    }

  touch (self, channel);
  if (!heartbeat_channel_handle_frame (channel, frame, &self->pool, error))
    return FALSE;
  if (heartbeat_channel_is_closed (channel) && get_channel (self, frame->channel) == channel)
    g_hash_table_remove (self->channels, GUINT_TO_POINTER (frame->channel));
  return TRUE;
}

static void
on_frame (gpointer owner, const HeartbeatFrame *frame)
{
  HeartbeatSession *self = owner;
  g_autoptr (GError) error = NULL;
  gboolean good = frame->channel == 0 ? handle_connection_frame (self, frame, &error)
                                      : handle_channel_frame (self, frame, &error);

  if (!good && self->phase != PHASE_CLOSED)
    fail_protocol (self, error);
  recycle_amqp_pool (&self->pool);
}

static void
on_batch_done (gpointer owner)
{
  HeartbeatSession *self = owner;

  for (guint i = 0; i < self->touched->len; i++)
    heartbeat_channel_batch_done (g_ptr_array_index (self->touched, i));
  g_ptr_array_set_size (self->touched, 0);
}

static void
on_closed (gpointer owner, const GError *error)
{
  fail (owner, error);
}

static const HeartbeatTransportEvents transport_events = { on_frame, on_batch_done, on_closed };

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatSession) self = user_data;
  HeartbeatTransport *transport = HEARTBEAT_TRANSPORT (source);
  g_autoptr (GError) error = NULL;
  gboolean connected = heartbeat_transport_connect_finish (transport, result, &error);

  if (self->phase != PHASE_CONNECT)
    return;
  if (!connected)
    {
      fail (self, error);
      return;
    }
  self->phase = PHASE_START;
  set_deadline (self, HANDSHAKE_LIMIT_US);
  heartbeat_frame_append_protocol (heartbeat_transport_get_output (transport));
  heartbeat_transport_flush (transport);
}

static void
heartbeat_session_dispose (GObject *object)
{
  heartbeat_session_drop (HEARTBEAT_SESSION (object));

  G_OBJECT_CLASS (heartbeat_session_parent_class)->dispose (object);
}

static void
heartbeat_session_finalize (GObject *object)
{
  HeartbeatSession *self = HEARTBEAT_SESSION (object);

  heartbeat_broker_uri_unref (self->uri);
  g_free (self->purpose);
  g_hash_table_unref (self->channels);
  g_ptr_array_unref (self->touched);
  empty_amqp_pool (&self->pool);

  G_OBJECT_CLASS (heartbeat_session_parent_class)->finalize (object);
}

static void
heartbeat_session_class_init (HeartbeatSessionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = heartbeat_session_dispose;
  object_class->finalize = heartbeat_session_finalize;
}

static GHashTable *
channels_new (void)
{
  return g_hash_table_new_full (NULL, NULL, NULL, g_object_unref);
}

static void
heartbeat_session_init (HeartbeatSession *self)
{
  self->channels = channels_new ();
  self->touched = g_ptr_array_new_with_free_func (g_object_unref);
  init_amqp_pool (&self->pool, POOL_PAGE_SIZE);
}

/**
 * heartbeat_session_new:
 * @uri: where the broker is, and who we are there
 * @purpose: what the session is for, for the broker's tools
 * @events: what to call; lives as long as the session
 * @owner: their first argument; drops the session before it goes away
 *
 * Calls the broker and logs in.
 *
 * Returns: (transfer full): a session
 */
HeartbeatSession *
heartbeat_session_new (HeartbeatBrokerUri *uri,
                       const char *purpose,
                       const HeartbeatSessionEvents *events,
                       GObject *owner)
{
  HeartbeatSession *self = NULL;

  g_return_val_if_fail (uri != NULL, NULL);
  g_return_val_if_fail (events != NULL, NULL);

  self = g_object_new (HEARTBEAT_TYPE_SESSION, NULL);
  self->uri = heartbeat_broker_uri_ref (uri);
  self->purpose = g_strdup (purpose);
  self->events = events;
  self->owner = owner;
  self->cancellable = g_cancellable_new ();
  self->transport = heartbeat_transport_new (&transport_events, G_OBJECT (self));
  set_deadline (self, CONNECT_LIMIT_US);
  heartbeat_transport_connect_async (self->transport, uri, self->cancellable, on_connected,
                                     g_object_ref (self));
  return self;
}

/**
 * heartbeat_session_open_channel:
 * @self: a session that is ready
 * @events: what to call; lives as long as the channel
 * @owner: their first argument, closes the channel before it goes away
 * @error: return location for %HEARTBEAT_ERROR_REFUSED: no number is left
 *
 * Opens a channel.
 *
 * Returns: (transfer full): a channel that can be used at once, or %NULL
 */
HeartbeatChannel *
heartbeat_session_open_channel (HeartbeatSession *self,
                                const HeartbeatChannelEvents *events,
                                GObject *owner,
                                GError **error)
{
  HeartbeatChannel *channel = NULL;
  guint number = 1;

  g_return_val_if_fail (HEARTBEAT_IS_SESSION (self), NULL);
  g_return_val_if_fail (self->phase == PHASE_READY, NULL);

  while (get_channel (self, number) != NULL)
    number++;
  if (number > self->tuning.channel_max)
    {
      g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_REFUSED,
                   ngettext ("The connection's only channel is in use",
                             "All %u channels of the connection are in use",
                             self->tuning.channel_max),
                   self->tuning.channel_max);
      return NULL;
    }

  channel = heartbeat_channel_new (self->transport, (guint16) number, events, owner);
  g_hash_table_insert (self->channels, GUINT_TO_POINTER (number), g_object_ref (channel));
  return channel;
}

/**
 * heartbeat_session_lose_channels:
 * @self: a session that has ended, or is being closed
 * @error: why
 *
 * Notifies the owners of all channels that their connection is gone. The session's owner does so when its own state is right,
 * since they ask for it.
 */
void
heartbeat_session_lose_channels (HeartbeatSession *self, const GError *error)
{
  g_autoptr (GHashTable) lost = NULL;
  GHashTableIter iter;
  gpointer channel = NULL;

  g_return_if_fail (HEARTBEAT_IS_SESSION (self));

  lost = g_steal_pointer (&self->channels);
  self->channels = channels_new ();
  g_ptr_array_set_size (self->touched, 0);
  g_hash_table_iter_init (&iter, lost);
  while (g_hash_table_iter_next (&iter, NULL, &channel))
    heartbeat_channel_lost (channel, error);
}

/**
 * heartbeat_session_get_login:
 * @self: a session
 *
 * Returns: how it logged in
 */
HeartbeatLogin
heartbeat_session_get_login (HeartbeatSession *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_SESSION (self), HEARTBEAT_LOGIN_PLAIN);

  return self->login;
}

/**
 * heartbeat_session_probe:
 * @self: a session
 *
 * To be called when the network changed. If the session is ready it sends a heartbeat, so that a dead connection is found out
 * soon.
 *
 * Returns: %FALSE if it has been calling the broker for a while, so that a new call may get through where this one hangs
 */
gboolean
heartbeat_session_probe (HeartbeatSession *self)
{
  gint64 now = g_get_monotonic_time ();

  g_return_val_if_fail (HEARTBEAT_IS_SESSION (self), TRUE);

  if (self->phase == PHASE_CONNECT)
    return g_source_get_ready_time (self->deadline) - now > CONNECT_LIMIT_US - PROBES_APART_US;
  if (self->phase == PHASE_READY && now - self->heartbeat_sent >= PROBES_APART_US)
    send_heartbeat (self);
  return TRUE;
}

/**
 * heartbeat_session_close:
 * @self: a session that is ready
 *
 * Sends what waits, then closes in good order, within 2 s.
 */
void
heartbeat_session_close (HeartbeatSession *self)
{
  amqp_connection_close_t close = { .reply_code = AMQP_REPLY_SUCCESS };

  g_return_if_fail (HEARTBEAT_IS_SESSION (self));
  g_return_if_fail (self->phase == PHASE_READY);

  heartbeat_frame_append_method (heartbeat_transport_get_output (self->transport), 0,
                                 AMQP_CONNECTION_CLOSE_METHOD, &close);
  heartbeat_transport_flush (self->transport);
  self->phase = PHASE_CLOSING;
  set_deadline (self, CLOSE_LIMIT_US);
}

/**
 * heartbeat_session_drop:
 * @self: a session
 *
 * Ends it at once. No event comes any more.
 */
void
heartbeat_session_drop (HeartbeatSession *self)
{
  g_return_if_fail (HEARTBEAT_IS_SESSION (self));

  self->phase = PHASE_CLOSED;
  heartbeat_deadline_clear (&self->deadline);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (self->transport != NULL)
    heartbeat_transport_close (self->transport);
  g_clear_object (&self->transport);
}
