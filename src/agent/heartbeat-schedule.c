/* SPDX-License-Identifier: MIT */

#include "agent/heartbeat-schedule.h"

#include <string.h>

/* No quarter, Q1 to Q4: what a tick can name. */
#define N_QUARTERS 5

/**
 * HeartbeatSchedule:
 *
 * An agent's checks, and for each quarter that a tick can name the time before which none of them is due, so that an idle
 * tick costs one comparison however many checks there are.
 */
struct _HeartbeatSchedule
{
  HeartbeatConfig *config;
  GPtrArray *checks; /* sorted by name */
  GHashTable *by_name;
  GHashTable *orphans;         /* name → Orphan */
  gint64 next_due[N_QUARTERS]; /* 0: not known */
  gint64 latest;               /* the latest time that was asked about */
};

/* A check that has gone from heartbeat.json while it was running. If it comes back before the run ends it is the same one:
 * another would run beside it. */
typedef struct
{
  HeartbeatCheck *check;
  HeartbeatConfig *config; /* which its specification points into */
} Orphan;

static void
departed_free (gpointer data)
{
  Orphan *orphan = data;

  g_object_unref (orphan->check);
  heartbeat_config_unref (orphan->config);
  g_free (orphan);
}

/**
 * heartbeat_schedule_new:
 *
 * Returns: (transfer full): a schedule without checks
 */
HeartbeatSchedule *
heartbeat_schedule_new (void)
{
  HeartbeatSchedule *self = g_new0 (HeartbeatSchedule, 1);

  self->checks = g_ptr_array_new_with_free_func (g_object_unref);
  self->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  self->orphans = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, departed_free);
  return self;
}

void
heartbeat_schedule_free (HeartbeatSchedule *self)
{
  g_hash_table_unref (self->orphans);
  g_hash_table_unref (self->by_name);
  g_ptr_array_unref (self->checks);
  g_clear_pointer (&self->config, heartbeat_config_unref);
  g_free (self);
}

/* heartbeat_schedule_apply() replaces the specs that own these names, so rebuild the index. */
static void
index_checks (HeartbeatSchedule *self)
{
  g_hash_table_remove_all (self->by_name);
  for (guint i = 0; i < self->checks->len; i++)
    {
      HeartbeatCheck *check = g_ptr_array_index (self->checks, i);

      g_hash_table_insert (self->by_name, (gpointer) heartbeat_check_get_name (check), check);
    }
}

static void
depart (HeartbeatSchedule *self, HeartbeatCheck *check, HeartbeatConfig *config)
{
  Orphan *orphan;

  if (!heartbeat_check_peek_state (check)->running)
    return;
  orphan = g_new (Orphan, 1);
  orphan->check = g_object_ref (check);
  orphan->config = heartbeat_config_ref (config);
  g_hash_table_replace (self->orphans, g_strdup (heartbeat_check_get_name (check)), orphan);
}

/* The check of a name that was not there before. */
static HeartbeatCheck *
make_check (HeartbeatSchedule *self, HeartbeatCheckSpec *spec)
{
  Orphan *orphan = g_hash_table_lookup (self->orphans, spec->name);
  HeartbeatCheck *check;

  if (orphan == NULL)
    return heartbeat_check_new (spec);
  check = g_object_ref (orphan->check);
  heartbeat_check_set_spec (check, spec);
  g_hash_table_remove (self->orphans, spec->name);
  return check;
}

/**
 * heartbeat_schedule_apply:
 * @self: a schedule
 * @config: what heartbeat.json says now
 * @added: (element-type HeartbeatCheck): where new checks are appended
 * @removed: (element-type HeartbeatCheck): where gone checks are appended
 *
 * Takes over a configuration. Checks that stay keep their object and how their runs went, and so do those that come back
 * while a run of theirs goes on.
 */
void
heartbeat_schedule_apply (HeartbeatSchedule *self,
                          HeartbeatConfig *config,
                          GPtrArray *added,
                          GPtrArray *removed)
{
  g_autoptr (HeartbeatConfig) old = NULL;
  g_autoptr (GPtrArray) before = NULL;

  g_return_if_fail (self != NULL);
  g_return_if_fail (config != NULL);

  old = g_steal_pointer (&self->config);
  before = g_steal_pointer (&self->checks);
  self->config = heartbeat_config_ref (config);
  self->checks = g_ptr_array_new_full (config->checks->len, g_object_unref);
  for (guint i = 0; i < config->checks->len; i++)
    {
      HeartbeatCheckSpec *spec = g_ptr_array_index (config->checks, i);
      gpointer name, check;

      if (g_hash_table_steal_extended (self->by_name, spec->name, &name, &check))
        {
          g_ptr_array_add (self->checks, g_object_ref (check));
          heartbeat_check_set_spec (check, spec);
          continue;
        }
      check = make_check (self, spec);
      g_ptr_array_add (self->checks, check);
      g_ptr_array_add (added, g_object_ref (check));
    }
  for (guint i = 0; i < before->len; i++)
    {
      HeartbeatCheck *check = g_ptr_array_index (before, i);

      if (!g_hash_table_contains (self->by_name, heartbeat_check_get_name (check)))
        continue;
      g_ptr_array_add (removed, g_object_ref (check));
      depart (self, check, old);
    }
  index_checks (self);
  heartbeat_schedule_invalidate (self);
}

