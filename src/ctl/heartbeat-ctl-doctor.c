/* SPDX-License-Identifier: MIT */

#include "ctl/heartbeat-ctl-doctor.h"

#include <string.h>

#include <glib/gi18n.h>

#include "consumer/heartbeat-consumer.h"
#include "core/heartbeat-agent.h"
#include "ctl/heartbeat-ctl-environment.h"
#include "ctl/heartbeat-ctl-terminal.h"

/* AMQP 0-9-1, section 4.2.5.3. */
#define MAX_SHORT_STRING 255

/* --- Settings ------------------------------------------------------------------------------------------------------- */

/**
 * Sources:
 * @path: the file that systemd reads for the service
 * @file: (nullable): what is in it; %NULL where it cannot be read
 * @error: (nullable): why, where it is there
 *
 * Where settings come from, besides options: this command is not started by systemd, and finds them where the service does.
 */
typedef struct
{
  char *path;
  GHashTable *file;
  GError *error;
} Sources;

static void
read_sources (Sources *sources, const char *agent)
{
  g_autofree char *name = g_strconcat (agent, ".env", NULL);
  g_autofree char *text = NULL;

  sources->path = g_build_filename (g_get_user_config_dir (), "heartbeat-consumer", name, NULL);
  if (g_file_get_contents (sources->path, &text, NULL, &sources->error))
    sources->file = heartbeat_ctl_environment_parse (text);
  else if (g_error_matches (sources->error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    g_clear_error (&sources->error);
}

static void
clear_sources (Sources *sources)
{
  g_free (sources->path);
  g_clear_pointer (&sources->file, g_hash_table_unref);
  g_clear_error (&sources->error);
}

static const char *
non_empty (const char *text)
{
  return text != NULL && *text != '\0' ? text : NULL;
}

/* As the service: an option wins over its variable, an empty variable counts as unset. */
static const char *
look_up (const Sources *sources, const char *option, const char *variable, const char **from)
{
  const char *value = g_getenv (variable);

  if (option != NULL)
    *from = _ ("the command line");
  else if (non_empty (value) != NULL)
    *from = _ ("the environment");
  else if (sources->file != NULL)
    *from = sources->path;
  if (option != NULL || non_empty (value) != NULL)
    return option != NULL ? option : value;
  return sources->file != NULL ? non_empty (g_hash_table_lookup (sources->file, variable)) : NULL;
}

static const char *
setting (const Sources *sources, const char *option, const char *variable, const char *fallback)
{
  const char *from = NULL;
  const char *value = look_up (sources, option, variable, &from);

  return value != NULL ? value : fallback;
}

static char *
read_credential (const char **from)
{
  const char *folder = non_empty (g_getenv ("CREDENTIALS_DIRECTORY"));
  g_autofree char *path = folder != NULL ? g_build_filename (folder, "rabbit-url", NULL) : NULL;
  char *text = NULL;

  if (path == NULL || !g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  *from = _ ("the credential rabbit-url");
  return g_strstrip (text);
}

static char *
dup_url (HeartbeatCtl *ctl, const Sources *sources, const char **from)
{
  const char *url = look_up (sources, ctl->rabbit_url, "RABBIT_URL", from);
  char *credential = url == NULL ? read_credential (from) : NULL;

  if (url != NULL)
    return g_strdup (url);
  if (credential != NULL)
    return credential;
  *from = NULL;
  return g_strdup (HEARTBEAT_DEFAULT_RABBIT_URL);
}

/* Which brokers there are; NULL after a finding where they are not known or none is used. */
static GPtrArray *
find_brokers (HeartbeatCtlDoctor *doctor, const Sources *sources, HeartbeatCtlFinding *finding)
{
  g_autoptr (GError) error = NULL;
  const char *from = NULL;
  g_autofree char *url = dup_url (doctor->ctl, sources, &from);
  GPtrArray *uris = NULL;

  if (from == NULL && doctor->local)
    {
      heartbeat_ctl_finding_set (
          finding, HEARTBEAT_CTL_VERDICT_OK,
          _ ("TICK_SOURCE is local and RABBIT_URL is not set: no broker is used"));
      return NULL;
    }
  uris = heartbeat_broker_uri_parse_list (url, &error);
  if (uris == NULL)
    {
      heartbeat_ctl_finding_set (finding, HEARTBEAT_CTL_VERDICT_FAILED, "%s", error->message);
      heartbeat_ctl_finding_advise (finding, _ ("correct RABBIT_URL; it comes from %s"), from);
    }
  else if (from == NULL)
    heartbeat_ctl_finding_set (finding, HEARTBEAT_CTL_VERDICT_OK,
                               _ ("RABBIT_URL is set nowhere: the default is used"));
  else
    heartbeat_ctl_finding_set (finding, HEARTBEAT_CTL_VERDICT_OK, _ ("RABBIT_URL from %s"), from);
  if (sources->error != NULL)
    {
      finding->verdict = MAX (finding->verdict, HEARTBEAT_CTL_VERDICT_WARNING);
      heartbeat_ctl_finding_advise (finding, _ ("make the file readable: %s"),
                                    sources->error->message);
    }
  return uris;
}

static gboolean
is_short_string (const char *text)
{
  return *text != '\0' && strlen (text) <= MAX_SHORT_STRING && g_utf8_validate (text, -1, NULL);
}

static gboolean
set_up (HeartbeatCtlDoctor *doctor, const Sources *sources)
{
  HeartbeatCtl *ctl = doctor->ctl;
  const char *type = setting (sources, ctl->queue_type, "QUEUE_TYPE", "classic");

  doctor->exchange
      = g_strdup (setting (sources, ctl->exchange, "EXCHANGE_NAME", HEARTBEAT_DEFAULT_EXCHANGE));
  doctor->queue = g_strdup_printf ("agent.%s.inbox", doctor->agent);
  doctor->quorum = g_ascii_strcasecmp (type, "quorum") == 0;
  doctor->local = g_ascii_strcasecmp (setting (sources, NULL, "TICK_SOURCE", "amqp"), "local") == 0;
  doctor->bus
      = g_ascii_strcasecmp (setting (sources, NULL, "HEARTBEAT_BUS", "session"), "none") != 0;
  if (!is_short_string (doctor->exchange))
    heartbeat_ctl_complain (_ ("EXCHANGE_NAME (--exchange) has 1 to 255 bytes of UTF-8"));
  else if (!doctor->quorum && g_ascii_strcasecmp (type, "classic") != 0)
    heartbeat_ctl_complain (_ ("QUEUE_TYPE (--queue-type) is classic or quorum"));
  else
    return TRUE;
  return FALSE;
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

/* Runs a table of checks; what needs one that came to nothing is skipped. */
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
        heartbeat_ctl_finding_set (finding, HEARTBEAT_CTL_VERDICT_SKIPPED, _ ("skipped: see %s"),
                                   needed->title);
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
run_all (HeartbeatCtlDoctor *doctor, const Sources *sources, GPtrArray *findings)
{
  HeartbeatCtlFinding *finding = heartbeat_ctl_finding_new ("settings", _ ("Settings"), NULL);
  g_autoptr (GPtrArray) uris = find_brokers (doctor, sources, finding);

  g_ptr_array_add (findings, finding);
  for (guint i = 0; uris != NULL && i < uris->len; i++)
    check_broker (doctor, g_ptr_array_index (uris, i), findings);
  run_checks (doctor, heartbeat_ctl_bus_checks, NULL, findings);
}

/* --- The command ---------------------------------------------------------------------------------------------------- */

static void
print (HeartbeatCtl *ctl, const char *agent, GPtrArray *findings)
{
  g_autoptr (JsonBuilder) builder = NULL;
  g_autofree char *text = NULL;

  if (!ctl->json)
    {
      text = heartbeat_ctl_findings_to_string (findings, heartbeat_ctl_terminal_get_width (),
                                               heartbeat_ctl_terminal_has_colours ());
      g_print ("%s", text);
      return;
    }
  builder = json_builder_new ();
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "agent");
  json_builder_add_string_value (builder, agent);
  json_builder_set_member_name (builder, "healthy");
  json_builder_add_boolean_value (builder, heartbeat_ctl_findings_are_good (findings));
  json_builder_set_member_name (builder, "checks");
  heartbeat_ctl_findings_add_json (findings, builder);
  json_builder_end_object (builder);
  heartbeat_ctl_print_json (builder);
}

/* The agent is that of `--agent` or AGENT_NAME, else the only one on the bus. */
static HeartbeatCtlExit
choose_agent (HeartbeatCtl *ctl, char **agent)
{
  const char *name = ctl->agent != NULL ? ctl->agent : non_empty (g_getenv ("AGENT_NAME"));

  if (name == NULL && heartbeat_ctl_find_agent (ctl, agent) == HEARTBEAT_CTL_OK)
    return HEARTBEAT_CTL_OK;
  if (name == NULL)
    heartbeat_ctl_complain (_ ("name the agent: heartbeatctl doctor --agent NAME"));
  else if (!heartbeat_agent_is_name (name))
    heartbeat_ctl_complain (
        _ ("AGENT_NAME (--agent): a name of the form [A-Za-z0-9][A-Za-z0-9_-]{0,63} is expected"));
  else
    {
      *agent = g_strdup (name);
      return HEARTBEAT_CTL_OK;
    }
  return HEARTBEAT_CTL_USAGE;
}

/**
 * heartbeat_ctl_doctor:
 * @self: the command line
 * @args: none
 *
 * `heartbeatctl doctor`: looks at everything between the broker and the agent, and says what is wrong and what to do. Nothing is
 * changed: what does not exist is not made. With `--json`, one document:
 *
 * |[
 * {"agent": NAME, "healthy": nothing has failed, "checks": [{"check": "queue", "broker": "HOST:PORT" or null,
 *   "status": "ok", "warning", "failed" or "skipped", "message": what was found, "advice": what to do, or null}]}
 * ]|
 *
 * Returns: %HEARTBEAT_CTL_OK where nothing has failed; a warning is no failure
 */
HeartbeatCtlExit
heartbeat_ctl_doctor (HeartbeatCtl *self, char **args)
{
  g_autoptr (GPtrArray) findings
      = g_ptr_array_new_with_free_func ((GDestroyNotify) heartbeat_ctl_finding_free);
  g_autofree char *agent = NULL;
  HeartbeatCtlDoctor doctor = { .ctl = self };
  Sources sources = { 0 };
  HeartbeatCtlExit status = choose_agent (self, &agent);

  if (status != HEARTBEAT_CTL_OK)
    return status;
  doctor.agent = agent;
  read_sources (&sources, agent);
  if (!set_up (&doctor, &sources))
    status = HEARTBEAT_CTL_USAGE;
  else
    {
      run_all (&doctor, &sources, findings);
      print (self, agent, findings);
      if (!heartbeat_ctl_findings_are_good (findings))
        status = HEARTBEAT_CTL_FAILED;
    }
  g_free (doctor.exchange);
  g_free (doctor.queue);
  clear_sources (&sources);
  return status;
}
