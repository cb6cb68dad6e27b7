/* SPDX-License-Identifier: MIT */

#include "service/heartbeat-settings.h"

#include <string.h>

#include "agent/heartbeat-agent.h"
#include "amqp/heartbeat-broker-uri.h"
#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"
#include "base/heartbeat-setting-spec.h"
#include "handlers/heartbeat-executables.h"

#define CREDENTIAL "rabbit-url"

/* --- The command line ----------------------------------------------------------------------------------------------- */

static gboolean
on_option (const char *option, const char *value, gpointer user_data, GError **error)
{
  HeartbeatSettings *self = user_data;
  guint n;
  const HeartbeatSettingSpec *specs = heartbeat_setting_spec_list (&n);

  for (guint i = 0; i < n; i++)
    if (strcmp (option + strlen ("--"), specs[i].option) == 0)
      g_hash_table_replace (self->values, (gpointer) specs[i].variable, g_strdup (value));
  return TRUE;
}

static GOptionGroup *
make_options (HeartbeatSettings *self)
{
  const GOptionEntry others[] = {
    { "check-config", 0, 0, G_OPTION_ARG_NONE, &self->check_config,
      N_ ("Check settings and file, and exit with 0 or 2"), NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &self->version, N_ ("Print the version"), NULL },
    { NULL },
  };
  guint n;
  const HeartbeatSettingSpec *specs = heartbeat_setting_spec_list (&n);
  g_autofree GOptionEntry *entries = g_new0 (GOptionEntry, n + 1);
  GOptionGroup *group = g_option_group_new (NULL, NULL, NULL, self, NULL);

  for (guint i = 0; i < n; i++)
    entries[i] = (GOptionEntry){ specs[i].option,       0,         0,
                                 G_OPTION_ARG_CALLBACK, on_option, specs[i].help,
                                 specs[i].placeholder };
  g_option_group_add_entries (group, entries);
  g_option_group_add_entries (group, others);
  g_option_group_set_translation_domain (group, GETTEXT_PACKAGE);
  return group;
}

static gboolean
parse_options (HeartbeatSettings *self, int *argc, char ***argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) parse_error = NULL;
  g_autofree char *shown = NULL;

  g_option_context_set_main_group (context, make_options (self));
  g_option_context_set_summary (context,
                                _ ("Runs the checks of an AI agent at each heartbeat tick."));
  if (!g_option_context_parse (context, argc, argv, &parse_error))
    {
      shown = heartbeat_setting_spec_hide_url (parse_error->message);
      g_set_error_literal (error, parse_error->domain, parse_error->code, shown);
      return FALSE;
    }
  if (*argc <= 1)
    return TRUE;
  shown = heartbeat_setting_spec_hide_url ((*argv)[1]);
  g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT, _ ("“%s” is not expected"),
               shown);
  return FALSE;
}

/* --- The environment ------------------------------------------------------------------------------------------------ */

/* An option wins over its variable; an empty variable counts as unset. */
static gboolean
resolve (HeartbeatSettings *self, const HeartbeatSettingSpec *spec, GError **error)
{
  const char *option = g_hash_table_lookup (self->values, spec->variable);
  const char *variable = g_getenv (spec->variable);
  char *value;

  if (option == NULL && (variable == NULL || *variable == '\0'))
    return TRUE;
  value = heartbeat_setting_spec_parse (spec, option != NULL ? option : variable, error);
  if (value == NULL)
    return FALSE;
  g_hash_table_replace (self->values, (gpointer) spec->variable, value);
  return TRUE;
}

/* systemd passes secrets as files rather than in the environment. Where there is one, the default broker is not meant; an
 * empty one counts as unset, as the units give it where nobody has written one. */
static gboolean
read_credential (HeartbeatSettings *self, GError **error)
{
  const char *folder = g_getenv ("CREDENTIALS_DIRECTORY");
  g_autofree char *path = NULL;
  g_autofree char *url = NULL;
  g_autoptr (GError) read_error = NULL;

  if (heartbeat_settings_has (self, "RABBIT_URL") || folder == NULL || *folder == '\0')
    return TRUE;
  path = g_build_filename (folder, CREDENTIAL, NULL);
  if (g_file_get_contents (path, &url, NULL, &read_error))
    {
      if (*g_strstrip (url) != '\0')
        g_hash_table_replace (self->values, (gpointer) "RABBIT_URL", g_steal_pointer (&url));
      return TRUE;
    }
  if (g_error_matches (read_error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&read_error));
  return FALSE;
}

/* --- Rules ---------------------------------------------------------------------------------------------------------- */

static gboolean
require (HeartbeatSettings *self, const char *variable, GError **error)
{
  if (heartbeat_settings_has (self, variable))
    return TRUE;
  heartbeat_setting_spec_set_missing (heartbeat_setting_spec_find (variable), error);
  return FALSE;
}

/* One agent, or a folder of them: if both are given, it is unclear which is meant. */
static gboolean
check_folder (HeartbeatSettings *self, GError **error)
{
  const HeartbeatSettingSpec *other;

  if (!heartbeat_settings_has (self, "AGENT_NAME")
      && !heartbeat_settings_has (self, "HEARTBEAT_PATH"))
    return TRUE;
  other = heartbeat_setting_spec_find (
      heartbeat_settings_has (self, "AGENT_NAME") ? "AGENT_NAME" : "HEARTBEAT_PATH");
  g_set_error (
      error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
      _ ("HEARTBEAT_DIR (--agents-dir) serves all agents of a folder and %s (--%s) is of one: "
         "unset one of the two"),
      other->variable, other->option);
  return FALSE;
}

