/* SPDX-License-Identifier: MIT */

#include "service/heartbeat-application.h"

#include <signal.h>

#include <glib-unix.h>

#include "base/heartbeat-log.h"
#include "service/heartbeat-desktop.h"
#include "service/heartbeat-roster.h"
#include "service/heartbeat-systemd.h"

/**
 * HeartbeatApplication:
 *
 * The life of the service: its main loop, the signals of the system, and what systemd is told.
 */
struct _HeartbeatApplication
{
  GObject parent_instance;

  const HeartbeatSettings *settings;
  GMainLoop *loop;
  HeartbeatDesktop *desktop;
  HeartbeatRoster *roster;
  GSource *watchdog;
  GSource *update; /* of what systemd is told */
  gboolean reported_ready;
  gboolean stopping;
};

G_DEFINE_FINAL_TYPE (HeartbeatApplication, heartbeat_application, G_TYPE_OBJECT)

static void
clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
heartbeat_application_finalize (GObject *object)
{
  HeartbeatApplication *self = HEARTBEAT_APPLICATION (object);

  clear_source (&self->watchdog);
  clear_source (&self->update);
  g_clear_object (&self->roster);
  g_clear_pointer (&self->desktop, heartbeat_desktop_free);
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
  HeartbeatApplication *self;

  g_return_val_if_fail (settings != NULL, NULL);

  self = g_object_new (HEARTBEAT_TYPE_APPLICATION, NULL);
  self->settings = settings;
  return self;
}

/* --- systemd -------------------------------------------------------------------------------------------------------- */

static gboolean
on_update (gpointer user_data)
{
  HeartbeatApplication *self = user_data;
  g_autofree char *status = NULL;

  clear_source (&self->update);
  if (self->stopping)
    return G_SOURCE_REMOVE;
  status = heartbeat_roster_dup_status (self->roster);
  if (status != NULL)
    heartbeat_systemd_status (status);
  if (self->reported_ready || !heartbeat_roster_is_ready (self->roster))
    return G_SOURCE_REMOVE;
  heartbeat_desktop_start_bus (self->desktop);
  self->reported_ready = TRUE;
  heartbeat_systemd_ready ();
  return G_SOURCE_REMOVE;
}

/* Coalesce status updates when many agents reconnect at once. */
static void
on_changed (HeartbeatApplication *self)
{
  if (self->update != NULL)
    return;
  self->update = g_idle_source_new ();
  g_source_set_static_name (self->update, "heartbeat status");
  g_source_set_callback (self->update, on_update, self, NULL);
  g_source_attach (self->update, NULL);
}

/* The end of a reload is a READY=1 as well: none may come before the first one, nor after STOPPING=1. */
static gboolean
reports_reloads (HeartbeatApplication *self)
{
  return self->reported_ready && !self->stopping;
}

static void
on_reloaded (HeartbeatApplication *self)
{
  if (reports_reloads (self))
    heartbeat_systemd_ready ();
  on_changed (self);
}

/* --- Signals of the system ------------------------------------------------------------------------------------------ */

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HeartbeatApplication *self = user_data;

  heartbeat_roster_stop_finish (HEARTBEAT_ROSTER (source), result);
  g_main_loop_quit (self->loop);
}

static void
stop (HeartbeatApplication *self)
{
  self->stopping = TRUE;
  heartbeat_log (G_LOG_LEVEL_INFO, HEARTBEAT_EVENT_SERVICE_STOPPING,
                 heartbeat_settings_get (self->settings, "AGENT_NAME"), NULL, "stopping");
  heartbeat_systemd_stopping ();
  heartbeat_systemd_status ("stopping");
  heartbeat_roster_stop_async (self->roster, on_stopped, self);
}

/* The second signal of an impatient user ends the runs that the first one still lets finish. */
static gboolean
on_terminate (gpointer user_data)
{
  HeartbeatApplication *self = user_data;

  if (self->stopping)
    heartbeat_roster_force_stop (self->roster);
  else
    stop (self);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_hangup (gpointer user_data)
{
  HeartbeatApplication *self = user_data;

  if (self->stopping)
    return G_SOURCE_CONTINUE;
  if (reports_reloads (self))
    heartbeat_systemd_reloading ();
  heartbeat_roster_reload (self->roster);
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
 * @error: return location for %HEARTBEAT_ERROR_INVALID_ARGUMENT, %HEARTBEAT_ERROR_ALREADY_RUNNING, or a #GIOErrorEnum
 *
 * Runs it until SIGTERM or SIGINT.
 *
 * Returns: whether it could be run
 */
gboolean
heartbeat_application_run (HeartbeatApplication *self, GError **error)
{
  g_return_val_if_fail (HEARTBEAT_IS_APPLICATION (self), FALSE);

  watch_signals (self);
  self->watchdog = heartbeat_systemd_watchdog_new ();
  if (self->watchdog != NULL)
    g_source_attach (self->watchdog, NULL);
  self->desktop = heartbeat_desktop_new (self->settings);
  self->roster = heartbeat_roster_new (self->settings, self->desktop);
  g_signal_connect_object (self->roster, "changed", G_CALLBACK (on_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->roster, "reloaded", G_CALLBACK (on_reloaded), self,
                           G_CONNECT_SWAPPED);
  if (!heartbeat_roster_start (self->roster, error))
    return FALSE;
  g_main_loop_run (self->loop);
  return TRUE;
}
