/* SPDX-License-Identifier: MIT */

#include "dbus/heartbeat-bus-call.h"

#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"
#include "base/heartbeat-limits.h"
#include "base/heartbeat-text.h"

/* Characters: of a line for people. */
#define MAX_TEXT 1000

/* A client's request to run a check. */
typedef struct
{
  GDBusMethodInvocation *invocation; /* NULL once it was answered */
  char *check;
  gulong started_handler;
} Call;

typedef struct
{
  gboolean wait;
  guint timeout;
} Options;

static void
call_free (Call *call)
{
  g_assert (call->invocation == NULL);
  g_free (call->check);
  g_free (call);
}

/* The answer takes the invocation. */
static void
answer (Call *call, GVariant *result)
{
  g_dbus_method_invocation_return_value (g_steal_pointer (&call->invocation),
                                         g_variant_new ("(@a{sv})", result));
}

static void
add_facts (GVariantDict *dict, HeartbeatResult *result)
{
  g_variant_dict_insert (dict, "message", "s", heartbeat_result_get_message (result));
  g_variant_dict_insert (dict, "started", "x", heartbeat_result_get_started (result));
  g_variant_dict_insert (dict, "duration", "x", heartbeat_result_get_duration (result));
  g_variant_dict_insert_value (dict, "details", heartbeat_result_get_details (result));
}

/**
 * heartbeat_bus_call_describe:
 * @result: how a run ended
 *
 * Returns: (transfer floating): `message`, `started`, `duration` and `details` as an `a{sv}`
 */
GVariant *
heartbeat_bus_call_describe (HeartbeatResult *result)
{
  GVariantDict dict;

  g_return_val_if_fail (result != NULL, NULL);

  g_variant_dict_init (&dict, NULL);
  add_facts (&dict, result);
  return g_variant_dict_end (&dict);
}

static GVariant *
describe_with_status (HeartbeatResult *result)
{
  GVariantDict dict;
  const char *status = heartbeat_status_to_string (heartbeat_result_get_status (result));

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "status", "s", status);
  add_facts (&dict, result);
  return g_variant_dict_end (&dict);
}

/**
 * heartbeat_bus_call_fail:
 * @invocation: (transfer full): a call
 * @error: what went wrong
 *
 * Answers with one of our errors, whatever the domain of @error. A long message is cut.
 */
void
heartbeat_bus_call_fail (GDBusMethodInvocation *invocation, const GError *error)
{
  g_autofree char *message = heartbeat_text_shorten (error->message, MAX_TEXT);
  int code = error->domain == HEARTBEAT_ERROR ? error->code : HEARTBEAT_ERROR_FAILED;

  g_dbus_method_invocation_return_error_literal (invocation, HEARTBEAT_ERROR, code, message);
}

/**
 * heartbeat_bus_call_finish:
 * @invocation: (transfer full): a call that has no result
 * @done: whether it was done
 * @error: (nullable): why not
 *
 * Answers a call.
 */
void
heartbeat_bus_call_finish (GDBusMethodInvocation *invocation, gboolean done, const GError *error)
{
  if (done)
    g_dbus_method_invocation_return_value (invocation, NULL);
  else
    heartbeat_bus_call_fail (invocation, error);
}

static gboolean
read_option (const char *name, GVariant *value, Options *options, GError **error)
{
  const GVariantType *type;

  if (g_str_equal (name, "wait"))
    type = G_VARIANT_TYPE_BOOLEAN;
  else if (g_str_equal (name, "timeout-ms"))
    type = G_VARIANT_TYPE_UINT32;
  else
    {
      g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                   _ ("there is no option “%s”"), name);
      return FALSE;
    }
  if (!g_variant_is_of_type (value, type))
    {
      g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                   _ ("the option “%s” has the type “%s”, not “%s”"), name,
                   g_variant_type_peek_string (type), g_variant_get_type_string (value));
      return FALSE;
    }
  if (g_variant_type_equal (type, G_VARIANT_TYPE_BOOLEAN))
    options->wait = g_variant_get_boolean (value);
  else
    options->timeout = g_variant_get_uint32 (value);
  return TRUE;
}

static gboolean
read_options (GVariant *dict, Options *options, GError **error)
{
  GVariantIter iter;
  const char *name;
  GVariant *boxed;

  g_variant_iter_init (&iter, dict);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &boxed))
    {
      g_autoptr (GVariant) value = boxed;

      if (!read_option (name, value, options, error))
        return FALSE;
    }
  if (options->timeout == 0
      || (options->timeout >= HEARTBEAT_TIMEOUT_MIN_MS
          && options->timeout <= HEARTBEAT_TIMEOUT_MAX_MS))
    return TRUE;
  g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
               _ ("the option “timeout-ms” is 0 or from %d to %d, not %u"),
               HEARTBEAT_TIMEOUT_MIN_MS, HEARTBEAT_TIMEOUT_MAX_MS, options->timeout);
  return FALSE;
}

