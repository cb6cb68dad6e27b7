/* SPDX-License-Identifier: MIT */

#include "ctl/print/heartbeat-ctl-table.h"

#include "base/heartbeat-i18n.h"
#include "base/heartbeat-text.h"
#include "ctl/print/heartbeat-ctl-terminal.h"
#include "ctl/print/heartbeat-ctl-text.h"

#define GAP 2

/* Columns do not get narrower than this to make the table fit. */
#define LEAST_WIDTH 8

/**
 * HeartbeatCtlTable:
 *
 * Rows of text, aligned as a terminal shows them. libsmartcols (2.38) cannot do this: it cuts without an ellipsis, breaks lines
 * in the middle of words, overflows instead of dropping columns, and escapes each byte in a locale without UTF-8. It would only
 * measure and pad.
 */
struct _HeartbeatCtlTable
{
  GArray *cells;                     /* of Cell, row by row */
  const HeartbeatCtlColumn *columns; /* NULL for a table without headings */
  guint n_columns;
  gboolean wrap;
};

typedef struct
{
  char *text;
  HeartbeatCtlStyle style;
} Cell;

static void
cell_clear (gpointer data)
{
  g_free (((Cell *) data)->text);
}

/**
 * heartbeat_ctl_style_of:
 * @word: the status of a result or the state of a check
 *
 * Returns: its style
 */
HeartbeatCtlStyle
heartbeat_ctl_style_of (const char *word)
{
  static const char *const good[] = { "success", "running", NULL };
  static const char *const bad[] = { "failed", "invalid", "backing-off", NULL };
  static const char *const warning[] = { "due", "paused", NULL };
  static const char *const faint[] = { "disabled", "skipped", NULL };

  g_return_val_if_fail (word != NULL, HEARTBEAT_CTL_STYLE_PLAIN);

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
 * @columns: (nullable): its columns, which must outlive it; %NULL for no headings
 * @n_columns: how many columns there are
 * @wrap: whether the last column continues on further lines when it is too long for the terminal, instead of being cut
 *
 * Returns: (transfer full): an empty table
 */
HeartbeatCtlTable *
heartbeat_ctl_table_new (const HeartbeatCtlColumn *columns, guint n_columns, gboolean wrap)
{
  HeartbeatCtlTable *self = NULL;

  g_return_val_if_fail (n_columns > 0, NULL);

  self = g_new0 (HeartbeatCtlTable, 1);
  self->cells = g_array_new (FALSE, FALSE, sizeof (Cell));
  g_array_set_clear_func (self->cells, cell_clear);
  self->columns = columns;
  self->n_columns = n_columns;
  self->wrap = wrap;
  for (guint i = 0; columns != NULL && i < n_columns; i++)
    heartbeat_ctl_table_add_styled (self, _ (columns[i].title), HEARTBEAT_CTL_STYLE_HEAD);
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
  g_return_if_fail (self != NULL);
  g_return_if_fail (cell != NULL);

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
  Cell next = { NULL, style };

  g_return_if_fail (self != NULL);
  g_return_if_fail (cell != NULL);

  next.text = g_strchomp (heartbeat_text_to_line (cell));
  g_array_append_val (self->cells, next);
}

/**
 * heartbeat_ctl_table_add_labelled:
 * @self: a table of two columns
 * @label: what @text is
 * @text: a text; control characters become spaces
 *
 * Adds a row.
 */
void
heartbeat_ctl_table_add_labelled (HeartbeatCtlTable *self, const char *label, const char *text)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (label != NULL);
  g_return_if_fail (text != NULL);

  heartbeat_ctl_table_add_styled (self, label, HEARTBEAT_CTL_STYLE_HEAD);
  heartbeat_ctl_table_add (self, text);
}

/* --- Widths --------------------------------------------------------------------------------------------------------- */

static guint *
measure (HeartbeatCtlTable *self)
{
  guint *widths = g_new0 (guint, self->n_columns);

  for (guint i = 0; i < self->cells->len; i++)
    {
      guint *width = &widths[i % self->n_columns];

      *width = MAX (*width, heartbeat_ctl_text_width (g_array_index (self->cells, Cell, i).text));
    }
  return widths;
}

/* A column without a width is not shown. */
static guint
total_of (const guint *widths, guint n_columns)
{
  guint total = 0;

  for (guint i = 0; i < n_columns; i++)
    total += widths[i] > 0 ? widths[i] + GAP : 0;
  return total > 0 ? total - GAP : 0;
}

/* The column to drop first; the last one, which always stays, if there is none. */
static guint
find_spare (HeartbeatCtlTable *self, const guint *widths)
{
  guint spare = self->n_columns - 1;

  for (guint i = 0; self->columns != NULL && i + 1 < self->n_columns; i++)
    if (widths[i] > 0 && self->columns[i].room > self->columns[spare].room)
      spare = i;
  return spare;
}

