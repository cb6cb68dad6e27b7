/* SPDX-License-Identifier: MIT */

#pragma once

#include "ctl/heartbeat-ctl.h"

G_BEGIN_DECLS

#define HEARTBEAT_CTL_ANY_NUMBER G_MAXUINT

/**
 * HeartbeatCtlCommand:
 * @name: what the user types
 * @least: the fewest arguments it takes
 * @most: the most arguments it takes
 * @run: the command; it is given the arguments after its name, %NULL at the end, and returns the exit status
 * @synopsis: name and arguments
 * @help: (nullable): what it does; %NULL hides it
 */
typedef struct
{
  const char *name;
  guint least;
  guint most;
  HeartbeatCtlExit (*run) (HeartbeatCtl *ctl, char **args);
  const char *synopsis;
  const char *help;
} HeartbeatCtlCommand;

/**
 * HeartbeatCtlOption:
 * @name: the long option
 * @arg: the type of its value
 * @offset: of its value in #HeartbeatCtl
 * @commands: (nullable): the commands that take it, separated by spaces; %NULL for all
 * @placeholder: (nullable): the name of its value in `--help`
 * @help: what it does
 */
typedef struct
{
  const char *name;
  GOptionArg arg;
  gsize offset;
  const char *commands;
  const char *placeholder;
  const char *help;
} HeartbeatCtlOption;

/* Both end with a row without a name. */
extern const HeartbeatCtlCommand heartbeat_ctl_commands[];
extern const HeartbeatCtlOption heartbeat_ctl_options[];

const HeartbeatCtlCommand *heartbeat_ctl_find_command (const char *name);
gboolean heartbeat_ctl_option_is_for (const HeartbeatCtlOption *option, const char *command);
char *heartbeat_ctl_help (const HeartbeatCtlCommand *command);

G_END_DECLS
