/* SPDX-License-Identifier: MIT */

#include "ctl/heartbeat-ctl-run-marks.h"

#include "base/heartbeat-i18n.h"

#define MARKS 10

/* Among this many runs there are usually ten of each check. */
#define RUNS_A_CHECK 20
#define LEAST_RUNS   100

/* A history of 2 MiB has about this many runs. Asking for all of them takes as long as asking for those of some checks, one after
 * the other. */
#define MOST_RUNS 10000
#define SOME      16

/**
 * HeartbeatCtlRunMarks:
 *
 * How the last runs of each check ended, newest first: an ASCII mark for each.
 */
struct _HeartbeatCtlRunMarks
{
  GHashTable *marks; /* check → GString */
};

static void
free_marks (gpointer marks)
{
  g_string_free (marks, TRUE);
}

static char
mark_of (const char *status)
{
  if (g_str_equal (status, "success"))
    return '+';
  return g_str_equal (status, "failed") ? 'x' : '.';
}

static GString *
get_marks (HeartbeatCtlRunMarks *self, const char *check)
{
  GString *marks = g_hash_table_lookup (self->marks, check);

  if (marks == NULL)
    {
      marks = g_string_new (NULL);
      g_hash_table_insert (self->marks, g_strdup (check), marks);
    }
  return marks;
}

static void
add_run (HeartbeatCtlRunMarks *self, GVariant *run)
{
  const char *check = NULL;
  const char *status = NULL;
  GString *marks = NULL;

  if (!g_variant_lookup (run, "check", "&s", &check)
      || !g_variant_lookup (run, "status", "&s", &status))
    return;
  marks = get_marks (self, check);
  if (marks->len < MARKS)
    g_string_append_c (marks, mark_of (status));
}

/**
 * heartbeat_ctl_run_marks_new:
 *
 * Returns: (transfer full): marks of no runs
 */
HeartbeatCtlRunMarks *
heartbeat_ctl_run_marks_new (void)
{
  HeartbeatCtlRunMarks *self = g_new (HeartbeatCtlRunMarks, 1);

  self->marks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_marks);
  return self;
}

/**
 * heartbeat_ctl_run_marks_add:
 * @self: marks
 * @runs: an `aa{sv}` of runs, newest first, and older than those added before
 */
void
heartbeat_ctl_run_marks_add (HeartbeatCtlRunMarks *self, GVariant *runs)
{
  GVariantIter iter;
  GVariant *run = NULL;

  g_return_if_fail (self != NULL && runs != NULL);

  g_variant_iter_init (&iter, runs);
  while (g_variant_iter_loop (&iter, "@a{sv}", &run))
    add_run (self, run);
}

/* An empty @check means all checks. */
static gboolean
ask (HeartbeatCtlRunMarks *self,
     HeartbeatDBusAgent *agent,
     const char *check,
     guint most,
     gsize *found,
     GError **error)
{
  g_autoptr (GVariant) runs = NULL;

  if (!heartbeat_dbus_agent_call_history_sync (agent, check, most, &runs, NULL, error))
    return FALSE;
  heartbeat_ctl_run_marks_add (self, runs);
  *found = g_variant_n_children (runs);
  return TRUE;
}

/* The checks with fewer than ten marks. Afterwards each check is known, see heartbeat_ctl_run_marks_cover(). */
static GPtrArray *
find_short (HeartbeatCtlRunMarks *self, HeartbeatCtlView *view)
{
  GPtrArray *names = g_ptr_array_new ();

  for (guint i = 0; i < view->checks->len; i++)
    {
      const char *name = heartbeat_dbus_check_get_name (g_ptr_array_index (view->checks, i));

      if (get_marks (self, name)->len < MARKS)
        g_ptr_array_add (names, (gpointer) name);
    }
  return names;
}

static gboolean
load (HeartbeatCtlRunMarks *self, HeartbeatCtlView *view, GError **error)
{
  guint most = CLAMP (view->checks->len * RUNS_A_CHECK, LEAST_RUNS, MOST_RUNS);
  g_autoptr (GPtrArray) names = NULL;
  gboolean good = TRUE;
  gsize found = 0;

  if (!ask (self, view->agent, "", most, &found, error))
    return FALSE;
  names = find_short (self, view);
  if (found < most)
    return TRUE;
  for (guint i = 0; i < names->len; i++)
    g_string_truncate (get_marks (self, g_ptr_array_index (names, i)), 0);
  if (names->len > SOME)
    return ask (self, view->agent, "", MOST_RUNS, &found, error);
  for (guint i = 0; good && i < names->len; i++)
    good = ask (self, view->agent, g_ptr_array_index (names, i), MARKS, &found, error);
  return good;
}

