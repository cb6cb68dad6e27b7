/* SPDX-License-Identifier: MIT */

#include "handlers/heartbeat-performance.h"

#include <math.h>
#include <string.h>

/* A label, with its quotes where it has some, in which a quote is doubled. Returns what follows the `=`. */
static const char *
read_label (const char *at, char **label)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean quoted = *at == '\'';

  if (quoted)
    at++;
  for (; *at != '\0'; at++)
    {
      if (!quoted && (*at == '=' || g_ascii_isspace (*at)))
        break;
      if (quoted && *at == '\'' && *++at != '\'')
        break;
      g_string_append_c (text, *at);
    }
  if (*at != '=' || text->len == 0)
    return NULL;
  *label = g_strdup (text->str);
  return at + 1;
}

static void
add_number (GVariantDict *dict, const char *name, const char *text)
{
  char *end;
  double number = g_ascii_strtod (text, &end);

  if (end > text && isfinite (number))
    g_variant_dict_insert (dict, name, "d", number);
}

/* `value[unit];warning;critical;minimum;maximum`, where warning and critical are ranges. An unknown value is `U`. */
static GVariant *
read_fields (const char *text)
{
  g_auto (GStrv) fields = g_strsplit (text, ";", 5);
  guint n = g_strv_length (fields);
  GVariantDict dict;
  char *unit;

  g_variant_dict_init (&dict, NULL);
  if (n > 0)
    {
      add_number (&dict, "value", fields[0]);
      g_ascii_strtod (fields[0], &unit);
      if (unit > fields[0] && *unit != '\0')
        g_variant_dict_insert (&dict, "unit", "s", unit);
    }
  if (n > 1 && *fields[1] != '\0')
    g_variant_dict_insert (&dict, "warning", "s", fields[1]);
  if (n > 2 && *fields[2] != '\0')
    g_variant_dict_insert (&dict, "critical", "s", fields[2]);
  if (n > 3)
    add_number (&dict, "minimum", fields[3]);
  if (n > 4)
    add_number (&dict, "maximum", fields[4]);
  return g_variant_dict_end (&dict);
}

/**
 * heartbeat_performance_parse:
 * @text: a monitoring plugin's performance data, in UTF-8
 *
 * Reads `'label'=value[unit];[warning];[critical];[minimum];[maximum]`, separated by white space. What has another form is
 * left out.
 *
 * Returns: (transfer floating): an `a{sv}` with an `a{sv}` for each label
 */
GVariant *
heartbeat_performance_parse (const char *text)
{
  GVariantDict dict;

  g_return_val_if_fail (text != NULL, NULL);

  g_variant_dict_init (&dict, NULL);
  while (*(text += strspn (text, " \t\r\n")) != '\0')
    {
      g_autofree char *label = NULL;
      const char *fields = read_label (text, &label);
      gsize length = strcspn (fields != NULL ? fields : text, " \t\r\n");
      g_autofree char *item = g_strndup (fields != NULL ? fields : text, length);

      if (fields != NULL)
        g_variant_dict_insert_value (&dict, label, read_fields (item));
      text = (fields != NULL ? fields : text) + length;
    }
  return g_variant_dict_end (&dict);
}
