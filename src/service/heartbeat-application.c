/* SPDX-License-Identifier: MIT */

#include "service/heartbeat-application.h"

#include <signal.h>
#include <string.h>

#include <glib-unix.h>

#include "base/heartbeat-log.h"
#include "dbus/heartbeat-bus.h"
#include "notify/heartbeat-notifier.h"
#include "service/heartbeat-agents-folder.h"
#include "service/heartbeat-served-agent.h"
#include "service/heartbeat-status.h"
#include "service/heartbeat-systemd.h"

/* Another process may give an agent up, and tells nobody. */
#define LOCK_RETRY_S 5

/* Ticks come first: the session bus is looked for when the consumer is registered, or this time after the start. */
#define BUS_WAIT_MS 200

/**
 * HeartbeatApplication:
 *
 * The service: one agent or those of a folder, what the desktop sees of them, and the signals of the system.
 */
struct _HeartbeatApplication
{
  GObject parent_instance;

  const HeartbeatSettings *settings;
  GMainLoop *loop;
  HeartbeatAgentsFolder *folder; /* NULL where one agent is served */
  HeartbeatBroker *broker;       /* of the agents of a folder */
  HeartbeatClockWatch *clock;
  GHashTable *agents; /* name → HeartbeatServedAgent */
  GHashTable *said;   /* the problems that were logged */
  HeartbeatBus *bus;
  HeartbeatNotifier *notifier;
  GSource *watchdog;
  GSource *update;     /* of what systemd is told */
  GSource *bus_wait;   /* until the session bus is looked for */
  GSource *lock_retry; /* while another process has one of the agents */
  guint reloads;       /* of files that go on, and one for the folder */
  gboolean reloads_folder;
  gboolean said_ready;
  gboolean stopping;
};

G_DEFINE_FINAL_TYPE (HeartbeatApplication, heartbeat_application, G_TYPE_OBJECT)

static void reconcile (HeartbeatApplication *self);

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
  clear_source (&self->bus_wait);
  clear_source (&self->update);
  clear_source (&self->lock_retry);
  g_clear_object (&self->notifier);
  g_clear_object (&self->bus);
  if (self->folder != NULL)
    heartbeat_agents_folder_stop (self->folder);
  g_clear_object (&self->folder);
  g_hash_table_unref (self->agents);
  g_hash_table_unref (self->said);
  g_clear_object (&self->broker);
  g_clear_object (&self->clock);
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
  self->clock = heartbeat_clock_watch_new ();
  self->agents = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_object_unref);
  self->said = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
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
  return self;
}

/* For loops that may end some. */
static GPtrArray *
list_agents (HeartbeatApplication *self)
{
  GPtrArray *agents = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  HeartbeatServedAgent *agent;

  g_hash_table_iter_init (&iter, self->agents);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &agent))
    g_ptr_array_add (agents, g_object_ref (agent));
  return agents;
}

/* --- What systemd is told ------------------------------------------------------------------------------------------- */

/* Of the folder, and of agents that are not served. */
static GPtrArray *
list_problems (HeartbeatApplication *self)
{
  GPtrArray *problems = g_ptr_array_new_with_free_func (g_free);
  GPtrArray *files = heartbeat_agents_folder_get_files (self->folder);
  GHashTableIter iter;
  HeartbeatServedAgent *agent;

  if (*heartbeat_agents_folder_get_error (self->folder) != '\0')
    g_ptr_array_add (problems, g_strdup (heartbeat_agents_folder_get_error (self->folder)));
  for (guint i = 0; files != NULL && i < files->len; i++)
    {
      const HeartbeatAgentFile *file = g_ptr_array_index (files, i);

      if (file->problem != NULL)
        g_ptr_array_add (problems, g_strdup (file->problem));
    }
  g_hash_table_iter_init (&iter, self->agents);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &agent))
    if (heartbeat_served_agent_get_problem (agent) != NULL)
      g_ptr_array_add (problems, g_strdup (heartbeat_served_agent_get_problem (agent)));
  return problems;
}

/* Of agents that are served, with the file that they have read last. */
static void
add_config_errors (HeartbeatApplication *self, GPtrArray *problems)
{
  GHashTableIter iter;
  HeartbeatServedAgent *agent;

  g_hash_table_iter_init (&iter, self->agents);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &agent))
    {
      HeartbeatConsumer *consumer = heartbeat_served_agent_get_consumer (agent);
      const char *error
          = consumer != NULL
                ? heartbeat_agent_get_config_error (heartbeat_consumer_get_agent (consumer))
                : "";

      if (*error != '\0')
        g_ptr_array_add (
            problems, g_strdup_printf ("%s: %s", heartbeat_served_agent_get_path (agent), error));
    }
}

