/* SPDX-License-Identifier: MIT */

#include "service/heartbeat-roster.h"

#include <string.h>

#include "base/heartbeat-deadline.h"
#include "base/heartbeat-log.h"
#include "service/heartbeat-agents-folder.h"
#include "service/heartbeat-served-agent.h"
#include "service/heartbeat-status.h"

/* Another process may release an agent without notice. */
#define LOCK_RETRY_US (5 * G_USEC_PER_SEC)

/**
 * HeartbeatRoster:
 *
 * The agents that the service serves: one, or those of a folder, which come and go with their files.
 */
struct _HeartbeatRoster
{
  GObject parent_instance;

  const HeartbeatSettings *settings;
  HeartbeatDesktop *desktop;
  HeartbeatAgentsFolder *folder; /* NULL if one agent is served */
  HeartbeatBroker *broker;       /* shared by the agents of a folder */
  HeartbeatClockWatch *clock;
  GHashTable *agents;            /* name → HeartbeatServedAgent */
  GHashTable *reported_problems; /* those that were logged */
  GSource *lock_retry;           /* while another process has one of the agents */
  GTask *stop_task;              /* not NULL once it is stopping */
  guint reloads;                 /* of files under way, and one for the folder */
  gboolean reloads_folder;
};

enum
{
  CHANGED,
  RELOADED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (HeartbeatRoster, heartbeat_roster, G_TYPE_OBJECT)

static void reconcile (HeartbeatRoster *self);

static void
heartbeat_roster_finalize (GObject *object)
{
  HeartbeatRoster *self = HEARTBEAT_ROSTER (object);

  heartbeat_deadline_clear (&self->lock_retry);
  if (self->folder != NULL)
    heartbeat_agents_folder_stop (self->folder);
  g_clear_object (&self->folder);
  g_hash_table_unref (self->agents);
  g_hash_table_unref (self->reported_problems);
  g_clear_object (&self->broker);
  g_clear_object (&self->clock);
  G_OBJECT_CLASS (heartbeat_roster_parent_class)->finalize (object);
}

static void
heartbeat_roster_class_init (HeartbeatRosterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = heartbeat_roster_finalize;

  /**
   * HeartbeatRoster::changed:
   * @self: the roster
   *
   * Its status may have changed, or whether it is ready.
   */
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);

  /**
   * HeartbeatRoster::reloaded:
   * @self: the roster
   *
   * Every heartbeat_roster_reload() so far has ended.
   */
  signals[RELOADED] = g_signal_new ("reloaded", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                    NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
heartbeat_roster_init (HeartbeatRoster *self)
{
  self->clock = heartbeat_clock_watch_new ();
  self->agents = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_object_unref);
  self->reported_problems = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

/**
 * heartbeat_roster_new:
 * @settings: the settings
 * @desktop: where agents are shown
 *
 * Both arguments must outlive the roster.
 *
 * Returns: (transfer full): the roster; it serves nobody yet
 */
HeartbeatRoster *
heartbeat_roster_new (const HeartbeatSettings *settings, HeartbeatDesktop *desktop)
{
  HeartbeatRoster *self = g_object_new (HEARTBEAT_TYPE_ROSTER, NULL);

  g_return_val_if_fail (settings != NULL, NULL);
  g_return_val_if_fail (desktop != NULL, NULL);

  self->settings = settings;
  self->desktop = desktop;
  return self;
}

static void
emit_changed (HeartbeatRoster *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
}

/* A copy of the list: the loops over it may end agents. */
static GPtrArray *
list_agents (HeartbeatRoster *self)
{
  GPtrArray *agents = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  HeartbeatServedAgent *agent;

  g_hash_table_iter_init (&iter, self->agents);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &agent))
    g_ptr_array_add (agents, g_object_ref (agent));
  return agents;
}

/* --- Status --------------------------------------------------------------------------------------------------------- */

/* Problems of the folder, and of agents that are not served. */
static GPtrArray *
list_problems (HeartbeatRoster *self)
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

