/* SPDX-License-Identifier: MIT */

#include "ctl/heartbeat-ctl-probe.h"

#include <unistd.h>

#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"

#define PROGRESS_AFTER_MS 1000
#define CONFIRM_LIMIT_MS  10000

/**
 * HeartbeatCtlProbe:
 *
 * Tries once to reach a broker, and asks it questions. Each call runs the main loop until the answer is there, for at most 10 s
 * a stage; so this is only for programs that have nothing else to do.
 */
struct _HeartbeatCtlProbe
{
  GObject parent_instance;

  HeartbeatConnection *connection;
  HeartbeatChannel *channel; /* NULL if none is open */
  GError *closed;            /* why the last one was closed */
  gboolean confirming;
  gboolean returned;
  gboolean confirmed;
  gboolean accepted;
  gboolean overdue;
};

G_DEFINE_FINAL_TYPE (HeartbeatCtlProbe, heartbeat_ctl_probe, G_TYPE_OBJECT)

/* --- Waiting -------------------------------------------------------------------------------------------------------- */

static gboolean
on_slow (gpointer user_data)
{
  gboolean *shown = user_data;

  *shown = TRUE;
  g_printerr (_ ("waiting for the broker…"));
  return G_SOURCE_REMOVE;
}

/* Runs the loop, and shows a message on a terminal if that takes long. */
static void
run_until (gboolean (*is_done) (gpointer), gpointer user_data)
{
  gboolean shown = FALSE;
  g_autoptr (GSource) progress = g_timeout_source_new (PROGRESS_AFTER_MS);

  g_source_set_callback (progress, on_slow, &shown, NULL);
  if (isatty (STDERR_FILENO))
    g_source_attach (progress, NULL);
  while (!is_done (user_data))
    g_main_context_iteration (NULL, TRUE);
  g_source_destroy (progress);
  if (shown)
    g_printerr ("\r\033[K");
}

static gboolean
is_set (gpointer flag)
{
  return *(gboolean *) flag;
}

/* --- The channel ---------------------------------------------------------------------------------------------------- */

static void
forget_channel (HeartbeatCtlProbe *self)
{
  g_clear_object (&self->channel);
  self->confirming = FALSE;
}

static void
on_closed (gpointer owner, const GError *error)
{
  HeartbeatCtlProbe *self = owner;

  forget_channel (self);
  g_clear_error (&self->closed);
  if (error != NULL)
    self->closed = g_error_copy (error);
}

static void
on_returned (gpointer owner, const HeartbeatMessage *message)
{
  HeartbeatCtlProbe *self = owner;

  self->returned = TRUE;
}

static void
on_confirmed (gpointer owner, guint64 tag, gboolean multiple, gboolean acknowledged)
{
  HeartbeatCtlProbe *self = owner;

  self->confirmed = TRUE;
  self->accepted = acknowledged;
}

static const HeartbeatChannelEvents channel_events = {
  .closed = on_closed,
  .returned = on_returned,
  .confirmed = on_confirmed,
};

/* A refusal closes the channel, so the next question may need a new one. */
static gboolean
ensure_channel (HeartbeatCtlProbe *self, GError **error)
{
  if (self->channel == NULL)
    self->channel = heartbeat_connection_open_channel (self->connection, &channel_events,
                                                       G_OBJECT (self), error);
  return self->channel != NULL;
}

/* Otherwise a late confirm could be taken for that of the next message. */
static void
drop_channel (HeartbeatCtlProbe *self)
{
  if (self->channel != NULL)
    heartbeat_channel_close_async (self->channel, NULL, NULL);
  forget_channel (self);
}

/* --- Life ----------------------------------------------------------------------------------------------------------- */

static void
heartbeat_ctl_probe_dispose (GObject *object)
{
  HeartbeatCtlProbe *self = HEARTBEAT_CTL_PROBE (object);

  drop_channel (self);
  g_clear_object (&self->connection);
  g_clear_error (&self->closed);

  G_OBJECT_CLASS (heartbeat_ctl_probe_parent_class)->dispose (object);
}