static guint
count_served (HeartbeatApplication *self)
{
  guint n = 0;
  GHashTableIter iter;
  HeartbeatServedAgent *agent;

  g_hash_table_iter_init (&iter, self->agents);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &agent))
    if (heartbeat_served_agent_get_consumer (agent) != NULL)
      n++;
  return n;
}

static const char *
get_broker_state (HeartbeatApplication *self)
{
  static const char *const names[] = { "disabled", "connecting", "connected", "waiting" };

  if (self->broker == NULL)
    return names[0];
  return names[heartbeat_connection_get_state (heartbeat_broker_get_connection (self->broker))];
}

static char *
dup_status_of_folder (HeartbeatApplication *self)
{
  g_autoptr (GPtrArray) problems = list_problems (self);

  add_config_errors (self, problems);
  return heartbeat_status_format (count_served (self), problems, get_broker_state (self));
}

static char *
dup_status_of_agent (HeartbeatApplication *self)
{
  HeartbeatServedAgent *served
      = g_hash_table_lookup (self->agents, heartbeat_settings_get (self->settings, "AGENT_NAME"));
  HeartbeatConsumer *consumer;
  HeartbeatAgent *agent;
  g_autoptr (GPtrArray) checks = NULL;
  const char *config_error;

  if (served == NULL)
    return NULL;
  consumer = heartbeat_served_agent_get_consumer (served);
  agent = heartbeat_consumer_get_agent (consumer);
  checks = heartbeat_agent_list_checks (agent);
  config_error = heartbeat_agent_get_config_error (agent);
  return g_strdup_printf ("%s: %u check%s, broker %s%s%s", heartbeat_agent_get_name (agent),
                          checks->len, checks->len == 1 ? "" : "s",
                          heartbeat_consumer_get_connection_state (consumer),
                          *config_error != '\0' ? ", heartbeat.json: " : "", config_error);
}

static void
show_status (HeartbeatApplication *self)
{
  g_autofree char *status
      = self->folder != NULL ? dup_status_of_folder (self) : dup_status_of_agent (self);

  if (status != NULL)
    heartbeat_systemd_status (status);
}

static gboolean
is_ready (HeartbeatApplication *self)
{
  GHashTableIter iter;
  HeartbeatServedAgent *agent;

  if (self->folder != NULL && !heartbeat_agents_folder_was_read (self->folder))
    return FALSE;
  g_hash_table_iter_init (&iter, self->agents);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &agent))
    if (!heartbeat_served_agent_is_settled (agent))
      return FALSE;
  return TRUE;
}

static void
start_bus (HeartbeatApplication *self)
{
  if (self->bus_wait != NULL)
    heartbeat_bus_start (self->bus);
  clear_source (&self->bus_wait);
}

static gboolean
on_update (gpointer user_data)
{
  HeartbeatApplication *self = user_data;

  clear_source (&self->update);
  if (self->stopping)
    return G_SOURCE_REMOVE;
  show_status (self);
  if (self->said_ready || !is_ready (self))
    return G_SOURCE_REMOVE;
  start_bus (self);
  self->said_ready = TRUE;
  heartbeat_systemd_ready ();
  return G_SOURCE_REMOVE;
}

/* Of a thousand agents whose connection comes back systemd is told once. */
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

/* --- The desktop ---------------------------------------------------------------------------------------------------- */

static gboolean
on_bus_wait (gpointer user_data)
{
  start_bus (user_data);
  return G_SOURCE_REMOVE;
}

static void
start_desktop (HeartbeatApplication *self)
{
  HeartbeatNotifyPolicy policy = HEARTBEAT_NOTIFY_FAILURES;

  if (heartbeat_settings_is (self->settings, "HEARTBEAT_BUS", "none"))
    return;
  self->bus = heartbeat_bus_new ();
  self->bus_wait = g_timeout_source_new (BUS_WAIT_MS);
  g_source_set_static_name (self->bus_wait, "heartbeat bus");
  g_source_set_callback (self->bus_wait, on_bus_wait, self, NULL);
  g_source_attach (self->bus_wait, NULL);
  if (heartbeat_settings_is (self->settings, "NOTIFY", "none"))
    return;
  if (heartbeat_settings_is (self->settings, "NOTIFY", "all"))
    policy = HEARTBEAT_NOTIFY_ALL;
  self->notifier = heartbeat_notifier_new (policy);
}

