/* SPDX-License-Identifier: MIT */

#include "ctl/heartbeat-ctl-phrase.h"

#include <glib/gi18n.h>

#define MINUTE 60
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/**
 * heartbeat_ctl_phrase_span:
 * @span: a length of time, in µs
 *
 * Returns: (transfer full): it in the unit that fits, `15 min`
 */
char *
heartbeat_ctl_phrase_span (gint64 span)
{
  gint64 seconds = (span + G_USEC_PER_SEC / 2) / G_USEC_PER_SEC;

  if (span < 2 * G_USEC_PER_SEC && span % G_USEC_PER_SEC != 0)
    return g_strdup_printf (_ ("%.2f s"), (double) span / G_USEC_PER_SEC);
  if (seconds < 2 * MINUTE && (seconds < MINUTE || seconds % MINUTE != 0))
    return g_strdup_printf (_ ("%d s"), (int) seconds);
  if (seconds < 2 * HOUR && (seconds < HOUR || seconds % HOUR != 0))
    return g_strdup_printf (_ ("%d min"), (int) (seconds / MINUTE));
  if (seconds < 2 * DAY && (seconds < DAY || seconds % DAY != 0))
    return g_strdup_printf (_ ("%d h"), (int) (seconds / HOUR));
  return g_strdup_printf (_ ("%" G_GINT64_FORMAT " d"), seconds / DAY);
}

/**
 * heartbeat_ctl_phrase_past:
 * @time: when something happened, in µs since the epoch, or 0 for never
 * @now: the time
 *
 * Returns: (transfer full): `3 min ago`
 */
char *
heartbeat_ctl_phrase_past (gint64 time, gint64 now)
{
  g_autofree char *span = NULL;

  if (time == 0)
    return g_strdup (_ ("never"));
  if (now - time < G_USEC_PER_SEC)
    return g_strdup (_ ("just now"));
  span = heartbeat_ctl_phrase_span ((now - time) / G_USEC_PER_SEC * G_USEC_PER_SEC);
  return g_strdup_printf (_ ("%s ago"), span);
}

/**
 * heartbeat_ctl_phrase_future:
 * @time: when something will happen, in µs since the epoch, or 0 for never
 * @now: the time
 *
 * Returns: (transfer full): `in 3 min`
 */
char *
heartbeat_ctl_phrase_future (gint64 time, gint64 now)
{
  g_autofree char *span = NULL;

  if (time == 0)
    return g_strdup (_ ("never"));
  if (time - now < G_USEC_PER_SEC)
    return g_strdup (_ ("now"));
  span = heartbeat_ctl_phrase_span ((time - now) / G_USEC_PER_SEC * G_USEC_PER_SEC);
  return g_strdup_printf (_ ("in %s"), span);
}