static void
heartbeat_ctl_probe_class_init (HeartbeatCtlProbeClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = heartbeat_ctl_probe_dispose;
}

static void
heartbeat_ctl_probe_init (HeartbeatCtlProbe *self)
{
}

/**
 * heartbeat_ctl_probe_new:
 * @uri: a broker
 *
 * Returns: (transfer full): a probe that is not connected
 */
HeartbeatCtlProbe *
heartbeat_ctl_probe_new (HeartbeatBrokerUri *uri)
{
  HeartbeatCtlProbe *self = NULL;
  g_autoptr (GPtrArray) uris = NULL;

  g_return_val_if_fail (uri != NULL, NULL);

  self = g_object_new (HEARTBEAT_TYPE_CTL_PROBE, NULL);
  uris = g_ptr_array_new_with_free_func ((GDestroyNotify) heartbeat_broker_uri_unref);
  g_ptr_array_add (uris, heartbeat_broker_uri_ref (uri));
  self->connection = heartbeat_connection_new (uris, "heartbeatctl doctor");
  return self;
}

static gboolean
is_settled (gpointer user_data)
{
  HeartbeatCtlProbe *self = user_data;

  return heartbeat_connection_get_state (self->connection) != HEARTBEAT_CONNECTION_STATE_CONNECTING;
}

/**
 * heartbeat_ctl_probe_connect:
 * @self: a probe that is not connected
 * @stage: (out): the stage at which it failed
 *
 * Tries once to connect.
 *
 * Returns: (transfer none) (nullable): why it failed
 */
const GError *
heartbeat_ctl_probe_connect (HeartbeatCtlProbe *self, HeartbeatConnectionStage *stage)
{
  g_return_val_if_fail (HEARTBEAT_IS_CTL_PROBE (self), NULL);

  heartbeat_connection_start (self->connection);
  run_until (is_settled, self);
  return heartbeat_connection_get_last_error (self->connection, stage);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  heartbeat_connection_close_finish (HEARTBEAT_CONNECTION (source), result, NULL);
  *(gboolean *) user_data = TRUE;
}

/**
 * heartbeat_ctl_probe_close:
 * @self: a probe
 *
 * Closes the connection, within 2 s.
 */
void
heartbeat_ctl_probe_close (HeartbeatCtlProbe *self)
{
  gboolean stopped = FALSE;

  g_return_if_fail (HEARTBEAT_IS_CTL_PROBE (self));

  heartbeat_connection_close_async (self->connection, on_stopped, &stopped);
  run_until (is_set, &stopped);
}

/* --- Questions ------------------------------------------------------------------------------------------------------ */

typedef struct
{
  gboolean done;
  HeartbeatReply reply;
  GError *error;
} Call;

static void
on_reply (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Call *call = user_data;

  heartbeat_channel_call_finish (HEARTBEAT_CHANNEL (source), result, &call->reply, &call->error);
  call->done = TRUE;
}

/**
 * heartbeat_ctl_probe_call:
 * @self: a connected probe
 * @method: a method that has a reply
 * @decoded: its arguments
 * @reply: (out caller-allocates) (optional): the reply
 * @error: return location for an error as of heartbeat_channel_call_finish()
 *
 * Returns: whether the broker did it
 */
gboolean
heartbeat_ctl_probe_call (HeartbeatCtlProbe *self,
                          amqp_method_number_t method,
                          void *decoded,
                          HeartbeatReply *reply,
                          GError **error)
{
  Call call = { 0 };

  g_return_val_if_fail (HEARTBEAT_IS_CTL_PROBE (self), FALSE);

  if (!ensure_channel (self, error))
    return FALSE;
  heartbeat_channel_call_async (self->channel, method, decoded, on_reply, &call);
  run_until (is_set, &call.done);
  if (reply != NULL)
    *reply = call.reply;
  if (call.error == NULL)
    return TRUE;
  g_propagate_error (error, call.error);
  return FALSE;
}

