/* SPDX-License-Identifier: MIT */

#include "agent/heartbeat-agent-private.h"

#include <string.h>

#include "agent/heartbeat-absent-handler.h"
#include "agent/heartbeat-config-report.h"
#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"
#include "json/heartbeat-json.h"
#include "agent/heartbeat-last-run-store.h"
#include "base/heartbeat-log.h"
#include "agent/heartbeat-schedule.h"
#include "agent/heartbeat-check-run.h"

#define MAX_NAME_LENGTH    64
#define DEFAULT_TIMEOUT_MS 300000
#define STOP_GRACE_MS      10000

/**
 * HeartbeatAgent:
 *
 * One AI agent with its heartbeat.json. It decides at each tick which check runs, runs it and saves `lastRun`. It knows
 * neither where ticks come from nor who looks at it.
 */
struct _HeartbeatAgent
{
  GObject parent_instance;

  char *name;
  HeartbeatRegistry *registry;
  HeartbeatDocument *document;
  HeartbeatLastRunStore *store;
  gboolean refreshing; /* the file is read for the tick that waits */
  gboolean store_asked;
  gboolean store_ready; /* it has read what heartbeat.json could not be told */
  HeartbeatSchedule *schedule;
  HeartbeatHistory *history;
  char *config_error;
  guint max_runs;
  guint timeout;

  HeartbeatRunContext context;
  char *folder;                  /* of heartbeat.json */
  HeartbeatPendingTick *waiting; /* the tick that is not decided yet */
  GPtrArray *check_runs;         /* of HeartbeatCheckRun: the runs that go on */
  guint tick_runs;
  gboolean stopping;
  GTask *stop_task;
  GSource *stop_timer;

  gint64 last_tick;
  guint64 ticks_received;
  guint64 ticks_idle;
  guint64 runs[HEARTBEAT_STATUS_SKIPPED + 1];
};

enum
{
  PROP_0,
  PROP_NAME,
  PROP_CONFIG_PATH,
  PROP_CONFIG_ERROR,
  PROP_LAST_TICK,
  PROP_NEXT_DUE,
  PROP_PAUSED,
  PROP_TICKS_RECEIVED,
  PROP_TICKS_IDLE,
  N_PROPS,
};

enum
{
  CHECK_ADDED,
  CHECK_REMOVED,
  CHECK_STARTED,
  CHECK_FINISHED,
  N_SIGNALS,
};

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (HeartbeatAgent, heartbeat_agent, G_TYPE_OBJECT)

static void decide_waiting (HeartbeatAgent *self);

static gint64
now_ms (void)
{
  return g_get_real_time () / 1000;
}

static GSource *
add_timer (HeartbeatAgent *self, guint interval, GSourceFunc func)
{
  GSource *source = g_timeout_source_new (interval);

  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}

