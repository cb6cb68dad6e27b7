/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * HeartbeatCtlSettingsResolver:
 * @folder: whether it is the service for a folder of agents
 * @unit: the name of its unit
 * @path: the file that systemd reads for the service
 * @credential: the file that systemd passes to the service as a credential, whether it exists or not
 * @file: (nullable): the content of @path; %NULL if it cannot be read
 * @error: (nullable): why it cannot be read, if it exists
 *
 * The settings of the service. systemd does not start heartbeatctl, so it reads the files that systemd reads for the service.
 */
typedef struct
{
  gboolean folder;
  char *unit;
  char *path;
  char *credential;
  GHashTable *file;
  GError *error;
} HeartbeatCtlSettingsResolver;

void heartbeat_ctl_settings_resolver_read (HeartbeatCtlSettingsResolver *self, const char *agent);
void heartbeat_ctl_settings_resolver_clear (HeartbeatCtlSettingsResolver *self);
char *heartbeat_ctl_settings_resolver_dup (const HeartbeatCtlSettingsResolver *self,
                                           const char *option,
                                           const char *variable,
                                           GError **error);
char *heartbeat_ctl_settings_resolver_dup_usable (const HeartbeatCtlSettingsResolver *self,
                                                  const char *option,
                                                  const char *variable);
char *heartbeat_ctl_settings_resolver_dup_url (const HeartbeatCtlSettingsResolver *self,
                                               const char *option,
                                               const char **from);

G_END_DECLS
