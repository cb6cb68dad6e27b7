/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "amqp/heartbeat-amqp-error.h"
#include "agent/heartbeat-agent.h"
#include "base/heartbeat-i18n.h"
#include "ctl/heartbeat-ctl-advice.h"
#include "ctl/print/heartbeat-ctl-format.h"
#include "ctl/heartbeat-ctl-probe.h"
#include "ctl/heartbeat-ctl-settings-resolver.h"
#include "ctl/heartbeat-ctl.h"

/**
 * Outcome:
 * @OUTCOME_DELETED: the queue was there, and is gone
 * @OUTCOME_MISSING: there was none
 * @OUTCOME_KEPT: the user does not want it
 * @OUTCOME_FAILED: it could not be done; somebody has complained
 *
 * What came of one broker.
 */
typedef enum
{
  OUTCOME_DELETED,
  OUTCOME_MISSING,
  OUTCOME_KEPT,
  OUTCOME_FAILED,
} Outcome;

static const char *const nicks[] = { "deleted", "missing", "kept", "failed" };

typedef struct
{
  HeartbeatCtl *ctl;
  const char *agent;
  gboolean folder; /* whether it is one of a folder of agents */
  char *queue;
  JsonBuilder *builder; /* NULL without --json */
} Forget;

/* --- Asking --------------------------------------------------------------------------------------------------------- */

/* The first letter counts, as the prompt has it; the end of the input is no. */
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
complain_of_use (Forget *self, const char *broker)
{
  if (self->folder)
    heartbeat_ctl_complain (_ ("%s on %s is in use: take the agent's file out of its folder first, "
                               "and stop whoever else consumes"),
                            self->queue, broker);
  else
    heartbeat_ctl_complain (_ ("%s on %s is in use: stop the agent's service first (systemctl "
                               "--user disable --now heartbeat-consumer@%s), and whoever else "
                               "consumes"),
                            self->queue, broker, self->agent);
  return OUTCOME_FAILED;
}

static Outcome
complain (Forget *self, const char *broker, const GError *error)
{
  const char *advice = heartbeat_ctl_advice_for_refusal (error);

  if (g_error_matches (error, HEARTBEAT_AMQP_ERROR, AMQP_NOT_FOUND))
    return OUTCOME_MISSING;
  if (g_error_matches (error, HEARTBEAT_AMQP_ERROR, AMQP_PRECONDITION_FAILED))
    return complain_of_use (self, broker);
  if (advice != NULL)
    heartbeat_ctl_complain ("%s: %s; %s", broker, error->message, advice);
  else
    heartbeat_ctl_complain ("%s: %s", broker, error->message);
  return OUTCOME_FAILED;
}

static Outcome forget_unchecked (Forget *self, HeartbeatBrokerUri *uri, const char *broker);

/* A probe that is connected. The broker has the last word on whether somebody consumes. */
static Outcome
forget_queue (Forget *self, HeartbeatCtlProbe *probe, HeartbeatBrokerUri *uri, const char *broker)
{
  g_autoptr (GError) error = NULL;
  HeartbeatReply reply = { 0 };

  if (!find_queue (self, probe, &reply, &error))
    return complain (self, broker, error);
  if (reply.consumer_count > 0)
    return complain_of_use (self, broker);
  if (!ask (self, broker, reply.message_count))
    return OUTCOME_KEPT;
  if (delete_queue (self, probe, TRUE, &error))
    return OUTCOME_DELETED;
  if (g_error_matches (error, HEARTBEAT_AMQP_ERROR, AMQP_NOT_IMPLEMENTED))
    return forget_unchecked (self, uri, broker);
  return complain (self, broker, error);
}

static Outcome
complain_of_connection (const char *broker, HeartbeatConnectionStage stage, const GError *error)
{
  heartbeat_ctl_complain (_ ("%s cannot be asked: %s; %s"), broker, error->message,
                          heartbeat_ctl_advice_for_connection (stage, error));
  return OUTCOME_FAILED;
}

/* RabbitMQ refuses the condition for quorum queues, and closes the connection: there our own look must do. */
static Outcome
forget_unchecked (Forget *self, HeartbeatBrokerUri *uri, const char *broker)
{
  g_autoptr (HeartbeatCtlProbe) probe = heartbeat_ctl_probe_new (uri);
  g_autoptr (GError) error = NULL;
  HeartbeatConnectionStage stage;
  HeartbeatReply reply = { 0 };
  const GError *refused = heartbeat_ctl_probe_connect (probe, &stage);
  Outcome outcome;

  if (refused != NULL)
    outcome = complain_of_connection (broker, stage, refused);
  else if (!find_queue (self, probe, &reply, &error))
    outcome = complain (self, broker, error);
  else if (reply.consumer_count > 0)
    outcome = complain_of_use (self, broker);
  else if (delete_queue (self, probe, FALSE, &error))
    outcome = OUTCOME_DELETED;
  else
    outcome = complain (self, broker, error);
  heartbeat_ctl_probe_close (probe);
  return outcome;
}

