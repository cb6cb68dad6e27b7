/* SPDX-License-Identifier: MIT */

#include "notify/heartbeat-broker-watch.h"

#include "base/heartbeat-deadline.h"
#include "base/heartbeat-i18n.h"

#define KEY "broker"

/**
 * HeartbeatBrokerWatch:
 *
 * Notifies the user when the broker has been away for long: once, however many agents miss it.
 */
struct _HeartbeatBrokerWatch
{
  HeartbeatNotificationThread *thread; /* unowned */
  guint patience;
  GHashTable *absences; /* HeartbeatConsumer → Absence */
  guint n_long;
};

/* One consumer, and for how long it has been without its broker. */
typedef struct
{
  HeartbeatBrokerWatch *watch;
  HeartbeatConsumer *consumer;
  GSource *deadline; /* set while the broker is away, but not for long */
  gboolean is_long;  /* the broker has been away for long */
} Absence;

static void
notify_away (HeartbeatBrokerWatch *self, HeartbeatConsumer *consumer)
{
  guint minutes = self->patience / 60000;
  const char *error = heartbeat_consumer_get_connection_error (consumer);
  g_autofree char *body
      = g_strdup_printf (ngettext ("No ticks from %s for more than %u minute: %s",
                                   "No ticks from %s for more than %u minutes: %s", minutes),
                         heartbeat_consumer_get_broker_address (consumer), minutes,
                         *error != '\0' ? error : _ ("it does not answer"));
  g_autoptr (HeartbeatNotice) notice
      = heartbeat_notice_new (KEY, HEARTBEAT_NOTICE_NORMAL, _ ("No heartbeats from the broker"),
                              body);

  heartbeat_notification_thread_present (self->thread, notice);
}

static void
set_long (Absence *absence, gboolean is_long)
{
  HeartbeatBrokerWatch *self = absence->watch;

  if (absence->is_long == is_long)
    return;
  absence->is_long = is_long;
  self->n_long += is_long ? 1 : -1;
  if (is_long && self->n_long == 1)
    notify_away (self, absence->consumer);
  else if (self->n_long == 0)
    heartbeat_notification_thread_resolve (self->thread, KEY, NULL);
}

static gboolean
on_deadline (gpointer user_data)
{
  set_long (user_data, TRUE);
  return G_SOURCE_REMOVE;
}

static void
on_state (Absence *absence)
{
  const char *state = heartbeat_consumer_get_connection_state (absence->consumer);

  if (g_strcmp0 (state, "connected") == 0 || g_strcmp0 (state, "disabled") == 0)
    {
      heartbeat_deadline_clear (&absence->deadline);
      set_long (absence, FALSE);
      return;
    }
  if (absence->deadline != NULL || absence->is_long)
    return;
  heartbeat_deadline_set_in (&absence->deadline, absence->watch->patience * G_TIME_SPAN_MILLISECOND,
                             on_deadline, absence);
}

static void
absence_free (gpointer data)
{
  Absence *absence = data;

  g_signal_handlers_disconnect_by_data (absence->consumer, absence);
  heartbeat_deadline_clear (&absence->deadline);
  set_long (absence, FALSE);
  g_object_unref (absence->consumer);
  g_free (absence);
}

/**
 * heartbeat_broker_watch_new:
 * @thread: shows the notices
 * @patience: for how many ms a broker may be away
 *
 * Returns: (transfer full): a watch
 */
HeartbeatBrokerWatch *
heartbeat_broker_watch_new (HeartbeatNotificationThread *thread, guint patience)
{
  HeartbeatBrokerWatch *self = g_new0 (HeartbeatBrokerWatch, 1);

  g_return_val_if_fail (thread != NULL, NULL);

  self->thread = thread;
  self->patience = patience;
  self->absences = g_hash_table_new_full (NULL, NULL, NULL, absence_free);
  return self;
}

/**
 * heartbeat_broker_watch_free:
 * @self: (transfer full): a watch
 */
void
heartbeat_broker_watch_free (HeartbeatBrokerWatch *self)
{
  g_hash_table_unref (self->absences);
  g_free (self);
}

/**
 * heartbeat_broker_watch_add:
 * @self: a watch
 * @consumer: a consumer that it does not watch yet
 */
void
heartbeat_broker_watch_add (HeartbeatBrokerWatch *self, HeartbeatConsumer *consumer)
{
  Absence *absence = g_new0 (Absence, 1);

  g_return_if_fail (self != NULL);
  g_return_if_fail (HEARTBEAT_IS_CONSUMER (consumer));

  absence->watch = self;
  absence->consumer = g_object_ref (consumer);
  g_hash_table_insert (self->absences, consumer, absence);
  g_signal_connect_swapped (consumer, "notify::connection-state", G_CALLBACK (on_state), absence);
  on_state (absence);
}

/**
 * heartbeat_broker_watch_remove:
 * @self: a watch
 * @consumer: a consumer
 */
void
heartbeat_broker_watch_remove (HeartbeatBrokerWatch *self, HeartbeatConsumer *consumer)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (HEARTBEAT_IS_CONSUMER (consumer));

  g_hash_table_remove (self->absences, consumer);
}
