/* SPDX-License-Identifier: MIT */

#pragma once

#include <string.h>
#include "base/heartbeat-limits.h"

#include <glib.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Largest integer that every JSON implementation reads alike (RFC 8259, section 6). */
#define HEARTBEAT_JSON_MAX_INTEGER G_GINT64_CONSTANT (9007199254740991)

/**
 * HeartbeatJson:
 * @start: first byte of the value
 * @end: the byte after its last
 *
 * One value in a text that heartbeat_json_scan() has accepted. It owns nothing: the text must outlive it.
 */
typedef struct
{
  const char *start;
  const char *end;
} HeartbeatJson;

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

/**
 * HeartbeatJsonCursor:
 * @at: where it is
 * @line: its line, from 1
 * @column: its column in characters, from 1
 *
 * A place in a text that only goes forward.
 */
typedef struct
{
  const char *at;
  guint line;
  guint column;
} HeartbeatJsonCursor;

typedef enum
{
  HEARTBEAT_JSON_NONE = 0,
  HEARTBEAT_JSON_ALLOW_BOM = 1 << 0,
} HeartbeatJsonFlags;

/**
 * HeartbeatJsonVisit:
 * @depth: 1 for a member of the root, 2 for one of a container in it, and so on
 * @name: its name, a string value with its quotes
 * @value: where its value begins, which was not read yet: look at it when all was accepted
 * @user_data: what was given with the function
 *
 * Called for each member that is found, in the order of the text.
 */
typedef void (*HeartbeatJsonVisit) (guint depth,
                                    const HeartbeatJson *name,
                                    const char *value,
                                    gpointer user_data);

gboolean heartbeat_json_scan (const char *text,
                              gsize length,
                              HeartbeatJsonFlags flags,
                              HeartbeatJson *root,
                              GError **error);
gboolean heartbeat_json_visit (const char *text,
                               gsize length,
                               HeartbeatJsonVisit visit,
                               gpointer user_data,
                               HeartbeatJson *root,
                               GError **error);
void heartbeat_json_take_value (HeartbeatJson *value, const char *start, const HeartbeatJson *root);

const char *heartbeat_json_find_fault (const char *text,
                                       gsize length,
                                       HeartbeatJsonFlags flags,
                                       HeartbeatJson *root,
                                       const char **rule);

void heartbeat_json_cursor_init (HeartbeatJsonCursor *cursor, const char *text, gsize length);
void heartbeat_json_cursor_advance (HeartbeatJsonCursor *cursor, const char *at);
void heartbeat_json_position (const char *text, const char *at, guint *line, guint *column);

gboolean heartbeat_json_is_object (const HeartbeatJson *value);
gboolean heartbeat_json_is_array (const HeartbeatJson *value);
gboolean heartbeat_json_is_string (const HeartbeatJson *value);
gboolean heartbeat_json_is_null (const HeartbeatJson *value);

void heartbeat_json_iter_init (HeartbeatJsonIter *iter, const HeartbeatJson *container);
gboolean
heartbeat_json_iter_member (HeartbeatJsonIter *iter, HeartbeatJson *name, HeartbeatJson *value);
gboolean heartbeat_json_iter_element (HeartbeatJsonIter *iter, HeartbeatJson *value);

gboolean
heartbeat_json_get_member (const HeartbeatJson *object, const char *name, HeartbeatJson *value);
gboolean
heartbeat_json_equals_text (const HeartbeatJson *string, const char *text, gsize text_length);
char *heartbeat_json_dup_string (const HeartbeatJson *string, gsize *length);
char *heartbeat_json_dup_c_string (const HeartbeatJson *value);
char *heartbeat_json_dup_text (const HeartbeatJson *value);
gboolean heartbeat_json_get_boolean (const HeartbeatJson *value, gboolean *result);
gboolean heartbeat_json_get_integer (const HeartbeatJson *value, gint64 *result);
char *heartbeat_json_quote (const char *text);
char *heartbeat_json_print (JsonNode *node, gboolean pretty);

/**
 * heartbeat_json_equals:
 * @string: any value
 * @text: a text
 *
 * Most values are shorter, or begin otherwise. That is seen here, where the compiler knows @text: a tick's members are compared
 * with all names that it may have.
 *
 * Returns: whether @string is a string and means @text, escaped or not
 */
static inline gboolean
heartbeat_json_equals (const HeartbeatJson *string, const char *text)
{
  gsize length = strlen (text);

  /* An escape is longer than what it means. */
  return (gsize) (string->end - string->start) >= length + 2
         && (string->start[1] == text[0] || string->start[1] == '\\' || length == 0)
         && heartbeat_json_equals_text (string, text, length);
}

G_END_DECLS
