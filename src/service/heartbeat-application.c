/* SPDX-License-Identifier: MIT */

#include "service/heartbeat-application.h"

#include <signal.h>
#include <string.h>

#include <glib-unix.h>

#include "consumer/heartbeat-consumer-private.h"
#include "core/heartbeat-log.h"
#include "desktop/heartbeat-bus-private.h"
#include "desktop/heartbeat-notifier.h"
#include "service/heartbeat-debug.h"
#include "service/heartbeat-systemd.h"

/**
 * HeartbeatApplication:
 *
 * The service: a consumer, what the desktop sees of it, and the signals of the system.
 */
struct _HeartbeatApplication
{
  GObject parent_instance;

  const HeartbeatSettings *settings;
  GMainLoop *loop;
  HeartbeatConsumer *consumer;
  HeartbeatBus *bus;
  HeartbeatNotifier *notifier;
  GSource *watchdog;
  gboolean said_ready;
  gboolean stopping;
};

G_DEFINE_FINAL_TYPE (HeartbeatApplication, heartbeat_application, G_TYPE_OBJECT)

static void
heartbeat_application_finalize (GObject *object)
{
  HeartbeatApplication *self = HEARTBEAT_APPLICATION (object);

  if (self->watchdog != NULL)
    g_source_destroy (self->watchdog);
  g_clear_pointer (&self->watchdog, g_source_unref);
  g_clear_object (&self->notifier);
  g_clear_object (&self->bus);
  g_clear_object (&self->consumer);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  G_OBJECT_CLASS (heartbeat_application_parent_class)->finalize (object);
}

static void
heartbeat_application_class_init (HeartbeatApplicationClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = heartbeat_application_finalize;
}

static void
heartbeat_application_init (HeartbeatApplication *self)
{
  self->loop = g_main_loop_new (NULL, FALSE);
}

/**
 * heartbeat_application_new:
 * @settings: the settings, which must outlive the application
 *
 * Returns: (transfer full): the service, not running yet
 */
HeartbeatApplication *
heartbeat_application_new (const HeartbeatSettings *settings)
{
  HeartbeatApplication *self = g_object_new (HEARTBEAT_TYPE_APPLICATION, NULL);

  self->settings = settings;
  self->consumer
      = g_object_new (HEARTBEAT_TYPE_CONSUMER, "agent-name", settings->agent, "heartbeat-path",
                      settings->config, "rabbit-url", settings->rabbit_url, "exchange-name",
                      settings->exchange, "queue-type", settings->queue_type, "tick-source",
                      settings->tick_source, "tick-interval", settings->tick_interval,
                      "max-concurrent-runs", settings->max_concurrent_runs, "handler-timeout",
                      settings->handler_timeout, "handler-path", settings->handler_path,
                      "inbox-handler", settings->inbox_handler, "publish-results",
                      settings->publish_results, NULL);
  return self;
}

static void
show_status (HeartbeatApplication *self)
{
  HeartbeatAgent *agent = heartbeat_consumer_get_agent (self->consumer);
  g_autoptr (GPtrArray) checks = heartbeat_agent_list_checks (agent);
  g_autofree char *status = NULL;
  const char *config_error = heartbeat_agent_get_config_error (agent);

  status = g_strdup_printf ("%s: %u checks, broker %s%s%s", heartbeat_agent_get_name (agent),
                            checks->len, heartbeat_consumer_get_connection_state (self->consumer),
                            *config_error != '\0' ? ", heartbeat.json: " : "", config_error);
  heartbeat_systemd_status (status);
}

static void
on_consumer_changed (HeartbeatApplication *self)
{
  gboolean ready;

  show_status (self);
  g_object_get (self->consumer, "ready", &ready, NULL);
  if (!ready || self->said_ready)
    return;
  self->said_ready = TRUE;
  heartbeat_systemd_ready ();
}

static void
start_debugging (HeartbeatApplication *self)
{
  g_autoptr (HeartbeatDebug) debug = heartbeat_debug_new (g_getenv ("HEARTBEAT_DEBUG"));

  if (debug != NULL)
    heartbeat_bus_set_root_interface (self->bus, G_DBUS_INTERFACE_SKELETON (debug));
}

