/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-i18n.h"
#include "ctl/heartbeat-ctl-run-marks.h"
#include "ctl/print/heartbeat-ctl-format.h"
#include "ctl/print/heartbeat-ctl-table.h"
#include "ctl/heartbeat-ctl-views.h"

/* How wide the reason is to be at least, or the last outcomes go. */
#define ROOM 16

/* What one call of the command fills: a table for people, or a document. */
typedef struct
{
  HeartbeatCtlTable *table;
  JsonBuilder *builder;
  gboolean several; /* agents: then each line names its own */
  GTimeZone *zone;
  HeartbeatCtlRunMarks *outcomes; /* of the agent whose lines are being added */
} List;

static void
add_line (List *list, const char *agent, HeartbeatDBusCheck *check)
{
  g_autofree char *why = heartbeat_ctl_format_reason (heartbeat_dbus_check_get_reason (check),
                                                      g_get_real_time (), list->zone);
  g_autofree char *row
      = heartbeat_ctl_run_marks_row (list->outcomes, heartbeat_dbus_check_get_name (check),
                                     g_get_charset (NULL));
  const char *state = heartbeat_dbus_check_get_state (check);

  if (list->several)
    heartbeat_ctl_table_add (list->table, agent);
  heartbeat_ctl_table_add (list->table, heartbeat_dbus_check_get_name (check));
  heartbeat_ctl_table_add_styled (list->table, heartbeat_ctl_format_state (state),
                                  heartbeat_ctl_style_of (state));
  heartbeat_ctl_table_add (list->table, row);
  heartbeat_ctl_table_add (list->table, why);
}

static void
add_object (List *list, const char *agent, HeartbeatDBusCheck *check)
{
  json_builder_begin_object (list->builder);
  json_builder_set_member_name (list->builder, "Agent");
  json_builder_add_string_value (list->builder, agent);
  heartbeat_ctl_view_add_properties (list->builder, G_DBUS_PROXY (check));
  json_builder_end_object (list->builder);
}

static void
collect (HeartbeatCtl *self, GPtrArray *views, List *list, HeartbeatCtlExit *status)
{
  g_autoptr (GPtrArray) outcomes
      = self->json ? NULL : heartbeat_ctl_run_marks_load_all (views, status);

  for (guint i = 0; i < views->len; i++)
    {
      HeartbeatCtlView *view = g_ptr_array_index (views, i);

      list->outcomes = outcomes != NULL ? g_ptr_array_index (outcomes, i) : NULL;
      for (guint j = 0; j < view->checks->len; j++)
        (self->json ? add_object : add_line) (list, view->name,
                                              g_ptr_array_index (view->checks, j));
    }
}

static void
add_heads (List *list)
{
  const char *const heads[] = { _ ("AGENT"), _ ("CHECK"), _ ("STATE"), _ ("LAST 10"), _ ("WHY") };

  for (guint i = list->several ? 0 : 1; i < G_N_ELEMENTS (heads); i++)
    heartbeat_ctl_table_add_styled (list->table, heads[i], HEARTBEAT_CTL_STYLE_HEAD);
}

/**
 * heartbeat_ctl_list:
 * @self: the command line
 * @args: none
 *
 * `heartbeatctl list`: a line for each check, with its state and the reason for it. With `--json`, an object `checks`: the
 * properties of each as D-Bus has them, and its `Agent`.
 *
 * Returns: the exit status
 */
HeartbeatCtlExit
heartbeat_ctl_list (HeartbeatCtl *self, char **args)
{
  g_autoptr (GPtrArray) agents = NULL;
  g_autoptr (GPtrArray) views = NULL;
  g_autoptr (HeartbeatCtlTable) table = NULL;
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  HeartbeatCtlExit status = heartbeat_ctl_find_agents (self, &agents);
  List list = { NULL, builder, FALSE, zone, NULL };

  if (status != HEARTBEAT_CTL_OK)
    return status;
  list.several = agents->len > 1;
  list.table = table = heartbeat_ctl_table_new (list.several ? 5 : 4);
  heartbeat_ctl_table_set_wrapped (table);
  heartbeat_ctl_table_add_spare (table, list.several ? 3 : 2, ROOM);
  add_heads (&list);
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "checks");
  json_builder_begin_array (builder);
  status = heartbeat_ctl_views_load (self, agents, &views);
  collect (self, views, &list, &status);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  if (self->json)
    heartbeat_ctl_print_json (builder);
  else if (views->len > 0)
    heartbeat_ctl_table_print (table);
  return status;
}