/**
 * heartbeat_ctl_run_marks_load:
 * @view: an agent on the bus
 * @limit_ms: how long to wait for an answer
 * @silent: (element-type utf8): owners that did not answer in time, which are not asked again; owned by views
 * @error: return location for an error
 *
 * Returns: (transfer full) (nullable): the marks of its checks; %NULL without @error if its owner is one of @silent
 */
HeartbeatCtlRunMarks *
heartbeat_ctl_run_marks_load (HeartbeatCtlView *view,
                              guint limit_ms,
                              GHashTable *silent,
                              GError **error)
{
  g_autoptr (HeartbeatCtlRunMarks) self = heartbeat_ctl_run_marks_new ();
  g_autoptr (GError) failure = NULL;

  g_return_val_if_fail (view != NULL && silent != NULL, NULL);

  if (g_hash_table_contains (silent, view->owner))
    return NULL;
  g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (view->agent), (int) limit_ms);
  if (load (self, view, &failure))
    return g_steal_pointer (&self);
  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    g_hash_table_add (silent, view->owner);
  g_propagate_error (error, g_steal_pointer (&failure));
  return NULL;
}

/**
 * heartbeat_ctl_run_marks_load_all:
 * @views: (element-type HeartbeatCtlView): agents on the bus
 * @status: (inout): the exit status of the command, which becomes %HEARTBEAT_CTL_FAILED after a report
 *
 * Returns: (transfer full) (element-type HeartbeatCtlRunMarks): the marks of each agent, %NULL if they are not known
 */
GPtrArray *
heartbeat_ctl_run_marks_load_all (GPtrArray *views, HeartbeatCtlExit *status)
{
  GPtrArray *all = g_ptr_array_new_with_free_func ((GDestroyNotify) heartbeat_ctl_run_marks_free);
  g_autoptr (GHashTable) silent = g_hash_table_new (g_str_hash, g_str_equal);

  g_return_val_if_fail (views != NULL && status != NULL, all);

  for (guint i = 0; i < views->len; i++)
    {
      HeartbeatCtlView *view = g_ptr_array_index (views, i);
      g_autoptr (GError) error = NULL;

      g_ptr_array_add (all, heartbeat_ctl_run_marks_load (view, HEARTBEAT_CTL_ANSWER_MS, silent,
                                                          &error));
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        *status = heartbeat_ctl_report (HEARTBEAT_CTL_FAILED,
                                        _ ("%s: the past runs cannot be read: %s"), view->name,
                                        heartbeat_ctl_explain (error));
    }
  return all;
}

/**
 * heartbeat_ctl_run_marks_cover:
 * @self: marks that were loaded
 * @view: the agent as it is now
 *
 * Returns: whether all its checks existed when @self was loaded
 */
gboolean
heartbeat_ctl_run_marks_cover (HeartbeatCtlRunMarks *self, HeartbeatCtlView *view)
{
  g_return_val_if_fail (self != NULL && view != NULL, FALSE);

  for (guint i = 0; i < view->checks->len; i++)
    {
      HeartbeatDBusCheck *check = g_ptr_array_index (view->checks, i);

      if (!g_hash_table_contains (self->marks, heartbeat_dbus_check_get_name (check)))
        return FALSE;
    }
  return TRUE;
}

void
heartbeat_ctl_run_marks_free (HeartbeatCtlRunMarks *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->marks);
  g_free (self);
}

static const char *
to_unicode (char mark)
{
  if (mark == '+')
    return "✓";
  return mark == 'x' ? "✗" : "·";
}

/**
 * heartbeat_ctl_run_marks_row:
 * @self: (nullable): marks
 * @check: the name of a check
 * @unicode: whether marks of Unicode can be shown
 *
 * Returns: (transfer full): a mark for each of the check's last ten runs, the newest at the end
 */
char *
heartbeat_ctl_run_marks_row (HeartbeatCtlRunMarks *self, const char *check, gboolean unicode)
{
  const GString *marks;
  GString *row;

  g_return_val_if_fail (check != NULL, NULL);

  marks = self != NULL ? g_hash_table_lookup (self->marks, check) : NULL;
  row = g_string_new (NULL);
  for (gsize i = marks != NULL ? marks->len : 0; i > 0; i--)
    if (unicode)
      g_string_append (row, to_unicode (marks->str[i - 1]));
    else
      g_string_append_c (row, marks->str[i - 1]);
  return g_string_free (row, FALSE);
}
