/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "base/heartbeat-i18n.h"
#include "ctl/print/heartbeat-ctl-format.h"
#include "ctl/print/heartbeat-ctl-table.h"
#include "ctl/heartbeat-ctl-views.h"

/* @code is the word for programs, which has a style. */
static void
add_word (HeartbeatCtlTable *table, const char *label, const char *word, const char *code)
{
  heartbeat_ctl_table_add_styled (table, label, HEARTBEAT_CTL_STYLE_HEAD);
  heartbeat_ctl_table_add_styled (table, word, heartbeat_ctl_style_of (code));
}

static void
add_integer (HeartbeatCtlTable *table, const char *label, gint64 number)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, number);

  heartbeat_ctl_table_add_labelled (table, label, text);
}

/* `09:00 (in 3 min)`, or just @span if there is no time. */
static void
add_time (HeartbeatCtlTable *table, const char *label, gint64 time, gint64 now, const char *span)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  g_autofree char *clock = time != 0 ? heartbeat_ctl_format_time (time, now, zone) : NULL;
  g_autofree char *text = clock != NULL ? g_strdup_printf ("%s (%s)", clock, span) : NULL;

  heartbeat_ctl_table_add_labelled (table, label, text != NULL ? text : span);
}

static void
add_state (HeartbeatCtlTable *table, HeartbeatDBusCheck *check, gint64 now)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  const char *state = heartbeat_dbus_check_get_state (check);
  g_autofree char *why
      = heartbeat_ctl_format_reason (heartbeat_dbus_check_get_reason (check), now, zone);

  add_word (table, _ ("State"), heartbeat_ctl_format_word ("state", state), state);
  heartbeat_ctl_table_add_labelled (table, _ ("Why"), why);
  heartbeat_ctl_table_add_labelled (
      table, _ ("Enabled"), heartbeat_dbus_check_get_enabled (check) ? _ ("yes") : _ ("no"));
  heartbeat_ctl_table_add_labelled (table, _ ("Paused"),
                                    heartbeat_dbus_check_get_paused (check) ? _ ("yes") : _ ("no"));
}

static void
add_times (HeartbeatCtlTable *table, HeartbeatDBusCheck *check, gint64 now)
{
  gint64 last = heartbeat_dbus_check_get_last_run (check);
  gint64 next = heartbeat_dbus_check_get_next_due (check);
  g_autofree char *cadence
      = heartbeat_ctl_format_span (heartbeat_dbus_check_get_cadence_ms (check) * 1000);
  g_autofree char *past = heartbeat_ctl_format_past (last, now);
  g_autofree char *future = heartbeat_ctl_format_future (next, now);
  g_autofree char *ratio
      = g_strdup_printf (_ ("%.2f cadences"), heartbeat_dbus_check_get_overdue_ratio (check));

  heartbeat_ctl_table_add_labelled (table, _ ("Cadence"), cadence);
  add_time (table, _ ("Last run"), last, now, past);
  add_time (table, _ ("Next due"), next, now, future);
  /* Translators: a label; the text beside it is “1.50 cadences” */
  heartbeat_ctl_table_add_labelled (table, _ ("Since then"), last != 0 ? ratio : _ ("never"));
}

static void
add_result (HeartbeatCtlTable *table, HeartbeatDBusCheck *check)
{
  const char *status = heartbeat_dbus_check_get_last_status (check);
  const char *error = heartbeat_dbus_check_get_error (check);
  g_autofree char *span
      = heartbeat_ctl_format_span (heartbeat_dbus_check_get_last_duration (check));

  if (*status != '\0')
    {
      add_word (table, _ ("Last result"), heartbeat_ctl_format_word ("status", status), status);
      heartbeat_ctl_table_add_labelled (table, _ ("Message"),
                                        heartbeat_dbus_check_get_last_message (check));
      heartbeat_ctl_table_add_labelled (table, _ ("Duration"), span);
    }
  add_integer (table, _ ("Failures in a row"),
               heartbeat_dbus_check_get_consecutive_failures (check));
  /* the error of an invalid check is shown as the reason */
  if (*error != '\0' && strcmp (heartbeat_dbus_check_get_state (check), "invalid") != 0)
    heartbeat_ctl_table_add_labelled (table, _ ("Error"), error);
}

static void
print_check (const char *agent, HeartbeatDBusCheck *check)
{
  g_autoptr (HeartbeatCtlTable) table = heartbeat_ctl_table_new (NULL, 2, TRUE);
  gint64 now = g_get_real_time ();

  heartbeat_ctl_table_add_labelled (table, _ ("Check"), heartbeat_dbus_check_get_name (check));
  heartbeat_ctl_table_add_labelled (table, _ ("Agent"), agent);
  heartbeat_ctl_table_add_labelled (table, _ ("Handler"), heartbeat_dbus_check_get_handler (check));
  add_state (table, check, now);
  add_times (table, check, now);
  add_integer (table, _ ("Priority"), heartbeat_dbus_check_get_priority (check));
  add_result (table, check);
  heartbeat_ctl_table_print (table);
}

static void
print_json (const char *agent, HeartbeatDBusCheck *check)
{
  heartbeat_ctl_print_json (
      heartbeat_ctl_view_serialize (G_DBUS_PROXY (check), "Agent", g_variant_new_string (agent)));
}

/* `heartbeatctl show CHECK`: everything about a check. With `--json`, its properties as they are on the bus, and its `Agent`. */
HeartbeatCtlExit
heartbeat_ctl_show (HeartbeatCtl *self, char **args)
{
  g_autoptr (GPtrArray) agents = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) views = NULL;
  char *agent = NULL;
  HeartbeatDBusCheck *check;
  HeartbeatCtlExit status = heartbeat_ctl_find_agent (self, &agent);

  if (status != HEARTBEAT_CTL_OK)
    return status;
  g_ptr_array_add (agents, agent);
  status = heartbeat_ctl_views_load (self, agents, &views);
  if (views->len == 0)
    return status;
  check = heartbeat_ctl_view_find_check (g_ptr_array_index (views, 0), args[0]);
  if (check == NULL)
    return heartbeat_ctl_report (HEARTBEAT_CTL_FAILED, _ ("%s has no check “%s”"), agent, args[0]);
  (self->json ? print_json : print_check) (agent, check);
  return HEARTBEAT_CTL_OK;
}
