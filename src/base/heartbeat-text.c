/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-text.h"

#include <string.h>

#define ELLIPSIS "…"

static gboolean
is_break (gunichar c)
{
  return c == '\n' || c == '\r' || c == '\t' || c == 0x2028 || c == 0x2029;
}

/* Embeddings, overrides and isolates count as well: they turn the direction of everything that follows. */
static gboolean
is_control (gunichar c)
{
  return g_unichar_iscntrl (c) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* Returns the end of the control sequence (ECMA-48) that starts at @text, or @text if none does. */
static const char *
skip_sequence (const char *text)
{
  const char *end = text + 2;

  if (text[0] != '\033' || text[1] != '[')
    return text;
  while (*end >= 0x20 && *end < 0x40)
    end++;
  return *end >= 0x40 && *end < 0x7f ? end + 1 : text;
}

/**
 * heartbeat_text_dup_valid:
 * @text: (nullable): any bytes
 *
 * Returns: (transfer full): @text in valid UTF-8, which is what D-Bus and JSON need; empty for %NULL
 */
char *
heartbeat_text_dup_valid (const char *text)
{
  return g_utf8_make_valid (text != NULL ? text : "", -1);
}

/**
 * heartbeat_text_shorten:
 * @text: (nullable): any bytes
 * @max_chars: the most characters that the result may have, at least 1
 *
 * Returns: (transfer full): @text in valid UTF-8; if it was too long it ends with an ellipsis
 */
char *
heartbeat_text_shorten (const char *text, gsize max_chars)
{
  g_autofree char *valid = heartbeat_text_dup_valid (text);

  g_return_val_if_fail (max_chars > 0, NULL);

  if ((gsize) g_utf8_strlen (valid, -1) <= max_chars)
    return g_steal_pointer (&valid);
  *g_utf8_offset_to_pointer (valid, (glong) max_chars - 1) = '\0';
  return g_strconcat (valid, ELLIPSIS, NULL);
}

/**
 * heartbeat_text_to_line:
 * @text: any bytes
 *
 * For logs and terminals: text from elsewhere must neither start a line of its own nor give commands to the terminal.
 * Control characters become spaces, so that two names which differ in them still look different.
 *
 * Returns: (transfer full): @text as one line of valid UTF-8
 */
char *
heartbeat_text_to_line (const char *text)
{
  char *line = NULL;

  g_return_val_if_fail (text != NULL, NULL);

  line = g_utf8_make_valid (text, -1);
  for (char *at = line; *at != '\0'; at = g_utf8_next_char (at))
    if (is_control (g_utf8_get_char (at)))
      memset (at, ' ', g_utf8_next_char (at) - at);
  return line;
}

/**
 * heartbeat_text_to_plain:
 * @text: any bytes
 *
 * For notifications: line breaks and tabs become spaces, terminal colours and control characters are removed.
 *
 * Returns: (transfer full): @text as one line of valid UTF-8
 */
char *
heartbeat_text_to_plain (const char *text)
{
  g_autofree char *valid = NULL;
  GString *plain = NULL;
  const char *next;

  g_return_val_if_fail (text != NULL, NULL);

  valid = g_utf8_make_valid (text, -1);
  plain = g_string_sized_new (strlen (valid));
  for (const char *at = valid; *at != '\0'; at = next)
    {
      gunichar c = g_utf8_get_char (at);

      next = skip_sequence (at);
      if (next != at)
        continue;
      next = g_utf8_next_char (at);
      if (is_break (c))
        g_string_append_c (plain, ' ');
      else if (!is_control (c))
        g_string_append_len (plain, at, next - at);
    }
  return g_string_free (plain, FALSE);
}

/**
 * heartbeat_text_has_controls:
 * @text: valid UTF-8
 *
 * Returns: whether @text has control characters, which no name may have
 */
gboolean
heartbeat_text_has_controls (const char *text)
{
  g_return_val_if_fail (text != NULL, TRUE);

  for (; *text != '\0'; text = g_utf8_next_char (text))
    if (g_unichar_iscntrl (g_utf8_get_char (text)))
      return TRUE;
  return FALSE;
}
