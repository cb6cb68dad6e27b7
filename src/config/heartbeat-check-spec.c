/* SPDX-License-Identifier: MIT */

#include "config/heartbeat-check-spec.h"

#include <string.h>

#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"
#include "base/heartbeat-limits.h"
#include "base/heartbeat-zone.h"

/* A check that is being read. */
typedef struct
{
  HeartbeatCheckSpec *spec;
  HeartbeatParseContext *context;
} Reader;

/* Reads a value into the specification; FALSE where it breaks its rule. */
typedef gboolean (*ReadValue) (Reader *reader, const HeartbeatJson *value);

typedef struct
{
  const char *name;
  gboolean required;
  ReadValue read;
  const char *rule;
  ReadValue read_element; /* of an array */
  const char *element_rule;
} MemberRule;

static gboolean
read_integer (const HeartbeatJson *value, gint64 least, gint64 *result)
{
  return heartbeat_json_get_integer (value, result) && *result >= least;
}

static gboolean
read_cadence (Reader *reader, const HeartbeatJson *value)
{
  return read_integer (value, HEARTBEAT_CADENCE_MIN_MS, &reader->spec->cadence);
}

static gboolean
read_priority (Reader *reader, const HeartbeatJson *value)
{
  return read_integer (value, 1, &reader->spec->priority);
}

static gboolean
read_last_run (Reader *reader, const HeartbeatJson *value)
{
  return read_integer (value, 0, &reader->spec->last_run);
}

static gboolean
read_timeout (Reader *reader, const HeartbeatJson *value)
{
  gint64 timeout;

  if (!read_integer (value, HEARTBEAT_TIMEOUT_MIN_MS, &timeout)
      || timeout > HEARTBEAT_TIMEOUT_MAX_MS)
    return FALSE;
  reader->spec->timeout = timeout;
  return TRUE;
}

static gboolean
read_handler (Reader *reader, const HeartbeatJson *value)
{
  reader->spec->handler = heartbeat_json_dup_c_string (value);
  return reader->spec->handler != NULL;
}

static gboolean
read_enabled (Reader *reader, const HeartbeatJson *value)
{
  return heartbeat_json_get_boolean (value, &reader->spec->enabled);
}

static gboolean
read_meta (Reader *reader, const HeartbeatJson *value)
{
  return heartbeat_json_is_object (value);
}

static gboolean
read_quarter_of (Reader *reader, const HeartbeatJson *value)
{
  if (heartbeat_json_equals (value, "day"))
    reader->spec->quarter.of = HEARTBEAT_QUARTER_OF_DAY;
  else if (heartbeat_json_equals (value, "year"))
    reader->spec->quarter.of = HEARTBEAT_QUARTER_OF_YEAR;
  else
    return FALSE;
  return TRUE;
}

static gboolean
read_array (Reader *reader, const HeartbeatJson *value)
{
  return heartbeat_json_is_array (value);
}

static gboolean
read_quarter (Reader *reader, const HeartbeatJson *value)
{
  g_autofree char *name = heartbeat_json_dup_c_string (value);
  guint quarter = name != NULL ? heartbeat_quarter_parse (name, strlen (name)) : 0;

  if (quarter == 0)
    return FALSE;
  reader->spec->quarter.quarters |= 1 << (quarter - 1);
  return TRUE;
}

static gboolean
read_start (Reader *reader, const HeartbeatJson *value)
{
  g_autofree char *text = heartbeat_json_dup_c_string (value);

  return text != NULL && heartbeat_window_parse_time (text, FALSE, &reader->spec->window.start);
}

static gboolean
read_end (Reader *reader, const HeartbeatJson *value)
{
  g_autofree char *text = heartbeat_json_dup_c_string (value);

  return text != NULL && heartbeat_window_parse_time (text, TRUE, &reader->spec->window.end);
}

static gboolean
read_zone (Reader *reader, const HeartbeatJson *value)
{
  HeartbeatCheckSpec *spec = reader->spec;

  spec->zone_name = heartbeat_json_dup_c_string (value);
  if (spec->zone_name != NULL)
    spec->zone = heartbeat_parse_context_find_zone (reader->context, spec->zone_name);
  return spec->zone != NULL;
}

