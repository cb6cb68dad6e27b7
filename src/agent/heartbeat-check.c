/* SPDX-License-Identifier: MIT */

#include "agent/heartbeat-check-private.h"

#include <string.h>

/**
 * HeartbeatCheck:
 *
 * One check of an agent: what heartbeat.json says of it, and how its runs went. The properties that depend on the clock
 * (`next-due`, `overdue-ratio`, `state`) are computed when they are read; they are notified when something happened, not
 * when time passed.
 */
struct _HeartbeatCheck
{
  GObject parent_instance;

  HeartbeatCheckSpec *spec;
  HeartbeatCheckState state;
  HeartbeatResult *last_result;
  gboolean reported;
};

enum
{
  PROP_0,
  PROP_NAME,
  PROP_HANDLER,
  PROP_CADENCE,
  PROP_PRIORITY,
  PROP_ENABLED,
  PROP_PAUSED,
  PROP_LAST_RUN,
  PROP_NEXT_DUE,
  PROP_OVERDUE_RATIO,
  PROP_STATE,
  PROP_ERROR,
  PROP_CONSECUTIVE_FAILURES,
  PROP_LAST_RESULT,
  N_PROPS,
};

enum
{
  STARTED,
  FINISHED,
  N_SIGNALS,
};

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (HeartbeatCheck, heartbeat_check, G_TYPE_OBJECT)

static gint64
now_ms (void)
{
  return g_get_real_time () / 1000;
}

