/* SPDX-License-Identifier: MIT */

#include "core/heartbeat-config.h"

#include <string.h>

#include "core/heartbeat-error.h"
#include "core/heartbeat-zone.h"

#define SCHEMA "heartbeat.v1"

static gboolean
fail_at (const char *text, const HeartbeatJson *value, GError **error, const char *rule)
{
  guint line, column;

  heartbeat_json_position (text, value->start, &line, &column);
  g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE, "line %u, column %u: %s",
               line, column, rule);
  return FALSE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  const HeartbeatCheckSpec *const *left = a, *const *right = b;

  return strcmp ((*left)->name, (*right)->name);
}

/* Of two checks with one name the later replaces the earlier. */
static gboolean
read_checks (GHashTable *by_name, const char *text, const HeartbeatJson *checks, GError **error)
{
  g_autoptr (GTimeZone) zone = heartbeat_zone_lookup (HEARTBEAT_ZONE_DEFAULT, NULL);
  HeartbeatJsonIter iter;
  HeartbeatJson name, value;

  heartbeat_json_iter_init (&iter, checks);
  while (heartbeat_json_iter_member (&iter, &name, &value))
    {
      HeartbeatCheckSpec *spec = heartbeat_check_spec_new (text, &name, &value, zone);

      g_hash_table_replace (by_name, spec->name, spec);
      if (g_hash_table_size (by_name) > HEARTBEAT_CONFIG_MAX_CHECKS)
        return fail_at (text, &name, error, "there are more than 10000 checks");
    }
  return TRUE;
}

/* Of members with one name the last. A name with a NUL within is no check's, but would look like one's. */
static GHashTable *
index_members (const HeartbeatJson *object)
{
  GHashTable *members = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  HeartbeatJsonIter iter;
  HeartbeatJson name, value;

  heartbeat_json_iter_init (&iter, object);
  while (heartbeat_json_iter_member (&iter, &name, &value))
    {
      gsize length;
      g_autofree char *key = heartbeat_json_dup_string (&name, &length);

      if (strlen (key) == length)
        g_hash_table_replace (members, g_steal_pointer (&key), g_memdup2 (&value, sizeof value));
    }
  return members;
}

static gboolean
read_paused (HeartbeatConfig *config,
             GHashTable *by_name,
             const char *text,
             const HeartbeatJson *paused,
             GError **error)
{
  g_autoptr (GHashTable) members = NULL;
  GHashTableIter iter;
  gpointer name, value;

  if (!heartbeat_json_is_object (paused))
    return fail_at (text, paused, error, "paused: an object is expected");
  members = index_members (paused);
  g_hash_table_iter_init (&iter, members);
  while (g_hash_table_iter_next (&iter, &name, &value))
    {
      HeartbeatCheckSpec *spec = g_hash_table_lookup (by_name, name);

      if (spec != NULL)
        heartbeat_check_spec_read_pause (spec, text, value);
    }
  value = g_hash_table_lookup (members, "*");
  if (value != NULL && !heartbeat_pause_parse (&config->pause, value))
    return fail_at (text, value, error, "paused.*: " HEARTBEAT_PAUSE_RULE);
  return TRUE;
}

static gboolean
read_head (HeartbeatConfig *config, const char *text, const HeartbeatJson *root, GError **error)
{
  HeartbeatJson value;

  if (!heartbeat_json_is_object (root))
    return fail_at (text, root, error, "heartbeat.json is an object");
  if (!heartbeat_json_get_member (root, "$schema", &value))
    return fail_at (text, root, error, "$schema is missing");
  if (!heartbeat_json_equals (&value, SCHEMA))
    return fail_at (text, &value, error, "$schema: “" SCHEMA "” is expected");
  if (!heartbeat_json_get_member (root, "agent", &value))
    return fail_at (text, root, error, "agent is missing");
  if (!heartbeat_json_is_string (&value))
    return fail_at (text, &value, error, "agent: a string is expected");
  config->agent = heartbeat_json_dup_string (&value, NULL);
  return TRUE;
}

/* Both pauses hold: the check's own and that of all checks, for as long as the longer one. */
static void
merge_pause (HeartbeatPause *pause, const HeartbeatPause *all)
{
  gboolean longer = all->until == 0 || (pause->until != 0 && all->until > pause->until);

  if (!all->active || (pause->active && !longer))
    return;
  heartbeat_pause_clear (pause);
  *pause = *all;
  pause->reason = g_strdup (all->reason);
}

static void
collect_checks (HeartbeatConfig *config, GHashTable *by_name)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, by_name);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      HeartbeatCheckSpec *spec = value;

      merge_pause (&spec->pause, &config->pause);
      g_ptr_array_add (config->checks, heartbeat_check_spec_ref (spec));
    }
  g_ptr_array_sort (config->checks, compare_names);
}

static gboolean
read_root (HeartbeatConfig *config, const char *text, const HeartbeatJson *root, GError **error)
{
  g_autoptr (GHashTable) by_name
      = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                               (GDestroyNotify) heartbeat_check_spec_unref);
  HeartbeatJson value;

  if (!read_head (config, text, root, error))
    return FALSE;
  if (!heartbeat_json_get_member (root, "checks", &value))
    return fail_at (text, root, error, "checks is missing");
  if (!heartbeat_json_is_object (&value))
    return fail_at (text, &value, error, "checks: an object is expected");
  if (!read_checks (by_name, text, &value, error))
    return FALSE;
  if (heartbeat_json_get_member (root, "paused", &value)
      && !read_paused (config, by_name, text, &value, error))
    return FALSE;
  collect_checks (config, by_name);
  return TRUE;
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
  g_autoptr (HeartbeatConfig) config = g_new0 (HeartbeatConfig, 1);
  HeartbeatJson root;
  gsize length;
  const char *data = g_bytes_get_data (text, &length);

  g_atomic_ref_count_init (&config->refs);
  config->text = g_bytes_ref (text);
  config->checks = g_ptr_array_new_with_free_func ((GDestroyNotify) heartbeat_check_spec_unref);
  if (length > HEARTBEAT_CONFIG_MAX_SIZE)
    {
      g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE,
                           "the file is larger than 16 MiB");
      return NULL;
    }
  if (!heartbeat_json_scan (data, length, HEARTBEAT_JSON_ALLOW_BOM, &root, error)
      || !read_root (config, data, &root, error))
    return NULL;
  return g_steal_pointer (&config);
}

HeartbeatConfig *
heartbeat_config_ref (HeartbeatConfig *config)
{
  g_atomic_ref_count_inc (&config->refs);
  return config;
}

void
heartbeat_config_unref (HeartbeatConfig *config)
{
  if (!g_atomic_ref_count_dec (&config->refs))
    return;
  g_clear_pointer (&config->checks, g_ptr_array_unref);
  heartbeat_pause_clear (&config->pause);
  g_clear_pointer (&config->text, g_bytes_unref);
  g_free (config->agent);
  g_free (config);
}
