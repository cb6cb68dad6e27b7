/* SPDX-License-Identifier: MIT */

#include "ctl/print/heartbeat-ctl-terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

static struct winsize
get_size (void)
{
  struct winsize size = { 0 };

  if (!isatty (STDOUT_FILENO) || ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
    return (struct winsize){ 0 };
  return size;
}

/**
 * heartbeat_ctl_terminal_get_width:
 *
 * Returns: the columns of the terminal on standard output, 0 if that is not a terminal
 */
guint
heartbeat_ctl_terminal_get_width (void)
{
  return get_size ().ws_col;
}

/**
 * heartbeat_ctl_terminal_get_height:
 *
 * Returns: the rows of the terminal on standard output, 0 if that is not a terminal
 */
guint
heartbeat_ctl_terminal_get_height (void)
{
  return get_size ().ws_row;
}

/**
 * heartbeat_ctl_terminal_has_colours:
 *
 * Returns: whether standard output is a terminal with colours, and `NO_COLOR` is not set (see no-color.org)
 */
gboolean
heartbeat_ctl_terminal_has_colours (void)
{
  const char *no_colour = g_getenv ("NO_COLOR");

  return isatty (STDOUT_FILENO) && (no_colour == NULL || *no_colour == '\0')
         && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
}
