/* SPDX-License-Identifier: MIT */

#include "config/heartbeat-parse-context.h"

#include "base/heartbeat-zone.h"

/* Of more problems than this, which only a hostile text has, those past the first of each check are not told. */
#define MAX_PROBLEMS 100000

struct _HeartbeatParseContext
{
  gboolean all;
  guint n_problems;
  GHashTable *zones; /* of GTimeZone by name, NULL for an unknown one */
};

static void
clear_zone (gpointer zone)
{
  if (zone != NULL)
    g_time_zone_unref (zone);
}

/**
 * heartbeat_parse_context_new:
 * @all: whether every problem is asked for, or only the first of each check
 *
 * Returns: (transfer full): what reading a text begins with
 */
HeartbeatParseContext *
heartbeat_parse_context_new (gboolean all)
{
  HeartbeatParseContext *self = g_new0 (HeartbeatParseContext, 1);

  self->all = all;
  self->zones = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, clear_zone);
  return self;
}

void
heartbeat_parse_context_free (HeartbeatParseContext *self)
{
  g_return_if_fail (self != NULL);

  g_hash_table_unref (self->zones);
  g_free (self);
}

/**
 * heartbeat_parse_context_wants:
 * @self: a reading
 * @problems: (nullable) (element-type HeartbeatProblem): what is known of a check already
 *
 * Returns: whether one more problem of that check is asked for
 */
gboolean
heartbeat_parse_context_wants (const HeartbeatParseContext *self, const GPtrArray *problems)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return problems == NULL || problems->len == 0 || (self->all && self->n_problems < MAX_PROBLEMS);
}

/**
 * heartbeat_parse_context_complain:
 * @self: a reading
 * @problems: (inout) (element-type HeartbeatProblem): the problems of a check, made where it is %NULL
 * @problem: (transfer full): one more
 *
 * Adds it if it is asked for.
 */
void
heartbeat_parse_context_complain (HeartbeatParseContext *self,
                                  GPtrArray **problems,
                                  HeartbeatProblem *problem)
{
  g_autoptr (HeartbeatProblem) one = problem;

  g_return_if_fail (self != NULL);
  g_return_if_fail (problems != NULL);
  g_return_if_fail (problem != NULL);

  if (!heartbeat_parse_context_wants (self, *problems))
    return;
  if (*problems == NULL)
    *problems = g_ptr_array_new_with_free_func ((GDestroyNotify) heartbeat_problem_unref);
  g_ptr_array_add (*problems, g_steal_pointer (&one));
  self->n_problems++;
}

/**
 * heartbeat_parse_context_find_zone:
 * @self: a reading
 * @name: the name of a time zone
 *
 * Returns: (transfer full) (nullable): as heartbeat_zone_lookup(), as of the first time that @name was asked for
 */
GTimeZone *
heartbeat_parse_context_find_zone (HeartbeatParseContext *self, const char *name)
{
  gpointer zone;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);

  if (!g_hash_table_lookup_extended (self->zones, name, NULL, &zone))
    {
      zone = heartbeat_zone_lookup (name, NULL);
      g_hash_table_insert (self->zones, g_strdup (name), zone);
    }
  return zone != NULL ? g_time_zone_ref (zone) : NULL;
}