static void
remove_timer (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
heartbeat_agent_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  HeartbeatAgent *self = HEARTBEAT_AGENT (object);

  switch (id)
    {
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_CONFIG_PATH:
      g_value_set_string (value, heartbeat_agent_get_config_path (self));
      break;
    case PROP_CONFIG_ERROR:
      g_value_set_string (value, self->config_error);
      break;
    case PROP_LAST_TICK:
      g_value_set_int64 (value, self->last_tick);
      break;
    case PROP_NEXT_DUE:
      g_value_set_int64 (value, heartbeat_agent_get_next_due (self));
      break;
    case PROP_PAUSED:
      g_value_set_boolean (value, heartbeat_agent_get_paused (self));
      break;
    case PROP_TICKS_RECEIVED:
      g_value_set_uint64 (value, self->ticks_received);
      break;
    case PROP_TICKS_IDLE:
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
  remove_timer (&self->stop_timer);
  if (self->document != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->document, self);
      heartbeat_document_close (self->document);
    }
  heartbeat_pending_tick_end (g_steal_pointer (&self->waiting), FALSE);
  g_clear_pointer (&self->check_runs, g_ptr_array_unref);
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
  props[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);

  /**
   * HeartbeatAgent:config-path:
   *
   * The absolute path of its heartbeat.json.
   */
  props[PROP_CONFIG_PATH] = g_param_spec_string ("config-path", NULL, NULL, NULL, flags);

  /**
   * HeartbeatAgent:config-error:
   *
   * Why heartbeat.json cannot be used, or an empty text.
   */
  props[PROP_CONFIG_ERROR] = g_param_spec_string ("config-error", NULL, NULL, "", flags);

  /**
   * HeartbeatAgent:last-tick:
   *
   * When the last tick came, in µs since the epoch, 0 for none.
   */
  props[PROP_LAST_TICK] = g_param_spec_int64 ("last-tick", NULL, NULL, 0, G_MAXINT64, 0, flags);

  /**
   * HeartbeatAgent:next-due:
   *
   * When the first check will be due, in µs since the epoch, 0 for never. Computed when it is read.
   */
  props[PROP_NEXT_DUE] = g_param_spec_int64 ("next-due", NULL, NULL, 0, G_MAXINT64, 0, flags);

  /**
   * HeartbeatAgent:paused:
   *
   * Whether all its checks are paused.
   */
  props[PROP_PAUSED] = g_param_spec_boolean ("paused", NULL, NULL, FALSE, flags);

  /**
   * HeartbeatAgent:ticks-received:
   *
   * How many ticks came.
   */
  props[PROP_TICKS_RECEIVED]
      = g_param_spec_uint64 ("ticks-received", NULL, NULL, 0, G_MAXUINT64, 0, flags);

  /**
   * HeartbeatAgent:ticks-idle:
   *
   * How many of them started no run.
   */
  props[PROP_TICKS_IDLE] = g_param_spec_uint64 ("ticks-idle", NULL, NULL, 0, G_MAXUINT64, 0, flags);

  g_object_class_install_properties (object_class, N_PROPS, props);
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
  signals[CHECK_ADDED] = g_signal_new ("check-added", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                       G_TYPE_NONE, 1, HEARTBEAT_TYPE_CHECK);

  /**
   * HeartbeatAgent::check-removed:
   * @self: an agent
   * @check: the check
   *
   * A check has gone from heartbeat.json.
   */
  signals[CHECK_REMOVED] = g_signal_new ("check-removed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                         NULL, G_TYPE_NONE, 1, HEARTBEAT_TYPE_CHECK);

  /**
   * HeartbeatAgent::check-started:
   * @self: an agent
   * @check: the check
   *
   * A run of a check begins.
   */
  signals[CHECK_STARTED] = g_signal_new ("check-started", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                         NULL, G_TYPE_NONE, 1, HEARTBEAT_TYPE_CHECK);

  /**
   * HeartbeatAgent::check-finished:
   * @self: an agent
   * @check: the check
   * @result: how the run ended
   *
   * A run of a check has ended. `lastRun` is saved by now.
   */
  signals[CHECK_FINISHED]
      = g_signal_new ("check-finished", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                      2, HEARTBEAT_TYPE_CHECK, HEARTBEAT_TYPE_RESULT);
}

static void
heartbeat_agent_init (HeartbeatAgent *self)
{
  self->max_runs = 1;
  self->timeout = DEFAULT_TIMEOUT_MS;
  self->config_error = g_strdup ("");
  self->schedule = heartbeat_schedule_new ();
  self->check_runs = g_ptr_array_new_with_free_func ((GDestroyNotify) heartbeat_check_run_free);
}

static void on_loaded (HeartbeatAgent *self);
static void on_broken (HeartbeatAgent *self);

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

  if (!g_ascii_isalnum (*name) || strlen (name) > MAX_NAME_LENGTH)
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

  self->name = g_strdup (name);
  self->document = heartbeat_document_new (path);
  g_signal_connect_swapped (self->document, "loaded", G_CALLBACK (on_loaded), self);
  g_signal_connect_swapped (self->document, "broken", G_CALLBACK (on_broken), self);
  self->registry = g_object_ref (registry);
  self->store = heartbeat_last_run_store_new (name, self->document);
  self->history = heartbeat_history_new (name);
  self->folder = g_path_get_dirname (heartbeat_document_get_path (self->document));
  self->context = (HeartbeatRunContext){ self->name, self->folder, self->registry, self->store };
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
  heartbeat_last_run_store_set_bus_handler (self->store, name, FALSE);
  return heartbeat_registry_remove (self->registry, HEARTBEAT_HANDLER_BUS, name);
}

