/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "base/heartbeat-i18n.h"
#include "base/heartbeat-text.h"
#include "ctl/print/heartbeat-ctl-format.h"
#include "ctl/print/heartbeat-ctl-time-parse.h"
#include "ctl/heartbeat-ctl.h"

/* Either CHECK or `--all`. Returns NULL after a report. */
static const char *
choose_check (HeartbeatCtl *self, char **args)
{
  if (self->all && args[0] == NULL)
    return "*";
  if (!self->all && args[0] != NULL)
    return args[0];
  heartbeat_ctl_report (HEARTBEAT_CTL_USAGE, self->all ? _ ("a check and --all exclude each other")
                                                       : _ ("a check is expected, or --all"));
  return NULL;
}

static HeartbeatCtlExit
choose_until (HeartbeatCtl *self, gint64 *until)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  gint64 now = g_get_real_time ();
  gint64 span = 0;

  *until = 0;
  if (self->pause_for != NULL && self->pause_until != NULL)
    return heartbeat_ctl_report (HEARTBEAT_CTL_USAGE, _ ("--for and --until exclude each other"));
  if (self->pause_for != NULL && !heartbeat_ctl_parse_span (self->pause_for, &span))
    return heartbeat_ctl_report (HEARTBEAT_CTL_USAGE,
                                 _ ("“%s” is no length of time such as 30min, 2h or 3d"),
                                 self->pause_for);
  if (self->pause_until != NULL && !heartbeat_ctl_parse_time (self->pause_until, now, zone, until))
    return heartbeat_ctl_report (HEARTBEAT_CTL_USAGE,
                                 _ ("“%s” is no time in the future such as 17:30, 2030-12-31 or "
                                    "2030-12-31 09:00"),
                                 self->pause_until);
  if (span > 0)
    *until = now + span;
  return HEARTBEAT_CTL_OK;
}

static char *
describe_check (const char *check)
{
  return heartbeat_text_to_line (strcmp (check, "*") == 0 ? _ ("all checks") : check);
}

static void
print_paused (HeartbeatCtl *self, const char *agent, const char *check, gint64 until)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  g_autofree char *time = heartbeat_ctl_format_time (until, g_get_real_time (), zone);
  g_autofree char *name = describe_check (check);

  if (self->json)
    heartbeat_ctl_print_json (g_variant_new_parsed (
        "{'agent': <%s>, 'check': <%s>, 'paused': <true>, 'until': <%x>}", agent, check, until));
  else if (until == 0 || time == NULL)
    /* Translators: the name of a check, or “all checks” */
    g_print (_ ("%s: paused until resumed\n"), name);
  else
    /* Translators: the name of a check, or “all checks”, and a time */
    g_print (_ ("%s: paused until %s\n"), name, time);
}

/* `heartbeatctl pause CHECK|--all [--for 2h|--until 17:30] [--reason WHY]`. */
HeartbeatCtlExit
heartbeat_ctl_pause (HeartbeatCtl *self, char **args)
{
  const char *check = choose_check (self, args);
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;
  g_autoptr (HeartbeatDBusAgent) agent = NULL;
  HeartbeatCtlExit status = HEARTBEAT_CTL_OK;
  gint64 until = 0;

  if (check == NULL || choose_until (self, &until) != HEARTBEAT_CTL_OK)
    return HEARTBEAT_CTL_USAGE;
  agent = heartbeat_ctl_open_agent (self, &name, &status);
  if (agent == NULL)
    return status;
  if (!heartbeat_dbus_agent_call_pause_sync (
          agent, check, until, self->reason != NULL ? self->reason : "", NULL, &error))
    return heartbeat_ctl_report_error (error);
  print_paused (self, name, check, until);
  return HEARTBEAT_CTL_OK;
}

