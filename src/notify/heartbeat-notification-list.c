/* SPDX-License-Identifier: MIT */

#include "notify/heartbeat-notification-list.h"

#include <libnotify/notify.h>

#include "base/heartbeat-deadline.h"
#include "base/heartbeat-i18n.h"
#include "base/heartbeat-log.h"

#define ACTION_RUN   "run"
#define ACTION_PAUSE "pause"

#define SERVER_NAME   "org.freedesktop.Notifications"
#define SERVER_PATH   "/org/freedesktop/Notifications"
#define ICON_NAME     DESKTOP_ENTRY
#define DESKTOP_ENTRY "org.bloodbank.Heartbeat1"
#define BRIEF_MS      5000
#define MIN_DELAY_US  G_USEC_PER_SEC
#define MAX_DELAY_US  (60 * G_USEC_PER_SEC)

/**
 * HeartbeatNotificationList:
 *
 * The notices that the user should see, and the notification server, by libnotify. It belongs to a thread with a context of
 * its own, because libnotify's calls wait for the server.
 *
 * Before anything is shown the server is asked for its name. A server that hangs does not answer, so it is sent nothing
 * that would show up late; once it answers, what is still true is shown. If there is no server the list waits for one.
 */
struct _HeartbeatNotificationList
{
  HeartbeatNoticeFunc chosen;
  gpointer user_data;
  GHashTable *entries; /* key → Entry */
  guint64 n_presented;
  GDBusConnection *connection;
  GCancellable *cancellable;
  guint n_calls;
  gboolean asking; /* for the bus, or the server */
  guint server_watch;
  guint bus_watch;
  GSource *retry;
  gint64 delay_us;
  gboolean reported;
  gboolean initted; /* libnotify, by us and not by the program that embeds us */
};

typedef struct
{
  HeartbeatNotificationList *owner;
  HeartbeatNotice *notice;
  guint64 serial;            /* of the notice among all that were presented */
  NotifyNotification *shown; /* NULL when the server has none */
  gboolean current;          /* the user has seen the notice, or sees it */
  gboolean seen;             /* the user has seen this or an earlier one */
  gboolean closed;           /* the user or the server put it away */
  GSource *expiry;
} Entry;

static void ask_server (HeartbeatNotificationList *self);

/* --- One notification ----------------------------------------------------------------------------------------------- */

static void
forget_shown (Entry *entry)
{
  if (entry->shown != NULL)
    g_signal_handlers_disconnect_by_data (entry->shown, entry);
  g_clear_object (&entry->shown);
  heartbeat_deadline_clear (&entry->expiry);
}

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  forget_shown (entry);
  g_clear_pointer (&entry->notice, heartbeat_notice_unref);
  g_free (entry);
}

/* Not by notify_notification_close(), which would wait for the server. */
static void
close_shown (Entry *entry)
{
  int id = 0;

  if (entry->shown != NULL)
    g_object_get (entry->shown, "id", &id, NULL);
  if (id != 0)
    g_dbus_connection_call (entry->owner->connection, SERVER_NAME, SERVER_PATH, SERVER_NAME,
                            "CloseNotification", g_variant_new ("(u)", (guint) id), NULL,
                            G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, NULL, NULL);
  forget_shown (entry);
}

static void
remove_entry (Entry *entry)
{
  close_shown (entry);
  g_hash_table_remove (entry->owner->entries, entry->notice->key);
}

static gboolean
on_expired (gpointer user_data)
{
  remove_entry (user_data);
  return G_SOURCE_REMOVE;
}

static void
on_closed (NotifyNotification *shown, Entry *entry)
{
  /* A server that goes closes as “undefined” what the user may not have seen. */
  entry->closed = notify_notification_get_closed_reason (shown) <= NOTIFY_CLOSED_REASON_API_REQUEST;
  /* It would never emit “closed” again. */
  forget_shown (entry);
  if (entry->notice->brief)
    g_hash_table_remove (entry->owner->entries, entry->notice->key);
}

static void
on_action (NotifyNotification *shown, char *action, gpointer user_data)
{
  Entry *entry = user_data;

  entry->owner->chosen (entry->notice,
                        g_str_equal (action, ACTION_PAUSE) ? HEARTBEAT_NOTICE_ACTION_PAUSE
                                                           : HEARTBEAT_NOTICE_ACTION_RUN,
                        entry->owner->user_data);
}

static NotifyUrgency
urgency_of (const HeartbeatNotice *notice)
{
  switch (notice->urgency)
    {
    case HEARTBEAT_NOTICE_LOW:
      return NOTIFY_URGENCY_LOW;
    case HEARTBEAT_NOTICE_CRITICAL:
      return NOTIFY_URGENCY_CRITICAL;
    case HEARTBEAT_NOTICE_NORMAL:
    default:
      return NOTIFY_URGENCY_NORMAL;
    }
}

