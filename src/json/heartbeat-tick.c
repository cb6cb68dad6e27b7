/* SPDX-License-Identifier: MIT */

#include "json/heartbeat-tick.h"

#include "base/heartbeat-error.h"
#include "base/heartbeat-limits.h"
#include "json/heartbeat-json.h"

/* 0 if it is not a time. */
static gint64
read_timestamp (const HeartbeatJson *value)
{
  g_autofree char *text = NULL;
  g_autoptr (GTimeZone) utc = NULL;
  g_autoptr (GDateTime) time = NULL;

  if (!heartbeat_json_is_string (value))
    return 0;
  text = heartbeat_json_dup_string (value, NULL);
  utc = g_time_zone_new_utc ();
  time = g_date_time_new_from_iso8601 (text, utc);
  if (time == NULL)
    return 0;
  return g_date_time_to_unix (time) * 1000 + g_date_time_get_microsecond (time) / 1000;
}

/* By what the string means, so that an escaped `Q` is one too. */
static guint
read_quarter (const HeartbeatJson *value)
{
  char name[] = "Q0";

  for (guint quarter = 1; quarter <= 4; quarter++)
    {
      name[1] = (char) ('0' + quarter);
      if (heartbeat_json_equals (value, name))
        return quarter;
    }
  return 0;
}

/* Of duplicate members the last counts. */
static void
read_payload (HeartbeatTick *tick, const HeartbeatJson *payload)
{
  HeartbeatJsonIter iter;
  HeartbeatJson name, value, timestamp;
  gboolean has_timestamp = FALSE;

  heartbeat_json_iter_init (&iter, payload);
  while (heartbeat_json_iter_member (&iter, &name, &value))
    {
      if (heartbeat_json_equals (&name, "quarter"))
        tick->quarter = read_quarter (&value);
      else if (heartbeat_json_equals (&name, "epochMs")
               || heartbeat_json_equals (&name, "epoch_ms"))
        {
          tick->time = 0;
          heartbeat_json_get_integer (&value, &tick->time);
        }
      else if (heartbeat_json_equals (&name, "timestamp"))
        {
          timestamp = value;
          has_timestamp = TRUE;
        }
    }
  if (tick->time == 0 && has_timestamp)
    tick->time = read_timestamp (&timestamp);
}

/**
 * heartbeat_tick_parse:
 * @tick: (out caller-allocates): the tick
 * @body: (array length=length): a message's body, which must outlive @tick
 * @length: its length in bytes
 * @error: return location for a #HeartbeatError
 *
 * Reads an event. Every member is optional; none of the wrong type is an error. A tick with `epochMs` costs no allocation.
 *
 * Returns: whether @body is a JSON object
 */
gboolean
heartbeat_tick_parse (HeartbeatTick *tick, const char *body, gsize length, GError **error)
{
  HeartbeatJson root, member;

  g_return_val_if_fail (tick != NULL, FALSE);
  g_return_val_if_fail (body != NULL || length == 0, FALSE);

  *tick = (HeartbeatTick){ .body = body, .length = length };
  if (!heartbeat_json_scan (body, length, HEARTBEAT_JSON_NONE, &root, error))
    return FALSE;
  if (!heartbeat_json_is_object (&root))
    {
      g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                           "an event is a JSON object");
      return FALSE;
    }
  if (heartbeat_json_get_member (&root, "payload", &member) && heartbeat_json_is_object (&member))
    read_payload (tick, &member);
  if (tick->time == 0 && heartbeat_json_get_member (&root, "timestamp", &member))
    tick->time = read_timestamp (&member);
  return TRUE;
}

/**
 * heartbeat_tick_get_fresh_quarter:
 * @tick: a tick
 * @now: the time in Unix ms
 *
 * Returns: the quarter that @tick names, 1 to 4, if it is not older than five minutes or does not say; else 0
 */
guint
heartbeat_tick_get_fresh_quarter (const HeartbeatTick *tick, gint64 now)
{
  g_return_val_if_fail (tick != NULL, 0);

  return tick->time == 0 || now - tick->time <= HEARTBEAT_TICK_FRESH_MS ? tick->quarter : 0;
}