static void
drop_columns (HeartbeatCtlTable *self, guint *widths, guint width)
{
  guint last = self->n_columns - 1;
  guint spare;

  while ((spare = find_spare (self, widths)) != last
         && total_of (widths, last) + GAP + MIN (self->columns[spare].room, widths[last]) > width)
    widths[spare] = 0;
}

/* The last column is a text for people, and gets narrower first; then the widest one. */
static guint
find_widest (const guint *widths, guint n_columns)
{
  guint widest = n_columns - 1;

  if (widths[widest] > LEAST_WIDTH)
    return widest;
  for (guint i = 0; i < n_columns; i++)
    if (widths[i] > widths[widest])
      widest = i;
  return widest;
}

static void
fit (HeartbeatCtlTable *self, guint *widths, guint width)
{
  guint widest;

  if (width == 0 || total_of (widths, self->n_columns) <= width)
    return;
  /* A name may have 255 bytes, which is no reason to drop whole columns. */
  for (guint i = 0; i + 1 < self->n_columns; i++)
    if (widths[i] > width / 2)
      widths[i] = MIN (widths[i], MAX (width / 3, LEAST_WIDTH));
  drop_columns (self, widths, width);
  while (total_of (widths, self->n_columns) > width
         && widths[widest = find_widest (widths, self->n_columns)] > LEAST_WIDTH)
    widths[widest]--;
}

/* --- Text ----------------------------------------------------------------------------------------------------------- */

static char *
shape (HeartbeatCtlTable *self, const char *text, guint column, const guint *widths)
{
  guint indent = total_of (widths, column) + (column > 0 ? GAP : 0);

  if (self->wrap && column + 1 == self->n_columns)
    return heartbeat_ctl_text_wrap (text, indent, indent + widths[column]);
  return heartbeat_ctl_text_cut (text, widths[column]);
}

static void
append_cell (GString *out, const char *text, guint width, HeartbeatCtlStyle style, gboolean colours)
{
  static const char *const sequences[] = { "", "1", "32", "31", "33", "2" };

  if (!colours || style == HEARTBEAT_CTL_STYLE_PLAIN || *text == '\0')
    g_string_append (out, text);
  else
    g_string_append_printf (out, "\033[%sm%s\033[0m", sequences[style], text);
  if (heartbeat_ctl_text_width (text) < width + GAP)
    g_string_append_printf (out, "%*s", (int) (width + GAP - heartbeat_ctl_text_width (text)), "");
}

/* On a terminal that is just as wide as the table, spaces at the end would add empty lines. */
static void
end_row (GString *out)
{
  while (out->len > 0 && out->str[out->len - 1] == ' ')
    g_string_truncate (out, out->len - 1);
  g_string_append_c (out, '\n');
}

/**
 * heartbeat_ctl_table_render:
 * @self: a table
 * @width: the most columns that a line may have, 0 for any number
 * @colours: whether to show styles
 *
 * Returns: (transfer full): a line for each row, or several where a text is wrapped, without spaces at the end
 */
char *
heartbeat_ctl_table_render (HeartbeatCtlTable *self, guint width, gboolean colours)
{
  g_autofree guint *widths = NULL;
  GString *out = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  widths = measure (self);
  out = g_string_new (NULL);
  fit (self, widths, width);
  for (guint i = 0; i < self->cells->len; i++)
    {
      const Cell *cell = &g_array_index (self->cells, Cell, i);
      guint column = i % self->n_columns;
      g_autofree char *text = shape (self, cell->text, column, widths);

      if (widths[column] > 0)
        append_cell (out, text, widths[column], cell->style, colours);
      if (column + 1 == self->n_columns)
        end_row (out);
    }
  return g_string_free (out, FALSE);
}

/**
 * heartbeat_ctl_table_to_string:
 * @self: a table
 *
 * Returns: (transfer full): the table for standard output: as wide as the terminal, if it is one, and with its colours
 */
char *
heartbeat_ctl_table_to_string (HeartbeatCtlTable *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return heartbeat_ctl_table_render (self, heartbeat_ctl_terminal_get_width (),
                                     heartbeat_ctl_terminal_has_colours ());
}

/**
 * heartbeat_ctl_table_print:
 * @self: a table
 *
 * Prints heartbeat_ctl_table_to_string().
 */
void
heartbeat_ctl_table_print (HeartbeatCtlTable *self)
{
  g_autofree char *text = NULL;

  g_return_if_fail (self != NULL);

  text = heartbeat_ctl_table_to_string (self);
  g_print ("%s", text);
}
