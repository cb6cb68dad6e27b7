/* SPDX-License-Identifier: MIT */

#include "agent/heartbeat-agent-internal.h"

#include <string.h>

#include "agent/heartbeat-absent-handler.h"
#include "base/heartbeat-deadline.h"
#include "base/heartbeat-limits.h"

#define DEFAULT_TIMEOUT_MS 300000

GParamSpec *heartbeat_agent_props[HEARTBEAT_AGENT_N_PROPS];
guint heartbeat_agent_signals[HEARTBEAT_AGENT_N_SIGNALS];

/**
 * HeartbeatAgent:
 *
 * One AI agent with its heartbeat.json. It decides at each tick which check runs, runs it and saves `lastRun`. It knows
 * neither where ticks come from nor who looks at it.
 */
G_DEFINE_FINAL_TYPE (HeartbeatAgent, heartbeat_agent, G_TYPE_OBJECT)

static gint64
now_ms (void)
{
  return g_get_real_time () / 1000;
}

static void
heartbeat_agent_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  HeartbeatAgent *self = HEARTBEAT_AGENT (object);

  switch (id)
    {
    case HEARTBEAT_AGENT_PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case HEARTBEAT_AGENT_PROP_CONFIG_PATH:
      g_value_set_string (value, heartbeat_agent_get_config_path (self));
      break;
    case HEARTBEAT_AGENT_PROP_CONFIG_ERROR:
      g_value_set_string (value, self->config_error);
      break;
    case HEARTBEAT_AGENT_PROP_LAST_TICK:
      g_value_set_int64 (value, self->last_tick);
      break;
    case HEARTBEAT_AGENT_PROP_NEXT_DUE:
      g_value_set_int64 (value, heartbeat_agent_get_next_due (self));
      break;
    case HEARTBEAT_AGENT_PROP_PAUSED:
      g_value_set_boolean (value, heartbeat_agent_get_paused (self));
      break;
    case HEARTBEAT_AGENT_PROP_TICKS_RECEIVED:
      g_value_set_uint64 (value, self->ticks_received);
      break;
    case HEARTBEAT_AGENT_PROP_TICKS_IDLE:
      g_value_set_uint64 (value, self->ticks_idle);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
heartbeat_agent_dispose (GObject *object)
{
  HeartbeatAgent *self = HEARTBEAT_AGENT (object);

  self->stopping = TRUE;
  heartbeat_deadline_clear (&self->stop_timer);
  if (self->document != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->document, self);
      heartbeat_document_close (self->document);
    }
  G_OBJECT_CLASS (heartbeat_agent_parent_class)->dispose (object);
}

