/* SPDX-License-Identifier: MIT */

#include "config/heartbeat-config.h"

#include <string.h>

#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"

#define SCHEMA "heartbeat.v1"

/* A file that is being read. What is in `problems` makes all of it unusable; what is wrong with a check is the check's. */
typedef struct
{
  HeartbeatConfig *config;
  HeartbeatParseContext *context;
  GHashTable *by_name; /* of HeartbeatCheckSpec */
  GPtrArray *problems; /* of HeartbeatProblem, NULL where there is none */
  GPtrArray *ignored;  /* likewise: of pauses that stop nothing */
} Reader;

static void
report (Reader *reader,
        const HeartbeatJson *place,
        const char *path,
        const HeartbeatJson *found,
        const char *rule)
{
  heartbeat_parse_context_report (reader->context, &reader->problems,
                                  heartbeat_problem_new (place->start, path, found, rule));
}

/* A member that is required, reported if it is missing. */
static gboolean
require (Reader *reader, const HeartbeatJson *root, const char *name, HeartbeatJson *value)
{
  if (heartbeat_json_get_member (root, name, value))
    return TRUE;
  report (reader, root, name, NULL, _ (HEARTBEAT_PROBLEM_MISSING));
  return FALSE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  const HeartbeatCheckSpec *const *left = a, *const *right = b;

  return strcmp ((*left)->name, (*right)->name);
}

/* Of two checks with one name the later replaces the earlier, and what was wrong with that. */
static void
read_checks (Reader *reader, const HeartbeatJson *root)
{
  HeartbeatJsonIter iter;
  HeartbeatJson checks, name, value;

  if (!require (reader, root, "checks", &checks))
    return;
  if (!heartbeat_json_is_object (&checks))
    {
      report (reader, &checks, "checks", &checks, _ ("an object is expected"));
      return;
    }
  heartbeat_json_iter_init (&iter, &checks);
  while (heartbeat_json_iter_member (&iter, &name, &value))
    {
      HeartbeatCheckSpec *spec = heartbeat_check_spec_new (reader->context, &name, &value);

      g_hash_table_replace (reader->by_name, spec->name, spec);
      if (g_hash_table_size (reader->by_name) <= HEARTBEAT_CONFIG_MAX_CHECKS)
        continue;
      report (reader, &name, "checks", NULL, _ ("there are more than 1000 checks"));
      return;
    }
}

/* Of members with one name the last. A name with a NUL within is no check's, but would look like one's: so bytes. */
static GHashTable *
index_members (const HeartbeatJson *object)
{
  GHashTable *members
      = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, g_free);
  HeartbeatJsonIter iter;
  HeartbeatJson name, value;

  heartbeat_json_iter_init (&iter, object);
  while (heartbeat_json_iter_member (&iter, &name, &value))
    {
      gsize length;
      char *key = heartbeat_json_dup_string (&name, &length);

      g_hash_table_replace (members, g_bytes_new_take (key, length),
                            g_memdup2 (&value, sizeof value));
    }
  return members;
}

/* A pause of a check that does not exist stops nothing, whatever it is: a broken one is only reported. */
static void
read_ignored_pause (Reader *reader, const char *name, const HeartbeatJson *value)
{
  g_auto (HeartbeatPause) pause = { 0 };
  g_autofree char *path = g_strconcat ("paused.", name, NULL);

  heartbeat_pause_read (&pause, reader->context, &reader->ignored, path, value);
}

static void
read_pause (Reader *reader, GBytes *bytes, const HeartbeatJson *value)
{
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);
  g_autofree char *name = length > 0 ? g_strndup (data, length) : g_strdup ("");
  gboolean whole = strlen (name) == length;
  HeartbeatCheckSpec *spec = g_hash_table_lookup (reader->by_name, name);

  if (whole && strcmp (name, "*") == 0)
    heartbeat_pause_read (&reader->config->pause, reader->context, &reader->problems, "paused.*",
                          value);
  else if (whole && spec != NULL)
    heartbeat_check_spec_read_pause (spec, reader->context, value);
  else
    read_ignored_pause (reader, name, value);
}