/**
 * heartbeat_agent_set_limits:
 * @self: an agent
 * @max_runs: how many runs ticks may have going at once
 * @timeout: the time limit of a run whose check has none, in ms
 */
void
heartbeat_agent_set_limits (HeartbeatAgent *self, guint max_runs, guint timeout)
{
  self->max_runs = max_runs;
  self->timeout = timeout;
}

/* --- The file ------------------------------------------------------------------------------------------------------- */

static void
set_config_error (HeartbeatAgent *self, const char *message)
{
  if (strcmp (self->config_error, message) == 0)
    return;
  g_free (self->config_error);
  self->config_error = g_strdup (message);
  if (*message != '\0')
    heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_CONFIG_BROKEN, self->name, NULL, "%s: %s",
                   heartbeat_document_get_path (self->document), message);
  else
    heartbeat_log (G_LOG_LEVEL_MESSAGE, HEARTBEAT_EVENT_CONFIG_GOOD, self->name, NULL,
                   "%s: is good again", heartbeat_document_get_path (self->document));
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CONFIG_ERROR]);
}

/* Memory is the file: `lastRun` is what that says, or what stands for it because it could not be written there. */
static void
refresh_last_run (HeartbeatAgent *self, HeartbeatCheck *check)
{
  const HeartbeatCheckSpec *spec = heartbeat_check_get_spec (check);
  gint64 last_run;

  if (!heartbeat_last_run_store_lookup (self->store, spec, &last_run))
    last_run = spec->last_run;
  heartbeat_check_set_last_run (check, last_run);
}

static void
refresh_last_runs (HeartbeatAgent *self)
{
  GPtrArray *checks = heartbeat_schedule_get_checks (self->schedule);

  for (guint i = 0; i < checks->len; i++)
    refresh_last_run (self, g_ptr_array_index (checks, i));
  heartbeat_schedule_invalidate (self->schedule);
}

static void
apply_config (HeartbeatAgent *self)
{
  HeartbeatConfig *config = heartbeat_document_get_config (self->document);
  g_autoptr (GPtrArray) added = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) removed = g_ptr_array_new_with_free_func (g_object_unref);

  heartbeat_config_report (self->name, heartbeat_document_get_path (self->document), self->schedule,
                           config, now_ms ());
  heartbeat_schedule_apply (self->schedule, config, added, removed);
  refresh_last_runs (self);
  for (guint i = 0; i < removed->len; i++)
    g_signal_emit (self, signals[CHECK_REMOVED], 0, g_ptr_array_index (removed, i));
  for (guint i = 0; i < added->len; i++)
    g_signal_emit (self, signals[CHECK_ADDED], 0, g_ptr_array_index (added, i));
  set_config_error (self, "");
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_NEXT_DUE]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PAUSED]);
}

static void
on_moved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  heartbeat_last_run_store_finish (HEARTBEAT_LAST_RUN_STORE (source), result);
}

/* The file may be writable by now. */
static void
move_last_runs (HeartbeatAgent *self)
{
  if (!self->stopping && self->store_ready && heartbeat_last_run_store_can_move (self->store)
      && *self->config_error == '\0')
    heartbeat_last_run_store_move_async (self->store, on_moved, NULL);
}