static void
show_on_desktop (HeartbeatApplication *self, HeartbeatConsumer *consumer)
{
  if (self->bus != NULL)
    heartbeat_bus_add_consumer (self->bus, consumer);
  if (self->notifier != NULL)
    heartbeat_notifier_add_consumer (self->notifier, consumer);
}

static void
hide_from_desktop (HeartbeatApplication *self, HeartbeatConsumer *consumer)
{
  if (self->notifier != NULL)
    heartbeat_notifier_remove_consumer (self->notifier, consumer);
  if (self->bus != NULL)
    heartbeat_bus_remove_consumer (self->bus, consumer);
}

/* --- Agents --------------------------------------------------------------------------------------------------------- */

static gboolean
on_lock_retry (gpointer user_data)
{
  HeartbeatApplication *self = user_data;

  clear_source (&self->lock_retry);
  reconcile (self);
  return G_SOURCE_REMOVE;
}

static void
retry_lock_later (HeartbeatApplication *self)
{
  if (self->lock_retry != NULL)
    return;
  self->lock_retry = g_timeout_source_new_seconds (LOCK_RETRY_S);
  g_source_set_static_name (self->lock_retry, "heartbeat lock");
  g_source_set_callback (self->lock_retry, on_lock_retry, self, NULL);
  g_source_attach (self->lock_retry, NULL);
}

static gboolean
begin_agent (HeartbeatApplication *self, HeartbeatServedAgent *agent, GError **error)
{
  HeartbeatConsumer *consumer;

  if (!heartbeat_served_agent_open (agent, self->settings, self->broker, self->clock, error))
    return FALSE;
  consumer = heartbeat_served_agent_get_consumer (agent);
  show_on_desktop (self, consumer);
  if (!heartbeat_served_agent_start (agent, error))
    {
      hide_from_desktop (self, consumer);
      return FALSE;
    }
  heartbeat_log (G_LOG_LEVEL_INFO, HEARTBEAT_EVENT_AGENT_SERVED,
                 heartbeat_served_agent_get_name (agent), NULL, "serving %s with ticks from %s",
                 heartbeat_served_agent_get_path (agent),
                 heartbeat_settings_is (self->settings, "TICK_SOURCE", "local") ? "a timer"
                                                                                : "the broker");
  return TRUE;
}

static HeartbeatServedAgent *
add_agent (HeartbeatApplication *self, const char *name, const char *path)
{
  HeartbeatServedAgent *agent = heartbeat_served_agent_new (name, path);

  g_signal_connect_object (agent, "changed", G_CALLBACK (on_changed), self, G_CONNECT_SWAPPED);
  g_hash_table_insert (self->agents, (gpointer) heartbeat_served_agent_get_name (agent), agent);
  return agent;
}

static void
on_broker_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HeartbeatApplication *self = user_data;

  heartbeat_broker_close_finish (HEARTBEAT_BROKER (source), result, NULL);
  g_main_loop_quit (self->loop);
}

/* The last agent has stopped. */
static void
leave (HeartbeatApplication *self)
{
  if (self->notifier != NULL)
    heartbeat_notifier_stop (self->notifier);
  clear_source (&self->bus_wait);
  if (self->bus != NULL)
    heartbeat_bus_stop (self->bus);
  if (self->broker != NULL)
    heartbeat_broker_close_async (self->broker, on_broker_closed, self);
  else
    g_main_loop_quit (self->loop);
}

static void
on_agent_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HeartbeatServedAgent *agent = HEARTBEAT_SERVED_AGENT (source);
  HeartbeatConsumer *consumer = heartbeat_served_agent_get_consumer (agent);
  const char *name = heartbeat_served_agent_get_name (agent);
  HeartbeatApplication *self = user_data;

  if (consumer != NULL && !self->stopping)
    hide_from_desktop (self, consumer);
  heartbeat_served_agent_stop_finish (agent, result);
  if (!self->stopping)
    heartbeat_log (G_LOG_LEVEL_INFO, HEARTBEAT_EVENT_AGENT_GONE, name, NULL, "%s is served no more",
                   heartbeat_served_agent_get_path (agent));
  g_hash_table_remove (self->agents, name);
  if (!self->stopping)
    reconcile (self);
  else if (g_hash_table_size (self->agents) == 0)
    leave (self);
}

