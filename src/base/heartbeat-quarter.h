/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * HeartbeatQuarterOf:
 * @HEARTBEAT_QUARTER_OF_TICK: the quarter that a fresh tick names, else that of the day
 * @HEARTBEAT_QUARTER_OF_DAY: Q1 00–06, Q2 06–12, Q3 12–18, Q4 18–24 on the wall
 * @HEARTBEAT_QUARTER_OF_YEAR: Q1 from January, Q2 from April, Q3 from July, Q4 from October
 */
typedef enum
{
  HEARTBEAT_QUARTER_OF_TICK,
  HEARTBEAT_QUARTER_OF_DAY,
  HEARTBEAT_QUARTER_OF_YEAR,
} HeartbeatQuarterOf;

/**
 * HeartbeatQuarterRule:
 * @of: what is divided into quarters
 * @quarters: a bit for each allowed quarter, Q1 the lowest; 0 restricts nothing
 */
typedef struct
{
  HeartbeatQuarterOf of;
  guint8 quarters;
} HeartbeatQuarterRule;

guint heartbeat_quarter_parse (const char *text, gsize length);
guint heartbeat_quarter_at (HeartbeatQuarterOf of, gint64 local);
gboolean heartbeat_quarter_allows (const HeartbeatQuarterRule *rule, guint quarter);
gint64 heartbeat_quarter_next (gint64 local, gconstpointer rule);

G_END_DECLS
