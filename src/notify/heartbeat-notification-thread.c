/* SPDX-License-Identifier: MIT */

#include "notify/heartbeat-notification-thread.h"

#include "base/heartbeat-log.h"
#include "notify/heartbeat-notification-list.h"

#define END_WAIT_US (300 * G_TIME_SPAN_MILLISECOND)

/**
 * HeartbeatNotificationThread:
 *
 * The thread of notifications. It starts with the first notice; notices go in, and what the user chose comes out on the
 * thread that called heartbeat_notification_thread_new(). Nobody waits for it, except for a moment at the end.
 */
struct _HeartbeatNotificationThread
{
  gatomicrefcount refs; /* the owner's, the thread's, and one for each message that comes out */

  HeartbeatNoticeFunc chosen; /* of the owner's thread; NULL once it has gone */
  gpointer user_data;
  GMainContext *owner_context;
  GThread *thread;

  GMainContext *context; /* of the notifications' thread, as is what follows */
  GMainLoop *loop;
  HeartbeatNotificationList *list;

  GMutex lock;
  GCond ended_cond;
  gboolean ended;
};

/* On its way to the other thread. */
typedef struct
{
  HeartbeatNotificationThread *owner; /* a reference on the way out only: the thread has one */
  HeartbeatNotice *notice;
  char *key; /* what is resolved, or NULL */
  HeartbeatNoticeAction action;
} Message;

static HeartbeatNotificationThread *
thread_ref (HeartbeatNotificationThread *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

static void
thread_unref (HeartbeatNotificationThread *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_main_context_unref (self->owner_context);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->ended_cond);
  g_free (self);
}

static void
message_free (gpointer data)
{
  Message *message = data;

  g_clear_pointer (&message->notice, heartbeat_notice_unref);
  g_free (message->key);
  g_free (message);
}

/* --- On the notifications' thread ------------------------------------------------------------------------------------ */

static gboolean
on_message_in (gpointer user_data)
{
  Message *message = user_data;

  if (message->key != NULL)
    heartbeat_notification_list_resolve (message->owner->list, message->key, message->notice);
  else
    heartbeat_notification_list_present (message->owner->list, message->notice);
  return G_SOURCE_REMOVE;
}

static gboolean
on_end (gpointer user_data)
{
  HeartbeatNotificationThread *self = user_data;

  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

static gboolean
on_message_out (gpointer user_data)
{
  Message *message = user_data;
  HeartbeatNotificationThread *self = message->owner;

  if (self->chosen != NULL)
    self->chosen (message->notice, message->action, self->user_data);
  return G_SOURCE_REMOVE;
}

static void
message_out_free (gpointer data)
{
  Message *message = data;

  thread_unref (message->owner);
  message_free (message);
}

static void
on_chosen (HeartbeatNotice *notice, HeartbeatNoticeAction action, gpointer user_data)
{
  HeartbeatNotificationThread *self = user_data;
  Message *message = g_new0 (Message, 1);

  message->owner = thread_ref (self);
  message->notice = heartbeat_notice_ref (notice);
  message->action = action;
  g_main_context_invoke_full (self->owner_context, G_PRIORITY_DEFAULT, on_message_out, message,
                              message_out_free);
}

static gpointer
run_thread (gpointer data)
{
  HeartbeatNotificationThread *self = data;

  g_main_context_push_thread_default (self->context);
  self->list = heartbeat_notification_list_new (on_chosen, self);
  g_main_loop_run (self->loop);
  heartbeat_notification_list_free (g_steal_pointer (&self->list));
  /* Dispatch what freeing the list has scheduled, such as the end of a watch. */
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_main_context_pop_thread_default (self->context);

  g_mutex_lock (&self->lock);
  self->ended = TRUE;
  g_cond_signal (&self->ended_cond);
  g_mutex_unlock (&self->lock);
  thread_unref (self);
  return NULL;
}

/* --- On the owner's thread ------------------------------------------------------------------------------------------ */

static gboolean
start_thread (HeartbeatNotificationThread *self)
{
  g_autoptr (GError) error = NULL;

  if (self->context == NULL)
    {
      self->context = g_main_context_new ();
      self->loop = g_main_loop_new (self->context, FALSE);
    }
  self->thread = g_thread_try_new ("notifications", run_thread, thread_ref (self), &error);
  if (self->thread != NULL)
    return TRUE;
  thread_unref (self);
  heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_NOTIFICATIONS_WAIT, NULL, NULL,
                 "no notification can be shown: %s", error->message);
  return FALSE;
}

static void
send (HeartbeatNotificationThread *self, const char *key, HeartbeatNotice *notice)
{
  Message *message = g_new0 (Message, 1);

  message->owner = self;
  message->key = g_strdup (key);
  message->notice = notice != NULL ? heartbeat_notice_ref (notice) : NULL;
  g_main_context_invoke_full (self->context, G_PRIORITY_DEFAULT, on_message_in, message,
                              message_free);
}

/**
 * heartbeat_notification_thread_new:
 * @chosen: called on this thread when the user chose something
 * @user_data: passed to @chosen
 *
 * Returns: (transfer full): notifications, whose thread has not started
 */
HeartbeatNotificationThread *
heartbeat_notification_thread_new (HeartbeatNoticeFunc chosen, gpointer user_data)
{
  HeartbeatNotificationThread *self = g_new0 (HeartbeatNotificationThread, 1);

  g_atomic_ref_count_init (&self->refs);
  self->chosen = chosen;
  self->user_data = user_data;
  self->owner_context = g_main_context_ref_thread_default ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->ended_cond);
  return self;
}

/**
 * heartbeat_notification_thread_free:
 * @self: (transfer full): the notifications
 *
 * Closes what is shown. A thread that waits for the server is left alone: it ends when the server answers or the call
 * times out.
 */
void
heartbeat_notification_thread_free (HeartbeatNotificationThread *self)
{
  const gint64 deadline = g_get_monotonic_time () + END_WAIT_US;
  gboolean ended;

  self->chosen = NULL;
  if (self->thread != NULL)
    {
      g_main_context_invoke_full (self->context, G_PRIORITY_DEFAULT, on_end, self, NULL);
      g_mutex_lock (&self->lock);
      while (!self->ended && g_cond_wait_until (&self->ended_cond, &self->lock, deadline))
        ;
      ended = self->ended;
      g_mutex_unlock (&self->lock);
      if (ended)
        g_thread_join (self->thread);
      else
        g_thread_unref (self->thread);
    }
  thread_unref (self);
}

/**
 * heartbeat_notification_thread_present:
 * @self: the notifications
 * @notice: what has become true
 *
 * Shows a notice in place of the earlier one with its key.
 */
void
heartbeat_notification_thread_present (HeartbeatNotificationThread *self, HeartbeatNotice *notice)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (notice != NULL);

  if (self->thread != NULL || start_thread (self))
    send (self, NULL, notice);
}

/**
 * heartbeat_notification_thread_resolve:
 * @self: the notifications
 * @key: what is no longer true
 * @brief: (nullable): a brief notice to show instead
 */
void
heartbeat_notification_thread_resolve (HeartbeatNotificationThread *self,
                                       const char *key,
                                       HeartbeatNotice *brief)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (key != NULL);

  if (self->thread != NULL)
    send (self, key, brief);
}