static void
end_agent (HeartbeatApplication *self, HeartbeatServedAgent *agent)
{
  if (!heartbeat_served_agent_is_stopping (agent))
    heartbeat_served_agent_stop_async (agent, on_agent_stopped, self);
}

/* --- The agents of a folder ----------------------------------------------------------------------------------------- */

/* Each problem is said once, while it lasts. What is wrong with the content of a file its agent says. */
static void
say_problems (HeartbeatApplication *self)
{
  g_autoptr (GPtrArray) problems = list_problems (self);
  GHashTable *said = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < problems->len; i++)
    {
      const char *problem = g_ptr_array_index (problems, i);

      if (!g_hash_table_contains (self->said, problem))
        heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_FOLDER_PROBLEM, NULL, NULL, "%s",
                       problem);
      g_hash_table_add (said, g_strdup (problem));
    }
  g_hash_table_unref (self->said);
  self->said = said;
}

/* Name → path of all that are to be served. */
static GHashTable *
index_wanted (GPtrArray *files)
{
  GHashTable *wanted = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; files != NULL && i < files->len; i++)
    {
      HeartbeatAgentFile *file = g_ptr_array_index (files, i);

      if (file->problem == NULL)
        g_hash_table_insert (wanted, (gpointer) heartbeat_agent_file_get_name (file), file->path);
    }
  return wanted;
}

static void
end_unwanted (HeartbeatApplication *self, GHashTable *wanted)
{
  g_autoptr (GPtrArray) agents = list_agents (self);

  for (guint i = 0; i < agents->len; i++)
    {
      HeartbeatServedAgent *agent = g_ptr_array_index (agents, i);
      const char *path = g_hash_table_lookup (wanted, heartbeat_served_agent_get_name (agent));

      if (g_strcmp0 (path, heartbeat_served_agent_get_path (agent)) != 0)
        end_agent (self, agent);
    }
}

/* Who is being stopped begins anew afterwards. */
static void
begin_wanted (HeartbeatApplication *self, const char *name, const char *path)
{
  HeartbeatServedAgent *agent = g_hash_table_lookup (self->agents, name);

  if (agent == NULL)
    agent = add_agent (self, name, path);
  else if (heartbeat_served_agent_is_stopping (agent)
           || heartbeat_served_agent_get_consumer (agent) != NULL)
    return;
  if (!begin_agent (self, agent, NULL))
    retry_lock_later (self);
}

/* Makes what is served what the folder says. */
static void
reconcile (HeartbeatApplication *self)
{
  GPtrArray *files = heartbeat_agents_folder_get_files (self->folder);
  g_autoptr (GHashTable) wanted = index_wanted (files);

  if (self->stopping)
    return;
  end_unwanted (self, wanted);
  for (guint i = 0; files != NULL && i < files->len; i++)
    {
      const HeartbeatAgentFile *file = g_ptr_array_index (files, i);

      if (file->problem == NULL)
        begin_wanted (self, heartbeat_agent_file_get_name (file), file->path);
    }
  say_problems (self);
  on_changed (self);
}

/* To systemd the end of a reload is a READY=1 as well: it hears of none before the first one, nor after STOPPING=1. */
static gboolean
tells_reloads (HeartbeatApplication *self)
{
  return self->said_ready && !self->stopping;
}

static void
end_reload (HeartbeatApplication *self)
{
  if (self->reloads == 0 || --self->reloads > 0)
    return;
  if (tells_reloads (self))
    heartbeat_systemd_ready ();
  on_changed (self);
}

static void
on_folder_changed (HeartbeatApplication *self)
{
  reconcile (self);
  if (!self->reloads_folder || !heartbeat_agents_folder_is_settled (self->folder))
    return;
  self->reloads_folder = FALSE;
  end_reload (self);
}

static void
reload_folder (HeartbeatApplication *self)
{
  if (!self->reloads_folder)
    self->reloads++;
  self->reloads_folder = TRUE;
  heartbeat_agents_folder_look (self->folder);
  reconcile (self);
}

