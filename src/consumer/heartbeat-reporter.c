/* SPDX-License-Identifier: MIT */

#include "consumer/heartbeat-reporter.h"

#include "base/heartbeat-log.h"
#include "base/heartbeat-rate-limit.h"
#include "run/heartbeat-result-private.h"

/* At the end of the service nobody waits longer for a broker. */
#define FLUSH_LIMIT_MS 2000

/**
 * HeartbeatReporter:
 *
 * Publishes how each run of an agent has ended, as `agent.NAME.heartbeat.result`.
 */
struct _HeartbeatReporter
{
  GObject parent_instance;

  HeartbeatAgent *agent;
  HeartbeatPublisher *publisher;
  char *event_type;
  guint pending;
  HeartbeatRateLimit failures;
  GTask *flush_task;
  GSource *flush_timer;
};

G_DEFINE_FINAL_TYPE (HeartbeatReporter, heartbeat_reporter, G_TYPE_OBJECT)

static void
stop_timer (HeartbeatReporter *self)
{
  if (self->flush_timer != NULL)
    g_source_destroy (self->flush_timer);
  g_clear_pointer (&self->flush_timer, g_source_unref);
}

static void
heartbeat_reporter_dispose (GObject *object)
{
  HeartbeatReporter *self = HEARTBEAT_REPORTER (object);

  stop_timer (self);
  if (self->agent != NULL)
    g_signal_handlers_disconnect_by_data (self->agent, self);
  g_clear_object (&self->agent);
  g_clear_object (&self->publisher);
  G_OBJECT_CLASS (heartbeat_reporter_parent_class)->dispose (object);
}

static void
heartbeat_reporter_finalize (GObject *object)
{
  g_free (HEARTBEAT_REPORTER (object)->event_type);
  G_OBJECT_CLASS (heartbeat_reporter_parent_class)->finalize (object);
}

static void
heartbeat_reporter_class_init (HeartbeatReporterClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = heartbeat_reporter_dispose;
  G_OBJECT_CLASS (klass)->finalize = heartbeat_reporter_finalize;
}

static void
heartbeat_reporter_init (HeartbeatReporter *self)
{
}

static void
finish_flush (HeartbeatReporter *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->flush_task);

  stop_timer (self);
  if (task != NULL)
    g_task_return_boolean (task, TRUE);
}

static void
warn (HeartbeatReporter *self, const GError *error)
{
  g_autofree char *more = NULL;
  guint64 suppressed = 0;

  if (!heartbeat_rate_limit_allow (&self->failures, g_get_monotonic_time (), &suppressed))
    return;
  if (suppressed > 0)
    more = g_strdup_printf (" (and %" G_GUINT64_FORMAT " more before it)", suppressed);
  heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_PUBLISH_FAILED,
                 heartbeat_agent_get_name (self->agent), NULL,
                 "the result of a run was not published%s: %s", more != NULL ? more : "",
                 error->message);
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatReporter) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *event_id
      = heartbeat_publisher_publish_finish (HEARTBEAT_PUBLISHER (source), result, &error);

  self->pending--;
  if (event_id == NULL && self->agent != NULL)
    warn (self, error);
  if (self->pending == 0)
    finish_flush (self);
}

static JsonNode *
describe (HeartbeatReporter *self, HeartbeatCheck *check, HeartbeatResult *result)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "agent");
  json_builder_add_string_value (builder, heartbeat_agent_get_name (self->agent));
  json_builder_set_member_name (builder, "check");
  json_builder_add_string_value (builder, heartbeat_check_get_name (check));
  json_builder_set_member_name (builder, "status");
  json_builder_add_string_value (builder,
                                 heartbeat_status_to_string (heartbeat_result_get_status (result)));
  json_builder_set_member_name (builder, "message");
  json_builder_add_string_value (builder, heartbeat_result_get_message (result));
  json_builder_set_member_name (builder, "duration_ms");
  json_builder_add_int_value (builder, heartbeat_result_get_duration (result) / 1000);
  json_builder_set_member_name (builder, "last_run");
  json_builder_add_int_value (builder, heartbeat_check_get_last_run (check) / 1000);
  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}

static void
on_check_finished (HeartbeatReporter *self, HeartbeatCheck *check, HeartbeatResult *result)
{
  self->pending++;
  heartbeat_publisher_publish_async (self->publisher, self->event_type,
                                     heartbeat_result_get_cause (result),
                                     describe (self, check, result), NULL, on_sent,
                                     g_object_ref (self));
}

/**
 * heartbeat_reporter_new:
 * @agent: an agent
 * @publisher: its publisher, with a broker
 *
 * Returns: (transfer full): a reporter of all runs that end from now on
 */
HeartbeatReporter *
heartbeat_reporter_new (HeartbeatAgent *agent, HeartbeatPublisher *publisher)
{
  HeartbeatReporter *self = g_object_new (HEARTBEAT_TYPE_REPORTER, NULL);

  g_return_val_if_fail (HEARTBEAT_IS_AGENT (agent), NULL);
  g_return_val_if_fail (HEARTBEAT_IS_PUBLISHER (publisher), NULL);

  self->agent = g_object_ref (agent);
  self->publisher = g_object_ref (publisher);
  self->event_type
      = g_strdup_printf ("agent.%s.heartbeat.result", heartbeat_agent_get_name (agent));
  g_signal_connect_swapped (agent, "check-finished", G_CALLBACK (on_check_finished), self);
  return self;
}

static gboolean
on_flush_limit (gpointer user_data)
{
  finish_flush (user_data);
  return G_SOURCE_REMOVE;
}

/**
 * heartbeat_reporter_flush_async:
 * @self: a reporter
 * @callback: called when the broker has all results, two seconds later at most; it calls
 *   heartbeat_reporter_flush_finish()
 * @user_data: passed to @callback
 */
void
heartbeat_reporter_flush_async (HeartbeatReporter *self,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_return_if_fail (HEARTBEAT_IS_REPORTER (self));
  g_return_if_fail (self->flush_task == NULL);

  self->flush_task = g_task_new (self, NULL, callback, user_data);
  if (self->pending == 0)
    {
      finish_flush (self);
      return;
    }
  self->flush_timer = g_timeout_source_new (FLUSH_LIMIT_MS);
  g_source_set_callback (self->flush_timer, on_flush_limit, self, NULL);
  g_source_attach (self->flush_timer, g_main_context_get_thread_default ());
}

void
heartbeat_reporter_flush_finish (HeartbeatReporter *self, GAsyncResult *result)
{
  g_return_if_fail (g_task_is_valid (result, self));

  g_task_propagate_boolean (G_TASK (result), NULL);
}