static void
on_loaded (HeartbeatAgent *self)
{
  g_autoptr (HeartbeatAgent) keep = g_object_ref (self); /* see on_run_done() */

  apply_config (self);
  move_last_runs (self);
}

static void
on_broken (HeartbeatAgent *self)
{
  set_config_error (self, heartbeat_document_get_error (self->document));
}

/* Programs on D-Bus may come later than the first tick. */
static void
expect_bus_handlers (HeartbeatAgent *self)
{
  g_autoptr (GPtrArray) names = heartbeat_last_run_store_list_bus_handlers (self->store);

  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);

      if (!heartbeat_registry_has (self->registry, HEARTBEAT_HANDLER_BUS, name))
        heartbeat_absent_handler_register (self->registry, name);
    }
}

static void
on_store_ready (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatAgent) self = user_data;

  heartbeat_last_run_store_load_finish (HEARTBEAT_LAST_RUN_STORE (source), result);
  self->store_ready = TRUE;
  expect_bus_handlers (self);
  refresh_last_runs (self);
  if (heartbeat_schedule_get_config (self->schedule) != NULL)
    move_last_runs (self);
  decide_waiting (self);
}

/* Nothing is decided before it is known what the state file has. */
static void
ask_store (HeartbeatAgent *self)
{
  if (self->store_asked)
    return;
  self->store_asked = TRUE;
  heartbeat_last_run_store_load_async (self->store, on_store_ready, g_object_ref (self));
}

static void
on_reloaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  heartbeat_document_read_finish (HEARTBEAT_DOCUMENT (source), result);
  g_task_return_boolean (task, TRUE);
}

/**
 * heartbeat_agent_reload_async:
 * @self: an agent
 * @cancellable: (nullable): the answer is not waited for any more
 * @callback: called when it is done; it calls heartbeat_agent_reload_finish()
 * @user_data: passed to @callback
 *
 * Reads heartbeat.json now, changed or not.
 */
void
heartbeat_agent_reload_async (HeartbeatAgent *self,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_return_if_fail (HEARTBEAT_IS_AGENT (self));

  ask_store (self);
  heartbeat_document_reload_async (self->document, on_reloaded,
                                   g_task_new (self, cancellable, callback, user_data));
}

/**
 * heartbeat_agent_reload_finish:
 * @self: an agent
 * @result: what the callback was given
 * @error: return location for %HEARTBEAT_ERROR_CONFIG_UNUSABLE
 *
 * Ends heartbeat_agent_reload_async().
 *
 * Returns: whether the file is good
 */
gboolean
heartbeat_agent_reload_finish (HeartbeatAgent *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;
  if (*self->config_error == '\0')
    return TRUE;
  g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE, "%s: %s",
               heartbeat_document_get_path (self->document), self->config_error);
  return FALSE;
}

/* --- A run ---------------------------------------------------------------------------------------------------------- */

static void
on_history_flushed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  heartbeat_history_flush_finish (HEARTBEAT_HISTORY (source), result);
  g_task_return_boolean (task, TRUE);
}

static void
check_stopped (HeartbeatAgent *self)
{
  if (!self->stopping || self->check_runs->len > 0 || self->stop_task == NULL)
    return;
  remove_timer (&self->stop_timer);
  heartbeat_document_close (self->document);
  heartbeat_history_flush_async (self->history, on_history_flushed,
                                 g_steal_pointer (&self->stop_task));
}

static void
log_result (HeartbeatAgent *self, HeartbeatCheck *check, HeartbeatResult *result)
{
  gboolean failed = heartbeat_result_get_status (result) == HEARTBEAT_STATUS_FAILED;
  const char *message = heartbeat_result_get_message (result);

  heartbeat_log (failed ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_INFO,
                 failed ? HEARTBEAT_EVENT_RUN_FAILED : HEARTBEAT_EVENT_RUN_FINISHED, self->name,
                 heartbeat_check_get_name (check), "%s %s in %.3f s%s%s",
                 heartbeat_check_get_name (check),
                 heartbeat_status_to_string (heartbeat_result_get_status (result)),
                 heartbeat_result_get_duration (result) / 1e6, *message == '\0' ? "" : ": ",
                 message);
}

