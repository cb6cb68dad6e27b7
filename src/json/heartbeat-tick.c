/* SPDX-License-Identifier: MIT */

#include "json/heartbeat-tick.h"

#include "base/heartbeat-error.h"
#include "base/heartbeat-limits.h"
#include "json/heartbeat-json.h"

/* Where the values begin that a tick is read for, NULL where they are not there. Of duplicate members the last counts. */
typedef struct
{
  gboolean in_payload;
  const char *timestamp;
  const char *payload_timestamp;
  const char *payload_time;
  const char *payload_quarter;
} Members;

static void
on_payload_member (Members *members, const HeartbeatJson *name, const char *value)
{
  if (heartbeat_json_equals (name, "quarter"))
    members->payload_quarter = value;
  else if (heartbeat_json_equals (name, "epochMs") || heartbeat_json_equals (name, "epoch_ms"))
    members->payload_time = value;
  else if (heartbeat_json_equals (name, "timestamp"))
    members->payload_timestamp = value;
}

static void
on_member (guint depth, const HeartbeatJson *name, const char *value, gpointer user_data)
{
  Members *members = user_data;

  if (depth == 2 && members->in_payload)
    on_payload_member (members, name, value);
  if (depth != 1)
    return;
  members->in_payload = heartbeat_json_equals (name, "payload");
  if (members->in_payload)
    members->payload_timestamp = members->payload_time = members->payload_quarter = NULL;
  else if (heartbeat_json_equals (name, "timestamp"))
    members->timestamp = value;
}

/* 0 where there is none, or it is not a time. */
static gint64
read_timestamp (const char *start, const HeartbeatJson *root)
{
  HeartbeatJson value;
  g_autofree char *text = NULL;
  g_autoptr (GTimeZone) utc = NULL;
  g_autoptr (GDateTime) time = NULL;

  if (start == NULL || *start != '"')
    return 0;
  heartbeat_json_init (&value, start, root);
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

static void
read_members (HeartbeatTick *tick, const Members *members, const HeartbeatJson *root)
{
  HeartbeatJson value;

  if (members->payload_quarter != NULL)
    {
      heartbeat_json_init (&value, members->payload_quarter, root);
      tick->quarter = read_quarter (&value);
    }
  if (members->payload_time != NULL)
    {
      heartbeat_json_init (&value, members->payload_time, root);
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

  g_return_val_if_fail (tick != NULL, FALSE);
  g_return_val_if_fail (body != NULL || length == 0, FALSE);

  *tick = (HeartbeatTick){ .body = body, .length = length };
  if (!heartbeat_json_scan_members (body, length, on_member, &members, &root, error))
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
  g_return_val_if_fail (tick != NULL, 0);

  return tick->time == 0 || now - tick->time <= HEARTBEAT_TICK_FRESH_MS ? tick->quarter : 0;
}
