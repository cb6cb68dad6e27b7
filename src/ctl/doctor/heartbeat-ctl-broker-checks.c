/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "amqp/heartbeat-amqp-error.h"
#include "base/heartbeat-i18n.h"
#include "ctl/heartbeat-ctl-advice.h"
#include "ctl/doctor/heartbeat-ctl-doctor.h"

/* more than a consumer prefetches */
#define MANY_WAITING 100

/* --- The connection ------------------------------------------------------------------------------------------------- */

/* One attempt to connect answers five checks: those before the stage at which it failed have passed. */
static gboolean
passed (HeartbeatCtlDoctor *doctor, HeartbeatConnectionStage stage, HeartbeatCtlFinding *finding)
{
  if (doctor->error == NULL || doctor->stage > stage)
    return TRUE;
  heartbeat_ctl_finding_fail (finding, "%s", doctor->error->message);
  heartbeat_ctl_finding_advise (finding, "%s",
                                heartbeat_ctl_advice_for_connection (stage, doctor->error));
  return FALSE;
}

static void
check_reachable (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  g_autofree char *broker = heartbeat_broker_uri_to_display (doctor->uri);

  doctor->error = heartbeat_ctl_probe_connect (doctor->probe, &doctor->stage);
  if (passed (doctor, HEARTBEAT_CONNECTION_STAGE_CONNECT, finding))
    heartbeat_ctl_finding_pass (finding, _ ("%s answers"), broker);
  else
    heartbeat_ctl_finding_fail (finding, _ ("%s cannot be reached: %s"), broker,
                                doctor->error->message);
}

static void
check_tls (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  if (!doctor->uri->tls)
    heartbeat_ctl_finding_pass (finding,
                                /* Translators: TLS */ C_ ("TLS", "not asked for (amqp://)"));
  else if (passed (doctor, HEARTBEAT_CONNECTION_STAGE_TLS, finding))
    heartbeat_ctl_finding_pass (finding, _ ("the certificate is good and of that host"));
}

static void
check_greeting (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  if (passed (doctor, HEARTBEAT_CONNECTION_STAGE_GREETING, finding))
    heartbeat_ctl_finding_pass (
        finding, /* Translators: AMQP, by what answers at the broker's address */
        C_ ("AMQP", "spoken there"));
}

static void
check_login (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  if (passed (doctor, HEARTBEAT_CONNECTION_STAGE_LOGIN, finding))
    heartbeat_ctl_finding_pass (
        finding, /* Translators: user name and password */ C_ ("credentials", "accepted"));
  else if (g_error_matches (doctor->error, HEARTBEAT_AMQP_ERROR, AMQP_ACCESS_REFUSED))
    heartbeat_ctl_finding_fail (finding, _ ("wrong user name or password"));
}

static void
check_vhost (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  if (passed (doctor, HEARTBEAT_CONNECTION_STAGE_VHOST, finding))
    heartbeat_ctl_finding_pass (finding, /* Translators: a virtual host of the broker */ C_ (
                                    "virtual host", "open to the user"));
}

/* --- What is declared ----------------------------------------------------------------------------------------------- */

static void
refuse (HeartbeatCtlFinding *finding, const GError *error)
{
  const char *advice = heartbeat_ctl_advice_for_refusal (error);

  heartbeat_ctl_finding_fail (finding, "%s", error->message);
  if (advice != NULL)
    heartbeat_ctl_finding_advise (finding, "%s", advice);
}

static gboolean
is_missing (const GError *error)
{
  return g_error_matches (error, HEARTBEAT_AMQP_ERROR, AMQP_NOT_FOUND);
}

static void
advise_start (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  heartbeat_ctl_finding_advise (finding,
                                _ ("start the service, which makes it: systemctl --user start %s"),
                                doctor->unit);
}

static gboolean
declare_exchange (HeartbeatCtlDoctor *doctor, gboolean passive, GError **error)
{
  amqp_exchange_declare_t declare = {
    .exchange = amqp_cstring_bytes (doctor->exchange),
    .type = amqp_cstring_bytes ("topic"),
    .passive = passive,
    .durable = 1,
  };

  return heartbeat_ctl_probe_call (doctor->probe, AMQP_EXCHANGE_DECLARE_METHOD, &declare, NULL,
                                   error);
}

