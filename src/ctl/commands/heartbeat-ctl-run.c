/* SPDX-License-Identifier: MIT */

#include <signal.h>
#include <string.h>

#include <glib-unix.h>

#include "base/heartbeat-i18n.h"
#include "base/heartbeat-text.h"
#include "ctl/print/heartbeat-ctl-format.h"
#include "ctl/print/heartbeat-ctl-progress.h"
#include "ctl/heartbeat-ctl.h"

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
  status = heartbeat_ctl_format_word ("status", status);
  if (*line == '\0')
    /* Translators: a check, how it ended, how long it took */
    g_print (_ ("%s: %s in %s\n"), name, status, span);
  else
    /* Translators: a check, how it ended, how long it took, what it says */
    g_print (_ ("%s: %s in %s: %s\n"), name, status, span, line);
}

static void
print_json (const char *agent, const char *check, GVariant *result)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  GVariantIter iter;
  GVariant *member = NULL;

  g_variant_builder_add_parsed (&builder, "{'agent', <%s>}", agent);
  g_variant_builder_add_parsed (&builder, "{'check', <%s>}", check);
  g_variant_iter_init (&iter, result);
  while (g_variant_iter_loop (&iter, "@{sv}", &member))
    g_variant_builder_add_value (&builder, member);
  heartbeat_ctl_print_json (g_variant_builder_end (&builder));
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

/* Wait for the reply even after an interrupt, since it needs @wait. Cancelling makes it come at once; the service does not notice. */
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

/* Die of the signal, so that a loop in a shell ends as well. */
static HeartbeatCtlExit
end_interrupted (const char *check)
{
  heartbeat_ctl_report (HEARTBEAT_CTL_FAILED,
                        _ ("the run goes on; see how it ends: heartbeatctl history %s"), check);
  signal (SIGINT, SIG_DFL);
  raise (SIGINT);
  return HEARTBEAT_CTL_FAILED;
}

/* --- The command ---------------------------------------------------------------------------------------------------- */

static HeartbeatCtlExit
report (HeartbeatCtl *self, const char *agent, const char *check, GVariant *result)
{
  const char *status = "";

  if (self->json)
    print_json (agent, check, result);
  else
    print_result (check, result);
  g_variant_lookup (result, "status", "&s", &status);
  if (strcmp (status, "failed") != 0)
    return HEARTBEAT_CTL_OK;
  return heartbeat_ctl_report (HEARTBEAT_CTL_FAILED, _ ("the check “%s” failed"), check);
}

/* `heartbeatctl run CHECK`: runs a check and waits for its end; on a terminal it shows for how long. Ctrl-C ends the wait, not
 * the run. */
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
    return heartbeat_ctl_report_error (error);
  run_and_wait (proxy, &wait);
  result = wait.result;
  error = wait.error;
  if (result != NULL)
    return report (self, agent, args[0], result);
  return wait.interrupted ? end_interrupted (args[0]) : heartbeat_ctl_report_error (error);
}