/* Tells everybody, and lets the next tick in. */
static void
on_run_done (HeartbeatCheckRun *run, gpointer owner)
{
  /* Who is told may drop the last other reference. */
  g_autoptr (HeartbeatAgent) self = g_object_ref (owner);
  HeartbeatCheck *check = heartbeat_check_run_get_check (run);
  HeartbeatResult *result = heartbeat_check_run_get_result (run);
  g_autoptr (GTask) task = heartbeat_check_run_steal_task (run);

  refresh_last_run (self, check);
  heartbeat_check_end (check, result, now_ms ());
  heartbeat_schedule_end_run (self->schedule, check);
  self->runs[heartbeat_result_get_status (result)]++;
  log_result (self, check, result);
  heartbeat_history_append (self->history, heartbeat_check_get_name (check), result,
                            !heartbeat_check_run_is_by_tick (run));
  g_signal_emit (self, signals[CHECK_FINISHED], 0, check, result);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_NEXT_DUE]);
  if (heartbeat_check_run_is_by_tick (run))
    self->tick_runs--;
  heartbeat_pending_tick_end (heartbeat_check_run_steal_tick (run), TRUE);
  if (task != NULL)
    g_task_return_pointer (task, heartbeat_result_ref (result),
                           (GDestroyNotify) heartbeat_result_unref);
  g_ptr_array_remove_fast (self->check_runs, run);
  decide_waiting (self);
  check_stopped (self);
}

/* Runs @check. @tick and @task may be NULL; the run takes both. @timeout 0 is that of the check. */
static void
start_run (HeartbeatAgent *self,
           HeartbeatCheck *check,
           HeartbeatPendingTick *tick,
           GTask *task,
           guint timeout)
{
  g_autoptr (HeartbeatAgent) keep = g_object_ref (self); /* see on_run_done() */
  const HeartbeatCheckSpec *spec = heartbeat_check_get_spec (check);
  HeartbeatCheckRun *run
      = heartbeat_check_run_new (&self->context, check, tick, on_run_done, G_OBJECT (self));

  heartbeat_log (G_LOG_LEVEL_INFO, HEARTBEAT_EVENT_RUN_STARTED, self->name, spec->name,
                 "running %s: %.2f × its cadence has passed, priority %" G_GINT64_FORMAT
                 ", handler %s",
                 spec->name, heartbeat_check_get_overdue_ratio (check), spec->priority,
                 spec->handler);
  heartbeat_check_run_set_task (run, task);
  g_ptr_array_add (self->check_runs, run);
  if (tick != NULL)
    self->tick_runs++;
  if (timeout == 0)
    timeout = spec->timeout != 0 ? spec->timeout : self->timeout;

  heartbeat_check_begin (check);
  heartbeat_schedule_invalidate (self->schedule);
  g_signal_emit (self, signals[CHECK_STARTED], 0, check);
  heartbeat_check_run_start (run, timeout);
}

/* --- Ticks ---------------------------------------------------------------------------------------------------------- */

static void
count_idle (HeartbeatAgent *self)
{
  self->ticks_idle++;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_TICKS_IDLE]);
}

static void
on_refreshed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatAgent) self = user_data;

  heartbeat_document_read_finish (HEARTBEAT_DOCUMENT (source), result);
  self->refreshing = FALSE;
  decide_waiting (self);
}

/* The tick that waits is decided by what the file says now. */
static void
refresh (HeartbeatAgent *self)
{
  if (self->refreshing)
    return;
  self->refreshing = TRUE;
  heartbeat_document_refresh_async (self->document, on_refreshed, g_object_ref (self));
}