static gboolean
read_day (Reader *reader, const HeartbeatJson *value)
{
  g_autofree char *name = heartbeat_json_dup_c_string (value);

  return name != NULL && heartbeat_window_parse_day (name, &reader->spec->window.days);
}

static const MemberRule check_rules[] = {
  { "cadenceMs", TRUE, read_cadence, N_ ("an integer of at least 1000 is expected") },
  { "handler", TRUE, read_handler,
    N_ ("the name of a handler, a string without NUL, is expected") },
  { "priority", FALSE, read_priority, N_ ("an integer of at least 1 is expected") },
  { "enabled", FALSE, read_enabled, N_ ("true or false is expected") },
  { "lastRun", FALSE, read_last_run,
    N_ ("a time in Unix milliseconds, an integer of at least 0, is expected") },
  { "timeoutMs", FALSE, read_timeout, N_ ("an integer from 1000 to 1500000 is expected") },
  { "triggerOnQuarters", FALSE, read_array, N_ ("an array of “Q1” to “Q4” is expected"),
    read_quarter, N_ ("“Q1”, “Q2”, “Q3” or “Q4” is expected") },
  { "quarterOf", FALSE, read_quarter_of, N_ ("“day” or “year” is expected") },
  { "meta", FALSE, read_meta, N_ ("an object is expected") },
};

static const MemberRule window_rules[] = {
  { "start", TRUE, read_start, N_ ("a time of the day, “HH:MM” from 00:00 to 23:59, is expected") },
  { "end", TRUE, read_end, N_ ("a time of the day, “HH:MM” from 00:00 to 24:00, is expected") },
  { "tz", FALSE, read_zone,
    N_ ("the name of a time zone in tzdata (or tzdata-legacy, for old names) is expected") },
  { "days", FALSE, read_array, N_ ("an array of “mon” to “sun” is expected"), read_day,
    N_ ("“mon”, “tue”, “wed”, “thu”, “fri”, “sat” or “sun” is expected") },
};

static void
report (Reader *reader,
        const char *place,
        const char *member,
        const HeartbeatJson *found,
        const char *rule)
{
  g_autofree char *path = NULL;

  if (!heartbeat_parse_context_wants (reader->context, reader->spec->problems))
    return;
  path = g_strconcat ("checks.", reader->spec->name, member, NULL);
  heartbeat_parse_context_report (reader->context, &reader->spec->problems,
                                  heartbeat_problem_new (place, path, found, rule));
}

static void
read_elements (Reader *reader,
               const char *prefix,
               const MemberRule *rule,
               const HeartbeatJson *array)
{
  HeartbeatJsonIter iter;
  HeartbeatJson element;

  heartbeat_json_iter_init (&iter, array);
  for (guint i = 0; heartbeat_json_iter_element (&iter, &element); i++)
    {
      g_autofree char *member = NULL;

      if (rule->read_element (reader, &element))
        continue;
      member = g_strdup_printf ("%s.%s[%u]", prefix, rule->name, i);
      report (reader, element.start, member, &element, _ (rule->element_rule));
    }
}

static void
read_member (Reader *reader,
             const char *prefix,
             const MemberRule *rule,
             const HeartbeatJson *object,
             const HeartbeatJson *value)
{
  g_autofree char *member = NULL;

  if (value->start == NULL ? !rule->required : rule->read (reader, value))
    {
      if (value->start != NULL && rule->read_element != NULL)
        read_elements (reader, prefix, rule, value);
      return;
    }
  member = g_strconcat (prefix, ".", rule->name, NULL);
  if (value->start == NULL)
    report (reader, object->start, member, NULL, _ (HEARTBEAT_PROBLEM_MISSING));
  else
    report (reader, value->start, member, value, _ (rule->rule));
}

