/* SPDX-License-Identifier: MIT */

#include "agent/heartbeat-absent-handler.h"

#include "base/heartbeat-i18n.h"

static void
fail_for_now (HeartbeatRun *run, gpointer user_data)
{
  g_autofree char *message = g_strdup_printf (
      _ ("the handler “%s” is a program on D-Bus that is not there: start it, or forget it by "
         "UnregisterHandler"),
      (const char *) user_data);

  heartbeat_run_fail (run, message);
}

/**
 * heartbeat_absent_handler_register:
 * @registry: a registry
 * @name: the name of a handler that was registered on D-Bus once
 *
 * Holds the place of a program on D-Bus until it is back: its checks fail and are tried again, rather than fall to an
 * executable, a built-in handler or `default`.
 */
void
heartbeat_absent_handler_register (HeartbeatRegistry *registry, const char *name)
{
  const HeartbeatHandler handler = { fail_for_now, g_strdup (name), g_free };

  g_return_if_fail (HEARTBEAT_IS_REGISTRY (registry));
  g_return_if_fail (name != NULL);

  heartbeat_registry_add (registry, HEARTBEAT_HANDLER_BUS, name, &handler);
}
