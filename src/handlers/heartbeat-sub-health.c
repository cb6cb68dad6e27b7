/* SPDX-License-Identifier: MIT */

#include "handlers/heartbeat-sub-health.h"

#include <string.h>
#include <sys/wait.h>

#include "json/heartbeat-envelope.h"
#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"
#include "json/heartbeat-json.h"
#include "handlers/heartbeat-command.h"
#include "handlers/heartbeat-outcome.h"
#include "process/heartbeat-process.h"

#define PROGRAM    "openclaw"
#define KEY_PREFIX "agent:"
#define UNKNOWN    "unknown"

/* A session takes some 400 bytes, and they are kept for ever. */
#define MAX_LISTING (4 * 1024 * 1024)

/* A run of the handler: what it will say when the event is on its way. */
typedef struct
{
  HeartbeatRun *run;
  HeartbeatPublisher *publisher;
  char *message;
} Report;

static void
report_free (Report *report)
{
  g_object_unref (report->run);
  g_object_unref (report->publisher);
  g_free (report->message);
  g_free (report);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Report, report_free)

static const char *
get_text (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : UNKNOWN;
}

static gint64
get_count (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_int (node) : 0;
}

/* `agent:SUB:…` names the sub-agent SUB. */
static char *
dup_sub_agent (JsonObject *session)
{
  const char *key = get_text (session, "key");
  const char *name, *end;

  if (!g_str_has_prefix (key, KEY_PREFIX))
    return NULL;
  name = key + strlen (KEY_PREFIX);
  end = strchr (name, ':');
  return end != NULL && end > name ? g_strndup (name, end - name) : NULL;
}

static void
add_session (JsonArray *sub_agents, JsonNode *node)
{
  g_autofree char *name = NULL;
  JsonObject *session, *entry;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    return;
  session = json_node_get_object (node);
  name = dup_sub_agent (session);
  if (name == NULL)
    return;
  entry = json_object_new ();
  json_object_set_string_member (entry, "name", name);
  json_object_set_string_member (entry, "status", get_text (session, "status"));
  json_object_set_string_member (entry, "model", get_text (session, "model"));
  json_object_set_int_member (entry, "tokens", get_count (session, "totalTokens"));
  json_array_add_object_element (sub_agents, entry);
}

/**
 * heartbeat_sub_health_read_sessions:
 * @text: what `openclaw sessions --all-agents --json` prints
 * @error: return location for %HEARTBEAT_ERROR_INVALID_ARGUMENT
 *
 * Returns: (transfer full): the sub-agents, objects with `name`, `status`, `model`, `tokens`
 */
JsonArray *
heartbeat_sub_health_read_sessions (const char *text, GError **error)
{
  g_autoptr (JsonNode) root = NULL;
  g_autoptr (JsonArray) sub_agents = json_array_new ();
  HeartbeatJson json;
  JsonNode *sessions = NULL;

  g_return_val_if_fail (text != NULL, NULL);

  if (!heartbeat_json_scan (text, strlen (text), HEARTBEAT_JSON_NONE, &json, error))
    return NULL;
  root = json_from_string (text, error);
  if (root == NULL)
    return NULL;
  if (JSON_NODE_HOLDS_OBJECT (root))
    sessions = json_object_get_member (json_node_get_object (root), "sessions");
  if (sessions == NULL || !JSON_NODE_HOLDS_ARRAY (sessions))
    {
      g_set_error_literal (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                           _ ("an object with the array “sessions” is expected"));
      return NULL;
    }
  for (guint i = 0; i < json_array_get_length (json_node_get_array (sessions)); i++)
    add_session (sub_agents, json_array_get_element (json_node_get_array (sessions), i));
  return g_steal_pointer (&sub_agents);
}

static JsonNode *
make_payload (Report *report, JsonArray *sub_agents)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%Y-%m-%dT%H:%M:%SZ");
  JsonObject *payload = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_object_set_string_member (payload, "agent", heartbeat_run_get_agent_name (report->run));
  json_object_set_int_member (payload, "sub_agent_count", json_array_get_length (sub_agents));
  json_object_set_array_member (payload, "sub_agents", sub_agents);
  json_object_set_string_member (payload, "check_time", time);
  json_node_take_object (node, payload);
  return node;
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Report) report = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *event_id
      = heartbeat_publisher_publish_finish (HEARTBEAT_PUBLISHER (source), result, &error);

  if (event_id != NULL)
    heartbeat_run_succeed (report->run, report->message);
  else
    heartbeat_run_fail (report->run, error->message);
}

