/* SPDX-License-Identifier: MIT */

#pragma once

#include "config/heartbeat-config.h"
#include "ctl/doctor/heartbeat-ctl-finding.h"
#include "ctl/heartbeat-ctl-probe.h"
#include "ctl/heartbeat-ctl-settings-resolver.h"
#include "ctl/heartbeat-ctl.h"

G_BEGIN_DECLS

/**
 * HeartbeatCtlDoctor:
 * @ctl: the command line
 * @agent: the agent's name
 * @unit: the unit of its service
 * @exchange: the exchange
 * @queue: the agent's queue
 * @quorum: whether it is to be a quorum queue
 * @local: whether the ticks come from a timer, without a queue
 * @bus: whether the service is to be on the session bus
 * @notify: whether the service is to show notifications
 * @path: (nullable): the agent's heartbeat.json; %NULL if no setting names it
 * @handler_path: (nullable): the folders of its handlers
 * @inbox_handler: (nullable): the handler of its messages
 * @interval: seconds between two ticks
 * @probe: the broker that is checked; %NULL in checks without one
 * @uri: its URI
 * @stage: the stage at which the connection failed
 * @error: (nullable): why it failed
 * @waiting: messages in the queue
 * @consumers: consumers of the queue
 * @service: (nullable): the properties of the agent on the bus; %NULL if no service runs
 * @text: (nullable): the content of heartbeat.json
 * @config: (nullable): the configuration, if it can be used
 *
 * The settings, and what checks found out for later ones.
 */
typedef struct
{
  HeartbeatCtl *ctl;
  const char *agent;
  const char *unit;
  char *exchange;
  char *queue;
  gboolean quorum;
  gboolean local;
  gboolean bus;
  gboolean notify;
  char *path;
  char *handler_path;
  char *inbox_handler;
  guint interval;

  HeartbeatCtlProbe *probe;
  HeartbeatBrokerUri *uri;
  HeartbeatConnectionStage stage;
  const GError *error;
  guint32 waiting;
  guint32 consumers;

  GVariant *service;
  GBytes *text;
  HeartbeatConfig *config;
} HeartbeatCtlDoctor;

/**
 * HeartbeatCtlDoctorCheck:
 * @name: for programs
 * @title: for people, to be translated
 * @needs: (nullable): an earlier check of the same table; this one is skipped if that failed
 * @run: does the check and sets the finding
 *
 * A check of the doctor: to add one, add a row.
 */
typedef struct
{
  const char *name;
  const char *title;
  const char *needs;
  void (*run) (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding);
} HeartbeatCtlDoctorCheck;

/* Tables that end with a row without a name: one for each broker, then two for the agent. */
extern const HeartbeatCtlDoctorCheck heartbeat_ctl_broker_checks[];
extern const HeartbeatCtlDoctorCheck heartbeat_ctl_bus_checks[];
extern const HeartbeatCtlDoctorCheck heartbeat_ctl_file_checks[];

G_END_DECLS
