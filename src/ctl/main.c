/* SPDX-License-Identifier: MIT */

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include <glib/gi18n.h>

#include "ctl/heartbeat-ctl.h"

typedef struct
{
  const char *name;
  guint least; /* how many arguments it takes */
  guint most;
  HeartbeatCtlExit (*run) (HeartbeatCtl *ctl, char **args);
  const char *synopsis;
  const char *help;
} Command;

#define ANY_NUMBER G_MAXUINT

static const Command commands[] = {
  { "status", 0, 0, heartbeat_ctl_status, "status", N_ ("Show the agents and their checks") },
  { "list", 0, 0, heartbeat_ctl_list, "list",
    N_ ("List the checks, and why each would run now or not") },
  { "show", 1, 1, heartbeat_ctl_show, "show CHECK", N_ ("Show everything about a check") },
  { "run", 1, 1, heartbeat_ctl_run, "run CHECK", N_ ("Run a check now and wait for its end") },
  { "pause", 0, 1, heartbeat_ctl_pause, "pause CHECK|--all",
    N_ ("Let a check rest: --for 2h, --until 17:30 or until resumed; --reason WHY") },
  { "resume", 0, 1, heartbeat_ctl_resume, "resume CHECK|--all", N_ ("End a pause") },
  { "enable", 1, 1, heartbeat_ctl_enable, "enable CHECK", N_ ("Let a check run again") },
  { "disable", 1, 1, heartbeat_ctl_disable, "disable CHECK", N_ ("Let a check run no more") },
  { "reload", 0, 0, heartbeat_ctl_reload, "reload", N_ ("Have heartbeat.json read now") },
  { "history", 0, 1, heartbeat_ctl_history, "history [CHECK]",
    N_ ("List the last runs, newest first: --most 50") },
  { "monitor", 0, 0, heartbeat_ctl_monitor, "monitor",
    N_ ("Watch the agents live, or with --json a line for each event") },
  { "publish", 2, 2, heartbeat_ctl_publish, "publish EVENT_TYPE JSON",
    N_ ("Have the service publish an event of the agent's") },
  { "init", 1, 1, heartbeat_ctl_init, "init NAME",
    N_ ("Write a first heartbeat.json and the settings of a user service") },
  { "tick", 0, 0, heartbeat_ctl_tick, "tick", N_ ("Publish a tick for all agents on the broker") },
  { "validate", 1, ANY_NUMBER, heartbeat_ctl_validate, "validate FILE…",
    N_ ("Say everything that is wrong with a heartbeat.json") },
  { "doctor", 0, 0, heartbeat_ctl_doctor, "doctor",
    N_ ("Check the broker and the service, and say what to do") },
  { "schema", 0, 0, heartbeat_ctl_schema, "schema",
    N_ ("Print the JSON Schema of heartbeat.json") },
};

/* Columns that the longest synopsis takes. */
#define SYNOPSIS_WIDTH 23

static char *
describe_commands (void)
{
  GString *text = g_string_new (_ ("Commands:"));

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    g_string_append_printf (text, "\n  %s%*s %s", commands[i].synopsis,
                            SYNOPSIS_WIDTH - (int) g_utf8_strlen (commands[i].synopsis, -1), "",
                            _ (commands[i].help));
  return g_string_free (text, FALSE);
}