/* Publishes what was found; takes @report and @sub_agents. */
static void
publish (Report *report, JsonArray *sub_agents)
{
  g_autofree char *event_type
      = g_strdup_printf ("agent.%s.sub_health", heartbeat_run_get_agent_name (report->run));
  g_autofree char *cause
      = heartbeat_envelope_dup_event_id (heartbeat_run_get_envelope (report->run));

  heartbeat_publisher_publish_async (report->publisher, event_type, cause,
                                     make_payload (report, sub_agents),
                                     heartbeat_run_get_cancellable (report->run), on_sent, report);
}

static void
publish_empty (Report *report, const char *why)
{
  report->message = g_strdup_printf (_ ("no sub-agents: %s"), why);
  publish (report, json_array_new ());
}

static void
publish_failure (Report *report, int exit_status)
{
  g_autofree char *why = heartbeat_outcome_describe_exit (exit_status);
  g_autofree char *message
      = g_strdup_printf (_ ("the program that lists the sessions failed: %s"), why);

  publish_empty (report, message);
}

static void
publish_sessions (Report *report, const HeartbeatProcessOutput *output)
{
  g_autoptr (GError) error = NULL;
  JsonArray *sub_agents;
  guint n;

  if (!WIFEXITED (output->exit_status) || WEXITSTATUS (output->exit_status) != 0)
    {
      publish_failure (report, output->exit_status);
      return;
    }
  if (output->truncated)
    {
      publish_empty (report, _ ("the list of the sessions is larger than 4 MiB"));
      return;
    }
  sub_agents = heartbeat_sub_health_read_sessions (output->text, &error);
  if (sub_agents == NULL)
    {
      g_autofree char *why
          = g_strdup_printf (_ ("the list of the sessions is not to be understood: %s"),
                             error->message);

      publish_empty (report, why);
      return;
    }
  n = json_array_get_length (sub_agents);
  report->message = g_strdup_printf (ngettext ("%u sub-agent", "%u sub-agents", n), n);
  publish (report, sub_agents);
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Report *report = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatProcessOutput) output = heartbeat_process_run_finish (result, &error);

  /* A listing that the time-out cut short says nothing, and must not say that there are no sub-agents. */
  if (g_cancellable_is_cancelled (heartbeat_run_get_cancellable (report->run)))
    report_free (report);
  else if (output == NULL)
    publish_empty (report, error->message);
  else
    publish_sessions (report, output);
}

/* `meta.command`, else openclaw. */
static GStrv
find_command (HeartbeatRun *run, GError **error)
{
  static const char *const command[] = { PROGRAM, "sessions", "--all-agents", "--json", NULL };
  GStrv argv = heartbeat_command_parse (heartbeat_run_get_meta (run), error);

  return argv != NULL || *error != NULL ? argv : g_strdupv ((GStrv) command);
}

/**
 * heartbeat_sub_health_handler:
 * @run: a run
 * @user_data: a #HeartbeatSubHealth
 *
 * The handler `sub_health`: publishes the state of the agent's sub-agents.
 */
void
heartbeat_sub_health_handler (HeartbeatRun *run, gpointer user_data)
{
  const HeartbeatSubHealth *self = user_data;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) argv = NULL;
  Report *report;

  g_return_if_fail (HEARTBEAT_IS_RUN (run));

  if (!heartbeat_publisher_has_broker (self->publisher))
    {
      heartbeat_run_skip (run, _ ("there is no broker to report to"));
      return;
    }
  argv = find_command (run, &error);
  if (error != NULL)
    {
      heartbeat_run_fail (run, error->message);
      return;
    }
  report = g_new0 (Report, 1);
  report->run = g_object_ref (run);
  report->publisher = g_object_ref (self->publisher);
  heartbeat_process_run_async (self->processes, run, (const char *const *) argv, MAX_LISTING,
                               on_listed, report);
}
