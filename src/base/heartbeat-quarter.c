/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-quarter.h"

#include "base/heartbeat-zone.h"

#define SECONDS_A_QUARTER_DAY G_GINT64_CONSTANT (21600)

/**
 * heartbeat_quarter_parse:
 * @text: (array length=length): a text
 * @length: its length in bytes
 *
 * Returns: 1 to 4 for `Q1` to `Q4`, else 0
 */
guint
heartbeat_quarter_parse (const char *text, gsize length)
{
  g_return_val_if_fail (text != NULL || length == 0, 0);

  if (length != 2 || text[0] != 'Q' || text[1] < '1' || text[1] > '4')
    return 0;
  return text[1] - '0';
}

static gboolean
is_leap (gint64 year)
{
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days from 1970-01-01 to the first day of a quarter. GDate knows years up to 65535 only, and the largest cadence leads
 * half a million years ahead. */
static gint64
first_day (gint64 year, guint quarter)
{
  static const guint16 days_before[] = { 0, 90, 181, 273 };
  gint64 last = year - 1;
  gint64 leap_days = last / 4 - last / 100 + last / 400 - 477;

  return (year - 1970) * 365 + leap_days + days_before[quarter - 1]
         + (quarter > 1 && is_leap (year) ? 1 : 0);
}

static guint
quarter_of_year (gint64 day, gint64 *year)
{
  guint quarter = 4;

  *year = 1970 + day * 400 / 146097;
  while (first_day (*year, 1) > day)
    (*year)--;
  while (first_day (*year + 1, 1) <= day)
    (*year)++;
  while (first_day (*year, quarter) > day)
    quarter--;
  return quarter;
}

/**
 * heartbeat_quarter_at:
 * @of: what is divided; a tick's own quarter counts as that of the day here
 * @local: a wall-clock time in seconds, see heartbeat_zone_to_local()
 *
 * Returns: the quarter, 1 to 4
 */
guint
heartbeat_quarter_at (HeartbeatQuarterOf of, gint64 local)
{
  gint64 day = heartbeat_local_day (local);
  gint64 year;

  if (of != HEARTBEAT_QUARTER_OF_YEAR)
    return (local - day * 86400) / SECONDS_A_QUARTER_DAY + 1;
  return quarter_of_year (day, &year);
}

/**
 * heartbeat_quarter_allows:
 * @rule: a rule
 * @quarter: 1 to 4
 *
 * Returns: whether @rule allows that quarter
 */
gboolean
heartbeat_quarter_allows (const HeartbeatQuarterRule *rule, guint quarter)
{
  g_return_val_if_fail (rule != NULL, FALSE);

  return rule->quarters == 0 || (rule->quarters & (1 << (quarter - 1))) != 0;
}

/* When the quarter after the one of @local begins. */
static gint64
following (HeartbeatQuarterOf of, gint64 local)
{
  gint64 day = heartbeat_local_day (local);
  gint64 year;
  guint quarter;

  if (of != HEARTBEAT_QUARTER_OF_YEAR)
    return day * 86400 + heartbeat_quarter_at (of, local) * SECONDS_A_QUARTER_DAY;
  quarter = quarter_of_year (day, &year);
  return (quarter == 4 ? first_day (year + 1, 1) : first_day (year, quarter + 1)) * 86400;
}

/**
 * heartbeat_quarter_next:
 * @local: a wall-clock time in seconds
 * @rule: a #HeartbeatQuarterRule
 *
 * A #HeartbeatLocalNext.
 *
 * Returns: @local where the rule allows it, else when the next allowed quarter begins
 */
gint64
heartbeat_quarter_next (gint64 local, gconstpointer rule)
{
  const HeartbeatQuarterRule *self = rule;

  g_return_val_if_fail (rule != NULL, HEARTBEAT_NEVER);

  for (guint i = 0; i < 4; i++)
    {
      if (heartbeat_quarter_allows (self, heartbeat_quarter_at (self->of, local)))
        return local;
      local = following (self->of, local);
    }
  return local;
}
