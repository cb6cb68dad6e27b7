/* SPDX-License-Identifier: MIT */

#include "ctl/heartbeat-ctl-run-marks.h"

#include "base/heartbeat-i18n.h"

#define MARKS 10

/* Checks that run about as often as the others have ten among so many. */
#define RUNS_A_CHECK 20
#define LEAST_RUNS   100

/* As many runs as a history of 2 MiB nearly has: the rarest check may have run long before the others. To ask for all of
 * them takes as long as to ask for the runs of some checks, one after the other. */
#define MOST_RUNS 10000
#define SOME      16

/* How the last runs of each check ended, newest first: an ASCII mark each. */
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
 * Returns: (transfer full): outcomes of no runs
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
 * @self: outcomes
 * @runs: an `aa{sv}` of runs, newest first, and older than those added before
 *
 * Adds how @runs ended.
 */
void
heartbeat_ctl_run_marks_add (HeartbeatCtlRunMarks *self, GVariant *runs)
{
  GVariantIter iter;
  GVariant *run = NULL;

  g_variant_iter_init (&iter, runs);
  while ((run = g_variant_iter_next_value (&iter)) != NULL)
    {
      add_run (self, run);
      g_variant_unref (run);
    }
}

/* Says how many runs there are of the check, or of all: of those asked for. */
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

/* The checks of which ten runs are not known. From here on all checks have marks, if only none. */
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
 * @limit_ms: for how long to wait for an answer
 * @error: return location for an error
 *
 * Returns: (transfer full) (nullable): how the last runs of its checks ended
 */
HeartbeatCtlRunMarks *
heartbeat_ctl_run_marks_load (HeartbeatCtlView *view, guint limit_ms, GError **error)
{
  g_autoptr (HeartbeatCtlRunMarks) self = heartbeat_ctl_run_marks_new ();

  g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (view->agent), (int) limit_ms);
  return load (self, view, error) ? g_steal_pointer (&self) : NULL;
}

static void
free_outcomes (gpointer outcomes)
{
  heartbeat_ctl_run_marks_free (outcomes);
}

/**
 * heartbeat_ctl_run_marks_load_all:
 * @views: (element-type HeartbeatCtlView): agents on the bus
 * @status: (inout): the exit status of the command; it becomes %HEARTBEAT_CTL_FAILED after a complaint
 *
 * Loads the outcomes of each agent. A process that does not answer is not asked for its other agents.
 *
 * Returns: (transfer full) (element-type HeartbeatCtlRunMarks): outcomes for each view, of no runs where they are not known
 */
GPtrArray *
heartbeat_ctl_run_marks_load_all (GPtrArray *views, HeartbeatCtlExit *status)
{
  GPtrArray *all = g_ptr_array_new_with_free_func (free_outcomes);
  g_autoptr (GHashTable) silent = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < views->len; i++)
    {
      HeartbeatCtlView *view = g_ptr_array_index (views, i);
      g_autoptr (GError) error = NULL;
      HeartbeatCtlRunMarks *outcomes = NULL;

      if (!g_hash_table_contains (silent, view->owner))
        outcomes = heartbeat_ctl_run_marks_load (view, HEARTBEAT_CTL_ANSWER_MS, &error);
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        {
          g_hash_table_add (silent, view->owner);
          heartbeat_ctl_complain (_ ("%s: the past runs cannot be read: %s"), view->name,
                                  heartbeat_ctl_explain (error));
          *status = MAX (*status, HEARTBEAT_CTL_FAILED);
        }
      g_ptr_array_add (all, outcomes != NULL ? outcomes : heartbeat_ctl_run_marks_new ());
    }
  return all;
}

/**
 * heartbeat_ctl_run_marks_cover:
 * @self: outcomes that were loaded
 * @view: the agent as it is now
 *
 * Returns: whether all its checks were there when @self was loaded
 */
gboolean
heartbeat_ctl_run_marks_cover (HeartbeatCtlRunMarks *self, HeartbeatCtlView *view)
{
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
 * @self: outcomes
 * @check: the name of a check
 * @unicode: whether marks of Unicode can be shown
 *
 * Returns: (transfer full): a mark for each of the check's last ten runs, the newest at the end
 */
char *
heartbeat_ctl_run_marks_row (HeartbeatCtlRunMarks *self, const char *check, gboolean unicode)
{
  const GString *marks = g_hash_table_lookup (self->marks, check);
  GString *row = g_string_new (NULL);

  for (gsize i = marks != NULL ? marks->len : 0; i > 0; i--)
    if (unicode)
      g_string_append (row, to_unicode (marks->str[i - 1]));
    else
      g_string_append_c (row, marks->str[i - 1]);
  return g_string_free (row, FALSE);
}
