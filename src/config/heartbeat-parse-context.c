/* SPDX-License-Identifier: MIT */

#include "config/heartbeat-parse-context.h"

#include "base/heartbeat-zone.h"

/* Past this many problems, which only a hostile text has, only the first one of each check is reported. */
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
 * Returns: (transfer full): the context in which a text is parsed
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
 * @self: a context
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
 * heartbeat_parse_context_report:
 * @self: a context
 * @problems: (inout) (element-type HeartbeatProblem): the problems of a check, made where it is %NULL
 * @problem: (transfer full): one more
 *
 * Adds it if it is asked for.
 */
void
heartbeat_parse_context_report (HeartbeatParseContext *self,
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
 * @self: a context
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