static void
set_content (Entry *entry)
{
  const HeartbeatNotice *notice = entry->notice;
  NotifyNotification *shown = entry->shown;

  notify_notification_update (shown, notice->summary, notice->body, ICON_NAME);
  notify_notification_set_urgency (shown, urgency_of (notice));
  notify_notification_set_timeout (shown, notice->brief ? BRIEF_MS : NOTIFY_EXPIRES_DEFAULT);
  notify_notification_clear_actions (shown);
  if (notice->check == NULL)
    return;
  notify_notification_add_action (shown, ACTION_RUN, _ ("Run again"), on_action, entry, NULL);
  notify_notification_add_action (shown, ACTION_PAUSE, _ ("Pause for 1 hour"), on_action, entry,
                                  NULL);
}

static gboolean
show_entry (Entry *entry, GError **error)
{
  if (entry->shown == NULL)
    {
      entry->shown = notify_notification_new (entry->notice->summary, NULL, ICON_NAME);
      notify_notification_set_app_name (entry->shown, _ ("Heartbeat Consumer"));
      notify_notification_set_hint (entry->shown, "desktop-entry",
                                    g_variant_new_string (DESKTOP_ENTRY));
      g_signal_connect (entry->shown, "closed", G_CALLBACK (on_closed), entry);
    }
  set_content (entry);
  if (!notify_notification_show (entry->shown, error))
    {
      forget_shown (entry);
      return FALSE;
    }
  entry->current = TRUE;
  entry->seen = TRUE;
  entry->closed = FALSE;
  heartbeat_deadline_clear (&entry->expiry);
  if (entry->notice->brief)
    heartbeat_deadline_set_in (&entry->expiry, BRIEF_MS * G_TIME_SPAN_MILLISECOND, on_expired,
                               entry);
  return TRUE;
}

/* --- The server ----------------------------------------------------------------------------------------------------- */

static gboolean
has_unshown (HeartbeatNotificationList *self)
{
  GHashTableIter iter;
  Entry *entry;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &entry))
    if (!entry->current)
      return TRUE;
  return FALSE;
}

static gboolean
on_retry (gpointer user_data)
{
  ask_server (user_data);
  return G_SOURCE_REMOVE;
}

static void
report (HeartbeatNotificationList *self, const char *message)
{
  heartbeat_log (self->reported ? G_LOG_LEVEL_DEBUG : G_LOG_LEVEL_INFO,
                 HEARTBEAT_EVENT_NOTIFICATIONS_WAIT, NULL, NULL,
                 "notifications cannot be shown now, they wait: %s", message);
  self->reported = TRUE;
}

static void
try_later (HeartbeatNotificationList *self, const char *message)
{
  report (self, message);
  if (self->retry != NULL || !has_unshown (self))
    return;
  heartbeat_deadline_set_in (&self->retry, self->delay_us, on_retry, self);
  self->delay_us = MIN (self->delay_us * 2, MAX_DELAY_US);
}

/* The server has gone, and with it all that it showed. Show the next one what still holds. */
static void
forget_server (HeartbeatNotificationList *self)
{
  GHashTableIter iter;
  Entry *entry;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &entry))
    {
      forget_shown (entry);
      if (entry->notice->brief)
        g_hash_table_iter_remove (&iter);
      else if (!entry->closed)
        entry->current = entry->seen = FALSE;
    }
}

static void
forget_bus (HeartbeatNotificationList *self)
{
  forget_server (self);
  g_clear_handle_id (&self->server_watch, g_bus_unwatch_name);
  g_clear_handle_id (&self->bus_watch, g_bus_unwatch_name);
  /* Or libnotify would keep the closed connection, and the next one would be the same. */
  if (self->initted)
    notify_uninit ();
  self->initted = FALSE;
  g_clear_object (&self->connection);
}

static int
compare_serials (gconstpointer a, gconstpointer b)
{
  const Entry *one = a;
  const Entry *other = b;

  return one->serial < other->serial ? -1 : one->serial > other->serial;
}

/* In the order in which it happened, so that the newest is on top. */
static void
show_unshown (HeartbeatNotificationList *self)
{
  g_autoptr (GList) entries
      = g_list_sort (g_hash_table_get_values (self->entries), compare_serials);
  g_autoptr (GError) error = NULL;

  for (GList *l = entries; l != NULL; l = l->next)
    {
      Entry *entry = l->data;

      if (!entry->current && !show_entry (entry, &error))
        {
          try_later (self, error->message);
          return;
        }
    }
  self->reported = FALSE;
  self->delay_us = MIN_DELAY_US;
}

static gboolean
is_silence (const GError *error)
{
  return g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_TIMEOUT)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_TIMED_OUT)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HeartbeatNotificationList *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  self->n_calls--;
  self->asking = FALSE;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (reply != NULL)
    {
      show_unshown (self);
      return;
    }
  g_dbus_error_strip_remote_error (error);
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD))
    show_unshown (self);
  else if (is_silence (error))
    try_later (self, error->message);
  else
    {
      /* There is none; on_appeared() goes on when one comes. */
      report (self, error->message);
      forget_server (self);
    }
}

static void
on_appeared (GDBusConnection *connection, const char *name, const char *owner, gpointer user_data)
{
  HeartbeatNotificationList *self = user_data;

  heartbeat_deadline_clear (&self->retry);
  ask_server (self);
}

