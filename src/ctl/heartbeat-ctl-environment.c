/* SPDX-License-Identifier: MIT */

#include "ctl/heartbeat-ctl-environment.h"

#include <string.h>

/* Takes the character after a backslash; a line break there is dropped. */
static const char *
take_escaped (GString *value, const char *p)
{
  if (*p == '\0')
    return p;
  if (*p != '\n')
    g_string_append_c (value, *p);
  return p + 1;
}

static const char *
take_single_quoted (GString *value, const char *p)
{
  const char *end = strchrnul (p, '\'');

  g_string_append_len (value, p, end - p);
  return *end != '\0' ? end + 1 : end;
}

/* In double quotes a backslash escapes only these characters, and is literal before others. */
static const char *
take_double_quoted (GString *value, const char *p)
{
  while (*p != '\0' && *p != '"')
    {
      if (*p == '\\' && p[1] != '\0' && strchr ("\"\\`$\n", p[1]) != NULL)
        {
          p = take_escaped (value, p + 1);
          continue;
        }
      g_string_append_c (value, *p++);
    }
  return *p != '\0' ? p + 1 : p;
}

/* Takes the rest of the line, without trailing white space that is neither quoted nor escaped. */
static const char *
take_value (GString *value, const char *p)
{
  gsize kept = 0;

  while (*p == ' ' || *p == '\t')
    p++;
  while (*p != '\0' && *p != '\n')
    {
      if (g_ascii_isspace (*p))
        {
          g_string_append_c (value, *p++);
          continue;
        }
      if (*p == '\\')
        p = take_escaped (value, p + 1);
      else if (*p == '\'')
        p = take_single_quoted (value, p + 1);
      else if (*p == '"')
        p = take_double_quoted (value, p + 1);
      else
        g_string_append_c (value, *p++);
      kept = value->len;
    }
  g_string_truncate (value, kept);
  return p;
}

/**
 * heartbeat_ctl_environment_parse:
 * @text: the content of a file
 *
 * Parses a file as systemd does for `EnvironmentFile=`, see systemd.exec(5): `NAME=VALUE` lines, comments after `#` or `;`,
 * quotes and backslashes. The last line for a name counts. g_shell_unquote() is no help: it does not find the end of a value,
 * and fails if a quote is not closed.
 *
 * Returns: (transfer full) (element-type utf8 utf8): the values by name
 */
GHashTable *
heartbeat_ctl_environment_parse (const char *text)
{
  GHashTable *values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  const char *p = text;

  g_return_val_if_fail (text != NULL, values);

  while (*p != '\0')
    {
      gsize length = strcspn (p, "=\n");
      g_autofree char *name = g_strstrip (g_strndup (p, length));
      g_autoptr (GString) value = g_string_new (NULL);

      if (*name == '#' || *name == ';' || p[length] != '=')
        {
          p += strcspn (p, "\n");
          p += *p != '\0';
          continue;
        }
      p = take_value (value, p + length + 1);
      g_hash_table_replace (values, g_steal_pointer (&name), g_strdup (value->str));
    }
  return values;
}
