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

#define REFUSED_WAIT_US (60 * G_USEC_PER_SEC)

struct _HeartbeatConnection
{
  GObject parent_instance;

  GPtrArray *uris;
  char *purpose;

  HeartbeatConnectionState state;
  char *error;
  GError *last_error; /* what @error was made of */
  HeartbeatConnectionStage last_stage;
  char *broker;
  char *blocked;
  HeartbeatRateLimit alarms;
  gboolean alarm_reported;

  guint index;          /* of the URI that is used or tried */
  guint round;          /* how many URIs are left to try before waiting */
  gboolean all_refused; /* whether every broker of this round refused the login */
  guint attempts;
  gint64 ready_since;

  HeartbeatSession *session; /* NULL while there is no attempt */
  GSource *retry;
  GPtrArray *closers; /* tasks that wait for the end */
};

enum
{
  CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (HeartbeatConnection, heartbeat_connection, G_TYPE_OBJECT)

G_DEFINE_ENUM_TYPE (HeartbeatConnectionState,
                    heartbeat_connection_state,
                    G_DEFINE_ENUM_VALUE (HEARTBEAT_CONNECTION_STATE_DISABLED, "disabled"),
                    G_DEFINE_ENUM_VALUE (HEARTBEAT_CONNECTION_STATE_CONNECTING, "connecting"),
                    G_DEFINE_ENUM_VALUE (HEARTBEAT_CONNECTION_STATE_CONNECTED, "connected"),
                    G_DEFINE_ENUM_VALUE (HEARTBEAT_CONNECTION_STATE_WAITING, "waiting"))

static void
set_text (char **text, const char *value)
{
  g_autofree char *old = *text;

  *text = g_strdup (value);
}

static void
emit_changed (HeartbeatConnection *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
}

static HeartbeatBrokerUri *
current_uri (HeartbeatConnection *self)
{
  return g_ptr_array_index (self->uris, self->index);
}

static void
drop_session (HeartbeatConnection *self)
{
  heartbeat_deadline_clear (&self->retry);
  if (self->session != NULL)
    heartbeat_session_drop (self->session);
  g_clear_object (&self->session);
}

static gboolean
is_refused_login (HeartbeatConnectionStage stage, const GError *error)
{
  return (stage == HEARTBEAT_CONNECTION_STAGE_LOGIN || stage == HEARTBEAT_CONNECTION_STAGE_VHOST)
         && g_error_matches (error, HEARTBEAT_AMQP_ERROR, AMQP_ACCESS_REFUSED);
}

/* What people read. */
static char *
describe (HeartbeatConnection *self,
          HeartbeatLogin login,
          HeartbeatConnectionStage stage,
          const GError *error)
{
  const char *refusal = heartbeat_handshake_describe_refusal (current_uri (self), login);

  if (is_refused_login (stage, error))
    return g_strdup (refusal);
  if (stage == HEARTBEAT_CONNECTION_STAGE_LOGIN
      && g_error_matches (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NOT_CONNECTED))
    return g_strdup_printf (
        _ ("the broker closed the connection after the login, perhaps for this: %s"), refusal);
  return heartbeat_advice_describe (error);
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

static void on_ready (gpointer owner);
static void on_blocked (gpointer owner, const char *reason);
static void on_closed (gpointer owner, HeartbeatConnectionStage stage, const GError *error);

static const HeartbeatSessionEvents session_events = { on_ready, on_blocked, on_closed };

static void
attempt (HeartbeatConnection *self)
{
  g_free (self->broker);
  self->broker = heartbeat_broker_uri_to_display (current_uri (self));
  self->state = HEARTBEAT_CONNECTION_STATE_CONNECTING;
  self->session
      = heartbeat_session_new (current_uri (self), self->purpose, &session_events, G_OBJECT (self));
}

static void
begin_round (HeartbeatConnection *self)
{
  heartbeat_deadline_clear (&self->retry);
  self->round = self->uris->len;
  self->all_refused = TRUE;
  attempt (self);
  emit_changed (self);
}

static gboolean
on_retry (gpointer user_data)
{
  begin_round (user_data);
  return G_SOURCE_REMOVE;
}

/* Waits before the next round over the brokers. */
static void
wait_for_next_round (HeartbeatConnection *self)
{
  gint64 delay_us = self->all_refused
                        ? REFUSED_WAIT_US
                        : heartbeat_backoff_delay_ms (self->attempts, g_random_double ()) * 1000;

  self->attempts++;
  self->state = HEARTBEAT_CONNECTION_STATE_WAITING;
  heartbeat_deadline_set (&self->retry, g_get_monotonic_time () + delay_us, on_retry, self);
}

static void
stopped (HeartbeatConnection *self)
{
  g_autoptr (GPtrArray) closers = g_steal_pointer (&self->closers);

  self->closers = g_ptr_array_new_with_free_func (g_object_unref);
  drop_session (self);
  self->state = HEARTBEAT_CONNECTION_STATE_DISABLED;
  set_text (&self->error, "");
  set_text (&self->blocked, "");
  emit_changed (self);
  for (guint i = 0; i < closers->len; i++)
    g_task_return_boolean (g_ptr_array_index (closers, i), TRUE);
}

static void
count_failure (HeartbeatConnection *self, gboolean was_ready, gboolean refused)
{
  gint64 served_us = g_get_monotonic_time () - self->ready_since;

  self->all_refused = self->all_refused && refused;
  self->index = (self->index + 1) % self->uris->len;
  if (was_ready)
    {
      self->round = 0;
      self->attempts = heartbeat_backoff_after_service (self->attempts, served_us / 1000);
    }
  else
    {
      self->round--;
    }
}

/* The session has ended, or none was established: try the next broker, or wait. */
static void
lost (HeartbeatConnection *self, HeartbeatConnectionStage stage, const GError *error)
{
  g_autoptr (HeartbeatSession) session = g_steal_pointer (&self->session);
  gboolean was_ready = self->state == HEARTBEAT_CONNECTION_STATE_CONNECTED;
  g_autofree char *message = describe (self, heartbeat_session_get_login (session), stage, error);

  set_last_error (self, stage, error);
  log_lost (self, was_ready, message);
  count_failure (self, was_ready, is_refused_login (stage, error));

  set_text (&self->error, message);
  set_text (&self->blocked, "");
  if (self->round > 0)
    attempt (self);
  else
    wait_for_next_round (self);

  /* A listener may close the connection, so notify last. */
  heartbeat_session_lose_channels (session, error);
  emit_changed (self);
}

static void
on_closed (gpointer owner, HeartbeatConnectionStage stage, const GError *error)
{
  g_autoptr (HeartbeatConnection) self = g_object_ref (owner);

  if (error == NULL)
    stopped (self);
  else
    lost (self, stage, error);
}

static void
on_ready (gpointer owner)
{
  g_autoptr (HeartbeatConnection) self = g_object_ref (owner);

  self->ready_since = g_get_monotonic_time ();
  heartbeat_log (G_LOG_LEVEL_INFO, HEARTBEAT_EVENT_BROKER_CONNECTED, NULL, NULL,
                 "Connected to %s (%s)", self->broker, self->purpose);
  set_last_error (self, HEARTBEAT_CONNECTION_STAGE_NONE, NULL);
  self->state = HEARTBEAT_CONNECTION_STATE_CONNECTED;
  set_text (&self->error, "");
  emit_changed (self);
}

static void
report_alarm (HeartbeatConnection *self, const char *reason)
{
  guint64 suppressed = 0;

  if (*reason != '\0')
    {
      self->alarm_reported
          = heartbeat_rate_limit_allow (&self->alarms, g_get_monotonic_time (), &suppressed);
      if (self->alarm_reported)
        heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_BROKER_BLOCKED, NULL, NULL,
                       "The broker takes no messages for now: %s", reason);
    }
  else if (self->alarm_reported)
    {
      self->alarm_reported = FALSE;
      heartbeat_log (G_LOG_LEVEL_INFO, HEARTBEAT_EVENT_BROKER_UNBLOCKED, NULL, NULL,
                     "The broker takes messages again");
    }
}

static void
on_blocked (gpointer owner, const char *reason)
{
  g_autoptr (HeartbeatConnection) self = g_object_ref (owner);

  report_alarm (self, reason);
  set_text (&self->blocked, reason);
  emit_changed (self);
}

static void
heartbeat_connection_dispose (GObject *object)
{
  drop_session (HEARTBEAT_CONNECTION (object));

  G_OBJECT_CLASS (heartbeat_connection_parent_class)->dispose (object);
}

static void
heartbeat_connection_finalize (GObject *object)
{
  HeartbeatConnection *self = HEARTBEAT_CONNECTION (object);

  g_ptr_array_unref (self->uris);
  g_ptr_array_unref (self->closers);
  g_free (self->purpose);
  g_free (self->error);
  g_clear_error (&self->last_error);
  g_free (self->broker);
  g_free (self->blocked);

  G_OBJECT_CLASS (heartbeat_connection_parent_class)->finalize (object);
}

static void
heartbeat_connection_class_init (HeartbeatConnectionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = heartbeat_connection_dispose;
  object_class->finalize = heartbeat_connection_finalize;

  /**
   * HeartbeatConnection::changed:
   * @self: a connection
   *
   * State, error, broker or alarm changed. By then all channels of a lost connection have been lost.
   */
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void
heartbeat_connection_init (HeartbeatConnection *self)
{
  self->error = g_strdup ("");
  self->broker = g_strdup ("");
  self->blocked = g_strdup ("");
  self->closers = g_ptr_array_new_with_free_func (g_object_unref);
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

      if (!uri->verify)
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

  if (self->session != NULL || self->retry != NULL)
    return;
  warn_unverified (self);
  begin_round (self);
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
  if (self->retry != NULL)
    {
      begin_round (self);
    }
  else if (self->session != NULL && !heartbeat_session_probe (self->session))
    {
      drop_session (self);
      attempt (self);
      emit_changed (self);
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
  g_autoptr (GError) error = NULL;
  GTask *task = NULL;

  g_return_if_fail (HEARTBEAT_IS_CONNECTION (self));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, heartbeat_connection_close_async);
  g_ptr_array_add (self->closers, task);
  if (self->closers->len > 1)
    return;
  if (self->state != HEARTBEAT_CONNECTION_STATE_CONNECTED)
    {
      stopped (self);
      return;
    }

  heartbeat_session_close (self->session);
  error = g_error_new_literal (HEARTBEAT_ERROR, HEARTBEAT_ERROR_NOT_CONNECTED,
                               _ ("The connection is being closed"));
  self->state = HEARTBEAT_CONNECTION_STATE_DISABLED;
  heartbeat_session_lose_channels (self->session, error);
  emit_changed (self);
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
  g_return_val_if_fail (HEARTBEAT_IS_CONNECTION (self), NULL);

  if (self->state != HEARTBEAT_CONNECTION_STATE_CONNECTED)
    {
      g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NOT_CONNECTED,
                           _ ("There is no connection to the broker"));
      return NULL;
    }
  return heartbeat_session_open_channel (self->session, events, owner, error);
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
  g_return_val_if_fail (HEARTBEAT_IS_CONNECTION (self), HEARTBEAT_CONNECTION_STATE_DISABLED);

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
  g_return_val_if_fail (HEARTBEAT_IS_CONNECTION (self), NULL);

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
  g_return_val_if_fail (HEARTBEAT_IS_CONNECTION (self), NULL);

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
  g_return_val_if_fail (HEARTBEAT_IS_CONNECTION (self), NULL);

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
  g_return_val_if_fail (HEARTBEAT_IS_CONNECTION (self), NULL);

  return self->blocked;
}
