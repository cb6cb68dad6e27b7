/* SPDX-License-Identifier: MIT */

#include "notify/heartbeat-notice.h"

#include "base/heartbeat-limits.h"
#include "base/heartbeat-text.h"

/* Cut before it is escaped, so that no entity is broken. */
static char *
to_markup (const char *text)
{
  g_autofree char *plain = heartbeat_text_to_plain (text);
  g_autofree char *shown = heartbeat_text_shorten (plain, HEARTBEAT_NOTIFICATION_MAX_CHARS);

  return g_markup_escape_text (shown, -1);
}

static void
notice_clear (gpointer data)
{
  HeartbeatNotice *notice = data;

  g_free (notice->key);
  g_free (notice->summary);
  g_free (notice->body);
  g_free (notice->agent);
  g_free (notice->check);
}

/**
 * heartbeat_notice_new:
 * @key: what it is about
 * @urgency: how much it matters
 * @summary: one line, any text
 * @body: any text
 *
 * Returns: (transfer full): a notice that holds until it is withdrawn
 */
HeartbeatNotice *
heartbeat_notice_new (const char *key,
                      HeartbeatNoticeUrgency urgency,
                      const char *summary,
                      const char *body)
{
  HeartbeatNotice *notice = g_atomic_rc_box_new0 (HeartbeatNotice);
  g_autofree char *plain_summary = heartbeat_text_to_plain (summary);

  notice->key = g_strdup (key);
  notice->urgency = urgency;
  notice->summary = heartbeat_text_shorten (plain_summary, HEARTBEAT_NOTIFICATION_MAX_CHARS);
  notice->body = to_markup (body);
  return notice;
}

/**
 * heartbeat_notice_new_brief:
 * @key: what it is about
 * @summary: one line, any text
 * @body: any text
 *
 * Returns: (transfer full): a notice that is no news after a few seconds
 */
HeartbeatNotice *
heartbeat_notice_new_brief (const char *key, const char *summary, const char *body)
{
  HeartbeatNotice *notice = heartbeat_notice_new (key, HEARTBEAT_NOTICE_LOW, summary, body);

  notice->brief = TRUE;
  return notice;
}

/**
 * heartbeat_notice_new_for_check:
 * @key: what it is about
 * @urgency: how much it matters
 * @summary: one line, any text
 * @body: any text
 * @agent: the name of an agent
 * @check: the name of its check
 *
 * Returns: (transfer full): a notice with a button that runs the check again
 */
HeartbeatNotice *
heartbeat_notice_new_for_check (const char *key,
                                HeartbeatNoticeUrgency urgency,
                                const char *summary,
                                const char *body,
                                const char *agent,
                                const char *check)
{
  HeartbeatNotice *notice = heartbeat_notice_new (key, urgency, summary, body);

  notice->agent = g_strdup (agent);
  notice->check = g_strdup (check);
  return notice;
}

/**
 * heartbeat_notice_ref:
 * @notice: a notice
 *
 * Returns: (transfer full): @notice
 */
HeartbeatNotice *
heartbeat_notice_ref (HeartbeatNotice *notice)
{
  g_return_val_if_fail (notice != NULL, NULL);

  return g_atomic_rc_box_acquire (notice);
}

/**
 * heartbeat_notice_unref:
 * @notice: (transfer full): a notice
 */
void
heartbeat_notice_unref (HeartbeatNotice *notice)
{
  g_atomic_rc_box_release_full (notice, notice_clear);
}
