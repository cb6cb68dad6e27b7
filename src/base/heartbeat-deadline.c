/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-deadline.h"

/* The one way to wait for a time. A deadline is a variable of its owner, %NULL while nothing is awaited, so that a main loop
 * looks at no source in vain. It belongs to the thread that sets it. */

typedef struct
{
  GSource source;
  GSource **owner;
} Deadline;

/* The callback may set the deadline again, or free its owner: nothing of the owner is touched after it. */
static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  g_clear_pointer (((Deadline *) source)->owner, g_source_unref);
  callback (user_data);
  return G_SOURCE_REMOVE;
}

static GSourceFuncs deadline_funcs = { NULL, NULL, dispatch, NULL };

/**
 * heartbeat_deadline_set:
 * @deadline: (inout): the deadline; it must stay where it is in memory
 * @when_us: monotonic time in microseconds
 * @func: called once when the time has come; its result is ignored
 * @user_data: passed to @func
 *
 * Sets a deadline, or moves it if it is set already (@func and @user_data stay as they were then). It can be set again from
 * @func. The callback comes from the thread's default main context.
 */
void
heartbeat_deadline_set (GSource **deadline, gint64 when_us, GSourceFunc func, gpointer user_data)
{
  g_return_if_fail (deadline != NULL);
  g_return_if_fail (func != NULL);

  if (*deadline == NULL)
    {
      *deadline = g_source_new (&deadline_funcs, sizeof (Deadline));
      ((Deadline *) *deadline)->owner = deadline;
      g_source_set_callback (*deadline, func, user_data, NULL);
      g_source_attach (*deadline, g_main_context_get_thread_default ());
    }
  g_source_set_ready_time (*deadline, MAX (when_us, 0));
}

/**
 * heartbeat_deadline_set_in:
 * @deadline: (inout): the deadline
 * @delay_us: how long from now, in microseconds
 * @func: called once when the time has come; its result is ignored
 * @user_data: passed to @func
 *
 * Sets a deadline as heartbeat_deadline_set() does.
 */
void
heartbeat_deadline_set_in (GSource **deadline,
                           gint64 delay_us,
                           GSourceFunc func,
                           gpointer user_data)
{
  heartbeat_deadline_set (deadline, g_get_monotonic_time () + delay_us, func, user_data);
}

/**
 * heartbeat_deadline_clear:
 * @deadline: (inout): the deadline; %NULL afterwards
 *
 * Cancels the deadline, if it is set.
 */
void
heartbeat_deadline_clear (GSource **deadline)
{
  g_return_if_fail (deadline != NULL);

  if (*deadline == NULL)
    return;
  g_source_destroy (*deadline);
  g_clear_pointer (deadline, g_source_unref);
}