/* `heartbeatctl resume CHECK|--all`. */
HeartbeatCtlExit
heartbeat_ctl_resume (HeartbeatCtl *self, char **args)
{
  const char *check = choose_check (self, args);
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;
  g_autoptr (HeartbeatDBusAgent) agent = NULL;
  g_autofree char *shown = NULL;
  HeartbeatCtlExit status = HEARTBEAT_CTL_OK;

  if (check == NULL)
    return HEARTBEAT_CTL_USAGE;
  agent = heartbeat_ctl_open_agent (self, &name, &status);
  if (agent == NULL)
    return status;
  if (!heartbeat_dbus_agent_call_resume_sync (agent, check, NULL, &error))
    return heartbeat_ctl_report_error (error);
  shown = describe_check (check);
  if (self->json)
    heartbeat_ctl_print_json (
        g_variant_new_parsed ("{'agent': <%s>, 'check': <%s>, 'paused': <false>}", name, check));
  else
    g_print (_ ("%s: resumed\n"), shown);
  return HEARTBEAT_CTL_OK;
}

static HeartbeatCtlExit
set_enabled (HeartbeatCtl *self, const char *check, gboolean enabled)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;
  HeartbeatCtlExit status = HEARTBEAT_CTL_OK;
  g_autoptr (HeartbeatDBusAgent) agent = heartbeat_ctl_open_agent (self, &name, &status);
  g_autofree char *shown = describe_check (check);

  if (agent == NULL)
    return status;
  if (!heartbeat_dbus_agent_call_set_enabled_sync (agent, check, enabled, NULL, &error))
    return heartbeat_ctl_report_error (error);
  if (self->json)
    heartbeat_ctl_print_json (g_variant_new_parsed (
        "{'agent': <%s>, 'check': <%s>, 'enabled': <%b>}", name, check, enabled));
  else
    g_print (enabled ? _ ("%s: enabled\n") : _ ("%s: disabled\n"), shown);
  return HEARTBEAT_CTL_OK;
}

/* `heartbeatctl enable CHECK`. */
HeartbeatCtlExit
heartbeat_ctl_enable (HeartbeatCtl *self, char **args)
{
  return set_enabled (self, args[0], TRUE);
}

/* `heartbeatctl disable CHECK`. */
HeartbeatCtlExit
heartbeat_ctl_disable (HeartbeatCtl *self, char **args)
{
  return set_enabled (self, args[0], FALSE);
}

/* `heartbeatctl reload`: has heartbeat.json read now. */
HeartbeatCtlExit
heartbeat_ctl_reload (HeartbeatCtl *self, char **args)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;
  HeartbeatCtlExit status = HEARTBEAT_CTL_OK;
  g_autoptr (HeartbeatDBusAgent) agent = heartbeat_ctl_open_agent (self, &name, &status);

  if (agent == NULL)
    return status;
  if (!heartbeat_dbus_agent_call_reload_sync (agent, NULL, &error))
    return heartbeat_ctl_report_error (error);
  if (self->json)
    heartbeat_ctl_print_json (g_variant_new_parsed ("{'agent': <%s>}", name));
  else
    /* Translators: the name of an agent */
    g_print (_ ("%s: heartbeat.json is good\n"), name);
  return HEARTBEAT_CTL_OK;
}

/* `heartbeatctl publish EVENT_TYPE PAYLOAD`: has the service publish an event of the agent's. */
HeartbeatCtlExit
heartbeat_ctl_publish (HeartbeatCtl *self, char **args)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;
  g_autofree char *event_id = NULL;
  HeartbeatCtlExit status = HEARTBEAT_CTL_OK;
  g_autoptr (HeartbeatDBusAgent) agent = heartbeat_ctl_open_agent (self, &name, &status);

  if (agent == NULL)
    return status;
  if (!heartbeat_dbus_agent_call_publish_sync (agent, args[0], args[1], &event_id, NULL, &error))
    return heartbeat_ctl_report_error (error);
  if (self->json)
    heartbeat_ctl_print_json (
        g_variant_new_parsed ("{'agent': <%s>, 'event_id': <%s>}", name, event_id));
  else
    g_print ("%s\n", event_id);
  return HEARTBEAT_CTL_OK;
}
