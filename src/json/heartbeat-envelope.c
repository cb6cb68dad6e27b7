/* SPDX-License-Identifier: MIT */

#include "json/heartbeat-envelope.h"

#include <string.h>

#include "json/heartbeat-json.h"
#include "base/heartbeat-quarter.h"
#include "base/heartbeat-zone.h"

#define VERSION "1.0.0"

static void
add_string (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static void
add_integer (JsonBuilder *builder, const char *name, gint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

/* As Bloodbank's publishers write it: UTC, whole seconds. */
static void
add_timestamp (JsonBuilder *builder, gint64 now)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (now / 1000);
  g_autofree char *text = g_date_time_format (time, "%Y-%m-%dT%H:%M:%SZ");

  add_string (builder, "timestamp", text);
}

static void
add_source (JsonBuilder *builder, const HeartbeatEnvelopeSource *source)
{
  json_builder_set_member_name (builder, "source");
  json_builder_begin_object (builder);
  add_string (builder, "host", g_get_host_name ());
  add_string (builder, "type", source->type);
  add_string (builder, "app", source->app);
  json_builder_end_object (builder);
}

static void
add_correlation (JsonBuilder *builder, const char *cause)
{
  json_builder_set_member_name (builder, "correlation_ids");
  json_builder_begin_array (builder);
  if (cause != NULL)
    json_builder_add_string_value (builder, cause);
  json_builder_end_array (builder);
}

/**
 * heartbeat_envelope_new:
 * @event_type: such as `system.heartbeat.tick`
 * @source: who makes it
 * @cause: (nullable): the `event_id` of the event that caused this one
 * @payload: (transfer full): the payload
 * @now: the time in Unix ms
 *
 * Makes an event as Bloodbank's consumers read it.
 *
 * Returns: (transfer full): the event
 */
HeartbeatEnvelope *
heartbeat_envelope_new (const char *event_type,
                        const HeartbeatEnvelopeSource *source,
                        const char *cause,
                        JsonNode *payload,
                        gint64 now)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  HeartbeatEnvelope *envelope = NULL;
  char *text;

  g_return_val_if_fail (event_type != NULL, NULL);
  g_return_val_if_fail (source != NULL, NULL);
  g_return_val_if_fail (payload != NULL, NULL);

  envelope = g_new0 (HeartbeatEnvelope, 1);
  envelope->event_id = g_uuid_string_random ();
  json_builder_begin_object (builder);
  add_string (builder, "event_id", envelope->event_id);
  add_string (builder, "event_type", event_type);
  add_timestamp (builder, now);
  add_string (builder, "version", VERSION);
  add_source (builder, source);
  add_correlation (builder, cause);
  json_builder_set_member_name (builder, "payload");
  json_builder_add_value (builder, payload);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  text = heartbeat_json_print (root, FALSE);
  envelope->body = g_bytes_new_take (text, strlen (text));
  return envelope;
}

/* The clock on which ticks name quarter and day. */
static gint64
to_tick_clock (gint64 now)
{
  g_autoptr (GTimeZone) zone = heartbeat_zone_lookup (HEARTBEAT_ZONE_DEFAULT, NULL);

  return zone != NULL ? heartbeat_zone_to_local (zone, now / 1000) : now / 1000;
}

static JsonNode *
tick_payload (gint64 now)
{
  static const char *const days[]
      = { "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday" };
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  gint64 local = to_tick_clock (now);
  char quarter[] = "Q0";

  quarter[1] += heartbeat_quarter_at (HEARTBEAT_QUARTER_OF_DAY, local);
  json_builder_begin_object (builder);
  add_integer (builder, "tick", now / 60000);
  add_timestamp (builder, now);
  add_string (builder, "quarter", quarter);
  add_string (builder, "dayOfWeek", days[heartbeat_local_weekday (heartbeat_local_day (local))]);
  add_integer (builder, "epochMs", now);
  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}

/**
 * heartbeat_envelope_new_tick:
 * @source: who makes it
 * @now: the time in Unix ms
 *
 * Returns: (transfer full): a tick, its quarter of the day and its day of the week by the clock in New York
 */
HeartbeatEnvelope *
heartbeat_envelope_new_tick (const HeartbeatEnvelopeSource *source, gint64 now)
{
  g_return_val_if_fail (source != NULL, NULL);

  return heartbeat_envelope_new (HEARTBEAT_TICK_ROUTING_KEY, source, NULL, tick_payload (now), now);
}

void
heartbeat_envelope_free (HeartbeatEnvelope *envelope)
{
  g_return_if_fail (envelope != NULL);

  g_free (envelope->event_id);
  g_bytes_unref (envelope->body);
  g_free (envelope);
}

/**
 * heartbeat_envelope_dup_event_id:
 * @body: an event as JSON
 *
 * Returns: (transfer full) (nullable): its `event_id`, where it is a string
 */
char *
heartbeat_envelope_dup_event_id (const char *body)
{
  HeartbeatJson root, value;

  g_return_val_if_fail (body != NULL, NULL);

  if (!heartbeat_json_scan (body, strlen (body), HEARTBEAT_JSON_NONE, &root, NULL)
      || !heartbeat_json_is_object (&root) || !heartbeat_json_get_member (&root, "event_id", &value)
      || !heartbeat_json_is_string (&value))
    return NULL;
  return heartbeat_json_dup_string (&value, NULL);
}
