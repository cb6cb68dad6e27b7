/* SPDX-License-Identifier: MIT */

#include "dbus/heartbeat-bus-history.h"

#include "agent/heartbeat-agent-private.h"
#include "dbus/heartbeat-bus-call.h"

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

/* On a thread, since there may be tens of thousands of entries. */
static void
answer (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  GDBusMethodInvocation *invocation = source;
  GPtrArray *entries = task_data;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < entries->len; i++)
    g_variant_builder_add_value (&builder, describe (g_ptr_array_index (entries, i)));
  g_dbus_method_invocation_return_value (g_object_ref (invocation),
                                         g_variant_new ("(aa{sv})", &builder));
  g_ptr_array_set_size (entries, 0);
  g_task_return_boolean (task, TRUE);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GDBusMethodInvocation) invocation = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GTask) task = NULL;
  GPtrArray *entries = heartbeat_history_read_finish (HEARTBEAT_HISTORY (source), result, &error);

  if (entries == NULL)
    {
      heartbeat_bus_call_fail (g_steal_pointer (&invocation), error);
      return;
    }
  task = g_task_new (invocation, NULL, NULL, NULL);
  g_task_set_task_data (task, entries, (GDestroyNotify) g_ptr_array_unref);
  g_task_run_in_thread (task, answer);
}

/**
 * heartbeat_bus_history_answer:
 * @agent: an agent
 * @check: the name of a check, an empty text for all
 * @most: how many runs at most
 * @invocation: (transfer full): the call to answer
 *
 * Answers with the past runs. A check that was removed from heartbeat.json still has its history.
 */
void
heartbeat_bus_history_answer (HeartbeatAgent *agent,
                              const char *check,
                              guint most,
                              GDBusMethodInvocation *invocation)
{
  g_return_if_fail (HEARTBEAT_IS_AGENT (agent));
  g_return_if_fail (check != NULL);

  heartbeat_history_read_async (heartbeat_agent_get_history (agent), *check != '\0' ? check : NULL,
                                most, on_read, invocation);
}
