/* SPDX-License-Identifier: MIT */

#pragma once

#include "ctl/heartbeat-ctl.h"

G_BEGIN_DECLS

#define HEARTBEAT_CTL_ANY_NUMBER G_MAXUINT

/**
 * HeartbeatCtlCommand:
 * @name: what the user types
 * @least: how many arguments it takes at least
 * @most: how many at most
 * @run: does it
 * @synopsis: name and arguments
 * @help: (nullable): what it does; %NULL hides it: it is for the shells' completion
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
 * @arg: what its value is
 * @offset: of its value in #HeartbeatCtl
 * @commands: (nullable): the commands that it is for, separated by spaces; %NULL for all
 * @placeholder: (nullable): how `--help` names its value
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
