/* SPDX-License-Identifier: MIT */

#include "notify/heartbeat-notification-thread.h"

#include "base/heartbeat-log.h"
#include "notify/heartbeat-notification-list.h"

#define END_WAIT_US (300 * G_TIME_SPAN_MILLISECOND)

/**
 * HeartbeatNotificationThread:
 *
 * The thread of notifications. It starts with the first one; notices go in, and what the user chose comes out on the
 * thread that made the presenter. Nobody ever waits for it, except for a moment at the end.
 */
struct _HeartbeatNotificationThread
{
  gatomicrefcount refs; /* the owner's, the thread's, and one for each thing that comes out */

  HeartbeatNotificationThreadFunc chosen; /* of the owner's thread; NULL when it has gone */
  gpointer user_data;
  GMainContext *owner_context;
  GThread *thread;

  GMainContext *context; /* of the presenter's thread, as what follows */
  GMainLoop *loop;
  HeartbeatNotificationList *popups;

  GMutex lock;
  GCond ended_cond;
  gboolean ended;
};

/* One thing on its way to the other thread. */
typedef struct
{
  HeartbeatNotificationThread
      *presenter; /* owned only on the way out: the thread itself holds one on the way in */
  HeartbeatNotice *notice;
  char *key; /* what is resolved, or NULL */
  HeartbeatNoticeAction action;
} Letter;

static HeartbeatNotificationThread *
presenter_ref (HeartbeatNotificationThread *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

static void
presenter_unref (HeartbeatNotificationThread *self)
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
letter_free (gpointer data)
{
  Letter *letter = data;

  g_clear_pointer (&letter->notice, heartbeat_notice_unref);
  g_free (letter->key);
  g_free (letter);
}

/* --- On the presenter's thread -------------------------------------------------------------------------------------- */

static gboolean
on_letter_in (gpointer user_data)
{
  Letter *letter = user_data;

  if (letter->key != NULL)
    heartbeat_notification_list_resolve (letter->presenter->popups, letter->key, letter->notice);
  else
    heartbeat_notification_list_present (letter->presenter->popups, letter->notice);
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
on_letter_out (gpointer user_data)
{
  Letter *letter = user_data;
  HeartbeatNotificationThread *self = letter->presenter;

  if (self->chosen != NULL)
    self->chosen (letter->notice, letter->action, self->user_data);
  return G_SOURCE_REMOVE;
}

static void
letter_out_free (gpointer data)
{
  Letter *letter = data;

  presenter_unref (letter->presenter);
  letter_free (letter);
}

static void
on_chosen (HeartbeatNotice *notice, HeartbeatNoticeAction action, gpointer user_data)
{
  HeartbeatNotificationThread *self = user_data;
  Letter *letter = g_new0 (Letter, 1);

  letter->presenter = presenter_ref (self);
  letter->notice = heartbeat_notice_ref (notice);
  letter->action = action;
  g_main_context_invoke_full (self->owner_context, G_PRIORITY_DEFAULT, on_letter_out, letter,
                              letter_out_free);
}

static gpointer
presenter_thread (gpointer data)
{
  HeartbeatNotificationThread *self = data;

  g_main_context_push_thread_default (self->context);
  self->popups = heartbeat_notification_list_new (on_chosen, self);
  g_main_loop_run (self->loop);
  heartbeat_notification_list_free (g_steal_pointer (&self->popups));
  /* What was scheduled for the end of the popups, such as the end of a watch. */
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_main_context_pop_thread_default (self->context);

  g_mutex_lock (&self->lock);
  self->ended = TRUE;
  g_cond_signal (&self->ended_cond);
  g_mutex_unlock (&self->lock);
  presenter_unref (self);
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
  self->thread = g_thread_try_new ("notifications", presenter_thread, presenter_ref (self), &error);
  if (self->thread != NULL)
    return TRUE;
  presenter_unref (self);
  heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_NOTIFICATIONS_WAIT, NULL, NULL,
                 "no notification can be shown: %s", error->message);
  return FALSE;
}

static void
send (HeartbeatNotificationThread *self, const char *key, HeartbeatNotice *notice)
{
  Letter *letter = g_new0 (Letter, 1);

  letter->presenter = self;
  letter->key = g_strdup (key);
  letter->notice = notice != NULL ? heartbeat_notice_ref (notice) : NULL;
  g_main_context_invoke_full (self->context, G_PRIORITY_DEFAULT, on_letter_in, letter, letter_free);
}

/**
 * heartbeat_notification_thread_new:
 * @chosen: called when the user wants a check to be run again, on this thread
 * @user_data: passed to @run
 *
 * Returns: (transfer full): a presenter without a thread yet
 */
HeartbeatNotificationThread *
heartbeat_notification_thread_new (HeartbeatNotificationThreadFunc chosen, gpointer user_data)
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
 * @self: (transfer full): a presenter
 *
 * Closes what is shown. A thread that a server keeps waiting is left to itself: it ends when the server answers or the
 * call's time is up.
 */
void
heartbeat_notification_thread_free (HeartbeatNotificationThread *self)
{
  gint64 deadline = g_get_monotonic_time () + END_WAIT_US;
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
  presenter_unref (self);
}

/**
 * heartbeat_notification_thread_present:
 * @self: a presenter
 * @notice: what is true from now on
 *
 * Shows a notice in place of the former one with its key.
 */
void
heartbeat_notification_thread_present (HeartbeatNotificationThread *self, HeartbeatNotice *notice)
{
  if (self->thread != NULL || start_thread (self))
    send (self, NULL, notice);
}

/**
 * heartbeat_notification_thread_resolve:
 * @self: a presenter
 * @key: what is not true any more
 * @brief: (nullable): a brief notice in its place
 */
void
heartbeat_notification_thread_resolve (HeartbeatNotificationThread *self,
                                       const char *key,
                                       HeartbeatNotice *brief)
{
  if (self->thread != NULL)
    send (self, key, brief);
}