/* Adds what is wrong with the files of agents that are served; returns how many those are. */
static guint
add_config_errors (HeartbeatRoster *self, GPtrArray *problems)
{
  GHashTableIter iter;
  HeartbeatServedAgent *agent;
  guint served = 0;

  g_hash_table_iter_init (&iter, self->agents);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &agent))
    {
      HeartbeatConsumer *consumer = heartbeat_served_agent_get_consumer (agent);
      const char *error;

      if (consumer == NULL)
        continue;
      served++;
      error = heartbeat_agent_get_config_error (heartbeat_consumer_get_agent (consumer));
      if (*error != '\0')
        g_ptr_array_add (
            problems, g_strdup_printf ("%s: %s", heartbeat_served_agent_get_path (agent), error));
    }
  return served;
}

/**
 * heartbeat_roster_dup_status:
 * @self: the roster
 *
 * Returns: (transfer full) (nullable): a line for `systemctl status`; %NULL if there is nothing to say yet
 */
char *
heartbeat_roster_dup_status (HeartbeatRoster *self)
{
  HeartbeatServedAgent *agent;
  g_autoptr (GPtrArray) problems = NULL;
  HeartbeatConnectionState state = HEARTBEAT_CONNECTION_STATE_DISABLED;
  guint served;

  g_return_val_if_fail (HEARTBEAT_IS_ROSTER (self), NULL);

  if (self->folder == NULL)
    {
      agent = g_hash_table_lookup (self->agents,
                                   heartbeat_settings_get (self->settings, "AGENT_NAME"));
      return agent != NULL
                 ? heartbeat_status_format_agent (heartbeat_served_agent_get_consumer (agent))
                 : NULL;
    }
  problems = list_problems (self);
  served = add_config_errors (self, problems);
  if (self->broker != NULL)
    state = heartbeat_connection_get_state (heartbeat_broker_get_connection (self->broker));
  return heartbeat_status_format_folder (served, problems, state);
}

/**
 * heartbeat_roster_is_ready:
 * @self: the roster
 *
 * Returns: whether all agents have read their files and tried to connect
 */
gboolean
heartbeat_roster_is_ready (HeartbeatRoster *self)
{
  GHashTableIter iter;
  HeartbeatServedAgent *agent;

  g_return_val_if_fail (HEARTBEAT_IS_ROSTER (self), FALSE);

  if (self->folder != NULL && !heartbeat_agents_folder_was_read (self->folder))
    return FALSE;
  g_hash_table_iter_init (&iter, self->agents);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &agent))
    if (!heartbeat_served_agent_is_settled (agent))
      return FALSE;
  return TRUE;
}

/* --- One agent ------------------------------------------------------------------------------------------------------ */

static gboolean
begin_agent (HeartbeatRoster *self, HeartbeatServedAgent *agent, GError **error)
{
  HeartbeatConsumer *consumer;

  if (!heartbeat_served_agent_open (agent, self->settings, self->broker, self->clock, error))
    return FALSE;
  consumer = heartbeat_served_agent_get_consumer (agent);
  heartbeat_desktop_add_consumer (self->desktop, consumer);
  if (!heartbeat_served_agent_start (agent, error))
    {
      heartbeat_desktop_remove_consumer (self->desktop, consumer);
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
add_agent (HeartbeatRoster *self, const char *name, const char *path)
{
  HeartbeatServedAgent *agent = heartbeat_served_agent_new (name, path);

  g_signal_connect_object (agent, "changed", G_CALLBACK (emit_changed), self, G_CONNECT_SWAPPED);
  g_hash_table_insert (self->agents, (gpointer) heartbeat_served_agent_get_name (agent), agent);
  return agent;
}

static void
on_broker_closed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HeartbeatRoster *self = user_data;
  g_autoptr (GTask) task = g_steal_pointer (&self->stop_task);

  heartbeat_broker_close_finish (HEARTBEAT_BROKER (source), result, NULL);
  g_task_return_boolean (task, TRUE);
}

static void
on_last_agent_stopped (HeartbeatRoster *self)
{
  g_autoptr (GTask) task = NULL;

  heartbeat_desktop_stop (self->desktop);
  if (self->broker != NULL)
    {
      heartbeat_broker_close_async (self->broker, on_broker_closed, self);
      return;
    }
  task = g_steal_pointer (&self->stop_task);
  g_task_return_boolean (task, TRUE);
}

static void
on_agent_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HeartbeatServedAgent *agent = HEARTBEAT_SERVED_AGENT (source);
  HeartbeatConsumer *consumer = heartbeat_served_agent_get_consumer (agent);
  const char *name = heartbeat_served_agent_get_name (agent);
  HeartbeatRoster *self = user_data;
  gboolean stopping = self->stop_task != NULL;

  if (consumer != NULL && !stopping)
    heartbeat_desktop_remove_consumer (self->desktop, consumer);
  heartbeat_served_agent_stop_finish (agent, result);
  if (!stopping)
    heartbeat_log (G_LOG_LEVEL_INFO, HEARTBEAT_EVENT_AGENT_GONE, name, NULL, "%s is served no more",
                   heartbeat_served_agent_get_path (agent));
  g_hash_table_remove (self->agents, name);
  if (!stopping)
    reconcile (self);
  else if (g_hash_table_size (self->agents) == 0)
    on_last_agent_stopped (self);
}

