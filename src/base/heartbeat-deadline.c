/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-deadline.h"

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  g_source_set_ready_time (source, -1);
  return callback (user_data);
}

static GSourceFuncs deadline_funcs = { NULL, NULL, dispatch, NULL };

/**
 * heartbeat_deadline_set:
 * @deadline: (inout): the source, %NULL before the first use
 * @when: monotonic time in microseconds
 * @func: called once when the time has come; the result has the usual meaning, and the deadline can be set again from it
 * @user_data: for @func
 *
 * Sets a deadline or moves it, on the thread's default main context. It exists only while somebody waits for it, because
 * a main loop looks at each of its sources in every turn.
 */
void
heartbeat_deadline_set (GSource **deadline, gint64 when, GSourceFunc func, gpointer user_data)
{
  g_return_if_fail (deadline != NULL);

  if (*deadline == NULL)
    {
      *deadline = g_source_new (&deadline_funcs, sizeof (GSource));
      g_source_set_callback (*deadline, func, user_data, NULL);
      g_source_attach (*deadline, g_main_context_get_thread_default ());
    }
  g_source_set_ready_time (*deadline, when);
}

/**
 * heartbeat_deadline_clear:
 * @deadline: (inout): the source; %NULL afterwards
 *
 * Calls the deadline off. Does nothing where none is set.
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
