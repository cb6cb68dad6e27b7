/* SPDX-License-Identifier: MIT */

#include "ctl/doctor/heartbeat-ctl-doctor.h"

#include <string.h>

#include "agent/heartbeat-agent.h"
#include "base/heartbeat-i18n.h"
#include "ctl/print/heartbeat-ctl-terminal.h"

/* --- Settings ------------------------------------------------------------------------------------------------------- */

/* Returns NULL after a finding if the brokers are not known, or none is used. */
static GPtrArray *
find_brokers (HeartbeatCtlDoctor *doctor,
              const HeartbeatCtlSettingsResolver *settings,
              HeartbeatCtlFinding *finding)
{
  g_autoptr (GError) error = NULL;
  const char *from = NULL;
  g_autofree char *url
      = heartbeat_ctl_settings_resolver_dup_url (settings, doctor->ctl->rabbit_url, &from);
  GPtrArray *uris = NULL;

  if (from == NULL && doctor->local)
    {
      heartbeat_ctl_finding_pass (
          finding, _ ("TICK_SOURCE is local and RABBIT_URL is not set: no broker is used"));
      return NULL;
    }
  uris = heartbeat_broker_uri_parse_list (url, &error);
  if (uris == NULL)
    {
      heartbeat_ctl_finding_fail (finding, "%s", error->message);
      /* Translators: “the command line”, “the environment” or the path of a file */
      heartbeat_ctl_finding_advise (finding, _ ("correct RABBIT_URL; it comes from %s"), from);
    }
  else if (from == NULL)
    heartbeat_ctl_finding_pass (finding, _ ("RABBIT_URL is set nowhere: the default is used"));
  else
    /* Translators: “the command line”, “the environment” or the path of a file */
    heartbeat_ctl_finding_pass (finding, _ ("RABBIT_URL from %s"), from);
  if (settings->error != NULL)
    {
      finding->verdict = MAX (finding->verdict, HEARTBEAT_CTL_VERDICT_WARNING);
      heartbeat_ctl_finding_advise (finding, _ ("make the file readable: %s"),
                                    settings->error->message);
    }
  return uris;
}

static gboolean
has_value (const HeartbeatCtlSettingsResolver *settings, const char *variable, const char *value)
{
  g_autofree char *found = heartbeat_ctl_settings_resolver_dup_usable (settings, NULL, variable);

  return g_strcmp0 (found, value) == 0;
}

static guint
read_interval (const HeartbeatCtlSettingsResolver *settings)
{
  g_autofree char *interval
      = heartbeat_ctl_settings_resolver_dup_usable (settings, NULL, "TICK_INTERVAL_S");

  return (guint) g_ascii_strtoull (interval, NULL, 10);
}

static gboolean
set_up (HeartbeatCtlDoctor *doctor, const HeartbeatCtlSettingsResolver *settings, GError **error)
{
  HeartbeatCtl *ctl = doctor->ctl;
  g_autofree char *type
      = heartbeat_ctl_settings_resolver_dup (settings, ctl->queue_type, "QUEUE_TYPE", error);

  if (type == NULL)
    return FALSE;
  doctor->exchange
      = heartbeat_ctl_settings_resolver_dup (settings, ctl->exchange, "EXCHANGE_NAME", error);
  if (doctor->exchange == NULL)
    return FALSE;
  doctor->queue = g_strdup_printf ("agent.%s.inbox", doctor->agent);
  doctor->quorum = strcmp (type, "quorum") == 0;
  doctor->local = has_value (settings, "TICK_SOURCE", "local");
  doctor->bus = !has_value (settings, "HEARTBEAT_BUS", "none");
  doctor->notify = !has_value (settings, "NOTIFY", "none");
  doctor->path
      = heartbeat_ctl_settings_resolver_dup_usable (settings, ctl->config, "HEARTBEAT_PATH");
  doctor->handler_path
      = heartbeat_ctl_settings_resolver_dup_usable (settings, NULL, "HANDLER_PATH");
  doctor->inbox_handler
      = heartbeat_ctl_settings_resolver_dup_usable (settings, NULL, "INBOX_HANDLER");
  doctor->interval = read_interval (settings);
  return TRUE;
}

/* --- Checks --------------------------------------------------------------------------------------------------------- */

static const HeartbeatCtlFinding *
find_finding (GPtrArray *findings, guint first, const char *check)
{
  for (guint i = first; i < findings->len; i++)
    {
      const HeartbeatCtlFinding *finding = g_ptr_array_index (findings, i);

      if (strcmp (finding->check, check) == 0)
        return finding;
    }
  return NULL;
}

/* Runs a table of checks, but not those that need one that failed. */
static void
run_checks (HeartbeatCtlDoctor *doctor,
            const HeartbeatCtlDoctorCheck *checks,
            const char *broker,
            GPtrArray *findings)
{
  guint first = findings->len;

  for (; checks->name != NULL; checks++)
    {
      HeartbeatCtlFinding *finding
          = heartbeat_ctl_finding_new (checks->name, _ (checks->title), broker);
      const HeartbeatCtlFinding *needed
          = checks->needs != NULL ? find_finding (findings, first, checks->needs) : NULL;

      if (needed != NULL && needed->verdict >= HEARTBEAT_CTL_VERDICT_FAILED)
        heartbeat_ctl_finding_skip (finding, _ ("skipped: see %s"), needed->title);
      else
        checks->run (doctor, finding);
      g_ptr_array_add (findings, finding);
    }
}