static void
end_agent (HeartbeatRoster *self, HeartbeatServedAgent *agent)
{
  if (!heartbeat_served_agent_is_stopping (agent))
    heartbeat_served_agent_stop_async (agent, on_agent_stopped, self);
}

/* --- The agents of a folder ----------------------------------------------------------------------------------------- */

static gboolean
on_lock_retry (gpointer user_data)
{
  reconcile (user_data);
  return G_SOURCE_REMOVE;
}

/* Logs each problem once while it lasts. An agent reports what is wrong in its file itself. */
static void
report_problems (HeartbeatRoster *self)
{
  g_autoptr (GPtrArray) problems = list_problems (self);
  GHashTable *reported = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < problems->len; i++)
    {
      const char *problem = g_ptr_array_index (problems, i);

      if (!g_hash_table_contains (self->reported_problems, problem))
        heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_FOLDER_PROBLEM, NULL, NULL, "%s",
                       problem);
      g_hash_table_add (reported, g_strdup (problem));
    }
  g_hash_table_unref (self->reported_problems);
  self->reported_problems = reported;
}

/* Maps the name of each agent that should be served to its path. */
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
end_unwanted (HeartbeatRoster *self, GHashTable *wanted)
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

/* An agent that is stopping starts again once it has stopped. */
static void
begin_wanted (HeartbeatRoster *self, const char *name, const char *path)
{
  HeartbeatServedAgent *agent = g_hash_table_lookup (self->agents, name);

  if (agent == NULL)
    agent = add_agent (self, name, path);
  else if (heartbeat_served_agent_is_stopping (agent)
           || heartbeat_served_agent_get_consumer (agent) != NULL)
    return;
  if (!begin_agent (self, agent, NULL) && self->lock_retry == NULL)
    heartbeat_deadline_set_in (&self->lock_retry, LOCK_RETRY_US, on_lock_retry, self);
}

/* Starts and stops agents until those of the folder are served. */
static void
reconcile (HeartbeatRoster *self)
{
  GPtrArray *files = heartbeat_agents_folder_get_files (self->folder);
  g_autoptr (GHashTable) wanted = index_wanted (files);

  if (self->stop_task != NULL)
    return;
  end_unwanted (self, wanted);
  for (guint i = 0; files != NULL && i < files->len; i++)
    {
      const HeartbeatAgentFile *file = g_ptr_array_index (files, i);

      if (file->problem == NULL)
        begin_wanted (self, heartbeat_agent_file_get_name (file), file->path);
    }
  report_problems (self);
  emit_changed (self);
}

static void
end_reload (HeartbeatRoster *self)
{
  if (self->reloads > 0 && --self->reloads == 0)
    g_signal_emit (self, signals[RELOADED], 0);
}

static void
on_folder_changed (HeartbeatRoster *self)
{
  reconcile (self);
  if (!self->reloads_folder || !heartbeat_agents_folder_is_settled (self->folder))
    return;
  self->reloads_folder = FALSE;
  end_reload (self);
}

static void
reload_folder (HeartbeatRoster *self)
{
  if (!self->reloads_folder)
    self->reloads++;
  self->reloads_folder = TRUE;
  heartbeat_agents_folder_look (self->folder);
  reconcile (self);
}

