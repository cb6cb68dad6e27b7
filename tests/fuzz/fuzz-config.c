/* SPDX-License-Identifier: MIT */

/* A whole heartbeat.json: what is read from it, every edit of it, and when its checks are due. */

#include <string.h>

#include "config/heartbeat-config-edit.h"
#include "config/heartbeat-config.h"
#include "agent/heartbeat-decision.h"
#include "json/heartbeat-json-edit.h"
#include "base/heartbeat-error.h"
#include "fuzz.h"

/* A Sunday evening in New York. */
#define NOW        G_GINT64_CONSTANT (1771796220000)
#define LAST_RUN   G_GINT64_CONSTANT (1771796219999)
#define MINUTES    1440
#define MAX_CHECKS 4

static const HeartbeatCheckSpec *
find_check (const HeartbeatConfig *config, const char *name)
{
  for (guint i = 0; i < config->checks->len; i++)
    {
      const HeartbeatCheckSpec *spec = g_ptr_array_index (config->checks, i);

      if (strcmp (spec->name, name) == 0)
        return spec;
    }
  return NULL;
}

static HeartbeatConfig *
parse_valid (GBytes *text)
{
  g_autoptr (GError) error = NULL;
  HeartbeatConfig *config = heartbeat_config_parse (text, &error);

  g_assert_no_error (error);
  return config;
}

static void
check_same_but_last_run (const HeartbeatCheckSpec *a, const HeartbeatCheckSpec *b)
{
  g_assert_cmpstr (a->name, ==, b->name);
  g_assert_true ((a->error == NULL) == (b->error == NULL));
  g_assert_cmpstr (a->handler, ==, b->handler);
  g_assert_cmpint (a->cadence, ==, b->cadence);
  g_assert_cmpint (a->priority, ==, b->priority);
  g_assert_cmpuint (a->timeout, ==, b->timeout);
  g_assert_true (a->enabled == b->enabled);
  g_assert_true (a->has_window == b->has_window);
  g_assert_cmpmem (&a->window, sizeof a->window, &b->window, sizeof b->window);
  g_assert_cmpstr (a->zone_name, ==, b->zone_name);
  g_assert_true (a->quarter.quarters == b->quarter.quarters && a->quarter.of == b->quarter.of);
  g_assert_true (a->pause.active == b->pause.active);
  g_assert_cmpint (a->pause.until, ==, b->pause.until);
  g_assert_cmpstr (a->pause.reason, ==, b->pause.reason);
}

/* Everything before and after the digits is what it was. */
static void
check_replaced (GBytes *before, GBytes *after, const HeartbeatJson *value, const char *digits)
{
  gsize length, new_length;
  const char *old = g_bytes_get_data (before, &length);
  const char *new = g_bytes_get_data (after, &new_length);
  gsize start = (gsize) (value->start - old), rest = (gsize) (old + length - value->end);

  g_assert_cmpuint (new_length, ==, start + strlen (digits) + rest);
  g_assert_cmpmem (new, start, old, start);
  g_assert_cmpmem (new + start, strlen (digits), digits, strlen (digits));
  g_assert_cmpmem (new + new_length - rest, rest, value->end, rest);
}

/* Nothing went, and what came is the member with the white space of its neighbours. */
static void
check_inserted (GBytes *before, GBytes *after, const char *digits)
{
  gsize length, new_length, same = 0;
  const char *old = g_bytes_get_data (before, &length);
  const char *new = g_bytes_get_data (after, &new_length);
  g_autofree char *added = NULL;

  while (same < length && old[same] == new[same])
    same++;
  g_assert_cmpuint (new_length, >, length);
  g_assert_cmpmem (new + new_length - (length - same), length - same, old + same, length - same);
  added = g_strndup (new + same, new_length - length);
  g_assert_nonnull (strstr (added, "lastRun"));
  g_assert_nonnull (strstr (added, digits));
  g_assert_cmpuint (strspn (added, ",\": \t\r\nlastRun0123456789"), ==, strlen (added));
}

static void
check_last_run (GBytes *text, const HeartbeatConfig *config, const HeartbeatCheckSpec *spec)
{
  const char *const path[] = { "checks", spec->name, NULL };
  g_autofree char *digits = g_strdup_printf ("%" G_GINT64_FORMAT, LAST_RUN);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) edited
      = heartbeat_json_edit_set_member (text, path, "lastRun", digits, &error);
  g_autoptr (HeartbeatConfig) again = NULL;
  HeartbeatJson value;

  g_assert_no_error (error);
  if (heartbeat_json_get_member (&spec->json, "lastRun", &value))
    check_replaced (text, edited, &value, digits);
  else
    check_inserted (text, edited, digits);

  again = parse_valid (edited);
  g_assert_cmpuint (again->checks->len, ==, config->checks->len);
  for (guint i = 0; i < config->checks->len; i++)
    check_same_but_last_run (g_ptr_array_index (config->checks, i),
                             g_ptr_array_index (again->checks, i));
  g_assert_cmpint (find_check (again, spec->name)->last_run, ==, LAST_RUN);
}

