/* SPDX-License-Identifier: MIT */

#include "process/heartbeat-group.h"

#include <errno.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib-unix.h>

#include "base/heartbeat-deadline.h"

#define KILL_DELAY_US (5 * G_USEC_PER_SEC)

/* Used if the kernel has no pidfd, or a sandbox forbids it. */
#define POLL_US (20 * 1000)

/**
 * HeartbeatGroup:
 *
 * A child that leads a process group, watched until we are done with the group.
 *
 * A group has the number of its leader. The kernel may reuse it once the leader has been reaped and the group is empty, and
 * a signal sent after that could hit a stranger. So the leader's end is only observed (WNOWAIT). If the group is being
 * terminated, the leader stays a zombie and keeps the number reserved until SIGKILL has been sent, for five seconds at
 * most. Otherwise the leader is reaped at once, and no signal is sent afterwards.
 */
struct _HeartbeatGroup
{
  guint refs;
  pid_t leader;
  int pidfd;
  GSource *watch; /* of the pidfd */
  GSource *poll;  /* without a pidfd */
  GSource *kill_timer;
  HeartbeatGroupFunc ended;
  HeartbeatGroupFunc over;
  gpointer user_data;
  int status;
  gboolean has_ended;
  gboolean is_terminated;
  gboolean is_killed;
  gboolean is_forced;
};

HeartbeatGroup *
heartbeat_group_ref (HeartbeatGroup *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  self->refs++;
  return self;
}

static void
stop_watching (HeartbeatGroup *self)
{
  heartbeat_deadline_clear (&self->poll);
  if (self->watch != NULL)
    {
      g_source_destroy (self->watch);
      g_clear_pointer (&self->watch, g_source_unref);
      close (self->pidfd);
    }
}

void
heartbeat_group_unref (HeartbeatGroup *self)
{
  g_return_if_fail (self != NULL);

  if (--self->refs > 0)
    return;
  stop_watching (self);
  heartbeat_deadline_clear (&self->kill_timer);
  g_free (self);
}

/* Reaps the leader, and drops the reference that the group holds to itself. */
static void
reap (HeartbeatGroup *self)
{
  HeartbeatGroupFunc over = self->over;

  waitid (P_PID, self->leader, &(siginfo_t){ 0 }, WEXITED | WNOHANG);
  heartbeat_deadline_clear (&self->kill_timer);
  if (over != NULL)
    over (self, self->status, self->user_data);
  heartbeat_group_unref (self);
}

static gboolean
look (HeartbeatGroup *self)
{
  siginfo_t info = { 0 };

  if (waitid (P_PID, self->leader, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
    {
      if (info.si_pid == 0)
        return FALSE;
      self->status = info.si_code == CLD_EXITED ? W_EXITCODE (info.si_status, 0) : info.si_status;
      return TRUE;
    }
  if (errno != ECHILD)
    return FALSE;
  /* Somebody else has reaped it, such as an embedding program that waits for all its children. The exit status is lost and
   * the number is free, so no more signals. */
  self->status = W_EXITCODE (255, 0);
  self->is_killed = TRUE;
  return TRUE;
}

static gboolean
on_look (gpointer user_data)
{
  HeartbeatGroup *self = user_data;

  if (!look (self))
    {
      if (self->pidfd < 0)
        heartbeat_deadline_set_in (&self->poll, POLL_US, on_look, self);
      return G_SOURCE_CONTINUE;
    }
  stop_watching (self);
  self->has_ended = TRUE;
  heartbeat_group_ref (self);
  self->ended (self, self->status, self->user_data);
  if (self->is_forced && !self->is_killed)
    heartbeat_group_kill (self);
  else if (!self->is_terminated || self->is_killed)
    reap (self);
  heartbeat_group_unref (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_pidfd (int fd, GIOCondition condition, gpointer user_data)
{
  return on_look (user_data);
}

/**
 * heartbeat_group_new:
 * @leader: a child that has not been reaped
 * @ended: called once, from the loop, when the leader has ended
 * @over: (nullable): called once, after @ended, when we are done with the group
 * @user_data: passed to both
 *
 * Watches a group from the thread-default main context. It keeps itself alive until @over has been called.
 *
 * Returns: (transfer full): the group
 */
HeartbeatGroup *
heartbeat_group_new (pid_t leader,
                     HeartbeatGroupFunc ended,
                     HeartbeatGroupFunc over,
                     gpointer user_data)
{
  HeartbeatGroup *self = NULL;

  g_return_val_if_fail (ended != NULL, NULL);

  self = g_new0 (HeartbeatGroup, 1);
  self->refs = 1;
  self->leader = leader;
  self->ended = ended;
  self->over = over;
  self->user_data = user_data;
  self->pidfd = pidfd_open (leader, 0);
  if (self->pidfd >= 0)
    {
      self->watch = g_unix_fd_source_new (self->pidfd, G_IO_IN);
      g_source_set_callback (self->watch, G_SOURCE_FUNC (on_pidfd), self, NULL);
      g_source_set_static_name (self->watch, "heartbeat handler's end");
      g_source_attach (self->watch, g_main_context_get_thread_default ());
    }
  else
    heartbeat_deadline_set_in (&self->poll, POLL_US, on_look, self);
  return heartbeat_group_ref (self);
}

static gboolean
on_kill_time (gpointer user_data)
{
  heartbeat_group_kill (user_data);
  return G_SOURCE_REMOVE;
}

static gboolean
is_gone (HeartbeatGroup *self)
{
  return self->is_killed || (self->has_ended && !self->is_terminated);
}

/**
 * heartbeat_group_terminate:
 * @self: a group
 *
 * Sends SIGTERM to the whole group, and SIGKILL five seconds later to what is left of it, with or without its leader.
 */
void
heartbeat_group_terminate (HeartbeatGroup *self)
{
  g_return_if_fail (self != NULL);

  if (self->is_terminated || is_gone (self))
    return;
  self->is_terminated = TRUE;
  kill (-self->leader, SIGTERM);
  /* A stopped process could not clean up. */
  kill (-self->leader, SIGCONT);
  heartbeat_deadline_set_in (&self->kill_timer, KILL_DELAY_US, on_kill_time, self);
}

/**
 * heartbeat_group_force_stop:
 * @self: a group
 *
 * Sends SIGTERM, and SIGKILL to the rest of the group as soon as its leader has ended.
 */
void
heartbeat_group_force_stop (HeartbeatGroup *self)
{
  g_return_if_fail (self != NULL);

  heartbeat_group_terminate (self);
  self->is_forced = TRUE;
  if (self->has_ended)
    heartbeat_group_kill (self);
}

/**
 * heartbeat_group_kill:
 * @self: a group
 *
 * Sends SIGKILL to the whole group.
 */
void
heartbeat_group_kill (HeartbeatGroup *self)
{
  g_return_if_fail (self != NULL);

  if (is_gone (self))
    return;
  self->is_killed = self->is_terminated = TRUE;
  heartbeat_deadline_clear (&self->kill_timer);
  kill (-self->leader, SIGKILL);
  if (self->has_ended)
    reap (self);
}