static void
read_paused (Reader *reader, const HeartbeatJson *root)
{
  g_autoptr (GHashTable) members = NULL;
  GHashTableIter iter;
  HeartbeatJson paused;
  gpointer name, value;

  if (!heartbeat_json_get_member (root, "paused", &paused))
    return;
  if (!heartbeat_json_is_object (&paused))
    {
      report (reader, &paused, "paused", &paused, _ ("an object is expected"));
      return;
    }
  members = index_members (&paused);
  g_hash_table_iter_init (&iter, members);
  while (g_hash_table_iter_next (&iter, &name, &value))
    read_pause (reader, name, value);
}

static void
read_head (Reader *reader, const HeartbeatJson *root)
{
  HeartbeatJson value;

  if (require (reader, root, "$schema", &value) && !heartbeat_json_equals (&value, SCHEMA))
    report (reader, &value, "$schema", &value, _ ("“heartbeat.v1” is expected"));
  if (!require (reader, root, "agent", &value))
    return;
  reader->config->agent = heartbeat_json_dup_c_string (&value);
  if (reader->config->agent == NULL)
    report (reader, &value, "agent", &value, _ ("a string without NUL is expected"));
}

static void
copy_pause (HeartbeatPause *pause, const HeartbeatPause *from)
{
  heartbeat_pause_clear (pause);
  *pause = *from;
  pause->reason = g_strdup (from->reason);
}

/* Both pauses hold: the check's own and that of all checks, for as long as the longer one. */
static void
merge_pause (HeartbeatPause *pause, const HeartbeatPause *all)
{
  gboolean longer = all->until == 0 || (pause->until != 0 && all->until > pause->until);

  if (!all->active || (pause->active && !longer))
    return;
  copy_pause (pause, all);
}

static void
collect_checks (Reader *reader)
{
  HeartbeatConfig *config = reader->config;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, reader->by_name);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      HeartbeatCheckSpec *spec = value;

      merge_pause (&spec->pause, &config->pause);
      g_ptr_array_add (config->checks, heartbeat_check_spec_ref (spec));
    }
  g_ptr_array_sort (config->checks, compare_names);
}

/* Reads on where something is wrong: the rest matters to callers that want every problem. */
static void
read_root (Reader *reader, const HeartbeatJson *root)
{
  if (!heartbeat_json_is_object (root))
    {
      report (reader, root, "", root, _ ("heartbeat.json is an object"));
      return;
    }
  read_head (reader, root);
  read_checks (reader, root);
  read_paused (reader, root);
  collect_checks (reader);
}

static void
add_problems (GPtrArray *all, GPtrArray *problems)
{
  for (guint i = 0; problems != NULL && i < problems->len; i++)
    g_ptr_array_add (all, heartbeat_problem_ref (g_ptr_array_index (problems, i)));
}

/* Every problem, in the order of the text; each check's error in words. */
static GPtrArray *
locate_problems (Reader *reader, const char *text, gsize length)
{
  GPtrArray *all = g_ptr_array_new_with_free_func ((GDestroyNotify) heartbeat_problem_unref);
  GPtrArray *checks = reader->config->checks;

  add_problems (all, reader->problems);
  add_problems (all, reader->ignored);
  for (guint i = 0; i < checks->len; i++)
    add_problems (all, ((HeartbeatCheckSpec *) g_ptr_array_index (checks, i))->problems);
  heartbeat_problem_locate (all, text, length);
  for (guint i = 0; i < checks->len; i++)
    heartbeat_check_spec_locate (g_ptr_array_index (checks, i));
  return all;
}

/* Reads all of @text, and returns what is wrong with it; the first problem that makes it unusable is in @error. */
static GPtrArray *
read_config (HeartbeatConfig *config, gboolean all, GError **error)
{
  g_autoptr (HeartbeatParseContext) context = heartbeat_parse_context_new (all);
  g_autoptr (GHashTable) by_name
      = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                               (GDestroyNotify) heartbeat_check_spec_unref);
  Reader reader = { config, context, by_name, NULL, NULL };
  gsize length;
  const char *data = g_bytes_get_data (config->text, &length);
  const char *text = length > 0 ? data : "";
  HeartbeatJson root;
  const char *fault, *rule;
  GPtrArray *problems;

  fault = heartbeat_json_find_fault (text, length, HEARTBEAT_JSON_ALLOW_BOM, &root, &rule);
  if (fault != NULL)
    heartbeat_parse_context_report (context, &reader.problems,
                                    heartbeat_problem_new (fault, "", NULL, rule));
  else
    read_root (&reader, &root);
  problems = locate_problems (&reader, text, length);
  if (reader.problems != NULL)
    {
      g_autofree char *what = heartbeat_problem_to_string (g_ptr_array_index (reader.problems, 0));

      g_set_error_literal (error, HEARTBEAT_ERROR,
                           fault != NULL ? HEARTBEAT_ERROR_INVALID_ARGUMENT
                                         : HEARTBEAT_ERROR_CONFIG_UNUSABLE,
                           what);
    }
  g_clear_pointer (&reader.problems, g_ptr_array_unref);
  g_clear_pointer (&reader.ignored, g_ptr_array_unref);
  return problems;
}

