/* SPDX-License-Identifier: MIT */

#include "service/heartbeat-systemd.h"

#ifdef HAVE_LIBSYSTEMD

#include <systemd/sd-daemon.h>

void
heartbeat_systemd_ready (void)
{
  sd_notify (0, "READY=1");
}

void
heartbeat_systemd_reloading (void)
{
  sd_notifyf (0, "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time ());
}

void
heartbeat_systemd_stopping (void)
{
  sd_notify (0, "STOPPING=1");
}

/**
 * heartbeat_systemd_status:
 * @status: one line, which `systemctl status` shows
 */
void
heartbeat_systemd_status (const char *status)
{
  sd_notifyf (0, "STATUS=%s", status);
}

static gboolean
feed_watchdog (gpointer user_data)
{
  sd_notify (0, "WATCHDOG=1");
  return G_SOURCE_CONTINUE;
}

/**
 * heartbeat_systemd_watchdog_new:
 *
 * Returns: (transfer full) (nullable): a source that tells systemd twice in its period that the loop turns; %NULL where
 *   systemd does not ask
 */
GSource *
heartbeat_systemd_watchdog_new (void)
{
  guint64 period = 0;
  GSource *source;

  if (sd_watchdog_enabled (0, &period) <= 0)
    return NULL;
  source = g_timeout_source_new (MAX (period / 2000, 1));
  g_source_set_static_name (source, "heartbeat watchdog");
  g_source_set_callback (source, feed_watchdog, NULL, NULL);
  return source;
}

#else

void
heartbeat_systemd_ready (void)
{
}

void
heartbeat_systemd_reloading (void)
{
}

void
heartbeat_systemd_stopping (void)
{
}

void
heartbeat_systemd_status (const char *status)
{
}

GSource *
heartbeat_systemd_watchdog_new (void)
{
  return NULL;
}

#endif
