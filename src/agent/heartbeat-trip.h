/* SPDX-License-Identifier: MIT */

#pragma once

#include "agent/heartbeat-execution.h"
#include "agent/heartbeat-keeper.h"
#include "agent/heartbeat-pending-tick.h"

G_BEGIN_DECLS

typedef struct _HeartbeatTrip HeartbeatTrip;

/**
 * HeartbeatTripHome:
 * @agent_name: the agent whose check runs
 * @folder: the folder of its heartbeat.json
 * @registry: the handlers that it knows
 * @keeper: saves `lastRun`
 *
 * Where a trip begins. It outlives the trip.
 */
typedef struct
{
  const char *agent_name;
  const char *folder;
  HeartbeatRegistry *registry;
  HeartbeatKeeper *keeper;
} HeartbeatTripHome;

/**
 * HeartbeatTripDone:
 * @trip: the trip
 * @owner: what was passed to heartbeat_trip_new()
 *
 * The run has ended, and all that it caused is safe.
 */
typedef void (*HeartbeatTripDone) (HeartbeatTrip *trip, gpointer owner);

HeartbeatTrip *heartbeat_trip_new (const HeartbeatTripHome *home,
                                   HeartbeatCheck *check,
                                   HeartbeatPendingTick *tick,
                                   HeartbeatTripDone done,
                                   GObject *owner);
void heartbeat_trip_free (HeartbeatTrip *self);
void heartbeat_trip_set_task (HeartbeatTrip *self, GTask *task);
void heartbeat_trip_start (HeartbeatTrip *self, guint timeout);
void heartbeat_trip_give_up (HeartbeatTrip *self, const char *why);

HeartbeatCheck *heartbeat_trip_get_check (HeartbeatTrip *self);
HeartbeatResult *heartbeat_trip_get_result (HeartbeatTrip *self);
gboolean heartbeat_trip_is_by_tick (HeartbeatTrip *self);
HeartbeatPendingTick *heartbeat_trip_steal_tick (HeartbeatTrip *self);
GTask *heartbeat_trip_steal_task (HeartbeatTrip *self);

G_END_DECLS
