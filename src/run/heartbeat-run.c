/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-text.h"
#include "run/heartbeat-run-private.h"

#include <string.h>

#include "json/heartbeat-details.h"
#include "base/heartbeat-i18n.h"
#include "json/heartbeat-json.h"
#include "base/heartbeat-log.h"

/* A message goes to the log, the bus and notifications: a thousand characters and an ellipsis. */
#define MAX_MESSAGE_CHARS 1001

/**
 * HeartbeatRun:
 *
 * One execution of a check, as its handler sees it. Only the handler holds references to it, so that a run that a handler
 * forgets ends, failed, when the last reference goes.
 *
 * It may be ended, or dropped, on any thread.
 */
struct _HeartbeatRun
{
  GObject parent_instance;

  char *agent_name;
  char *check_name;
  char *working_folder;
  char *check;
  char *meta;
  char *envelope;
  char *routing_key;
  char *handler;
  gint64 started;
  gint64 started_monotonic;
  GCancellable *cancellable;
  GMainContext *context; /* of the loop */
  GThread *thread;       /* of the loop; only compared */
  gboolean calling;
  gboolean reported;
  GMutex leaving; /* when the last reference goes, on any thread, or the loop gives it up */
  HeartbeatResult *pending; /* how the handler that is being called has ended it */
  HeartbeatRunEnded ended;
  gpointer user_data;
};

/* An end that was not said on the loop, on its way to it. */
typedef struct
{
  HeartbeatRun *run;
  HeartbeatStatus status;
  char *message;
  GVariant *details;
} LateEnd;

G_DEFINE_FINAL_TYPE (HeartbeatRun, heartbeat_run, G_TYPE_OBJECT)

static void
late_end_free (gpointer data)
{
  LateEnd *end = data;

  g_object_unref (end->run);
  g_free (end->message);
  g_clear_pointer (&end->details, g_variant_unref);
  g_free (end);
}

static gboolean
on_late_end (gpointer user_data)
{
  LateEnd *end = user_data;

  heartbeat_run_end (end->run, end->status, end->message, end->details);
  return G_SOURCE_REMOVE;
}

/* Not g_main_context_invoke(): while the loop is between two rounds that would call us on this thread. */
static void
end_on_loop (HeartbeatRun *run, HeartbeatStatus status, const char *message, GVariant *details)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  LateEnd *end = g_new0 (LateEnd, 1);

  end->run = g_object_ref (run);
  end->status = status;
  end->message = g_strdup (message);
  end->details = details != NULL ? g_variant_ref (details) : NULL;
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "heartbeat end of a run");
  g_source_set_callback (source, on_late_end, end, late_end_free);
  g_source_attach (source, run->context);
}

static void
heartbeat_run_dispose (GObject *object)
{
  HeartbeatRun *self = HEARTBEAT_RUN (object);

  /* The last reference may go on any thread, or while a language collects its garbage and must not be called. */
  g_mutex_lock (&self->leaving);
  if (self->ended != NULL)
    end_on_loop (self, HEARTBEAT_STATUS_FAILED, _ ("the handler dropped the run without ending it"),
                 NULL);
  g_mutex_unlock (&self->leaving);
  G_OBJECT_CLASS (heartbeat_run_parent_class)->dispose (object);
}

static void
heartbeat_run_finalize (GObject *object)
{
  HeartbeatRun *self = HEARTBEAT_RUN (object);

  g_mutex_clear (&self->leaving);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->pending, heartbeat_result_unref);
  g_main_context_unref (self->context);
  g_free (self->agent_name);
  g_free (self->check_name);
  g_free (self->working_folder);
  g_free (self->check);
  g_free (self->meta);
  g_free (self->envelope);
  g_free (self->routing_key);
  g_free (self->handler);
  G_OBJECT_CLASS (heartbeat_run_parent_class)->finalize (object);
}

static void
heartbeat_run_class_init (HeartbeatRunClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = heartbeat_run_dispose;
  object_class->finalize = heartbeat_run_finalize;
}

