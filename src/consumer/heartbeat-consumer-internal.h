/* SPDX-License-Identifier: MIT */

#pragma once

#include "agent/heartbeat-agent-private.h"
#include "broker/heartbeat-inbox.h"
#include "broker/heartbeat-outbox.h"
#include "consumer/heartbeat-consumer-private.h"
#include "consumer/heartbeat-receiver.h"
#include "consumer/heartbeat-reporter.h"
#include "consumer/heartbeat-ticker.h"
#include "handlers/heartbeat-executables.h"
#include "process/heartbeat-processes.h"

G_BEGIN_DECLS

/* What the sources of #HeartbeatConsumer share: heartbeat-consumer.c is the object, heartbeat-consumer-life.c starts and
 * stops it, heartbeat-consumer-handlers.c has its handlers. */

enum
{
  HEARTBEAT_CONSUMER_PROP_0,
  HEARTBEAT_CONSUMER_PROP_AGENT_NAME,
  HEARTBEAT_CONSUMER_PROP_HEARTBEAT_PATH,
  HEARTBEAT_CONSUMER_PROP_RABBIT_URL,
  HEARTBEAT_CONSUMER_PROP_EXCHANGE_NAME,
  HEARTBEAT_CONSUMER_PROP_QUEUE_TYPE,
  HEARTBEAT_CONSUMER_PROP_TICK_SOURCE,
  HEARTBEAT_CONSUMER_PROP_INBOX_HANDLER,
  HEARTBEAT_CONSUMER_PROP_HANDLER_PATH,
  HEARTBEAT_CONSUMER_PROP_TICK_INTERVAL,
  HEARTBEAT_CONSUMER_PROP_MAX_CONCURRENT_RUNS,
  HEARTBEAT_CONSUMER_PROP_HANDLER_TIMEOUT,
  HEARTBEAT_CONSUMER_PROP_PUBLISH_RESULTS,
  HEARTBEAT_CONSUMER_PROP_AGENT,
  HEARTBEAT_CONSUMER_PROP_CONNECTION_STATE,
  HEARTBEAT_CONSUMER_PROP_CONNECTION_ERROR,
  HEARTBEAT_CONSUMER_PROP_BROKER_ADDRESS,
  HEARTBEAT_CONSUMER_PROP_MESSAGES_REJECTED,
  HEARTBEAT_CONSUMER_PROP_READY,
  HEARTBEAT_CONSUMER_N_PROPS,
};

enum
{
  HEARTBEAT_CONSUMER_MESSAGE_RECEIVED,
  HEARTBEAT_CONSUMER_N_SIGNALS,
};

extern GParamSpec *heartbeat_consumer_props[HEARTBEAT_CONSUMER_N_PROPS];
extern guint heartbeat_consumer_signals[HEARTBEAT_CONSUMER_N_SIGNALS];

struct _HeartbeatConsumer
{
  GObject parent_instance;

  char *agent_name;
  char *heartbeat_path;
  char *rabbit_url;
  char *exchange_name;
  char *queue_type;
  char *tick_source;
  char *inbox_handler;
  gboolean publish_results;
  char *handler_path;
  guint tick_interval;
  guint max_concurrent_runs;
  guint timeout;

  HeartbeatRegistry *registry;
  HeartbeatProcesses *processes;
  HeartbeatExecutables *executables;
  HeartbeatAgent *agent;
  HeartbeatBroker *broker;
  gboolean shares_broker;
  HeartbeatInbox *inbox;
  HeartbeatReceiver *receiver;
  HeartbeatInboxRunner *inbox_runner;
  HeartbeatPublisher *publisher;
  HeartbeatReporter *reporter;
  HeartbeatTicker *ticker;
  HeartbeatClockWatch *clock; /* of whoever has a ticker */
  GMainLoop *loop;            /* of heartbeat_consumer_run() */
  GPtrArray *stop_tasks;
  guint runs_to_stop; /* of checks, of messages */
  gboolean started;
  gboolean stopping;
  gboolean stopped;
  gboolean loaded;
  gboolean attempted;
};

G_END_DECLS
