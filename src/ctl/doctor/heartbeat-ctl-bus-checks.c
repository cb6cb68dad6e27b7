/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "base/heartbeat-i18n.h"
#include "base/heartbeat-limits.h"
#include "ctl/doctor/heartbeat-ctl-doctor.h"
#include "ctl/print/heartbeat-ctl-format.h"

static gboolean
skip_without_bus (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  if (!doctor->bus)
    heartbeat_ctl_finding_skip (finding, _ ("HEARTBEAT_BUS is none"));
  return !doctor->bus;
}

static void
check_bus (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  g_autoptr (GError) error = NULL;

  if (skip_without_bus (doctor, finding))
    return;
  if (heartbeat_ctl_connect (doctor->ctl, &error))
    {
      heartbeat_ctl_finding_pass (finding,
                                  /* Translators: the session bus */ C_ ("session bus", "reached"));
      return;
    }
  heartbeat_ctl_finding_fail (finding, "%s", error->message);
  heartbeat_ctl_finding_advise (
      finding, _ ("log in as the user whose service it is, with a session of its own "
                  "(DBUS_SESSION_BUS_ADDRESS, XDG_RUNTIME_DIR)"));
}

static GVariant *
get_all (HeartbeatCtlDoctor *doctor, GError **error)
{
  g_autofree char *name = heartbeat_ctl_bus_name (doctor->agent);
  g_autofree char *path = heartbeat_ctl_agent_path (doctor->agent);
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      doctor->ctl->bus, name, path, "org.freedesktop.DBus.Properties", "GetAll",
      g_variant_new ("(s)", "org.bloodbank.Heartbeat1.Agent"), G_VARIANT_TYPE ("(a{sv})"),
      G_DBUS_CALL_FLAGS_NO_AUTO_START, HEARTBEAT_CTL_ANSWER_MS, NULL, error);

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
    heartbeat_ctl_finding_pass (finding, _ ("runs, connected to %s"), broker);
  else if (strcmp (state, "disabled") == 0)
    heartbeat_ctl_finding_pass (finding, _ ("runs, with ticks from a timer"));
  else if (*error != '\0')
    {
      heartbeat_ctl_finding_fail (finding, _ ("runs, but without its broker: %s"), error);
      heartbeat_ctl_finding_advise (finding, _ ("do what is said of the broker; if all is good "
                                                "there, the service has other settings than this "
                                                "command: restart it"));
    }
  else
    heartbeat_ctl_finding_warn (finding, _ ("runs, connecting to %s"), broker);
}

static void
check_service (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  g_autoptr (GError) error = NULL;

  if (skip_without_bus (doctor, finding))
    return;
  doctor->service = get_all (doctor, &error);
  if (doctor->service != NULL)
    {
      set_connection (finding, doctor->service);
      return;
    }
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN)
      || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER))
    {
      heartbeat_ctl_finding_fail (finding,
                                  _ ("no heartbeat-consumer serves the agent “%s” on this bus"),
                                  doctor->agent);
      heartbeat_ctl_finding_advise (finding, "systemctl --user start %s", doctor->unit);
      return;
    }
  heartbeat_ctl_finding_fail (finding, "%s", heartbeat_ctl_explain (error));
  heartbeat_ctl_finding_advise (finding, "systemctl --user restart %s", doctor->unit);
}

/* --- Ticks ---------------------------------------------------------------------------------------------------------- */

static void
set_late (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding, gint64 last, gint64 now)
{
  g_autofree char *past = last != 0 ? heartbeat_ctl_format_past (last, now) : NULL;

  if (past != NULL)
    heartbeat_ctl_finding_warn (finding, _ ("the last one came %s"), past);
  else
    heartbeat_ctl_finding_warn (finding, _ ("none has come since the service started"));
  heartbeat_ctl_finding_advise (
      finding, _ ("somebody publishes them: on one machine, systemctl --user enable --now "
                  "heartbeat-tick.timer; for one now: heartbeatctl tick; or give the agent its "
                  "own with TICK_SOURCE=auto"));
}

static void
check_ticks (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  gint64 now = g_get_real_time (), last = 0;
  const char *source = "";
  g_autofree char *past = NULL;

  if (doctor->service == NULL)
    {
      heartbeat_ctl_finding_skip (finding, _ ("skipped: only a running service knows"));
      return;
    }
  g_variant_lookup (doctor->service, "LastTick", "x", &last);
  g_variant_lookup (doctor->service, "TickSource", "&s", &source);
  /* The first tick of the service's own timer comes an interval after its start. */
  if (last == 0 && strcmp (source, "amqp") != 0)
    heartbeat_ctl_finding_pass (finding, _ ("the first is to come from the service's own timer"));
  else if (last == 0
           || now - last
                  > (gint64) (doctor->interval * HEARTBEAT_TICK_OUTAGE_INTERVALS * G_USEC_PER_SEC))
    set_late (doctor, finding, last, now);
  else
    {
      past = heartbeat_ctl_format_past (last, now);
      heartbeat_ctl_finding_pass (finding, _ ("the last one came %s"), past);
    }
}

/* --- Notifications -------------------------------------------------------------------------------------------------- */

static gboolean
has_name (HeartbeatCtlDoctor *doctor, const char *method, const char *name)
{
  g_auto (GStrv) names = heartbeat_ctl_list_names (doctor->ctl, method, NULL);

  return names != NULL && g_strv_contains ((const char *const *) names, name);
}

static void
check_notifications (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  const char *name = "org.freedesktop.Notifications";

  if (skip_without_bus (doctor, finding))
    return;
  if (!doctor->notify)
    heartbeat_ctl_finding_skip (finding, _ ("NOTIFY is none"));
  else if (has_name (doctor, "ListNames", name))
    heartbeat_ctl_finding_pass (
        finding, /* Translators: the notification server */ C_ ("notification server", "runs"));
  else if (has_name (doctor, "ListActivatableNames", name))
    heartbeat_ctl_finding_pass (finding, C_ ("notification server", "starts when it is needed"));
  else
    {
      heartbeat_ctl_finding_warn (finding, _ ("nobody on this bus shows notifications"));
      heartbeat_ctl_finding_advise (
          finding, _ ("log in to a desktop, or start a notification server (dunst, mako); where "
                      "there is no screen, set NOTIFY=none"));
    }
}

const HeartbeatCtlDoctorCheck heartbeat_ctl_bus_checks[] = {
  { "bus", N_ ("Session bus"), NULL, check_bus },
  { "service", N_ ("Service"), "bus", check_service },
  { "ticks", N_ ("Ticks arrive"), NULL, check_ticks },
  { "notifications", N_ ("Notifications"), "bus", check_notifications },
  { NULL, NULL, NULL, NULL },
};
