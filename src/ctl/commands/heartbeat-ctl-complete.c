/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "base/heartbeat-i18n.h"
#include "base/heartbeat-text.h"
#include "ctl/heartbeat-ctl-commands.h"
#include "ctl/heartbeat-ctl-views.h"

/* Nobody waits longer after pressing Tab. */
#define LIMIT_MS 2000

/* A word with control characters cannot be typed. */
static void
print_word (const char *word, const char *meaning)
{
  if (!heartbeat_text_has_controls (word))
    g_print ("%s\t%s\n", word, meaning);
}

static void
print_commands (void)
{
  for (const HeartbeatCtlCommand *command = heartbeat_ctl_commands; command->name != NULL;
       command++)
    if (command->help != NULL)
      print_word (command->name, _ (command->help));
}

/* Before the command is known, offer all options. */
static void
print_options (const char *command)
{
  for (const HeartbeatCtlOption *option = heartbeat_ctl_options; option->name != NULL; option++)
    {
      g_autofree char *word
          = g_strdup_printf ("--%s%s", option->name, option->placeholder != NULL ? "=" : "");

      if (option->commands == NULL || command == NULL || *command == '\0'
          || heartbeat_ctl_option_is_for (option, command))
        print_word (word, _ (option->help));
    }
}

/* Tells the scripts what to complete after a command. */
static void
print_argument (const char *command)
{
  const HeartbeatCtlCommand *found = heartbeat_ctl_find_command (command);

  if (found == NULL || found->help == NULL)
    return;
  if (strstr (found->synopsis, "CHECK") != NULL)
    g_print ("checks\n");
  else if (strstr (found->synopsis, "FILE") != NULL)
    g_print ("files\n");
}

static HeartbeatCtlExit
print_agents (HeartbeatCtl *self)
{
  g_autoptr (GPtrArray) agents = NULL;
  HeartbeatCtlExit status = heartbeat_ctl_find_agents (self, &agents);

  for (guint i = 0; status == HEARTBEAT_CTL_OK && i < agents->len; i++)
    print_word (g_ptr_array_index (agents, i), _ ("Agent"));
  return status;
}

static void
print_checks_of (HeartbeatCtlView *view)
{
  for (guint i = 0; i < view->checks->len; i++)
    {
      HeartbeatDBusCheck *check = g_ptr_array_index (view->checks, i);
      const char *handler = heartbeat_dbus_check_get_handler (check);

      print_word (heartbeat_dbus_check_get_name (check),
                  strpbrk (handler, "\n\t") == NULL ? handler : "");
    }
}

static HeartbeatCtlExit
print_checks (HeartbeatCtl *self)
{
  g_autoptr (GPtrArray) agents = NULL;
  g_autoptr (GPtrArray) views = NULL;
  HeartbeatCtlExit status = heartbeat_ctl_find_agents (self, &agents);

  if (status != HEARTBEAT_CTL_OK)
    return status;
  views = heartbeat_ctl_views_ask (self->bus, agents, LIMIT_MS);
  for (guint i = 0; i < views->len; i++)
    print_checks_of (g_ptr_array_index (views, i));
  return HEARTBEAT_CTL_OK;
}

/* `heartbeatctl complete commands|options|argument|agents|checks [COMMAND]`, for the shells' completion and hidden from `--help`:
 * prints a word a line, and its meaning after a tab. For `argument`, prints what the command takes: `checks` or `files`. So the
 * scripts need not know what this version of the program has. */
HeartbeatCtlExit
heartbeat_ctl_complete (HeartbeatCtl *self, char **args)
{
  if (g_str_equal (args[0], "commands"))
    print_commands ();
  else if (g_str_equal (args[0], "options"))
    print_options (args[1]);
  else if (g_str_equal (args[0], "argument"))
    print_argument (args[1]);
  else if (g_str_equal (args[0], "agents"))
    return print_agents (self);
  else if (g_str_equal (args[0], "checks"))
    return print_checks (self);
  else
    return HEARTBEAT_CTL_USAGE;
  return HEARTBEAT_CTL_OK;
}
