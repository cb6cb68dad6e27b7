/* SPDX-License-Identifier: MIT */

#include "config/heartbeat-window.h"

#include <string.h>

#include "base/heartbeat-zone.h"

#define MINUTES_A_DAY 1440

static const char *const day_names[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

/**
 * heartbeat_window_parse_time:
 * @text: `HH:MM` or `H:MM`
 * @is_end: whether `24:00` is allowed, which is the same as `23:59`
 * @minute: (out): the minute of the day
 *
 * Returns: whether @text is such a time
 */
gboolean
heartbeat_window_parse_time (const char *text, gboolean is_end, guint16 *minute)
{
  const char *colon = NULL;
  int hours = 0;

  g_return_val_if_fail (text != NULL, FALSE);
  g_return_val_if_fail (minute != NULL, FALSE);

  colon = strchr (text, ':');
  if (colon == NULL || colon == text || colon - text > 2 || strlen (colon) != 3
      || !g_ascii_isdigit (colon[1]) || !g_ascii_isdigit (colon[2]))
    return FALSE;
  for (const char *at = text; at < colon; at++)
    {
      if (!g_ascii_isdigit (*at))
        return FALSE;
      hours = hours * 10 + (*at - '0');
    }
  if (is_end && strcmp (text, "24:00") == 0)
    {
      *minute = MINUTES_A_DAY - 1;
      return TRUE;
    }
  *minute = hours * 60 + (colon[1] - '0') * 10 + (colon[2] - '0');
  return hours < 24 && colon[1] < '6';
}

/**
 * heartbeat_window_parse_day:
 * @text: `mon` to `sun`
 * @days: (inout): where the day's bit is set
 *
 * Returns: whether @text names a day
 */
gboolean
heartbeat_window_parse_day (const char *text, guint8 *days)
{
  g_return_val_if_fail (text != NULL, FALSE);
  g_return_val_if_fail (days != NULL, FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (day_names); i++)
    {
      if (strcmp (text, day_names[i]) != 0)
        continue;
      *days |= 1 << i;
      return TRUE;
    }
  return FALSE;
}

static gboolean
begins_on (const HeartbeatWindow *window, gint64 day)
{
  return window->days == 0 || (window->days & (1 << heartbeat_local_weekday (day))) != 0;
}

/**
 * heartbeat_window_contains:
 * @window: a window
 * @local: a wall-clock time in seconds, see heartbeat_zone_to_local()
 *
 * Returns: whether that minute is in the window
 */
gboolean
heartbeat_window_contains (const HeartbeatWindow *window, gint64 local)
{
  gint64 day = heartbeat_local_day (local);
  gint64 minute = (local - day * 86400) / 60;

  g_return_val_if_fail (window != NULL, FALSE);

  if (window->start <= window->end)
    return minute >= window->start && minute <= window->end && begins_on (window, day);
  return (minute >= window->start && begins_on (window, day))
         || (minute <= window->end && begins_on (window, day - 1));
}

/**
 * heartbeat_window_next:
 * @local: a wall-clock time in seconds
 * @window: a #HeartbeatWindow
 *
 * A #HeartbeatLocalNext.
 *
 * Returns: @local where it is in the window, else when the window begins next
 */
gint64
heartbeat_window_next (gint64 local, gconstpointer window)
{
  const HeartbeatWindow *self = window;
  gint64 day = heartbeat_local_day (local);

  g_return_val_if_fail (window != NULL, HEARTBEAT_NEVER);

  if (heartbeat_window_contains (self, local))
    return local;
  for (gint64 candidate = day; candidate <= day + 7; candidate++)
    {
      gint64 begin = candidate * 86400 + self->start * 60;

      if (begin >= local && begins_on (self, candidate))
        return begin;
    }
  return HEARTBEAT_NEVER;
}

/**
 * heartbeat_window_to_string:
 * @window: a window
 *
 * Returns: (transfer full): `09:00–17:00`, and the days where they are restricted
 */
char *
heartbeat_window_to_string (const HeartbeatWindow *window)
{
  GString *text = NULL;

  g_return_val_if_fail (window != NULL, NULL);

  text = g_string_new (NULL);
  g_string_printf (text, "%02d:%02d–%02d:%02d", window->start / 60, window->start % 60,
                   window->end / 60, window->end % 60);
  for (guint i = 0; i < G_N_ELEMENTS (day_names); i++)
    if (window->days & (1 << i))
      g_string_append_printf (text, " %s", day_names[i]);
  return g_string_free (text, FALSE);
}