static GBytes *
change (GBytes *text, HeartbeatConfigEditKind kind, const char *check)
{
  g_autoptr (HeartbeatConfigEdit) wanted = heartbeat_config_edit_new (kind, check);
  g_autoptr (GError) error = NULL;
  GBytes *changed;

  if (kind == HEARTBEAT_CONFIG_EDIT_PAUSE)
    {
      wanted->until = NOW;
      g_free (wanted->reason);
      wanted->reason = g_strdup ("because \"of\" \\ this\n");
    }
  changed = heartbeat_config_edit_apply (text, wanted, &error);
  g_assert_no_error (error);
  return changed;
}

static void
check_pause (GBytes *text, const HeartbeatConfig *config, const char *check)
{
  gboolean all_paused = config->pause.active;
  g_autoptr (GBytes) paused = change (text, HEARTBEAT_CONFIG_EDIT_PAUSE, check);
  g_autoptr (GBytes) resumed = change (paused, HEARTBEAT_CONFIG_EDIT_RESUME, check);
  g_autoptr (HeartbeatConfig) after_pause = parse_valid (paused);
  g_autoptr (HeartbeatConfig) after_resume = parse_valid (resumed);

  g_assert_true (find_check (after_pause, check)->pause.active);
  g_assert_true (find_check (after_resume, check)->pause.active == all_paused);
  if (!all_paused)
    g_assert_cmpint (find_check (after_pause, check)->pause.until, ==, NOW);
}

static void
check_switch (GBytes *text, const char *check)
{
  g_autoptr (GBytes) disabled = change (text, HEARTBEAT_CONFIG_EDIT_DISABLE, check);
  g_autoptr (GBytes) enabled = change (disabled, HEARTBEAT_CONFIG_EDIT_ENABLE, check);
  g_autoptr (HeartbeatConfig) after_disable = parse_valid (disabled);
  g_autoptr (HeartbeatConfig) after_enable = parse_valid (enabled);

  g_assert_false (find_check (after_disable, check)->enabled);
  g_assert_true (find_check (after_enable, check)->enabled);
}

static void
check_valid (const HeartbeatCheckSpec *spec)
{
  g_assert_cmpuint (strlen (spec->name), >=, 1);
  g_assert_cmpuint (strlen (spec->name), <=, 255);
  g_assert_nonnull (spec->handler);
  g_assert_cmpint (spec->cadence, >=, 1000);
  g_assert_cmpint (spec->priority, >=, 1);
  g_assert_cmpint (spec->last_run, >=, 0);
  g_assert_cmpint (spec->last_run, <=, HEARTBEAT_JSON_MAX_INTEGER);
  g_assert_true (spec->timeout == 0 || (spec->timeout >= 1000 && spec->timeout <= 1500000));
  g_assert_cmpuint (spec->window.start, <, MINUTES);
  g_assert_cmpuint (spec->window.end, <, MINUTES);
  g_assert_nonnull (spec->zone);
}

/* It is due when it was said to be, and not a moment before. */
static void
check_due (const HeartbeatCheckSpec *spec)
{
  HeartbeatCheckState state = { .last_run = spec->last_run };
  gint64 due = heartbeat_decision_next_due (spec, &state, 0, NOW);

  g_assert_cmpint (due, >=, NOW);
  if (due == HEARTBEAT_NEVER)
    return;
  g_assert_cmpint (heartbeat_decision_judge (spec, &state, 0, due).code, ==, HEARTBEAT_REASON_DUE);
  if (due > NOW)
    g_assert_cmpint (heartbeat_decision_judge (spec, &state, 0, due - 1).code, !=,
                     HEARTBEAT_REASON_DUE);
}

static void
check_config (GBytes *text, const HeartbeatConfig *config)
{
  g_assert_true (g_utf8_validate (config->agent, -1, NULL));
  for (guint i = 0; i < config->checks->len && i < MAX_CHECKS; i++)
    {
      const HeartbeatCheckSpec *spec = g_ptr_array_index (config->checks, i);

      g_assert_true (g_utf8_validate (spec->name, -1, NULL));
      if (spec->error != NULL)
        continue;
      check_valid (spec);
      check_due (spec);
      check_last_run (text, config, spec);
      check_pause (text, config, spec->name);
      check_switch (text, spec->name);
    }
}

static void
check_problem (const HeartbeatProblem *problem)
{
  g_autofree char *words = heartbeat_problem_to_string (problem);

  g_assert_cmpuint (problem->line, >, 0);
  g_assert_cmpuint (problem->column, >, 0);
  g_assert_true (g_utf8_validate (words, -1, NULL));
}

/* heartbeatctl validate and the service agree on what is good. */
static void
check_problems (GBytes *text, const HeartbeatConfig *config)
{
  g_autoptr (GPtrArray) problems = heartbeat_config_validate (text);
  gboolean good = config != NULL;

  for (guint i = 0; i < problems->len; i++)
    check_problem (g_ptr_array_index (problems, i));
  for (guint i = 0; good && i < config->checks->len; i++)
    good = ((HeartbeatCheckSpec *) g_ptr_array_index (config->checks, i))->error == NULL;
  if (!good)
    g_assert_cmpuint (problems->len, >, 0);
  if (problems->len == 0)
    g_assert_true (good);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) text = g_bytes_new_static (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatConfig) config = heartbeat_config_parse (text, &error);

  check_problems (text, config);
  if (config != NULL)
    {
      g_assert_no_error (error);
      check_config (text, config);
      return 0;
    }
  g_assert_true (g_error_matches (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT)
                 || g_error_matches (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  return 0;
}
