/* SPDX-License-Identifier: MIT */

#include "ctl/heartbeat-ctl-commands.h"

#include "base/heartbeat-i18n.h"
#include "ctl/print/heartbeat-ctl-text.h"

/* Translators: of “show CHECK” and the like only the words in capital letters are translated */
const HeartbeatCtlCommand heartbeat_ctl_commands[] = {
  { "status", 0, 0, heartbeat_ctl_status, "status", N_ ("Show the agents and their checks") },
  { "list", 0, 0, heartbeat_ctl_list, "list",
    N_ ("List the checks, and why each would run now or not") },
  { "show", 1, 1, heartbeat_ctl_show, N_ ("show CHECK"), N_ ("Show everything about a check") },
  { "run", 1, 1, heartbeat_ctl_run, N_ ("run CHECK"), N_ ("Run a check now and wait for its end") },
  { "pause", 0, 1, heartbeat_ctl_pause, N_ ("pause CHECK|--all"),
    N_ ("Let a check rest, for a while or until resumed") },
  { "resume", 0, 1, heartbeat_ctl_resume, N_ ("resume CHECK|--all"), N_ ("End a pause") },
  { "enable", 1, 1, heartbeat_ctl_enable, N_ ("enable CHECK"), N_ ("Let a check run again") },
  { "disable", 1, 1, heartbeat_ctl_disable, N_ ("disable CHECK"), N_ ("Let a check run no more") },
  { "reload", 0, 0, heartbeat_ctl_reload, "reload", N_ ("Have heartbeat.json read now") },
  { "history", 0, 1, heartbeat_ctl_history, N_ ("history [CHECK]"),
    N_ ("List the last runs, newest first") },
  { "monitor", 0, 0, heartbeat_ctl_monitor, "monitor",
    N_ ("Watch the agents live, or as JSON lines") },
  { "publish", 2, 2, heartbeat_ctl_publish, N_ ("publish EVENT_TYPE JSON"),
    N_ ("Have the service publish an event of the agent's") },
  { "init", 1, 1, heartbeat_ctl_init, N_ ("init NAME"),
    N_ ("Write a first heartbeat.json and settings") },
  { "forget", 1, 1, heartbeat_ctl_forget, N_ ("forget NAME"),
    N_ ("Delete the queue of an agent that is gone") },
  { "tick", 0, 0, heartbeat_ctl_tick, "tick", N_ ("Publish a tick for all agents on the broker") },
  { "validate", 1, HEARTBEAT_CTL_ANY_NUMBER, heartbeat_ctl_validate, N_ ("validate FILE…"),
    N_ ("Say all that is wrong with a heartbeat.json") },
  { "doctor", 0, 0, heartbeat_ctl_doctor, "doctor", N_ ("Check everything, and say what to do") },
  { "schema", 0, 0, heartbeat_ctl_schema, "schema",
    N_ ("Print the JSON Schema of heartbeat.json") },
  { "complete", 1, 2, heartbeat_ctl_complete, "complete KIND [COMMAND]", NULL },
  { NULL, 0, 0, NULL, NULL, NULL },
};

#define TEXT(member)   G_OPTION_ARG_STRING, G_STRUCT_OFFSET (HeartbeatCtl, member)
#define PATH(member)   G_OPTION_ARG_FILENAME, G_STRUCT_OFFSET (HeartbeatCtl, member)
#define NUMBER(member) G_OPTION_ARG_INT, G_STRUCT_OFFSET (HeartbeatCtl, member)
#define FLAG(member)   G_OPTION_ARG_NONE, G_STRUCT_OFFSET (HeartbeatCtl, member)

/* Keep the options of a group together: `--help` has a heading for each group. */
const HeartbeatCtlOption heartbeat_ctl_options[] = {
  { "agent", TEXT (agent), NULL, N_ ("NAME"), N_ ("The agent, where several run") },
  { "json", FLAG (json), NULL, NULL, N_ ("Print one JSON document") },
  { "help", FLAG (help), NULL, NULL, N_ ("Print this, or with a command its options") },
  { "version", FLAG (version), NULL, NULL, N_ ("Print the version") },
  { "all", FLAG (all), "pause resume", NULL, N_ ("All checks") },
  { "for", TEXT (pause_for), "pause", N_ ("SPAN"), N_ ("For how long: 30min, 2h, 3d") },
  { "until", TEXT (pause_until), "pause", N_ ("TIME"),
    N_ ("Until when: 17:30 or 2030-12-31 09:00") },
  { "reason", TEXT (reason), "pause", N_ ("TEXT"), N_ ("Why, for people") },
  { "most", NUMBER (most), "history", N_ ("NUMBER"), N_ ("How many runs, 20 by default") },
  { "config", PATH (config), "doctor init", N_ ("FILE"),
    N_ ("The heartbeat.json (HEARTBEAT_PATH)") },
  { "rabbit-url", TEXT (rabbit_url), "doctor forget init tick", N_ ("URL"),
    N_ ("The broker (RABBIT_URL)") },
  { "exchange", TEXT (exchange), "doctor tick", N_ ("NAME"), N_ ("The exchange (EXCHANGE_NAME)") },
  { "queue-type", TEXT (queue_type), "doctor", N_ ("TYPE"), N_ ("classic or quorum (QUEUE_TYPE)") },
  { "routing-key", TEXT (routing_key), "tick", N_ ("KEY"),
    N_ ("Another one than system.heartbeat.tick") },
  { "yes", FLAG (yes), "forget", NULL, N_ ("Do not ask") },
  { NULL, 0, 0, NULL, NULL, NULL },
};

