/* SPDX-License-Identifier: MIT */

#pragma once

#include "json/heartbeat-json.h"

G_BEGIN_DECLS

#define HEARTBEAT_PROBLEM_MISSING N_ ("the member is missing")

/**
 * HeartbeatProblem:
 * @place: the byte of the text where it is
 * @line: its line, from 1
 * @column: its column in characters, from 1
 * @path: the member, `checks.NAME.window.days[1]`; empty for the text itself
 * @found: (nullable): what is there, as it is written, in one line and not longer than a line; %NULL where nothing is
 * @rule: the rule that it breaks
 *
 * What is wrong at one place of a heartbeat.json.
 */
typedef struct
{
  const char *place;
  guint line;
  guint column;
  char *path;
  char *found;
  const char *rule;
} HeartbeatProblem;

HeartbeatProblem *heartbeat_problem_new (const char *place,
                                         const char *path,
                                         const HeartbeatJson *found,
                                         const char *rule);
HeartbeatProblem *heartbeat_problem_ref (HeartbeatProblem *self);
void heartbeat_problem_unref (HeartbeatProblem *self);
char *heartbeat_problem_describe (const HeartbeatProblem *self);
char *heartbeat_problem_to_string (const HeartbeatProblem *self);

void heartbeat_problem_locate (GPtrArray *problems, const char *text, gsize length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatProblem, heartbeat_problem_unref)

G_END_DECLS
