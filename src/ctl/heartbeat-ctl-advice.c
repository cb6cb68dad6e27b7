/* SPDX-License-Identifier: MIT */

#include "ctl/heartbeat-ctl-advice.h"

#include "amqp/heartbeat-amqp-error.h"
#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"

static const char *
advise_unreachable (const GError *error)
{
  if (error->domain == G_RESOLVER_ERROR)
    return _ ("correct the host in RABBIT_URL, or look at the network: its name is not known");
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    return _ (
        "start the broker there (sudo systemctl start rabbitmq-server), or correct the port in "
        "RABBIT_URL: usually 5672, with amqps:// 5671");
  if (g_error_matches (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_TIMED_OUT))
    return _ ("look for a firewall between here and there, a broker that hangs, or with amqps:// a "
              "port without TLS (sudo "
              "rabbitmq-diagnostics "
              "check_running)");
  return _ ("correct host and port in RABBIT_URL, or look at the network");
}

static const char *
advise_tls (const GError *error)
{
  if (g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE))
    return _ ("use the host's name as in its certificate, and have the system trust the authority "
              "that signed it "
              "(on Debian: /usr/local/share/ca-certificates, update-ca-certificates)");
  return _ ("the port perhaps speaks no TLS: correct it (usually 5671), or write amqp:// for a "
            "broker without TLS");
}

/**
 * heartbeat_ctl_advice_for_connection:
 * @stage: the stage at which a connection failed
 * @error: why it failed
 *
 * The advice names neither user nor virtual host, because those of a malformed URL may be parts of the password.
 *
 * Returns: what to do
 */
const char *
heartbeat_ctl_advice_for_connection (HeartbeatConnectionStage stage, const GError *error)
{
  g_return_val_if_fail (error != NULL, NULL);

  switch (stage)
    {
    case HEARTBEAT_CONNECTION_STAGE_CONNECT:
      return advise_unreachable (error);
    case HEARTBEAT_CONNECTION_STAGE_TLS:
      return advise_tls (error);
    case HEARTBEAT_CONNECTION_STAGE_GREETING:
      return _ ("what listens there is no AMQP broker, hangs, or wants TLS: correct the port in "
                "RABBIT_URL (usually 5672), or "
                "write amqps:// (usually 5671)");
    case HEARTBEAT_CONNECTION_STAGE_LOGIN:
      /* xgettext:no-c-format */
      return _ (
          "correct user name and password in RABBIT_URL (special characters as %XX), or set the "
          "password: sudo "
          "rabbitmqctl change_password USER PASSWORD; the user guest may come from localhost only");
    case HEARTBEAT_CONNECTION_STAGE_VHOST:
      return _ ("correct the virtual host in RABBIT_URL (what follows HOST:PORT/), or make it and "
                "let the user in: sudo "
                "rabbitmqctl add_vhost VHOST; sudo rabbitmqctl set_permissions -p VHOST USER '.*' "
                "'.*' '.*'");
    default:
      return _ ("look into the broker's log (/var/log/rabbitmq)");
    }
}

/**
 * heartbeat_ctl_advice_for_refusal:
 * @error: why the broker did not do what it was asked
 *
 * Returns: (nullable): what to do; %NULL if that depends on what it was asked
 */
const char *
heartbeat_ctl_advice_for_refusal (const GError *error)
{
  g_return_val_if_fail (error != NULL, NULL);

  if (g_error_matches (error, HEARTBEAT_AMQP_ERROR, AMQP_ACCESS_REFUSED))
    return _ (
        "give the user its rights: sudo rabbitmqctl set_permissions -p VHOST USER '.*' '.*' '.*'");
  if (g_error_matches (error, HEARTBEAT_AMQP_ERROR, AMQP_RESOURCE_LOCKED))
    return _ ("another connection has it for itself alone: find it with sudo rabbitmqctl "
              "list_queues -p VHOST name "
              "owner_pid, and end it");
  if (g_error_matches (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_TIMED_OUT)
      || g_error_matches (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_REFUSED))
    return _ ("look for an alarm at the broker, of memory or disk: sudo rabbitmq-diagnostics "
              "check_alarms");
  return NULL;
}