static Outcome
forget_on (Forget *self, HeartbeatBrokerUri *uri, const char *broker)
{
  g_autoptr (HeartbeatCtlProbe) probe = heartbeat_ctl_probe_new (uri);
  HeartbeatConnectionStage stage;
  const GError *error = heartbeat_ctl_probe_connect (probe, &stage);
  Outcome outcome = error != NULL ? complain_of_connection (broker, stage, error)
                                  : forget_queue (self, probe, uri, broker);

  heartbeat_ctl_probe_close (probe);
  return outcome;
}

/* --- The command ---------------------------------------------------------------------------------------------------- */

static void
tell (Forget *self, const char *broker, Outcome outcome)
{
  if (self->builder != NULL)
    {
      json_builder_begin_object (self->builder);
      json_builder_set_member_name (self->builder, "broker");
      json_builder_add_string_value (self->builder, broker);
      json_builder_set_member_name (self->builder, "outcome");
      json_builder_add_string_value (self->builder, nicks[outcome]);
      json_builder_end_object (self->builder);
    }
  else if (outcome == OUTCOME_DELETED)
    g_print (_ ("%s deleted on %s\n"), self->queue, broker);
  else if (outcome == OUTCOME_MISSING)
    g_print (_ ("%s is not on %s\n"), self->queue, broker);
}

/* Several URLs may be one cluster: what was deleted on its first node is missing on the next. */
static HeartbeatCtlExit
forget_on_all (Forget *self, GPtrArray *uris)
{
  guint deleted = 0, failed = 0;

  for (guint i = 0; i < uris->len; i++)
    {
      g_autofree char *broker = heartbeat_broker_uri_to_display (g_ptr_array_index (uris, i));
      Outcome outcome = forget_on (self, g_ptr_array_index (uris, i), broker);

      tell (self, broker, outcome);
      deleted += outcome == OUTCOME_DELETED;
      failed += outcome == OUTCOME_FAILED;
    }
  if (deleted == 0 && failed == 0)
    heartbeat_ctl_complain (_ ("nothing was deleted"));
  return deleted > 0 && failed == 0 ? HEARTBEAT_CTL_OK : HEARTBEAT_CTL_FAILED;
}

static HeartbeatCtlExit
forget (Forget *self, GPtrArray *uris)
{
  HeartbeatCtlExit status;

  if (self->ctl->json)
    {
      self->builder = json_builder_new ();
      json_builder_begin_object (self->builder);
      json_builder_set_member_name (self->builder, "queue");
      json_builder_add_string_value (self->builder, self->queue);
      json_builder_set_member_name (self->builder, "brokers");
      json_builder_begin_array (self->builder);
    }
  status = forget_on_all (self, uris);
  if (self->builder != NULL)
    {
      json_builder_end_array (self->builder);
      json_builder_end_object (self->builder);
      heartbeat_ctl_print_json (self->builder);
    }
  g_clear_object (&self->builder);
  return status;
}

static GPtrArray *
find_brokers (Forget *self)
{
  HeartbeatCtlSettingsResolver sources = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *url = NULL;
  const char *from = NULL;
  GPtrArray *uris;

  heartbeat_ctl_settings_resolver_read (&sources, self->agent);
  self->folder = sources.folder;
  url = heartbeat_ctl_settings_resolver_dup_url (&sources, self->ctl->rabbit_url, &from);
  uris = heartbeat_broker_uri_parse_list (url, &error);
  if (uris == NULL)
    heartbeat_ctl_complain (_ ("RABBIT_URL (--rabbit-url): %s"), error->message);
  heartbeat_ctl_settings_resolver_clear (&sources);
  return uris;
}

/**
 * heartbeat_ctl_forget:
 * @self: the command line
 * @args: the name of an agent
 *
 * `heartbeatctl forget NAME`: deletes the queue of an agent that is gone, with the messages in it, on each of its brokers; after
 * asking, and never one that somebody consumes. With `--json`, one document:
 *
 * |[
 * {"queue": NAME, "brokers": [{"broker": "HOST:PORT", "outcome": "deleted", "missing", "kept" or "failed"}]}
 * ]|
 *
 * Returns: %HEARTBEAT_CTL_OK where the queue was there and is gone
 */
HeartbeatCtlExit
heartbeat_ctl_forget (HeartbeatCtl *self, char **args)
{
  Forget forget_data = { .ctl = self, .agent = args[0] };
  g_autoptr (GPtrArray) uris = NULL;
  HeartbeatCtlExit status;

  if (!heartbeat_agent_is_name (args[0]))
    {
      heartbeat_ctl_complain (
          _ ("the name of an agent, [A-Za-z0-9][A-Za-z0-9_-]{0,63}, is expected: “%s”"), args[0]);
      return HEARTBEAT_CTL_USAGE;
    }
  if (!self->yes && (!isatty (STDIN_FILENO) || !isatty (STDERR_FILENO)))
    {
      heartbeat_ctl_complain (_ ("there is nobody to ask: --yes deletes without asking"));
      return HEARTBEAT_CTL_USAGE;
    }
  uris = find_brokers (&forget_data);
  if (uris == NULL)
    return HEARTBEAT_CTL_USAGE;
  forget_data.queue = g_strdup_printf ("agent.%s.inbox", args[0]);
  status = forget (&forget_data, uris);
  g_free (forget_data.queue);
  return status;
}
