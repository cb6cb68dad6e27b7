/* SPDX-License-Identifier: MIT */

#include "notify/heartbeat-broker-watch.h"

#include "base/heartbeat-i18n.h"

#define KEY "broker"

/**
 * HeartbeatBrokerWatch:
 *
 * Tells the user when the broker has been away for long. However many agents miss it, the user is told once.
 */
struct _HeartbeatBrokerWatch
{
  HeartbeatNotificationThread *presenter; /* unowned */
  guint patience;
  GHashTable *absences; /* HeartbeatConsumer → Absence */
  guint n_long;
};

/* One consumer, and for how long it has been without its broker. */
typedef struct
{
  HeartbeatBrokerWatch *watch;
  HeartbeatConsumer *consumer;
  GSource *timer;   /* it is away, but not for long */
  gboolean is_long; /* it is away for long */
} Absence;

static void
remove_timer (Absence *absence)
{
  if (absence->timer != NULL)
    g_source_destroy (absence->timer);
  g_clear_pointer (&absence->timer, g_source_unref);
}

static void
tell (HeartbeatBrokerWatch *self, HeartbeatConsumer *consumer)
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

  heartbeat_notification_thread_present (self->presenter, notice);
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
    tell (self, absence->consumer);
  else if (self->n_long == 0)
    heartbeat_notification_thread_resolve (self->presenter, KEY, NULL);
}

static gboolean
on_timer (gpointer user_data)
{
  Absence *absence = user_data;

  remove_timer (absence);
  set_long (absence, TRUE);
  return G_SOURCE_REMOVE;
}

static void
on_state (Absence *absence)
{
  const char *state = heartbeat_consumer_get_connection_state (absence->consumer);

  if (g_strcmp0 (state, "connected") == 0 || g_strcmp0 (state, "disabled") == 0)
    {
      remove_timer (absence);
      set_long (absence, FALSE);
      return;
    }
  if (absence->timer != NULL || absence->is_long)
    return;
  absence->timer = g_timeout_source_new (absence->watch->patience);
  g_source_set_callback (absence->timer, on_timer, absence, NULL);
  g_source_attach (absence->timer, g_main_context_get_thread_default ());
}

static void
absence_free (gpointer data)
{
  Absence *absence = data;

  g_signal_handlers_disconnect_by_data (absence->consumer, absence);
  remove_timer (absence);
  set_long (absence, FALSE);
  g_object_unref (absence->consumer);
  g_free (absence);
}

/**
 * heartbeat_broker_watch_new:
 * @presenter: who shows what there is to tell
 * @patience: for how many ms a broker may be away
 *
 * Returns: (transfer full): a watch
 */
HeartbeatBrokerWatch *
heartbeat_broker_watch_new (HeartbeatNotificationThread *presenter, guint patience)
{
  HeartbeatBrokerWatch *self = g_new0 (HeartbeatBrokerWatch, 1);

  self->presenter = presenter;
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
 * @consumer: a consumer that it does not look at yet
 */
void
heartbeat_broker_watch_add (HeartbeatBrokerWatch *self, HeartbeatConsumer *consumer)
{
  Absence *absence = g_new0 (Absence, 1);

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
  g_hash_table_remove (self->absences, consumer);
}