static gboolean
check_agent (HeartbeatSettings *self, GError **error)
{
  const char *name;

  if (heartbeat_settings_has (self, "HEARTBEAT_DIR"))
    return check_folder (self, error);
  if (!require (self, "AGENT_NAME", error) || !require (self, "HEARTBEAT_PATH", error))
    return FALSE;
  name = heartbeat_settings_get (self, "AGENT_NAME");
  if (heartbeat_agent_is_name (name))
    return TRUE;
  heartbeat_setting_spec_set_error (
      heartbeat_setting_spec_find ("AGENT_NAME"), name,
      _ ("a name of the form [A-Za-z0-9][A-Za-z0-9_-]{0,63} is expected"), error);
  return FALSE;
}

static gboolean
check_url (HeartbeatSettings *self, GError **error)
{
  g_autoptr (GPtrArray) uris
      = heartbeat_broker_uri_parse_list (heartbeat_settings_get (self, "RABBIT_URL"), error);

  if (uris == NULL)
    g_prefix_error (error, "RABBIT_URL (--rabbit-url): ");
  return uris != NULL;
}

static gboolean
check_handler_path (HeartbeatSettings *self, GError **error)
{
  g_auto (GStrv) folders
      = heartbeat_executables_parse_path (heartbeat_settings_get (self, "HANDLER_PATH"), error);

  if (folders == NULL)
    g_prefix_error (error, "HANDLER_PATH (--handler-path): ");
  return folders != NULL;
}

/**
 * heartbeat_settings_new:
 * @argc: (inout): as `main` has it
 * @argv: (inout): as `main` has it
 * @error: return location for an error that names setting and rule
 *
 * Reads and checks the settings. With `--version` only the command line is checked.
 *
 * Returns: (transfer full): the settings
 */
HeartbeatSettings *
heartbeat_settings_new (int *argc, char ***argv, GError **error)
{
  g_autoptr (HeartbeatSettings) self = g_new0 (HeartbeatSettings, 1);
  guint n;
  const HeartbeatSettingSpec *specs = heartbeat_setting_spec_list (&n);

  self->values = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  if (!parse_options (self, argc, argv, error))
    return NULL;
  if (self->version)
    return g_steal_pointer (&self);
  for (guint i = 0; i < n; i++)
    if (!resolve (self, &specs[i], error))
      return NULL;
  if (!read_credential (self, error) || !check_agent (self, error) || !check_url (self, error)
      || !check_handler_path (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
heartbeat_settings_free (HeartbeatSettings *self)
{
  g_hash_table_unref (self->values);
  g_free (self);
}

/* --- Values --------------------------------------------------------------------------------------------------------- */

/**
 * heartbeat_settings_has:
 * @self: the settings
 * @variable: the environment variable of a setting
 *
 * Returns: whether it is set, by whatever
 */
gboolean
heartbeat_settings_has (const HeartbeatSettings *self, const char *variable)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (variable != NULL, FALSE);

  return g_hash_table_contains (self->values, variable);
}

/**
 * heartbeat_settings_get:
 * @self: the settings
 * @variable: the environment variable of a setting
 *
 * Returns: (nullable): its value, or its default
 */
const char *
heartbeat_settings_get (const HeartbeatSettings *self, const char *variable)
{
  const HeartbeatSettingSpec *spec;
  const char *value;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (variable != NULL, NULL);

  spec = heartbeat_setting_spec_find (variable);
  value = g_hash_table_lookup (self->values, variable);
  return value != NULL ? value : spec->fallback;
}

/**
 * heartbeat_settings_is:
 * @self: the settings
 * @variable: the environment variable of a setting
 * @value: one of its values
 *
 * Returns: whether it has that value
 */
gboolean
heartbeat_settings_is (const HeartbeatSettings *self, const char *variable, const char *value)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (variable != NULL, FALSE);
  g_return_val_if_fail (value != NULL, FALSE);

  return g_strcmp0 (heartbeat_settings_get (self, variable), value) == 0;
}

/**
 * heartbeat_settings_get_number:
 * @self: the settings
 * @variable: the environment variable of a number
 *
 * Returns: its value, or its default
 */
guint
heartbeat_settings_get_number (const HeartbeatSettings *self, const char *variable)
{
  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail (variable != NULL, 0);

  return (guint) g_ascii_strtoull (heartbeat_settings_get (self, variable), NULL, 10);
}

/**
 * heartbeat_settings_get_log_levels:
 * @self: the settings
 *
 * Returns: what is logged, by `LOG_LEVEL`
 */
GLogLevelFlags
heartbeat_settings_get_log_levels (const HeartbeatSettings *self)
{
  const GLogLevelFlags errors = G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL;
  const GLogLevelFlags infos
      = errors | G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO;

  switch (*heartbeat_settings_get (self, "LOG_LEVEL"))
    {
    case 'D':
      return infos | G_LOG_LEVEL_DEBUG;
    case 'I':
      return infos;
    case 'W':
      return errors | G_LOG_LEVEL_WARNING;
    default:
      return errors;
    }
}