static gboolean
start_confirming (HeartbeatCtlProbe *self, GError **error)
{
  amqp_confirm_select_t select = { 0 };

  if (self->channel != NULL && self->confirming)
    return TRUE;
  self->confirming
      = heartbeat_ctl_probe_call (self, AMQP_CONFIRM_SELECT_METHOD, &select, NULL, error);
  return self->confirming;
}

static void
publish (HeartbeatCtlProbe *self, const char *exchange, const char *routing_key)
{
  g_autoptr (GBytes) body = g_bytes_new_static ("{}", 2);
  amqp_basic_publish_t publish = {
    .exchange = amqp_cstring_bytes (exchange),
    .routing_key = amqp_cstring_bytes (routing_key),
    .mandatory = 1,
  };
  amqp_basic_properties_t properties = {
    ._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_EXPIRATION_FLAG | AMQP_BASIC_APP_ID_FLAG,
    .content_type = amqp_cstring_bytes ("application/json"),
    .expiration = amqp_cstring_bytes ("0"),
    .app_id = amqp_cstring_bytes (HEARTBEAT_DOCTOR_APP_ID),
  };

  heartbeat_channel_publish (self->channel, &publish, &properties, body);
}

static gboolean
on_overdue (gpointer user_data)
{
  HeartbeatCtlProbe *self = user_data;

  self->overdue = TRUE;
  return G_SOURCE_REMOVE;
}

static gboolean
is_published (gpointer user_data)
{
  HeartbeatCtlProbe *self = user_data;

  return self->confirmed || self->overdue || self->channel == NULL;
}

static void
set_publish_error (HeartbeatCtlProbe *self, GError **error)
{
  const char *blocked = heartbeat_connection_get_blocked (self->connection);

  if (self->channel == NULL && self->closed != NULL)
    g_propagate_error (error, g_steal_pointer (&self->closed));
  else if (*blocked != '\0')
    g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_REFUSED,
                 _ ("the broker takes no messages for now: %s"), blocked);
  else if (self->confirmed)
    g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_REFUSED,
                         _ ("the broker did not take a message"));
  else
    g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_TIMED_OUT,
                         _ ("the broker did not confirm a message within 10 s"));
}

/**
 * heartbeat_ctl_probe_is_routed:
 * @self: a connected probe
 * @exchange: an exchange
 * @routing_key: a routing key
 * @routed: (out): whether a queue is bound for it
 * @error: return location for an error
 *
 * AMQP cannot list bindings, so this publishes a message that is returned if no queue is bound. At the head of a queue without
 * consumers it expires at once; consumers recognise it by %HEARTBEAT_DOCTOR_APP_ID. Behind other messages it stays until it
 * gets to the head. All queues that are bound get it.
 *
 * Returns: whether @routed is known
 */
gboolean
heartbeat_ctl_probe_is_routed (HeartbeatCtlProbe *self,
                               const char *exchange,
                               const char *routing_key,
                               gboolean *routed,
                               GError **error)
{
  g_autoptr (GSource) limit = g_timeout_source_new (CONFIRM_LIMIT_MS);

  g_return_val_if_fail (HEARTBEAT_IS_CTL_PROBE (self) && exchange != NULL && routing_key != NULL,
                        FALSE);

  if (!start_confirming (self, error))
    return FALSE;
  self->returned = self->confirmed = self->accepted = self->overdue = FALSE;
  g_source_set_callback (limit, on_overdue, self, NULL);
  g_source_attach (limit, NULL);
  publish (self, exchange, routing_key);
  run_until (is_published, self);
  g_source_destroy (limit);
  *routed = !self->returned;
  if (self->confirmed && self->accepted)
    return TRUE;
  set_publish_error (self, error);
  drop_channel (self);
  return FALSE;
}
