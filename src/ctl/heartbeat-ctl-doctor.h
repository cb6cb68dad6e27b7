/* SPDX-License-Identifier: MIT */

#pragma once

#include "ctl/heartbeat-ctl-finding.h"
#include "ctl/heartbeat-ctl-probe.h"
#include "ctl/heartbeat-ctl.h"

G_BEGIN_DECLS

/**
 * HeartbeatCtlDoctor:
 * @ctl: the command line
 * @agent: the agent's name
 * @exchange: the exchange
 * @queue: the agent's queue
 * @quorum: whether it is to be a quorum queue
 * @local: whether the agent has its ticks from a timer, and so no queue
 * @bus: whether the service is to be on the session bus
 * @probe: the broker that is looked at; %NULL in checks without one
 * @uri: where that is
 * @stage: how far the connection came
 * @error: (nullable): why it came no further
 * @waiting: messages in the queue
 * @consumers: consumers of the queue
 *
 * What the checks look at, and what earlier ones found out for later ones.
 */
typedef struct
{
  HeartbeatCtl *ctl;
  const char *agent;
  char *exchange;
  char *queue;
  gboolean quorum;
  gboolean local;
  gboolean bus;

  HeartbeatCtlProbe *probe;
  HeartbeatBrokerUri *uri;
  HeartbeatConnectionStage stage;
  const GError *error;
  guint32 waiting;
  guint32 consumers;
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

/* Tables that end with a row without a name: one for each broker, one for the agent. */
extern const HeartbeatCtlDoctorCheck heartbeat_ctl_broker_checks[];
extern const HeartbeatCtlDoctorCheck heartbeat_ctl_bus_checks[];

G_END_DECLS
