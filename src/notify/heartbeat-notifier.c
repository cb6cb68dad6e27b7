/* SPDX-License-Identifier: MIT */

#include "notify/heartbeat-notifier.h"

#include "base/heartbeat-limits.h"
#include "base/heartbeat-log.h"
#include "notify/heartbeat-agent-watch.h"
#include "notify/heartbeat-broker-watch.h"
#include "notify/heartbeat-notification-thread.h"

#define PAUSE_US (3600 * (gint64) G_USEC_PER_SEC)

/**
 * HeartbeatNotifier:
 *
 * Notifies the user on the desktop of what goes wrong, and does what the user chooses there.
 */
struct _HeartbeatNotifier
{
  GObject parent_instance;

  HeartbeatNotifyPolicy policy;
  HeartbeatNotificationThread *thread; /* NULL if nothing is to be shown, or no longer */
  HeartbeatBrokerWatch *broker_watch;
  GHashTable *agent_watches; /* HeartbeatConsumer → HeartbeatAgentWatch */
  guint patience;
};

G_DEFINE_FINAL_TYPE (HeartbeatNotifier, heartbeat_notifier, G_TYPE_OBJECT)

static void
heartbeat_notifier_dispose (GObject *object)
{
  heartbeat_notifier_stop (HEARTBEAT_NOTIFIER (object));
  G_OBJECT_CLASS (heartbeat_notifier_parent_class)->dispose (object);
}

static void
heartbeat_notifier_finalize (GObject *object)
{
  g_hash_table_unref (HEARTBEAT_NOTIFIER (object)->agent_watches);
  G_OBJECT_CLASS (heartbeat_notifier_parent_class)->finalize (object);
}

static void
heartbeat_notifier_class_init (HeartbeatNotifierClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = heartbeat_notifier_dispose;
  object_class->finalize = heartbeat_notifier_finalize;
}

static void
heartbeat_notifier_init (HeartbeatNotifier *self)
{
  self->patience = HEARTBEAT_BROKER_PATIENCE_MS;
  self->agent_watches = g_hash_table_new_full (NULL, NULL, g_object_unref,
                                               (GDestroyNotify) heartbeat_agent_watch_free);
}

static void
on_run (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HeartbeatAgent *agent = HEARTBEAT_AGENT (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatResult) end = heartbeat_agent_run_check_finish (agent, result, &error);

  /* The result is notified like that of any other run. */
  if (end == NULL)
    heartbeat_log (G_LOG_LEVEL_INFO, HEARTBEAT_EVENT_ACTION_FAILED,
                   heartbeat_agent_get_name (agent), NULL,
                   "the run that a notification asked for did not start: %s", error->message);
}

static void
on_paused (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HeartbeatAgent *agent = HEARTBEAT_AGENT (source);
  g_autoptr (GError) error = NULL;

  if (!heartbeat_agent_pause_finish (agent, result, &error))
    heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_ACTION_FAILED,
                   heartbeat_agent_get_name (agent), NULL,
                   "the pause that a notification asked for was not written: %s", error->message);
}

static void
on_chosen (HeartbeatNotice *notice, HeartbeatNoticeAction action, gpointer user_data)
{
  HeartbeatNotifier *self = user_data;
  GHashTableIter iter;
  HeartbeatAgentWatch *watch;

  g_hash_table_iter_init (&iter, self->agent_watches);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &watch))
    {
      HeartbeatAgent *agent = heartbeat_agent_watch_get_agent (watch);

      if (!g_str_equal (heartbeat_agent_get_name (agent), notice->agent))
        continue;
      if (action == HEARTBEAT_NOTICE_ACTION_PAUSE)
        heartbeat_agent_pause_async (agent, notice->check, g_get_real_time () + PAUSE_US, NULL,
                                     on_paused, NULL);
      else
        heartbeat_agent_run_check_async (agent, notice->check, 0, NULL, on_run, NULL);
      return;
    }
}

/**
 * heartbeat_notifier_new:
 * @policy: what the user is notified of
 *
 * Makes an object that notifies the user of failures on the desktop.
 *
 * Returns: (transfer full): a notifier without consumers
 */
HeartbeatNotifier *
heartbeat_notifier_new (HeartbeatNotifyPolicy policy)
{
  HeartbeatNotifier *self = g_object_new (HEARTBEAT_TYPE_NOTIFIER, NULL);

  self->policy = policy;
  if (policy != HEARTBEAT_NOTIFY_NONE)
    self->thread = heartbeat_notification_thread_new (on_chosen, self);
  return self;
}

/**
 * heartbeat_notifier_set_patience:
 * @self: a notifier without consumers
 * @patience: for how many milliseconds a broker may be away before the user is notified; 5 minutes unless set
 *
 * Sets how long a broker may be away before the user is notified.
 */
void
heartbeat_notifier_set_patience (HeartbeatNotifier *self, guint patience)
{
  g_return_if_fail (HEARTBEAT_IS_NOTIFIER (self));
  g_return_if_fail (self->broker_watch == NULL);

  self->patience = patience;
}

/**
 * heartbeat_notifier_add_consumer:
 * @self: a notifier
 * @consumer: a consumer
 *
 * Notifies the user of a consumer's failures from now on.
 */
void
heartbeat_notifier_add_consumer (HeartbeatNotifier *self, HeartbeatConsumer *consumer)
{
  HeartbeatAgentWatch *watch;

  g_return_if_fail (HEARTBEAT_IS_NOTIFIER (self));
  g_return_if_fail (HEARTBEAT_IS_CONSUMER (consumer));

  if (self->thread == NULL || g_hash_table_contains (self->agent_watches, consumer))
    return;
  watch = heartbeat_agent_watch_new (heartbeat_consumer_get_agent (consumer), self->thread,
                                     self->policy == HEARTBEAT_NOTIFY_ALL);
  g_hash_table_insert (self->agent_watches, g_object_ref (consumer), watch);
  if (self->broker_watch == NULL)
    self->broker_watch = heartbeat_broker_watch_new (self->thread, self->patience);
  heartbeat_broker_watch_add (self->broker_watch, consumer);
}

/**
 * heartbeat_notifier_remove_consumer:
 * @self: a notifier
 * @consumer: a consumer
 *
 * Withdraws the notifications of a consumer.
 */
void
heartbeat_notifier_remove_consumer (HeartbeatNotifier *self, HeartbeatConsumer *consumer)
{
  g_return_if_fail (HEARTBEAT_IS_NOTIFIER (self));
  g_return_if_fail (HEARTBEAT_IS_CONSUMER (consumer));

  if (!g_hash_table_contains (self->agent_watches, consumer))
    return;
  heartbeat_broker_watch_remove (self->broker_watch, consumer);
  g_hash_table_remove (self->agent_watches, consumer);
}

/**
 * heartbeat_notifier_stop:
 * @self: a notifier
 *
 * Withdraws all notifications, because nobody would answer their buttons. It takes no longer than a moment, whatever the
 * notification server does.
 */
void
heartbeat_notifier_stop (HeartbeatNotifier *self)
{
  g_return_if_fail (HEARTBEAT_IS_NOTIFIER (self));

  g_clear_pointer (&self->broker_watch, heartbeat_broker_watch_free);
  g_hash_table_remove_all (self->agent_watches);
  g_clear_pointer (&self->thread, heartbeat_notification_thread_free);
}
