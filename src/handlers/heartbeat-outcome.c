/* SPDX-License-Identifier: MIT */

#include "handlers/heartbeat-outcome.h"

#include <math.h>
#include <string.h>
#include <sys/wait.h>

#include "base/heartbeat-i18n.h"
#include "base/heartbeat-text.h"
#include "json/heartbeat-json.h"
#include "handlers/heartbeat-performance.h"

/* D-Bus closes the connection of a sender that nests more than 64 containers; an object counts as three. */
#define MAX_DETAILS_DEPTH 8

/* Characters of what goes on the bus and into the history beside the message, which the run itself shortens. */
#define MAX_LONG_TEXT 4000

static GVariant *read_value (const HeartbeatJson *json, guint depth);

static GVariant *
read_object (const HeartbeatJson *object, guint depth)
{
  GVariantDict dict;
  HeartbeatJsonIter iter;
  HeartbeatJson name, member;

  g_variant_dict_init (&dict, NULL);
  heartbeat_json_iter_init (&iter, object);
  while (heartbeat_json_iter_member (&iter, &name, &member))
    {
      g_autofree char *key = heartbeat_json_dup_string (&name, NULL);
      GVariant *value = read_value (&member, depth + 1);

      if (value != NULL)
        g_variant_dict_insert_value (&dict, key, value);
      else
        g_variant_dict_remove (&dict, key);
    }
  return g_variant_dict_end (&dict);
}

static GVariant *
read_array (const HeartbeatJson *array, guint depth)
{
  GVariantBuilder builder;
  HeartbeatJsonIter iter;
  HeartbeatJson element;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  heartbeat_json_iter_init (&iter, array);
  while (heartbeat_json_iter_element (&iter, &element))
    {
      GVariant *value = read_value (&element, depth + 1);

      if (value != NULL)
        g_variant_builder_add (&builder, "v", value);
    }
  return g_variant_builder_end (&builder);
}

/* A value as D-Bus can carry it: NULL for null, which has no counterpart there, and the text of what does not fit. */
static GVariant *
read_value (const HeartbeatJson *json, guint depth)
{
  gboolean is_container = heartbeat_json_is_object (json) || heartbeat_json_is_array (json);
  g_autofree char *text = NULL;
  gboolean flag;
  gint64 integer;
  double number;

  if (heartbeat_json_is_null (json))
    return NULL;
  if (heartbeat_json_is_string (json))
    return g_variant_new_take_string (heartbeat_json_dup_string (json, NULL));
  if (heartbeat_json_get_boolean (json, &flag))
    return g_variant_new_boolean (flag);
  if (heartbeat_json_get_integer (json, &integer))
    return g_variant_new_int64 (integer);
  if (is_container && depth < MAX_DETAILS_DEPTH)
    return heartbeat_json_is_object (json) ? read_object (json, depth) : read_array (json, depth);
  text = heartbeat_json_dup_text (json);
  number = g_ascii_strtod (text, NULL);
  if (is_container || !isfinite (number))
    return g_variant_new_take_string (g_steal_pointer (&text));
  return g_variant_new_double (number);
}

/* A JSON object with a `status` is the result, whatever the exit status says. */
static gboolean
read_json (HeartbeatOutcome *outcome, const char *text)
{
  HeartbeatJson root, member;
  g_autofree char *status = NULL;

  if (!heartbeat_json_scan (text, strlen (text), HEARTBEAT_JSON_ALLOW_BOM, &root, NULL)
      || !heartbeat_json_is_object (&root) || !heartbeat_json_get_member (&root, "status", &member)
      || !heartbeat_json_is_string (&member))
    return FALSE;
  status = heartbeat_json_dup_string (&member, NULL);
  outcome->status = heartbeat_status_from_string (status);
  if (heartbeat_json_get_member (&root, "message", &member) && heartbeat_json_is_string (&member))
    outcome->message = heartbeat_json_dup_string (&member, NULL);
  if (outcome->status == HEARTBEAT_STATUS_NONE)
    {
      outcome->status = HEARTBEAT_STATUS_FAILED;
      g_free (outcome->message);
      outcome->message = g_strdup_printf (_ ("the handler's status “%s” is unknown"), status);
    }
  if (heartbeat_json_get_member (&root, "details", &member) && heartbeat_json_is_object (&member))
    outcome->details = g_variant_ref_sink (read_object (&member, 0));
  return TRUE;
}

/* A result that was cut may have said anything: it must not become a success. What has no `status` in what is left is some
 * other output that happens to be JSON. */
static gboolean
is_cut_result (const HeartbeatProcessOutput *output)
{
  const char *start = output->text + strspn (output->text, " \t\r\n\xef\xbb\xbf");

  return output->truncated && *start == '{' && strstr (start, "\"status\"") != NULL;
}

static char *
first_line (const char *text, gsize length)
{
  g_autofree char *copy = g_strndup (text, length);

  return heartbeat_text_dup_valid (g_strstrip (copy));
}

/* Takes @text. */
static char *
make_long_text (GString *text)
{
  g_autofree char *bytes = g_string_free (text, FALSE);

  return heartbeat_text_shorten (g_strstrip (bytes), MAX_LONG_TEXT);
}

static void
add_performance (GVariantDict *details, GString *text)
{
  g_autofree char *performance = heartbeat_text_dup_valid (text->str);
  g_autofree char *shown = make_long_text (text);
  g_autoptr (GVariant) values = NULL;

  if (*shown == '\0')
    return;
  g_variant_dict_insert (details, "performance-data", "s", shown);
  values = g_variant_ref_sink (heartbeat_performance_parse (g_strstrip (performance)));
  if (g_variant_n_children (values) > 0)
    g_variant_dict_insert_value (details, "performance", values);
}

