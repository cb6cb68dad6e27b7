/* SPDX-License-Identifier: MIT */

#include "ctl/print/heartbeat-ctl-format.h"

#include <string.h>

#include "base/heartbeat-i18n.h"

#define MINUTE 60
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/**
 * heartbeat_ctl_format_span:
 * @span: a length of time, in µs
 *
 * Returns: (transfer full): it in the unit that fits, `15 min`
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
 * Returns: (transfer full) (nullable): what the clock shows then: `09:00` today, `Mon 09:00` within six days, else with the
 *   date; %NULL after the year 9999
 */
char *
heartbeat_ctl_format_time (gint64 time, gint64 now, GTimeZone *zone)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (time / G_USEC_PER_SEC);
  g_autoptr (GDateTime) present = g_date_time_new_from_unix_utc (now / G_USEC_PER_SEC);
  g_autoptr (GDateTime) local = utc != NULL ? g_date_time_to_timezone (utc, zone) : NULL;
  g_autoptr (GDateTime) today = present != NULL ? g_date_time_to_timezone (present, zone) : NULL;
  guint days;

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
 * Returns: (transfer full): date and time, as long for each time
 */
char *
heartbeat_ctl_format_stamp (gint64 time, GTimeZone *zone)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (time / G_USEC_PER_SEC);
  g_autoptr (GDateTime) local = utc != NULL ? g_date_time_to_timezone (utc, zone) : NULL;

  return local != NULL ? g_date_time_format (local, "%Y-%m-%d %H:%M:%S") : g_strdup ("?");
}

/* An obstacle that goes by itself at a time that is known, or not. */
static char *
phrase_until (const char *what, GVariant *reason, gint64 now, GTimeZone *zone)
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
phrase_outside_window (GVariant *reason, gint64 now, GTimeZone *zone)
{
  g_autofree char *what = NULL;
  const char *window;

  if (g_variant_lookup (reason, "window", "&s", &window))
    /* Translators: a window of time, “09:00–17:00 Europe/London” */
    what = g_strdup_printf (_ ("outside %s"), window);
  else
    what = g_strdup (_ ("outside its window"));
  return phrase_until (what, reason, now, zone);
}

static char *
phrase_not_yet (GVariant *reason, gint64 now)
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
phrase_paused (GVariant *reason, gint64 now, GTimeZone *zone)
{
  g_autofree char *until = phrase_until (_ ("paused"), reason, now, zone);
  const char *why;

  if (!g_variant_lookup (reason, "reason", "&s", &why) || *why == '\0')
    return g_steal_pointer (&until);
  /* Translators: “paused until 17:30”, and the reason that somebody gave; or how a run ended, and what it says */
  return g_strdup_printf (_ ("%s: %s"), until, why);
}

static char *
phrase_backing_off (GVariant *reason, gint64 now, GTimeZone *zone)
{
  guint32 failures = 0;
  g_autofree char *what = NULL;

  g_variant_lookup (reason, "failures", "u", &failures);
  what = g_strdup_printf (ngettext ("backing off after %u failure", "backing off after %u failures",
                                    failures),
                          failures);
  return phrase_until (what, reason, now, zone);
}

/* The state says “invalid” already. */
static char *
phrase_invalid (GVariant *reason)
{
  const char *error = "";

  g_variant_lookup (reason, "error", "&s", &error);
  return g_strdup (error);
}

/**
 * heartbeat_ctl_format_reason:
 * @reason: the property `Reason` of a check, an `a{sv}`
 * @now: the time
 * @zone: the reader's time zone
 *
 * Returns: (transfer full): why the check would or would not run now, in words
 */
char *
heartbeat_ctl_format_reason (GVariant *reason, gint64 now, GTimeZone *zone)
{
  const char *code = "";

  g_variant_lookup (reason, "code", "&s", &code);
  if (strcmp (code, "due") == 0)
    return g_strdup (_ ("due now"));
  if (strcmp (code, "not-yet") == 0)
    return phrase_not_yet (reason, now);
  if (strcmp (code, "outside-window") == 0)
    return phrase_outside_window (reason, now, zone);
  if (strcmp (code, "outside-quarter") == 0)
    return phrase_until (_ ("outside its quarter"), reason, now, zone);
  if (strcmp (code, "paused") == 0)
    return phrase_paused (reason, now, zone);
  if (strcmp (code, "backing-off") == 0)
    return phrase_backing_off (reason, now, zone);
  if (strcmp (code, "disabled") == 0)
    return g_strdup (_ ("disabled"));
  if (strcmp (code, "running") == 0)
    return g_strdup (_ ("running"));
  return strcmp (code, "invalid") == 0 ? phrase_invalid (reason) : g_strdup (code);
}

typedef struct
{
  const char *nick;
  const char *word;
} Word;

/* What is not known stays as it is: a service may be younger than the command. */
static const char *
translate (const Word *words, const char *context, const char *nick)
{
  for (; words->nick != NULL; words++)
    if (strcmp (words->nick, nick) == 0)
      return heartbeat_pgettext (context, words->word);
  return nick;
}

/**
 * heartbeat_ctl_format_state:
 * @state: the property `State` of a check
 *
 * Returns: (transfer none): it in a word for people
 */
const char *
heartbeat_ctl_format_state (const char *state)
{
  static const Word words[] = {
    { "idle", NC_ ("state", "idle") },         { "due", NC_ ("state", "due") },
    { "running", NC_ ("state", "running") },   { "backing-off", NC_ ("state", "backing-off") },
    { "disabled", NC_ ("state", "disabled") }, { "paused", NC_ ("state", "paused") },
    { "invalid", NC_ ("state", "invalid") },   { NULL, NULL },
  };

  return translate (words, "state", state);
}

/**
 * heartbeat_ctl_format_status:
 * @status: how a run ended
 *
 * Returns: (transfer none): it in a word for people
 */
const char *
heartbeat_ctl_format_status (const char *status)
{
  static const Word words[] = {
    { "success", NC_ ("status", "success") },
    { "failed", NC_ ("status", "failed") },
    { "skipped", NC_ ("status", "skipped") },
    { NULL, NULL },
  };

  return translate (words, "status", status);
}

/**
 * heartbeat_ctl_format_trigger:
 * @trigger: what a run was started by
 *
 * Returns: (transfer none): it in a word for people
 */
const char *
heartbeat_ctl_format_trigger (const char *trigger)
{
  static const Word words[] = {
    { "tick", NC_ ("trigger", "tick") },
    { "manual", NC_ ("trigger", "manual") },
    { NULL, NULL },
  };

  return translate (words, "trigger", trigger);
}
