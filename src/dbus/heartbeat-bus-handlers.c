/* SPDX-License-Identifier: MIT */

#include "dbus/heartbeat-bus-handlers.h"

#include <string.h>

#include "agent/heartbeat-agent-private.h"
#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"
#include "base/heartbeat-log.h"
#include "base/heartbeat-text.h"
#include "dbus/heartbeat-bus-handler-call.h"

#define MAX_NAME_BYTES 255

/* Each name stays in the state file until somebody unregisters it, whether its program is on the bus or not. */
#define MAX_HANDLERS 1000

/* The handlers that programs on the bus have registered for one agent. */
struct _HeartbeatBusHandlers
{
  HeartbeatAgent *agent;
  GHashTable *registrations; /* name → Registration */
};

/* A program that executes a handler, for as long as it is on the bus. */
typedef struct
{
  HeartbeatBusHandlers *owner; /* unowned: it owns the registration */
  char *name;
  char *client;
  guint watch;
} Registration;

static void
registration_free (gpointer data)
{
  Registration *self = data;

  g_bus_unwatch_name (self->watch);
  g_free (self->client);
  g_free (self->name);
  g_free (self);
}

/**
 * heartbeat_bus_handlers_new:
 * @agent: an agent
 *
 * Returns: (transfer full): no handlers yet
 */
HeartbeatBusHandlers *
heartbeat_bus_handlers_new (HeartbeatAgent *agent)
{
  HeartbeatBusHandlers *self = g_new0 (HeartbeatBusHandlers, 1);

  g_return_val_if_fail (HEARTBEAT_IS_AGENT (agent), NULL);

  self->agent = g_object_ref (agent);
  self->registrations = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, registration_free);
  return self;
}

/**
 * heartbeat_bus_handlers_free:
 * @self: (transfer full): the handlers
 */
void
heartbeat_bus_handlers_free (HeartbeatBusHandlers *self)
{
  heartbeat_bus_handlers_drop_all (self);
  g_hash_table_unref (self->registrations);
  g_object_unref (self->agent);
  g_free (self);
}

static void
on_client_gone (GDBusConnection *connection, const char *client, gpointer user_data)
{
  Registration *registration = user_data;
  HeartbeatBusHandlers *self = registration->owner;

  heartbeat_log (G_LOG_LEVEL_MESSAGE, HEARTBEAT_EVENT_BUS_HANDLER_LEFT,
                 heartbeat_agent_get_name (self->agent), NULL,
                 "the handler “%s” has left the bus: its checks fail until it is back",
                 registration->name);
  heartbeat_agent_register_bus_handler (self->agent, registration->name, NULL);
  g_hash_table_remove (self->registrations, registration->name);
}

static gboolean
check_name (HeartbeatBusHandlers *self, const char *name, GError **error)
{
  HeartbeatRegistry *registry = heartbeat_agent_get_registry (self->agent);

  if (*name == '\0' || strlen (name) > MAX_NAME_BYTES || heartbeat_text_has_controls (name))
    g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                         _ ("the name of a handler has 1 to 255 bytes and no control characters"));
  else if (!heartbeat_registry_has (registry, HEARTBEAT_HANDLER_BUS, name)
           && heartbeat_registry_count (registry, HEARTBEAT_HANDLER_BUS) >= MAX_HANDLERS)
    g_set_error (
        error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_REFUSED,
        ngettext ("%u handler on D-Bus is remembered already: forget it by UnregisterHandler",
                  "%u handlers on D-Bus are remembered already: forget one by "
                  "UnregisterHandler",
                  MAX_HANDLERS),
        MAX_HANDLERS);
  else
    return TRUE;
  return FALSE;
}

static gboolean
check_owner (HeartbeatBusHandlers *self, const char *client, const char *name, GError **error)
{
  const Registration *known = g_hash_table_lookup (self->registrations, name);

  if (known == NULL || strcmp (known->client, client) == 0)
    return TRUE;
  g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_REFUSED,
               _ ("the handler “%s” belongs to %s, which is on the bus"), name, known->client);
  return FALSE;
}

/**
 * heartbeat_bus_handlers_register:
 * @self: the handlers
 * @connection: the bus
 * @client: the unique name of the program
 * @name: the name that `handler` has in heartbeat.json
 * @path: its object
 * @error: return location for %HEARTBEAT_ERROR_INVALID_ARGUMENT or, where another program that is on the bus has the name,
 *   %HEARTBEAT_ERROR_REFUSED
 *
 * Lets a program execute a handler until it leaves the bus. It may register again, with another object.
 *
 * Returns: whether it does
 */
gboolean
heartbeat_bus_handlers_register (HeartbeatBusHandlers *self,
                                 GDBusConnection *connection,
                                 const char *client,
                                 const char *name,
                                 const char *path,
                                 GError **error)
{
  HeartbeatHandler handler;
  Registration *registration;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (G_IS_DBUS_CONNECTION (connection), FALSE);
  g_return_val_if_fail (client != NULL, FALSE);

  if (!check_name (self, name, error) || !check_owner (self, client, name, error))
    return FALSE;

  g_hash_table_remove (self->registrations, name);
  handler = heartbeat_bus_handler_call_new (connection, client, path);
  heartbeat_agent_register_bus_handler (self->agent, name, &handler);
  heartbeat_log (G_LOG_LEVEL_MESSAGE, HEARTBEAT_EVENT_BUS_HANDLER_CAME,
                 heartbeat_agent_get_name (self->agent), NULL,
                 "the handler “%s” is on the bus, by %s", name, client);

  registration = g_new0 (Registration, 1);
  registration->owner = self;
  registration->name = g_strdup (name);
  registration->client = g_strdup (client);
  g_hash_table_insert (self->registrations, registration->name, registration);
  /* A program that has left by now is reported as gone. */
  registration->watch
      = g_bus_watch_name_on_connection (connection, client, G_BUS_NAME_WATCHER_FLAGS_NONE, NULL,
                                        on_client_gone, registration, NULL);
  return TRUE;
}

/**
 * heartbeat_bus_handlers_unregister:
 * @self: the handlers
 * @client: the unique name of the program that asks
 * @name: a handler's name
 * @error: return location for %HEARTBEAT_ERROR_REFUSED, where another program that is on the bus has it, or
 *   %HEARTBEAT_ERROR_INVALID_ARGUMENT, where there is none of that name
 *
 * Forgets a handler: its checks fall to whoever else has a handler of that name.
 *
 * Returns: whether it did
 */
gboolean
heartbeat_bus_handlers_unregister (HeartbeatBusHandlers *self,
                                   const char *client,
                                   const char *name,
                                   GError **error)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (client != NULL, FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  if (!check_owner (self, client, name, error))
    return FALSE;
  g_hash_table_remove (self->registrations, name);
  if (heartbeat_agent_forget_bus_handler (self->agent, name))
    return TRUE;
  g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
               _ ("there is no handler “%s” on D-Bus"), name);
  return FALSE;
}

/**
 * heartbeat_bus_handlers_drop_all:
 * @self: the handlers
 *
 * The bus is gone, and all programs with it.
 */
void
heartbeat_bus_handlers_drop_all (HeartbeatBusHandlers *self)
{
  GHashTableIter iter;
  gpointer name;

  g_return_if_fail (self != NULL);

  g_hash_table_iter_init (&iter, self->registrations);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    heartbeat_agent_register_bus_handler (self->agent, name, NULL);
  g_hash_table_remove_all (self->registrations);
}
