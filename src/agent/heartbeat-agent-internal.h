/* SPDX-License-Identifier: MIT */

#pragma once

#include "agent/heartbeat-agent-private.h"
#include "agent/heartbeat-check-run.h"
#include "agent/heartbeat-schedule.h"

G_BEGIN_DECLS

/* What the sources of #HeartbeatAgent share: heartbeat-agent.c is the object, heartbeat-agent-file.c keeps its checks in
 * sync with the files, heartbeat-agent-tick.c decides and runs, heartbeat-agent-request.c serves requests of users. */

enum
{
  HEARTBEAT_AGENT_PROP_0,
  HEARTBEAT_AGENT_PROP_NAME,
  HEARTBEAT_AGENT_PROP_CONFIG_PATH,
  HEARTBEAT_AGENT_PROP_CONFIG_ERROR,
  HEARTBEAT_AGENT_PROP_LAST_TICK,
  HEARTBEAT_AGENT_PROP_NEXT_DUE,
  HEARTBEAT_AGENT_PROP_PAUSED,
  HEARTBEAT_AGENT_PROP_TICKS_RECEIVED,
  HEARTBEAT_AGENT_PROP_TICKS_IDLE,
  HEARTBEAT_AGENT_N_PROPS,
};

enum
{
  HEARTBEAT_AGENT_CHECK_ADDED,
  HEARTBEAT_AGENT_CHECK_REMOVED,
  HEARTBEAT_AGENT_CHECK_STARTED,
  HEARTBEAT_AGENT_CHECK_FINISHED,
  HEARTBEAT_AGENT_N_SIGNALS,
};

extern GParamSpec *heartbeat_agent_props[HEARTBEAT_AGENT_N_PROPS];
extern guint heartbeat_agent_signals[HEARTBEAT_AGENT_N_SIGNALS];

struct _HeartbeatAgent
{
  GObject parent_instance;

  char *name;
  HeartbeatRegistry *registry;
  HeartbeatDocument *document;
  HeartbeatLastRunStore *store;
  gboolean refreshing; /* the file is read for the tick that waits */
  gboolean store_asked;
  gboolean store_ready; /* the state file has been read */
  HeartbeatSchedule *schedule;
  HeartbeatHistory *history;
  char *config_error;
  guint max_concurrent_runs;
  guint timeout;

  HeartbeatRunContext context;
  char *folder;   /* of heartbeat.json */
  GTask *waiting; /* for the tick that is not decided yet */
  guint n_running;
  guint n_running_for_ticks;
  GCancellable *cancellable; /* ends the runs */
  gboolean stopping;
  gboolean abandoned; /* signals, logs and records nothing any more */
  GTask *stop_task;
  GSource *stop_timer;

  gint64 last_tick;
  guint64 ticks_received;
  guint64 ticks_idle;
  guint64 ended[HEARTBEAT_STATUS_SKIPPED + 1];
};

void heartbeat_agent_watch_document (HeartbeatAgent *self);
void heartbeat_agent_load_store (HeartbeatAgent *self);
void heartbeat_agent_refresh_last_run (HeartbeatAgent *self, HeartbeatCheck *check);

void heartbeat_agent_start_run (HeartbeatAgent *self,
                                HeartbeatCheck *check,
                                GTask *task,
                                const char *tick,
                                guint timeout);
void heartbeat_agent_decide_waiting_tick (HeartbeatAgent *self);

G_END_DECLS
