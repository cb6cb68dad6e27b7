/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

#include "base/heartbeat-limits.h"

G_BEGIN_DECLS

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

/**
 * HeartbeatJsonMemberFunc:
 * @depth: in how many containers the member is, from 1
 * @name: its name, a string value with its quotes
 * @value: first byte of its value, for heartbeat_json_init() once the whole text is accepted
 * @user_data: what was passed to heartbeat_json_scan_members()
 */
typedef void (*HeartbeatJsonMemberFunc) (guint depth,
                                         const HeartbeatJson *name,
                                         const char *value,
                                         gpointer user_data);

typedef enum
{
  HEARTBEAT_JSON_NONE = 0,
  HEARTBEAT_JSON_ALLOW_BOM = 1 << 0,
} HeartbeatJsonFlags;

gboolean heartbeat_json_scan (const char *text,
                              gsize length,
                              HeartbeatJsonFlags flags,
                              HeartbeatJson *root,
                              GError **error);
gboolean heartbeat_json_scan_members (const char *text,
                                      gsize length,
                                      HeartbeatJsonMemberFunc func,
                                      gpointer user_data,
                                      HeartbeatJson *root,
                                      GError **error);
const char *heartbeat_json_find_fault (const char *text,
                                       gsize length,
                                       HeartbeatJsonFlags flags,
                                       HeartbeatJson *root,
                                       const char **rule);

void heartbeat_json_cursor_init (HeartbeatJsonCursor *cursor, const char *text, gsize length);
void heartbeat_json_cursor_advance (HeartbeatJsonCursor *cursor, const char *at);

G_END_DECLS
