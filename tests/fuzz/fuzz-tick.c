/* SPDX-License-Identifier: MIT */

/* The envelope of a tick: what is read without json-glib is what json-glib reads. */

#include <json-glib/json-glib.h>
#include <string.h>

#include "json/heartbeat-envelope.h"
#include "base/heartbeat-error.h"
#include "json/heartbeat-json.h"
#include "json/heartbeat-tick.h"
#include "fuzz.h"

/* Any time will do. */
#define NOW G_GINT64_CONSTANT (1771796220000)

static const char *
get_string (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node)
                 && json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : NULL;
}

static guint
expected_quarter (JsonObject *event)
{
  JsonNode *node = json_object_get_member (event, "payload");
  const char *quarter = NULL;

  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    quarter = get_string (json_node_get_object (node), "quarter");
  if (quarter == NULL || strlen (quarter) != 2 || quarter[0] != 'Q')
    return 0;
  return quarter[1] >= '1' && quarter[1] <= '4' ? (guint) (quarter[1] - '0') : 0;
}

static void
check_tick (const HeartbeatTick *tick, const char *body)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *event_id = heartbeat_envelope_dup_event_id (body);
  JsonObject *event;

  g_assert_cmpint (ABS (tick->time), <=, HEARTBEAT_JSON_MAX_INTEGER);
  g_assert_cmpuint (heartbeat_tick_get_fresh_quarter (tick, NOW), <=, tick->quarter);
  /* json-glib cuts strings and names there. */
  if (strstr (body, "\\u0000") != NULL)
    return;

  json_parser_load_from_data (parser, body, (gssize) tick->length, &error);
  g_assert_no_error (error);
  event = json_node_get_object (json_parser_get_root (parser));
  g_assert_cmpuint (tick->quarter, ==, expected_quarter (event));
  g_assert_cmpstr (event_id, ==, get_string (event, "event_id"));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *body = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  HeartbeatTick tick;

  if (heartbeat_tick_parse (&tick, (const char *) data, size, &error))
    {
      g_assert_no_error (error);
      check_tick (&tick, body);
      return 0;
    }
  g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  return 0;
}
