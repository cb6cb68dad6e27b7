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

/* Where the kernel has no pidfd, or a sandbox forbids it. */
#define POLL_US (20 * 1000)

/**
 * HeartbeatGroup:
 *
 * A child that leads a process group, watched until nothing of the group is this process's business any more.
 *
 * The number of a group is that of its leader, and is free for others as soon as the leader was waited for and the group is
 * empty: a signal that is sent later may reach a stranger. So the end of the leader is only looked at (WNOWAIT), and where
 * its group is to be ended, the leader stays a zombie that keeps the number until SIGKILL was sent: five seconds at most.
 * A group that nobody has asked to end is left alone, its leader is waited for at once, and no signal is sent after that.
 */
struct _HeartbeatGroup
{
  guint refs;
  pid_t leader;
  int pidfd;
  GSource *watch; /* of the pidfd */
  GSource *poll;  /* where there is none */
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

/* Lets the leader go; takes the reference that the group has to itself until then. */
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
  /* Somebody else has waited for it: a program that embeds the library and waits for everything. How it ended is lost, and
   * its number is free: no signal may be sent any more. */
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
 * @leader: a child that was not waited for
 * @ended: called once, from the loop, when the leader has ended
 * @over: (nullable): called once, after @ended, when the group is no business of this process's any more
 * @user_data: passed to both
 *
 * Watches a group from the thread-default main context. It keeps itself until it is over.
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
 * Sends SIGTERM to all of it, and SIGKILL five seconds later, to whoever of it is left then, with or without its leader.
 */
void
heartbeat_group_terminate (HeartbeatGroup *self)
{
  g_return_if_fail (self != NULL);

  if (self->is_terminated || is_gone (self))
    return;
  self->is_terminated = TRUE;
  kill (-self->leader, SIGTERM);
  /* Who is stopped cannot tidy up. */
  kill (-self->leader, SIGCONT);
  heartbeat_deadline_set_in (&self->kill_timer, KILL_DELAY_US, on_kill_time, self);
}

/**
 * heartbeat_group_force_stop:
 * @self: a group
 *
 * Sends SIGTERM, and SIGKILL to what is left as soon as the leader has ended.
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
 * Sends SIGKILL to all of it.
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
