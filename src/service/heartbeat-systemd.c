/* SPDX-License-Identifier: MIT */

#include "service/heartbeat-systemd.h"

#include <string.h>
#include <unistd.h>

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>

#include "base/heartbeat-log.h"

/* The protocol of sd_notify(3). libsystemd's own function blocks, and with it the main loop, while the manager does not read. */

static GSocketAddress *
get_address (void)
{
  const char *path = g_getenv ("NOTIFY_SOCKET");

  if (path == NULL || (*path != '/' && *path != '@'))
    return NULL;
  if (*path == '@')
    return g_unix_socket_address_new_with_type (path + 1, -1, G_UNIX_SOCKET_ADDRESS_ABSTRACT);
  return g_unix_socket_address_new (path);
}

static GSocket *
connect_manager (GError **error)
{
  g_autoptr (GSocketAddress) address = get_address ();
  g_autoptr (GSocket) socket = NULL;

  if (address == NULL)
    return NULL;
  socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_DEFAULT,
                         error);
  if (socket == NULL)
    return NULL;
  g_socket_set_blocking (socket, FALSE);
  return g_socket_connect (socket, address, NULL, error) ? g_steal_pointer (&socket) : NULL;
}

static void
report (const GError *error)
{
  heartbeat_log (G_LOG_LEVEL_DEBUG, HEARTBEAT_EVENT_NONE, NULL, NULL, "Cannot notify systemd: %s",
                 error->message);
}

static gboolean
on_writable (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  const char *message = user_data;

  if (g_socket_send (socket, message, strlen (message), NULL, &error) >= 0)
    return G_SOURCE_REMOVE;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return G_SOURCE_CONTINUE;
  report (error);
  return G_SOURCE_REMOVE;
}

static void
send_later (GSocket *socket, const char *message)
{
  g_autoptr (GSource) source = g_socket_create_source (socket, G_IO_OUT, NULL);

  g_source_set_static_name (source, "heartbeat notify");
  g_source_set_callback (source, G_SOURCE_FUNC (on_writable), g_strdup (message), g_free);
  g_source_attach (source, g_main_context_get_thread_default ());
}

/* If the manager does not read at the moment, a message is sent later, unless it is @repeated anyway. */
static void
notify (const char *message, gboolean repeated)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = connect_manager (&error);

  if (socket != NULL && g_socket_send (socket, message, strlen (message), NULL, &error) < 0
      && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK) && !repeated)
    {
      send_later (socket, message);
      return;
    }
  if (error != NULL)
    report (error);
}

void
heartbeat_systemd_ready (void)
{
  notify ("READY=1", FALSE);
}

void
heartbeat_systemd_reloading (void)
{
  g_autofree char *message
      = g_strdup_printf ("RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time ());

  notify (message, FALSE);
}

void
heartbeat_systemd_stopping (void)
{
  notify ("STOPPING=1", FALSE);
}

/**
 * heartbeat_systemd_status:
 * @status: one line, which `systemctl status` shows
 */
void
heartbeat_systemd_status (const char *status)
{
  g_autofree char *message = NULL;

  g_return_if_fail (status != NULL);

  message = g_strconcat ("STATUS=", status, NULL);
  notify (message, TRUE);
}

static gboolean
feed_watchdog (gpointer user_data)
{
  notify ("WATCHDOG=1", TRUE);
  return G_SOURCE_CONTINUE;
}

/* As sd_watchdog_enabled(3) has it. */
static guint64
get_watchdog_period (void)
{
  const char *period = g_getenv ("WATCHDOG_USEC");
  const char *pid = g_getenv ("WATCHDOG_PID");
  guint64 number;

  if (pid != NULL
      && (!g_ascii_string_to_unsigned (pid, 10, 1, G_MAXINT, &number, NULL)
          || number != (guint64) getpid ()))
    return 0;
  if (period == NULL || !g_ascii_string_to_unsigned (period, 10, 1, G_MAXUINT64 - 1, &number, NULL))
    return 0;
  return number;
}

/**
 * heartbeat_systemd_watchdog_new:
 *
 * Returns: (transfer full) (nullable): a source that feeds the watchdog twice in its period while the loop turns; %NULL if
 *   there is no watchdog
 */
GSource *
heartbeat_systemd_watchdog_new (void)
{
  guint64 period = get_watchdog_period ();
  GSource *source;

  if (period == 0)
    return NULL;
  source = g_timeout_source_new (CLAMP (period / 2000, 1, G_MAXUINT));
  g_source_set_static_name (source, "heartbeat watchdog");
  g_source_set_callback (source, feed_watchdog, NULL, NULL);
  return source;
}
