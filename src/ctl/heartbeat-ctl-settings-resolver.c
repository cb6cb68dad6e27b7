/* SPDX-License-Identifier: MIT */

#include "ctl/heartbeat-ctl-settings-resolver.h"

#include "base/heartbeat-i18n.h"
#include "base/heartbeat-setting-spec.h"
#include "ctl/heartbeat-ctl-environment.h"

#define UNIT "heartbeat-consumer"

/* of the service for a folder of agents */
#define FOLDER_STEM "consumer"

/* Returns whether one of the two files exists. */
static gboolean
name_files (HeartbeatCtlSettingsResolver *self, const char *name)
{
  g_autofree char *stem = g_build_filename (g_get_user_config_dir (), UNIT, name, NULL);

  g_free (self->path);
  g_free (self->credential);
  self->path = g_strconcat (stem, ".env", NULL);
  self->credential = g_strconcat (stem, ".rabbit-url", NULL);
  return g_file_test (self->path, G_FILE_TEST_EXISTS)
         || g_file_test (self->credential, G_FILE_TEST_EXISTS);
}

/**
 * heartbeat_ctl_settings_resolver_read:
 * @self: to be filled
 * @agent: an agent's name
 *
 * Reads the settings of the agent's service if they exist, else those of the service for a folder of agents, from the files
 * that the systemd units name.
 */
void
heartbeat_ctl_settings_resolver_read (HeartbeatCtlSettingsResolver *self, const char *agent)
{
  g_autofree char *text = NULL;

  g_return_if_fail (self != NULL && agent != NULL);

  self->folder = !name_files (self, agent) && name_files (self, FOLDER_STEM);
  if (!self->folder)
    name_files (self, agent);
  self->unit = self->folder ? g_strdup (UNIT) : g_strconcat (UNIT "@", agent, NULL);
  if (g_file_get_contents (self->path, &text, NULL, &self->error))
    self->file = heartbeat_ctl_environment_parse (text);
  else if (g_error_matches (self->error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    g_clear_error (&self->error);
}

void
heartbeat_ctl_settings_resolver_clear (HeartbeatCtlSettingsResolver *self)
{
  g_clear_pointer (&self->unit, g_free);
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->credential, g_free);
  g_clear_pointer (&self->file, g_hash_table_unref);
  g_clear_error (&self->error);
}

static const char *
non_empty (const char *text)
{
  return text != NULL && *text != '\0' ? text : NULL;
}

/* Like the service, options override variables, and an empty variable counts as unset. */
static const char *
look_up (const HeartbeatCtlSettingsResolver *self,
         const char *option,
         const char *variable,
         const char **from)
{
  const char *value = g_getenv (variable);

  if (option != NULL)
    *from = _ ("the command line");
  else if (non_empty (value) != NULL)
    *from = _ ("the environment");
  else if (self->file != NULL)
    *from = self->path;
  if (option != NULL || non_empty (value) != NULL)
    return option != NULL ? option : value;
  return self->file != NULL ? non_empty (g_hash_table_lookup (self->file, variable)) : NULL;
}

/**
 * heartbeat_ctl_settings_resolver_dup:
 * @self: the settings
 * @option: (nullable): the value of the command line
 * @variable: the environment variable of a setting
 * @error: return location for %HEARTBEAT_ERROR_INVALID_ARGUMENT
 *
 * Returns: (transfer full) (nullable): the setting as the service would have it, or its default; %NULL without @error if it has
 *   none
 */
char *
heartbeat_ctl_settings_resolver_dup (const HeartbeatCtlSettingsResolver *self,
                                     const char *option,
                                     const char *variable,
                                     GError **error)
{
  const HeartbeatSettingSpec *spec = heartbeat_setting_spec_find (variable);
  const char *from = NULL;
  const char *value;

  g_return_val_if_fail (self != NULL, NULL);

  value = look_up (self, option, variable, &from);
  return value != NULL ? heartbeat_setting_spec_parse (spec, value, error)
                       : g_strdup (spec->fallback);
}

/**
 * heartbeat_ctl_settings_resolver_dup_usable:
 * @self: the settings
 * @option: (nullable): the value of the command line
 * @variable: the environment variable of a setting
 *
 * Returns: (transfer full) (nullable): the setting as the service would have it, or its default if the value cannot be used
 */
char *
heartbeat_ctl_settings_resolver_dup_usable (const HeartbeatCtlSettingsResolver *self,
                                            const char *option,
                                            const char *variable)
{
  g_autoptr (GError) error = NULL;
  char *value;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (variable != NULL, NULL);

  value = heartbeat_ctl_settings_resolver_dup (self, option, variable, &error);
  return error == NULL ? value : g_strdup (heartbeat_setting_spec_find (variable)->fallback);
}

static char *
read_url (const char *path)
{
  g_autofree char *text = NULL;

  if (path == NULL || !g_file_get_contents (path, &text, NULL, NULL) || *g_strstrip (text) == '\0')
    return NULL;
  return g_steal_pointer (&text);
}

/* The credential of heartbeatctl itself if systemd has started it, else that of the service. */
static char *
read_credential (const HeartbeatCtlSettingsResolver *self, const char **from)
{
  const char *folder = non_empty (g_getenv ("CREDENTIALS_DIRECTORY"));
  g_autofree char *path = folder != NULL ? g_build_filename (folder, "rabbit-url", NULL) : NULL;
  char *url = read_url (path);

  *from = url != NULL ? _ ("the credential rabbit-url") : self->credential;
  return url != NULL ? url : read_url (self->credential);
}

/**
 * heartbeat_ctl_settings_resolver_dup_url:
 * @self: the settings
 * @option: (nullable): the value of the command line
 * @from: (out) (nullable): where it is set, for people; %NULL if it is not set
 *
 * Returns: (transfer full): the broker's URL, or the default one; it may hold a password
 */
char *
heartbeat_ctl_settings_resolver_dup_url (const HeartbeatCtlSettingsResolver *self,
                                         const char *option,
                                         const char **from)
{
  const char *url = NULL;
  char *credential = NULL;

  g_return_val_if_fail (self != NULL && from != NULL, NULL);

  url = look_up (self, option, "RABBIT_URL", from);
  credential = url == NULL ? read_credential (self, from) : NULL;
  if (url != NULL)
    return g_strdup (url);
  if (credential != NULL)
    return credential;
  *from = NULL;
  return g_strdup (heartbeat_setting_spec_find ("RABBIT_URL")->fallback);
}
