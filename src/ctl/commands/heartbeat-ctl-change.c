/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "base/heartbeat-i18n.h"
#include "base/heartbeat-text.h"
#include "ctl/print/heartbeat-ctl-format.h"
#include "ctl/print/heartbeat-ctl-time-parse.h"
#include "ctl/heartbeat-ctl.h"

/* The agent that a command is about, ready to be called. */
static HeartbeatDBusAgent *
open_agent (HeartbeatCtl *self, char **name, HeartbeatCtlExit *status)
{
  g_autoptr (GError) error = NULL;
  HeartbeatDBusAgent *agent = NULL;

  *status = heartbeat_ctl_find_agent (self, name);
  if (*status != HEARTBEAT_CTL_OK)
    return NULL;
  agent = heartbeat_ctl_reach_agent (self, *name, &error);
  if (agent == NULL)
    *status = heartbeat_ctl_fail (error);
  return agent;
}

/* With `--all` there is no CHECK, else there is one. NULL after a complaint. */
static const char *
choose_check (HeartbeatCtl *self, char **args)
{
  if (self->all && args[0] == NULL)
    return "*";
  if (!self->all && args[0] != NULL)
    return args[0];
  heartbeat_ctl_complain (self->all ? _ ("a check and --all exclude each other")
                                    : _ ("a check is expected, or --all"));
  return NULL;
}

static gboolean
choose_until (HeartbeatCtl *self, gint64 *until)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  gint64 now = g_get_real_time ();
  gint64 span = 0;

  *until = 0;
  if (self->pause_for != NULL && self->pause_until != NULL)
    heartbeat_ctl_complain (_ ("--for and --until exclude each other"));
  else if (self->pause_for != NULL && !heartbeat_ctl_time_parse_parse_span (self->pause_for, &span))
    heartbeat_ctl_complain (_ ("“%s” is no length of time such as 30min, 2h or 3d"),
                            self->pause_for);
  else if (self->pause_until != NULL
           && !heartbeat_ctl_time_parse_parse_time (self->pause_until, now, zone, until))
    heartbeat_ctl_complain (_ ("“%s” is no time in the future such as 17:30, 2030-12-31 or "
                               "2030-12-31 09:00"),
                            self->pause_until);
  else
    {
      if (span > 0)
        *until = now + span;
      return TRUE;
    }
  return FALSE;
}

static void
begin_json (JsonBuilder *builder, const char *agent, const char *check)
{
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "agent");
  json_builder_add_string_value (builder, agent);
  json_builder_set_member_name (builder, "check");
  json_builder_add_string_value (builder, check);
}

static void
print_paused (HeartbeatCtl *self, const char *agent, const char *check, gint64 until)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  g_autofree char *time = heartbeat_ctl_format_time (until, g_get_real_time (), zone);
  g_autofree char *name = heartbeat_text_to_line (self->all ? _ ("all checks") : check);

  if (self->json)
    {
      g_autoptr (JsonBuilder) builder = json_builder_new ();

      begin_json (builder, agent, check);
      json_builder_set_member_name (builder, "paused");
      json_builder_add_boolean_value (builder, TRUE);
      json_builder_set_member_name (builder, "until");
      json_builder_add_int_value (builder, until);
      json_builder_end_object (builder);
      heartbeat_ctl_print_json (builder);
    }
  else if (until == 0 || time == NULL)
    /* Translators: the name of a check, or “all checks” */
    g_print (_ ("%s: paused until resumed\n"), name);
  else
    /* Translators: the name of a check, or “all checks”, and a time */
    g_print (_ ("%s: paused until %s\n"), name, time);
}

/* @what is a sentence about a check, and @member its counterpart in JSON. */
static void
print_changed (HeartbeatCtl *self,
               const char *agent,
               const char *check,
               const char *member,
               gboolean value)
{
  g_autofree char *name
      = heartbeat_text_to_line (strcmp (check, "*") == 0 ? _ ("all checks") : check);

  if (self->json)
    {
      g_autoptr (JsonBuilder) builder = json_builder_new ();

      begin_json (builder, agent, check);
      json_builder_set_member_name (builder, member);
      json_builder_add_boolean_value (builder, value);
      json_builder_end_object (builder);
      heartbeat_ctl_print_json (builder);
    }
  else if (strcmp (member, "paused") == 0)
    g_print (_ ("%s: resumed\n"), name);
  else
    g_print (value ? _ ("%s: enabled\n") : _ ("%s: disabled\n"), name);
}

/**
 * heartbeat_ctl_pause:
 * @self: the command line
 * @args: the name of a check, none with `--all`
 *
 * `heartbeatctl pause CHECK|--all [--for 2h|--until 17:30] [--reason WHY]`.
 *
 * Returns: the exit status
 */
