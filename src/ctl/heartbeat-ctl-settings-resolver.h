/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * HeartbeatCtlSettingsResolver:
 * @folder: whether it is the service of a folder of agents
 * @unit: the name of its unit
 * @path: the file that systemd reads for the service
 * @credential: the file that it gives to the service as a credential, there or not
 * @file: (nullable): what is in it; %NULL where it cannot be read
 * @error: (nullable): why, where it is there
 *
 * Where settings come from, besides options: heartbeatctl is not started by systemd, and finds them where the service does.
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
