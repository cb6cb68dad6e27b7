/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "base/heartbeat-i18n.h"
#include "ctl/print/heartbeat-ctl-format.h"
#include "ctl/commands/heartbeat-ctl-status.h"
#include "ctl/print/heartbeat-ctl-table.h"
#include "ctl/heartbeat-ctl-views.h"
#include "ctl/heartbeat-ctl.h"

static const HeartbeatCtlColumn columns[] = {
  { N_ ("CHECK"), 0 },    { N_ ("STATE"), 0 },    { N_ ("CADENCE"), 24 },    { N_ ("LAST RUN"), 8 },
  { N_ ("NEXT DUE"), 8 }, { N_ ("LAST 10"), 16 }, { N_ ("LAST RESULT"), 0 },
};

/* --- For people ----------------------------------------------------------------------------------------------------- */

static char *
describe_broker (HeartbeatDBusAgent *agent)
{
  const char *state = heartbeat_dbus_agent_get_connection_state (agent);
  const char *error = heartbeat_dbus_agent_get_connection_error (agent);
  const char *broker = heartbeat_dbus_agent_get_broker (agent);

  if (strcmp (state, "connected") == 0)
    return g_strdup_printf (_ ("connected to %s, queue %s"), broker,
                            heartbeat_dbus_agent_get_queue (agent));
  if (strcmp (state, "connecting") == 0)
    return g_strdup_printf (_ ("connecting to %s"), broker);
  if (strcmp (state, "waiting") == 0)
    return g_strdup_printf (_ ("away: %s"), error);
  return g_strdup (_ ("none: ticks come from a timer"));
}

/* The format of a 64-bit number differs between machines, so a translation cannot contain it. */
static char *
number (guint64 n)
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT, n);
}

static char *
describe_runs (HeartbeatDBusAgent *agent)
{
  g_autofree char *good = number (heartbeat_dbus_agent_get_runs_succeeded (agent));
  g_autofree char *failed = number (heartbeat_dbus_agent_get_runs_failed (agent));
  g_autofree char *skipped = number (heartbeat_dbus_agent_get_runs_skipped (agent));

  /* Translators: how many runs of checks ended in which way */
  return g_strdup_printf (_ ("%s good, %s failed, %s skipped"), good, failed, skipped);
}

static char *
describe_agent (HeartbeatDBusAgent *agent, gint64 now)
{
  g_autoptr (HeartbeatCtlTable) table = heartbeat_ctl_table_new (NULL, 2, TRUE);
  g_autofree char *broker = describe_broker (agent);
  g_autofree char *tick
      = heartbeat_ctl_format_past (heartbeat_dbus_agent_get_last_tick (agent), now);
  g_autofree char *received = number (heartbeat_dbus_agent_get_ticks_received (agent));
  g_autofree char *idle = number (heartbeat_dbus_agent_get_ticks_idle (agent));
  /* Translators: when the last tick came (“3 s ago”), how many have come, at how many of them no check was due */
  g_autofree char *ticks
      = g_strdup_printf (_ ("%s (%s received, %s with nothing due)"), tick, received, idle);
  g_autofree char *due
      = heartbeat_ctl_format_future (heartbeat_dbus_agent_get_next_due (agent), now);
  g_autofree char *runs = describe_runs (agent);
  const char *config_error = heartbeat_dbus_agent_get_config_error (agent);

  heartbeat_ctl_table_add_labelled (table, _ ("Agent"), heartbeat_dbus_agent_get_name (agent));
  heartbeat_ctl_table_add_labelled (table, _ ("File"),
                                    heartbeat_dbus_agent_get_config_path (agent));
  if (*config_error != '\0')
    heartbeat_ctl_table_add_labelled (table, _ ("Error"), config_error);
  heartbeat_ctl_table_add_labelled (table, _ ("Broker"), broker);
  heartbeat_ctl_table_add_labelled (table, _ ("Last tick"), ticks);
  heartbeat_ctl_table_add_labelled (table, _ ("Runs"), runs);
  heartbeat_ctl_table_add_labelled (table, _ ("Next due"), due);
  return heartbeat_ctl_table_to_string (table);
}

/* After a success the message is enough. */
static char *
describe_result (HeartbeatDBusCheck *check)
{
  const char *status = heartbeat_dbus_check_get_last_status (check);
  const char *message = heartbeat_dbus_check_get_last_message (check);
  const char *error = heartbeat_dbus_check_get_error (check);

  if (*error != '\0')
    return g_strdup (error);
  if (*message == '\0')
    return g_strdup (heartbeat_ctl_format_word ("status", status));
  if (strcmp (status, "success") == 0)
    return g_strdup (message);
  return g_strdup_printf (_ ("%s: %s"), heartbeat_ctl_format_word ("status", status), message);
}

