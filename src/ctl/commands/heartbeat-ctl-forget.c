/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <unistd.h>

#include "amqp/heartbeat-amqp-error.h"
#include "agent/heartbeat-agent.h"
#include "base/heartbeat-i18n.h"
#include "ctl/heartbeat-ctl-advice.h"
#include "ctl/heartbeat-ctl-probe.h"
#include "ctl/heartbeat-ctl-settings-resolver.h"
#include "ctl/heartbeat-ctl.h"

/* What became of the queue on one broker. The nicks are for programs. */
typedef enum
{
  OUTCOME_DELETED,
  OUTCOME_MISSING,
  OUTCOME_KEPT,   /* by the user */
  OUTCOME_FAILED, /* and reported */
} Outcome;

static const char *const nicks[] = { "deleted", "missing", "kept", "failed" };

typedef struct
{
  HeartbeatCtl *ctl;
  const char *agent;
  gboolean folder; /* one of a folder of agents */
  char *queue;
} Forget;

/* --- Asking --------------------------------------------------------------------------------------------------------- */

/* Anything but y, and the end of the input, means no. */
static gboolean
is_confirmed (void)
{
  char answer[16] = "";

  if (fgets (answer, sizeof answer, stdin) == NULL)
    g_printerr ("\n");
  return g_ascii_tolower (*answer) == 'y';
}

static gboolean
ask (Forget *self, const char *broker, guint messages)
{
  if (self->ctl->yes)
    return TRUE;
  /* Translators: y and N stay as they are */
  g_printerr (ngettext ("Delete the queue %s with %u message on %s? [y/N] ",
                        "Delete the queue %s with %u messages on %s? [y/N] ", messages),
              self->queue, messages, broker);
  return is_confirmed ();
}

/* --- Deleting ------------------------------------------------------------------------------------------------------- */

static gboolean
find_queue (Forget *self, HeartbeatCtlProbe *probe, HeartbeatReply *reply, GError **error)
{
  amqp_queue_declare_t declare = {
    .queue = amqp_cstring_bytes (self->queue),
    .passive = 1,
  };

  return heartbeat_ctl_probe_call (probe, AMQP_QUEUE_DECLARE_METHOD, &declare, reply, error);
}

static gboolean
delete_queue (Forget *self, HeartbeatCtlProbe *probe, gboolean if_unused, GError **error)
{
  amqp_queue_delete_t delete = {
    .queue = amqp_cstring_bytes (self->queue),
    .if_unused = if_unused,
  };

  return heartbeat_ctl_probe_call (probe, AMQP_QUEUE_DELETE_METHOD, &delete, NULL, error);
}

static Outcome
report_use (Forget *self, const char *broker)
{
  if (self->folder)
    heartbeat_ctl_report (HEARTBEAT_CTL_FAILED,
                          _ ("%s on %s is in use: take the agent's file out of its folder first, "
                             "and stop whoever else consumes"),
                          self->queue, broker);
  else
    heartbeat_ctl_report (HEARTBEAT_CTL_FAILED,
                          _ ("%s on %s is in use: stop the agent's service first (systemctl "
                             "--user disable --now heartbeat-consumer@%s), and whoever else "
                             "consumes"),
                          self->queue, broker, self->agent);
  return OUTCOME_FAILED;
}

static Outcome
report_refusal (Forget *self, const char *broker, const GError *error)
{
  const char *advice = heartbeat_ctl_advice_for_refusal (error);

  if (g_error_matches (error, HEARTBEAT_AMQP_ERROR, AMQP_NOT_FOUND))
    return OUTCOME_MISSING;
  if (g_error_matches (error, HEARTBEAT_AMQP_ERROR, AMQP_PRECONDITION_FAILED))
    return report_use (self, broker);
  heartbeat_ctl_report (HEARTBEAT_CTL_FAILED, "%s: %s%s%s", broker, error->message,
                        advice != NULL ? "; " : "", advice != NULL ? advice : "");
  return OUTCOME_FAILED;
}

/* With @checked the broker refuses to delete a queue that is in use. RabbitMQ does not support that for quorum queues, and
 * closes the connection: @supported becomes FALSE. */
static Outcome
forget_queue (Forget *self,
              HeartbeatCtlProbe *probe,
              const char *broker,
              gboolean checked,
              gboolean *supported)
{
  g_autoptr (GError) error = NULL;
  HeartbeatReply reply = { 0 };

  if (!find_queue (self, probe, &reply, &error))
    return report_refusal (self, broker, error);
  if (reply.consumer_count > 0)
    return report_use (self, broker);
  if (checked && !ask (self, broker, reply.message_count))
    return OUTCOME_KEPT;
  if (delete_queue (self, probe, checked, &error))
    return OUTCOME_DELETED;
  *supported = !g_error_matches (error, HEARTBEAT_AMQP_ERROR, AMQP_NOT_IMPLEMENTED);
  return *supported ? report_refusal (self, broker, error) : OUTCOME_FAILED;
}