/* Goes on with the tick that waits, if nothing is in its way any more. */
static void
decide_waiting (HeartbeatAgent *self)
{
  HeartbeatPendingTick *tick = self->waiting;
  HeartbeatCheck *check;
  gint64 now = now_ms ();

  if (tick == NULL || !self->store_ready || self->refreshing || self->stopping
      || self->tick_runs >= self->max_runs)
    return;
  if (heartbeat_document_is_reading (self->document))
    {
      refresh (self);
      return;
    }
  self->waiting = NULL;
  check = heartbeat_schedule_choose (self->schedule, tick->quarter, now);
  if (check != NULL)
    {
      start_run (self, check, tick, NULL, 0);
      return;
    }
  heartbeat_schedule_next_due (self->schedule, tick->quarter, now);
  count_idle (self);
  heartbeat_pending_tick_end (tick, TRUE);
}

/**
 * heartbeat_agent_tick:
 * @self: an agent
 * @tick: a tick
 * @done: called when all that the tick caused is safe, perhaps before this returns
 * @user_data: passed to @done
 *
 * Decides, and runs the most overdue check. While as many runs as allowed go on, or the file is being read, one tick waits.
 * With nothing due it costs a comparison, and one `statx` for all ticks that were received before it.
 *
 * Returns: %TRUE if the tick was idle: it may be acknowledged now, and @done is not called
 */
gboolean
heartbeat_agent_tick (HeartbeatAgent *self,
                      const HeartbeatTick *tick,
                      HeartbeatTickDone done,
                      gpointer user_data)
{
  gint64 now = now_ms ();
  guint quarter = heartbeat_tick_get_fresh_quarter (tick, now);
  gboolean current;

  if (self->stopping)
    {
      done (FALSE, user_data);
      return FALSE;
    }
  self->last_tick = g_get_real_time ();
  self->ticks_received++;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_TICKS_RECEIVED]);
  if (self->waiting != NULL)
    {
      count_idle (self);
      return TRUE;
    }
  current = self->store_ready && heartbeat_document_is_current (self->document, tick->received);
  if (current && heartbeat_schedule_is_idle (self->schedule, quarter, now))
    {
      count_idle (self);
      return TRUE;
    }
  self->waiting = heartbeat_pending_tick_new (tick, quarter, done, user_data);
  ask_store (self);
  if (current)
    decide_waiting (self);
  else
    refresh (self);
  return FALSE;
}

/* --- Runs by hand --------------------------------------------------------------------------------------------------- */

typedef struct
{
  char *name;
  guint timeout;
} Order;

static void
order_free (gpointer data)
{
  Order *order = data;

  g_free (order->name);
  g_free (order);
}

/* The check that may run by hand now, whatever the clock says. */
static HeartbeatCheck *
find_runnable (HeartbeatAgent *self, const char *name, GError **error)
{
  HeartbeatCheck *check = heartbeat_schedule_lookup (self->schedule, name);

  if (self->stopping)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, _ ("the agent stops"));
  else if (heartbeat_schedule_get_config (self->schedule) == NULL)
    g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE, "%s: %s",
                 heartbeat_document_get_path (self->document), self->config_error);
  else if (check == NULL)
    g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NO_SUCH_CHECK,
                 _ ("the agent “%s” has no check “%s”"), self->name, name);
  else if (*heartbeat_check_get_error (check) != '\0')
    g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_CONFIG_UNUSABLE, "%s: %s",
                 heartbeat_document_get_path (self->document), heartbeat_check_get_error (check));
  else if (heartbeat_check_peek_state (check)->running)
    g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_ALREADY_RUNNING,
                 _ ("the check “%s” is running"), name);
  else
    return check;
  return NULL;
}

static void
on_current_for_run (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  HeartbeatAgent *self = g_task_get_source_object (task);
  Order *order = g_task_get_task_data (task);
  HeartbeatCheck *check;
  GError *error = NULL;

  heartbeat_document_read_finish (HEARTBEAT_DOCUMENT (source), result);
  check = find_runnable (self, order->name, &error);
  if (check == NULL)
    g_task_return_error (task, error);
  else
    start_run (self, check, NULL, g_steal_pointer (&task), order->timeout);
}