static void
start_desktop (HeartbeatApplication *self)
{
  HeartbeatNotifyPolicy policy = HEARTBEAT_NOTIFY_FAILURES;

  if (strcmp (self->settings->bus, "none") == 0)
    return;
  self->bus = heartbeat_bus_new ();
  start_debugging (self);
  heartbeat_bus_add_consumer (self->bus, self->consumer);
  heartbeat_bus_start (self->bus);
  if (strcmp (self->settings->notify, "none") == 0)
    return;
  if (strcmp (self->settings->notify, "all") == 0)
    policy = HEARTBEAT_NOTIFY_ALL;
  self->notifier = heartbeat_notifier_new (policy);
  heartbeat_notifier_add_consumer (self->notifier, self->consumer);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HeartbeatApplication *self = user_data;

  heartbeat_consumer_stop_finish (self->consumer, result, NULL);
  if (self->notifier != NULL)
    heartbeat_notifier_stop (self->notifier);
  if (self->bus != NULL)
    heartbeat_bus_stop (self->bus);
  g_main_loop_quit (self->loop);
}

/* The second signal of an impatient user ends the runs that the first one lets go on. */
static gboolean
on_terminate (gpointer user_data)
{
  HeartbeatApplication *self = user_data;

  if (self->stopping)
    {
      heartbeat_consumer_hurry (self->consumer);
      return G_SOURCE_CONTINUE;
    }
  self->stopping = TRUE;
  heartbeat_log (G_LOG_LEVEL_INFO, HEARTBEAT_EVENT_SERVICE, self->settings->agent, NULL,
                 "stopping");
  heartbeat_systemd_stopping ();
  heartbeat_consumer_stop_async (self->consumer, on_stopped, self);
  return G_SOURCE_CONTINUE;
}

static void
on_reloaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HeartbeatApplication *self = user_data;

  heartbeat_agent_reload_finish (HEARTBEAT_AGENT (source), result, NULL);
  heartbeat_systemd_ready ();
  show_status (self);
}

static gboolean
on_hangup (gpointer user_data)
{
  HeartbeatApplication *self = user_data;

  heartbeat_systemd_reloading ();
  heartbeat_consumer_retry_now (self->consumer);
  heartbeat_agent_reload_async (heartbeat_consumer_get_agent (self->consumer), NULL, on_reloaded,
                                self);
  return G_SOURCE_CONTINUE;
}

static void
watch_signals (HeartbeatApplication *self)
{
  g_unix_signal_add (SIGTERM, on_terminate, self);
  g_unix_signal_add (SIGINT, on_terminate, self);
  g_unix_signal_add (SIGHUP, on_hangup, self);
  /* A handler that closes its standard input early must not end the service. */
  signal (SIGPIPE, SIG_IGN);
}

/**
 * heartbeat_application_run:
 * @self: the service
 * @error: return location for %HEARTBEAT_ERROR_INVALID_ARGUMENT
 *
 * Runs it until SIGTERM or SIGINT.
 *
 * Returns: whether the settings were good
 */
gboolean
heartbeat_application_run (HeartbeatApplication *self, GError **error)
{
  HeartbeatAgent *agent = heartbeat_consumer_get_agent (self->consumer);

  watch_signals (self);
  self->watchdog = heartbeat_systemd_watchdog_new ();
  if (self->watchdog != NULL)
    g_source_attach (self->watchdog, NULL);
  g_signal_connect_swapped (self->consumer, "notify::ready", G_CALLBACK (on_consumer_changed),
                            self);
  g_signal_connect_swapped (self->consumer, "notify::connection-state",
                            G_CALLBACK (on_consumer_changed), self);
  g_signal_connect_swapped (agent, "notify::config-error", G_CALLBACK (on_consumer_changed), self);

  start_desktop (self);
  if (!heartbeat_consumer_start (self->consumer, error))
    return FALSE;
  heartbeat_log (G_LOG_LEVEL_INFO, HEARTBEAT_EVENT_SERVICE, self->settings->agent, NULL,
                 "serving %s with ticks from %s", heartbeat_agent_get_config_path (agent),
                 strcmp (self->settings->tick_source, "local") == 0 ? "a timer" : "the broker");
  g_main_loop_run (self->loop);
  g_signal_handlers_disconnect_by_data (self->consumer, self);
  g_signal_handlers_disconnect_by_data (agent, self);
  return TRUE;
}
