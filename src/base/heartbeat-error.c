/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-error.h"

#include <gio/gio.h>

#define NAME_PREFIX "org.bloodbank.Heartbeat1.Error."

static const GDBusErrorEntry entries[] = {
  { HEARTBEAT_ERROR_FAILED, NAME_PREFIX "Failed" },
  { HEARTBEAT_ERROR_NO_SUCH_CHECK, NAME_PREFIX "NoSuchCheck" },
  { HEARTBEAT_ERROR_ALREADY_RUNNING, NAME_PREFIX "AlreadyRunning" },
  { HEARTBEAT_ERROR_NOT_CONNECTED, NAME_PREFIX "NotConnected" },
  { HEARTBEAT_ERROR_INVALID_ARGUMENT, NAME_PREFIX "InvalidArgument" },
  { HEARTBEAT_ERROR_READ_ONLY, NAME_PREFIX "ReadOnly" },
  { HEARTBEAT_ERROR_CONFIG_UNUSABLE, NAME_PREFIX "ConfigUnusable" },
  { HEARTBEAT_ERROR_REFUSED, NAME_PREFIX "Refused" },
  { HEARTBEAT_ERROR_RETURNED, NAME_PREFIX "Returned" },
  { HEARTBEAT_ERROR_TIMED_OUT, NAME_PREFIX "TimedOut" },
};

G_STATIC_ASSERT (G_N_ELEMENTS (entries) == HEARTBEAT_ERROR_TIMED_OUT + 1);

/**
 * heartbeat_error_quark:
 *
 * Registers the domain's D-Bus names on first use.
 *
 * Returns: the error domain of #HeartbeatError
 */
GQuark
heartbeat_error_quark (void)
{
  static gsize quark = 0;

  g_dbus_error_register_error_domain ("heartbeat-error-quark", &quark, entries,
                                      G_N_ELEMENTS (entries));
  return (GQuark) quark;
}
