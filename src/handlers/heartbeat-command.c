/* SPDX-License-Identifier: MIT */

#include "handlers/heartbeat-command.h"

#include <string.h>

#include "base/heartbeat-error.h"
#include "json/heartbeat-json.h"
#include "base/heartbeat-i18n.h"
#include "handlers/heartbeat-outcome.h"

#define RULE N_ ("meta.command: a string or an array of strings is expected")

static gboolean
fail (GError **error)
{
  g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT, _ (RULE));
  return FALSE;
}

/* A program cannot be given a NUL. */
static gboolean
add_argument (GStrvBuilder *builder, const HeartbeatJson *value)
{
  g_autofree char *text = heartbeat_json_dup_c_string (value);

  if (text != NULL)
    g_strv_builder_add (builder, text);
  return text != NULL;
}

static gboolean
read_command (GStrvBuilder *builder, const HeartbeatJson *command)
{
  HeartbeatJsonIter iter;
  HeartbeatJson element;
  guint n = 0;

  if (heartbeat_json_is_string (command))
    {
      g_strv_builder_add_many (builder, "/bin/sh", "-c", NULL);
      return add_argument (builder, command);
    }
  if (!heartbeat_json_is_array (command))
    return FALSE;
  heartbeat_json_iter_init (&iter, command);
  for (; heartbeat_json_iter_element (&iter, &element); n++)
    if (!add_argument (builder, &element))
      return FALSE;
  return n > 0;
}

/**
 * heartbeat_command_parse:
 * @meta: a check's `meta`
 * @error: return location for %HEARTBEAT_ERROR_INVALID_ARGUMENT
 *
 * Reads `command`: an array is a program and its arguments, a string is given to the shell.
 *
 * Returns: (transfer full) (nullable): the arguments; %NULL without @error where there is no `command`
 */
GStrv
heartbeat_command_parse (const char *meta, GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  HeartbeatJson root, command;

  g_return_val_if_fail (meta != NULL, NULL);

  if (!heartbeat_json_scan (meta, strlen (meta), HEARTBEAT_JSON_NONE, &root, error))
    return NULL;
  if (!heartbeat_json_is_object (&root) || !heartbeat_json_get_member (&root, "command", &command))
    return NULL;
  if (!read_command (builder, &command) && !fail (error))
    return NULL;
  return g_strv_builder_end (builder);
}

/**
 * heartbeat_command_handler:
 * @run: a run
 * @user_data: (nullable): a #HeartbeatProcesses
 *
 * The handler `command`: runs `meta.command`.
 */
void
heartbeat_command_handler (HeartbeatRun *run, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) argv = NULL;

  g_return_if_fail (HEARTBEAT_IS_RUN (run));

  argv = heartbeat_command_parse (heartbeat_run_get_meta (run), &error);
  if (argv == NULL)
    heartbeat_run_fail (run, error != NULL ? error->message : _ (RULE));
  else
    heartbeat_outcome_run (user_data, run, (const char *const *) argv);
}