static gboolean
make_broker (HeartbeatApplication *self, GError **error)
{
  gboolean local = heartbeat_settings_is (self->settings, "TICK_SOURCE", "local");

  if (local && !heartbeat_settings_has (self->settings, "RABBIT_URL"))
    return TRUE;
  self->broker
      = heartbeat_broker_new (heartbeat_settings_get (self->settings, "RABBIT_URL"), error);
  if (self->broker == NULL)
    return FALSE;
  g_signal_connect_object (heartbeat_broker_get_connection (self->broker), "changed",
                           G_CALLBACK (on_changed), self, G_CONNECT_SWAPPED);
  if (!local)
    heartbeat_broker_start (self->broker);
  return TRUE;
}

static gboolean
serve_folder (HeartbeatApplication *self, GError **error)
{
  const char *path = heartbeat_settings_get (self->settings, "HEARTBEAT_DIR");

  if (!make_broker (self, error))
    return FALSE;
  heartbeat_log (G_LOG_LEVEL_INFO, HEARTBEAT_EVENT_FOLDER_SERVED, NULL, NULL,
                 "serving the agents of %s", path);
  self->folder = heartbeat_agents_folder_new (path);
  g_signal_connect_object (self->folder, "changed", G_CALLBACK (on_folder_changed), self,
                           G_CONNECT_SWAPPED);
  heartbeat_agents_folder_look (self->folder);
  return TRUE;
}

/* --- Signals of the system ------------------------------------------------------------------------------------------ */

/* All stop beside each other. */
static void
stop (HeartbeatApplication *self)
{
  g_autoptr (GPtrArray) agents = list_agents (self);

  self->stopping = TRUE;
  heartbeat_log (G_LOG_LEVEL_INFO, HEARTBEAT_EVENT_SERVICE_STOPPING,
                 heartbeat_settings_get (self->settings, "AGENT_NAME"), NULL, "stopping");
  heartbeat_systemd_stopping ();
  heartbeat_systemd_status ("stopping");
  clear_source (&self->lock_retry);
  if (self->folder != NULL)
    heartbeat_agents_folder_stop (self->folder);
  if (agents->len == 0)
    leave (self);
  for (guint i = 0; i < agents->len; i++)
    end_agent (self, g_ptr_array_index (agents, i));
}

static void
hurry (HeartbeatApplication *self)
{
  GHashTableIter iter;
  HeartbeatServedAgent *agent;

  g_hash_table_iter_init (&iter, self->agents);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &agent))
    heartbeat_served_agent_force_stop (agent);
}

/* The second signal of an impatient user ends the runs that the first one lets go on. */
static gboolean
on_terminate (gpointer user_data)
{
  HeartbeatApplication *self = user_data;

  if (self->stopping)
    hurry (self);
  else
    stop (self);
  return G_SOURCE_CONTINUE;
}

static void
on_reloaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  heartbeat_agent_reload_finish (HEARTBEAT_AGENT (source), result, NULL);
  end_reload (user_data);
}

static gboolean
on_hangup (gpointer user_data)
{
  HeartbeatApplication *self = user_data;
  GHashTableIter iter;
  HeartbeatServedAgent *agent;

  if (self->stopping)
    return G_SOURCE_CONTINUE;
  if (tells_reloads (self))
    heartbeat_systemd_reloading ();
  self->reloads++;
  g_hash_table_iter_init (&iter, self->agents);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &agent))
    {
      HeartbeatConsumer *consumer = heartbeat_served_agent_get_consumer (agent);

      if (consumer == NULL)
        continue;
      self->reloads++;
      heartbeat_consumer_retry_now (consumer);
      heartbeat_agent_reload_async (heartbeat_consumer_get_agent (consumer), NULL, on_reloaded,
                                    self);
    }
  if (self->folder != NULL)
    reload_folder (self);
  end_reload (self);
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

static gboolean
serve (HeartbeatApplication *self, GError **error)
{
  const HeartbeatSettings *settings = self->settings;

  if (heartbeat_settings_has (settings, "HEARTBEAT_DIR"))
    return serve_folder (self, error);
  return begin_agent (self,
                      add_agent (self, heartbeat_settings_get (settings, "AGENT_NAME"),
                                 heartbeat_settings_get (settings, "HEARTBEAT_PATH")),
                      error);
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
  watch_signals (self);
  self->watchdog = heartbeat_systemd_watchdog_new ();
  if (self->watchdog != NULL)
    g_source_attach (self->watchdog, NULL);
  start_desktop (self);
  if (!serve (self, error))
    return FALSE;
  g_main_loop_run (self->loop);
  return TRUE;
}
