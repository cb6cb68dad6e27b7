/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-zone.h"

#include <stdio.h>
#include <string.h>

#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"

#define SECONDS_A_DAY G_GINT64_CONSTANT (86400)

static gboolean
is_zone_name (const char *name)
{
  if (!g_ascii_isalpha (*name) || strstr (name, "//") != NULL || strlen (name) > 255)
    return FALSE;
  for (; *name != '\0'; name++)
    if (!g_ascii_isalnum (*name) && strchr ("/_+-", *name) == NULL)
      return FALSE;
  return TRUE;
}

/* Whether tzdata has a file of that name: a TZif file, not one of the tables beside them. */
static gboolean
is_in_tzdata (const char *name)
{
  const char *folder = g_getenv ("TZDIR");
  g_autofree char *path = NULL;
  char magic[4] = "";
  FILE *file;

  path = g_build_filename (folder != NULL ? folder : "/usr/share/zoneinfo", name, NULL);
  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return FALSE;
  file = fopen (path, "re");
  if (file == NULL)
    return FALSE;
  if (fread (magic, 1, sizeof magic, file) != sizeof magic)
    memset (magic, 0, sizeof magic);
  fclose (file);
  return memcmp (magic, "TZif", sizeof magic) == 0;
}

/**
 * heartbeat_zone_lookup:
 * @name: a name in the IANA time zone database
 * @error: return location for a #HeartbeatError
 *
 * Finds a zone by its name in tzdata. Other identifiers that GLib accepts, such as `+05:30`, `:EST` or a path, do not count.
 *
 * Returns: (transfer full): the zone
 */
GTimeZone *
heartbeat_zone_lookup (const char *name, GError **error)
{
  GTimeZone *zone = NULL;

  g_return_val_if_fail (name != NULL, NULL);

  if (is_zone_name (name) && is_in_tzdata (name))
    zone = g_time_zone_new_identifier (name);
  if (zone == NULL)
    g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                 _ ("“%s” is no time zone in tzdata"), name);
  return zone;
}

static gint64
offset_at (GTimeZone *zone, gint64 time, int *interval)
{
  *interval = g_time_zone_find_interval (zone, G_TIME_TYPE_UNIVERSAL, time);
  return g_time_zone_get_offset (zone, *interval);
}

/**
 * heartbeat_zone_to_local:
 * @zone: a time zone
 * @time: seconds since the epoch
 *
 * Returns: the wall-clock time, in seconds since 1970-01-01 00:00 on that clock
 */
gint64
heartbeat_zone_to_local (GTimeZone *zone, gint64 time)
{
  int interval;

  g_return_val_if_fail (zone != NULL, 0);

  return time + offset_at (zone, time, &interval);
}

/* The first second after @time, not after @later, that is in another interval than @time. */
static gint64
find_transition (GTimeZone *zone, gint64 time, gint64 later)
{
  int interval = g_time_zone_find_interval (zone, G_TIME_TYPE_UNIVERSAL, time);

  while (later - time > 1)
    {
      gint64 middle = time + (later - time) / 2;

      if (g_time_zone_find_interval (zone, G_TIME_TYPE_UNIVERSAL, middle) == interval)
        time = middle;
      else
        later = middle;
    }
  return later;
}

/**
 * heartbeat_zone_next:
 * @zone: a time zone
 * @time: seconds since the epoch
 * @next: the rule
 * @data: its data
 *
 * Applies a wall-clock rule to a zone whose clocks are set forward and back. Between two such changes the offset is
 * constant, so the rule's own answer holds if it comes before the next change; else the search goes on from there. Times
 * that are skipped never occur, times that are repeated occur twice.
 *
 * Returns: the first second not before @time at which the rule holds, or %HEARTBEAT_NEVER
 */
gint64
heartbeat_zone_next (GTimeZone *zone, gint64 time, HeartbeatLocalNext next, gconstpointer data)
{
  g_return_val_if_fail (zone != NULL, HEARTBEAT_NEVER);
  g_return_val_if_fail (next != NULL, HEARTBEAT_NEVER);

  for (;;)
    {
      int interval, candidate_interval;
      gint64 offset = offset_at (zone, time, &interval);
      gint64 local = next (time + offset, data);
      gint64 candidate;

      if (local == HEARTBEAT_NEVER)
        return HEARTBEAT_NEVER;
      candidate = local - offset;
      offset_at (zone, candidate, &candidate_interval);
      if (candidate_interval == interval)
        return candidate;
      time = find_transition (zone, time, candidate);
    }
}

/**
 * heartbeat_local_day:
 * @local: a wall-clock time in seconds
 *
 * Returns: the days since 1970-01-01, rounded down
 */
gint64
heartbeat_local_day (gint64 local)
{
  return local >= 0 ? local / SECONDS_A_DAY : -((SECONDS_A_DAY - 1 - local) / SECONDS_A_DAY);
}

/**
 * heartbeat_local_weekday:
 * @day: days since 1970-01-01, a Thursday
 *
 * Returns: 0 for Monday to 6 for Sunday
 */
guint
heartbeat_local_weekday (gint64 day)
{
  return ((day + 3) % 7 + 7) % 7;
}