static void
get_configured (HeartbeatCheck *self, guint id, GValue *value)
{
  switch (id)
    {
    case PROP_NAME:
      g_value_set_string (value, heartbeat_check_get_name (self));
      break;
    case PROP_HANDLER:
      g_value_set_string (value, heartbeat_check_get_handler (self));
      break;
    case PROP_CADENCE:
      g_value_set_int64 (value, heartbeat_check_get_cadence (self));
      break;
    case PROP_PRIORITY:
      g_value_set_int64 (value, heartbeat_check_get_priority (self));
      break;
    case PROP_ENABLED:
      g_value_set_boolean (value, heartbeat_check_get_enabled (self));
      break;
    case PROP_PAUSED:
      g_value_set_boolean (value, heartbeat_check_get_paused (self));
      break;
    case PROP_ERROR:
      g_value_set_string (value, heartbeat_check_get_error (self));
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
heartbeat_check_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  HeartbeatCheck *self = HEARTBEAT_CHECK (object);

  switch (id)
    {
    case PROP_LAST_RUN:
      g_value_set_int64 (value, heartbeat_check_get_last_run (self));
      break;
    case PROP_NEXT_DUE:
      g_value_set_int64 (value, heartbeat_check_get_next_due (self));
      break;
    case PROP_OVERDUE_RATIO:
      g_value_set_double (value, heartbeat_check_get_overdue_ratio (self));
      break;
    case PROP_STATE:
      g_value_set_string (value, heartbeat_check_get_state (self));
      break;
    case PROP_CONSECUTIVE_FAILURES:
      g_value_set_uint (value, heartbeat_check_get_consecutive_failures (self));
      break;
    case PROP_LAST_RESULT:
      g_value_set_boxed (value, self->last_result);
      break;
    default:
      get_configured (self, id, value);
    }
}

static void
heartbeat_check_finalize (GObject *object)
{
  HeartbeatCheck *self = HEARTBEAT_CHECK (object);

  g_clear_pointer (&self->spec, heartbeat_check_spec_unref);
  g_clear_pointer (&self->last_result, heartbeat_result_unref);
  G_OBJECT_CLASS (heartbeat_check_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * HeartbeatCheck:name:
   *
   * Its name.
   */
  props[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);

  /**
   * HeartbeatCheck:handler:
   *
   * The name of its handler; empty for an invalid check without one.
   */
  props[PROP_HANDLER] = g_param_spec_string ("handler", NULL, NULL, NULL, flags);

  /**
   * HeartbeatCheck:cadence:
   *
   * Its cadence in ms.
   */
  props[PROP_CADENCE] = g_param_spec_int64 ("cadence", NULL, NULL, 0, G_MAXINT64, 0, flags);

  /**
   * HeartbeatCheck:priority:
   *
   * Its priority, from 1; the lower one wins a tie.
   */
  props[PROP_PRIORITY] = g_param_spec_int64 ("priority", NULL, NULL, 1, G_MAXINT64, 1, flags);

  /**
   * HeartbeatCheck:enabled:
   *
   * Whether it is enabled.
   */
  props[PROP_ENABLED] = g_param_spec_boolean ("enabled", NULL, NULL, TRUE, flags);

  /**
   * HeartbeatCheck:paused:
   *
   * Whether it is paused now, by its own name or with all others.
   */
  props[PROP_PAUSED] = g_param_spec_boolean ("paused", NULL, NULL, FALSE, flags);

  /**
   * HeartbeatCheck:last-run:
   *
   * When its last good run began, in µs since the epoch, 0 for never.
   */
  props[PROP_LAST_RUN] = g_param_spec_int64 ("last-run", NULL, NULL, 0, G_MAXINT64, 0, flags);

  /**
   * HeartbeatCheck:next-due:
   *
   * When it will be due if nothing happens before, in µs since the epoch; 0 for never.
   */
  props[PROP_NEXT_DUE] = g_param_spec_int64 ("next-due", NULL, NULL, 0, G_MAXINT64, 0, flags);

  /**
   * HeartbeatCheck:overdue-ratio:
   *
   * How many cadences have passed since the last run.
   */
  props[PROP_OVERDUE_RATIO]
      = g_param_spec_double ("overdue-ratio", NULL, NULL, 0, G_MAXDOUBLE, 0, flags);

  /**
   * HeartbeatCheck:state:
   *
   * `idle`, `due`, `running`, `backing-off`, `disabled`, `paused` or `invalid`.
   */
  props[PROP_STATE] = g_param_spec_string ("state", NULL, NULL, "idle", flags);

  /**
   * HeartbeatCheck:error:
   *
   * What is wrong with it in heartbeat.json, or an empty text.
   */
  props[PROP_ERROR] = g_param_spec_string ("error", NULL, NULL, "", flags);

  /**
   * HeartbeatCheck:consecutive-failures:
   *
   * How many runs failed since the last good one.
   */
  props[PROP_CONSECUTIVE_FAILURES]
      = g_param_spec_uint ("consecutive-failures", NULL, NULL, 0, G_MAXUINT, 0, flags);

  /**
   * HeartbeatCheck:last-result:
   *
   * How the last run ended; %NULL before the first one of this process.
   */
  props[PROP_LAST_RESULT]
      = g_param_spec_boxed ("last-result", NULL, NULL, HEARTBEAT_TYPE_RESULT, flags);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
heartbeat_check_class_init (HeartbeatCheckClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = heartbeat_check_get_property;
  object_class->finalize = heartbeat_check_finalize;
  install_properties (object_class);

  /**
   * HeartbeatCheck::started:
   * @self: a check
   *
   * A run begins.
   */
  signals[STARTED] = g_signal_new ("started", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);

  /**
   * HeartbeatCheck::finished:
   * @self: a check
   * @result: how the run ended
   *
   * A run has ended, and `lastRun` is saved.
   */
  signals[FINISHED] = g_signal_new ("finished", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                    NULL, NULL, NULL, G_TYPE_NONE, 1, HEARTBEAT_TYPE_RESULT);
}

static void
heartbeat_check_init (HeartbeatCheck *self)
{
}

/**
 * heartbeat_check_new:
 * @spec: what heartbeat.json says of it
 *
 * Returns: (transfer full): a check that has not run yet
 */
HeartbeatCheck *
heartbeat_check_new (HeartbeatCheckSpec *spec)
{
  HeartbeatCheck *self = g_object_new (HEARTBEAT_TYPE_CHECK, NULL);

  g_return_val_if_fail (spec != NULL, NULL);

  self->spec = heartbeat_check_spec_ref (spec);
  self->state.last_run = spec->last_run;
  return self;
}

/**
 * heartbeat_check_get_spec:
 * @self: a check
 *
 * Returns: (transfer none): what heartbeat.json says of it
 */
HeartbeatCheckSpec *
heartbeat_check_get_spec (HeartbeatCheck *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_CHECK (self), NULL);

  return self->spec;
}

/**
 * heartbeat_check_peek_state:
 * @self: a check
 *
 * Returns: (transfer none): what decisions ask for besides the specification
 */
const HeartbeatCheckState *
heartbeat_check_peek_state (HeartbeatCheck *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_CHECK (self), NULL);

  return &self->state;
}

static void
notify_differences (HeartbeatCheck *self, const HeartbeatCheckSpec *old)
{
  const HeartbeatCheckSpec *spec = self->spec;
  const struct
  {
    guint prop;
    gboolean differs;
  } facts[] = {
    { PROP_HANDLER, g_strcmp0 (old->handler, spec->handler) != 0 },
    { PROP_CADENCE, old->cadence != spec->cadence },
    { PROP_PRIORITY, old->priority != spec->priority },
    { PROP_ENABLED, old->enabled != spec->enabled },
    { PROP_PAUSED,
      old->pause.active != spec->pause.active || old->pause.until != spec->pause.until },
    { PROP_ERROR, g_strcmp0 (old->error, spec->error) != 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (facts); i++)
    if (facts[i].differs)
      g_object_notify_by_pspec (G_OBJECT (self), props[facts[i].prop]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_NEXT_DUE]);
}

static gboolean
same_text (const HeartbeatJson *a, const HeartbeatJson *b)
{
  gsize length = a->end - a->start;

  return length == (gsize) (b->end - b->start) && memcmp (a->start, b->start, length) == 0;
}

static gboolean
same_pause (const HeartbeatPause *a, const HeartbeatPause *b)
{
  return a->active == b->active && a->until == b->until && g_strcmp0 (a->reason, b->reason) == 0;
}

/* Whether the check as it is written differs by more than its `lastRun`. */
static gboolean
was_edited (const HeartbeatCheckSpec *old, const HeartbeatCheckSpec *spec)
{
  return !same_text (&old->json, &spec->json) && old->last_run == spec->last_run;
}

/**
 * heartbeat_check_set_spec:
 * @self: a check
 * @spec: what heartbeat.json says of it now; the text that it points into and that of the former one must be alive
 *
 * Takes over what changed, but its `lastRun`: that is heartbeat_check_set_last_run()'s.
 */
void
heartbeat_check_set_spec (HeartbeatCheck *self, HeartbeatCheckSpec *spec)
{
  g_autoptr (HeartbeatCheckSpec) old = NULL;

  g_return_if_fail (HEARTBEAT_IS_CHECK (self));
  g_return_if_fail (spec != NULL);

  old = self->spec;
  self->spec = heartbeat_check_spec_ref (spec);
  if (was_edited (old, spec))
    self->reported = FALSE;
  if (same_text (&old->json, &spec->json) && same_pause (&old->pause, &spec->pause)
      && g_strcmp0 (old->error, spec->error) == 0)
    return;
  g_object_freeze_notify (G_OBJECT (self));
  notify_differences (self, old);
  g_object_thaw_notify (G_OBJECT (self));
}

/**
 * heartbeat_check_set_last_run:
 * @self: a check
 * @last_run: its `lastRun` in heartbeat.json, or what stands for it, in Unix ms
 */
void
heartbeat_check_set_last_run (HeartbeatCheck *self, gint64 last_run)
{
  g_return_if_fail (HEARTBEAT_IS_CHECK (self));

  if (self->state.last_run == last_run)
    return;
  self->state.last_run = last_run;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LAST_RUN]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_NEXT_DUE]);
}