static void
check_broker (HeartbeatCtlDoctor *doctor, HeartbeatBrokerUri *uri, GPtrArray *findings)
{
  g_autofree char *broker = heartbeat_broker_uri_to_display (uri);
  g_autoptr (HeartbeatCtlProbe) probe = heartbeat_ctl_probe_new (uri);

  doctor->uri = uri;
  doctor->probe = probe;
  run_checks (doctor, heartbeat_ctl_broker_checks, broker, findings);
  heartbeat_ctl_probe_close (probe);
  doctor->uri = NULL;
  doctor->probe = NULL;
  doctor->error = NULL;
}

static void
run_all (HeartbeatCtlDoctor *doctor,
         const HeartbeatCtlSettingsResolver *settings,
         GPtrArray *findings)
{
  HeartbeatCtlFinding *finding = heartbeat_ctl_finding_new ("settings", _ ("Settings"), NULL);
  g_autoptr (GPtrArray) uris = find_brokers (doctor, settings, finding);

  g_ptr_array_add (findings, finding);
  for (guint i = 0; uris != NULL && i < uris->len; i++)
    check_broker (doctor, g_ptr_array_index (uris, i), findings);
  run_checks (doctor, heartbeat_ctl_bus_checks, NULL, findings);
  run_checks (doctor, heartbeat_ctl_file_checks, NULL, findings);
}

static void
clear (HeartbeatCtlDoctor *doctor)
{
  g_free (doctor->exchange);
  g_free (doctor->queue);
  g_free (doctor->path);
  g_free (doctor->handler_path);
  g_free (doctor->inbox_handler);
  g_clear_pointer (&doctor->service, g_variant_unref);
  g_clear_pointer (&doctor->text, g_bytes_unref);
  g_clear_pointer (&doctor->config, heartbeat_config_unref);
}

/* --- The command ---------------------------------------------------------------------------------------------------- */

static void
print (HeartbeatCtl *ctl, const char *agent, GPtrArray *findings)
{
  g_autofree char *text = NULL;

  if (ctl->json)
    {
      heartbeat_ctl_print_json (g_variant_new_parsed (
          "{'agent': <%s>, 'healthy': <%b>, 'checks': <%@aa{sv}>}", agent,
          heartbeat_ctl_findings_are_good (findings), heartbeat_ctl_findings_serialize (findings)));
      return;
    }
  text = heartbeat_ctl_findings_to_string (findings, heartbeat_ctl_terminal_get_width (),
                                           heartbeat_ctl_terminal_has_colours ());
  g_print ("%s", text);
}

/* The agent of `--agent` or AGENT_NAME, else the only one on the bus. */
static HeartbeatCtlExit
choose_agent (HeartbeatCtl *ctl, char **agent)
{
  const char *variable = g_getenv ("AGENT_NAME");
  const char *name = ctl->agent;

  if (name == NULL && variable != NULL && *variable != '\0')
    name = variable;
  if (name == NULL && heartbeat_ctl_find_agent (ctl, agent) == HEARTBEAT_CTL_OK)
    return HEARTBEAT_CTL_OK;
  if (name == NULL)
    return heartbeat_ctl_report (HEARTBEAT_CTL_USAGE,
                                 _ ("name the agent: heartbeatctl doctor --agent NAME"));
  if (!heartbeat_agent_is_name (name))
    return heartbeat_ctl_report (HEARTBEAT_CTL_USAGE,
                                 _ ("AGENT_NAME (--agent): a name of the form "
                                    "[A-Za-z0-9][A-Za-z0-9_-]{0,63} is expected"));
  *agent = g_strdup (name);
  return HEARTBEAT_CTL_OK;
}

/* `heartbeatctl doctor`: checks everything between the broker and the agent's handlers, and prints what is wrong and what to do.
 * It changes nothing. With `--json`, one document:
 *
 * |[
 * {"agent": NAME, "healthy": whether nothing has failed, "checks": [{"check": "queue", "broker": "HOST:PORT" or null,
 *   "status": "ok", "warning", "failed" or "skipped", "message": what was found, "advice": what to do, or null}]}
 * ]|
 *
 * Returns: %HEARTBEAT_CTL_OK if nothing has failed; a warning is not a failure */
HeartbeatCtlExit
heartbeat_ctl_doctor (HeartbeatCtl *self, char **args)
{
  g_autoptr (GPtrArray) findings
      = g_ptr_array_new_with_free_func ((GDestroyNotify) heartbeat_ctl_finding_free);
  g_autofree char *agent = NULL;
  HeartbeatCtlDoctor doctor = { .ctl = self };
  HeartbeatCtlSettingsResolver settings = { 0 };
  HeartbeatCtlExit status = choose_agent (self, &agent);
  g_autoptr (GError) error = NULL;

  if (status != HEARTBEAT_CTL_OK)
    return status;
  doctor.agent = agent;
  heartbeat_ctl_settings_resolver_read (&settings, agent);
  doctor.unit = settings.unit;
  if (!set_up (&doctor, &settings, &error))
    status = heartbeat_ctl_report (HEARTBEAT_CTL_USAGE, "%s", error->message);
  else
    {
      run_all (&doctor, &settings, findings);
      print (self, agent, findings);
      if (!heartbeat_ctl_findings_are_good (findings))
        status = HEARTBEAT_CTL_FAILED;
    }
  clear (&doctor);
  heartbeat_ctl_settings_resolver_clear (&settings);
  return status;
}
