/* SPDX-License-Identifier: MIT */

#include "config/heartbeat-problem.h"

#include <string.h>

#include "base/heartbeat-i18n.h"

/* Found values are shown up to this length. */
#define MAX_FOUND 60

/* As it is written, but what spans lines becomes one: line ends stand only between JSON's tokens. */
static char *
show (const HeartbeatJson *value)
{
  GString *shown = g_string_new (NULL);
  const char *at = value->start;

  for (guint n = 0; at < value->end; n++)
    {
      const char *next = g_utf8_next_char (at);

      if (n == MAX_FOUND)
        {
          g_string_append (shown, "…");
          break;
        }
      if (*at == '\n' || *at == '\r')
        {
          while (next < value->end && g_ascii_isspace (*next))
            next++;
          g_string_append_c (shown, ' ');
        }
      else
        g_string_append_len (shown, at, next - at);
      at = next;
    }
  return g_string_free (shown, FALSE);
}

/**
 * heartbeat_problem_new:
 * @place: where in the text it is
 * @path: the member, empty for the text itself
 * @found: (nullable): what is there
 * @rule: (transfer none): the rule that it breaks, a static string
 *
 * Line and column are not known before heartbeat_problem_locate().
 *
 * Returns: (transfer full): a problem
 */
HeartbeatProblem *
heartbeat_problem_new (const char *place,
                       const char *path,
                       const HeartbeatJson *found,
                       const char *rule)
{
  HeartbeatProblem *self = NULL;

  g_return_val_if_fail (place != NULL, NULL);
  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (rule != NULL, NULL);

  self = g_rc_box_new0 (HeartbeatProblem);
  self->place = place;
  self->path = g_strdup (path);
  self->found = found != NULL ? show (found) : NULL;
  self->rule = rule;
  return self;
}

HeartbeatProblem *
heartbeat_problem_ref (HeartbeatProblem *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_rc_box_acquire (self);
}

static void
clear (HeartbeatProblem *self)
{
  g_free (self->path);
  g_free (self->found);
}

void
heartbeat_problem_unref (HeartbeatProblem *self)
{
  g_return_if_fail (self != NULL);

  g_rc_box_release_full (self, (GDestroyNotify) clear);
}

/**
 * heartbeat_problem_describe:
 * @self: a problem
 *
 * Returns: (transfer full): what is wrong, without the place: `checks.a.priority: an integer of at least 1 is expected, not 0`
 */
char *
heartbeat_problem_describe (const HeartbeatProblem *self)
{
  const char *path = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  path = self->path;
  if (*path == '\0')
    return g_strdup (self->rule);
  if (self->found == NULL)
    return g_strdup_printf ("%s: %s", path, self->rule);
  /* Translators: a member of heartbeat.json, the rule for it (“true or false is expected”), what is written there */
  return g_strdup_printf (_ ("%s: %s, not %s"), path, self->rule, self->found);
}

/**
 * heartbeat_problem_to_string:
 * @self: a problem
 *
 * Returns: (transfer full): where and what, for a log
 */
char *
heartbeat_problem_to_string (const HeartbeatProblem *self)
{
  g_autofree char *what = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  what = heartbeat_problem_describe (self);
  return g_strdup_printf (_ ("line %u, column %u: %s"), self->line, self->column, what);
}

static int
compare_places (gconstpointer a, gconstpointer b)
{
  const HeartbeatProblem *const *left = a, *const *right = b;

  return ((*left)->place > (*right)->place) - ((*left)->place < (*right)->place);
}

/**
 * heartbeat_problem_locate:
 * @problems: (element-type HeartbeatProblem): problems of one text, to be sorted by place
 * @text: (array length=length): the text
 * @length: its length in bytes
 *
 * Counts lines and columns for all of them in one pass over the text.
 */
void
heartbeat_problem_locate (GPtrArray *problems, const char *text, gsize length)
{
  HeartbeatJsonCursor cursor;

  g_return_if_fail (problems != NULL);
  g_return_if_fail (text != NULL);

  heartbeat_json_cursor_init (&cursor, text, length);
  g_ptr_array_sort (problems, compare_places);
  for (guint i = 0; i < problems->len; i++)
    {
      HeartbeatProblem *problem = g_ptr_array_index (problems, i);

      heartbeat_json_cursor_advance (&cursor, problem->place);
      problem->line = cursor.line;
      problem->column = cursor.column;
    }
}
