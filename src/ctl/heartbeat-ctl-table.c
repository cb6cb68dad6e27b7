/* SPDX-License-Identifier: MIT */

#include "ctl/heartbeat-ctl-table.h"

#include <string.h>

#include "ctl/heartbeat-ctl-phrase.h"
#include "ctl/heartbeat-ctl-terminal.h"

#define GAP 2

/* No column gets narrower so that the table fits the terminal. */
#define LEAST_WIDTH 8

/**
 * HeartbeatCtlTable:
 *
 * Cells of text, aligned in columns as a terminal shows them.
 */
struct _HeartbeatCtlTable
{
  GArray *cells;
  guint n_columns;
};

typedef struct
{
  char *text;
  HeartbeatCtlStyle style;
} Cell;

static void
cell_clear (gpointer data)
{
  Cell *cell = data;

  g_free (cell->text);
}

/**
 * heartbeat_ctl_style_of:
 * @word: a result's status or a check's state
 *
 * Returns: what it means
 */
HeartbeatCtlStyle
heartbeat_ctl_style_of (const char *word)
{
  static const char *const good[] = { "success", "running", NULL };
  static const char *const bad[] = { "failed", "invalid", "backing-off", NULL };
  static const char *const warning[] = { "due", "paused", NULL };
  static const char *const faint[] = { "disabled", "skipped", NULL };

  if (g_strv_contains (good, word))
    return HEARTBEAT_CTL_STYLE_GOOD;
  if (g_strv_contains (bad, word))
    return HEARTBEAT_CTL_STYLE_BAD;
  if (g_strv_contains (warning, word))
    return HEARTBEAT_CTL_STYLE_WARNING;
  return g_strv_contains (faint, word) ? HEARTBEAT_CTL_STYLE_FAINT : HEARTBEAT_CTL_STYLE_PLAIN;
}

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

  self->cells = g_array_new (FALSE, FALSE, sizeof (Cell));
  g_array_set_clear_func (self->cells, cell_clear);
  self->n_columns = n_columns;
  return self;
}

void
heartbeat_ctl_table_free (HeartbeatCtlTable *self)
{
  g_array_unref (self->cells);
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
  heartbeat_ctl_table_add_styled (self, cell, HEARTBEAT_CTL_STYLE_PLAIN);
}

/**
 * heartbeat_ctl_table_add_styled:
 * @self: a table
 * @cell: the next cell; control characters become spaces
 * @style: what it means
 */
void
heartbeat_ctl_table_add_styled (HeartbeatCtlTable *self, const char *cell, HeartbeatCtlStyle style)
{
  const Cell next = { heartbeat_ctl_phrase_line (cell), style };

  g_array_append_val (self->cells, next);
}

static guint
width_of_character (gunichar c)
{
  if (g_unichar_iszerowidth (c))
    return 0;
  return g_unichar_iswide (c) ? 2 : 1;
}

/* Columns of the terminal that a text takes. */
static guint
width_of (const char *text)
{
  guint width = 0;

  for (; *text != '\0'; text = g_utf8_next_char (text))
    width += width_of_character (g_utf8_get_char (text));
  return width;
}

static guint *
measure (HeartbeatCtlTable *self)
{
  guint *widths = g_new0 (guint, self->n_columns);

  for (guint i = 0; i < self->cells->len; i++)
    {
      guint *width = &widths[i % self->n_columns];

      *width = MAX (*width, width_of (g_array_index (self->cells, Cell, i).text));
    }
  return widths;
}

static guint
shrink_column (guint *width, guint too_much)
{
  guint less = *width > LEAST_WIDTH ? MIN (*width - LEAST_WIDTH, too_much) : 0;

  *width -= less;
  return too_much - less;
}

/* The last column is a text for people, and gives way first; then the widest. */
static void
fit (guint *widths, guint n_columns, guint width)
{
  guint total = (n_columns - 1) * GAP;
  guint too_much = 0;

  for (guint i = 0; i < n_columns; i++)
    total += widths[i];
  if (width == 0 || total <= width)
    return;
  too_much = shrink_column (&widths[n_columns - 1], total - width);
  while (too_much > 0)
    {
      guint widest = 0;

      for (guint i = 1; i < n_columns; i++)
        if (widths[i] > widths[widest])
          widest = i;
      if (shrink_column (&widths[widest], 1) > 0)
        return;
      too_much--;
    }
}

/* Returns the text, cut where it is wider than @width. */
static char *
cut (const char *text, guint width)
{
  const char *end = text;
  guint used = 1; /* the ellipsis */

  if (width_of (text) <= width)
    return g_strdup (text);
  while (used + width_of_character (g_utf8_get_char (end)) <= width)
    {
      used += width_of_character (g_utf8_get_char (end));
      end = g_utf8_next_char (end);
    }
  return g_strdup_printf ("%.*s…", (int) (end - text), text);
}

static void
append_cell (GString *out, const char *text, HeartbeatCtlStyle style, gboolean colours)
{
  static const char *const sequences[] = { "", "1", "32", "31", "33", "2" };

  if (!colours || style == HEARTBEAT_CTL_STYLE_PLAIN || *text == '\0')
    g_string_append (out, text);
  else
    g_string_append_printf (out, "\033[%sm%s\033[0m", sequences[style], text);
}

/* The last cell of its row that has a text: spaces after it would only wrap. */
static gboolean
is_last_text (HeartbeatCtlTable *self, guint i)
{
  for (guint next = i + 1; next < self->cells->len && next % self->n_columns != 0; next++)
    if (*g_array_index (self->cells, Cell, next).text != '\0')
      return FALSE;
  return TRUE;
}

/**
 * heartbeat_ctl_table_render:
 * @self: a table
 * @width: how wide a line may be, 0 for any
 * @colours: whether cells show what they mean
 *
 * Returns: (transfer full): a line for each row, without spaces at its end
 */
char *
heartbeat_ctl_table_render (HeartbeatCtlTable *self, guint width, gboolean colours)
{
  g_autofree guint *widths = measure (self);
  GString *out = g_string_new (NULL);

  fit (widths, self->n_columns, width);
  for (guint i = 0; i < self->cells->len; i++)
    {
      const Cell *cell = &g_array_index (self->cells, Cell, i);
      guint column = i % self->n_columns;
      g_autofree char *text = cut (cell->text, widths[column]);

      if (is_last_text (self, i))
        g_strchomp (text);
      append_cell (out, text, cell->style, colours);
      if (!is_last_text (self, i))
        g_string_append_printf (out, "%*s", widths[column] - width_of (text) + GAP, "");
      if (column + 1 == self->n_columns)
        g_string_append_c (out, '\n');
    }
  return g_string_free (out, FALSE);
}

/**
 * heartbeat_ctl_table_print:
 * @self: a table
 *
 * Prints it: on a terminal no wider than that, and with colours.
 */
void
heartbeat_ctl_table_print (HeartbeatCtlTable *self)
{
  g_autofree char *text = heartbeat_ctl_table_render (self, heartbeat_ctl_terminal_get_width (),
                                                      heartbeat_ctl_terminal_has_colours ());

  g_print ("%s", text);
}
