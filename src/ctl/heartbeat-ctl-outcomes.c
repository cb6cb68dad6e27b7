/* SPDX-License-Identifier: MIT */

#include "ctl/heartbeat-ctl-outcomes.h"

#define MARKS 10

/* As many runs as a history of 2 MiB nearly has: the rarest check may have run long before the others. */
#define MOST_RUNS 10000

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
 * @runs: an `aa{sv}` of runs, newest first
 *
 * Returns: (transfer full): how they ended
 */
HeartbeatCtlOutcomes *
heartbeat_ctl_outcomes_new (GVariant *runs)
{
  HeartbeatCtlOutcomes *self = g_new (HeartbeatCtlOutcomes, 1);
  GVariantIter iter;
  GVariant *run = NULL;

  self->marks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_marks);
  g_variant_iter_init (&iter, runs);
  while ((run = g_variant_iter_next_value (&iter)) != NULL)
    {
      add_run (self, run);
      g_variant_unref (run);
    }
  return self;
}

/**
 * heartbeat_ctl_outcomes_load:
 * @agent: an agent on the bus
 *
 * Returns: (transfer full): how its last runs ended; none where it does not tell
 */
HeartbeatCtlOutcomes *
heartbeat_ctl_outcomes_load (HeartbeatDBusAgent *agent)
{
  g_autoptr (GVariant) runs = NULL;
  g_autoptr (GVariant) none = g_variant_ref_sink (g_variant_new ("aa{sv}", NULL));

  heartbeat_dbus_agent_call_history_sync (agent, "", MOST_RUNS, &runs, NULL, NULL);
  return heartbeat_ctl_outcomes_new (runs != NULL ? runs : none);
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
