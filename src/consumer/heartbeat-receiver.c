/* SPDX-License-Identifier: MIT */

#include "consumer/heartbeat-receiver.h"

#include <string.h>

#include "consumer/heartbeat-tick-ack.h"
#include "agent/heartbeat-agent-private.h"
#include "json/heartbeat-envelope.h"
#include "json/heartbeat-json.h"
#include "base/heartbeat-log.h"
#include "base/heartbeat-rate-limit.h"

#define SYSTEM_PREFIX "system.heartbeat."

/**
 * HeartbeatReceiver:
 *
 * Says what becomes of each message of an inbox: a tick is the agent's to decide, what is for the agent is passed on, and
 * what nobody can read is rejected.
 */
struct _HeartbeatReceiver
{
  char *agent_name;
  HeartbeatAgent *agent; /* unowned */
  char *app_id;          /* of what this process publishes */
  HeartbeatReceiverFuncs funcs;
  gpointer user_data;
  HeartbeatInboxRunner *runner; /* or NULL */
  HeartbeatRateLimit rejections;
  guint64 n_rejected;
};

static HeartbeatDisposition
reject (HeartbeatReceiver *self, const HeartbeatMessage *message, const char *reason)
{
  g_autofree char *more = NULL;
  guint64 suppressed;

  self->n_rejected++;
  self->funcs.rejected (self->user_data);
  if (!heartbeat_rate_limit_allow (&self->rejections, g_get_monotonic_time (), &suppressed))
    return HEARTBEAT_DISPOSITION_REJECT;
  if (suppressed > 0)
    more = g_strdup_printf (" (and %" G_GUINT64_FORMAT " more before it)", suppressed);
  heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_MESSAGE_REJECTED, self->agent_name, NULL,
                 "rejected a message with routing key %s: %s%s", message->routing_key, reason,
                 more != NULL ? more : "");
  return HEARTBEAT_DISPOSITION_REJECT;
}

static HeartbeatDisposition
take_tick (HeartbeatReceiver *self, HeartbeatInbox *inbox, const HeartbeatMessage *message)
{
  g_autoptr (GError) error = NULL;
  HeartbeatTick tick;

  if (!heartbeat_tick_parse (&tick, (const char *) message->body, message->length, &error))
    return reject (self, message, error->message);
  self->funcs.ticked (self->user_data);
  switch (heartbeat_agent_tick (self->agent, &tick, message->received_us))
    {
    case HEARTBEAT_TICK_IDLE:
      return HEARTBEAT_DISPOSITION_ACKNOWLEDGE;
    case HEARTBEAT_TICK_DUE:
      heartbeat_agent_run_due_async (
          self->agent, &tick, heartbeat_tick_ack_on_done,
          heartbeat_tick_ack_new (inbox, heartbeat_inbox_get_delivery (inbox, message)));
      return HEARTBEAT_DISPOSITION_LATER;
    default:
      return HEARTBEAT_DISPOSITION_LATER;
    }
}

static char *
dup_event_type (const HeartbeatJson *event)
{
  HeartbeatJson type;

  if (heartbeat_json_get_member (event, "event_type", &type) && heartbeat_json_is_string (&type))
    return heartbeat_json_dup_string (&type, NULL);
  return g_strdup ("");
}

static HeartbeatDisposition
take_message (HeartbeatReceiver *self, HeartbeatInbox *inbox, const HeartbeatMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *event_type = NULL;
  g_autofree char *body = NULL;
  HeartbeatJson event;

  if (strcmp (message->app_id, HEARTBEAT_DOCTOR_APP_ID) == 0
      || strcmp (message->app_id, self->app_id) == 0)
    return HEARTBEAT_DISPOSITION_ACKNOWLEDGE;
  if (!heartbeat_json_scan ((const char *) message->body, message->length, HEARTBEAT_JSON_NONE,
                            &event, &error))
    return reject (self, message, error->message);
  if (!heartbeat_json_is_object (&event))
    return reject (self, message, "an event is a JSON object");
  event_type = dup_event_type (&event);
  body = g_strndup ((const char *) message->body, message->length);
  self->funcs.received (message->routing_key, event_type, body, self->user_data);
  if (self->runner == NULL)
    return HEARTBEAT_DISPOSITION_ACKNOWLEDGE;
  heartbeat_inbox_runner_take (self->runner, heartbeat_inbox_get_delivery (inbox, message),
                               message->routing_key, body);
  return HEARTBEAT_DISPOSITION_LATER;
}

/**
 * heartbeat_receiver_new:
 * @agent: the agent; it outlives the receiver
 * @app_id: the `app_id` of what this process publishes, which is passed on to nobody
 * @funcs: callbacks for incoming messages; copied
 * @user_data: passed to @funcs
 *
 * Returns: (transfer full): a receiver
 */
HeartbeatReceiver *
heartbeat_receiver_new (HeartbeatAgent *agent,
                        const char *app_id,
                        const HeartbeatReceiverFuncs *funcs,
                        gpointer user_data)
{
  HeartbeatReceiver *self = g_new0 (HeartbeatReceiver, 1);

  g_return_val_if_fail (HEARTBEAT_IS_AGENT (agent), NULL);
  g_return_val_if_fail (app_id != NULL, NULL);
  g_return_val_if_fail (funcs != NULL, NULL);

  self->agent_name = g_strdup (heartbeat_agent_get_name (agent));
  self->agent = agent;
  self->app_id = g_strdup (app_id);
  self->funcs = *funcs;
  self->user_data = user_data;
  return self;
}

/**
 * heartbeat_receiver_free:
 * @self: (transfer full): a receiver
 */
void
heartbeat_receiver_free (HeartbeatReceiver *self)
{
  g_clear_object (&self->runner);
  g_free (self->app_id);
  g_free (self->agent_name);
  g_free (self);
}

/**
 * heartbeat_receiver_set_runner:
 * @self: a receiver
 * @runner: (nullable): handles the messages for the agent; without one they are acknowledged at once
 */
void
heartbeat_receiver_set_runner (HeartbeatReceiver *self, HeartbeatInboxRunner *runner)
{
  g_return_if_fail (self != NULL);

  g_set_object (&self->runner, runner);
}

/**
 * heartbeat_receiver_take:
 * @self: a receiver
 * @inbox: the inbox that @message came into
 * @message: a message
 *
 * Returns: what becomes of @message
 */
HeartbeatDisposition
heartbeat_receiver_take (HeartbeatReceiver *self,
                         HeartbeatInbox *inbox,
                         const HeartbeatMessage *message)
{
  if (message->too_large)
    return reject (self, message, "it is larger than 1 MiB");
  if (strcmp (message->routing_key, HEARTBEAT_TICK_ROUTING_KEY) == 0)
    return take_tick (self, inbox, message);
  if (!g_str_has_prefix (message->routing_key, SYSTEM_PREFIX))
    return take_message (self, inbox, message);
  heartbeat_log (G_LOG_LEVEL_DEBUG, HEARTBEAT_EVENT_NONE, self->agent_name, NULL, "ignored %s",
                 message->routing_key);
  return HEARTBEAT_DISPOSITION_ACKNOWLEDGE;
}

/**
 * heartbeat_receiver_get_rejected:
 * @self: a receiver
 *
 * Returns: how many messages were rejected
 */
guint64
heartbeat_receiver_get_rejected (HeartbeatReceiver *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->n_rejected;
}
