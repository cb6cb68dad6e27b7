/* SPDX-License-Identifier: MIT */

#include <string.h>

#include <glib/gi18n.h>

#include "ctl/heartbeat-ctl-doctor.h"

#define CALL_LIMIT_MS 10000

static gboolean
skip_without_bus (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  if (!doctor->bus)
    heartbeat_ctl_finding_set (finding, HEARTBEAT_CTL_VERDICT_SKIPPED, _ ("HEARTBEAT_BUS is none"));
  return !doctor->bus;
}

static void
check_bus (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  g_autoptr (GError) error = NULL;

  if (skip_without_bus (doctor, finding))
    return;
  if (doctor->ctl->bus == NULL)
    doctor->ctl->bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, &error);
  if (doctor->ctl->bus != NULL)
    {
      heartbeat_ctl_finding_set (finding, HEARTBEAT_CTL_VERDICT_OK, _ ("reached"));
      return;
    }
  heartbeat_ctl_finding_set (finding, HEARTBEAT_CTL_VERDICT_FAILED, "%s", error->message);
  heartbeat_ctl_finding_advise (
      finding, _ ("log in as the user whose service it is, with a session of its own "
                  "(DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR)"));
}

static GVariant *
get_all (HeartbeatCtlDoctor *doctor, GError **error)
{
  g_autofree char *name = heartbeat_ctl_bus_name (doctor->agent);
  g_autofree char *element = g_dbus_escape_object_path (doctor->agent);
  g_autofree char *path = g_strconcat ("/org/bloodbank/Heartbeat1/", element, NULL);
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      doctor->ctl->bus, name, path, "org.freedesktop.DBus.Properties", "GetAll",
      g_variant_new ("(s)", "org.bloodbank.Heartbeat1.Agent"), G_VARIANT_TYPE ("(a{sv})"),
      G_DBUS_CALL_FLAGS_NO_AUTO_START, CALL_LIMIT_MS, NULL, error);

  return reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}

static void
set_connection (HeartbeatCtlFinding *finding, GVariant *agent)
{
  const char *state = "", *error = "", *broker = "";

  g_variant_lookup (agent, "ConnectionState", "&s", &state);
  g_variant_lookup (agent, "ConnectionError", "&s", &error);
  g_variant_lookup (agent, "Broker", "&s", &broker);
  if (strcmp (state, "connected") == 0)
    heartbeat_ctl_finding_set (finding, HEARTBEAT_CTL_VERDICT_OK, _ ("runs, connected to %s"),
                               broker);
  else if (strcmp (state, "disabled") == 0)
    heartbeat_ctl_finding_set (finding, HEARTBEAT_CTL_VERDICT_OK,
                               _ ("runs, with ticks from a timer"));
  else if (*error != '\0')
    {
      heartbeat_ctl_finding_set (finding, HEARTBEAT_CTL_VERDICT_FAILED,
                                 _ ("runs, but without its broker: %s"), error);
      heartbeat_ctl_finding_advise (finding, _ ("do what is said of the broker; if all is good "
                                                "there, the service has other settings than this "
                                                "command: restart it"));
    }
  else
    heartbeat_ctl_finding_set (finding, HEARTBEAT_CTL_VERDICT_WARNING, _ ("runs, connecting to %s"),
                               broker);
}

static void
check_service (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) agent = NULL;

  if (skip_without_bus (doctor, finding))
    return;
  agent = get_all (doctor, &error);
  if (agent != NULL)
    {
      set_connection (finding, agent);
      return;
    }
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN)
      || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER))
    {
      heartbeat_ctl_finding_set (finding, HEARTBEAT_CTL_VERDICT_FAILED,
                                 _ ("no heartbeat-consumer serves the agent “%s” on this bus"),
                                 doctor->agent);
      heartbeat_ctl_finding_advise (finding, "systemctl --user start heartbeat-consumer@%s",
                                    doctor->agent);
      return;
    }
  g_dbus_error_strip_remote_error (error);
  heartbeat_ctl_finding_set (finding, HEARTBEAT_CTL_VERDICT_FAILED, "%s", error->message);
  heartbeat_ctl_finding_advise (finding, "systemctl --user restart heartbeat-consumer@%s",
                                doctor->agent);
}

const HeartbeatCtlDoctorCheck heartbeat_ctl_bus_checks[] = {
  { "bus", N_ ("Session bus"), NULL, check_bus },
  { "service", N_ ("Service"), "bus", check_service },
  { NULL, NULL, NULL, NULL },
};
