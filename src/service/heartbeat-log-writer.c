/* SPDX-License-Identifier: MIT */

#include "service/heartbeat-log-writer.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/heartbeat-text.h"

static const char *
find_field (const GLogField *fields, gsize n_fields, const char *key)
{
  for (gsize i = 0; i < n_fields; i++)
    if (strcmp (fields[i].key, key) == 0 && fields[i].length < 0)
      return fields[i].value;
  return NULL;
}

static const char *
level_name (GLogLevelFlags level)
{
  if (level & G_LOG_LEVEL_ERROR)
    return "CRITICAL";
  if (level & G_LOG_LEVEL_CRITICAL)
    return "ERROR";
  if (level & G_LOG_LEVEL_WARNING)
    return "WARNING";
  return level & G_LOG_LEVEL_DEBUG ? "DEBUG" : "INFO";
}

static void
write_line (GLogLevelFlags level, const GLogField *fields, gsize n_fields)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%Y-%m-%dT%H:%M:%S");
  const char *message = find_field (fields, n_fields, "MESSAGE");
  const char *agent = find_field (fields, n_fields, "HEARTBEAT_AGENT");
  g_autofree char *text = heartbeat_text_to_line (message != NULL ? message : "");
  g_autofree char *line = NULL;

  line = g_strdup_printf ("%s.%03dZ %s %s%s%s\n", time, g_date_time_get_microsecond (now) / 1000,
                          level_name (level), agent != NULL ? agent : "", agent != NULL ? ": " : "",
                          text);
  fputs (line, stderr);
  fflush (stderr);
}

/* The journal would name the process by the first 15 bytes of its program, which is what the kernel knows. */
static gboolean
write_journal (GLogLevelFlags level, const GLogField *fields, gsize n_fields)
{
  const GLogField identifier = { "SYSLOG_IDENTIFIER", "heartbeat-consumer", -1 };
  g_autofree GLogField *all = g_new (GLogField, n_fields + 1);

  memcpy (all, fields, n_fields * sizeof *fields);
  all[n_fields] = identifier;
  return g_log_writer_journald (level, all, n_fields + 1, NULL) == G_LOG_WRITER_HANDLED;
}

/* Debug messages of other libraries stay away: G_MESSAGES_DEBUG is for those who want them. */
static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  GLogLevelFlags levels = GPOINTER_TO_UINT (user_data);
  const char *domain = find_field (fields, n_fields, "GLIB_DOMAIN");

  if ((level & levels) == 0
      || ((level & (G_LOG_LEVEL_DEBUG | G_LOG_LEVEL_INFO)) != 0
          && g_strcmp0 (domain, G_LOG_DOMAIN) != 0))
    return G_LOG_WRITER_HANDLED;
  if (g_log_writer_is_journald (STDERR_FILENO) && write_journal (level, fields, n_fields))
    return G_LOG_WRITER_HANDLED;
  write_line (level, fields, n_fields);
  return G_LOG_WRITER_HANDLED;
}

/**
 * heartbeat_log_writer_install:
 * @levels: what is logged
 *
 * Sends the process' log to the journal where standard error is connected to it, else to standard error, one line an event.
 * To be called once.
 */
void
heartbeat_log_writer_install (GLogLevelFlags levels)
{
  g_log_set_writer_func (write_log, GUINT_TO_POINTER (levels), NULL);
}
