/* SPDX-License-Identifier: MIT */

#include "notify/heartbeat-notice.h"

#define MAX_CHARS 300
#define ELLIPSIS  0x2026

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

  notice->key = g_strdup (key);
  notice->urgency = urgency;
  notice->summary = heartbeat_notice_clean_text (summary);
  notice->body = heartbeat_notice_clean_markup (body);
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

static gboolean
is_break (gunichar c)
{
  return c == '\n' || c == '\r' || c == '\t' || c == 0x2028 || c == 0x2029;
}

/* Also what turns the direction of all that follows: embeddings, overrides, isolates. */
static gboolean
is_control (gunichar c)
{
  return g_unichar_iscntrl (c) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* Returns the last character of a sequence that colours a terminal's text (ECMA-48), or @text where there is none. */
static const char *
skip_sequence (const char *text)
{
  const char *end = text + 2;

  if (text[0] != '\033' || text[1] != '[')
    return text;
  while (*end >= 0x20 && *end < 0x40)
    end++;
  return *end >= 0x40 && *end < 0x7f ? end : text;
}

/**
 * heartbeat_notice_clean_text:
 * @text: any bytes
 *
 * Returns: (transfer full): @text as one line of at most 300 characters of valid UTF-8, without control characters and
 *   without a terminal's colours
 */
char *
heartbeat_notice_clean_text (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *clean = g_string_new (NULL);
  gsize last = 0; /* where the last character that fits begins */
  guint chars = 0;

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);
      const char *end = skip_sequence (p);

      if (end != p)
        {
          p = end;
          continue;
        }
      if (is_break (c))
        c = ' ';
      else if (is_control (c))
        continue;
      if (chars++ == MAX_CHARS)
        {
          g_string_truncate (clean, last);
          g_string_append_unichar (clean, ELLIPSIS);
          break;
        }
      last = clean->len;
      g_string_append_unichar (clean, c);
    }
  return g_string_free (clean, FALSE);
}

/**
 * heartbeat_notice_clean_markup:
 * @text: any bytes
 *
 * Returns: (transfer full): what shows as heartbeat_notice_clean_text() of @text where markup is understood
 */
char *
heartbeat_notice_clean_markup (const char *text)
{
  g_autofree char *clean = heartbeat_notice_clean_text (text);

  return g_markup_escape_text (clean, -1);
}
