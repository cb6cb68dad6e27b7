/* SPDX-License-Identifier: MIT */

#include "amqp/heartbeat-connection.h"

#include "amqp/heartbeat-advice.h"
#include "amqp/heartbeat-amqp-error.h"
#include "base/heartbeat-backoff.h"
#include "amqp/heartbeat-broker-uri.h"
#include "base/heartbeat-deadline.h"
#include "amqp/heartbeat-handshake.h"
#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"
#include "base/heartbeat-log.h"
#include "base/heartbeat-rate-limit.h"

#define CONNECT_LIMIT   (10 * G_USEC_PER_SEC)
#define HANDSHAKE_LIMIT (10 * G_USEC_PER_SEC)
#define CLOSE_LIMIT     (2 * G_USEC_PER_SEC)
#define REFUSED_WAIT    (60 * G_USEC_PER_SEC)
#define RETRIES_APART   (G_USEC_PER_SEC / 10)

#define POOL_PAGE_SIZE 4096

typedef enum
{
  PHASE_IDLE,
  PHASE_CONNECT,
  PHASE_START,
  PHASE_TUNE,
  PHASE_OPEN,
  PHASE_READY,
  PHASE_CLOSING,
  PHASE_WAIT,
} Phase;

struct _HeartbeatConnection
{
  GObject parent_instance;

  GPtrArray *uris;
  char *purpose;

  Phase phase;
  HeartbeatConnectionState state;
  char *error;
  GError *last_error; /* what @error was made of */
  HeartbeatConnectionStage last_stage;
  char *broker;
  char *blocked;
  HeartbeatRateLimit alarms;
  gboolean alarm_told;

  guint index;          /* of the URI that is used or tried */
  guint round;          /* how many URIs are left to try before waiting */
  gboolean all_refused; /* whether every broker of this round refused the login */
  guint attempts;
  gint64 ready_since;

  HeartbeatTransport *transport;
  GCancellable *cancellable;
  HeartbeatLogin login; /* how this attempt logged in */
  HeartbeatTuning tuning;
  gint64 heartbeat_sent;
  GSource *deadline;
  amqp_pool_t pool;
  GPtrArray *channels; /* by number; NULL where the number is free */
  GPtrArray *touched;  /* channels that the current batch has frames for */
  GPtrArray *closers;  /* tasks that wait for the end */
};