/* Reads the members that have a rule; of duplicates the last. */
static void
read_members (Reader *reader,
              const char *prefix,
              const HeartbeatJson *object,
              const MemberRule *rules,
              guint n_rules)
{
  HeartbeatJson last[G_N_ELEMENTS (check_rules)] = { 0 };
  HeartbeatJsonIter iter;
  HeartbeatJson name, value;

  G_STATIC_ASSERT (G_N_ELEMENTS (window_rules) <= G_N_ELEMENTS (check_rules));
  heartbeat_json_iter_init (&iter, object);
  while (heartbeat_json_iter_member (&iter, &name, &value))
    for (guint i = 0; i < n_rules; i++)
      if (heartbeat_json_equals (&name, rules[i].name))
        last[i] = value;
  for (guint i = 0; i < n_rules; i++)
    read_member (reader, prefix, &rules[i], object, &last[i]);
}

static void
read_window (Reader *reader)
{
  HeartbeatJson window;

  if (!heartbeat_json_get_member (&reader->spec->json, "window", &window)
      || heartbeat_json_is_null (&window))
    return;
  if (!heartbeat_json_is_object (&window))
    {
      report (reader, window.start, ".window", &window, _ ("an object or null is expected"));
      return;
    }
  reader->spec->has_window = TRUE;
  read_members (reader, ".window", &window, window_rules, G_N_ELEMENTS (window_rules));
}

/* A check without a zone has the default one; that it is not in tzdata matters only where it is used. */
static void
settle_zone (Reader *reader)
{
  HeartbeatCheckSpec *spec = reader->spec;

  if (spec->zone != NULL)
    return;
  spec->zone = heartbeat_parse_context_find_zone (reader->context, HEARTBEAT_ZONE_DEFAULT);
  if (spec->zone_name != NULL)
    return;
  spec->zone_name = g_strdup (HEARTBEAT_ZONE_DEFAULT);
  if (spec->zone == NULL && (spec->has_window || spec->quarter.quarters != 0))
    report (reader, spec->json.start, "", NULL, _ ("its zone America/New_York is not in tzdata"));
}

static void
read_name (Reader *reader, const HeartbeatJson *name)
{
  HeartbeatCheckSpec *spec = reader->spec;
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
      report (reader, name->start, "", name, _ ("a name without NUL is expected"));
    }
  if (length < 1 || length > HEARTBEAT_CHECK_NAME_MAX_BYTES)
    report (reader, name->start, "", name, _ ("a name of 1 to 255 bytes is expected"));
}

/**
 * heartbeat_check_spec_new:
 * @context: the parsing of heartbeat.json
 * @name: the check's name in the text
 * @json: the check in the text, any value
 *
 * Reads one check. What is wrong with it is in its `problems`.
 *
 * Returns: (transfer full): the check
 */
HeartbeatCheckSpec *
heartbeat_check_spec_new (HeartbeatParseContext *context,
                          const HeartbeatJson *name,
                          const HeartbeatJson *json)
{
  HeartbeatCheckSpec *spec = NULL;
  Reader reader;

  g_return_val_if_fail (context != NULL, NULL);
  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (json != NULL, NULL);

  spec = g_new0 (HeartbeatCheckSpec, 1);
  reader = (Reader){ spec, context };
  g_atomic_ref_count_init (&spec->refs);
  spec->json = *json;
  spec->priority = 1;
  spec->enabled = TRUE;
  read_name (&reader, name);
  if (!heartbeat_json_is_object (json))
    {
      report (&reader, json->start, "", json, _ ("an object is expected"));
      return spec;
    }
  read_members (&reader, "", json, check_rules, G_N_ELEMENTS (check_rules));
  read_window (&reader);
  settle_zone (&reader);
  return spec;
}

/**
 * heartbeat_check_spec_locate:
 * @spec: a check that nobody else holds yet, the places of whose problems are known
 *
 * Puts the first of them into words.
 */
void
heartbeat_check_spec_locate (HeartbeatCheckSpec *spec)
{
  g_return_if_fail (spec != NULL);

  g_free (spec->error);
  spec->error = spec->problems != NULL
                    ? heartbeat_problem_to_string (g_ptr_array_index (spec->problems, 0))
                    : NULL;
}

