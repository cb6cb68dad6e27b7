/* SPDX-License-Identifier: MIT */

#include "ctl/print/heartbeat-ctl-format.h"

#include <string.h>

#include "base/heartbeat-i18n.h"

#define MINUTE 60
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/**
 * heartbeat_ctl_format_span:
 * @span: a duration, in µs
 *
 * Returns: (transfer full): the duration in a fitting unit, `15 min`
 */
char *
heartbeat_ctl_format_span (gint64 span)
{
  gint64 seconds = (span + G_USEC_PER_SEC / 2) / G_USEC_PER_SEC;

  if (span < 2 * G_USEC_PER_SEC && span % G_USEC_PER_SEC != 0)
    /* Translators: seconds */
    return g_strdup_printf (_ ("%.2f s"), (double) span / G_USEC_PER_SEC);
  if (seconds < 2 * MINUTE && (seconds < MINUTE || seconds % MINUTE != 0))
    return g_strdup_printf (_ ("%d s"), (int) seconds);
  if (seconds < 2 * HOUR && (seconds < HOUR || seconds % HOUR != 0))
    /* Translators: minutes */
    return g_strdup_printf (_ ("%d min"), (int) (seconds / MINUTE));
  if (seconds < 2 * DAY && (seconds < DAY || seconds % DAY != 0))
    /* Translators: hours */
    return g_strdup_printf (_ ("%d h"), (int) (seconds / HOUR));
  /* Translators: days */
  return g_strdup_printf (_ ("%u d"), (guint) MIN (seconds / DAY, G_MAXUINT));
}

/**
 * heartbeat_ctl_format_past:
 * @time: when something happened, in µs since the epoch, or 0 for never
 * @now: the time
 *
 * Returns: (transfer full): `3 min ago`
 */
char *
heartbeat_ctl_format_past (gint64 time, gint64 now)
{
  g_autofree char *span = NULL;

  if (time == 0)
    return g_strdup (_ ("never"));
  if (now - time < G_USEC_PER_SEC)
    return g_strdup (_ ("just now"));
  span = heartbeat_ctl_format_span ((now - time) / G_USEC_PER_SEC * G_USEC_PER_SEC);
  /* Translators: “3 min ago”, the last run or tick */
  return g_strdup_printf (_ ("%s ago"), span);
}

/**
 * heartbeat_ctl_format_future:
 * @time: when something will happen, in µs since the epoch, or 0 for never
 * @now: the time
 *
 * Returns: (transfer full): `in 3 min`
 */
char *
heartbeat_ctl_format_future (gint64 time, gint64 now)
{
  g_autofree char *span = NULL;

  if (time == 0)
    return g_strdup (_ ("never"));
  if (time - now < G_USEC_PER_SEC)
    return g_strdup (_ ("now"));
  span = heartbeat_ctl_format_span ((time - now) / G_USEC_PER_SEC * G_USEC_PER_SEC);
  /* Translators: “in 3 min”, when a check is due */
  return g_strdup_printf (_ ("in %s"), span);
}

/* Returns: (nullable): NULL after the year 9999 */
static GDateTime *
to_local (gint64 time, GTimeZone *zone)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (time / G_USEC_PER_SEC);

  return utc != NULL ? g_date_time_to_timezone (utc, zone) : NULL;
}

static guint
julian_day (GDateTime *time)
{
  GDate date;

  g_date_clear (&date, 1);
  g_date_set_dmy (&date, g_date_time_get_day_of_month (time), g_date_time_get_month (time),
                  g_date_time_get_year (time));
  return g_date_get_julian (&date);
}

/**
 * heartbeat_ctl_format_time:
 * @time: a time in µs since the epoch
 * @now: the time
 * @zone: the reader's time zone
 *
 * Returns: (transfer full) (nullable): the time on the reader's clock: `09:00` today, `Mon 09:00` in the next six days, else
 *   with the date; %NULL after the year 9999
 */
char *
heartbeat_ctl_format_time (gint64 time, gint64 now, GTimeZone *zone)
{
  g_autoptr (GDateTime) local = NULL;
  g_autoptr (GDateTime) today = NULL;
  guint days;

  g_return_val_if_fail (zone != NULL, NULL);

  local = to_local (time, zone);
  today = to_local (now, zone);
  if (local == NULL || today == NULL)
    return NULL;
  days = julian_day (local) - julian_day (today);
  if (days == 0)
    return g_date_time_format (local, "%H:%M");
  return g_date_time_format (local, days < 7 ? "%a %H:%M" : "%Y-%m-%d %H:%M");
}

/**
 * heartbeat_ctl_format_stamp:
 * @time: a time in µs since the epoch
 * @zone: the reader's time zone
 *
 * Returns: (transfer full): date and time, always of the same length
 */
char *
heartbeat_ctl_format_stamp (gint64 time, GTimeZone *zone)
{
  g_autoptr (GDateTime) local = NULL;

  g_return_val_if_fail (zone != NULL, NULL);

  local = to_local (time, zone);
  return local != NULL ? g_date_time_format (local, "%Y-%m-%d %H:%M:%S") : g_strdup ("?");
}

