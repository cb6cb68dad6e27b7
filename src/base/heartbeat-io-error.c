/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-io-error.h"

#include <errno.h>

#include <gio/gio.h>

#include "base/heartbeat-log.h"

/**
 * heartbeat_io_error:
 * @error: return location for a #GIOErrorEnum
 * @code: an `errno`
 * @format: what could not be done, and to which file
 * @...: what @format asks for
 *
 * Returns: %FALSE
 */
gboolean
heartbeat_io_error (GError **error, int code, const char *format, ...)
{
  /* GLib has no code for EXDEV: the file is mounted by itself and cannot be replaced. */
  int io_code = code == EXDEV ? G_IO_ERROR_READ_ONLY : (int) g_io_error_from_errno (code);
  g_autofree char *what = NULL;
  va_list args;

  g_return_val_if_fail (format != NULL, FALSE);

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, G_IO_ERROR, io_code, "%s: %s", what, g_strerror (code));
  return FALSE;
}

/**
 * heartbeat_io_error_warn:
 * @code: an `errno`
 * @what: what could not be done
 * @path: to which file
 *
 * Logs a failure that is not an error.
 */
void
heartbeat_io_error_warn (int code, const char *what, const char *path)
{
  g_return_if_fail (what != NULL);
  g_return_if_fail (path != NULL);

  heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_SYNC_FAILED, NULL, NULL, "%s %s: %s", what,
                 path, g_strerror (code));
}