static gboolean
make_broker (HeartbeatRoster *self, GError **error)
{
  gboolean local = heartbeat_settings_is (self->settings, "TICK_SOURCE", "local");

  if (local && !heartbeat_settings_has (self->settings, "RABBIT_URL"))
    return TRUE;
  self->broker
      = heartbeat_broker_new (heartbeat_settings_get (self->settings, "RABBIT_URL"), error);
  if (self->broker == NULL)
    return FALSE;
  g_signal_connect_object (heartbeat_broker_get_connection (self->broker), "changed",
                           G_CALLBACK (emit_changed), self, G_CONNECT_SWAPPED);
  if (!local)
    heartbeat_broker_start (self->broker);
  return TRUE;
}

static gboolean
serve_folder (HeartbeatRoster *self, GError **error)
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

/* --- All of them ---------------------------------------------------------------------------------------------------- */

/**
 * heartbeat_roster_start:
 * @self: the roster
 * @error: return location for %HEARTBEAT_ERROR_INVALID_ARGUMENT, %HEARTBEAT_ERROR_ALREADY_RUNNING, or a #GIOErrorEnum
 *
 * Serves the agent that the settings name, or those of their folder.
 *
 * Returns: whether that is possible
 */
gboolean
heartbeat_roster_start (HeartbeatRoster *self, GError **error)
{
  HeartbeatServedAgent *agent;

  g_return_val_if_fail (HEARTBEAT_IS_ROSTER (self), FALSE);

  if (heartbeat_settings_has (self->settings, "HEARTBEAT_DIR"))
    return serve_folder (self, error);
  agent = add_agent (self, heartbeat_settings_get (self->settings, "AGENT_NAME"),
                     heartbeat_settings_get (self->settings, "HEARTBEAT_PATH"));
  return begin_agent (self, agent, error);
}

static void
on_reloaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  heartbeat_agent_reload_finish (HEARTBEAT_AGENT (source), result, NULL);
  end_reload (user_data);
}

/**
 * heartbeat_roster_reload:
 * @self: the roster
 *
 * Reads folder and files again, and tries at once to reach a broker that is away.
 */
void
heartbeat_roster_reload (HeartbeatRoster *self)
{
  GHashTableIter iter;
  HeartbeatServedAgent *agent;

  g_return_if_fail (HEARTBEAT_IS_ROSTER (self));

  /* This one keeps it open until all have begun. */
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
}

/**
 * heartbeat_roster_stop_async:
 * @self: a roster that is not stopping
 * @callback: called when all have stopped
 * @user_data: passed to @callback
 *
 * Stops all agents, side by side, then leaves desktop and broker.
 */
void
heartbeat_roster_stop_async (HeartbeatRoster *self,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GPtrArray) agents = list_agents (self);

  g_return_if_fail (self->stop_task == NULL);

  self->stop_task = g_task_new (self, NULL, callback, user_data);
  heartbeat_deadline_clear (&self->lock_retry);
  if (self->folder != NULL)
    heartbeat_agents_folder_stop (self->folder);
  if (agents->len == 0)
    on_last_agent_stopped (self);
  for (guint i = 0; i < agents->len; i++)
    end_agent (self, g_ptr_array_index (agents, i));
}

/**
 * heartbeat_roster_stop_finish:
 * @self: the roster
 * @result: the result that the callback was given
 *
 * Ends heartbeat_roster_stop_async().
 */
void
heartbeat_roster_stop_finish (HeartbeatRoster *self, GAsyncResult *result)
{
  g_return_if_fail (g_task_is_valid (result, self));

  g_task_propagate_boolean (G_TASK (result), NULL);
}

/**
 * heartbeat_roster_force_stop:
 * @self: a roster that is stopping
 *
 * Ends the runs that are still going on.
 */
void
heartbeat_roster_force_stop (HeartbeatRoster *self)
{
  GHashTableIter iter;
  HeartbeatServedAgent *agent;

  g_return_if_fail (HEARTBEAT_IS_ROSTER (self));

  g_hash_table_iter_init (&iter, self->agents);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &agent))
    heartbeat_served_agent_force_stop (agent);
}