/**
 * heartbeat_check_mark_reported:
 * @self: a check
 *
 * Marks that a problem of the check is reported, so that it is reported once for each edit of the check.
 *
 * Returns: whether it was not marked before
 */
gboolean
heartbeat_check_mark_reported (HeartbeatCheck *self)
{
  gboolean first = !self->reported;

  self->reported = TRUE;
  return first;
}

/**
 * heartbeat_check_begin:
 * @self: a check
 *
 * A run begins.
 */
void
heartbeat_check_begin (HeartbeatCheck *self)
{
  g_return_if_fail (HEARTBEAT_IS_CHECK (self));

  self->state.running = TRUE;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
  g_signal_emit (self, signals[STARTED], 0);
}

/**
 * heartbeat_check_end:
 * @self: a check that is running
 * @result: how the run ended
 * @now: the time in Unix ms
 *
 * A run has ended; after a failed one the check backs off. Its `last-run` has been set by now.
 */
void
heartbeat_check_end (HeartbeatCheck *self, HeartbeatResult *result, gint64 now)
{
  static const guint changed[]
      = { PROP_LAST_RUN,   PROP_NEXT_DUE, PROP_OVERDUE_RATIO, PROP_STATE, PROP_CONSECUTIVE_FAILURES,
          PROP_LAST_RESULT };
  gint64 started = heartbeat_result_get_started (result) / 1000;
  GObject *object = G_OBJECT (self);

  self->state.running = FALSE;
  if (heartbeat_result_get_status (result) == HEARTBEAT_STATUS_FAILED)
    {
      self->state.failures++;
      self->state.last_failed_start = started;
      self->state.retry_at
          = now + heartbeat_decision_retry_delay (self->spec->cadence, self->state.failures);
    }
  else
    {
      self->state.failures = 0;
      self->state.last_failed_start = 0;
      self->state.retry_at = 0;
    }
  g_clear_pointer (&self->last_result, heartbeat_result_unref);
  self->last_result = heartbeat_result_ref (result);

  g_object_freeze_notify (object);
  for (guint i = 0; i < G_N_ELEMENTS (changed); i++)
    g_object_notify_by_pspec (object, props[changed[i]]);
  g_object_thaw_notify (object);
  g_signal_emit (self, signals[FINISHED], 0, result);
}

