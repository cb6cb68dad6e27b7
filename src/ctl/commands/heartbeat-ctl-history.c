/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-i18n.h"
#include "ctl/print/heartbeat-ctl-format.h"
#include "ctl/print/heartbeat-ctl-table.h"
#include "ctl/heartbeat-ctl.h"

#define USUAL_MOST 20

static const HeartbeatCtlColumn columns[] = {
  { N_ ("TIME"), 0 },
  { N_ ("CHECK"), 0 },
  { N_ ("STATUS"), 0 },
  { /* Translators: how long a run took */ N_ ("TOOK"), 16 },
  { /* Translators: what started a run: tick or manual */ N_ ("BY"), 24 },
  { N_ ("MESSAGE"), 0 },
};

/* Without the check, that is the second. */
static const HeartbeatCtlColumn columns_of_one[] = {
  { N_ ("TIME"), 0 }, { N_ ("STATUS"), 0 },  { N_ ("TOOK"), 16 },
  { N_ ("BY"), 24 },  { N_ ("MESSAGE"), 0 },
};

static void
add_run (HeartbeatCtlTable *table, GVariant *run, gboolean all, GTimeZone *zone)
{
  const char *check = "", *status = "", *message = "", *trigger = "";
  gint64 time = 0, duration = 0;
  g_autofree char *stamp = NULL;
  g_autofree char *span = NULL;

  g_variant_lookup (run, "time", "x", &time);
  g_variant_lookup (run, "check", "&s", &check);
  g_variant_lookup (run, "status", "&s", &status);
  g_variant_lookup (run, "duration", "x", &duration);
  g_variant_lookup (run, "trigger", "&s", &trigger);
  g_variant_lookup (run, "message", "&s", &message);
  stamp = heartbeat_ctl_format_stamp (time, zone);
  span = heartbeat_ctl_format_span (duration);
  heartbeat_ctl_table_add (table, stamp);
  if (all)
    heartbeat_ctl_table_add (table, check);
  heartbeat_ctl_table_add_styled (table, heartbeat_ctl_format_word ("status", status),
                                  heartbeat_ctl_style_of (status));
  heartbeat_ctl_table_add (table, span);
  heartbeat_ctl_table_add (table, heartbeat_ctl_format_word ("trigger", trigger));
  heartbeat_ctl_table_add (table, message);
}

static void
print_table (GVariant *runs, gboolean all)
{
  g_autoptr (HeartbeatCtlTable) table
      = all ? heartbeat_ctl_table_new (columns, G_N_ELEMENTS (columns), FALSE)
            : heartbeat_ctl_table_new (columns_of_one, G_N_ELEMENTS (columns_of_one), FALSE);
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  GVariantIter iter;
  GVariant *run = NULL;

  g_variant_iter_init (&iter, runs);
  while (g_variant_iter_loop (&iter, "@a{sv}", &run))
    add_run (table, run, all, zone);
  heartbeat_ctl_table_print (table);
}

/* `heartbeatctl history [CHECK] [--most N]`: the past runs, newest first. */
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
    return heartbeat_ctl_report (HEARTBEAT_CTL_USAGE, _ ("--most is a number from 1"));
  agent = heartbeat_ctl_open_agent (self, &name, &status);
  if (agent == NULL)
    return status;
  if (!heartbeat_dbus_agent_call_history_sync (agent, args[0] != NULL ? args[0] : "",
                                               (guint) self->most, &runs, NULL, &error))
    return heartbeat_ctl_report_error (error);
  if (self->json)
    heartbeat_ctl_print_json (
        g_variant_new_parsed ("{'agent': <%s>, 'runs': <%@aa{sv}>}", name, runs));
  else if (g_variant_n_children (runs) == 0)
    heartbeat_ctl_report (HEARTBEAT_CTL_OK, _ ("no run is recorded"));
  else
    print_table (runs, args[0] == NULL);
  return HEARTBEAT_CTL_OK;
}