static HeartbeatConfig *
config_new (GBytes *text)
{
  HeartbeatConfig *config = g_new0 (HeartbeatConfig, 1);

  g_atomic_ref_count_init (&config->refs);
  config->text = g_bytes_ref (text);
  config->checks = g_ptr_array_new_with_free_func ((GDestroyNotify) heartbeat_check_spec_unref);
  return config;
}

/**
 * heartbeat_config_parse:
 * @text: the text of a heartbeat.json
 * @error: return location for a #HeartbeatError: %HEARTBEAT_ERROR_INVALID_ARGUMENT where it is no JSON,
 *   %HEARTBEAT_ERROR_CONFIG_UNUSABLE where it breaks a rule that concerns all checks
 *
 * Reads a file by hand of the scanner rather than into json-glib's values, so that every error knows its line and column and
 * every check its own bytes. One invalid check is no error here.
 *
 * Returns: (transfer full): the configuration
 */
HeartbeatConfig *
heartbeat_config_parse (GBytes *text, GError **error)
{
  g_autoptr (HeartbeatConfig) config = NULL;
  g_autoptr (GPtrArray) problems = NULL;
  g_autoptr (GError) unusable = NULL;

  g_return_val_if_fail (text != NULL, NULL);

  config = config_new (text);
  if (g_bytes_get_size (text) > HEARTBEAT_CONFIG_MAX_BYTES)
    {
      g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE,
                           HEARTBEAT_CONFIG_SIZE_RULE);
      return NULL;
    }
  problems = read_config (config, FALSE, &unusable);
  if (unusable == NULL)
    return g_steal_pointer (&config);
  g_propagate_error (error, g_steal_pointer (&unusable));
  return NULL;
}

/**
 * heartbeat_config_validate:
 * @text: the text of a heartbeat.json
 *
 * Finds everything that is wrong with a file: what makes it unusable, what makes a check invalid, and broken pauses of
 * checks that do not exist. A text that is no JSON has one problem.
 *
 * Returns: (transfer full) (element-type HeartbeatProblem): the problems, in the order of the text
 */
GPtrArray *
heartbeat_config_validate (GBytes *text)
{
  g_autoptr (HeartbeatConfig) config = NULL;
  GPtrArray *problems;

  g_return_val_if_fail (text != NULL, NULL);

  config = config_new (text);
  if (g_bytes_get_size (text) <= HEARTBEAT_CONFIG_MAX_BYTES)
    return read_config (config, TRUE, NULL);
  problems = g_ptr_array_new_with_free_func ((GDestroyNotify) heartbeat_problem_unref);
  g_ptr_array_add (problems, heartbeat_problem_new (g_bytes_get_data (text, NULL), "", NULL,
                                                    HEARTBEAT_CONFIG_SIZE_RULE));
  heartbeat_problem_locate (problems, g_bytes_get_data (text, NULL), 0);
  return problems;
}

HeartbeatConfig *
heartbeat_config_ref (HeartbeatConfig *config)
{
  g_return_val_if_fail (config != NULL, NULL);

  g_atomic_ref_count_inc (&config->refs);
  return config;
}

void
heartbeat_config_unref (HeartbeatConfig *config)
{
  g_return_if_fail (config != NULL);

  if (!g_atomic_ref_count_dec (&config->refs))
    return;
  g_clear_pointer (&config->checks, g_ptr_array_unref);
  heartbeat_pause_clear (&config->pause);
  g_clear_pointer (&config->text, g_bytes_unref);
  g_free (config->agent);
  g_free (config);
}
