/* SPDX-License-Identifier: MIT */

#include "notify/heartbeat-notification-list.h"

#include <libnotify/notify.h>

#include "base/heartbeat-i18n.h"
#include "base/heartbeat-log.h"

#define ACTION_RUN   "run"
#define ACTION_PAUSE "pause"

#define SERVER_NAME   "org.freedesktop.Notifications"
#define SERVER_PATH   "/org/freedesktop/Notifications"
#define ICON_NAME     DESKTOP_ENTRY
#define DESKTOP_ENTRY "org.bloodbank.Heartbeat1"
#define BRIEF_MS      5000
#define MIN_DELAY_S   1
#define MAX_DELAY_S   60

/**
 * HeartbeatNotificationList:
 *
 * What the user is to see, and the notification server, by libnotify. Belongs to one thread with a context of its own,
 * since libnotify's calls wait for the server.
 *
 * Before anything is shown the server is asked for its name. A server that hangs does not answer, and nothing is sent to
 * it that would show up late; it answers when it goes on, and then what is still true is shown. One that is not there
 * is waited for.
 */
struct _HeartbeatNotificationList
{
  HeartbeatNotificationListFunc chosen;
  gpointer user_data;
  GHashTable *popups; /* key → Popup */
  guint64 n_presented;
  GDBusConnection *connection;
  GCancellable *cancellable;
  guint n_calls;
  gboolean asking; /* for the bus, or the server */
  guint server_watch;
  guint bus_watch;
  GSource *retry;
  guint delay;
  gboolean complained;
  gboolean initted; /* libnotify, by us and not by the program that we are part of */
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
} Popup;

static void ask_server (HeartbeatNotificationList *self);

/* --- One popup ------------------------------------------------------------------------------------------------------ */

