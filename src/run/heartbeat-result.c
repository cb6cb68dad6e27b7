/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-text.h"
#include "run/heartbeat-result-private.h"

/**
 * HeartbeatResult:
 *
 * How one run of a check ended. It does not change once it was reported.
 */
struct _HeartbeatResult
{
  gatomicrefcount refs;
  HeartbeatStatus status;
  char *message;
  gint64 started;
  gint64 duration;
  GVariant *details;
  char *cause;
};

G_DEFINE_BOXED_TYPE (HeartbeatResult,
                     heartbeat_result,
                     heartbeat_result_ref,
                     heartbeat_result_unref)

static const char *const status_names[] = { "", "success", "failed", "skipped" };

/**
 * heartbeat_result_new:
 * @status: how the run ended
 * @message: (nullable): a line for people; what is no UTF-8 is replaced
 * @started: when the run began, in µs since the epoch
 * @duration: how long it took, in µs
 * @details: (nullable): more facts, an `a{sv}`; a floating reference is taken
 *
 * Makes a result.
 *
 * Returns: (transfer full): a result
 */
HeartbeatResult *
heartbeat_result_new (HeartbeatStatus status,
                      const char *message,
                      gint64 started,
                      gint64 duration,
                      GVariant *details)
{
  HeartbeatResult *result;

  g_return_val_if_fail (details == NULL || g_variant_is_of_type (details, G_VARIANT_TYPE_VARDICT),
                        NULL);

  result = g_new0 (HeartbeatResult, 1);
  g_atomic_ref_count_init (&result->refs);
  result->status = status;
  result->message = heartbeat_text_dup_valid (message);
  result->started = started;
  result->duration = duration;
  if (details == NULL)
    details = g_variant_new ("a{sv}", NULL);
  result->details = g_variant_ref_sink (details);
  return result;
}

/**
 * heartbeat_result_ref:
 * @result: a result
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @result
 */
HeartbeatResult *
heartbeat_result_ref (HeartbeatResult *result)
{
  g_return_val_if_fail (result != NULL, NULL);

  g_atomic_ref_count_inc (&result->refs);
  return result;
}

/**
 * heartbeat_result_unref:
 * @result: (transfer full): a result
 *
 * Drops a reference; the last one frees the result.
 */
void
heartbeat_result_unref (HeartbeatResult *result)
{
  g_return_if_fail (result != NULL);

  if (!g_atomic_ref_count_dec (&result->refs))
    return;
  g_variant_unref (result->details);
  g_free (result->message);
  g_free (result->cause);
  g_free (result);
}

/**
 * heartbeat_result_get_status:
 * @result: a result
 *
 * Says how the run ended.
 *
 * Returns: how the run ended
 */
HeartbeatStatus
heartbeat_result_get_status (HeartbeatResult *result)
{
  g_return_val_if_fail (result != NULL, HEARTBEAT_STATUS_FAILED);

  return result->status;
}

/**
 * heartbeat_result_get_message:
 * @result: a result
 *
 * Gets a line for people, which may be empty.
 *
 * Returns: (transfer none): a line for people, which may be empty
 */
const char *
heartbeat_result_get_message (HeartbeatResult *result)
{
  g_return_val_if_fail (result != NULL, NULL);

  return result->message;
}

/**
 * heartbeat_result_get_started:
 * @result: a result
 *
 * Says when the run began, in µs since the epoch.
 *
 * Returns: when the run began, in µs since the epoch
 */
gint64
heartbeat_result_get_started (HeartbeatResult *result)
{
  g_return_val_if_fail (result != NULL, 0);

  return result->started;
}

/**
 * heartbeat_result_get_duration:
 * @result: a result
 *
 * Says how long the run took, in µs.
 *
 * Returns: how long the run took, in µs
 */
gint64
heartbeat_result_get_duration (HeartbeatResult *result)
{
  g_return_val_if_fail (result != NULL, 0);

  return result->duration;
}

/**
 * heartbeat_result_get_details:
 * @result: a result
 *
 * Gets more facts, an `a{sv}`.
 *
 * Returns: (transfer none): more facts, an `a{sv}`
 */
GVariant *
heartbeat_result_get_details (HeartbeatResult *result)
{
  g_return_val_if_fail (result != NULL, NULL);

  return result->details;
}

/**
 * heartbeat_result_set_cause:
 * @result: a result that was not reported yet
 * @cause: (transfer full) (nullable): the `event_id` of the tick that caused the run
 */
void
heartbeat_result_set_cause (HeartbeatResult *result, char *cause)
{
  g_free (result->cause);
  result->cause = cause;
}

/**
 * heartbeat_result_get_cause:
 * @result: a result
 *
 * Returns: (transfer none) (nullable): the `event_id` of the tick that caused the run, where it has one
 */
const char *
heartbeat_result_get_cause (HeartbeatResult *result)
{
  return result->cause;
}

/**
 * heartbeat_status_to_string:
 * @status: a status
 *
 * Names a status as handlers write it.
 *
 * Returns: (transfer none): `success`, `failed`, `skipped`, or an empty text for a check that has not run
 */
const char *
heartbeat_status_to_string (HeartbeatStatus status)
{
  g_return_val_if_fail (status < G_N_ELEMENTS (status_names), "");

  return status_names[status];
}

/**
 * heartbeat_status_from_string:
 * @text: (nullable): a status as handlers write it
 *
 * Finds the status of a name.
 *
 * Returns: the status, or %HEARTBEAT_STATUS_NONE where @text is none
 */
HeartbeatStatus
heartbeat_status_from_string (const char *text)
{
  for (guint i = 1; i < G_N_ELEMENTS (status_names); i++)
    if (g_strcmp0 (text, status_names[i]) == 0)
      return i;
  return HEARTBEAT_STATUS_NONE;
}