static gboolean
parse (HeartbeatCtl *ctl, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "agent", 0, 0, G_OPTION_ARG_STRING, &ctl->agent, N_ ("The agent, where several run"),
      N_ ("NAME") },
    { "json", 0, 0, G_OPTION_ARG_NONE, &ctl->json, N_ ("Print one JSON document"), NULL },
    { "all", 0, 0, G_OPTION_ARG_NONE, &ctl->all, N_ ("pause, resume: all checks"), NULL },
    { "for", 0, 0, G_OPTION_ARG_STRING, &ctl->pause_for, N_ ("pause: for how long, 30min, 2h, 3d"),
      N_ ("SPAN") },
    { "until", 0, 0, G_OPTION_ARG_STRING, &ctl->pause_until,
      N_ ("pause: until when, 17:30 or 2030-12-31 09:00"), N_ ("TIME") },
    { "reason", 0, 0, G_OPTION_ARG_STRING, &ctl->reason, N_ ("pause: why, for people"),
      N_ ("TEXT") },
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &ctl->config,
      N_ ("init: the heartbeat.json, new or not"), N_ ("FILE") },
    { "most", 0, 0, G_OPTION_ARG_INT, &ctl->most, N_ ("history: how many runs"), N_ ("NUMBER") },
    { "rabbit-url", 0, 0, G_OPTION_ARG_STRING, &ctl->rabbit_url,
      N_ ("tick, doctor, init: the broker (RABBIT_URL)"), N_ ("URL") },
    { "exchange", 0, 0, G_OPTION_ARG_STRING, &ctl->exchange,
      N_ ("tick, doctor: the exchange (EXCHANGE_NAME)"), N_ ("NAME") },
    { "queue-type", 0, 0, G_OPTION_ARG_STRING, &ctl->queue_type,
      N_ ("doctor: classic or quorum (QUEUE_TYPE)"), N_ ("TYPE") },
    { "routing-key", 0, 0, G_OPTION_ARG_STRING, &ctl->routing_key,
      N_ ("tick: another routing key than system.heartbeat.tick"), N_ ("KEY") },
    { "version", 0, 0, G_OPTION_ARG_NONE, &ctl->version, N_ ("Print the version"), NULL },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (_ ("COMMAND"));
  g_autofree char *summary = describe_commands ();

  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_set_summary (context, summary);
  return g_option_context_parse (context, argc, argv, error);
}

static gboolean
are_utf8 (char **args)
{
  for (; *args != NULL; args++)
    if (!g_utf8_validate (*args, -1, NULL))
      return FALSE;
  return TRUE;
}

static HeartbeatCtlExit
dispatch (HeartbeatCtl *ctl, char **args)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      guint n_args;

      if (g_strcmp0 (args[0], commands[i].name) != 0)
        continue;
      n_args = g_strv_length (args + 1);
      /* Names go over D-Bus; files do not. */
      if (commands[i].most != ANY_NUMBER && !are_utf8 (args + 1))
        break;
      if (n_args >= commands[i].least && n_args <= commands[i].most)
        return commands[i].run (ctl, args + 1);
      heartbeat_ctl_complain (_ ("usage: heartbeatctl %s"), commands[i].synopsis);
      return HEARTBEAT_CTL_USAGE;
    }
  if (args[0] != NULL && !are_utf8 (args))
    heartbeat_ctl_complain (_ ("an argument is not UTF-8"));
  else if (args[0] == NULL)
    heartbeat_ctl_complain (_ ("a command is expected; see heartbeatctl --help"));
  else
    heartbeat_ctl_complain (_ ("there is no command “%s”; see heartbeatctl --help"), args[0]);
  return HEARTBEAT_CTL_USAGE;
}

/* What the library logs is for the service: here every failure is told where it happens. */
static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  for (gsize i = 0; i < n_fields; i++)
    if (strcmp (fields[i].key, "GLIB_DOMAIN") == 0
        && g_strcmp0 (fields[i].value, G_LOG_DOMAIN) == 0)
      return G_LOG_WRITER_HANDLED;
  return g_log_writer_default (level, fields, n_fields, user_data);
}

static void
clear (HeartbeatCtl *ctl)
{
  g_clear_object (&ctl->bus);
  g_free (ctl->agent);
  g_free (ctl->rabbit_url);
  g_free (ctl->exchange);
  g_free (ctl->queue_type);
  g_free (ctl->routing_key);
  g_free (ctl->pause_for);
  g_free (ctl->pause_until);
  g_free (ctl->reason);
  g_free (ctl->config);
}

int
main (int argc, char **argv)
{
  HeartbeatCtl ctl = { 0 };
  g_autoptr (GError) error = NULL;
  HeartbeatCtlExit status = HEARTBEAT_CTL_OK;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_log_set_writer_func (write_log, NULL, NULL);

  if (!parse (&ctl, &argc, &argv, &error))
    {
      heartbeat_ctl_complain ("%s", error->message);
      status = HEARTBEAT_CTL_USAGE;
    }
  else if (ctl.version)
    g_print ("heartbeatctl %s\n", PACKAGE_VERSION);
  else
    status = dispatch (&ctl, argv + 1);
  clear (&ctl);
  if (fflush (stdout) == 0 && !ferror (stdout))
    return status;
  heartbeat_ctl_complain (_ ("the output cannot be written"));
  return HEARTBEAT_CTL_FAILED;
}
