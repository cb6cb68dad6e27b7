/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>

#include "dbus/heartbeat-dbus.h"

G_BEGIN_DECLS

#define HEARTBEAT_CTL_ROOT "/org/bloodbank/Heartbeat1"

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

/* A service that does not answer within this time is stuck. */
#define HEARTBEAT_CTL_ANSWER_MS 10000

/* an option that was not given */
#define HEARTBEAT_CTL_NO_NUMBER G_MININT

/**
 * HeartbeatCtl:
 *
 * The options of the command line, and the connection to the bus once it is needed.
 */
typedef struct
{
  char *agent;
  gboolean json;
  gboolean help;
  gboolean version;
  gboolean yes;
  char *rabbit_url;
  char *exchange;
  char *queue_type;
  char *routing_key;
  gboolean all;
  char *pause_for;
  char *pause_until;
  char *reason;
  char *config;
  int most;
  GDBusConnection *bus;
} HeartbeatCtl;

HeartbeatCtlExit heartbeat_ctl_status (HeartbeatCtl *self, char **args);
HeartbeatCtlExit heartbeat_ctl_list (HeartbeatCtl *self, char **args);
HeartbeatCtlExit heartbeat_ctl_show (HeartbeatCtl *self, char **args);
HeartbeatCtlExit heartbeat_ctl_run (HeartbeatCtl *self, char **args);
HeartbeatCtlExit heartbeat_ctl_pause (HeartbeatCtl *self, char **args);
HeartbeatCtlExit heartbeat_ctl_resume (HeartbeatCtl *self, char **args);
HeartbeatCtlExit heartbeat_ctl_enable (HeartbeatCtl *self, char **args);
HeartbeatCtlExit heartbeat_ctl_disable (HeartbeatCtl *self, char **args);
HeartbeatCtlExit heartbeat_ctl_reload (HeartbeatCtl *self, char **args);
HeartbeatCtlExit heartbeat_ctl_history (HeartbeatCtl *self, char **args);
HeartbeatCtlExit heartbeat_ctl_init (HeartbeatCtl *self, char **args);
HeartbeatCtlExit heartbeat_ctl_forget (HeartbeatCtl *self, char **args);
HeartbeatCtlExit heartbeat_ctl_complete (HeartbeatCtl *self, char **args);
HeartbeatCtlExit heartbeat_ctl_monitor (HeartbeatCtl *self, char **args);
HeartbeatCtlExit heartbeat_ctl_publish (HeartbeatCtl *self, char **args);
HeartbeatCtlExit heartbeat_ctl_tick (HeartbeatCtl *self, char **args);
HeartbeatCtlExit heartbeat_ctl_doctor (HeartbeatCtl *self, char **args);
HeartbeatCtlExit heartbeat_ctl_validate (HeartbeatCtl *self, char **args);
HeartbeatCtlExit heartbeat_ctl_schema (HeartbeatCtl *self, char **args);

gboolean heartbeat_ctl_connect (HeartbeatCtl *self, GError **error);
GStrv heartbeat_ctl_list_names (HeartbeatCtl *self, const char *method, GError **error);
GPtrArray *heartbeat_ctl_list_agents (HeartbeatCtl *self, GError **error);
HeartbeatCtlExit heartbeat_ctl_find_agents (HeartbeatCtl *self, GPtrArray **agents);
HeartbeatCtlExit heartbeat_ctl_find_agent (HeartbeatCtl *self, char **agent);
HeartbeatDBusAgent *
heartbeat_ctl_reach_agent (HeartbeatCtl *self, const char *agent, GError **error);
HeartbeatDBusAgent *
heartbeat_ctl_listen_to_agent (HeartbeatCtl *self, const char *agent, GError **error);
HeartbeatDBusAgent *
heartbeat_ctl_open_agent (HeartbeatCtl *self, char **name, HeartbeatCtlExit *status);
char *heartbeat_ctl_bus_name (const char *agent);
char *heartbeat_ctl_agent_path (const char *agent);
const char *heartbeat_ctl_explain (GError *error);
HeartbeatCtlExit heartbeat_ctl_report_error (GError *error);
HeartbeatCtlExit heartbeat_ctl_report (HeartbeatCtlExit status, const char *format, ...)
    G_GNUC_PRINTF (2, 3);
void heartbeat_ctl_print_json (GVariant *document);

G_END_DECLS