static void
remove_timer (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static GSource *
add_timer (guint milliseconds, GSourceFunc func, gpointer user_data)
{
  GSource *source = g_timeout_source_new (milliseconds);

  g_source_set_callback (source, func, user_data, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}

static void
forget_shown (Popup *popup)
{
  if (popup->shown != NULL)
    g_signal_handlers_disconnect_by_data (popup->shown, popup);
  g_clear_object (&popup->shown);
  remove_timer (&popup->expiry);
}

static void
popup_free (gpointer data)
{
  Popup *popup = data;

  forget_shown (popup);
  g_clear_pointer (&popup->notice, heartbeat_notice_unref);
  g_free (popup);
}

/* Not by notify_notification_close(), which would wait for the server. */
static void
close_shown (Popup *popup)
{
  int id = 0;

  if (popup->shown != NULL)
    g_object_get (popup->shown, "id", &id, NULL);
  if (id != 0)
    g_dbus_connection_call (popup->owner->connection, SERVER_NAME, SERVER_PATH, SERVER_NAME,
                            "CloseNotification", g_variant_new ("(u)", (guint) id), NULL,
                            G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, NULL, NULL);
  forget_shown (popup);
}

static void
remove_popup (Popup *popup)
{
  close_shown (popup);
  g_hash_table_remove (popup->owner->popups, popup->notice->key);
}

static gboolean
on_expired (gpointer user_data)
{
  remove_popup (user_data);
  return G_SOURCE_REMOVE;
}

static void
on_closed (NotifyNotification *shown, Popup *popup)
{
  /* A server that goes closes as “undefined” what the user may not have seen. */
  popup->closed = notify_notification_get_closed_reason (shown) <= NOTIFY_CLOSED_REASON_API_REQUEST;
  /* It would never tell again that it was closed. */
  forget_shown (popup);
  if (popup->notice->brief)
    g_hash_table_remove (popup->owner->popups, popup->notice->key);
}

static void
on_action (NotifyNotification *shown, char *action, gpointer user_data)
{
  Popup *popup = user_data;

  popup->owner->chosen (popup->notice,
                        g_str_equal (action, ACTION_PAUSE) ? HEARTBEAT_NOTICE_ACTION_PAUSE
                                                           : HEARTBEAT_NOTICE_ACTION_RUN,
                        popup->owner->user_data);
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
dress (Popup *popup)
{
  const HeartbeatNotice *notice = popup->notice;
  NotifyNotification *shown = popup->shown;

  notify_notification_update (shown, notice->summary, notice->body, ICON_NAME);
  notify_notification_set_urgency (shown, urgency_of (notice));
  notify_notification_set_timeout (shown, notice->brief ? BRIEF_MS : NOTIFY_EXPIRES_DEFAULT);
  notify_notification_clear_actions (shown);
  if (notice->check == NULL)
    return;
  notify_notification_add_action (shown, ACTION_RUN, _ ("Run again"), on_action, popup, NULL);
  notify_notification_add_action (shown, ACTION_PAUSE, _ ("Pause for 1 hour"), on_action, popup,
                                  NULL);
}

static gboolean
show_popup (Popup *popup, GError **error)
{
  if (popup->shown == NULL)
    {
      popup->shown = notify_notification_new (popup->notice->summary, NULL, ICON_NAME);
      notify_notification_set_app_name (popup->shown, _ ("Heartbeat Consumer"));
      notify_notification_set_hint (popup->shown, "desktop-entry",
                                    g_variant_new_string (DESKTOP_ENTRY));
      g_signal_connect (popup->shown, "closed", G_CALLBACK (on_closed), popup);
    }
  dress (popup);
  if (!notify_notification_show (popup->shown, error))
    {
      forget_shown (popup);
      return FALSE;
    }
  popup->current = TRUE;
  popup->seen = TRUE;
  popup->closed = FALSE;
  remove_timer (&popup->expiry);
  if (popup->notice->brief)
    popup->expiry = add_timer (BRIEF_MS, on_expired, popup);
  return TRUE;
}

/* --- The server ----------------------------------------------------------------------------------------------------- */

static gboolean
has_news (HeartbeatNotificationList *self)
{
  GHashTableIter iter;
  Popup *popup;

  g_hash_table_iter_init (&iter, self->popups);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &popup))
    if (!popup->current)
      return TRUE;
  return FALSE;
}

static gboolean
on_retry (gpointer user_data)
{
  HeartbeatNotificationList *self = user_data;

  remove_timer (&self->retry);
  ask_server (self);
  return G_SOURCE_REMOVE;
}

static void
complain (HeartbeatNotificationList *self, const char *message)
{
  heartbeat_log (self->complained ? G_LOG_LEVEL_DEBUG : G_LOG_LEVEL_INFO,
                 HEARTBEAT_EVENT_NOTIFICATIONS_WAIT, NULL, NULL,
                 "notifications cannot be shown now, they wait: %s", message);
  self->complained = TRUE;
}

static void
try_later (HeartbeatNotificationList *self, const char *message)
{
  complain (self, message);
  if (self->retry != NULL || !has_news (self))
    return;
  self->retry = add_timer (self->delay * 1000, on_retry, self);
  self->delay = MIN (self->delay * 2, MAX_DELAY_S);
}

/* The server has gone, and with it all that it showed. What still holds is news to the next one. */
static void
forget_server (HeartbeatNotificationList *self)
{
  GHashTableIter iter;
  Popup *popup;

  g_hash_table_iter_init (&iter, self->popups);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &popup))
    {
      forget_shown (popup);
      if (popup->notice->brief)
        g_hash_table_iter_remove (&iter);
      else if (!popup->closed)
        popup->current = popup->seen = FALSE;
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
  const Popup *one = a;
  const Popup *other = b;

  return one->serial < other->serial ? -1 : one->serial > other->serial;
}