static void
heartbeat_agent_finalize (GObject *object)
{
  HeartbeatAgent *self = HEARTBEAT_AGENT (object);

  g_clear_pointer (&self->schedule, heartbeat_schedule_free);
  g_clear_object (&self->history);
  g_clear_object (&self->store);
  g_clear_object (&self->document);
  g_clear_object (&self->registry);
  g_clear_object (&self->cancellable);
  g_free (self->config_error);
  g_free (self->folder);
  g_free (self->name);
  G_OBJECT_CLASS (heartbeat_agent_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * HeartbeatAgent:name:
   *
   * Its name.
   */
  heartbeat_agent_props[HEARTBEAT_AGENT_PROP_NAME]
      = g_param_spec_string ("name", NULL, NULL, NULL, flags);

  /**
   * HeartbeatAgent:config-path:
   *
   * The absolute path of its heartbeat.json.
   */
  heartbeat_agent_props[HEARTBEAT_AGENT_PROP_CONFIG_PATH]
      = g_param_spec_string ("config-path", NULL, NULL, NULL, flags);

  /**
   * HeartbeatAgent:config-error:
   *
   * Why heartbeat.json cannot be used, or an empty text.
   */
  heartbeat_agent_props[HEARTBEAT_AGENT_PROP_CONFIG_ERROR]
      = g_param_spec_string ("config-error", NULL, NULL, "", flags);

  /**
   * HeartbeatAgent:last-tick:
   *
   * When the last tick came, in µs since the epoch, 0 for none.
   */
  heartbeat_agent_props[HEARTBEAT_AGENT_PROP_LAST_TICK]
      = g_param_spec_int64 ("last-tick", NULL, NULL, 0, G_MAXINT64, 0, flags);

  /**
   * HeartbeatAgent:next-due:
   *
   * When the first check will be due, in µs since the epoch, 0 for never. Computed when it is read.
   */
  heartbeat_agent_props[HEARTBEAT_AGENT_PROP_NEXT_DUE]
      = g_param_spec_int64 ("next-due", NULL, NULL, 0, G_MAXINT64, 0, flags);

  /**
   * HeartbeatAgent:paused:
   *
   * Whether all its checks are paused.
   */
  heartbeat_agent_props[HEARTBEAT_AGENT_PROP_PAUSED]
      = g_param_spec_boolean ("paused", NULL, NULL, FALSE, flags);

  /**
   * HeartbeatAgent:ticks-received:
   *
   * How many ticks came.
   */
  heartbeat_agent_props[HEARTBEAT_AGENT_PROP_TICKS_RECEIVED]
      = g_param_spec_uint64 ("ticks-received", NULL, NULL, 0, G_MAXUINT64, 0, flags);

  /**
   * HeartbeatAgent:ticks-idle:
   *
   * How many of them started no run.
   */
  heartbeat_agent_props[HEARTBEAT_AGENT_PROP_TICKS_IDLE]
      = g_param_spec_uint64 ("ticks-idle", NULL, NULL, 0, G_MAXUINT64, 0, flags);

  g_object_class_install_properties (object_class, HEARTBEAT_AGENT_N_PROPS, heartbeat_agent_props);
}

static void
heartbeat_agent_class_init (HeartbeatAgentClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GType type = G_TYPE_FROM_CLASS (klass);

  object_class->get_property = heartbeat_agent_get_property;
  object_class->dispose = heartbeat_agent_dispose;
  object_class->finalize = heartbeat_agent_finalize;
  install_properties (object_class);

  /**
   * HeartbeatAgent::check-added:
   * @self: an agent
   * @check: the check
   *
   * A check has come into heartbeat.json.
   */
  heartbeat_agent_signals[HEARTBEAT_AGENT_CHECK_ADDED]
      = g_signal_new ("check-added", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                      HEARTBEAT_TYPE_CHECK);

  /**
   * HeartbeatAgent::check-removed:
   * @self: an agent
   * @check: the check
   *
   * A check has gone from heartbeat.json.
   */
  heartbeat_agent_signals[HEARTBEAT_AGENT_CHECK_REMOVED]
      = g_signal_new ("check-removed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                      HEARTBEAT_TYPE_CHECK);

  /**
   * HeartbeatAgent::check-started:
   * @self: an agent
   * @check: the check
   *
   * A run of a check begins.
   */
  heartbeat_agent_signals[HEARTBEAT_AGENT_CHECK_STARTED]
      = g_signal_new ("check-started", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                      HEARTBEAT_TYPE_CHECK);

  /**
   * HeartbeatAgent::check-finished:
   * @self: an agent
   * @check: the check
   * @result: how the run ended
   *
   * A run of a check has ended. `lastRun` is saved by now.
   */
  heartbeat_agent_signals[HEARTBEAT_AGENT_CHECK_FINISHED]
      = g_signal_new ("check-finished", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                      2, HEARTBEAT_TYPE_CHECK, HEARTBEAT_TYPE_RESULT);
}

static void
heartbeat_agent_init (HeartbeatAgent *self)
{
  self->max_concurrent_runs = 1;
  self->timeout = DEFAULT_TIMEOUT_MS;
  self->config_error = g_strdup ("");
  self->schedule = heartbeat_schedule_new ();
  self->cancellable = g_cancellable_new ();
}

/**
 * heartbeat_agent_is_name:
 * @name: a text
 *
 * A name becomes part of routing keys and bus names, so a dot or `#` in it would change the routing.
 *
 * Returns: whether @name is a letter or digit and up to 63 more, or `_` or `-`
 */
gboolean
heartbeat_agent_is_name (const char *name)
{
  g_return_val_if_fail (name != NULL, FALSE);

  if (!g_ascii_isalnum (*name) || strlen (name) > HEARTBEAT_AGENT_NAME_MAX_BYTES)
    return FALSE;
  for (; *name != '\0'; name++)
    if (!g_ascii_isalnum (*name) && *name != '_' && *name != '-')
      return FALSE;
  return TRUE;
}

/**
 * heartbeat_agent_new:
 * @name: its name, see heartbeat_agent_is_name()
 * @path: where its heartbeat.json is, or will be
 * @registry: the handlers that it knows
 *
 * Returns: (transfer full): an agent that has not read its file yet
 */
HeartbeatAgent *
heartbeat_agent_new (const char *name, const char *path, HeartbeatRegistry *registry)
{
  HeartbeatAgent *self = g_object_new (HEARTBEAT_TYPE_AGENT, NULL);

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (HEARTBEAT_IS_REGISTRY (registry), NULL);

  self->name = g_strdup (name);
  self->document = heartbeat_document_new (path);
  self->registry = g_object_ref (registry);
  self->store = heartbeat_last_run_store_new (name, self->document);
  self->history = heartbeat_history_new (name);
  self->folder = g_path_get_dirname (heartbeat_document_get_path (self->document));
  self->context = (HeartbeatRunContext){ self->name, self->folder, self->registry, self->store };
  heartbeat_agent_watch_document (self);
  return self;
}

/**
 * heartbeat_agent_has_loaded:
 * @self: an agent
 *
 * Returns: whether heartbeat.json was read, or could not be; #HeartbeatAgent:next-due or #HeartbeatAgent:config-error is
 *   notified of when it becomes %TRUE
 */
gboolean
heartbeat_agent_has_loaded (HeartbeatAgent *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_AGENT (self), FALSE);

  return heartbeat_schedule_get_config (self->schedule) != NULL || *self->config_error != '\0';
}

/**
 * heartbeat_agent_get_history:
 * @self: an agent
 *
 * Returns: (transfer none): its past runs
 */
HeartbeatHistory *
heartbeat_agent_get_history (HeartbeatAgent *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_AGENT (self), NULL);

  return self->history;
}

