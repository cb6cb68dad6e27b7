/* SPDX-License-Identifier: MIT */

#include "ctl/print/heartbeat-ctl-text.h"

#include <string.h>

/* Do not wrap into less than this. */
#define LEAST_WIDTH 8

static guint
width_of_character (gunichar c)
{
  if (g_unichar_iszerowidth (c))
    return 0;
  return g_unichar_iswide (c) ? 2 : 1;
}

/**
 * heartbeat_ctl_text_width:
 * @text: one line of valid UTF-8
 *
 * Returns: how many columns of a terminal the text takes
 */
guint
heartbeat_ctl_text_width (const char *text)
{
  guint width = 0;

  g_return_val_if_fail (text != NULL, 0);

  for (; *text != '\0'; text = g_utf8_next_char (text))
    width += width_of_character (g_utf8_get_char (text));
  return width;
}

/* Returns the first character that does not fit in @width. */
static const char *
find_end (const char *text, guint width)
{
  guint used = 0;

  for (; *text != '\0'; text = g_utf8_next_char (text))
    {
      used += width_of_character (g_utf8_get_char (text));
      if (used > width)
        break;
    }
  return text;
}

/**
 * heartbeat_ctl_text_cut:
 * @text: one line of valid UTF-8
 * @width: how many columns there are
 *
 * Returns: (transfer full): @text, cut and marked with an ellipsis if it is too wide
 */
char *
heartbeat_ctl_text_cut (const char *text, guint width)
{
  g_return_val_if_fail (text != NULL, NULL);

  if (width == 0 || heartbeat_ctl_text_width (text) <= width)
    return g_strdup (width > 0 ? text : "");
  return g_strdup_printf ("%.*s…", (int) (find_end (text, width - 1) - text), text);
}

/* Returns the end of the first line: a space, or the middle of a word that is longer than a line. */
static const char *
find_break (const char *text, guint width)
{
  const char *end = find_end (text, width);
  const char *space = end;

  if (*end == '\0')
    return end;
  while (space > text && *space != ' ')
    space--;
  if (space > text)
    return space;
  return end > text ? end : g_utf8_next_char (text);
}

/**
 * heartbeat_ctl_text_wrap:
 * @text: one line of valid UTF-8
 * @indent: the indentation of all lines but the first
 * @width: how many columns a line has, 0 for any number
 *
 * Returns: (transfer full): @text in as many lines as it takes
 */
char *
heartbeat_ctl_text_wrap (const char *text, guint indent, guint width)
{
  GString *out = NULL;
  const char *end = NULL;

  g_return_val_if_fail (text != NULL, NULL);

  if (width < indent + LEAST_WIDTH)
    return g_strdup (text);
  out = g_string_new (NULL);
  while (*(end = find_break (text, width - indent)) != '\0')
    {
      g_string_append_len (out, text, end - text);
      while (out->len > 0 && out->str[out->len - 1] == ' ')
        g_string_truncate (out, out->len - 1);
      text = end + strspn (end, " ");
      if (*text != '\0')
        g_string_append_printf (out, "\n%*s", (int) indent, "");
    }
  g_string_append (out, text);
  return g_string_free (out, FALSE);
}