/* Adds the time when the obstacle goes away by itself, if that is known. */
static char *
describe_until (const char *what, GVariant *reason, gint64 now, GTimeZone *zone)
{
  g_autofree char *time = NULL;
  gint64 until;

  if (g_variant_lookup (reason, "until", "x", &until))
    time = heartbeat_ctl_format_time (until, now, zone);
  if (time == NULL)
    return g_strdup (what);
  /* Translators: what keeps a check from running (“outside its window”), and when that ends (“Mon 09:00”) */
  return g_strdup_printf (_ ("%s until %s"), what, time);
}

static char *
describe_outside_window (GVariant *reason, gint64 now, GTimeZone *zone)
{
  g_autofree char *what = NULL;
  const char *window;

  if (g_variant_lookup (reason, "window", "&s", &window))
    /* Translators: a window of time, “09:00–17:00 Europe/London” */
    what = g_strdup_printf (_ ("outside %s"), window);
  else
    what = g_strdup (_ ("outside its window"));
  return describe_until (what, reason, now, zone);
}

static char *
describe_not_yet (GVariant *reason, gint64 now)
{
  g_autofree char *span = NULL;
  gint64 until;

  if (!g_variant_lookup (reason, "until", "x", &until))
    return g_strdup (_ ("not due yet"));
  span = heartbeat_ctl_format_future (until, now);
  /* Translators: “due in 3 min”, “due now” */
  return g_strdup_printf (_ ("due %s"), span);
}

static char *
describe_paused (GVariant *reason, gint64 now, GTimeZone *zone)
{
  g_autofree char *until = describe_until (_ ("paused"), reason, now, zone);
  const char *why;

  if (!g_variant_lookup (reason, "reason", "&s", &why) || *why == '\0')
    return g_steal_pointer (&until);
  /* Translators: “paused until 17:30”, and the reason that somebody gave; or how a run ended, and what it says */
  return g_strdup_printf (_ ("%s: %s"), until, why);
}

static char *
describe_backing_off (GVariant *reason, gint64 now, GTimeZone *zone)
{
  guint32 failures = 0;
  g_autofree char *what = NULL;

  g_variant_lookup (reason, "failures", "u", &failures);
  what = g_strdup_printf (ngettext ("backing off after %u failure", "backing off after %u failures",
                                    failures),
                          failures);
  return describe_until (what, reason, now, zone);
}

/**
 * heartbeat_ctl_format_reason:
 * @reason: the property `Reason` of a check, an `a{sv}`
 * @now: the time
 * @zone: the reader's time zone
 *
 * Returns: (transfer full): why the check would or would not run now
 */
char *
heartbeat_ctl_format_reason (GVariant *reason, gint64 now, GTimeZone *zone)
{
  const char *code = "", *error = "";

  g_return_val_if_fail (reason != NULL, NULL);

  g_variant_lookup (reason, "code", "&s", &code);
  g_variant_lookup (reason, "error", "&s", &error);
  if (strcmp (code, "due") == 0)
    return g_strdup (_ ("due now"));
  if (strcmp (code, "not-yet") == 0)
    return describe_not_yet (reason, now);
  if (strcmp (code, "outside-window") == 0)
    return describe_outside_window (reason, now, zone);
  if (strcmp (code, "outside-quarter") == 0)
    return describe_until (_ ("outside its quarter"), reason, now, zone);
  if (strcmp (code, "paused") == 0)
    return describe_paused (reason, now, zone);
  if (strcmp (code, "backing-off") == 0)
    return describe_backing_off (reason, now, zone);
  if (strcmp (code, "disabled") == 0)
    return g_strdup (_ ("disabled"));
  if (strcmp (code, "running") == 0)
    return g_strdup (_ ("running"));
  /* the state says “invalid” already */
  return g_strdup (strcmp (code, "invalid") == 0 ? error : code);
}

/* The words that heartbeat_ctl_format_word() translates. */
G_GNUC_UNUSED static const char *const words[] = {
  NC_ ("state", "idle"),     NC_ ("state", "due"),      NC_ ("state", "running"),
  NC_ ("state", "disabled"), NC_ ("state", "paused"),   NC_ ("state", "backing-off"),
  NC_ ("state", "invalid"),  NC_ ("status", "success"), NC_ ("status", "failed"),
  NC_ ("status", "skipped"), NC_ ("trigger", "tick"),   NC_ ("trigger", "manual"),
};

/**
 * heartbeat_ctl_format_word:
 * @context: what the word is: `state` of a check, `status` of a run, or its `trigger`
 * @word: a word from the bus
 *
 * Returns: (transfer none): @word in the reader's language; the same word if it is not known, as that of a newer service
 */
const char *
heartbeat_ctl_format_word (const char *context, const char *word)
{
  g_return_val_if_fail (context != NULL && word != NULL, "");

  return heartbeat_pgettext (context, word);
}
