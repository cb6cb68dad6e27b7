/* SPDX-License-Identifier: MIT */

#include "process/heartbeat-processes.h"

#include "base/heartbeat-deadline.h"

/* From SIGTERM to SIGKILL, for programs that the service has already given ten seconds, and from there to giving up on what
 * the kernel itself cannot kill. */
#define STOP_STEP_US G_USEC_PER_SEC

/**
 * HeartbeatProcesses:
 *
 * The process groups of an agent's handlers that are not over yet, so that none of them outlives the service.
 */
struct _HeartbeatProcesses
{
  GObject parent_instance;

  GPtrArray *groups;
  guint64 file_limit;
  GTask *stop_task;
  GSource *stop_timer;
  gboolean killed;
};

G_DEFINE_FINAL_TYPE (HeartbeatProcesses, heartbeat_processes, G_TYPE_OBJECT)

static void
heartbeat_processes_finalize (GObject *object)
{
  HeartbeatProcesses *self = HEARTBEAT_PROCESSES (object);

  g_ptr_array_unref (self->groups);
  G_OBJECT_CLASS (heartbeat_processes_parent_class)->finalize (object);
}

static void
heartbeat_processes_class_init (HeartbeatProcessesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = heartbeat_processes_finalize;
}

static void
heartbeat_processes_init (HeartbeatProcesses *self)
{
  self->groups = g_ptr_array_new_with_free_func ((GDestroyNotify) heartbeat_group_unref);
}

/**
 * heartbeat_processes_new:
 *
 * Returns: (transfer full): an empty set
 */
HeartbeatProcesses *
heartbeat_processes_new (void)
{
  return g_object_new (HEARTBEAT_TYPE_PROCESSES, NULL);
}

/**
 * heartbeat_processes_set_file_limit:
 * @self: a set
 * @limit: the soft limit of open files for programs started from now on; 0 for the limit of this process
 */
void
heartbeat_processes_set_file_limit (HeartbeatProcesses *self, guint64 limit)
{
  g_return_if_fail (HEARTBEAT_IS_PROCESSES (self));

  self->file_limit = limit;
}

guint64
heartbeat_processes_get_file_limit (HeartbeatProcesses *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_PROCESSES (self), 0);

  return self->file_limit;
}

static void
complete (HeartbeatProcesses *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->stop_task);

  heartbeat_deadline_clear (&self->stop_timer);
  g_task_return_boolean (task, TRUE);
}

/**
 * heartbeat_processes_add:
 * @self: a set
 * @group: a group; it is held until it is removed
 */
void
heartbeat_processes_add (HeartbeatProcesses *self, HeartbeatGroup *group)
{
  g_return_if_fail (HEARTBEAT_IS_PROCESSES (self));
  g_return_if_fail (group != NULL);

  g_ptr_array_add (self->groups, heartbeat_group_ref (group));
}

/**
 * heartbeat_processes_remove:
 * @self: a set
 * @group: a group that is over
 */
void
heartbeat_processes_remove (HeartbeatProcesses *self, HeartbeatGroup *group)
{
  g_return_if_fail (HEARTBEAT_IS_PROCESSES (self));
  g_return_if_fail (group != NULL);

  g_ptr_array_remove_fast (self->groups, group);
  if (self->stop_task != NULL && self->groups->len == 0)
    complete (self);
}

/* @func may end a group and so remove it from the set. */
static void
for_each (HeartbeatProcesses *self, void (*func) (HeartbeatGroup *group))
{
  g_autoptr (GPtrArray) groups
      = g_ptr_array_new_with_free_func ((GDestroyNotify) heartbeat_group_unref);

  for (guint i = 0; i < self->groups->len; i++)
    g_ptr_array_add (groups, heartbeat_group_ref (g_ptr_array_index (self->groups, i)));
  for (guint i = 0; i < groups->len; i++)
    func (g_ptr_array_index (groups, i));
}

static gboolean
on_stop_time (gpointer user_data)
{
  HeartbeatProcesses *self = user_data;
  g_autoptr (HeartbeatProcesses) keep = g_object_ref (self);

  if (self->killed)
    {
      complete (self);
      return G_SOURCE_REMOVE;
    }
  self->killed = TRUE;
  heartbeat_deadline_set_in (&self->stop_timer, STOP_STEP_US, on_stop_time, self);
  for_each (self, heartbeat_group_kill);
  return G_SOURCE_REMOVE;
}

/**
 * heartbeat_processes_stop_async:
 * @self: a set
 * @callback: called when all groups are gone, after two seconds at most
 * @user_data: passed to @callback
 *
 * Ends all groups: SIGTERM, then SIGKILL once the leader has ended or a second has passed.
 */
void
heartbeat_processes_stop_async (HeartbeatProcesses *self,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_return_if_fail (HEARTBEAT_IS_PROCESSES (self));
  g_return_if_fail (self->stop_task == NULL);

  for_each (self, heartbeat_group_force_stop);
  self->stop_task = g_task_new (self, NULL, callback, user_data);
  self->killed = FALSE;
  heartbeat_deadline_set_in (&self->stop_timer, STOP_STEP_US, on_stop_time, self);
  if (self->groups->len == 0)
    complete (self);
}

void
heartbeat_processes_stop_finish (HeartbeatProcesses *self, GAsyncResult *result)
{
  g_return_if_fail (HEARTBEAT_IS_PROCESSES (self));
  g_return_if_fail (G_IS_ASYNC_RESULT (result));

  g_task_propagate_boolean (G_TASK (result), NULL);
}
