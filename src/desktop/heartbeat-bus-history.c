/* SPDX-License-Identifier: MIT */

#include "desktop/heartbeat-bus-history.h"

#include "core/heartbeat-agent-private.h"
#include "desktop/heartbeat-bus-call.h"

static GVariant *
describe (const HeartbeatHistoryEntry *entry)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "time", "x", entry->time * 1000);
  g_variant_dict_insert (&dict, "check", "s", entry->check);
  g_variant_dict_insert (&dict, "status", "s", heartbeat_status_to_string (entry->status));
  g_variant_dict_insert (&dict, "message", "s", entry->message);
  g_variant_dict_insert (&dict, "duration", "x", entry->duration * 1000);
  g_variant_dict_insert (&dict, "trigger", "s", entry->manual ? "manual" : "tick");
  return g_variant_dict_end (&dict);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) entries
      = heartbeat_history_read_finish (HEARTBEAT_HISTORY (source), result, &error);
  GVariantBuilder builder;

  if (entries == NULL)
    {
      heartbeat_bus_call_fail (invocation, error);
      return;
    }
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < entries->len; i++)
    g_variant_builder_add_value (&builder, describe (g_ptr_array_index (entries, i)));
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(aa{sv})", &builder));
}

/**
 * heartbeat_bus_history_answer:
 * @agent: an agent
 * @check: the name of a check, an empty text for all
 * @most: how many runs at most
 * @invocation: (transfer full): the call to answer
 *
 * Answers with the past runs. A check that is gone from heartbeat.json still has its history.
 */
void
heartbeat_bus_history_answer (HeartbeatAgent *agent,
                              const char *check,
                              guint most,
                              GDBusMethodInvocation *invocation)
{
  heartbeat_history_read_async (heartbeat_agent_get_history (agent), *check != '\0' ? check : NULL,
                                most, on_read, invocation);
}