static void
heartbeat_run_init (HeartbeatRun *self)
{
  g_mutex_init (&self->leaving);
  self->cancellable = g_cancellable_new ();
  self->context = g_main_context_ref_thread_default ();
  self->thread = g_thread_self ();
}

static char *
find_meta (const char *check)
{
  HeartbeatJson root, meta;

  if (check != NULL && heartbeat_json_scan (check, strlen (check), HEARTBEAT_JSON_NONE, &root, NULL)
      && heartbeat_json_is_object (&root) && heartbeat_json_get_member (&root, "meta", &meta))
    return heartbeat_json_dup_text (&meta);
  return g_strdup ("{}");
}

/**
 * heartbeat_run_new:
 * @input: what the handler is told
 * @ended: called when the run ends
 * @user_data: passed to @ended
 *
 * Returns: (transfer full): a run, to be given to its handler
 */
HeartbeatRun *
heartbeat_run_new (const HeartbeatRunInput *input, HeartbeatRunEnded ended, gpointer user_data)
{
  HeartbeatRun *self = g_object_new (HEARTBEAT_TYPE_RUN, NULL);

  self->agent_name = g_strdup (input->agent_name);
  self->check_name = g_strdup (input->check_name);
  self->working_folder = g_strdup (input->working_folder);
  self->started = input->started;
  self->started_monotonic = g_get_monotonic_time ();
  self->check = input->check;
  self->meta = find_meta (input->check);
  self->envelope = input->envelope;
  self->routing_key = g_strdup (input->routing_key);
  self->handler = g_strdup (input->handler);
  self->ended = ended;
  self->user_data = user_data;
  return self;
}

static void
report (HeartbeatRun *run, HeartbeatResult *result)
{
  HeartbeatRunEnded ended = g_steal_pointer (&run->ended);

  run->reported = TRUE;
  ended (run, result, run->user_data);
}

/**
 * heartbeat_run_call:
 * @run: a run
 * @func: its handler
 * @user_data: passed to @func
 *
 * Calls the handler. An end that it gives is reported when it returns, since until then it may give another one.
 */
void
heartbeat_run_call (HeartbeatRun *run, HeartbeatHandlerFunc func, gpointer user_data)
{
  g_autoptr (HeartbeatResult) result = NULL;

  run->calling = TRUE;
  func (run, user_data);
  run->calling = FALSE;
  result = g_steal_pointer (&run->pending);
  if (result != NULL && run->ended != NULL)
    report (run, result);
}

/**
 * heartbeat_run_abandon:
 * @run: a run
 *
 * Cancels the run and forgets it: what its handler says from now on has no effect.
 */
void
heartbeat_run_abandon (HeartbeatRun *run)
{
  g_return_if_fail (HEARTBEAT_IS_RUN (run));

  /* On another thread the last reference may go just now: until it was given up, such a run is held by what it says to the
   * loop, and freed here at the earliest. */
  g_mutex_lock (&run->leaving);
  run->ended = NULL;
  g_object_ref (run);
  g_mutex_unlock (&run->leaving);
  g_cancellable_cancel (run->cancellable);
  g_object_unref (run);
}

const char *
heartbeat_run_get_handler (HeartbeatRun *run)
{
  g_return_val_if_fail (HEARTBEAT_IS_RUN (run), NULL);

  return run->handler;
}

/**
 * heartbeat_run_get_agent_name:
 * @run: a run
 *
 * Gets the name of the agent.
 *
 * Returns: (transfer none): the name of the agent
 */
const char *
heartbeat_run_get_agent_name (HeartbeatRun *run)
{
  g_return_val_if_fail (HEARTBEAT_IS_RUN (run), NULL);

  return run->agent_name;
}

/**
 * heartbeat_run_get_check_name:
 * @run: a run
 *
 * Gets the name of the check.
 *
 * Returns: (transfer none) (nullable): the name of the check, %NULL where a message of the inbox is to be handled
 */