static void
check_exchange (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  g_autoptr (GError) error = NULL;

  if (declare_exchange (doctor, TRUE, &error))
    heartbeat_ctl_finding_pass (finding, _ ("%s is there"), doctor->exchange);
  else if (is_missing (error))
    {
      heartbeat_ctl_finding_fail (finding, _ ("%s is not there"), doctor->exchange);
      advise_start (doctor, finding);
    }
  else
    refuse (finding, error);
}

/* A passive declaration does not compare. This one, the same as the service's, is safe because the exchange exists. */
static void
check_exchange_type (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  g_autoptr (GError) error = NULL;

  if (declare_exchange (doctor, FALSE, &error))
    {
      heartbeat_ctl_finding_pass (finding, _ ("topic, durable"));
      return;
    }
  refuse (finding, error);
  if (!g_error_matches (error, HEARTBEAT_AMQP_ERROR, AMQP_PRECONDITION_FAILED))
    return;
  if (strstr (error->message, "inequivalent arg 'type'") != NULL)
    heartbeat_ctl_finding_advise (finding, _ ("choose another exchange (EXCHANGE_NAME), or delete "
                                              "this one if nobody needs it: the service then "
                                              "makes it anew, of the type topic"));
  else
    {
      finding->verdict = HEARTBEAT_CTL_VERDICT_WARNING;
      heartbeat_ctl_finding_advise (finding, _ ("nothing needs to be done: the service uses it as "
                                                "it is; one that is not durable is gone when the "
                                                "broker restarts, and made anew"));
    }
}

static gboolean
declare_queue (HeartbeatCtlDoctor *doctor, gboolean passive, HeartbeatReply *reply, GError **error)
{
  amqp_table_entry_t type = {
    .key = amqp_cstring_bytes ("x-queue-type"),
    .value = { .kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes ("quorum") },
  };
  amqp_queue_declare_t declare = {
    .queue = amqp_cstring_bytes (doctor->queue),
    .passive = passive,
    .durable = 1,
    .arguments = { doctor->quorum ? 1 : 0, &type },
  };

  return heartbeat_ctl_probe_call (doctor->probe, AMQP_QUEUE_DECLARE_METHOD, &declare, reply,
                                   error);
}

static void
check_queue (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  g_autoptr (GError) error = NULL;
  HeartbeatReply reply = { 0 };

  if (doctor->local)
    heartbeat_ctl_finding_skip (finding, _ ("none is needed: TICK_SOURCE is local"));
  else if (declare_queue (doctor, TRUE, &reply, &error))
    {
      doctor->waiting = reply.message_count;
      doctor->consumers = reply.consumer_count;
      heartbeat_ctl_finding_pass (finding, _ ("%s is there"), doctor->queue);
    }
  else if (is_missing (error))
    {
      heartbeat_ctl_finding_fail (finding, _ ("%s is not there"), doctor->queue);
      advise_start (doctor, finding);
    }
  else
    refuse (finding, error);
}

/* See check_exchange_type(). */
static void
check_queue_arguments (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  g_autoptr (GError) error = NULL;

  if (declare_queue (doctor, FALSE, NULL, &error))
    {
      heartbeat_ctl_finding_pass (finding,
                                  doctor->quorum ? _ ("quorum, durable") : _ ("classic, durable"));
      return;
    }
  refuse (finding, error);
  if (!g_error_matches (error, HEARTBEAT_AMQP_ERROR, AMQP_PRECONDITION_FAILED))
    return;
  finding->verdict = HEARTBEAT_CTL_VERDICT_WARNING;
  heartbeat_ctl_finding_advise (
      finding,
      _ ("the service uses it as it is; to have it as QUEUE_TYPE says, stop the service, sudo "
         "rabbitmqctl "
         "delete_queue -p VHOST %s (its messages go), and start it again"),
      doctor->queue);
}

/* --- What arrives --------------------------------------------------------------------------------------------------- */

/* A message expires only at the head of a queue, so ours would stay behind others that nobody consumes. */
static gboolean
would_leave_a_message (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  if (doctor->consumers > 0 || doctor->waiting == 0)
    return FALSE;
  heartbeat_ctl_finding_skip (
      finding,
      ngettext (
          "not tried: a message for it would stay behind the %u that waits without a consumer",
          "not tried: a message for it would stay behind the %u that wait without a consumer",
          doctor->waiting),
      doctor->waiting);
  return TRUE;
}

