/* SPDX-License-Identifier: MIT */

#include "ctl/heartbeat-ctl-table.h"

#include "ctl/heartbeat-ctl-phrase.h"

/**
 * HeartbeatCtlTable:
 *
 * Cells of text, aligned in columns as a terminal shows them.
 */
struct _HeartbeatCtlTable
{
  GPtrArray *cells;
  guint n_columns;
};

/**
 * heartbeat_ctl_table_new:
 * @n_columns: how many columns
 *
 * Returns: (transfer full): an empty table
 */
HeartbeatCtlTable *
heartbeat_ctl_table_new (guint n_columns)
{
  HeartbeatCtlTable *self = g_new (HeartbeatCtlTable, 1);

  self->cells = g_ptr_array_new_with_free_func (g_free);
  self->n_columns = n_columns;
  return self;
}

void
heartbeat_ctl_table_free (HeartbeatCtlTable *self)
{
  g_ptr_array_unref (self->cells);
  g_free (self);
}

/**
 * heartbeat_ctl_table_add:
 * @self: a table
 * @cell: the next cell; control characters become spaces
 */
void
heartbeat_ctl_table_add (HeartbeatCtlTable *self, const char *cell)
{
  g_ptr_array_add (self->cells, heartbeat_ctl_phrase_line (cell));
}

/* Columns of the terminal that a text takes. */
static guint
width_of (const char *text)
{
  guint width = 0;

  for (; *text != '\0'; text = g_utf8_next_char (text))
    {
      gunichar c = g_utf8_get_char (text);

      if (!g_unichar_iszerowidth (c))
        width += g_unichar_iswide (c) ? 2 : 1;
    }
  return width;
}

static guint *
measure (HeartbeatCtlTable *self)
{
  guint *widths = g_new0 (guint, self->n_columns);

  for (guint i = 0; i < self->cells->len; i++)
    {
      guint *width = &widths[i % self->n_columns];

      *width = MAX (*width, width_of (g_ptr_array_index (self->cells, i)));
    }
  return widths;
}

/**
 * heartbeat_ctl_table_to_string:
 * @self: a table
 *
 * Returns: (transfer full): a line for each row, without spaces at its end
 */
char *
heartbeat_ctl_table_to_string (HeartbeatCtlTable *self)
{
  g_autofree guint *widths = measure (self);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->cells->len; i++)
    {
      const char *cell = g_ptr_array_index (self->cells, i);
      guint column = i % self->n_columns;

      g_string_append (text, cell);
      if (column + 1 < self->n_columns)
        {
          g_string_append_printf (text, "%*s", widths[column] - width_of (cell) + 2, "");
          continue;
        }
      while (text->len > 0 && text->str[text->len - 1] == ' ')
        g_string_truncate (text, text->len - 1);
      g_string_append_c (text, '\n');
    }
  return g_string_free (text, FALSE);
}