/**
 * heartbeat_schedule_get_config:
 * @self: a schedule
 *
 * Returns: (transfer none) (nullable): the configuration in force
 */
HeartbeatConfig *
heartbeat_schedule_get_config (HeartbeatSchedule *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->config;
}

/**
 * heartbeat_schedule_lookup:
 * @self: a schedule
 * @name: the name of a check
 *
 * Returns: (transfer none) (nullable): the check
 */
HeartbeatCheck *
heartbeat_schedule_lookup (HeartbeatSchedule *self, const char *name)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  return g_hash_table_lookup (self->by_name, name);
}

/**
 * heartbeat_schedule_get_checks:
 * @self: a schedule
 *
 * Returns: (transfer none) (element-type HeartbeatCheck): the checks, sorted by name
 */
GPtrArray *
heartbeat_schedule_get_checks (HeartbeatSchedule *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->checks;
}

/**
 * heartbeat_schedule_is_idle:
 * @self: a schedule
 * @tick_quarter: the quarter that a fresh tick names, 1 to 4, or 0
 * @now: the time in Unix ms
 *
 * Asks the cache alone. It holds only while the clock goes forward: one set back may have brought a `lastRun` into the
 * future.
 *
 * Returns: whether no check is due for sure
 */
gboolean
heartbeat_schedule_is_idle (HeartbeatSchedule *self, guint tick_quarter, gint64 now)
{
  g_return_val_if_fail (self != NULL, FALSE);

  if (now < self->latest)
    heartbeat_schedule_invalidate (self);
  self->latest = now;
  return now < self->next_due[tick_quarter];
}

/**
 * heartbeat_schedule_choose:
 * @self: a schedule
 * @tick_quarter: the quarter that a fresh tick names, 1 to 4, or 0
 * @now: the time in Unix ms
 *
 * Returns: (transfer none) (nullable): the due check that goes first
 */
HeartbeatCheck *
heartbeat_schedule_choose (HeartbeatSchedule *self, guint tick_quarter, gint64 now)
{
  HeartbeatCheck *best = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  for (guint i = 0; i < self->checks->len; i++)
    {
      HeartbeatCheck *check = g_ptr_array_index (self->checks, i);
      const HeartbeatCheckSpec *spec = heartbeat_check_get_spec (check);
      const HeartbeatCheckState *state = heartbeat_check_peek_state (check);

      if (heartbeat_decision_judge (spec, state, tick_quarter, now).code != HEARTBEAT_REASON_DUE)
        continue;
      if (best == NULL
          || heartbeat_decision_compare (spec, state, heartbeat_check_get_spec (best),
                                         heartbeat_check_peek_state (best), now)
                 < 0)
        best = check;
    }
  return best;
}

/**
 * heartbeat_schedule_next_due:
 * @self: a schedule
 * @tick_quarter: the quarter that the ticks to come name, 1 to 4, or 0
 * @now: the time in Unix ms
 *
 * Computes the cached time anew where it is not known or has passed.
 *
 * Returns: when the first check will be due, in Unix ms, or %HEARTBEAT_NEVER
 */
gint64
heartbeat_schedule_next_due (HeartbeatSchedule *self, guint tick_quarter, gint64 now)
{
  gint64 next = HEARTBEAT_NEVER;

  g_return_val_if_fail (self != NULL, 0);

  if (heartbeat_schedule_is_idle (self, tick_quarter, now))
    return self->next_due[tick_quarter];
  for (guint i = 0; i < self->checks->len; i++)
    {
      HeartbeatCheck *check = g_ptr_array_index (self->checks, i);

      next = MIN (next, heartbeat_decision_next_due (heartbeat_check_get_spec (check),
                                                     heartbeat_check_peek_state (check),
                                                     tick_quarter, now));
    }
  self->next_due[tick_quarter] = next;
  return next;
}

/**
 * heartbeat_schedule_invalidate:
 * @self: a schedule
 *
 * Forgets the cached times, since something happened to a check.
 */
void
heartbeat_schedule_invalidate (HeartbeatSchedule *self)
{
  g_return_if_fail (self != NULL);

  memset (self->next_due, 0, sizeof self->next_due);
}

/**
 * heartbeat_schedule_end_run:
 * @self: a schedule
 * @check: a check whose run has ended
 *
 * Forgets the cached times, and the check if it has gone meanwhile.
 */
void
heartbeat_schedule_end_run (HeartbeatSchedule *self, HeartbeatCheck *check)
{
  const Orphan *orphan;

  g_return_if_fail (self != NULL);
  g_return_if_fail (HEARTBEAT_IS_CHECK (check));

  orphan = g_hash_table_lookup (self->orphans, heartbeat_check_get_name (check));
  if (orphan != NULL && orphan->check == check)
    g_hash_table_remove (self->orphans, heartbeat_check_get_name (check));
  heartbeat_schedule_invalidate (self);
}
