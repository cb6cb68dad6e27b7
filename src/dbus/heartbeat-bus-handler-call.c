/* SPDX-License-Identifier: MIT */

#include "dbus/heartbeat-bus-handler-call.h"

#include "base/heartbeat-i18n.h"

#define INTERFACE "org.bloodbank.Heartbeat1.Handler"

/* Who executes a handler. */
typedef struct
{
  GDBusConnection *connection;
  char *client;
  char *path;
} Target;

static void
target_free (gpointer data)
{
  Target *target = data;

  g_object_unref (target->connection);
  g_free (target->client);
  g_free (target->path);
  g_free (target);
}

static void
add_text (GVariantDict *dict, const char *name, const char *value)
{
  if (value != NULL)
    g_variant_dict_insert (dict, name, "s", value);
}

/* The same members as executable handlers find on their standard input. */
static GVariant *
describe_run (HeartbeatRun *run)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  add_text (&dict, "agent", heartbeat_run_get_agent_name (run));
  add_text (&dict, "check_name", heartbeat_run_get_check_name (run));
  g_variant_dict_insert (&dict, "timestamp", "x", heartbeat_run_get_timestamp (run));
  add_text (&dict, "check", heartbeat_run_get_check (run));
  add_text (&dict, "meta", heartbeat_run_get_meta (run));
  add_text (&dict, "envelope", heartbeat_run_get_envelope (run));
  add_text (&dict, "routing_key", heartbeat_run_get_routing_key (run));
  return g_variant_dict_end (&dict);
}

static gboolean
has_left (const GError *error)
{
  return g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_DISCONNECTED)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

static void
fail (HeartbeatRun *run, GError *error)
{
  g_autofree char *message = NULL;

  if (has_left (error))
    {
      heartbeat_run_fail (run, _ ("the handler's program has left the bus"));
      return;
    }
  g_dbus_error_strip_remote_error (error);
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD)
      || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT)
      || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_INTERFACE))
    message = g_strdup_printf (_ ("the handler's object does not have the method %s: %s"),
                               INTERFACE ".Run", error->message);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT))
    message = g_strdup_printf (_ ("the handler's answer is no a{sv}: %s"), error->message);
  else
    message = g_strdup (error->message);
  heartbeat_run_fail (run, message);
}

static void
end (HeartbeatRun *run, GVariant *answer)
{
  g_autoptr (GVariant) result = g_variant_get_child_value (answer, 0);
  g_autoptr (GVariant) details = g_variant_lookup_value (result, "details", G_VARIANT_TYPE_VARDICT);
  const char *text = NULL;
  const char *message = NULL;
  g_autofree char *problem = NULL;
  HeartbeatStatus status;

  g_variant_lookup (result, "status", "&s", &text);
  g_variant_lookup (result, "message", "&s", &message);
  status = heartbeat_status_from_string (text);
  if (status != HEARTBEAT_STATUS_NONE)
    {
      heartbeat_run_end (run, status, message, details);
      return;
    }
  if (text == NULL)
    problem = g_strdup (_ ("the handler's answer has no text “status”"));
  else
    problem = g_strdup_printf (_ ("the handler's status “%s” is unknown"), text);
  heartbeat_run_fail (run, problem);
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatRun) run = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (answer != NULL)
    end (run, answer);
  else
    fail (run, error);
}

/* The run has its own time limit, which cancels the call. */
static void
call_run (HeartbeatRun *run, gpointer user_data)
{
  const Target *target = user_data;

  g_dbus_connection_call (target->connection, target->client, target->path, INTERFACE, "Run",
                          g_variant_new ("(@a{sv})", describe_run (run)),
                          G_VARIANT_TYPE ("(a{sv})"), G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT,
                          heartbeat_run_get_cancellable (run), on_answered, g_object_ref (run));
}

/**
 * heartbeat_bus_handler_call_new:
 * @connection: the bus
 * @client: the unique name of the program
 * @path: its object, which has the interface `org.bloodbank.Heartbeat1.Handler`
 *
 * Returns: a handler that calls the program
 */
HeartbeatHandler
heartbeat_bus_handler_call_new (GDBusConnection *connection, const char *client, const char *path)
{
  Target *target = g_new (Target, 1);

  *target = (Target){ g_object_ref (connection), g_strdup (client), g_strdup (path) };
  return (HeartbeatHandler){ call_run, target, target_free };
}