static void
on_vanished (GDBusConnection *connection, const char *name, gpointer user_data)
{
  forget_server (user_data);
}

static void
on_bus_vanished (GDBusConnection *connection, const char *name, gpointer user_data)
{
  HeartbeatNotificationList *self = user_data;

  forget_bus (self);
  try_later (self, "the session bus has gone");
}

static void
watch (HeartbeatNotificationList *self)
{
  self->server_watch = g_bus_watch_name_on_connection (self->connection, SERVER_NAME,
                                                       G_BUS_NAME_WATCHER_FLAGS_NONE, on_appeared,
                                                       on_vanished, self, NULL);
  /* If the program that embeds us uses the connection too, its “closed” may be emitted on another thread. Watch the name
     of the bus itself instead, which is reported on this one. */
  self->bus_watch = g_bus_watch_name_on_connection (self->connection, "org.freedesktop.DBus",
                                                    G_BUS_NAME_WATCHER_FLAGS_NONE, NULL,
                                                    on_bus_vanished, self, NULL);
}

static void
on_bus (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HeartbeatNotificationList *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) connection = g_bus_get_finish (result, &error);

  self->n_calls--;
  self->asking = FALSE;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (connection == NULL || g_dbus_connection_is_closed (connection))
    {
      try_later (self, error != NULL ? error->message : "the session bus has gone");
      return;
    }
  /* The service outlives the bus. */
  g_dbus_connection_set_exit_on_close (connection, FALSE);
  self->connection = g_steal_pointer (&connection);
  self->initted = !notify_is_initted () && notify_init (_ ("Heartbeat Consumer"));
  watch (self);
  ask_server (self);
}

/* Goes on in show_unshown() once a server has answered, however long that takes. */
static void
ask_server (HeartbeatNotificationList *self)
{
  if (self->asking || self->retry != NULL || !has_unshown (self))
    return;
  self->asking = TRUE;
  self->n_calls++;
  if (self->connection == NULL)
    g_bus_get (G_BUS_TYPE_SESSION, self->cancellable, on_bus, self);
  else
    g_dbus_connection_call (self->connection, SERVER_NAME, SERVER_PATH, SERVER_NAME,
                            "GetServerInformation", NULL, NULL, G_DBUS_CALL_FLAGS_NONE, G_MAXINT,
                            self->cancellable, on_answer, self);
}

/* --- Functions for the thread --------------------------------------------------------------------------------------- */

/**
 * heartbeat_notification_list_new:
 * @chosen: called when the user chose something
 * @user_data: passed to @chosen
 *
 * Returns: (transfer full): an empty list
 */
HeartbeatNotificationList *
heartbeat_notification_list_new (HeartbeatNoticeFunc chosen, gpointer user_data)
{
  HeartbeatNotificationList *self = g_new0 (HeartbeatNotificationList, 1);

  self->chosen = chosen;
  self->user_data = user_data;
  self->delay_us = MIN_DELAY_US;
  self->cancellable = g_cancellable_new ();
  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, entry_free);
  return self;
}

/**
 * heartbeat_notification_list_free:
 * @self: (transfer full): a list
 *
 * Closes all notifications, because nobody would answer their buttons.
 */
void
heartbeat_notification_list_free (HeartbeatNotificationList *self)
{
  GHashTableIter iter;
  Entry *entry;

  g_cancellable_cancel (self->cancellable);
  while (self->n_calls > 0)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  heartbeat_deadline_clear (&self->retry);
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &entry))
    close_shown (entry);
  if (self->connection != NULL)
    {
      g_dbus_connection_flush_sync (self->connection, NULL, NULL);
      forget_bus (self);
    }
  g_hash_table_unref (self->entries);
  g_object_unref (self->cancellable);
  g_free (self);
}

/**
 * heartbeat_notification_list_present:
 * @self: a list
 * @notice: what has become true
 *
 * Shows a notice in place of the earlier one with its key, now or when there is a server.
 */
void
heartbeat_notification_list_present (HeartbeatNotificationList *self, HeartbeatNotice *notice)
{
  Entry *entry = g_hash_table_lookup (self->entries, notice->key);

  if (entry == NULL)
    {
      entry = g_new0 (Entry, 1);
      entry->owner = self;
      g_hash_table_insert (self->entries, g_strdup (notice->key), entry);
    }
  heartbeat_deadline_clear (&entry->expiry);
  g_clear_pointer (&entry->notice, heartbeat_notice_unref);
  entry->notice = heartbeat_notice_ref (notice);
  entry->serial = self->n_presented++;
  entry->current = FALSE;
  ask_server (self);
}

/**
 * heartbeat_notification_list_resolve:
 * @self: a list
 * @key: what is no longer true
 * @brief: (nullable): a brief notice to show instead, if the user has seen the other one
 */
void
heartbeat_notification_list_resolve (HeartbeatNotificationList *self,
                                     const char *key,
                                     HeartbeatNotice *brief)
{
  Entry *entry = g_hash_table_lookup (self->entries, key);

  if (entry == NULL)
    return;
  if (brief != NULL && entry->seen)
    heartbeat_notification_list_present (self, brief);
  else
    remove_entry (entry);
}
