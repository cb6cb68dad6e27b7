/* SPDX-License-Identifier: MIT */

#include "core/heartbeat-check-spec.h"

#include <string.h>

#include "core/heartbeat-error.h"
#include "core/heartbeat-zone.h"

#define MIN_CADENCE_MS  1000
#define MIN_TIMEOUT_MS  1000
#define MAX_TIMEOUT_MS  1500000
#define MAX_NAME_LENGTH 255

/* Found values are quoted in messages up to this length. */
#define MAX_QUOTED 60

/* Reads one member into the specification; FALSE where the value breaks the member's rule. */
typedef gboolean (*ReadMember) (HeartbeatCheckSpec *spec, const HeartbeatJson *value);

typedef struct
{
  const char *name;
  ReadMember read;
  const char *rule;
} MemberRule;

static gboolean
read_integer (const HeartbeatJson *value, gint64 least, gint64 *result)
{
  return heartbeat_json_get_integer (value, result) && *result >= least;
}

/* What a string means, or NULL where @value is none or has a NUL within. */
static char *
read_text (const HeartbeatJson *value)
{
  g_autofree char *text = NULL;
  gsize length;

  if (!heartbeat_json_is_string (value))
    return NULL;
  text = heartbeat_json_dup_string (value, &length);
  return strlen (text) == length ? g_steal_pointer (&text) : NULL;
}

static gboolean
read_cadence (HeartbeatCheckSpec *spec, const HeartbeatJson *value)
{
  return read_integer (value, MIN_CADENCE_MS, &spec->cadence);
}

static gboolean
read_priority (HeartbeatCheckSpec *spec, const HeartbeatJson *value)
{
  return read_integer (value, 1, &spec->priority);
}

static gboolean
read_last_run (HeartbeatCheckSpec *spec, const HeartbeatJson *value)
{
  return read_integer (value, 0, &spec->last_run);
}

static gboolean
read_timeout (HeartbeatCheckSpec *spec, const HeartbeatJson *value)
{
  gint64 timeout;

  if (!read_integer (value, MIN_TIMEOUT_MS, &timeout) || timeout > MAX_TIMEOUT_MS)
    return FALSE;
  spec->timeout = timeout;
  return TRUE;
}

static gboolean
read_handler (HeartbeatCheckSpec *spec, const HeartbeatJson *value)
{
  g_free (spec->handler);
  spec->handler = read_text (value);
  return spec->handler != NULL;
}

static gboolean
read_enabled (HeartbeatCheckSpec *spec, const HeartbeatJson *value)
{
  return heartbeat_json_get_boolean (value, &spec->enabled);
}

static gboolean
read_meta (HeartbeatCheckSpec *spec, const HeartbeatJson *value)
{
  return heartbeat_json_is_object (value);
}

static gboolean
read_quarter_of (HeartbeatCheckSpec *spec, const HeartbeatJson *value)
{
  if (heartbeat_json_equals (value, "day"))
    spec->quarter.of = HEARTBEAT_QUARTER_OF_DAY;
  else if (heartbeat_json_equals (value, "year"))
    spec->quarter.of = HEARTBEAT_QUARTER_OF_YEAR;
  else
    return FALSE;
  return TRUE;
}

static gboolean
read_quarters (HeartbeatCheckSpec *spec, const HeartbeatJson *value)
{
  HeartbeatJsonIter iter;
  HeartbeatJson element;

  if (!heartbeat_json_is_array (value))
    return FALSE;
  spec->quarter.quarters = 0;
  heartbeat_json_iter_init (&iter, value);
  while (heartbeat_json_iter_element (&iter, &element))
    {
      g_autofree char *name = read_text (&element);
      guint quarter = name != NULL ? heartbeat_quarter_parse (name, strlen (name)) : 0;

      if (quarter == 0)
        return FALSE;
      spec->quarter.quarters |= 1 << (quarter - 1);
    }
  return TRUE;
}

static gboolean
read_start (HeartbeatCheckSpec *spec, const HeartbeatJson *value)
{
  g_autofree char *text = read_text (value);

  return text != NULL && heartbeat_window_parse_time (text, FALSE, &spec->window.start);
}

static gboolean
read_end (HeartbeatCheckSpec *spec, const HeartbeatJson *value)
{
  g_autofree char *text = read_text (value);

  return text != NULL && heartbeat_window_parse_time (text, TRUE, &spec->window.end);
}

static gboolean
read_zone (HeartbeatCheckSpec *spec, const HeartbeatJson *value)
{
  g_free (spec->zone_name);
  spec->zone_name = read_text (value);
  g_clear_pointer (&spec->zone, g_time_zone_unref);
  spec->zone = spec->zone_name != NULL ? heartbeat_zone_lookup (spec->zone_name, NULL) : NULL;
  return spec->zone != NULL;
}

static gboolean
read_days (HeartbeatCheckSpec *spec, const HeartbeatJson *value)
{
  HeartbeatJsonIter iter;
  HeartbeatJson element;

  if (!heartbeat_json_is_array (value))
    return FALSE;
  spec->window.days = 0;
  heartbeat_json_iter_init (&iter, value);
  while (heartbeat_json_iter_element (&iter, &element))
    {
      g_autofree char *name = read_text (&element);

      if (name == NULL || !heartbeat_window_parse_day (name, &spec->window.days))
        return FALSE;
    }
  return TRUE;
}

