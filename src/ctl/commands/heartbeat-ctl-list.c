/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-i18n.h"
#include "ctl/heartbeat-ctl-run-marks.h"
#include "ctl/print/heartbeat-ctl-format.h"
#include "ctl/print/heartbeat-ctl-table.h"
#include "ctl/heartbeat-ctl-views.h"

static const HeartbeatCtlColumn columns[] = {
  { N_ ("AGENT"), 0 },    { N_ ("CHECK"), 0 }, { N_ ("STATE"), 0 },
  { N_ ("LAST 10"), 16 }, { N_ ("WHY"), 0 },
};

static void
add_row (HeartbeatCtlTable *table, HeartbeatDBusCheck *check, HeartbeatCtlRunMarks *marks)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  const char *name = heartbeat_dbus_check_get_name (check);
  const char *state = heartbeat_dbus_check_get_state (check);
  g_autofree char *why = heartbeat_ctl_format_reason (heartbeat_dbus_check_get_reason (check),
                                                      g_get_real_time (), zone);
  g_autofree char *row = heartbeat_ctl_run_marks_row (marks, name, g_get_charset (NULL));

  heartbeat_ctl_table_add (table, name);
  heartbeat_ctl_table_add_styled (table, heartbeat_ctl_format_word ("state", state),
                                  heartbeat_ctl_style_of (state));
  heartbeat_ctl_table_add (table, row);
  heartbeat_ctl_table_add (table, why);
}

/* If there are several agents, each row names its own. */
static void
print_table (GPtrArray *views, gboolean several, HeartbeatCtlExit *status)
{
  g_autoptr (GPtrArray) marks = heartbeat_ctl_run_marks_load_all (views, status);
  guint first = several ? 0 : 1;
  g_autoptr (HeartbeatCtlTable) table
      = heartbeat_ctl_table_new (columns + first, G_N_ELEMENTS (columns) - first, TRUE);

  for (guint i = 0; i < views->len; i++)
    {
      HeartbeatCtlView *view = g_ptr_array_index (views, i);

      for (guint j = 0; j < view->checks->len; j++)
        {
          if (several)
            heartbeat_ctl_table_add (table, view->name);
          add_row (table, g_ptr_array_index (view->checks, j), g_ptr_array_index (marks, i));
        }
    }
  heartbeat_ctl_table_print (table);
}

static void
print_json (GPtrArray *views)
{
  GVariantBuilder checks = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  for (guint i = 0; i < views->len; i++)
    {
      HeartbeatCtlView *view = g_ptr_array_index (views, i);

      for (guint j = 0; j < view->checks->len; j++)
        g_variant_builder_add_value (
            &checks, heartbeat_ctl_view_serialize (g_ptr_array_index (view->checks, j), "Agent",
                                                   g_variant_new_string (view->name)));
    }
  heartbeat_ctl_print_json (g_variant_new_parsed ("{'checks': <%aa{sv}>}", &checks));
}

/* `heartbeatctl list`: a row for each check, with its state and the reason for it. With `--json`, an object `checks`: the
 * properties of each as they are on the bus, and its `Agent`. */
HeartbeatCtlExit
heartbeat_ctl_list (HeartbeatCtl *self, char **args)
{
  g_autoptr (GPtrArray) agents = NULL;
  g_autoptr (GPtrArray) views = NULL;
  HeartbeatCtlExit status = heartbeat_ctl_find_agents (self, &agents);

  if (status != HEARTBEAT_CTL_OK)
    return status;
  status = heartbeat_ctl_views_load (self, agents, &views);
  if (self->json)
    print_json (views);
  else if (views->len > 0)
    print_table (views, agents->len > 1, &status);
  return status;
}