/**
 * heartbeat_check_get_name:
 * @self: a check
 *
 * Gets its name.
 *
 * Returns: (transfer none): its name
 */
const char *
heartbeat_check_get_name (HeartbeatCheck *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_CHECK (self), NULL);

  return self->spec->name;
}

/**
 * heartbeat_check_get_handler:
 * @self: a check
 *
 * Gets the name of its handler.
 *
 * Returns: (transfer none): the name of its handler; empty for an invalid check without one
 */
const char *
heartbeat_check_get_handler (HeartbeatCheck *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_CHECK (self), NULL);

  return self->spec->handler != NULL ? self->spec->handler : "";
}

/**
 * heartbeat_check_get_cadence:
 * @self: a check
 *
 * Gets its cadence in ms.
 *
 * Returns: its cadence in ms
 */
gint64
heartbeat_check_get_cadence (HeartbeatCheck *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_CHECK (self), 0);

  return self->spec->cadence;
}

/**
 * heartbeat_check_get_priority:
 * @self: a check
 *
 * Gets its priority, from 1.
 *
 * Returns: its priority, from 1; the lower one wins a tie
 */
gint64
heartbeat_check_get_priority (HeartbeatCheck *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_CHECK (self), 0);

  return self->spec->priority;
}

/**
 * heartbeat_check_get_enabled:
 * @self: a check
 *
 * Says whether it is enabled.
 *
 * Returns: whether it is enabled
 */
gboolean
heartbeat_check_get_enabled (HeartbeatCheck *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_CHECK (self), FALSE);

  return self->spec->enabled;
}

/**
 * heartbeat_check_get_paused:
 * @self: a check
 *
 * Says whether it is paused now, by its own name or with all others.
 *
 * Returns: whether it is paused now, by its own name or with all others
 */
gboolean
heartbeat_check_get_paused (HeartbeatCheck *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_CHECK (self), FALSE);

  return heartbeat_pause_holds (&self->spec->pause, now_ms ());
}

/**
 * heartbeat_check_get_last_run:
 * @self: a check
 *
 * Says when its last good run began, in µs since the epoch, 0 for never.
 *
 * Returns: when its last good run began, in µs since the epoch, 0 for never
 */
gint64
heartbeat_check_get_last_run (HeartbeatCheck *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_CHECK (self), 0);

  return self->state.last_run * 1000;
}

/**
 * heartbeat_check_get_next_due:
 * @self: a check
 *
 * Says when it will be due if nothing happens before, in µs since the epoch.
 *
 * Returns: when it will be due if nothing happens before, in µs since the epoch; 0 for never
 */
gint64
heartbeat_check_get_next_due (HeartbeatCheck *self)
{
  gint64 due;

  g_return_val_if_fail (HEARTBEAT_IS_CHECK (self), 0);

  due = heartbeat_decision_next_due (self->spec, &self->state, 0, now_ms ());
  return due > G_MAXINT64 / 1000 ? 0 : due * 1000;
}

/**
 * heartbeat_check_get_overdue_ratio:
 * @self: a check
 *
 * Says how many cadences have passed since the last run.
 *
 * Returns: how many cadences have passed since the last run
 */
double
heartbeat_check_get_overdue_ratio (HeartbeatCheck *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_CHECK (self), 0);

  return heartbeat_decision_overdue_ratio (self->spec, &self->state, now_ms ());
}

