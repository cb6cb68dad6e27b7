/* SPDX-License-Identifier: MIT */

#include "ctl/heartbeat-ctl.h"
#include "ctl/heartbeat-ctl-resources.h"

#define SCHEMA_PATH "/org/bloodbank/heartbeatctl/heartbeat.v1.json"

/* `heartbeatctl schema`: prints the JSON Schema of heartbeat.json, which is part of the program. */
HeartbeatCtlExit
heartbeat_ctl_schema (HeartbeatCtl *self, char **args)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) schema = g_resource_lookup_data (heartbeat_ctl_get_resource (), SCHEMA_PATH,
                                                      G_RESOURCE_LOOKUP_FLAGS_NONE, &error);

  if (schema == NULL)
    g_error ("%s", error->message);
  g_print ("%.*s", (int) g_bytes_get_size (schema), (const char *) g_bytes_get_data (schema, NULL));
  return HEARTBEAT_CTL_OK;
}