static const MemberRule check_rules[] = {
  { "cadenceMs", read_cadence, "an integer of at least 1000 is expected" },
  { "handler", read_handler, "the name of a handler, a string without NUL, is expected" },
  { "priority", read_priority, "an integer of at least 1 is expected" },
  { "enabled", read_enabled, "true or false is expected" },
  { "lastRun", read_last_run,
    "a time in Unix milliseconds, an integer of at least 0, is expected" },
  { "timeoutMs", read_timeout, "an integer from 1000 to 1500000 is expected" },
  { "triggerOnQuarters", read_quarters, "an array of “Q1” to “Q4” is expected" },
  { "quarterOf", read_quarter_of, "“day” or “year” is expected" },
  { "meta", read_meta, "an object is expected" },
};

static const MemberRule window_rules[] = {
  { "start", read_start, "a time of the day, “HH:MM” from 00:00 to 23:59, is expected" },
  { "end", read_end, "a time of the day, “HH:MM” from 00:00 to 24:00, is expected" },
  { "tz", read_zone, "the name of a time zone in tzdata is expected" },
  { "days", read_days, "an array of “mon” to “sun” is expected" },
};

/* Keeps the first error: where, what was found, and the rule. */
static void
set_error (HeartbeatCheckSpec *spec,
           const char *text,
           const HeartbeatJson *value,
           const char *member,
           const char *rule)
{
  g_autofree char *found = NULL;
  g_autofree char *shown = NULL;
  guint line, column;

  if (spec->error != NULL)
    return;
  heartbeat_json_position (text, value->start, &line, &column);
  found = heartbeat_json_dup_text (value);
  shown = g_utf8_strlen (found, -1) > MAX_QUOTED ? g_utf8_substring (found, 0, MAX_QUOTED) : NULL;
  spec->error = g_strdup_printf ("line %u, column %u: checks.%s%s%s is %s%s: %s", line, column,
                                 spec->name, member[0] == '\0' ? "" : ".", member,
                                 shown != NULL ? shown : found, shown != NULL ? "…" : "", rule);
}

static void
set_missing (HeartbeatCheckSpec *spec,
             const char *text,
             const HeartbeatJson *object,
             const char *member)
{
  guint line, column;

  if (spec->error != NULL)
    return;
  heartbeat_json_position (text, object->start, &line, &column);
  spec->error = g_strdup_printf ("line %u, column %u: checks.%s.%s is missing", line, column,
                                 spec->name, member);
}

/* Reads the members that have a rule, and returns a bit for each of them. */
static guint
read_members (HeartbeatCheckSpec *spec,
              const char *text,
              const HeartbeatJson *object,
              const MemberRule *rules,
              guint n_rules,
              const char *prefix)
{
  HeartbeatJson last[G_N_ELEMENTS (check_rules)] = { 0 };
  HeartbeatJsonIter iter;
  HeartbeatJson name, value;
  guint seen = 0;

  heartbeat_json_iter_init (&iter, object);
  while (heartbeat_json_iter_member (&iter, &name, &value))
    for (guint i = 0; i < n_rules; i++)
      if (heartbeat_json_equals (&name, rules[i].name))
        last[i] = value;
  for (guint i = 0; i < n_rules; i++)
    {
      if (last[i].start == NULL)
        continue;
      seen |= 1 << i;
      if (!rules[i].read (spec, &last[i]))
        {
          g_autofree char *path = g_strconcat (prefix, rules[i].name, NULL);

          set_error (spec, text, &last[i], path, rules[i].rule);
        }
    }
  return seen;
}

static void
read_window (HeartbeatCheckSpec *spec, const char *text)
{
  HeartbeatJson window;
  guint seen;

  if (!heartbeat_json_get_member (&spec->json, "window", &window)
      || heartbeat_json_is_null (&window))
    return;
  if (!heartbeat_json_is_object (&window))
    {
      set_error (spec, text, &window, "window", "an object or null is expected");
      return;
    }
  spec->has_window = TRUE;
  seen = read_members (spec, text, &window, window_rules, G_N_ELEMENTS (window_rules), "window.");
  if (!(seen & (1 << 0)))
    set_missing (spec, text, &window, "window.start");
  if (!(seen & (1 << 1)))
    set_missing (spec, text, &window, "window.end");
}

static void
read_name (HeartbeatCheckSpec *spec, const char *text, const HeartbeatJson *name)
{
  gsize length;
  GString *shown;

  spec->name = heartbeat_json_dup_string (name, &length);
  if (strlen (spec->name) != length)
    {
      shown = g_string_new_len (spec->name, length);
      for (gsize i = 0; i < shown->len; i++)
        if (shown->str[i] == '\0')
          g_string_insert (g_string_erase (shown, i, 1), i, "\342\220\200");
      g_free (spec->name);
      spec->name = g_string_free (shown, FALSE);
      set_error (spec, text, name, "", "the name of a check has no NUL");
    }
  if (length < 1 || length > MAX_NAME_LENGTH)
    set_error (spec, text, name, "", "the name of a check has 1 to 255 bytes");
}

