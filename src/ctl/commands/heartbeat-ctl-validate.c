/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-text.h"
#include "config/heartbeat-config.h"
#include "base/heartbeat-i18n.h"
#include "storage/heartbeat-storage.h"
#include "ctl/heartbeat-ctl.h"

static GPtrArray *
read_problems (const char *path, GError **error)
{
  HeartbeatIdentity identity;
  g_autoptr (GBytes) text
      = heartbeat_storage_read (path, HEARTBEAT_CONFIG_MAX_BYTES, &identity, error);

  return text != NULL ? heartbeat_config_validate (text) : NULL;
}

/* A name may have line ends and worse within; each problem is one line, and says nothing to the terminal. */
static void
print_problem (const char *path, const HeartbeatProblem *problem)
{
  g_autofree char *what = heartbeat_problem_describe (problem);
  g_autofree char *line
      = g_strdup_printf ("%s:%u:%u: %s", path, problem->line, problem->column, what);
  g_autofree char *clean = heartbeat_text_to_line (line);

  g_print ("%s\n", clean);
}

static void
add_string (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  if (value != NULL)
    json_builder_add_string_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

static void
add_problem (JsonBuilder *builder, const HeartbeatProblem *problem)
{
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "line");
  json_builder_add_int_value (builder, problem->line);
  json_builder_set_member_name (builder, "column");
  json_builder_add_int_value (builder, problem->column);
  add_string (builder, "path", problem->path);
  add_string (builder, "found", problem->found);
  add_string (builder, "rule", problem->rule);
  json_builder_end_object (builder);
}

static void
add_file (JsonBuilder *builder, const char *path, GPtrArray *problems, const GError *error)
{
  g_autofree char *shown = g_filename_display_name (path);

  json_builder_begin_object (builder);
  add_string (builder, "file", shown);
  json_builder_set_member_name (builder, "valid");
  json_builder_add_boolean_value (builder, problems != NULL && problems->len == 0);
  add_string (builder, "error", error != NULL ? error->message : NULL);
  json_builder_set_member_name (builder, "problems");
  json_builder_begin_array (builder);
  for (guint i = 0; problems != NULL && i < problems->len; i++)
    add_problem (builder, g_ptr_array_index (problems, i));
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

static gboolean
validate (HeartbeatCtl *self, const char *path, JsonBuilder *builder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) problems = read_problems (path, &error);
  g_autofree char *shown = g_filename_display_name (path);

  if (error != NULL)
    heartbeat_ctl_complain ("%s", error->message);
  if (self->json)
    add_file (builder, path, problems, error);
  else
    for (guint i = 0; problems != NULL && i < problems->len; i++)
      print_problem (shown, g_ptr_array_index (problems, i));
  return problems != NULL && problems->len == 0;
}

/**
 * heartbeat_ctl_validate:
 * @self: the command line
 * @args: the paths of files
 *
 * `heartbeatctl validate FILE…`: prints everything that is wrong with them, a line for each problem, in the order of the
 * text: `FILE:LINE:COLUMN: MEMBER: RULE`, then what was found. Nothing is printed of a good file. With `--json`, one document:
 *
 * |[
 * {"valid": false, "files": [{"file": PATH, "valid": false, "error": why it cannot be read or null,
 *   "problems": [{"line": 1, "column": 1, "path": MEMBER, "found": as written, cut, or null, "rule": RULE}]}]}
 * ]|
 *
 * Returns: %HEARTBEAT_CTL_OK where all are good
 */
HeartbeatCtlExit
heartbeat_ctl_validate (HeartbeatCtl *self, char **args)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  gboolean valid = TRUE;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "files");
  json_builder_begin_array (builder);
  for (guint i = 0; args[i] != NULL; i++)
    valid = validate (self, args[i], builder) && valid;
  json_builder_end_array (builder);
  json_builder_set_member_name (builder, "valid");
  json_builder_add_boolean_value (builder, valid);
  json_builder_end_object (builder);
  if (self->json)
    heartbeat_ctl_print_json (builder);
  else if (!valid)
    heartbeat_ctl_complain (_ ("not every file is good"));
  return valid ? HEARTBEAT_CTL_OK : HEARTBEAT_CTL_FAILED;
}