/**
 * heartbeat_agent_get_document:
 * @self: an agent
 *
 * Returns: (transfer none): its heartbeat.json
 */
HeartbeatDocument *
heartbeat_agent_get_document (HeartbeatAgent *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_AGENT (self), NULL);

  return self->document;
}

/**
 * heartbeat_agent_get_registry:
 * @self: an agent
 *
 * Returns: (transfer none): the handlers that it knows
 */
HeartbeatRegistry *
heartbeat_agent_get_registry (HeartbeatAgent *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_AGENT (self), NULL);

  return self->registry;
}

/**
 * heartbeat_agent_register_bus_handler:
 * @self: an agent
 * @name: the name of a handler
 * @handler: (nullable): calls a program on D-Bus; %NULL when that program has left the bus
 *
 * Registers a handler, and keeps its name in the state file: without its program its checks fail from now on, until
 * heartbeat_agent_forget_bus_handler() is called.
 */
void
heartbeat_agent_register_bus_handler (HeartbeatAgent *self,
                                      const char *name,
                                      const HeartbeatHandler *handler)
{
  g_return_if_fail (HEARTBEAT_IS_AGENT (self));
  g_return_if_fail (name != NULL);

  if (handler != NULL)
    heartbeat_registry_add (self->registry, HEARTBEAT_HANDLER_BUS, name, handler);
  else
    heartbeat_absent_handler_register (self->registry, name);
  heartbeat_last_run_store_set_bus_handler (self->store, name, TRUE);
}

/**
 * heartbeat_agent_forget_bus_handler:
 * @self: an agent
 * @name: the name of a handler
 *
 * Returns: whether a program on D-Bus was to execute it
 */
gboolean
heartbeat_agent_forget_bus_handler (HeartbeatAgent *self, const char *name)
{
  g_return_val_if_fail (HEARTBEAT_IS_AGENT (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  heartbeat_last_run_store_set_bus_handler (self->store, name, FALSE);
  return heartbeat_registry_remove (self->registry, HEARTBEAT_HANDLER_BUS, name);
}

/**
 * heartbeat_agent_set_limits:
 * @self: an agent
 * @max_concurrent_runs: how many runs ticks may have going at once
 * @timeout: the time limit of a run whose check has none, in ms
 */
void
heartbeat_agent_set_limits (HeartbeatAgent *self, guint max_concurrent_runs, guint timeout)
{
  g_return_if_fail (HEARTBEAT_IS_AGENT (self));

  self->max_concurrent_runs = max_concurrent_runs;
  self->timeout = timeout;
}

/* --- What there is to see ------------------------------------------------------------------------------------------- */

/**
 * heartbeat_agent_get_name:
 * @self: an agent
 *
 * Gets its name.
 *
 * Returns: (transfer none): its name
 */
const char *
heartbeat_agent_get_name (HeartbeatAgent *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_AGENT (self), NULL);

  return self->name;
}

/**
 * heartbeat_agent_get_config_path:
 * @self: an agent
 *
 * Gets the absolute path of its heartbeat.json.
 *
 * Returns: (transfer none): the absolute path of its heartbeat.json
 */
const char *
heartbeat_agent_get_config_path (HeartbeatAgent *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_AGENT (self), NULL);

  return heartbeat_document_get_path (self->document);
}

