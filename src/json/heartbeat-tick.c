/* SPDX-License-Identifier: MIT */

#include "json/heartbeat-tick.h"

#include "base/heartbeat-error.h"
#include "base/heartbeat-limits.h"
#include "json/heartbeat-json.h"

/* 0 where there is none. */
static gint64
read_timestamp (const char *start, const HeartbeatJson *root)
{
  g_autofree char *text = NULL;
  g_autoptr (GTimeZone) utc = NULL;
  g_autoptr (GDateTime) time = NULL;
  HeartbeatJson value;

  if (start == NULL)
    return 0;
  heartbeat_json_take_value (&value, start, root);
  if (!heartbeat_json_is_string (&value))
    return 0;
  text = heartbeat_json_dup_string (&value, NULL);
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

/* Where the values begin that a tick is read for, NULL where they are not there. Of duplicate members the last counts. */
typedef struct
{
  gboolean in_payload;
  const char *timestamp;
  const char *payload_timestamp;
  const char *time;
  const char *quarter;
} Members;

static void
find_in_payload (Members *members, const HeartbeatJson *name, const char *value)
{
  if (heartbeat_json_equals (name, "quarter"))
    members->quarter = value;
  else if (heartbeat_json_equals (name, "epochMs") || heartbeat_json_equals (name, "epoch_ms"))
    members->time = value;
  else if (heartbeat_json_equals (name, "timestamp"))
    members->payload_timestamp = value;
}

static void
on_member (guint depth, const HeartbeatJson *name, const char *value, gpointer user_data)
{
  Members *members = user_data;

  if (depth == 2 && members->in_payload)
    find_in_payload (members, name, value);
  if (depth != 1)
    return;
  members->in_payload = heartbeat_json_equals (name, "payload");
  if (members->in_payload)
    members->payload_timestamp = members->time = members->quarter = NULL;
  else if (heartbeat_json_equals (name, "timestamp"))
    members->timestamp = value;
}

static void
read_members (HeartbeatTick *tick, const Members *members, const HeartbeatJson *root)
{
  HeartbeatJson value;

  if (members->quarter != NULL)
    {
      heartbeat_json_take_value (&value, members->quarter, root);
      tick->quarter = read_quarter (&value);
    }
  if (members->time != NULL)
    {
      heartbeat_json_take_value (&value, members->time, root);
      heartbeat_json_get_integer (&value, &tick->time);
    }
  if (tick->time == 0)
    tick->time = read_timestamp (members->payload_timestamp, root);
  if (tick->time == 0)
    tick->time = read_timestamp (members->timestamp, root);
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
  Members members = { FALSE };
  HeartbeatJson root;

  *tick = (HeartbeatTick){ .body = body, .length = length };
  if (!heartbeat_json_visit (body, length, on_member, &members, &root, error))
    return FALSE;
  if (!heartbeat_json_is_object (&root))
    {
      g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                           "an event is a JSON object");
      return FALSE;
    }
  read_members (tick, &members, &root);
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
  return tick->time == 0 || now - tick->time <= HEARTBEAT_TICK_FRESH_MS ? tick->quarter : 0;
}
