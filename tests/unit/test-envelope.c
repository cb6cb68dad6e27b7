/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "json/heartbeat-envelope.h"
#include "json/heartbeat-tick.h"

static const HeartbeatEnvelopeSource source = { "scheduled", "heartbeatctl" };

/* A file in tests/data, whether G_TEST_SRCDIR is tests or tests/unit. */
static char *
read_data (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", name, NULL);
  g_autoptr (GError) error = NULL;
  char *text;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_free (path);
      path = g_test_build_filename (G_TEST_DIST, "..", "data", name, NULL);
    }
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static JsonObject *
parse (const HeartbeatEnvelope *envelope, JsonParser *parser)
{
  gsize length = 0;
  const char *text = g_bytes_get_data (envelope->body, &length);
  g_autoptr (GError) error = NULL;

  json_parser_load_from_data (parser, text, (gssize) length, &error);
  g_assert_no_error (error);
  return json_node_get_object (json_parser_get_root (parser));
}

static void
test_tick (void)
{
  g_autoptr (HeartbeatEnvelope) envelope = heartbeat_envelope_new_tick (&source, 1771796220123);
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object = parse (envelope, parser);
  JsonObject *payload = json_object_get_object_member (object, "payload");
  JsonObject *from = json_object_get_object_member (object, "source");
  JsonArray *causes = json_object_get_array_member (object, "correlation_ids");

  g_assert_true (g_uuid_string_is_valid (envelope->event_id));
  g_assert_cmpstr (json_object_get_string_member (object, "event_id"), ==, envelope->event_id);
  g_assert_cmpstr (json_object_get_string_member (object, "event_type"), ==,
                   "system.heartbeat.tick");
  g_assert_cmpstr (json_object_get_string_member (object, "timestamp"), ==, "2026-02-22T21:37:00Z");
  g_assert_cmpstr (json_object_get_string_member (object, "version"), ==, "1.0.0");
  g_assert_cmpstr (json_object_get_string_member (from, "host"), ==, g_get_host_name ());
  g_assert_cmpstr (json_object_get_string_member (from, "type"), ==, "scheduled");
  g_assert_cmpstr (json_object_get_string_member (from, "app"), ==, "heartbeatctl");
  g_assert_cmpuint (json_array_get_length (causes), ==, 0);
  g_assert_cmpint (json_object_get_int_member (payload, "tick"), ==, 29529937);
  g_assert_cmpint (json_object_get_int_member (payload, "epochMs"), ==, 1771796220123);
  g_assert_cmpstr (json_object_get_string_member (payload, "timestamp"), ==,
                   "2026-02-22T21:37:00Z");
  g_assert_cmpstr (json_object_get_string_member (payload, "quarter"), ==, "Q3");
  g_assert_cmpstr (json_object_get_string_member (payload, "dayOfWeek"), ==, "sunday");
}

static void
test_tick_is_read_back (void)
{
  g_autoptr (HeartbeatEnvelope) envelope = heartbeat_envelope_new_tick (&source, 1771796220999);
  gsize length = 0;
  const char *body = g_bytes_get_data (envelope->body, &length);
  g_autoptr (GError) error = NULL;
  HeartbeatTick tick;

  g_assert_true (heartbeat_tick_parse (&tick, body, length, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (tick.quarter, ==, 3);
  g_assert_cmpint (tick.time, ==, 1771796220999);
}

static void
test_day_and_quarter (void)
{
  static const struct
  {
    gint64 now;
    const char *quarter;
    const char *day;
  } cases[] = {
    { 1771822800000, "Q1", "monday" },   /* 2026-02-23 00:00 in New York */
    { 1771822799999, "Q4", "sunday" },   /* 2026-02-22 23:59:59.999 */
    { 1783958400000, "Q3", "monday" },   /* 2026-07-13 12:00, summer time */
    { 1783958399000, "Q2", "monday" },   /* 2026-07-13 11:59:59 */
    { 1771736400000, "Q1", "sunday" },   /* 2026-02-22 00:00 */
    { 1771736399000, "Q4", "saturday" }, /* 2026-02-21 23:59:59 */
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (HeartbeatEnvelope) envelope = heartbeat_envelope_new_tick (&source, cases[i].now);
      g_autoptr (JsonParser) parser = json_parser_new ();
      JsonObject *object = parse (envelope, parser);
      JsonObject *payload = json_object_get_object_member (object, "payload");

      g_assert_cmpstr (json_object_get_string_member (payload, "quarter"), ==, cases[i].quarter);
      g_assert_cmpstr (json_object_get_string_member (payload, "dayOfWeek"), ==, cases[i].day);
    }
}

static JsonNode *
new_payload (void)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "name");
  json_builder_add_string_value (builder, "\x01\"\xc3\xa9");
  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}

