/* SPDX-License-Identifier: MIT */

#include "ctl/heartbeat-ctl-outcomes.h"

#define MARKS 10

/* Checks that run about as often as the others have ten among so many. */
#define RUNS_A_CHECK 20
#define LEAST_RUNS   100

/* As many runs as a history of 2 MiB nearly has: the rarest check may have run long before the others. To ask for all of
 * them takes as long as to ask for the runs of some checks, one after the other. */
#define MOST_RUNS 10000
#define SOME      16

/* How the last runs of each check ended, newest first: an ASCII mark each. */
struct _HeartbeatCtlOutcomes
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

static void
add_run (HeartbeatCtlOutcomes *self, GVariant *run)
{
  const char *check = NULL;
  const char *status = NULL;
  GString *marks = NULL;

  if (!g_variant_lookup (run, "check", "&s", &check)
      || !g_variant_lookup (run, "status", "&s", &status))
    return;
  marks = g_hash_table_lookup (self->marks, check);
  if (marks == NULL)
    {
      marks = g_string_new (NULL);
      g_hash_table_insert (self->marks, g_strdup (check), marks);
    }
  if (marks->len < MARKS)
    g_string_append_c (marks, mark_of (status));
}

/**
 * heartbeat_ctl_outcomes_new:
 *
 * Returns: (transfer full): outcomes of no runs
 */
HeartbeatCtlOutcomes *
heartbeat_ctl_outcomes_new (void)
{
  HeartbeatCtlOutcomes *self = g_new (HeartbeatCtlOutcomes, 1);

  self->marks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_marks);
  return self;
}

/**
 * heartbeat_ctl_outcomes_add:
 * @self: outcomes
 * @runs: an `aa{sv}` of runs, newest first, and older than those added before
 *
 * Adds how @runs ended.
 */
void
heartbeat_ctl_outcomes_add (HeartbeatCtlOutcomes *self, GVariant *runs)
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

/* Returns how many runs there are of the check, or of all: of those asked for. */
static gsize
ask (HeartbeatCtlOutcomes *self, HeartbeatDBusAgent *agent, const char *check, guint most)
{
  g_autoptr (GVariant) runs = NULL;

  if (!heartbeat_dbus_agent_call_history_sync (agent, check, most, &runs, NULL, NULL))
    return 0;
  heartbeat_ctl_outcomes_add (self, runs);
  return g_variant_n_children (runs);
}

/* The checks of which ten runs are not known. */
static GPtrArray *
find_short (HeartbeatCtlOutcomes *self, HeartbeatCtlView *view)
{
  GPtrArray *names = g_ptr_array_new ();

  for (guint i = 0; i < view->checks->len; i++)
    {
      const char *name = heartbeat_dbus_check_get_name (g_ptr_array_index (view->checks, i));
      const GString *marks = g_hash_table_lookup (self->marks, name);

      if (marks == NULL || marks->len < MARKS)
        g_ptr_array_add (names, (gpointer) name);
    }
  return names;
}

/**
 * heartbeat_ctl_outcomes_load:
 * @view: an agent on the bus
 *
 * Returns: (transfer full): how the last runs of its checks ended; none where it does not tell
 */
HeartbeatCtlOutcomes *
heartbeat_ctl_outcomes_load (HeartbeatCtlView *view)
{
  HeartbeatCtlOutcomes *self = heartbeat_ctl_outcomes_new ();
  guint most = CLAMP (view->checks->len * RUNS_A_CHECK, LEAST_RUNS, MOST_RUNS);
  g_autoptr (GPtrArray) names = NULL;

  if (ask (self, view->agent, "", most) < most)
    return self;
  names = find_short (self, view);
  if (names->len > SOME)
    {
      g_hash_table_remove_all (self->marks);
      ask (self, view->agent, "", MOST_RUNS);
      return self;
    }
  for (guint i = 0; i < names->len; i++)
    {
      g_hash_table_remove (self->marks, g_ptr_array_index (names, i));
      ask (self, view->agent, g_ptr_array_index (names, i), MARKS);
    }
  return self;
}

void
heartbeat_ctl_outcomes_free (HeartbeatCtlOutcomes *self)
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
 * heartbeat_ctl_outcomes_row:
 * @self: outcomes
 * @check: the name of a check
 * @unicode: whether marks of Unicode can be shown
 *
 * Returns: (transfer full): a mark for each of the check's last ten runs, the newest at the end
 */
char *
heartbeat_ctl_outcomes_row (HeartbeatCtlOutcomes *self, const char *check, gboolean unicode)
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
