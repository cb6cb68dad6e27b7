/* SPDX-License-Identifier: MIT */

/* The scanner, and everything that walks what it has accepted. json-glib accepts all of that and reads the same values. */

#include <json-glib/json-glib.h>
#include <string.h>

#include "base/heartbeat-error.h"
#include "json/heartbeat-json.h"
#include "fuzz.h"

static void check_value (const HeartbeatJson *value, JsonNode *node);

/* Text that starts at @value's first byte and ends at its last is a text of its own. */
static void
check_span (const HeartbeatJson *value)
{
  HeartbeatJson again;

  g_assert_true (heartbeat_json_scan (value->start, (gsize) (value->end - value->start),
                                      HEARTBEAT_JSON_NONE, &again, NULL));
  g_assert_true (again.start == value->start && again.end == value->end);
}

static void
check_string (const HeartbeatJson *value, JsonNode *node)
{
  gsize length = 0;
  g_autofree char *text = heartbeat_json_dup_string (value, &length);
  g_autofree char *quoted = heartbeat_json_quote (text);
  HeartbeatJson again;

  g_assert_true (g_utf8_validate_len (text, length, NULL) || memchr (text, '\0', length) != NULL);
  g_assert_true (heartbeat_json_scan (quoted, strlen (quoted), HEARTBEAT_JSON_NONE, &again, NULL));
  g_assert_true (heartbeat_json_equals (&again, text));
  g_assert_true (heartbeat_json_equals (value, text) == (strlen (text) == length));
  if (node != NULL)
    g_assert_cmpstr (json_node_get_string (node), ==, text);
}

static void
check_number (const HeartbeatJson *value, JsonNode *node)
{
  g_autofree char *text = heartbeat_json_dup_text (value);
  double number = g_ascii_strtod (text, NULL);
  gint64 integer = 0;

  if (heartbeat_json_get_integer (value, &integer))
    {
      g_assert_cmpint (ABS (integer), <=, HEARTBEAT_JSON_MAX_INTEGER);
      g_assert_cmpfloat ((double) integer, ==, number);
      if (node != NULL && json_node_get_value_type (node) == G_TYPE_INT64)
        g_assert_cmpint (json_node_get_int (node), ==, integer);
    }
  else
    {
      /* Too large, or it has a fraction. */
      g_assert_true (!(number > -9007199254740992.0 && number < 9007199254740992.0)
                     || number != (double) (gint64) number);
    }
}

static void
check_elements (const HeartbeatJson *value, JsonNode *node)
{
  JsonArray *array = node != NULL ? json_node_get_array (node) : NULL;
  HeartbeatJsonIter iter;
  HeartbeatJson element;
  guint n = 0;

  heartbeat_json_iter_init (&iter, value);
  for (; heartbeat_json_iter_element (&iter, &element); n++)
    {
      g_assert_true (element.start > value->start && element.end < value->end);
      check_value (&element, array != NULL ? json_array_get_element (array, n) : NULL);
    }
  if (array != NULL)
    g_assert_cmpuint (json_array_get_length (array), ==, n);
}

/* json-glib keeps the last of duplicates too. */
static void
check_member (const HeartbeatJson *object,
              const HeartbeatJson *name,
              const HeartbeatJson *value,
              JsonObject *theirs)
{
  g_autofree char *text = NULL;
  gsize length = 0;
  HeartbeatJson last;
  gboolean is_last;

  check_string (name, NULL);
  text = heartbeat_json_dup_string (name, &length);
  if (strlen (text) != length)
    {
      check_value (value, NULL);
      return;
    }
  g_assert_true (heartbeat_json_get_member (object, text, &last));
  g_assert_true (last.start >= value->start);
  is_last = last.start == value->start;
  check_value (value, theirs != NULL && is_last ? json_object_get_member (theirs, text) : NULL);
}

static void
check_members (const HeartbeatJson *value, JsonNode *node)
{
  JsonObject *object = node != NULL ? json_node_get_object (node) : NULL;
  HeartbeatJsonIter iter;
  HeartbeatJson name, member;

  heartbeat_json_iter_init (&iter, value);
  while (heartbeat_json_iter_member (&iter, &name, &member))
    {
      g_assert_true (name.start > value->start && name.end < member.start
                     && member.end < value->end);
      check_member (value, &name, &member, object);
    }
}

/* json-glib has a node of the same type. */
static void
check_type (const HeartbeatJson *value, JsonNode *node)
{
  if (heartbeat_json_is_object (value))
    g_assert_true (JSON_NODE_HOLDS_OBJECT (node));
  else if (heartbeat_json_is_array (value))
    g_assert_true (JSON_NODE_HOLDS_ARRAY (node));
  else if (heartbeat_json_is_null (value))
    g_assert_true (JSON_NODE_HOLDS_NULL (node));
  else
    g_assert_true (JSON_NODE_HOLDS_VALUE (node));
}

static void
check_value (const HeartbeatJson *value, JsonNode *node)
{
  gboolean flag;

  check_span (value);
  if (node != NULL)
    check_type (value, node);

  if (heartbeat_json_is_object (value))
    check_members (value, node);
  else if (heartbeat_json_is_array (value))
    check_elements (value, node);
  else if (heartbeat_json_is_string (value))
    check_string (value, node);
  else if (heartbeat_json_get_boolean (value, &flag))
    g_assert_true (node == NULL || json_node_get_boolean (node) == flag);
  else if (!heartbeat_json_is_null (value))
    check_number (value, node);
}

static void
check_accepted (const char *text, gsize length, const HeartbeatJson *root)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autofree char *value = heartbeat_json_dup_text (root);
  g_autoptr (GError) error = NULL;
  gboolean cuts = strstr (value, "\\u0000") != NULL;

  g_assert_true (g_utf8_validate_len (text, length, NULL));
  g_assert_true (root->start >= text && root->end <= text + length);
  json_parser_load_from_data (parser, value, -1, &error);
  g_assert_no_error (error);
  check_value (root, cuts ? NULL : json_parser_get_root (parser));
}

static void
check_refused (const char *text, gsize length, const char *fault, const char *rule)
{
  g_autoptr (GError) error = NULL;
  HeartbeatJson root;
  HeartbeatJsonCursor cursor;

  g_assert_nonnull (rule);
  g_assert_true (fault >= text && fault <= text + length);
  heartbeat_json_cursor_init (&cursor, text, length);
  heartbeat_json_cursor_advance (&cursor, fault);
  g_assert_cmpuint (cursor.line, >, 0);
  g_assert_cmpuint (cursor.column, >, 0);
  g_assert_false (heartbeat_json_scan (text, length, HEARTBEAT_JSON_ALLOW_BOM, &root, &error));
  g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *text = (const char *) data, *rule = NULL;
  HeartbeatJson root, strict;
  const char *fault
      = heartbeat_json_find_fault (text, size, HEARTBEAT_JSON_ALLOW_BOM, &root, &rule);
  gboolean has_bom = size >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0;

  if (fault == NULL)
    check_accepted (text, size, &root);
  else
    check_refused (text, size, fault, rule);
  g_assert_true (heartbeat_json_scan (text, size, HEARTBEAT_JSON_NONE, &strict, NULL)
                 == (fault == NULL && !has_bom));
  return 0;
}
