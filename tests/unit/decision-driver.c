/* SPDX-License-Identifier: MIT */

/* Decides what decision-oracle.py asks. A case on standard input is a line with now and the number of checks, one with the
 * body of a tick, one with the text of heartbeat.json, and for each check in the order of their names (by bytes) one with
 * last_failed_start, failures, retry_at and running. The answer is one line: for each check its reason and when it is
 * due next, then the place of the chosen check and when the first of all is due. */

#include <stdio.h>
#include <string.h>

#include "agent/heartbeat-schedule.h"
#include "json/heartbeat-tick.h"

#define LINE_SIZE (1 << 16)

static char *
read_line (char *line)
{
  if (fgets (line, LINE_SIZE, stdin) == NULL)
    return NULL;
  return g_strchomp (line);
}

static guint
read_quarter (char *line, gint64 now)
{
  HeartbeatTick tick;

  if (read_line (line) == NULL || !heartbeat_tick_parse (&tick, line, strlen (line), NULL))
    g_error ("no tick: %s", line);
  return heartbeat_tick_get_fresh_quarter (&tick, now);
}

static HeartbeatConfig *
read_config (char *line)
{
  g_autoptr (GBytes) text = NULL;
  g_autoptr (GError) error = NULL;
  HeartbeatConfig *config;

  if (read_line (line) == NULL)
    g_error ("a case without a heartbeat.json");
  text = g_bytes_new (line, strlen (line));
  config = heartbeat_config_parse (text, &error);
  if (config == NULL)
    g_error ("%s: %s", error->message, line);
  return config;
}

/* Behind the check's back, since the runs that lead to a state take their time. */
static void
read_state (HeartbeatCheck *check, char *line)
{
  HeartbeatCheckState *state = (HeartbeatCheckState *) heartbeat_check_peek_state (check);

  if (read_line (line) == NULL
      || sscanf (line, "%" G_GINT64_FORMAT " %u %" G_GINT64_FORMAT " %d", &state->last_failed_start,
                 &state->failures, &state->retry_at, &state->running)
             != 4)
    g_error ("no state: %s", line);
}

static void
answer_check (HeartbeatCheck *check, guint quarter, gint64 now)
{
  const HeartbeatCheckSpec *spec = heartbeat_check_get_spec (check);
  const HeartbeatCheckState *state = heartbeat_check_peek_state (check);

  printf ("%s %" G_GINT64_FORMAT " ",
          heartbeat_reason_to_string (heartbeat_decision_judge (spec, state, quarter, now).code),
          heartbeat_decision_next_due (spec, state, quarter, now));
}

static void
answer_case (gint64 now, guint n_checks, char *line)
{
  guint quarter = read_quarter (line, now);
  g_autoptr (HeartbeatConfig) config = read_config (line);
  g_autoptr (HeartbeatSchedule) schedule = heartbeat_schedule_new ();
  g_autoptr (GPtrArray) added = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) removed = g_ptr_array_new_with_free_func (g_object_unref);
  GPtrArray *checks;
  HeartbeatCheck *choice;
  guint place;

  heartbeat_schedule_apply (schedule, config, added, removed);
  checks = heartbeat_schedule_get_checks (schedule);
  g_assert_cmpuint (checks->len, ==, n_checks);
  for (guint i = 0; i < checks->len; i++)
    read_state (g_ptr_array_index (checks, i), line);
  for (guint i = 0; i < checks->len; i++)
    answer_check (g_ptr_array_index (checks, i), quarter, now);
  choice = heartbeat_schedule_choose (schedule, quarter, now);
  if (g_ptr_array_find (checks, choice, &place))
    printf ("%u ", place);
  else
    printf ("- ");
  printf ("%" G_GINT64_FORMAT "\n", heartbeat_schedule_next_due (schedule, quarter, now));
}

int
main (void)
{
  g_autofree char *line = g_malloc (LINE_SIZE);
  gint64 now;
  guint n_checks;

  while (read_line (line) != NULL)
    {
      if (sscanf (line, "%" G_GINT64_FORMAT " %u", &now, &n_checks) != 2)
        g_error ("no case: %s", line);
      answer_case (now, n_checks, line);
    }
  return 0;
}