static void
test_cause (void)
{
  g_autoptr (HeartbeatEnvelope) envelope
      = heartbeat_envelope_new ("agent.cack.x", &source, "cause-1", new_payload (), 0);
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object = parse (envelope, parser);
  JsonArray *causes = json_object_get_array_member (object, "correlation_ids");

  g_assert_cmpuint (json_array_get_length (causes), ==, 1);
  g_assert_cmpstr (json_array_get_string_element (causes, 0), ==, "cause-1");
  g_assert_cmpstr (json_object_get_string_member (object, "event_type"), ==, "agent.cack.x");
  g_assert_cmpstr (json_object_get_string_member (object, "timestamp"), ==, "1970-01-01T00:00:00Z");
  g_assert_cmpstr (json_object_get_string_member (json_object_get_object_member (object, "payload"),
                                                  "name"),
                   ==, "\x01\"\xc3\xa9");
}

static void
test_ids_differ (void)
{
  g_autoptr (HeartbeatEnvelope) one = heartbeat_envelope_new_tick (&source, 0);
  g_autoptr (HeartbeatEnvelope) two = heartbeat_envelope_new_tick (&source, 0);

  g_assert_cmpstr (one->event_id, !=, two->event_id);
}

static void
test_event_id (void)
{
  static const struct
  {
    const char *body;
    const char *event_id;
  } cases[] = {
    { "{\"event_id\": \"abc\"}", "abc" },
    { "{\"event_id\": 7}", NULL },
    { "{}", NULL },
    { "{\"a\": {\"event_id\": \"x\"}}", NULL },
    { "[]", NULL },
    { "{", NULL },
    { "", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *event_id = heartbeat_envelope_dup_event_id (cases[i].body);

      g_assert_cmpstr (event_id, ==, cases[i].event_id);
    }
}

static void
test_event_id_of_samples (void)
{
  g_autofree char *published = read_data ("tick-published.json");
  g_autofree char *manual = read_data ("tick-manual.json");
  g_autofree char *later = read_data ("tick-later-publisher.json");
  g_autoptr (JsonParser) parser = json_parser_new ();
  const char *const bodies[] = { published, manual, later };

  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autofree char *event_id = heartbeat_envelope_dup_event_id (bodies[i]);

      g_assert_true (json_parser_load_from_data (parser, bodies[i], -1, NULL));
      g_assert_cmpstr (event_id, ==,
                       json_object_get_string_member (
                           json_node_get_object (json_parser_get_root (parser)), "event_id"));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/envelope/tick-carries-all-members", test_tick);
  g_test_add_func ("/envelope/tick-is-read-back", test_tick_is_read_back);
  g_test_add_func ("/envelope/tick-names-day-and-quarter-in-new-york", test_day_and_quarter);
  g_test_add_func ("/envelope/cause-is-a-correlation-id", test_cause);
  g_test_add_func ("/envelope/ids-differ", test_ids_differ);
  g_test_add_func ("/envelope/event-id", test_event_id);
  g_test_add_func ("/envelope/event-id-of-real-samples", test_event_id_of_samples);

  return g_test_run ();
}