/**
 * heartbeat_agent_run_check_async:
 * @self: an agent
 * @name: the name of a check
 * @timeout: its time limit in ms, or 0 for that of the check
 * @cancellable: (nullable): the answer is not waited for any more; the run goes on
 * @callback: called when the run has ended and `lastRun` is saved; it calls heartbeat_agent_run_check_finish()
 * @user_data: passed to @callback
 *
 * Runs a check now: paused, disabled or not due, and besides the runs that ticks may have going.
 */
void
heartbeat_agent_run_check_async (HeartbeatAgent *self,
                                 const char *name,
                                 guint timeout,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  GTask *task;
  Order *order;

  g_return_if_fail (HEARTBEAT_IS_AGENT (self));
  g_return_if_fail (name != NULL);

  order = g_new (Order, 1);
  order->name = g_strdup (name);
  order->timeout = timeout;
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_task_data (task, order, order_free);
  heartbeat_document_refresh_async (self->document, on_current_for_run, task);
}

/**
 * heartbeat_agent_run_check_finish:
 * @self: an agent
 * @result: what the callback was given
 * @error: return location for %HEARTBEAT_ERROR_NO_SUCH_CHECK, %HEARTBEAT_ERROR_ALREADY_RUNNING or
 *   %HEARTBEAT_ERROR_CONFIG_UNUSABLE; a run that failed is no error
 *
 * Ends heartbeat_agent_run_check_async().
 *
 * Returns: (transfer full): how the run ended
 */
HeartbeatResult *
heartbeat_agent_run_check_finish (HeartbeatAgent *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- Stopping ------------------------------------------------------------------------------------------------------- */

/* A run that is given up leaves the array. */
static void
end_runs (HeartbeatAgent *self)
{
  g_autoptr (GPtrArray) runs = g_ptr_array_copy (self->check_runs, NULL, NULL);

  g_ptr_array_set_free_func (runs, NULL);
  for (guint i = 0; i < runs->len; i++)
    heartbeat_check_run_give_up (g_ptr_array_index (runs, i), _ ("the service stops"));
}

static gboolean
on_grace_over (gpointer user_data)
{
  HeartbeatAgent *self = user_data;

  remove_timer (&self->stop_timer);
  end_runs (self);
  return G_SOURCE_REMOVE;
}

/**
 * heartbeat_agent_force_stop:
 * @self: an agent that is being stopped
 *
 * Ends the runs that go on now: somebody does not want to wait.
 */
void
heartbeat_agent_force_stop (HeartbeatAgent *self)
{
  g_autoptr (HeartbeatAgent) keep = g_object_ref (self);

  if (self->stopping)
    end_runs (self);
}

/**
 * heartbeat_agent_stop_async:
 * @self: an agent
 * @callback: called when nothing runs any more; it calls heartbeat_agent_stop_finish()
 * @user_data: passed to @callback
 *
 * Starts no more runs, and gives those that go on ten seconds. A tick that waits is given back.
 */
void
heartbeat_agent_stop_async (HeartbeatAgent *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (HEARTBEAT_IS_AGENT (self));
  g_return_if_fail (self->stop_task == NULL);

  self->stopping = TRUE;
  self->stop_task = g_task_new (self, NULL, callback, user_data);
  heartbeat_pending_tick_end (g_steal_pointer (&self->waiting), FALSE);
  if (self->check_runs->len > 0)
    self->stop_timer = add_timer (self, STOP_GRACE_MS, on_grace_over);
  check_stopped (self);
}

void
heartbeat_agent_stop_finish (HeartbeatAgent *self, GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
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
  g_return_val_if_fail (status < G_N_ELEMENTS (self->runs), 0);

  return self->runs[status];
}
