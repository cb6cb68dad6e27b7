/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * HeartbeatCtlExit:
 *
 * Exit statuses, for scripts.
 */
typedef enum
{
  HEARTBEAT_CTL_OK = 0,
  HEARTBEAT_CTL_FAILED = 1,
  HEARTBEAT_CTL_USAGE = 2,
  HEARTBEAT_CTL_NOT_RUNNING = 3,
} HeartbeatCtlExit;

/**
 * HeartbeatCtl:
 *
 * What the command line says, and the connection to the bus once it is needed.
 */
typedef struct
{
  char *agent;
  gboolean json;
  gboolean version;
  char *rabbit_url;
  char *exchange;
  char *routing_key;
  GDBusConnection *bus;
} HeartbeatCtl;

HeartbeatCtlExit heartbeat_ctl_status (HeartbeatCtl *self, char **args);
HeartbeatCtlExit heartbeat_ctl_list (HeartbeatCtl *self, char **args);
HeartbeatCtlExit heartbeat_ctl_show (HeartbeatCtl *self, char **args);
HeartbeatCtlExit heartbeat_ctl_run (HeartbeatCtl *self, char **args);
HeartbeatCtlExit heartbeat_ctl_tick (HeartbeatCtl *self, char **args);
HeartbeatCtlExit heartbeat_ctl_validate (HeartbeatCtl *self, char **args);
HeartbeatCtlExit heartbeat_ctl_schema (HeartbeatCtl *self, char **args);

HeartbeatCtlExit heartbeat_ctl_find_agents (HeartbeatCtl *self, GPtrArray **agents);
HeartbeatCtlExit heartbeat_ctl_find_agent (HeartbeatCtl *self, char **agent);
char *heartbeat_ctl_bus_name (const char *agent);
void heartbeat_ctl_print_json (JsonBuilder *builder);
void heartbeat_ctl_complain (const char *format, ...) G_GNUC_PRINTF (1, 2);

G_END_DECLS
