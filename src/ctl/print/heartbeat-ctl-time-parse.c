/* SPDX-License-Identifier: MIT */

#include "ctl/print/heartbeat-ctl-time-parse.h"

#include <stdlib.h>
#include <string.h>

/* a hundred years */
#define LONGEST_SPAN (G_GINT64_CONSTANT (36525) * 24 * 3600 * G_USEC_PER_SEC)

static gint64
unit_of (const char *unit, gsize length)
{
  static const struct
  {
    const char *name;
    gint64 seconds;
  } units[] = {
    { "s", 1 },       { "sec", 1 },       { "m", 60 },         { "min", 60 },    { "h", 3600 },
    { "hour", 3600 }, { "hours", 3600 },  { "d", 86400 },      { "day", 86400 }, { "days", 86400 },
    { "w", 604800 },  { "week", 604800 }, { "weeks", 604800 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    if (strlen (units[i].name) == length && strncmp (units[i].name, unit, length) == 0)
      return units[i].seconds * G_USEC_PER_SEC;
  return 0;
}

/**
 * heartbeat_ctl_parse_span:
 * @text: `90s`, `15 min`, `2h`, `1h30m`, `3 days`, `1w`; a number needs a unit
 * @span: (out): the duration, in µs
 *
 * Returns: whether @text is a duration of up to a hundred years, and not zero
 */
gboolean
heartbeat_ctl_parse_span (const char *text, gint64 *span)
{
  g_return_val_if_fail (text != NULL, FALSE);

  *span = 0;
  while (*text != '\0')
    {
      char *end = NULL;
      guint64 number = 0;
      gsize length = 0;
      gint64 unit = 0;

      if (!g_ascii_isdigit (*text))
        return FALSE;
      number = g_ascii_strtoull (text, &end, 10);
      text = end + strspn (end, " ");
      length = strspn (text, G_CSET_a_2_z);
      unit = unit_of (text, length);
      if (unit == 0 || number > (guint64) (LONGEST_SPAN / unit))
        return FALSE;
      *span += (gint64) number * unit;
      text += length + strspn (text + length, " ");
    }
  return *span > 0 && *span <= LONGEST_SPAN;
}

/* `9:00` and `09:00` */
static gboolean
parse_clock (const char *text, int *hour, int *minute)
{
  gsize digits = strspn (text, G_CSET_DIGITS);

  if (digits < 1 || digits > 2 || text[digits] != ':'
      || strspn (text + digits + 1, G_CSET_DIGITS) != 2 || text[digits + 3] != '\0')
    return FALSE;
  *hour = atoi (text);
  *minute = atoi (text + digits + 1);
  return *hour < 24 && *minute < 60;
}

/* The next time that a clock shows this. On one day of the year it may not. */
static GDateTime *
next_clock (int hour, int minute, GDateTime *now, GTimeZone *zone)
{
  for (int days = 0; days < 3; days++)
    {
      g_autoptr (GDateTime) day = g_date_time_add_days (now, days);
      GDateTime *time
          = g_date_time_new (zone, g_date_time_get_year (day), g_date_time_get_month (day),
                             g_date_time_get_day_of_month (day), hour, minute, 0);

      if (time != NULL && g_date_time_compare (time, now) > 0)
        return time;
      g_clear_pointer (&time, g_date_time_unref);
    }
  return NULL;
}

static GDateTime *
parse_date (const char *text, GTimeZone *zone)
{
  gsize length = strlen (text);
  const char *rest = length == strlen ("2026-01-31")         ? "T00:00:00"
                     : length == strlen ("2026-01-31 09:00") ? ":00"
                                                             : "";
  g_autofree char *iso = g_strconcat (text, rest, NULL);

  if (length > 10 && iso[10] == ' ')
    iso[10] = 'T';
  return g_date_time_new_from_iso8601 (iso, zone);
}

/**
 * heartbeat_ctl_parse_time:
 * @text: `17:30` for the next time a clock shows it, `2026-01-31`, `2026-01-31 09:00`, or a time of ISO 8601
 * @now: the time, in µs since the epoch
 * @zone: the reader's time zone
 * @time: (out): the time, in µs since the epoch
 *
 * Returns: whether @text is a time in the future
 */
gboolean
heartbeat_ctl_parse_time (const char *text, gint64 now, GTimeZone *zone, gint64 *time)
{
  g_autoptr (GDateTime) utc = NULL;
  g_autoptr (GDateTime) present = NULL;
  g_autoptr (GDateTime) found = NULL;
  int hour = 0;
  int minute = 0;

  g_return_val_if_fail (text != NULL && zone != NULL, FALSE);

  utc = g_date_time_new_from_unix_utc (now / G_USEC_PER_SEC);
  present = g_date_time_to_timezone (utc, zone);
  if (parse_clock (text, &hour, &minute))
    found = next_clock (hour, minute, present, zone);
  else
    found = parse_date (text, zone);
  if (found == NULL)
    return FALSE;
  *time = g_date_time_to_unix (found) * G_USEC_PER_SEC;
  return *time > now;
}
