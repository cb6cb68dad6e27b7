/* SPDX-License-Identifier: MIT */

#include <string.h>

#include <glib/gi18n.h>

#include "ctl/heartbeat-ctl-phrase.h"
#include "ctl/heartbeat-ctl.h"
#include "desktop/heartbeat-dbus.h"

static void
print_result (const char *check, GVariant *result)
{
  const char *status = "", *message = "";
  gint64 duration = 0;
  g_autofree char *span = NULL;
  g_autofree char *name = heartbeat_ctl_phrase_line (check);
  g_autofree char *line = NULL;

  g_variant_lookup (result, "status", "&s", &status);
  g_variant_lookup (result, "message", "&s", &message);
  g_variant_lookup (result, "duration", "x", &duration);
  span = heartbeat_ctl_phrase_span (duration);
  /* Translators: a check, how it ended, how long it took */
  g_print (_ ("%s: %s in %s"), name, status, span);
  line = heartbeat_ctl_phrase_line (message);
  g_print ("%s%s\n", *line != '\0' ? ": " : "", line);
}

static void
print_result_json (HeartbeatCtl *self, const char *agent, const char *check, GVariant *result)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  GVariantIter iter;
  const char *name;
  GVariant *value;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "agent");
  json_builder_add_string_value (builder, agent);
  json_builder_set_member_name (builder, "check");
  json_builder_add_string_value (builder, check);
  g_variant_iter_init (&iter, result);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    {
      json_builder_set_member_name (builder, name);
      json_builder_add_value (builder, json_gvariant_serialize (value));
    }
  json_builder_end_object (builder);
  heartbeat_ctl_print_json (builder);
}

/**
 * heartbeat_ctl_run:
 * @self: the command line
 * @args: the name of a check
 *
 * `heartbeatctl run CHECK`: runs it and waits for the end.
 *
 * Returns: the exit status
 */
HeartbeatCtlExit
heartbeat_ctl_run (HeartbeatCtl *self, char **args)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *agent = NULL;
  g_autoptr (HeartbeatDBusAgent) proxy = NULL;
  g_autoptr (GVariant) result = NULL;
  const char *status = "";
  HeartbeatCtlExit found = heartbeat_ctl_find_agent (self, &agent);

  if (found != HEARTBEAT_CTL_OK)
    return found;
  proxy = heartbeat_ctl_reach_agent (self, agent, &error);
  if (proxy == NULL
      || !heartbeat_dbus_agent_call_run_check_sync (proxy, args[0], g_variant_new ("a{sv}", NULL),
                                                    &result, NULL, &error))
    {
      g_dbus_error_strip_remote_error (error);
      heartbeat_ctl_complain ("%s", error->message);
      return HEARTBEAT_CTL_FAILED;
    }
  if (self->json)
    print_result_json (self, agent, args[0], result);
  else
    print_result (args[0], result);
  g_variant_lookup (result, "status", "&s", &status);
  if (strcmp (status, "failed") != 0)
    return HEARTBEAT_CTL_OK;
  heartbeat_ctl_complain (_ ("the check “%s” failed"), args[0]);
  return HEARTBEAT_CTL_FAILED;
}