/* The guidelines of monitoring plugins: the first line is the message, and performance data after `|`. Further lines are
 * more text, up to another `|`, from which on all is performance data. */
static void
read_plugin_lines (HeartbeatOutcome *outcome, const char *text, GVariantDict *details)
{
  gsize length = strcspn (text, "\r\n");
  gsize message = strcspn (text, "|\r\n");
  const char *rest = text + length;
  gsize more = strcspn (rest, "|");
  GString *performance = g_string_new (NULL);
  g_autofree char *long_output = make_long_text (g_string_new_len (rest, more));

  outcome->message = first_line (text, message);
  if (message < length)
    g_string_append_len (performance, text + message + 1, length - message - 1);
  if (rest[more] == '|')
    g_string_append_printf (performance, " %s", rest + more + 1);
  g_strdelimit (performance->str, "\r\n", ' ');
  add_performance (details, performance);
  if (*long_output != '\0')
    g_variant_dict_insert (details, "long-output", "s", long_output);
}

/* What tells one failure from another. */
static void
add_exit (GVariantDict *details, int exit_status)
{
  static const char *const states[] = { "ok", "warning", "critical", "unknown" };
  guint code = WEXITSTATUS (exit_status);

  if (WIFSIGNALED (exit_status))
    {
      g_variant_dict_insert (details, "signal", "i", WTERMSIG (exit_status));
      return;
    }
  g_variant_dict_insert (details, "exit-status", "i", code);
  if (code < G_N_ELEMENTS (states))
    g_variant_dict_insert (details, "plugin-state", "s", states[code]);
}

/**
 * heartbeat_outcome_describe_exit:
 * @exit_status: as `waitpid` has it
 *
 * Returns: (transfer full): how a program ended, for people
 */
char *
heartbeat_outcome_describe_exit (int exit_status)
{
  if (WIFSIGNALED (exit_status))
    return g_strdup_printf (_ ("the program was ended by signal %d"), WTERMSIG (exit_status));
  return g_strdup_printf (_ ("the program ended with status %d"), WEXITSTATUS (exit_status));
}

static void
read_plugin (HeartbeatOutcome *outcome, const HeartbeatProcessOutput *output)
{
  gboolean good = outcome->status == HEARTBEAT_STATUS_SUCCESS;
  g_autoptr (GVariant) found = NULL;
  GVariantDict details;

  g_variant_dict_init (&details, NULL);
  read_plugin_lines (outcome, output->text, &details);
  if (!good)
    add_exit (&details, output->exit_status);
  found = g_variant_ref_sink (g_variant_dict_end (&details));
  if (g_variant_n_children (found) > 0)
    outcome->details = g_steal_pointer (&found);
  if (good || *outcome->message != '\0')
    return;
  g_free (outcome->message);
  outcome->message = first_line (output->error_text, strcspn (output->error_text, "\r\n"));
  if (*outcome->message != '\0')
    return;
  g_free (outcome->message);
  outcome->message = heartbeat_outcome_describe_exit (output->exit_status);
}

/**
 * heartbeat_outcome_read:
 * @outcome: (out caller-allocates): the meaning
 * @output: what a program left behind
 *
 * Reads a JSON object with `status`, else the exit status by the convention of monitoring plugins: 0 is success, all else
 * failed, with the first line as message. The details then are those of `performance-data` (s), `performance` (a{sv}, see
 * heartbeat_performance_parse()) and `long-output` (s) that there are, and of a failure `exit-status` (i) and
 * `plugin-state` (s: `warning`, `critical`, `unknown`), or `signal` (i).
 */
void
heartbeat_outcome_read (HeartbeatOutcome *outcome, const HeartbeatProcessOutput *output)
{
  gboolean good;

  g_return_if_fail (outcome != NULL);
  g_return_if_fail (output != NULL);

  good = WIFEXITED (output->exit_status) && WEXITSTATUS (output->exit_status) == 0;
  *outcome = (HeartbeatOutcome){ HEARTBEAT_STATUS_NONE, NULL, NULL };
  if (read_json (outcome, output->text))
    return;
  if (is_cut_result (output))
    {
      outcome->status = HEARTBEAT_STATUS_FAILED;
      outcome->message = g_strdup (_ ("the handler's result is larger than 64 KiB"));
      return;
    }
  outcome->status = good ? HEARTBEAT_STATUS_SUCCESS : HEARTBEAT_STATUS_FAILED;
  read_plugin (outcome, output);
}

void
heartbeat_outcome_clear (HeartbeatOutcome *outcome)
{
  g_return_if_fail (outcome != NULL);

  g_clear_pointer (&outcome->message, g_free);
  g_clear_pointer (&outcome->details, g_variant_unref);
}

static void
on_ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatRun) run = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatProcessOutput) output = heartbeat_process_run_finish (result, &error);
  g_auto (HeartbeatOutcome) outcome = { 0 };

  if (output == NULL)
    {
      heartbeat_run_fail (run, error->message);
      return;
    }
  heartbeat_outcome_read (&outcome, output);
  heartbeat_run_end (run, outcome.status, outcome.message, outcome.details);
}

/**
 * heartbeat_outcome_run:
 * @processes: (nullable): see heartbeat_process_run_async()
 * @run: a run
 * @argv: (array zero-terminated=1): a program and its arguments
 *
 * Runs a program, and ends @run with what it says.
 */
void
heartbeat_outcome_run (HeartbeatProcesses *processes, HeartbeatRun *run, const char *const *argv)
{
  g_return_if_fail (HEARTBEAT_IS_RUN (run));
  g_return_if_fail (argv != NULL);

  heartbeat_process_run_async (processes, run, argv, HEARTBEAT_OUTPUT_MAX_BYTES, on_ended,
                               g_object_ref (run));
}