static void
on_started (HeartbeatAgent *agent, HeartbeatCheck *check, gpointer user_data)
{
  Call *call = user_data;
  GVariantDict dict;

  if (call->invocation == NULL || !g_str_equal (heartbeat_check_get_name (check), call->check))
    return;
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "started", "x", g_get_real_time ());
  answer (call, g_variant_dict_end (&dict));
}

static void
on_run (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HeartbeatAgent *agent = HEARTBEAT_AGENT (source);
  Call *call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatResult) end = heartbeat_agent_run_check_finish (agent, result, &error);

  g_clear_signal_handler (&call->started_handler, agent);
  if (call->invocation != NULL && end != NULL)
    answer (call, describe_with_status (end));
  else if (call->invocation != NULL)
    heartbeat_bus_call_fail (g_steal_pointer (&call->invocation), error);
  call_free (call);
}

/**
 * heartbeat_bus_call_run:
 * @agent: an agent
 * @check: the name of one of its checks
 * @options: an `a{sv}` from a client
 * @invocation: (transfer full): the call, answered with the result
 *
 * Runs a check for a client. A client that does not wait is answered when the run has started, so that it too gets an
 * error if the run cannot start.
 */
void
heartbeat_bus_call_run (HeartbeatAgent *agent,
                        const char *check,
                        GVariant *options,
                        GDBusMethodInvocation *invocation)
{
  Options wanted = { TRUE, 0 };
  g_autoptr (GError) error = NULL;
  Call *call;

  g_return_if_fail (HEARTBEAT_IS_AGENT (agent));
  g_return_if_fail (check != NULL);

  if (!read_options (options, &wanted, &error))
    {
      heartbeat_bus_call_fail (invocation, error);
      return;
    }
  call = g_new0 (Call, 1);
  call->invocation = invocation;
  call->check = g_strdup (check);
  if (!wanted.wait)
    call->started_handler
        = g_signal_connect (agent, "check-started", G_CALLBACK (on_started), call);
  heartbeat_agent_run_check_async (agent, check, wanted.timeout, NULL, on_run, call);
}

static void
on_changed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  gboolean done = heartbeat_agent_change_finish (HEARTBEAT_AGENT (source), result, &error);

  heartbeat_bus_call_finish (user_data, done, error);
}

/**
 * heartbeat_bus_call_pause:
 * @agent: an agent
 * @check: the name of a check, or `*`
 * @until: the end of the pause, in µs since the epoch, or 0 for none
 * @reason: why, may be empty, at most 1000 characters
 * @invocation: (transfer full): the call to answer
 *
 * Answers once heartbeat.json was saved.
 */
void
heartbeat_bus_call_pause (HeartbeatAgent *agent,
                          const char *check,
                          gint64 until,
                          const char *reason,
                          GDBusMethodInvocation *invocation)
{
  g_return_if_fail (HEARTBEAT_IS_AGENT (agent));
  g_return_if_fail (check != NULL);
  g_return_if_fail (reason != NULL);

  if (until < 0)
    g_dbus_method_invocation_return_error (
        invocation, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
        _ ("the end of a pause is a time in µs since the epoch, or 0"));
  else if (g_utf8_strlen (reason, -1) > MAX_TEXT)
    g_dbus_method_invocation_return_error (
        invocation, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
        ngettext ("the reason of a pause has at most %d character",
                  "the reason of a pause has at most %d characters", MAX_TEXT),
        MAX_TEXT);
  else
    heartbeat_agent_pause_async (agent, check, until, reason, on_changed, invocation);
}

/**
 * heartbeat_bus_call_resume:
 * @agent: an agent
 * @check: the name of a check, or `*`
 * @invocation: (transfer full): the call to answer
 *
 * Answers once heartbeat.json was saved.
 */
void
heartbeat_bus_call_resume (HeartbeatAgent *agent,
                           const char *check,
                           GDBusMethodInvocation *invocation)
{
  g_return_if_fail (HEARTBEAT_IS_AGENT (agent));
  g_return_if_fail (check != NULL);

  heartbeat_agent_resume_async (agent, check, on_changed, invocation);
}

/**
 * heartbeat_bus_call_set_enabled:
 * @agent: an agent
 * @check: the name of a check
 * @enabled: whether it is to run
 * @invocation: (transfer full): the call to answer
 *
 * Answers once heartbeat.json was saved.
 */
void
heartbeat_bus_call_set_enabled (HeartbeatAgent *agent,
                                const char *check,
                                gboolean enabled,
                                GDBusMethodInvocation *invocation)
{
  g_return_if_fail (HEARTBEAT_IS_AGENT (agent));
  g_return_if_fail (check != NULL);

  heartbeat_agent_set_enabled_async (agent, check, enabled, on_changed, invocation);
}
