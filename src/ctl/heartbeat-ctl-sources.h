/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * HeartbeatCtlSources:
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
} HeartbeatCtlSources;

void heartbeat_ctl_sources_read (HeartbeatCtlSources *self, const char *agent);
void heartbeat_ctl_sources_clear (HeartbeatCtlSources *self);
const char *heartbeat_ctl_sources_get (const HeartbeatCtlSources *self,
                                       const char *option,
                                       const char *variable,
                                       const char *fallback);
char *heartbeat_ctl_sources_dup_url (const HeartbeatCtlSources *self,
                                     const char *option,
                                     const char **from);

G_END_DECLS
