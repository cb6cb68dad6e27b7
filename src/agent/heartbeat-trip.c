/* SPDX-License-Identifier: MIT */

#include "agent/heartbeat-trip.h"

#include <string.h>

#include "agent/heartbeat-check-private.h"
#include "json/heartbeat-envelope.h"
#include "base/heartbeat-i18n.h"
#include "base/heartbeat-log.h"
#include "run/heartbeat-result-private.h"

#define DEFAULT_HANDLER "default"

/**
 * HeartbeatTrip:
 *
 * One run of a check from its start until all that it caused is safe: the handler is found and executed, and `lastRun`
 * is saved unless it failed.
 */
struct _HeartbeatTrip
{
  const HeartbeatTripHome *home;
  HeartbeatExecution *execution;
  HeartbeatResult *result;
  gboolean by_tick;
  HeartbeatPendingTick *tick; /* the tick that caused it, until it is told of the end */
  GTask *task;                /* who asked for it, or NULL */
  HeartbeatTripDone done;
  GObject *owner; /* unowned: it owns the trip */
};

static void
on_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HeartbeatTrip *self = user_data;
  g_autoptr (GObject) owner = self->owner; /* the reference that the save has held */

  heartbeat_keeper_finish (HEARTBEAT_KEEPER (source), result);
  self->done (self, owner);
}

static void
on_ended (HeartbeatExecution *execution, HeartbeatResult *result, gpointer user_data)
{
  HeartbeatTrip *self = user_data;

  self->result = heartbeat_result_ref (result);
  if (self->tick != NULL)
    heartbeat_result_set_cause (result, heartbeat_envelope_dup_event_id (self->tick->body));
  if (heartbeat_result_get_status (result) == HEARTBEAT_STATUS_FAILED)
    {
      self->done (self, self->owner);
      return;
    }
  g_object_ref (self->owner);
  heartbeat_keeper_save_async (self->home->keeper,
                               heartbeat_check_get_spec (heartbeat_trip_get_check (self)),
                               heartbeat_result_get_started (result) / 1000, on_saved, self);
}

/* In place of a handler that does not exist. */
static const HeartbeatHandler *
find_default (HeartbeatTrip *self, const char *name)
{
  HeartbeatCheck *check = heartbeat_trip_get_check (self);
  g_autofree char *note
      = g_strdup_printf (_ ("there is no handler “%s”, “%s” ran"), name, DEFAULT_HANDLER);

  heartbeat_execution_set_note (self->execution, note);
  if (heartbeat_check_first_complaint (check))
    heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_HANDLER_UNKNOWN, self->home->agent_name,
                   heartbeat_check_get_name (check),
                   "there is no handler “%s”: “" DEFAULT_HANDLER "” runs in its place", name);
  return heartbeat_registry_find (self->home->registry, DEFAULT_HANDLER);
}

/* There is no executable of that name. */
static void
on_passed (HeartbeatExecution *execution, const char *name, gpointer user_data)
{
  HeartbeatTrip *self = user_data;
  const HeartbeatHandler *handler
      = heartbeat_registry_find_below (self->home->registry, name, HEARTBEAT_HANDLER_EXECUTABLE);

  if (handler == NULL && strcmp (name, DEFAULT_HANDLER) != 0)
    {
      handler = find_default (self, name);
      name = DEFAULT_HANDLER;
    }
  if (handler == NULL)
    {
      g_autofree char *why = g_strdup_printf (_ ("there is no handler “%s”"), DEFAULT_HANDLER);

      heartbeat_execution_cancel (execution, why);
      return;
    }
  handler = heartbeat_handler_hold (handler);
  heartbeat_execution_hand_over (execution, name, handler);
  heartbeat_handler_let_go (handler);
}

static char *
manual_envelope (gint64 now)
{
  const HeartbeatEnvelopeSource source = { "manual", HEARTBEAT_SOURCE_APP };
  g_autoptr (HeartbeatEnvelope) envelope = heartbeat_envelope_new_tick (&source, now);
  gsize length;
  const char *text = g_bytes_get_data (envelope->body, &length);

  return g_strndup (text, length);
}

/**
 * heartbeat_trip_new:
 * @home: where it begins
 * @check: the check that is to run
 * @tick: (transfer full) (nullable): the tick that has caused it, %NULL for a run by hand
 * @done: called when all is safe; it frees the trip
 * @owner: passed to @done, and held while `lastRun` is saved
 *
 * Returns: (transfer full): a trip that has not begun
 */
