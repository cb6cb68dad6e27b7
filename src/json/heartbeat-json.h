/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

#include "json/heartbeat-json-scanner.h"

G_BEGIN_DECLS

/* Largest integer that every JSON implementation reads alike (RFC 8259, section 6). */
#define HEARTBEAT_JSON_MAX_INTEGER G_GINT64_CONSTANT (9007199254740991)

/**
 * HeartbeatJsonIter:
 *
 * Walks the members of an object or the elements of an array, in the order of the text.
 */
typedef struct
{
  const char *next;
  const char *end;
} HeartbeatJsonIter;

gboolean heartbeat_json_is_object (const HeartbeatJson *value);
gboolean heartbeat_json_is_array (const HeartbeatJson *value);
gboolean heartbeat_json_is_string (const HeartbeatJson *value);
gboolean heartbeat_json_is_null (const HeartbeatJson *value);

void heartbeat_json_init (HeartbeatJson *value, const char *start, const HeartbeatJson *root);
void heartbeat_json_iter_init (HeartbeatJsonIter *iter, const HeartbeatJson *container);
gboolean
heartbeat_json_iter_member (HeartbeatJsonIter *iter, HeartbeatJson *name, HeartbeatJson *value);
gboolean heartbeat_json_iter_element (HeartbeatJsonIter *iter, HeartbeatJson *value);

gboolean
heartbeat_json_get_member (const HeartbeatJson *object, const char *name, HeartbeatJson *value);
gboolean heartbeat_json_equals (const HeartbeatJson *string, const char *text);
char *heartbeat_json_dup_string (const HeartbeatJson *string, gsize *length);
char *heartbeat_json_dup_c_string (const HeartbeatJson *value);
char *heartbeat_json_dup_text (const HeartbeatJson *value);
gboolean heartbeat_json_get_boolean (const HeartbeatJson *value, gboolean *result);
gboolean heartbeat_json_get_integer (const HeartbeatJson *value, gint64 *result);
char *heartbeat_json_quote (const char *text);
char *heartbeat_json_print (JsonNode *node, gboolean pretty);

G_END_DECLS
