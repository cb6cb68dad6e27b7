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
 * @local: whether the agent has its ticks from a timer, and so no queue
 * @bus: whether the service is to be on the session bus
 * @notify: whether the service is to show notifications
 * @path: (nullable): the agent's heartbeat.json; %NULL where no setting names it
 * @handler_path: (nullable): the folders of its handlers
 * @inbox_handler: (nullable): the handler of its messages
 * @interval: seconds between two ticks
 * @probe: the broker that is looked at; %NULL in checks without one
 * @uri: where that is
 * @stage: how far the connection came
 * @error: (nullable): why it came no further
 * @waiting: messages in the queue
 * @consumers: consumers of the queue
 * @service: (nullable): the properties of the agent on the bus; %NULL where no service runs
 * @text: (nullable): what is in heartbeat.json
 * @config: (nullable): what it says, where it can be used
 *
 * What the checks look at, and what earlier ones found out for later ones.
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
 * @needs: (nullable): the name of an earlier check of the same table, without which this one is skipped
 * @run: looks, and sets the finding, which is good with no words until then
 *
 * A row of what the doctor looks at: adding a check is adding a row.
 */
typedef struct
{
  const char *name;
  const char *title;
  const char *needs;
  void (*run) (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding);
} HeartbeatCtlDoctorCheck;

/* Tables that end with a row without a name: one for each broker, then those for the agent. */
extern const HeartbeatCtlDoctorCheck heartbeat_ctl_broker_checks[];
extern const HeartbeatCtlDoctorCheck heartbeat_ctl_bus_checks[];
extern const HeartbeatCtlDoctorCheck heartbeat_ctl_file_checks[];

G_END_DECLS