HeartbeatTrip *
heartbeat_trip_new (const HeartbeatTripHome *home,
                    HeartbeatCheck *check,
                    HeartbeatPendingTick *tick,
                    HeartbeatTripDone done,
                    GObject *owner)
{
  HeartbeatTrip *self = g_new0 (HeartbeatTrip, 1);

  self->home = home;
  self->by_tick = tick != NULL;
  self->tick = tick;
  self->done = done;
  self->owner = owner;
  self->execution = heartbeat_execution_new (check, on_ended, self);
  heartbeat_execution_set_passed (self->execution, on_passed);
  return self;
}

/**
 * heartbeat_trip_free:
 * @self: (transfer full): a trip
 *
 * Ends a trip. Its tick, and who has asked for it, hear of that unless they were taken before.
 */
void
heartbeat_trip_free (HeartbeatTrip *self)
{
  g_clear_pointer (&self->execution, heartbeat_execution_free);
  g_clear_pointer (&self->result, heartbeat_result_unref);
  heartbeat_pending_tick_end (g_steal_pointer (&self->tick), FALSE);
  if (self->task != NULL)
    g_task_return_new_error (self->task, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                             _ ("the agent has stopped"));
  g_clear_object (&self->task);
  g_free (self);
}

/**
 * heartbeat_trip_set_task:
 * @self: a trip that has not begun
 * @task: (transfer full): who has asked for it, and gets its result
 */
void
heartbeat_trip_set_task (HeartbeatTrip *self, GTask *task)
{
  self->task = task;
}

/**
 * heartbeat_trip_start:
 * @self: a trip
 * @timeout: the time limit of the run, in ms
 *
 * Executes the check. The trip may be over before this returns.
 */
void
heartbeat_trip_start (HeartbeatTrip *self, guint timeout)
{
  const HeartbeatCheckSpec *spec = heartbeat_check_get_spec (heartbeat_trip_get_check (self));
  const gint64 started = g_get_real_time ();
  HeartbeatRunFacts facts = {
    .agent_name = self->home->agent_name,
    .check_name = spec->name,
    .working_folder = self->home->folder,
    .started = started,
    .check = heartbeat_json_dup_text (&spec->json),
    .envelope = self->tick != NULL ? g_strdup (self->tick->body) : manual_envelope (started / 1000),
    .handler = spec->handler,
  };
  const HeartbeatHandler *handler = heartbeat_registry_find (self->home->registry, spec->handler);

  if (handler == NULL)
    {
      facts.handler = DEFAULT_HANDLER;
      handler = find_default (self, spec->handler);
    }
  handler = heartbeat_handler_hold (handler);
  heartbeat_execution_start (self->execution, &facts, handler, timeout);
  heartbeat_handler_let_go (handler);
}

/**
 * heartbeat_trip_give_up:
 * @self: a trip
 * @why: said in the result
 *
 * Ends the run, if it has not ended yet, as failed. Its tick stays unsettled.
 */
void
heartbeat_trip_give_up (HeartbeatTrip *self, const char *why)
{
  if (self->result != NULL)
    return;
  heartbeat_pending_tick_end (g_steal_pointer (&self->tick), FALSE);
  heartbeat_execution_cancel (self->execution, why);
}

/**
 * heartbeat_trip_get_check:
 * @self: a trip
 *
 * Returns: (transfer none): the check that runs
 */
HeartbeatCheck *
heartbeat_trip_get_check (HeartbeatTrip *self)
{
  return heartbeat_execution_get_check (self->execution);
}

/**
 * heartbeat_trip_get_result:
 * @self: a trip
 *
 * Returns: (transfer none) (nullable): how the run has ended
 */
HeartbeatResult *
heartbeat_trip_get_result (HeartbeatTrip *self)
{
  return self->result;
}

/**
 * heartbeat_trip_is_by_tick:
 * @self: a trip
 *
 * Returns: whether a tick has caused it, and not somebody by hand
 */
gboolean
heartbeat_trip_is_by_tick (HeartbeatTrip *self)
{
  return self->by_tick;
}

/**
 * heartbeat_trip_steal_tick:
 * @self: a trip
 *
 * Returns: (transfer full) (nullable): the tick that has caused it, where it was not told of the end yet
 */
HeartbeatPendingTick *
heartbeat_trip_steal_tick (HeartbeatTrip *self)
{
  return g_steal_pointer (&self->tick);
}

/**
 * heartbeat_trip_steal_task:
 * @self: a trip
 *
 * Returns: (transfer full) (nullable): who has asked for it
 */
GTask *
heartbeat_trip_steal_task (HeartbeatTrip *self)
{
  return g_steal_pointer (&self->task);
}
