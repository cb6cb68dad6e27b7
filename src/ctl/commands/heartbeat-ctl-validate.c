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

/* Names may contain line breaks and control sequences. */
static void
print_problem (const char *path, const HeartbeatProblem *problem)
{
  g_autofree char *what = heartbeat_problem_describe (problem);
  g_autofree char *line
      = g_strdup_printf ("%s:%u:%u: %s", path, problem->line, problem->column, what);
  g_autofree char *clean = heartbeat_text_to_line (line);

  g_print ("%s\n", clean);
}

/* @problems is NULL if the file cannot be read. */
static GVariant *
serialize (const char *path, GPtrArray *problems, const GError *error)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_autofree char *message = error != NULL ? heartbeat_text_dup_valid (error->message) : NULL;

  for (guint i = 0; problems != NULL && i < problems->len; i++)
    {
      const HeartbeatProblem *problem = g_ptr_array_index (problems, i);

      g_variant_builder_add_parsed (&builder,
                                    "{'line': <%u>, 'column': <%u>, 'path': <%ms>, "
                                    "'found': <%ms>, 'rule': <%s>}",
                                    problem->line, problem->column, problem->path, problem->found,
                                    problem->rule);
    }
  return g_variant_new_parsed (
      "{'file': <%s>, 'valid': <%b>, 'error': <%ms>, 'problems': <%aa{sv}>}", path,
      problems != NULL && problems->len == 0, message, &builder);
}

static gboolean
validate (HeartbeatCtl *self, const char *path, GVariantBuilder *files)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) problems = read_problems (path, &error);
  g_autofree char *shown = g_filename_display_name (path);

  if (error != NULL)
    heartbeat_ctl_report (HEARTBEAT_CTL_FAILED, "%s", error->message);
  g_variant_builder_add_value (files, serialize (shown, problems, error));
  for (guint i = 0; !self->json && problems != NULL && i < problems->len; i++)
    print_problem (shown, g_ptr_array_index (problems, i));
  return problems != NULL && problems->len == 0;
}

/* `heartbeatctl validate FILE…`: prints a line for each problem, in the order of the text: `FILE:LINE:COLUMN: MEMBER: RULE`, then
 * what was found. Prints nothing about a valid file. With `--json`, one document:
 *
 * |[
 * {"valid": false, "files": [{"file": PATH, "valid": false, "error": why it cannot be read or null,
 *   "problems": [{"line": 1, "column": 1, "path": MEMBER, "found": as written, cut, or null, "rule": RULE}]}]}
 * ]|
 *
 * Returns: %HEARTBEAT_CTL_OK if all files are valid */
HeartbeatCtlExit
heartbeat_ctl_validate (HeartbeatCtl *self, char **args)
{
  g_auto (GVariantBuilder) files = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  gboolean valid = TRUE;

  for (guint i = 0; args[i] != NULL; i++)
    valid = validate (self, args[i], &files) && valid;
  if (self->json)
    heartbeat_ctl_print_json (g_variant_new_parsed ("{'files': <%@aa{sv}>, 'valid': <%b>}",
                                                    g_variant_builder_end (&files), valid));
  else if (!valid)
    heartbeat_ctl_report (HEARTBEAT_CTL_FAILED, _ ("not every file is good"));
  return valid ? HEARTBEAT_CTL_OK : HEARTBEAT_CTL_FAILED;
}