/**
 * heartbeat_check_spec_new:
 * @text: the text of heartbeat.json, for lines and columns
 * @name: the check's name in @text
 * @json: the check in @text, any value
 * @default_zone: (nullable): the zone of a check without one; a check that needs it is invalid if there is none
 *
 * Reads one check. What is wrong with it is in its `error`, with line, column, member path, found value and rule.
 *
 * Returns: (transfer full): the check
 */
HeartbeatCheckSpec *
heartbeat_check_spec_new (const char *text,
                          const HeartbeatJson *name,
                          const HeartbeatJson *json,
                          GTimeZone *default_zone)
{
  HeartbeatCheckSpec *spec = g_new0 (HeartbeatCheckSpec, 1);
  guint seen;

  g_atomic_ref_count_init (&spec->refs);
  spec->json = *json;
  spec->priority = 1;
  spec->enabled = TRUE;
  read_name (spec, text, name);
  if (!heartbeat_json_is_object (json))
    {
      set_error (spec, text, json, "", "an object is expected");
      return spec;
    }
  seen = read_members (spec, text, json, check_rules, G_N_ELEMENTS (check_rules), "");
  if (!(seen & (1 << 0)))
    set_missing (spec, text, json, "cadenceMs");
  if (!(seen & (1 << 1)))
    set_missing (spec, text, json, "handler");
  read_window (spec, text);
  if (spec->zone == NULL && default_zone != NULL)
    spec->zone = g_time_zone_ref (default_zone);
  else if (spec->zone == NULL && (spec->has_window || spec->quarter.quarters != 0))
    set_error (spec, text, json, "", "its zone " HEARTBEAT_ZONE_DEFAULT " is not in tzdata");
  if (spec->zone_name == NULL)
    spec->zone_name = g_strdup (HEARTBEAT_ZONE_DEFAULT);
  return spec;
}

HeartbeatCheckSpec *
heartbeat_check_spec_ref (HeartbeatCheckSpec *spec)
{
  g_atomic_ref_count_inc (&spec->refs);
  return spec;
}

void
heartbeat_check_spec_unref (HeartbeatCheckSpec *spec)
{
  if (!g_atomic_ref_count_dec (&spec->refs))
    return;
  heartbeat_pause_clear (&spec->pause);
  g_clear_pointer (&spec->zone, g_time_zone_unref);
  g_free (spec->zone_name);
  g_free (spec->handler);
  g_free (spec->error);
  g_free (spec->name);
  g_free (spec);
}

/**
 * heartbeat_check_spec_read_pause:
 * @spec: a check that nobody else holds yet
 * @text: the text of heartbeat.json
 * @value: the member of `paused` with the check's name
 *
 * Reads the check's pause. One that breaks the rule makes the check invalid: the user wanted it not to run.
 */
void
heartbeat_check_spec_read_pause (HeartbeatCheckSpec *spec,
                                 const char *text,
                                 const HeartbeatJson *value)
{
  guint line, column;

  heartbeat_pause_clear (&spec->pause);
  if (heartbeat_pause_parse (&spec->pause, value) || spec->error != NULL)
    return;
  heartbeat_json_position (text, value->start, &line, &column);
  spec->error = g_strdup_printf ("line %u, column %u: paused.%s: " HEARTBEAT_PAUSE_RULE, line,
                                 column, spec->name);
}

/**
 * heartbeat_pause_parse:
 * @pause: (out caller-allocates): the pause, to be cleared with heartbeat_pause_clear()
 * @value: a member of `paused`
 *
 * Returns: whether @value is `true` or an object with a good `until` and `reason`
 */
gboolean
heartbeat_pause_parse (HeartbeatPause *pause, const HeartbeatJson *value)
{
  HeartbeatJson member;
  gboolean truth;

  *pause = (HeartbeatPause){ .active = TRUE };
  if (heartbeat_json_get_boolean (value, &truth))
    return truth;
  if (!heartbeat_json_is_object (value))
    return FALSE;
  if (heartbeat_json_get_member (value, "until", &member)
      && !read_integer (&member, 0, &pause->until))
    return FALSE;
  if (!heartbeat_json_get_member (value, "reason", &member))
    return TRUE;
  if (!heartbeat_json_is_string (&member))
    return FALSE;
  pause->reason = heartbeat_json_dup_string (&member, NULL);
  return TRUE;
}

void
heartbeat_pause_clear (HeartbeatPause *pause)
{
  g_clear_pointer (&pause->reason, g_free);
  pause->active = FALSE;
  pause->until = 0;
}

/**
 * heartbeat_pause_holds:
 * @pause: a pause
 * @now: the time in Unix ms
 *
 * Returns: whether it is in force
 */
gboolean
heartbeat_pause_holds (const HeartbeatPause *pause, gint64 now)
{
  return pause->active && (pause->until == 0 || now < pause->until);
}