enum
{
  PROP_STATE = 1,
  PROP_ERROR,
  PROP_BROKER,
  PROP_BLOCKED,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (HeartbeatConnection, heartbeat_connection, G_TYPE_OBJECT)

G_DEFINE_ENUM_TYPE (HeartbeatConnectionState,
                    heartbeat_connection_state,
                    G_DEFINE_ENUM_VALUE (HEARTBEAT_CONNECTION_STATE_DISABLED, "disabled"),
                    G_DEFINE_ENUM_VALUE (HEARTBEAT_CONNECTION_STATE_CONNECTING, "connecting"),
                    G_DEFINE_ENUM_VALUE (HEARTBEAT_CONNECTION_STATE_CONNECTED, "connected"),
                    G_DEFINE_ENUM_VALUE (HEARTBEAT_CONNECTION_STATE_WAITING, "waiting"))

static void attempt (HeartbeatConnection *self);
static gboolean on_deadline (gpointer user_data);

static void
set_text (HeartbeatConnection *self, char **text, const char *value, guint property)
{
  if (g_str_equal (*text, value))
    return;
  g_free (*text);
  *text = g_strdup (value);
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

static void
set_state (HeartbeatConnection *self, HeartbeatConnectionState state)
{
  if (self->state == state)
    return;
  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
}

static HeartbeatBrokerUri *
current_uri (HeartbeatConnection *self)
{
  return g_ptr_array_index (self->uris, self->index);
}

static void
set_deadline (HeartbeatConnection *self, gint64 delay)
{
  heartbeat_deadline_set (&self->deadline, g_get_monotonic_time () + delay, on_deadline, self);
}

/* Lets go of the socket. */
static void
drop (HeartbeatConnection *self)
{
  heartbeat_deadline_clear (&self->deadline);
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (self->transport != NULL)
    heartbeat_transport_close (self->transport);
  g_clear_object (&self->transport);
}

static void
free_channel (gpointer channel)
{
  g_clear_object (&channel);
}

static void
lose_channels (HeartbeatConnection *self, const GError *error)
{
  g_autoptr (GPtrArray) lost = g_steal_pointer (&self->channels);

  self->channels = g_ptr_array_new_with_free_func (free_channel);
  g_ptr_array_set_size (self->touched, 0);
  for (guint i = 0; i < lost->len; i++)
    {
      HeartbeatChannel *channel = g_ptr_array_index (lost, i);

      if (channel != NULL)
        heartbeat_channel_lost (channel, error);
    }
}

static gboolean
is_refused_login (Phase phase, const GError *error)
{
  return (phase == PHASE_TUNE || phase == PHASE_OPEN)
         && g_error_matches (error, HEARTBEAT_AMQP_ERROR, AMQP_ACCESS_REFUSED);
}

/* What people read. */
static char *
describe (HeartbeatConnection *self, const GError *error)
{
  const char *refusal = heartbeat_handshake_describe_refusal (current_uri (self), self->login);

  if (is_refused_login (self->phase, error))
    return g_strdup (refusal);
  if (self->phase == PHASE_TUNE
      && g_error_matches (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NOT_CONNECTED))
    return g_strdup_printf (
        _ ("the broker closed the connection after the login, perhaps for this: %s"), refusal);
  return heartbeat_advice_describe (error);
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

static void
set_last_error (HeartbeatConnection *self, HeartbeatConnectionStage stage, const GError *error)
{
  g_clear_error (&self->last_error);
  self->last_error = error != NULL ? g_error_copy (error) : NULL;
  self->last_stage = stage;
}

static void
log_lost (HeartbeatConnection *self, gboolean was_ready, const char *message)
{
  gboolean again = self->attempts > 0 && self->uris->len > 1;
  gboolean known = !was_ready && (again || g_str_equal (self->error, message));

  heartbeat_log (known ? G_LOG_LEVEL_DEBUG : G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_BROKER_LOST, NULL,
                 NULL, "%s %s (%s): %s", was_ready ? "Lost the connection to" : "Cannot connect to",
                 self->broker, self->purpose, message);
}

/* Waits before the next round over the brokers. */
static void
wait_for_next_round (HeartbeatConnection *self)
{
  gint64 delay = self->all_refused
                     ? REFUSED_WAIT
                     : heartbeat_backoff_delay_ms (self->attempts, g_random_double ()) * 1000;

  self->phase = PHASE_WAIT;
  self->attempts++;
  set_deadline (self, delay);
  set_state (self, HEARTBEAT_CONNECTION_STATE_WAITING);
}

static void
begin_round (HeartbeatConnection *self)
{
  self->round = self->uris->len;
  self->all_refused = TRUE;
  attempt (self);
}

static void
stopped (HeartbeatConnection *self)
{
  g_autoptr (GPtrArray) closers = g_steal_pointer (&self->closers);

  self->closers = g_ptr_array_new_with_free_func (g_object_unref);
  self->phase = PHASE_IDLE;
  drop (self);
  g_object_freeze_notify (G_OBJECT (self));
  set_text (self, &self->error, "", PROP_ERROR);
  set_text (self, &self->blocked, "", PROP_BLOCKED);
  set_state (self, HEARTBEAT_CONNECTION_STATE_DISABLED);
  g_object_thaw_notify (G_OBJECT (self));
  for (guint i = 0; i < closers->len; i++)
    g_task_return_boolean (g_ptr_array_index (closers, i), TRUE);
}

/* The connection is gone or did not come about: goes on to the next broker or waits. */
static void
lost (HeartbeatConnection *self, const GError *error)
{
  Phase phase = self->phase;
  g_autofree char *message = describe (self, error);

  if (phase == PHASE_CLOSING)
    {
      stopped (self);
      return;
    }

  drop (self);
  set_last_error (self, stage_of (phase, error), error);
  log_lost (self, phase == PHASE_READY, message);
  self->all_refused = self->all_refused && is_refused_login (phase, error);
  if (phase == PHASE_READY)
    {
      self->round = 0;
      self->attempts
          = heartbeat_backoff_after_service (self->attempts,
                                             (g_get_monotonic_time () - self->ready_since) / 1000);
    }
  else
    {
      self->round--;
    }
  self->index = (self->index + 1) % self->uris->len;

  /* Whoever listens may close the connection: let it be the last thing here. */
  g_object_freeze_notify (G_OBJECT (self));
  set_text (self, &self->error, message, PROP_ERROR);
  set_text (self, &self->blocked, "", PROP_BLOCKED);
  if (self->round > 0)
    attempt (self);
  else
    wait_for_next_round (self);
  lose_channels (self, error);
  g_object_thaw_notify (G_OBJECT (self));
}

/* Tells the broker why, as far as the socket takes it now, and gives up. */
static void
protocol_error (HeartbeatConnection *self, const GError *error)
{
  amqp_connection_close_t close = {
    .reply_code = (guint16) error->code,
    .reply_text = amqp_cstring_bytes (error->message),
  };

  heartbeat_frame_append_method (heartbeat_transport_get_output (self->transport), 0,
                                 AMQP_CONNECTION_CLOSE_METHOD, &close);
  lost (self, error);
}

static void
protocol_violation (HeartbeatConnection *self, int code, const char *what)
{
  g_autoptr (GError) error = g_error_new_literal (HEARTBEAT_AMQP_ERROR, code, what);

  protocol_error (self, error);
}

static void
schedule_heartbeat (HeartbeatConnection *self)
{
  gint64 interval = self->tuning.heartbeat * G_USEC_PER_SEC;
  gint64 written = MAX (heartbeat_transport_get_last_write (self->transport), self->heartbeat_sent);
  gint64 dead = heartbeat_transport_get_last_read (self->transport) + 2 * interval;

  heartbeat_deadline_set (&self->deadline, MIN (written + interval / 2, dead), on_deadline, self);
}

static void
send_heartbeat (HeartbeatConnection *self)
{
  heartbeat_frame_append_heartbeat (heartbeat_transport_get_output (self->transport));
  heartbeat_transport_flush (self->transport);
  self->heartbeat_sent = g_get_monotonic_time ();
}

static void
check_life (HeartbeatConnection *self)
{
  gint64 interval = self->tuning.heartbeat * G_USEC_PER_SEC;
  gint64 now = g_get_monotonic_time ();

  if (now - heartbeat_transport_get_last_read (self->transport) >= 2 * interval)
    {
      g_autoptr (GError) error = g_error_new (HEARTBEAT_ERROR, HEARTBEAT_ERROR_TIMED_OUT,
                                              _ ("No sign of life from the broker for %d s"),
                                              2 * self->tuning.heartbeat);

      lost (self, error);
      return;
    }
  if (now - heartbeat_transport_get_last_write (self->transport) >= interval / 2
      && now - self->heartbeat_sent >= interval / 2)
    send_heartbeat (self);
  schedule_heartbeat (self);
}

static gboolean
on_deadline (gpointer user_data)
{
  g_autoptr (HeartbeatConnection) self = g_object_ref (user_data);
  g_autoptr (GError) error = NULL;

  switch (self->phase)
    {
    case PHASE_READY:
      check_life (self);
      break;
    case PHASE_WAIT:
      begin_round (self);
      break;
    case PHASE_CLOSING:
      stopped (self);
      break;
    default:
      error = g_error_new_literal (HEARTBEAT_ERROR, HEARTBEAT_ERROR_TIMED_OUT,
                                   heartbeat_transport_describe_stall (self->transport));
      lost (self, error);
      break;
    }
  /* The source destroys itself with heartbeat_deadline_clear() and is set again otherwise. */
  return G_SOURCE_CONTINUE;
}

static void
ready (HeartbeatConnection *self)
{
  self->phase = PHASE_READY;
  self->ready_since = g_get_monotonic_time ();
  self->heartbeat_sent = 0;
  schedule_heartbeat (self);
  heartbeat_log (G_LOG_LEVEL_INFO, HEARTBEAT_EVENT_BROKER_CONNECTED, NULL, NULL,
                 "Connected to %s (%s)", self->broker, self->purpose);
  set_last_error (self, HEARTBEAT_CONNECTION_STAGE_NONE, NULL);
  g_object_freeze_notify (G_OBJECT (self));
  set_text (self, &self->error, "", PROP_ERROR);
  set_state (self, HEARTBEAT_CONNECTION_STATE_CONNECTED);
  g_object_thaw_notify (G_OBJECT (self));
}

static void
handle_close (HeartbeatConnection *self, const amqp_connection_close_t *close)
{
  amqp_connection_close_ok_t ok = { 0 };
  amqp_method_number_t blamed = (amqp_method_number_t) close->class_id << 16 | close->method_id;
  g_autoptr (GError) error
      = heartbeat_amqp_error_new (close->reply_code, close->reply_text, blamed);

  heartbeat_frame_append_method (heartbeat_transport_get_output (self->transport), 0,
                                 AMQP_CONNECTION_CLOSE_OK_METHOD, &ok);
  lost (self, error);
}

static void
handle_blocked (HeartbeatConnection *self, const amqp_connection_blocked_t *blocked)
{
  g_autofree char *reason = heartbeat_amqp_text (blocked->reason);
  guint64 suppressed = 0;

  self->alarm_told
      = heartbeat_rate_limit_allow (&self->alarms, g_get_monotonic_time (), &suppressed);
  if (self->alarm_told)
    heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_BROKER_BLOCKED, NULL, NULL,
                   "The broker takes no messages for now: %s", reason);
  set_text (self, &self->blocked, *reason != '\0' ? reason : "blocked", PROP_BLOCKED);
}

static void
handle_start (HeartbeatConnection *self, const amqp_connection_start_t *start)
{
  g_autoptr (GError) error = NULL;

  if (!heartbeat_handshake_start (heartbeat_transport_get_output (self->transport), start,
                                  current_uri (self), self->purpose, &self->login, &error))
    {
      lost (self, error);
      return;
    }
  self->phase = PHASE_TUNE;
}

static void
handle_tune (HeartbeatConnection *self, const amqp_connection_tune_t *tune)
{
  GByteArray *out = heartbeat_transport_get_output (self->transport);
  g_autoptr (GError) error = NULL;

  if (!heartbeat_handshake_tune (out, tune, &self->tuning, &error))
    {
      lost (self, error);
      return;
    }
  heartbeat_transport_set_frame_max (self->transport, self->tuning.frame_max);
  heartbeat_handshake_open (out, current_uri (self));
  self->phase = PHASE_OPEN;
}

static gboolean
is_expected (Phase phase, amqp_method_number_t method)
{
  switch (method)
    {
    case AMQP_CONNECTION_CLOSE_METHOD:
      return TRUE;
    case AMQP_CONNECTION_START_METHOD:
      return phase == PHASE_START;
    case AMQP_CONNECTION_TUNE_METHOD:
      return phase == PHASE_TUNE;
    case AMQP_CONNECTION_OPEN_OK_METHOD:
      return phase == PHASE_OPEN;
    case AMQP_CONNECTION_CLOSE_OK_METHOD:
      return phase == PHASE_CLOSING;
    case AMQP_CONNECTION_BLOCKED_METHOD:
    case AMQP_CONNECTION_UNBLOCKED_METHOD:
      return phase == PHASE_READY || phase == PHASE_CLOSING;
    default:
      return FALSE;
    }
}

static void
handle_method (HeartbeatConnection *self, const amqp_method_t *method)
{
  if (!is_expected (self->phase, method->id))
    {
      protocol_violation (self, AMQP_COMMAND_INVALID, _ ("The broker sent a method out of turn"));
      return;
    }

  switch (method->id)
    {
    case AMQP_CONNECTION_START_METHOD:
      handle_start (self, method->decoded);
      break;
    case AMQP_CONNECTION_TUNE_METHOD:
      handle_tune (self, method->decoded);
      break;
    case AMQP_CONNECTION_OPEN_OK_METHOD:
      ready (self);
      break;
    case AMQP_CONNECTION_CLOSE_METHOD:
      handle_close (self, method->decoded);
      break;
    case AMQP_CONNECTION_CLOSE_OK_METHOD:
      stopped (self);
      break;
    case AMQP_CONNECTION_BLOCKED_METHOD:
      handle_blocked (self, method->decoded);
      break;
    default:
      if (self->alarm_told)
        heartbeat_log (G_LOG_LEVEL_INFO, HEARTBEAT_EVENT_BROKER_UNBLOCKED, NULL, NULL,
                       "The broker takes messages again");
      self->alarm_told = FALSE;
      set_text (self, &self->blocked, "", PROP_BLOCKED);
      break;
    }
}

static void
handle_connection_frame (HeartbeatConnection *self, const HeartbeatFrame *frame)
{
  amqp_method_t method = { 0 };
  g_autoptr (GError) error = NULL;

  if (frame->type == AMQP_FRAME_HEARTBEAT)
    return;
  if (frame->type != AMQP_FRAME_METHOD)
    protocol_violation (self, AMQP_UNEXPECTED_FRAME, _ ("The broker sent a message on channel 0"));
  else if (!heartbeat_frame_decode_method (frame, &self->pool, &method, &error))
    protocol_error (self, error);
  else
    handle_method (self, &method);
}

static void
touch (HeartbeatConnection *self, HeartbeatChannel *channel)
{
  guint n = self->touched->len;

  if (n == 0 || g_ptr_array_index (self->touched, n - 1) != channel)
    g_ptr_array_add (self->touched, g_object_ref (channel));
}

static void
handle_channel_frame (HeartbeatConnection *self, const HeartbeatFrame *frame)
{
  g_autoptr (HeartbeatChannel) channel = NULL;
  g_autoptr (GError) error = NULL;

  if (self->phase == PHASE_CLOSING)
    return;
  if (frame->channel < self->channels->len)
    g_set_object (&channel, g_ptr_array_index (self->channels, frame->channel));
  if (channel == NULL)
    {
      protocol_violation (self, AMQP_CHANNEL_ERROR,
                          _ ("The broker sent a frame for a channel that is not open"));
      return;
    }

  touch (self, channel);
  if (!heartbeat_channel_handle_frame (channel, frame, &self->pool, &error))
    {
      if (self->phase == PHASE_READY)
        protocol_error (self, error);
    }
  else if (heartbeat_channel_is_closed (channel) && frame->channel < self->channels->len
           && g_ptr_array_index (self->channels, frame->channel) == channel)
    {
      g_clear_object (&g_ptr_array_index (self->channels, frame->channel));
    }
}

static void
on_frame (gpointer owner, const HeartbeatFrame *frame)
{
  HeartbeatConnection *self = owner;

  if (frame->channel == 0)
    handle_connection_frame (self, frame);
  else
    handle_channel_frame (self, frame);
  recycle_amqp_pool (&self->pool);
}

static void
on_batch_done (gpointer owner)
{
  HeartbeatConnection *self = owner;

  for (guint i = 0; i < self->touched->len; i++)
    heartbeat_channel_batch_done (g_ptr_array_index (self->touched, i));
  g_ptr_array_set_size (self->touched, 0);
}

static void
on_closed (gpointer owner, const GError *error)
{
  lost (owner, error);
}

static const HeartbeatTransportEvents transport_events = { on_frame, on_batch_done, on_closed };

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatConnection) self = user_data;
  HeartbeatTransport *transport = HEARTBEAT_TRANSPORT (source);
  g_autoptr (GError) error = NULL;
  gboolean connected = heartbeat_transport_connect_finish (transport, result, &error);

