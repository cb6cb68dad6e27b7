/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-i18n.h"
#include "ctl/print/heartbeat-ctl-format.h"
#include "ctl/print/heartbeat-ctl-table.h"
#include "ctl/heartbeat-ctl.h"

#define USUAL_MOST 20

/* In a narrow terminal who ran the check goes, then how long it took, so that the message has this much. */
#define ROOM       24
#define LEAST_ROOM 16

static void
add_run (HeartbeatCtlTable *table, GVariant *run, gboolean all, GTimeZone *zone)
{
  const char *check = "", *status = "", *message = "", *trigger = "";
  gint64 time = 0, duration = 0;
  g_autofree char *when = NULL;
  g_autofree char *span = NULL;

  g_variant_lookup (run, "time", "x", &time);
  g_variant_lookup (run, "check", "&s", &check);
  g_variant_lookup (run, "status", "&s", &status);
  g_variant_lookup (run, "duration", "x", &duration);
  g_variant_lookup (run, "trigger", "&s", &trigger);
  g_variant_lookup (run, "message", "&s", &message);
  when = heartbeat_ctl_format_stamp (time, zone);
  span = heartbeat_ctl_format_span (duration);
  heartbeat_ctl_table_add (table, when);
  if (all)
    heartbeat_ctl_table_add (table, check);
  heartbeat_ctl_table_add_styled (table, heartbeat_ctl_format_status (status),
                                  heartbeat_ctl_style_of (status));
  heartbeat_ctl_table_add (table, span);
  heartbeat_ctl_table_add (table, heartbeat_ctl_format_trigger (trigger));
  heartbeat_ctl_table_add (table, message);
}

static void
print_table (GVariant *runs, gboolean all)
{
  g_autoptr (HeartbeatCtlTable) table = heartbeat_ctl_table_new (all ? 6 : 5);
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  GVariantIter iter;
  GVariant *run = NULL;

  heartbeat_ctl_table_add_styled (table, _ ("TIME"), HEARTBEAT_CTL_STYLE_HEAD);
  if (all)
    heartbeat_ctl_table_add_styled (table, _ ("CHECK"), HEARTBEAT_CTL_STYLE_HEAD);
  heartbeat_ctl_table_add_styled (table, _ ("STATUS"), HEARTBEAT_CTL_STYLE_HEAD);
  heartbeat_ctl_table_add_styled (table, /* Translators: how long a run took */ _ ("TOOK"),
                                  HEARTBEAT_CTL_STYLE_HEAD);
  heartbeat_ctl_table_add_styled (table,
                                  /* Translators: what started a run: tick or manual */ _ ("BY"),
                                  HEARTBEAT_CTL_STYLE_HEAD);
  heartbeat_ctl_table_add_styled (table, _ ("MESSAGE"), HEARTBEAT_CTL_STYLE_HEAD);
  g_variant_iter_init (&iter, runs);
  while ((run = g_variant_iter_next_value (&iter)) != NULL)
    {
      add_run (table, run, all, zone);
      g_variant_unref (run);
    }
  heartbeat_ctl_table_add_spare (table, all ? 4 : 3, ROOM);
  heartbeat_ctl_table_add_spare (table, all ? 3 : 2, LEAST_ROOM);
  heartbeat_ctl_table_print (table);
}

static void
print_document (const char *agent, GVariant *runs)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "agent");
  json_builder_add_string_value (builder, agent);
  json_builder_set_member_name (builder, "runs");
  json_builder_add_value (builder, json_gvariant_serialize (runs));
  json_builder_end_object (builder);
  heartbeat_ctl_print_json (builder);
}

/**
 * heartbeat_ctl_history:
 * @self: the command line
 * @args: the name of a check, or none for all
 *
 * `heartbeatctl history [CHECK] [--most N]`: the past runs, newest first.
 *
 * Returns: the exit status
 */
HeartbeatCtlExit
heartbeat_ctl_history (HeartbeatCtl *self, char **args)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;
  g_autoptr (HeartbeatDBusAgent) agent = NULL;
  g_autoptr (GVariant) runs = NULL;
  HeartbeatCtlExit status = HEARTBEAT_CTL_OK;

  if (self->most == HEARTBEAT_CTL_NO_NUMBER)
    self->most = USUAL_MOST;
  if (self->most < 1)
    {
      heartbeat_ctl_complain (_ ("--most is a number from 1"));
      return HEARTBEAT_CTL_USAGE;
    }
  status = heartbeat_ctl_find_agent (self, &name);
  if (status != HEARTBEAT_CTL_OK)
    return status;
  agent = heartbeat_ctl_reach_agent (self, name, &error);
  if (agent == NULL
      || !heartbeat_dbus_agent_call_history_sync (agent, args[0] != NULL ? args[0] : "",
                                                  (guint) self->most, &runs, NULL, &error))
    return heartbeat_ctl_fail (error);
  if (self->json)
    print_document (name, runs);
  else if (g_variant_n_children (runs) == 0)
    heartbeat_ctl_complain (_ ("no run is recorded"));
  else
    print_table (runs, args[0] == NULL);
  return HEARTBEAT_CTL_OK;
}