static Outcome
forget_on (Forget *self, HeartbeatBrokerUri *uri, const char *broker, gboolean checked)
{
  g_autoptr (HeartbeatCtlProbe) probe = heartbeat_ctl_probe_new (uri);
  HeartbeatConnectionStage stage;
  const GError *error = heartbeat_ctl_probe_connect (probe, &stage);
  Outcome outcome = OUTCOME_FAILED;
  gboolean supported = TRUE;

  if (error == NULL)
    outcome = forget_queue (self, probe, broker, checked, &supported);
  else
    heartbeat_ctl_report (HEARTBEAT_CTL_FAILED, _ ("%s cannot be asked: %s; %s"), broker,
                          error->message, heartbeat_ctl_advice_for_connection (stage, error));
  heartbeat_ctl_probe_close (probe);
  return supported ? outcome : forget_on (self, uri, broker, FALSE);
}

/* --- The command ---------------------------------------------------------------------------------------------------- */

static void
report (Forget *self, const char *broker, Outcome outcome)
{
  if (outcome == OUTCOME_DELETED)
    g_print (_ ("%s deleted on %s\n"), self->queue, broker);
  else if (outcome == OUTCOME_MISSING)
    g_print (_ ("%s is not on %s\n"), self->queue, broker);
}

/* Several URLs may be one cluster: what was deleted on its first node is missing on the next. */
static HeartbeatCtlExit
forget_on_all (Forget *self, GPtrArray *uris)
{
  g_auto (GVariantBuilder) brokers = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  guint deleted = 0, failed = 0;

  for (guint i = 0; i < uris->len; i++)
    {
      g_autofree char *broker = heartbeat_broker_uri_to_display (g_ptr_array_index (uris, i));
      Outcome outcome = forget_on (self, g_ptr_array_index (uris, i), broker, TRUE);

      g_variant_builder_add_parsed (&brokers, "{'broker': <%s>, 'outcome': <%s>}", broker,
                                    nicks[outcome]);
      if (!self->ctl->json)
        report (self, broker, outcome);
      deleted += outcome == OUTCOME_DELETED;
      failed += outcome == OUTCOME_FAILED;
    }
  if (deleted == 0 && failed == 0)
    heartbeat_ctl_report (HEARTBEAT_CTL_FAILED, _ ("nothing was deleted"));
  if (self->ctl->json)
    heartbeat_ctl_print_json (
        g_variant_new_parsed ("{'queue': <%s>, 'brokers': <%aa{sv}>}", self->queue, &brokers));
  return deleted > 0 && failed == 0 ? HEARTBEAT_CTL_OK : HEARTBEAT_CTL_FAILED;
}

static GPtrArray *
find_brokers (Forget *self)
{
  HeartbeatCtlSettingsResolver settings = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *url = NULL;
  const char *from = NULL;
  GPtrArray *uris;

  heartbeat_ctl_settings_resolver_read (&settings, self->agent);
  self->folder = settings.folder;
  url = heartbeat_ctl_settings_resolver_dup_url (&settings, self->ctl->rabbit_url, &from);
  uris = heartbeat_broker_uri_parse_list (url, &error);
  if (uris == NULL)
    heartbeat_ctl_report (HEARTBEAT_CTL_USAGE, _ ("RABBIT_URL (--rabbit-url): %s"), error->message);
  heartbeat_ctl_settings_resolver_clear (&settings);
  return uris;
}

/* `heartbeatctl forget NAME`: deletes the queue of an agent that is gone, with the messages in it, on each of its brokers. Asks
 * first, and never deletes a queue that has consumers. With `--json`, one document:
 *
 * |[
 * {"queue": NAME, "brokers": [{"broker": "HOST:PORT", "outcome": "deleted", "missing", "kept" or "failed"}]}
 * ]|
 *
 * Returns: %HEARTBEAT_CTL_OK if the queue was deleted */
HeartbeatCtlExit
heartbeat_ctl_forget (HeartbeatCtl *self, char **args)
{
  Forget forget = { .ctl = self, .agent = args[0] };
  g_autoptr (GPtrArray) uris = NULL;
  g_autofree char *queue = NULL;

  if (!heartbeat_agent_is_name (args[0]))
    return heartbeat_ctl_report (
        HEARTBEAT_CTL_USAGE,
        _ ("the name of an agent, [A-Za-z0-9][A-Za-z0-9_-]{0,63}, is expected: “%s”"), args[0]);
  if (!self->yes && (!isatty (STDIN_FILENO) || !isatty (STDERR_FILENO)))
    return heartbeat_ctl_report (HEARTBEAT_CTL_USAGE,
                                 _ ("there is nobody to ask: --yes deletes without asking"));
  uris = find_brokers (&forget);
  if (uris == NULL)
    return HEARTBEAT_CTL_USAGE;
  forget.queue = queue = g_strdup_printf ("agent.%s.inbox", args[0]);
  return forget_on_all (&forget, uris);
}
