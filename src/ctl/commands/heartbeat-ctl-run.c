/* SPDX-License-Identifier: MIT */

#include <signal.h>
#include <string.h>

#include <glib-unix.h>

#include "base/heartbeat-i18n.h"
#include "base/heartbeat-text.h"
#include "ctl/print/heartbeat-ctl-format.h"
#include "ctl/print/heartbeat-ctl-progress.h"
#include "ctl/heartbeat-ctl.h"
#include "dbus/heartbeat-dbus.h"

static void
print_result (const char *check, GVariant *result)
{
  const char *status = "", *message = "";
  gint64 duration = 0;
  g_autofree char *span = NULL;
  g_autofree char *name = heartbeat_text_to_line (check);
  g_autofree char *line = NULL;

  g_variant_lookup (result, "status", "&s", &status);
  g_variant_lookup (result, "message", "&s", &message);
  g_variant_lookup (result, "duration", "x", &duration);
  span = heartbeat_ctl_format_span (duration);
  line = heartbeat_text_to_line (message);
  status = heartbeat_ctl_format_status (status);
  if (*line == '\0')
    /* Translators: a check, how it ended, how long it took */
    g_print (_ ("%s: %s in %s\n"), name, status, span);
  else
    /* Translators: a check, how it ended, how long it took, what it says */
    g_print (_ ("%s: %s in %s: %s\n"), name, status, span, line);
}

static void
print_result_json (HeartbeatCtl *self, const char *agent, const char *check, GVariant *result)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  GVariantIter iter;
  const char *name;
  GVariant *value;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "agent");
  json_builder_add_string_value (builder, agent);
  json_builder_set_member_name (builder, "check");
  json_builder_add_string_value (builder, check);
  g_variant_iter_init (&iter, result);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    {
      json_builder_set_member_name (builder, name);
      json_builder_add_value (builder, json_gvariant_serialize (value));
    }
  json_builder_end_object (builder);
  heartbeat_ctl_print_json (builder);
}

/* --- Waiting -------------------------------------------------------------------------------------------------------- */

typedef struct
{
  const char *check;
  HeartbeatCtlProgress *progress;
  gboolean done;
  gboolean interrupted;
  GVariant *result;
  GError *error;
} Wait;

static void
on_signal (GDBusProxy *proxy,
           const char *sender,
           const char *signal,
           GVariant *parameters,
           Wait *wait)
{
  const char *check;

  if (strcmp (signal, "CheckStarted") != 0)
    return;
  g_variant_get (parameters, "(&s)", &check);
  if (strcmp (check, wait->check) == 0)
    heartbeat_ctl_progress_begin (wait->progress);
}

static void
on_run (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Wait *wait = user_data;

  heartbeat_dbus_agent_call_run_check_finish (HEARTBEAT_DBUS_AGENT (source), &wait->result, result,
                                              &wait->error);
  wait->done = TRUE;
}

static gboolean
on_interrupt (gpointer user_data)
{
  Wait *wait = user_data;

  wait->interrupted = TRUE;
  return G_SOURCE_CONTINUE;
}

/* The answer is waited for even after an interrupt: it must not come when @wait is gone. Cancelling brings it at once, and
 * the service does not hear of it. */
static void
run_and_wait (HeartbeatDBusAgent *proxy, Wait *wait)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (HeartbeatCtlProgress) progress = heartbeat_ctl_progress_new (wait->check);
  guint interrupt = g_unix_signal_add (SIGINT, on_interrupt, wait);
  gulong handler = g_signal_connect (proxy, "g-signal", G_CALLBACK (on_signal), wait);

  wait->progress = progress;
  heartbeat_dbus_agent_call_run_check (proxy, wait->check, g_variant_new ("a{sv}", NULL),
                                       cancellable, on_run, wait);
  while (!wait->done && !wait->interrupted)
    g_main_context_iteration (NULL, TRUE);
  g_cancellable_cancel (cancellable);
  while (!wait->done)
    g_main_context_iteration (NULL, TRUE);
  g_signal_handler_disconnect (proxy, handler);
  g_source_remove (interrupt);
}

/* As a program ends that does not look: so that a shell's loop ends as well. */
static HeartbeatCtlExit
end_interrupted (const char *check)
{
  heartbeat_ctl_complain (_ ("the run goes on; see how it ends: heartbeatctl history %s"), check);
  signal (SIGINT, SIG_DFL);
  raise (SIGINT);
  return HEARTBEAT_CTL_FAILED;
}

/* --- The command ---------------------------------------------------------------------------------------------------- */

static HeartbeatCtlExit
tell (HeartbeatCtl *self, const char *agent, const char *check, GVariant *result)
{
  const char *status = "";

  if (self->json)
    print_result_json (self, agent, check, result);
  else
    print_result (check, result);
  g_variant_lookup (result, "status", "&s", &status);
  if (strcmp (status, "failed") != 0)
    return HEARTBEAT_CTL_OK;
  heartbeat_ctl_complain (_ ("the check “%s” failed"), check);
  return HEARTBEAT_CTL_FAILED;
}

/**
 * heartbeat_ctl_run:
 * @self: the command line
 * @args: the name of a check
 *
 * `heartbeatctl run CHECK`: runs it and waits for the end; on a terminal one sees for how long. Ctrl-C ends the waiting and
 * not the run.
 *
 * Returns: the exit status
 */
HeartbeatCtlExit
heartbeat_ctl_run (HeartbeatCtl *self, char **args)
{
  g_autofree char *agent = NULL;
  g_autoptr (HeartbeatDBusAgent) proxy = NULL;
  g_autoptr (GVariant) result = NULL;
  g_autoptr (GError) error = NULL;
  Wait wait = { .check = args[0] };
  HeartbeatCtlExit found = heartbeat_ctl_find_agent (self, &agent);

  if (found != HEARTBEAT_CTL_OK)
    return found;
  proxy = heartbeat_ctl_listen_to_agent (self, agent, &error);
  if (proxy == NULL)
    return heartbeat_ctl_fail (error);
  run_and_wait (proxy, &wait);
  result = wait.result;
  error = wait.error;
  if (result != NULL)
    return tell (self, agent, args[0], result);
  return wait.interrupted ? end_interrupted (args[0]) : heartbeat_ctl_fail (error);
}
