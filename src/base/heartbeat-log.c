/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-log.h"

#include <string.h>

static const char *
priority_of (GLogLevelFlags level)
{
  switch (level & G_LOG_LEVEL_MASK)
    {
    case G_LOG_LEVEL_ERROR:
    case G_LOG_LEVEL_CRITICAL:
      return "3";
    case G_LOG_LEVEL_WARNING:
      return "4";
    case G_LOG_LEVEL_MESSAGE:
      return "5";
    case G_LOG_LEVEL_INFO:
      return "6";
    default:
      return "7";
    }
}

/**
 * heartbeat_log:
 * @level: one of #GLogLevelFlags; %G_LOG_LEVEL_CRITICAL is kept for errors of the programmer
 * @message_id: (nullable): one of `HEARTBEAT_EVENT_…`
 * @agent: (nullable): the agent's name
 * @check: (nullable): the check's name
 * @format: what happened, one line
 * @...: what @format asks for
 *
 * Logs one event with the fields `HEARTBEAT_AGENT`, `HEARTBEAT_CHECK` and `MESSAGE_ID`.
 */
void
heartbeat_log (GLogLevelFlags level,
               const char *message_id,
               const char *agent,
               const char *check,
               const char *format,
               ...)
{
  GLogField fields[6];
  gsize n = 0;
  g_autofree char *message = NULL;
  va_list args;

  g_return_if_fail (format != NULL);

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);

  fields[n++] = (GLogField){ "MESSAGE", message, -1 };
  fields[n++] = (GLogField){ "PRIORITY", priority_of (level), -1 };
  fields[n++] = (GLogField){ "GLIB_DOMAIN", G_LOG_DOMAIN, -1 };
  if (message_id != NULL)
    fields[n++] = (GLogField){ "MESSAGE_ID", message_id, -1 };
  if (agent != NULL)
    fields[n++] = (GLogField){ "HEARTBEAT_AGENT", agent, -1 };
  if (check != NULL)
    fields[n++] = (GLogField){ "HEARTBEAT_CHECK", check, -1 };

  g_log_structured_array (level, fields, n);
}