/* A check that is running, disabled or invalid has no due time. */
static char *
describe_next_due (HeartbeatDBusCheck *check, gint64 now)
{
  gint64 next = heartbeat_dbus_check_get_next_due (check);

  return next != 0 ? heartbeat_ctl_format_future (next, now) : g_strdup ("-");
}

static void
add_check (HeartbeatCtlTable *table,
           HeartbeatDBusCheck *check,
           HeartbeatCtlRunMarks *marks,
           gint64 now)
{
  g_autofree char *row = heartbeat_ctl_run_marks_row (marks, heartbeat_dbus_check_get_name (check),
                                                      g_get_charset (NULL));
  const char *state = heartbeat_dbus_check_get_state (check);
  g_autofree char *cadence
      = heartbeat_ctl_format_span (heartbeat_dbus_check_get_cadence_ms (check) * 1000);
  g_autofree char *last
      = heartbeat_ctl_format_past (heartbeat_dbus_check_get_last_run (check), now);
  g_autofree char *next = describe_next_due (check, now);
  g_autofree char *result = describe_result (check);
  const char *status = heartbeat_dbus_check_get_last_status (check);
  const char *error = heartbeat_dbus_check_get_error (check);

  heartbeat_ctl_table_add (table, heartbeat_dbus_check_get_name (check));
  heartbeat_ctl_table_add_styled (table, heartbeat_ctl_format_word ("state", state),
                                  heartbeat_ctl_style_of (state));
  heartbeat_ctl_table_add (table, cadence);
  heartbeat_ctl_table_add (table, last);
  heartbeat_ctl_table_add (table, next);
  heartbeat_ctl_table_add (table, row);
  heartbeat_ctl_table_add_styled (
      table, result, *error != '\0' ? HEARTBEAT_CTL_STYLE_BAD : heartbeat_ctl_style_of (status));
}

/**
 * heartbeat_ctl_status_to_string:
 * @view: what an agent shows
 * @marks: (nullable): how its last runs ended
 * @now: the time, in µs since the epoch
 *
 * Returns: (transfer full): the agent and a table of its checks, formatted for standard output
 */
char *
heartbeat_ctl_status_to_string (HeartbeatCtlView *view, HeartbeatCtlRunMarks *marks, gint64 now)
{
  g_autoptr (HeartbeatCtlTable) table
      = heartbeat_ctl_table_new (columns, G_N_ELEMENTS (columns), FALSE);
  g_autofree char *agent = NULL;
  g_autofree char *checks = NULL;

  g_return_val_if_fail (view != NULL && view->agent != NULL, NULL);

  agent = describe_agent (view->agent, now);
  if (view->checks->len == 0)
    return g_steal_pointer (&agent);
  for (guint i = 0; i < view->checks->len; i++)
    add_check (table, g_ptr_array_index (view->checks, i), marks, now);
  checks = heartbeat_ctl_table_to_string (table);
  return g_strconcat (agent, "\n", checks, NULL);
}

static void
print_views (GPtrArray *views, HeartbeatCtlExit *status)
{
  g_autoptr (GPtrArray) marks = heartbeat_ctl_run_marks_load_all (views, status);

  for (guint i = 0; i < views->len; i++)
    {
      g_autofree char *text
          = heartbeat_ctl_status_to_string (g_ptr_array_index (views, i),
                                            g_ptr_array_index (marks, i), g_get_real_time ());

      g_print ("%s%s", i > 0 ? "\n" : "", text);
    }
}

/* --- The command ---------------------------------------------------------------------------------------------------- */

static void
print_json (GPtrArray *views)
{
  GVariantBuilder agents = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  for (guint i = 0; i < views->len; i++)
    {
      HeartbeatCtlView *view = g_ptr_array_index (views, i);
      GVariantBuilder checks = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

      for (guint j = 0; j < view->checks->len; j++)
        g_variant_builder_add_value (&checks, heartbeat_ctl_view_serialize (
                                                  g_ptr_array_index (view->checks, j), NULL, NULL));
      g_variant_builder_add_value (
          &agents, heartbeat_ctl_view_serialize (G_DBUS_PROXY (view->agent), "Checks",
                                                 g_variant_builder_end (&checks)));
    }
  heartbeat_ctl_print_json (g_variant_new_parsed ("{'agents': <%aa{sv}>}", &agents));
}

/* `heartbeatctl status`: each agent and its checks. */
HeartbeatCtlExit
heartbeat_ctl_status (HeartbeatCtl *self, char **args)
{
  g_autoptr (GPtrArray) agents = NULL;
  g_autoptr (GPtrArray) views = NULL;
  HeartbeatCtlExit status = heartbeat_ctl_find_agents (self, &agents);

  if (status != HEARTBEAT_CTL_OK)
    return status;
  status = heartbeat_ctl_views_load (self, agents, &views);
  if (self->json)
    print_json (views);
  else
    print_views (views, &status);
  return status;
}