/**
 * heartbeat_ctl_find_command:
 * @name: (nullable): what the user has typed
 *
 * Returns: (transfer none) (nullable): the command of that name
 */
const HeartbeatCtlCommand *
heartbeat_ctl_find_command (const char *name)
{
  for (const HeartbeatCtlCommand *command = heartbeat_ctl_commands; command->name != NULL;
       command++)
    if (g_strcmp0 (name, command->name) == 0)
      return command;
  return NULL;
}

/**
 * heartbeat_ctl_option_is_for:
 * @option: an option
 * @command: the name of a command
 *
 * Returns: whether @option is one of the command, and not of all commands
 */
gboolean
heartbeat_ctl_option_is_for (const HeartbeatCtlOption *option, const char *command)
{
  g_auto (GStrv) commands = NULL;

  g_return_val_if_fail (option != NULL && command != NULL, FALSE);

  if (option->commands == NULL)
    return FALSE;
  commands = g_strsplit (option->commands, " ", -1);
  return g_strv_contains ((const char *const *) commands, command);
}

/* --- Help ----------------------------------------------------------------------------------------------------------- */

#define INDENT     2
#define GAP        2
#define LINE_WIDTH 80

static char *
describe_option (const HeartbeatCtlOption *option)
{
  if (option->placeholder != NULL)
    return g_strdup_printf ("--%s=%s", option->name, _ (option->placeholder));
  return g_strdup_printf ("--%s", option->name);
}

/* Returns the width of the left side. */
static guint
measure (void)
{
  guint width = 0;

  for (const HeartbeatCtlCommand *command = heartbeat_ctl_commands; command->help != NULL;
       command++)
    width = MAX (width, heartbeat_ctl_text_width (_ (command->synopsis)));
  for (const HeartbeatCtlOption *option = heartbeat_ctl_options; option->name != NULL; option++)
    {
      g_autofree char *left = describe_option (option);

      width = MAX (width, heartbeat_ctl_text_width (left));
    }
  return width + GAP;
}

static void
append_row (GString *text, const char *left, const char *right)
{
  guint width = measure ();
  int rest = width - heartbeat_ctl_text_width (left);
  g_autofree char *lines = heartbeat_ctl_text_wrap (right, INDENT + width, LINE_WIDTH);

  g_string_append_printf (text, "%*s%s%*s%s\n", INDENT, "", left, rest, "", lines);
}

static void
append_option (GString *text, const HeartbeatCtlOption *option)
{
  g_autofree char *left = describe_option (option);

  append_row (text, left, _ (option->help));
}

static void
append_heading (GString *text, const char *commands)
{
  g_auto (GStrv) names = NULL;
  g_autofree char *listed = NULL;

  if (commands == NULL)
    {
      g_string_append_printf (text, "\n%s\n", _ ("Options:"));
      return;
    }
  names = g_strsplit (commands, " ", -1);
  listed = g_strjoinv (", ", names);
  g_string_append_c (text, '\n');
  /* Translators: commands, separated by commas */
  g_string_append_printf (text, _ ("Options of %s:"), listed);
  g_string_append_c (text, '\n');
}

static char *
describe_all (void)
{
  GString *text = g_string_new (NULL);
  const char *group = "";

  g_string_append_printf (text, "%s\n\n%s\n", _ ("Usage: heartbeatctl [OPTION…] COMMAND"),
                          _ ("Commands:"));
  for (const HeartbeatCtlCommand *command = heartbeat_ctl_commands; command->name != NULL;
       command++)
    if (command->help != NULL)
      append_row (text, _ (command->synopsis), _ (command->help));
  for (const HeartbeatCtlOption *option = heartbeat_ctl_options; option->name != NULL; option++)
    {
      if (g_strcmp0 (group, option->commands) != 0)
        append_heading (text, option->commands);
      group = option->commands;
      append_option (text, option);
    }
  return g_string_free (text, FALSE);
}

/**
 * heartbeat_ctl_help:
 * @command: (nullable): a command, %NULL for all
 *
 * Returns: (transfer full): the help for the commands and all options, or for one command and its options, in 80 columns
 */
char *
heartbeat_ctl_help (const HeartbeatCtlCommand *command)
{
  GString *text = NULL;

  if (command == NULL || command->help == NULL)
    return describe_all ();
  text = g_string_new (NULL);
  g_string_append_printf (text, _ ("Usage: heartbeatctl [OPTION…] %s"), _ (command->synopsis));
  g_string_append_printf (text, "\n\n%s\n", _ (command->help));
  append_heading (text, NULL);
  for (const HeartbeatCtlOption *option = heartbeat_ctl_options; option->name != NULL; option++)
    if (heartbeat_ctl_option_is_for (option, command->name))
      append_option (text, option);
  for (const HeartbeatCtlOption *option = heartbeat_ctl_options; option->name != NULL; option++)
    if (option->commands == NULL)
      append_option (text, option);
  return g_string_free (text, FALSE);
}