HeartbeatCheckSpec *
heartbeat_check_spec_ref (HeartbeatCheckSpec *spec)
{
  g_return_val_if_fail (spec != NULL, NULL);

  g_atomic_ref_count_inc (&spec->refs);
  return spec;
}

void
heartbeat_check_spec_unref (HeartbeatCheckSpec *spec)
{
  g_return_if_fail (spec != NULL);

  if (!g_atomic_ref_count_dec (&spec->refs))
    return;
  heartbeat_pause_clear (&spec->pause);
  g_clear_pointer (&spec->zone, g_time_zone_unref);
  g_free (spec->zone_name);
  g_free (spec->handler);
  g_clear_pointer (&spec->problems, g_ptr_array_unref);
  g_free (spec->error);
  g_free (spec->name);
  g_free (spec);
}

/**
 * heartbeat_check_spec_read_pause:
 * @spec: a check that nobody else holds yet
 * @context: the parsing of heartbeat.json
 * @value: the member of `paused` with the check's name
 *
 * Reads the check's pause. One that breaks the rule makes the check invalid: the user wanted it not to run.
 */
void
heartbeat_check_spec_read_pause (HeartbeatCheckSpec *spec,
                                 HeartbeatParseContext *context,
                                 const HeartbeatJson *value)
{
  g_autofree char *path = NULL;

  g_return_if_fail (spec != NULL);
  g_return_if_fail (context != NULL);
  g_return_if_fail (value != NULL);

  path = g_strconcat ("paused.", spec->name, NULL);
  heartbeat_pause_read (&spec->pause, context, &spec->problems, path, value);
}

static void
report_pause (HeartbeatParseContext *context,
              GPtrArray **problems,
              const char *path,
              const char *member,
              const HeartbeatJson *found,
              const char *rule)
{
  g_autofree char *whole = g_strconcat (path, member, NULL);

  heartbeat_parse_context_report (context, problems,
                                  heartbeat_problem_new (found->start, whole, found, rule));
}

/**
 * heartbeat_pause_read:
 * @pause: (inout): a cleared pause
 * @context: the parsing of heartbeat.json
 * @problems: (inout) (element-type HeartbeatProblem): where to what is wrong is added
 * @path: the member of `paused`
 * @value: its value
 *
 * Reads `true`, or an object with `until` and `reason`.
 */
void
heartbeat_pause_read (HeartbeatPause *pause,
                      HeartbeatParseContext *context,
                      GPtrArray **problems,
                      const char *path,
                      const HeartbeatJson *value)
{
  HeartbeatJson member;
  gboolean truth;

  g_return_if_fail (pause != NULL);
  g_return_if_fail (context != NULL);
  g_return_if_fail (problems != NULL);
  g_return_if_fail (path != NULL);
  g_return_if_fail (value != NULL);

  *pause = (HeartbeatPause){ .active = TRUE };
  if (heartbeat_json_get_boolean (value, &truth) && truth)
    return;
  if (!heartbeat_json_is_object (value))
    {
      report_pause (context, problems, path, "", value, _ ("true or an object is expected"));
      return;
    }
  if (heartbeat_json_get_member (value, "until", &member)
      && !read_integer (&member, 0, &pause->until))
    report_pause (context, problems, path, ".until", &member,
                  _ ("a time in Unix milliseconds, an integer of at least 0, is expected"));
  else if (heartbeat_json_get_member (value, "until", &member))
    /* 0 is 1970, which is past; in the structure it would be for ever. */
    pause->until = MAX (pause->until, 1);
  if (!heartbeat_json_get_member (value, "reason", &member))
    return;
  if (heartbeat_json_is_string (&member))
    pause->reason = heartbeat_json_dup_string (&member, NULL);
  else
    report_pause (context, problems, path, ".reason", &member, _ ("a string is expected"));
}

void
heartbeat_pause_clear (HeartbeatPause *pause)
{
  g_return_if_fail (pause != NULL);

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
  g_return_val_if_fail (pause != NULL, FALSE);

  return pause->active && (pause->until == 0 || now < pause->until);
}