/**
 * heartbeat_agent_get_config_error:
 * @self: an agent
 *
 * Says why heartbeat.json cannot be used, or an empty text.
 *
 * Returns: (transfer none): why heartbeat.json cannot be used, or an empty text
 */
const char *
heartbeat_agent_get_config_error (HeartbeatAgent *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_AGENT (self), NULL);

  return self->config_error;
}

/**
 * heartbeat_agent_list_checks:
 * @self: an agent
 *
 * Lists the checks of the agent.
 *
 * Returns: (transfer container) (element-type HeartbeatCheck): its checks, sorted by name
 */
GPtrArray *
heartbeat_agent_list_checks (HeartbeatAgent *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_AGENT (self), NULL);

  return g_ptr_array_ref (heartbeat_schedule_get_checks (self->schedule));
}

/**
 * heartbeat_agent_get_check:
 * @self: an agent
 * @name: the name of a check
 *
 * Finds a check by its name.
 *
 * Returns: (transfer none) (nullable): the check
 */
HeartbeatCheck *
heartbeat_agent_get_check (HeartbeatAgent *self, const char *name)
{
  g_return_val_if_fail (HEARTBEAT_IS_AGENT (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  return heartbeat_schedule_lookup (self->schedule, name);
}

/**
 * heartbeat_agent_get_last_tick:
 * @self: an agent
 *
 * Says when the last tick came, in µs since the epoch, 0 for none.
 *
 * Returns: when the last tick came, in µs since the epoch, 0 for none
 */
gint64
heartbeat_agent_get_last_tick (HeartbeatAgent *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_AGENT (self), 0);

  return self->last_tick;
}

/**
 * heartbeat_agent_get_next_due:
 * @self: an agent
 *
 * Says when the first check will be due, in µs since the epoch, 0 for never.
 *
 * Returns: when the first check will be due, in µs since the epoch, 0 for never
 */
gint64
heartbeat_agent_get_next_due (HeartbeatAgent *self)
{
  gint64 due;

  g_return_val_if_fail (HEARTBEAT_IS_AGENT (self), 0);

  due = heartbeat_schedule_next_due (self->schedule, 0, now_ms ());
  return due > G_MAXINT64 / 1000 ? 0 : due * 1000;
}

/**
 * heartbeat_agent_get_paused:
 * @self: an agent
 *
 * Says whether all its checks are paused.
 *
 * Returns: whether all its checks are paused
 */
gboolean
heartbeat_agent_get_paused (HeartbeatAgent *self)
{
  HeartbeatConfig *config;

  g_return_val_if_fail (HEARTBEAT_IS_AGENT (self), FALSE);

  config = heartbeat_schedule_get_config (self->schedule);
  return config != NULL && heartbeat_pause_holds (&config->pause, now_ms ());
}

/**
 * heartbeat_agent_get_ticks_received:
 * @self: an agent
 *
 * Says how many ticks came.
 *
 * Returns: how many ticks came
 */
guint64
heartbeat_agent_get_ticks_received (HeartbeatAgent *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_AGENT (self), 0);

  return self->ticks_received;
}

/**
 * heartbeat_agent_get_ticks_idle:
 * @self: an agent
 *
 * Says how many ticks started no run.
 *
 * Returns: how many of them started no run
 */
guint64
heartbeat_agent_get_ticks_idle (HeartbeatAgent *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_AGENT (self), 0);

  return self->ticks_idle;
}

/**
 * heartbeat_agent_get_runs:
 * @self: an agent
 * @status: a way to end
 *
 * Counts the runs of this process that ended in one way.
 *
 * Returns: how many runs ended so
 */
guint64
heartbeat_agent_get_runs (HeartbeatAgent *self, HeartbeatStatus status)
{
  g_return_val_if_fail (HEARTBEAT_IS_AGENT (self), 0);
  g_return_val_if_fail (status < G_N_ELEMENTS (self->ended), 0);

  return self->ended[status];
}