  /* An attempt that was given up. */
  if (transport != self->transport)
    return;
  if (!connected)
    {
      lost (self, error);
      return;
    }
  self->phase = PHASE_START;
  set_deadline (self, HANDSHAKE_LIMIT);
  heartbeat_frame_append_protocol (heartbeat_transport_get_output (transport));
  heartbeat_transport_flush (transport);
}

static void
attempt (HeartbeatConnection *self)
{
  g_autofree char *broker = heartbeat_broker_uri_to_display (current_uri (self));

  self->phase = PHASE_CONNECT;
  self->cancellable = g_cancellable_new ();
  self->transport = heartbeat_transport_new (&transport_events, G_OBJECT (self));
  set_deadline (self, CONNECT_LIMIT);
  heartbeat_transport_connect_async (self->transport, current_uri (self), self->cancellable,
                                     on_connected, g_object_ref (self));
  g_object_freeze_notify (G_OBJECT (self));
  set_text (self, &self->broker, broker, PROP_BROKER);
  set_state (self, HEARTBEAT_CONNECTION_STATE_CONNECTING);
  g_object_thaw_notify (G_OBJECT (self));
}

static void
heartbeat_connection_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  HeartbeatConnection *self = HEARTBEAT_CONNECTION (object);

  switch (id)
    {
    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    case PROP_ERROR:
      g_value_set_string (value, self->error);
      break;
    case PROP_BROKER:
      g_value_set_string (value, self->broker);
      break;
    case PROP_BLOCKED:
      g_value_set_string (value, self->blocked);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
heartbeat_connection_dispose (GObject *object)
{
  drop (HEARTBEAT_CONNECTION (object));

  G_OBJECT_CLASS (heartbeat_connection_parent_class)->dispose (object);
}

static void
heartbeat_connection_finalize (GObject *object)
{
  HeartbeatConnection *self = HEARTBEAT_CONNECTION (object);

  g_ptr_array_unref (self->uris);
  g_ptr_array_unref (self->channels);
  g_ptr_array_unref (self->touched);
  g_ptr_array_unref (self->closers);
  g_free (self->purpose);
  g_free (self->error);
  g_clear_error (&self->last_error);
  g_free (self->broker);
  g_free (self->blocked);
  empty_amqp_pool (&self->pool);

  G_OBJECT_CLASS (heartbeat_connection_parent_class)->finalize (object);
}

static void
heartbeat_connection_class_init (HeartbeatConnectionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = heartbeat_connection_get_property;
  object_class->dispose = heartbeat_connection_dispose;
  object_class->finalize = heartbeat_connection_finalize;

  properties[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, HEARTBEAT_TYPE_CONNECTION_STATE,
                                              HEARTBEAT_CONNECTION_STATE_DISABLED, flags);
  properties[PROP_ERROR] = g_param_spec_string ("error", NULL, NULL, "", flags);
  properties[PROP_BROKER] = g_param_spec_string ("broker", NULL, NULL, "", flags);
  properties[PROP_BLOCKED] = g_param_spec_string ("blocked", NULL, NULL, "", flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
heartbeat_connection_init (HeartbeatConnection *self)
{
  self->error = g_strdup ("");
  self->broker = g_strdup ("");
  self->blocked = g_strdup ("");
  self->channels = g_ptr_array_new_with_free_func (free_channel);
  self->touched = g_ptr_array_new_with_free_func (g_object_unref);
  self->closers = g_ptr_array_new_with_free_func (g_object_unref);
  init_amqp_pool (&self->pool, POOL_PAGE_SIZE);
}

/**
 * heartbeat_connection_new:
 * @uris: (element-type HeartbeatBrokerUri): brokers, at least one, tried in this order
 * @purpose: what the connection is for, for logs and the broker's tools
 *
 * Makes one AMQP connection that, once started, comes back for ever: when all of @uris failed it waits from 1 s up to a minute,
 * at random, and begins again.
 *
 * Returns: (transfer full): a connection that is not started
 */
HeartbeatConnection *
heartbeat_connection_new (GPtrArray *uris, const char *purpose)
{
  HeartbeatConnection *self = NULL;

  g_return_val_if_fail (uris != NULL && uris->len > 0, NULL);

  self = g_object_new (HEARTBEAT_TYPE_CONNECTION, NULL);
  self->uris = g_ptr_array_ref (uris);
  self->purpose = g_strdup (purpose);
  g_free (self->broker);
  self->broker = heartbeat_broker_uri_to_display (current_uri (self));
  return self;
}

static void
warn_unverified (HeartbeatConnection *self)
{
  for (guint i = 0; i < self->uris->len; i++)
    {
      const HeartbeatBrokerUri *uri = g_ptr_array_index (self->uris, i);
      g_autofree char *broker = heartbeat_broker_uri_to_display (uri);

      if (!heartbeat_broker_uri_get_verify (uri))
        heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_TLS_UNVERIFIED, NULL, NULL,
                       "verify=verify_none: the certificate of %s is not verified (%s), so whoever "
                       "is on the way can play the broker, read everything, and learn the password",
                       broker, self->purpose);
    }
}

/**
 * heartbeat_connection_start:
 * @self: a connection
 *
 * Begins to connect. Does nothing where it has begun.
 */
void
heartbeat_connection_start (HeartbeatConnection *self)
{
  g_return_if_fail (HEARTBEAT_IS_CONNECTION (self));

  if (self->phase != PHASE_IDLE)
    return;
  warn_unverified (self);
  begin_round (self);
}

/* An attempt from before the network changed may hang where a new one would not. */
static gboolean
is_slow_attempt (HeartbeatConnection *self)
{
  gint64 left = 0;

  if (self->phase != PHASE_CONNECT)
    return FALSE;
  left = g_source_get_ready_time (self->deadline) - g_get_monotonic_time ();
  return left <= CONNECT_LIMIT - RETRIES_APART;
}

/**
 * heartbeat_connection_retry_now:
 * @self: a connection
 *
 * To be called when the network changed, the machine woke up or the user asks for it: ends a wait at once, and makes a
 * connection that only seems to be alive find out. See #HeartbeatNetworkWatch.
 */
void
heartbeat_connection_retry_now (HeartbeatConnection *self)
{
  g_return_if_fail (HEARTBEAT_IS_CONNECTION (self));

  self->attempts = 0;
  if (self->phase == PHASE_WAIT)
    {
      begin_round (self);
    }
  else if (is_slow_attempt (self))
    {
      drop (self);
      attempt (self);
    }
  else if (self->phase == PHASE_READY
           && g_get_monotonic_time () - self->heartbeat_sent >= RETRIES_APART)
    {
      send_heartbeat (self);
    }
}

/**
 * heartbeat_connection_close_async:
 * @self: a connection
 * @callback: (nullable): called when it is closed, 2 s later at most
 * @user_data: for @callback
 *
 * Sends what waits, then closes in good order. Channels are lost at once.
 */
void
heartbeat_connection_close_async (HeartbeatConnection *self,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  amqp_connection_close_t close = { .reply_code = AMQP_REPLY_SUCCESS };
  g_autoptr (GError) error = NULL;
  GTask *task = NULL;

  g_return_if_fail (HEARTBEAT_IS_CONNECTION (self));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, heartbeat_connection_close_async);
  g_ptr_array_add (self->closers, task);
  if (self->phase == PHASE_CLOSING)
    return;
  if (self->phase != PHASE_READY)
    {
      stopped (self);
      return;
    }

  heartbeat_frame_append_method (heartbeat_transport_get_output (self->transport), 0,
                                 AMQP_CONNECTION_CLOSE_METHOD, &close);
  heartbeat_transport_flush (self->transport);
  self->phase = PHASE_CLOSING;
  set_deadline (self, CLOSE_LIMIT);
  error = g_error_new_literal (HEARTBEAT_ERROR, HEARTBEAT_ERROR_NOT_CONNECTED,
                               _ ("The connection is being closed"));
  g_object_freeze_notify (G_OBJECT (self));
  set_state (self, HEARTBEAT_CONNECTION_STATE_DISABLED);
  lose_channels (self, error);
  g_object_thaw_notify (G_OBJECT (self));
}

/**
 * heartbeat_connection_close_finish:
 * @self: a connection
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Returns: %TRUE
 */
gboolean
heartbeat_connection_close_finish (HeartbeatConnection *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static guint
find_free_number (HeartbeatConnection *self)
{
  guint number = 1;

  while (number < self->channels->len && g_ptr_array_index (self->channels, number) != NULL)
    number++;
  return number;
}

/**
 * heartbeat_connection_open_channel:
 * @self: a connection
 * @events: what to call; lives as long as the channel
 * @owner: their first argument, closes the channel before it goes away
 * @error: return location for %HEARTBEAT_ERROR_NOT_CONNECTED or %HEARTBEAT_ERROR_REFUSED (no number is left)
 *
 * Opens a channel, which lives until it is closed or the connection is lost.
 *
 * Returns: (transfer full): a channel that can be used at once, or %NULL
 */
HeartbeatChannel *
heartbeat_connection_open_channel (HeartbeatConnection *self,
                                   const HeartbeatChannelEvents *events,
                                   GObject *owner,
                                   GError **error)
{
  HeartbeatChannel *channel = NULL;
  guint number = 0;

  g_return_val_if_fail (HEARTBEAT_IS_CONNECTION (self), NULL);

  if (self->phase != PHASE_READY)
    {
      g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NOT_CONNECTED,
                           _ ("There is no connection to the broker"));
      return NULL;
    }
  number = find_free_number (self);
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
  if (number >= self->channels->len)
    g_ptr_array_set_size (self->channels, (int) number + 1);
  g_ptr_array_index (self->channels, number) = g_object_ref (channel);
  return channel;
}

/**
 * heartbeat_connection_get_state:
 * @self: a connection
 *
 * Returns: how it is doing
 */
HeartbeatConnectionState
heartbeat_connection_get_state (HeartbeatConnection *self)
{
  return self->state;
}

/**
 * heartbeat_connection_get_error:
 * @self: a connection
 *
 * Returns: why it is not connected, "" if it is or was not tried yet
 */
const char *
heartbeat_connection_get_error (HeartbeatConnection *self)
{
  return self->error;
}

/**
 * heartbeat_connection_get_last_error:
 * @self: a connection
 * @stage: (out) (optional): how far it had come
 *
 * What failed last, for programs; heartbeat_connection_get_error() has it in words for people. Kept until it is connected.
 *
 * Returns: (transfer none) (nullable): the error, valid until the connection changes; %NULL if it is connected or nothing
 *   has failed yet
 */
const GError *
heartbeat_connection_get_last_error (HeartbeatConnection *self, HeartbeatConnectionStage *stage)
{
  if (stage != NULL)
    *stage = self->last_stage;
  return self->last_error;
}

/**
 * heartbeat_connection_get_broker:
 * @self: a connection
 *
 * Returns: "host:port" of the broker that is used or was tried last
 */
const char *
heartbeat_connection_get_broker (HeartbeatConnection *self)
{
  return self->broker;
}

/**
 * heartbeat_connection_get_blocked:
 * @self: a connection
 *
 * Returns: why the broker takes no messages for now, "" if it does
 */
const char *
heartbeat_connection_get_blocked (HeartbeatConnection *self)
{
  return self->blocked;
}
