/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "base/heartbeat-i18n.h"
#include "ctl/print/heartbeat-ctl-format.h"
#include "ctl/commands/heartbeat-ctl-status.h"
#include "ctl/print/heartbeat-ctl-table.h"
#include "ctl/heartbeat-ctl-views.h"
#include "ctl/heartbeat-ctl.h"

/* Columns that go in a narrow terminal, and how wide the last result is to be then. */
#define COLUMN_CADENCE  2
#define COLUMN_LAST_RUN 3
#define COLUMN_NEXT_DUE 4
#define COLUMN_OUTCOMES 5
#define ROOM            24
#define LEAST_ROOM      16
#define VERY_LEAST_ROOM 8

static void
add_view (JsonBuilder *builder, HeartbeatCtlView *view)
{
  json_builder_begin_object (builder);
  heartbeat_ctl_view_add_properties (builder, G_DBUS_PROXY (view->agent));
  json_builder_set_member_name (builder, "Checks");
  json_builder_begin_array (builder);
  for (guint i = 0; i < view->checks->len; i++)
    {
      json_builder_begin_object (builder);
      heartbeat_ctl_view_add_properties (builder, g_ptr_array_index (view->checks, i));
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

/* --- For people ----------------------------------------------------------------------------------------------------- */

static void
add_line (HeartbeatCtlTable *table, const char *label, const char *text)
{
  heartbeat_ctl_table_add_styled (table, label, HEARTBEAT_CTL_STYLE_HEAD);
  heartbeat_ctl_table_add (table, text);
}

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

/* A format of 64 bits is no text that can be translated. */
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
  g_autoptr (HeartbeatCtlTable) table = heartbeat_ctl_table_new (2);
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

  add_line (table, _ ("Agent"), heartbeat_dbus_agent_get_name (agent));
  add_line (table, _ ("File"), heartbeat_dbus_agent_get_config_path (agent));
  if (*config_error != '\0')
    add_line (table, _ ("Error"), config_error);
  add_line (table, _ ("Broker"), broker);
  add_line (table, _ ("Last tick"), ticks);
  add_line (table, _ ("Runs"), runs);
  add_line (table, _ ("Next due"), due);
  heartbeat_ctl_table_set_wrapped (table);
  return heartbeat_ctl_table_to_string (table);
}

/* A good result speaks for itself. */
static char *
describe_result (HeartbeatDBusCheck *check)
{
  const char *status = heartbeat_dbus_check_get_last_status (check);
  const char *message = heartbeat_dbus_check_get_last_message (check);
  const char *error = heartbeat_dbus_check_get_error (check);

  if (*error != '\0')
    return g_strdup (error);
  if (*message == '\0')
    return g_strdup (heartbeat_ctl_format_status (status));
  if (strcmp (status, "success") == 0)
    return g_strdup (message);
  return g_strdup_printf (_ ("%s: %s"), heartbeat_ctl_format_status (status), message);
}

/* A check that is running, disabled or invalid is not due at any time that is known. */
static char *
describe_next_due (HeartbeatDBusCheck *check, gint64 now)
{
  gint64 next = heartbeat_dbus_check_get_next_due (check);

  return next != 0 ? heartbeat_ctl_format_future (next, now) : g_strdup ("-");
}

static void
add_check (HeartbeatCtlTable *table,
           HeartbeatDBusCheck *check,
           HeartbeatCtlRunMarks *outcomes,
           gint64 now)
{
  g_autofree char *row
      = heartbeat_ctl_run_marks_row (outcomes, heartbeat_dbus_check_get_name (check),
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
  heartbeat_ctl_table_add_styled (table, heartbeat_ctl_format_state (state),
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
 * @outcomes: how its last runs ended
 * @now: the time, in µs since the epoch
 *
 * Returns: (transfer full): the agent and a table of its checks, as they are to be shown on standard output
 */
char *
heartbeat_ctl_status_to_string (HeartbeatCtlView *view, HeartbeatCtlRunMarks *outcomes, gint64 now)
{
  const char *const heads[] = { _ ("CHECK"),    _ ("STATE"),   _ ("CADENCE"),    _ ("LAST RUN"),
                                _ ("NEXT DUE"), _ ("LAST 10"), _ ("LAST RESULT") };
  g_autoptr (HeartbeatCtlTable) table = heartbeat_ctl_table_new (G_N_ELEMENTS (heads));
  g_autofree char *agent = describe_agent (view->agent, now);
  g_autofree char *checks = NULL;

  if (view->checks->len == 0)
    return g_steal_pointer (&agent);
  for (guint i = 0; i < G_N_ELEMENTS (heads); i++)
    heartbeat_ctl_table_add_styled (table, heads[i], HEARTBEAT_CTL_STYLE_HEAD);
  for (guint i = 0; i < view->checks->len; i++)
    add_check (table, g_ptr_array_index (view->checks, i), outcomes, now);
  heartbeat_ctl_table_add_spare (table, COLUMN_CADENCE, ROOM);
  heartbeat_ctl_table_add_spare (table, COLUMN_OUTCOMES, LEAST_ROOM);
  heartbeat_ctl_table_add_spare (table, COLUMN_LAST_RUN, VERY_LEAST_ROOM);
  heartbeat_ctl_table_add_spare (table, COLUMN_NEXT_DUE, VERY_LEAST_ROOM);
  checks = heartbeat_ctl_table_to_string (table);
  return g_strconcat (agent, "\n", checks, NULL);
}

/* --- The command ---------------------------------------------------------------------------------------------------- */

static void
print_views (GPtrArray *views, HeartbeatCtlExit *status)
{
  g_autoptr (GPtrArray) outcomes = heartbeat_ctl_run_marks_load_all (views, status);

  for (guint i = 0; i < views->len; i++)
    {
      HeartbeatCtlView *view = g_ptr_array_index (views, i);
      g_autofree char *text = heartbeat_ctl_status_to_string (view, g_ptr_array_index (outcomes, i),
                                                              g_get_real_time ());

      g_print ("%s%s", i > 0 ? "\n" : "", text);
    }
}

static void
print_json (GPtrArray *views)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "agents");
  json_builder_begin_array (builder);
  for (guint i = 0; i < views->len; i++)
    add_view (builder, g_ptr_array_index (views, i));
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  heartbeat_ctl_print_json (builder);
}

/**
 * heartbeat_ctl_status:
 * @self: the command line
 * @args: none
 *
 * `heartbeatctl status`: each agent and its checks.
 *
 * Returns: the exit status
 */
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