const char *
heartbeat_run_get_check_name (HeartbeatRun *run)
{
  g_return_val_if_fail (HEARTBEAT_IS_RUN (run), NULL);

  return run->check_name;
}

/**
 * heartbeat_run_get_timestamp:
 * @run: a run
 *
 * Says when the run began, in ms since the epoch.
 *
 * Returns: when the run began, in ms since the epoch
 */
gint64
heartbeat_run_get_timestamp (HeartbeatRun *run)
{
  g_return_val_if_fail (HEARTBEAT_IS_RUN (run), 0);

  return run->started / 1000;
}

gint64
heartbeat_run_get_started (HeartbeatRun *run)
{
  g_return_val_if_fail (HEARTBEAT_IS_RUN (run), 0);

  return run->started;
}

const char *
heartbeat_run_get_working_folder (HeartbeatRun *run)
{
  g_return_val_if_fail (HEARTBEAT_IS_RUN (run), NULL);

  return run->working_folder;
}

/**
 * heartbeat_run_get_check:
 * @run: a run
 *
 * Gets the check as heartbeat.json has it, a JSON object.
 *
 * Returns: (transfer none) (nullable): the check; %NULL where a message of the inbox is to be handled
 */
const char *
heartbeat_run_get_check (HeartbeatRun *run)
{
  g_return_val_if_fail (HEARTBEAT_IS_RUN (run), NULL);

  return run->check;
}

/**
 * heartbeat_run_get_meta:
 * @run: a run
 *
 * Gets the check's `meta`, a JSON object.
 *
 * Returns: (transfer none): the check's `meta`, a JSON object
 */
const char *
heartbeat_run_get_meta (HeartbeatRun *run)
{
  g_return_val_if_fail (HEARTBEAT_IS_RUN (run), NULL);

  return run->meta;
}

/**
 * heartbeat_run_get_envelope:
 * @run: a run
 *
 * Gets the event that caused the run, or the message of the inbox, a JSON object.
 *
 * Returns: (transfer none): the event
 */
const char *
heartbeat_run_get_envelope (HeartbeatRun *run)
{
  g_return_val_if_fail (HEARTBEAT_IS_RUN (run), NULL);

  return run->envelope;
}

/**
 * heartbeat_run_get_routing_key:
 * @run: a run
 *
 * Gets the routing key of the message of the inbox that is to be handled.
 *
 * Returns: (transfer none) (nullable): the routing key, %NULL in the run of a check
 */
const char *
heartbeat_run_get_routing_key (HeartbeatRun *run)
{
  g_return_val_if_fail (HEARTBEAT_IS_RUN (run), NULL);

  return run->routing_key;
}

/**
 * heartbeat_run_get_cancellable:
 * @run: a run
 *
 * Gets what a handler that takes its time looks at: it is cancelled when nobody waits for the run any more.
 *
 * Returns: (transfer none): cancelled at the time-out and when the service stops
 */
GCancellable *
heartbeat_run_get_cancellable (HeartbeatRun *run)
{
  g_return_val_if_fail (HEARTBEAT_IS_RUN (run), NULL);

  return run->cancellable;
}

/**
 * heartbeat_run_succeed:
 * @run: a run
 * @message: (nullable): a line for people
 *
 * Ends @run: the check ran well.
 */
void
heartbeat_run_succeed (HeartbeatRun *run, const char *message)
{
  heartbeat_run_end (run, HEARTBEAT_STATUS_SUCCESS, message, NULL);
}

/**
 * heartbeat_run_fail:
 * @run: a run
 * @message: (nullable): what went wrong, for people
 *
 * Ends @run: the check failed and is tried again soon.
 */
void
heartbeat_run_fail (HeartbeatRun *run, const char *message)
{
  heartbeat_run_end (run, HEARTBEAT_STATUS_FAILED, message, NULL);
}

/**
 * heartbeat_run_skip:
 * @run: a run
 * @message: (nullable): why there was nothing to do, for people
 *
 * Ends @run: there was nothing to do, which counts as a run.
 */