/* In the order in which it happened, so that the newest is on top. */
static void
show_news (HeartbeatNotificationList *self)
{
  g_autoptr (GList) popups = g_list_sort (g_hash_table_get_values (self->popups), compare_serials);
  g_autoptr (GError) error = NULL;

  for (GList *l = popups; l != NULL; l = l->next)
    {
      Popup *popup = l->data;

      if (!popup->current && !show_popup (popup, &error))
        {
          try_later (self, error->message);
          return;
        }
    }
  self->complained = FALSE;
  self->delay = MIN_DELAY_S;
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
      show_news (self);
      return;
    }
  g_dbus_error_strip_remote_error (error);
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD))
    show_news (self);
  else if (is_silence (error))
    try_later (self, error->message);
  else
    {
      /* There is none. When one comes, on_appeared() goes on. */
      complain (self, error->message);
      forget_server (self);
    }
}

static void
on_appeared (GDBusConnection *connection, const char *name, const char *owner, gpointer user_data)
{
  HeartbeatNotificationList *self = user_data;

  remove_timer (&self->retry);
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
  /* “closed” may be emitted on another thread, if the program that we are part of has the connection too. The bus' own
     name goes with it, and that is told here. */
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

/* Goes on in show_news() when there is news and a server that answers, however long that takes. */
static void
ask_server (HeartbeatNotificationList *self)
{
  if (self->asking || self->retry != NULL || !has_news (self))
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

/* --- The face ------------------------------------------------------------------------------------------------------- */

/**
 * heartbeat_notification_list_new:
 * @chosen: called when the user wants a check to be run again
 * @user_data: passed to @run
 *
 * Returns: (transfer full): nothing to see yet
 */
HeartbeatNotificationList *
heartbeat_notification_list_new (HeartbeatNotificationListFunc chosen, gpointer user_data)
{
  HeartbeatNotificationList *self = g_new0 (HeartbeatNotificationList, 1);

  self->chosen = chosen;
  self->user_data = user_data;
  self->delay = MIN_DELAY_S;
  self->cancellable = g_cancellable_new ();
  self->popups = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, popup_free);
  return self;
}

/**
 * heartbeat_notification_list_free:
 * @self: (transfer full): popups
 *
 * Closes them all: nobody would answer their buttons.
 */
void
heartbeat_notification_list_free (HeartbeatNotificationList *self)
{
  GHashTableIter iter;
  Popup *popup;

  g_cancellable_cancel (self->cancellable);
  while (self->n_calls > 0)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  remove_timer (&self->retry);
  g_hash_table_iter_init (&iter, self->popups);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &popup))
    close_shown (popup);
  if (self->connection != NULL)
    {
      g_dbus_connection_flush_sync (self->connection, NULL, NULL);
      forget_bus (self);
    }
  g_hash_table_unref (self->popups);
  g_object_unref (self->cancellable);
  g_free (self);
}

/**
 * heartbeat_notification_list_present:
 * @self: popups
 * @notice: what is true from now on
 *
 * Shows a notice in place of the former one with its key, now or when there is a server.
 */
void
heartbeat_notification_list_present (HeartbeatNotificationList *self, HeartbeatNotice *notice)
{
  Popup *popup = g_hash_table_lookup (self->popups, notice->key);

  if (popup == NULL)
    {
      popup = g_new0 (Popup, 1);
      popup->owner = self;
      g_hash_table_insert (self->popups, g_strdup (notice->key), popup);
    }
  remove_timer (&popup->expiry);
  g_clear_pointer (&popup->notice, heartbeat_notice_unref);
  popup->notice = heartbeat_notice_ref (notice);
  popup->serial = self->n_presented++;
  popup->current = FALSE;
  ask_server (self);
}

/**
 * heartbeat_notification_list_resolve:
 * @self: popups
 * @key: what is not true any more
 * @brief: (nullable): a brief notice in its place, where the user has seen it
 */
void
heartbeat_notification_list_resolve (HeartbeatNotificationList *self,
                                     const char *key,
                                     HeartbeatNotice *brief)
{
  Popup *popup = g_hash_table_lookup (self->popups, key);

  if (popup == NULL)
    return;
  if (brief != NULL && popup->seen)
    heartbeat_notification_list_present (self, brief);
  else
    remove_popup (popup);
}
