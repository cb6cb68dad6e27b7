/* SPDX-License-Identifier: MIT */

/* Starts as the service does and makes saves of checks.ping.lastRun, for tests that kill it or write meanwhile:
 *   save-driver PATH [COUNT [FIRST]]
 * Prints how many were made, and how often others wrote too much. No thread: strace counts calls by thread. */

#include <stdlib.h>

#include <gio/gio.h>

#include "config/heartbeat-config.h"
#include "json/heartbeat-json-edit.h"
#include "storage/heartbeat-storage.h"

static GBytes *
set_last_run (GBytes *text, gconstpointer data, GError **error)
{
  static const char *const ping_path[] = { "checks", "ping", NULL };

  return heartbeat_json_edit_set_member (text, ping_path, "lastRun", data, error);
}

static gboolean
save (const char *path, gint64 last_run, GError **error)
{
  g_autofree char *value = g_strdup_printf ("%" G_GINT64_FORMAT, last_run);
  g_autoptr (GBytes) text
      = heartbeat_storage_edit (path, HEARTBEAT_CONFIG_MAX_BYTES, set_last_run, value, error);

  return text != NULL;
}

int
main (int argc, char **argv)
{
  guint count = argc > 2 ? strtoul (argv[2], NULL, 10) : 1;
  gint64 first = argc > 3 ? g_ascii_strtoll (argv[3], NULL, 10) : 1771796220000;
  guint busy = 0;

  if (argc < 2)
    return 2;
  heartbeat_storage_sweep (argv[1]);
  for (guint i = 0; i < count; i++)
    {
      g_autoptr (GError) error = NULL;

      if (save (argv[1], first + i, &error))
        continue;
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY))
        {
          g_printerr ("%s\n", error->message);
          return 1;
        }
      busy++;
    }
  g_print ("%u %u\n", count - busy, busy);
  return busy > 0 && busy == count ? 1 : 0;
}