void
heartbeat_run_skip (HeartbeatRun *run, const char *message)
{
  heartbeat_run_end (run, HEARTBEAT_STATUS_SKIPPED, message, NULL);
}

static GVariant *
tidy_details (GVariant *details)
{
  GVariantDict dict;

  if (details == NULL || heartbeat_details_fit (details))
    return details != NULL ? g_variant_ref (details) : NULL;
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (
      &dict, "details-dropped", "s",
      _ ("they are larger than 64 KiB, nested too deep or of types that D-Bus lacks"));
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static HeartbeatResult *
make_result (HeartbeatRun *run, HeartbeatStatus status, const char *message, GVariant *details)
{
  g_autofree char *problem = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GVariant) tidy = NULL;

  if (status != HEARTBEAT_STATUS_SUCCESS && status != HEARTBEAT_STATUS_SKIPPED)
    status = HEARTBEAT_STATUS_FAILED;
  if (details != NULL && !g_variant_is_of_type (details, G_VARIANT_TYPE_VARDICT))
    {
      problem = g_strdup_printf (_ ("the details of a result are an a{sv}, the handler gave a %s"),
                                 g_variant_get_type_string (details));
      status = HEARTBEAT_STATUS_FAILED;
      message = problem;
      details = NULL;
    }
  text = heartbeat_text_shorten (message, MAX_MESSAGE_CHARS);
  tidy = tidy_details (details);
  return heartbeat_result_new (status, text, run->started,
                               g_get_monotonic_time () - run->started_monotonic, tidy);
}

/* Nobody can know which of two ends is the true one, so that it has failed. */
static void
contradict (HeartbeatRun *run, HeartbeatResult *second)
{
  g_autoptr (HeartbeatResult) first = g_steal_pointer (&run->pending);
  g_autofree char *message
      = g_strdup_printf (_ ("the handler ended the run twice: %s “%s”, then %s “%s”"),
                         heartbeat_status_to_string (heartbeat_result_get_status (first)),
                         heartbeat_result_get_message (first),
                         heartbeat_status_to_string (heartbeat_result_get_status (second)),
                         heartbeat_result_get_message (second));

  run->pending = make_result (run, HEARTBEAT_STATUS_FAILED, message, NULL);
}

static void
warn_of_second_end (HeartbeatRun *run, HeartbeatResult *late)
{
  heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_RUN_ENDED_TWICE, run->agent_name,
                 run->check_name,
                 "the handler of %s ended its run once more, %s “%s”: the first end counts",
                 run->check_name != NULL ? run->check_name : run->routing_key,
                 heartbeat_status_to_string (heartbeat_result_get_status (late)),
                 heartbeat_result_get_message (late));
}

/**
 * heartbeat_run_end:
 * @run: a run
 * @status: how it ended; any other value than a #HeartbeatStatus of an ended run counts as failed
 * @message: (nullable): a line for people, cut to 1,000 characters
 * @details: (nullable): more facts, an `a{sv}` of at most 64 KiB; a floating reference is taken
 *
 * Ends @run. A handler that ends it twice before it returns has failed. Later the first end counts, one that comes after it
 * is a warning in the log. An end that comes after the time-out has no effect. It may be called on any thread.
 */
void
heartbeat_run_end (HeartbeatRun *run,
                   HeartbeatStatus status,
                   const char *message,
                   GVariant *details)
{
  g_autoptr (GVariant) owned = details != NULL ? g_variant_ref_sink (details) : NULL;
  g_autoptr (HeartbeatResult) result = NULL;

  g_return_if_fail (HEARTBEAT_IS_RUN (run));

  if (g_thread_self () != run->thread)
    {
      end_on_loop (run, status, message, owned);
      return;
    }
  result = make_result (run, status, message, owned);
  if (run->reported)
    warn_of_second_end (run, result);
  else if (run->ended == NULL)
    return;
  else if (!run->calling)
    report (run, result);
  else if (run->pending != NULL)
    contradict (run, result);
  else
    run->pending = g_steal_pointer (&result);
}