static void
check_binding (HeartbeatCtlDoctor *doctor,
               HeartbeatCtlFinding *finding,
               const char *binding,
               const char *routing_key)
{
  g_autoptr (GError) error = NULL;
  gboolean routed;

  if (would_leave_a_message (doctor, finding))
    return;
  if (!heartbeat_ctl_probe_is_routed (doctor->probe, doctor->exchange, routing_key, &routed,
                                      &error))
    {
      refuse (finding, error);
      return;
    }
  if (routed)
    {
      heartbeat_ctl_finding_pass (
          finding, _ ("%s reaches a queue (the broker does not tell whether it is this one)"),
          routing_key);
      return;
    }
  heartbeat_ctl_finding_fail (finding, _ ("no queue is bound to %s for %s"), doctor->exchange,
                              binding);
  heartbeat_ctl_finding_advise (
      finding, _ ("restart the service, which binds it: systemctl --user restart %s"),
      doctor->unit);
}

static void
check_agent_binding (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  g_autofree char *binding = g_strdup_printf ("agent.%s.#", doctor->agent);
  g_autofree char *routing_key = g_strdup_printf ("agent.%s.doctor", doctor->agent);

  check_binding (doctor, finding, binding, routing_key);
}

static void
check_tick_binding (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  check_binding (doctor, finding, "system.heartbeat.#", "system.heartbeat.doctor");
}

static void
check_consumers (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  if (doctor->consumers == 1)
    {
      heartbeat_ctl_finding_pass (
          finding,
          /* Translators: one consumer takes the ticks from the queue */ C_ ("consumers", "one"));
      return;
    }
  if (doctor->consumers == 0)
    {
      heartbeat_ctl_finding_warn (
          finding, _ ("no consumer: nobody hears the ticks; is the service running?"));
      heartbeat_ctl_finding_advise (finding, "systemctl --user start %s", doctor->unit);
      return;
    }
  heartbeat_ctl_finding_warn (finding,
                              ngettext ("%u consumer: each takes a share of the ticks",
                                        "%u consumers: each takes a share of the ticks",
                                        doctor->consumers),
                              doctor->consumers);
  heartbeat_ctl_finding_advise (finding, _ ("stop the other one (the Python original?); sudo "
                                            "rabbitmqctl list_consumers -p VHOST shows whose they "
                                            "are: ours has the tag heartbeat-consumer"));
}

static void
check_waiting (HeartbeatCtlDoctor *doctor, HeartbeatCtlFinding *finding)
{
  if (doctor->waiting <= MANY_WAITING)
    {
      heartbeat_ctl_finding_pass (finding, "%u", doctor->waiting);
      return;
    }
  heartbeat_ctl_finding_warn (
      finding, ngettext ("%u waits in the queue", "%u wait in the queue", doctor->waiting),
      doctor->waiting);
  if (doctor->consumers == 0)
    heartbeat_ctl_finding_advise (
        finding, _ ("they are delivered when the service runs; ticks that are late run each "
                    "due check once"));
  else
    heartbeat_ctl_finding_advise (
        finding,
        _ ("something takes no messages: see heartbeatctl status, and journalctl --user -u %s"),
        doctor->unit);
}

const HeartbeatCtlDoctorCheck heartbeat_ctl_broker_checks[] = {
  { "broker", N_ ("Broker"), NULL, check_reachable },
  { "tls", N_ ("TLS"), "broker", check_tls },
  { "amqp", N_ ("AMQP"), "tls", check_greeting },
  { "credentials", N_ ("Credentials"), "amqp", check_login },
  { "vhost", N_ ("Virtual host"), "credentials", check_vhost },
  { "exchange", N_ ("Exchange"), "vhost", check_exchange },
  { "exchange-type", N_ ("Exchange type"), "exchange", check_exchange_type },
  { "queue", N_ ("Queue"), "vhost", check_queue },
  { "queue-type", N_ ("Queue type"), "queue", check_queue_arguments },
  { "agent-binding", N_ ("Agent's binding"), "queue", check_agent_binding },
  { "tick-binding", N_ ("Ticks' binding"), "queue", check_tick_binding },
  { "consumers", N_ ("Consumers"), "queue", check_consumers },
  { "messages", N_ ("Messages waiting"), "queue", check_waiting },
  { NULL, NULL, NULL, NULL },
};