/**
 * heartbeat_check_get_state:
 * @self: a check
 *
 * Says in which state it is.
 *
 * Returns: (transfer none): `idle`, `due`, `running`, `backing-off`, `disabled`, `paused` or `invalid`
 */
const char *
heartbeat_check_get_state (HeartbeatCheck *self)
{
  HeartbeatReasonCode code;

  g_return_val_if_fail (HEARTBEAT_IS_CHECK (self), NULL);

  if (self->state.running)
    return heartbeat_reason_to_string (HEARTBEAT_REASON_RUNNING);
  code = heartbeat_decision_judge (self->spec, &self->state, 0, now_ms ()).code;
  switch (code)
    {
    case HEARTBEAT_REASON_NOT_YET:
    case HEARTBEAT_REASON_OUTSIDE_WINDOW:
    case HEARTBEAT_REASON_OUTSIDE_QUARTER:
      return "idle";
    default:
      return heartbeat_reason_to_string (code);
    }
}

/**
 * heartbeat_check_get_error:
 * @self: a check
 *
 * Says what is wrong with it in heartbeat.json, or an empty text.
 *
 * Returns: (transfer none): what is wrong with it in heartbeat.json, or an empty text
 */
const char *
heartbeat_check_get_error (HeartbeatCheck *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_CHECK (self), NULL);

  return self->spec->error != NULL ? self->spec->error : "";
}

/**
 * heartbeat_check_get_consecutive_failures:
 * @self: a check
 *
 * Says how many runs failed since the last good one.
 *
 * Returns: how many runs failed since the last good one
 */
guint
heartbeat_check_get_consecutive_failures (HeartbeatCheck *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_CHECK (self), 0);

  return self->state.failures;
}

/**
 * heartbeat_check_get_last_result:
 * @self: a check
 *
 * Says how the last run ended.
 *
 * Returns: (transfer none) (nullable): how the last run ended; %NULL before the first one of this process
 */
HeartbeatResult *
heartbeat_check_get_last_result (HeartbeatCheck *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_CHECK (self), NULL);

  return self->last_result;
}

/* As people write it: `09:00–17:00 mon tue Europe/London`. */
static void
add_window (GVariantDict *facts, const HeartbeatCheckSpec *spec)
{
  g_autofree char *times = heartbeat_window_to_string (&spec->window);
  g_autofree char *window = g_strdup_printf ("%s %s", times, spec->zone_name);

  g_variant_dict_insert (facts, "window", "s", window);
}

/**
 * heartbeat_check_dup_reason:
 * @self: a check
 *
 * Says why the check would or would not run now, as facts: `code`, and where they apply `until` (µs since the epoch),
 * `reason`, `failures`, `error`, `window`.
 *
 * Returns: (transfer full): an `a{sv}`
 */
GVariant *
heartbeat_check_dup_reason (HeartbeatCheck *self)
{
  GVariantDict facts;
  HeartbeatVerdict verdict;

  g_return_val_if_fail (HEARTBEAT_IS_CHECK (self), NULL);

  verdict = heartbeat_decision_judge (self->spec, &self->state, 0, now_ms ());
  if (self->state.running)
    verdict = (HeartbeatVerdict){ HEARTBEAT_REASON_RUNNING, HEARTBEAT_NEVER };
  g_variant_dict_init (&facts, NULL);
  g_variant_dict_insert (&facts, "code", "s", heartbeat_reason_to_string (verdict.code));
  if (verdict.code != HEARTBEAT_REASON_DUE && verdict.until <= G_MAXINT64 / 1000)
    g_variant_dict_insert (&facts, "until", "x", verdict.until * 1000);
  if (verdict.code == HEARTBEAT_REASON_OUTSIDE_WINDOW)
    add_window (&facts, self->spec);
  if (verdict.code == HEARTBEAT_REASON_PAUSED && self->spec->pause.reason != NULL)
    g_variant_dict_insert (&facts, "reason", "s", self->spec->pause.reason);
  if (verdict.code == HEARTBEAT_REASON_BACKING_OFF)
    g_variant_dict_insert (&facts, "failures", "u", self->state.failures);
  if (verdict.code == HEARTBEAT_REASON_INVALID)
    g_variant_dict_insert (&facts, "error", "s", self->spec->error);
  return g_variant_ref_sink (g_variant_dict_end (&facts));
}