HeartbeatCtlExit
heartbeat_ctl_pause (HeartbeatCtl *self, char **args)
{
  const char *check = choose_check (self, args);
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;
  g_autoptr (HeartbeatDBusAgent) agent = NULL;
  HeartbeatCtlExit status = HEARTBEAT_CTL_OK;
  gint64 until = 0;

  if (check == NULL || !choose_until (self, &until))
    return HEARTBEAT_CTL_USAGE;
  agent = open_agent (self, &name, &status);
  if (agent == NULL)
    return status;
  if (!heartbeat_dbus_agent_call_pause_sync (
          agent, check, until, self->reason != NULL ? self->reason : "", NULL, &error))
    return heartbeat_ctl_fail (error);
  print_paused (self, name, check, until);
  return HEARTBEAT_CTL_OK;
}

/**
 * heartbeat_ctl_resume:
 * @self: the command line
 * @args: the name of a check, none with `--all`
 *
 * `heartbeatctl resume CHECK|--all`.
 *
 * Returns: the exit status
 */
HeartbeatCtlExit
heartbeat_ctl_resume (HeartbeatCtl *self, char **args)
{
  const char *check = choose_check (self, args);
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;
  g_autoptr (HeartbeatDBusAgent) agent = NULL;
  HeartbeatCtlExit status = HEARTBEAT_CTL_OK;

  if (check == NULL)
    return HEARTBEAT_CTL_USAGE;
  agent = open_agent (self, &name, &status);
  if (agent == NULL)
    return status;
  if (!heartbeat_dbus_agent_call_resume_sync (agent, check, NULL, &error))
    return heartbeat_ctl_fail (error);
  print_changed (self, name, check, "paused", FALSE);
  return HEARTBEAT_CTL_OK;
}

static HeartbeatCtlExit
set_enabled (HeartbeatCtl *self, const char *check, gboolean enabled)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;
  HeartbeatCtlExit status = HEARTBEAT_CTL_OK;
  g_autoptr (HeartbeatDBusAgent) agent = open_agent (self, &name, &status);

  if (agent == NULL)
    return status;
  if (!heartbeat_dbus_agent_call_set_enabled_sync (agent, check, enabled, NULL, &error))
    return heartbeat_ctl_fail (error);
  print_changed (self, name, check, "enabled", enabled);
  return HEARTBEAT_CTL_OK;
}

/**
 * heartbeat_ctl_enable:
 * @self: the command line
 * @args: the name of a check
 *
 * `heartbeatctl enable CHECK`.
 *
 * Returns: the exit status
 */
HeartbeatCtlExit
heartbeat_ctl_enable (HeartbeatCtl *self, char **args)
{
  return set_enabled (self, args[0], TRUE);
}

/**
 * heartbeat_ctl_disable:
 * @self: the command line
 * @args: the name of a check
 *
 * `heartbeatctl disable CHECK`.
 *
 * Returns: the exit status
 */
HeartbeatCtlExit
heartbeat_ctl_disable (HeartbeatCtl *self, char **args)
{
  return set_enabled (self, args[0], FALSE);
}

/**
 * heartbeat_ctl_reload:
 * @self: the command line
 * @args: none
 *
 * `heartbeatctl reload`: has heartbeat.json read now.
 *
 * Returns: the exit status
 */
HeartbeatCtlExit
heartbeat_ctl_reload (HeartbeatCtl *self, char **args)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;
  HeartbeatCtlExit status = HEARTBEAT_CTL_OK;
  g_autoptr (HeartbeatDBusAgent) agent = open_agent (self, &name, &status);
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  if (agent == NULL)
    return status;
  if (!heartbeat_dbus_agent_call_reload_sync (agent, NULL, &error))
    return heartbeat_ctl_fail (error);
  if (!self->json)
    {
      /* Translators: the name of an agent */
      g_print (_ ("%s: heartbeat.json is good\n"), name);
      return HEARTBEAT_CTL_OK;
    }
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "agent");
  json_builder_add_string_value (builder, name);
  json_builder_end_object (builder);
  heartbeat_ctl_print_json (builder);
  return HEARTBEAT_CTL_OK;
}

/**
 * heartbeat_ctl_publish:
 * @self: the command line
 * @args: the type of an event, and its payload
 *
 * `heartbeatctl publish EVENT_TYPE PAYLOAD`: has the service publish an event of the agent's.
 *
 * Returns: the exit status
 */
HeartbeatCtlExit
heartbeat_ctl_publish (HeartbeatCtl *self, char **args)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;
  g_autofree char *event_id = NULL;
  HeartbeatCtlExit status = HEARTBEAT_CTL_OK;
  g_autoptr (HeartbeatDBusAgent) agent = open_agent (self, &name, &status);
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  if (agent == NULL)
    return status;
  if (!heartbeat_dbus_agent_call_publish_sync (agent, args[0], args[1], &event_id, NULL, &error))
    return heartbeat_ctl_fail (error);
  if (!self->json)
    {
      g_print ("%s\n", event_id);
      return HEARTBEAT_CTL_OK;
    }
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "agent");
  json_builder_add_string_value (builder, name);
  json_builder_set_member_name (builder, "event_id");
  json_builder_add_string_value (builder, event_id);
  json_builder_end_object (builder);
  heartbeat_ctl_print_json (builder);
  return HEARTBEAT_CTL_OK;
}
