/* SPDX-License-Identifier: MIT */

#include "ctl/print/heartbeat-ctl-table.h"

#include <string.h>

#include "base/heartbeat-text.h"
#include "ctl/print/heartbeat-ctl-terminal.h"
#include "ctl/print/heartbeat-ctl-text.h"

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
  GArray *spares;   /* columns that go where there is little room, in this order */
  gboolean wrapped; /* the last column goes on in further lines, and is not cut */
};

typedef struct
{
  guint column;
  guint room;
} Spare;

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
  HeartbeatCtlTable *self = g_new0 (HeartbeatCtlTable, 1);

  self->cells = g_array_new (FALSE, FALSE, sizeof (Cell));
  g_array_set_clear_func (self->cells, cell_clear);
  self->n_columns = n_columns;
  self->spares = g_array_new (FALSE, FALSE, sizeof (Spare));
  return self;
}

void
heartbeat_ctl_table_free (HeartbeatCtlTable *self)
{
  g_array_unref (self->cells);
  g_array_unref (self->spares);
  g_free (self);
}

/**
 * heartbeat_ctl_table_add_spare:
 * @self: a table
 * @column: one of its columns, not the last
 * @room: how wide the last one is to be at least
 *
 * Lets a column go where the last one, the text for people, would be cut and have less than @room. Those that were added
 * first go first.
 */
void
heartbeat_ctl_table_add_spare (HeartbeatCtlTable *self, guint column, guint room)
{
  const Spare spare = { column, room };

  g_array_append_val (self->spares, spare);
}

/**
 * heartbeat_ctl_table_set_wrapped:
 * @self: a table
 *
 * Lets the last column go on in further lines where it would be cut.
 */
void
heartbeat_ctl_table_set_wrapped (HeartbeatCtlTable *self)
{
  self->wrapped = TRUE;
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
  const Cell next = { heartbeat_text_to_line (cell), style };

  g_array_append_val (self->cells, next);
}

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

static guint
shrink_column (guint *width, guint too_much)
{
  guint less = *width > LEAST_WIDTH ? MIN (*width - LEAST_WIDTH, too_much) : 0;

  *width -= less;
  return too_much - less;
}

/* A column without a width is not shown: it has no text, or it went. */
static guint
total_of (const guint *widths, guint n_columns)
{
  guint total = 0;

  for (guint i = 0; i < n_columns; i++)
    total += widths[i] > 0 ? widths[i] + GAP : 0;
  return total > 0 ? total - GAP : 0;
}

/* A name may have 255 bytes: it does not drive out whole columns. */
static void
shorten_longest (HeartbeatCtlTable *self, guint *widths, guint width)
{
  for (guint i = 0; i + 1 < self->n_columns; i++)
    if (widths[i] > width / 2)
      widths[i] = MIN (widths[i], MAX (width / 3, LEAST_WIDTH));
}

static void
drop_spares (HeartbeatCtlTable *self, guint *widths, guint width)
{
  guint last = widths[self->n_columns - 1];

  if (self->spares->len > 0)
    shorten_longest (self, widths, width);
  for (guint i = 0; i < self->spares->len; i++)
    {
      const Spare *spare = &g_array_index (self->spares, Spare, i);
      guint others = total_of (widths, self->n_columns) - last;

      if (others + MIN (spare->room, last) > width)
        widths[spare->column] = 0;
    }
}

/* The last column is a text for people, and gives way first; then the widest. */
static void
fit (HeartbeatCtlTable *self, guint *widths, guint width)
{
  guint total = total_of (widths, self->n_columns);
  guint too_much = 0;

  if (width == 0 || total <= width)
    return;
  drop_spares (self, widths, width);
  total = total_of (widths, self->n_columns);
  if (total <= width)
    return;
  too_much = shrink_column (&widths[self->n_columns - 1], total - width);
  while (too_much > 0)
    {
      guint widest = 0;

      for (guint i = 1; i < self->n_columns; i++)
        if (widths[i] > widths[widest])
          widest = i;
      if (shrink_column (&widths[widest], 1) > 0)
        return;
      too_much--;
    }
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

/* Returns a cell's text as it is shown. */
static char *
shape (HeartbeatCtlTable *self, guint i, const guint *widths)
{
  const char *text = g_array_index (self->cells, Cell, i).text;
  guint column = i % self->n_columns;

  if (self->wrapped && column + 1 == self->n_columns)
    {
      guint indent = total_of (widths, self->n_columns) - widths[column];

      return heartbeat_ctl_text_wrap (text, indent, indent + widths[column]);
    }
  return heartbeat_ctl_text_cut (text, widths[column]);
}

/* The last cell of its row that has a text: spaces after it would only wrap. */
static gboolean
is_last_text (HeartbeatCtlTable *self, guint i, const guint *widths)
{
  for (guint next = i + 1; next < self->cells->len && next % self->n_columns != 0; next++)
    if (*g_array_index (self->cells, Cell, next).text != '\0' && widths[next % self->n_columns] > 0)
      return FALSE;
  return TRUE;
}

/**
 * heartbeat_ctl_table_render:
 * @self: a table
 * @width: how wide a line may be, 0 for any
 * @colours: whether cells show what they mean
 *
 * Returns: (transfer full): a line for each row, or several where a text is wrapped, without spaces at its end
 */
char *
heartbeat_ctl_table_render (HeartbeatCtlTable *self, guint width, gboolean colours)
{
  g_autofree guint *widths = measure (self);
  GString *out = g_string_new (NULL);

  fit (self, widths, width);
  for (guint i = 0; i < self->cells->len; i++)
    {
      const Cell *cell = &g_array_index (self->cells, Cell, i);
      guint column = i % self->n_columns;
      g_autofree char *text = shape (self, i, widths);
      gboolean last = is_last_text (self, i, widths);

      if (last)
        g_strchomp (text);
      append_cell (out, text, cell->style, colours);
      if (!last && widths[column] > 0)
        g_string_append_printf (out, "%*s", widths[column] - heartbeat_ctl_text_width (text) + GAP,
                                "");
      if (column + 1 == self->n_columns)
        g_string_append_c (out, '\n');
    }
  return g_string_free (out, FALSE);
}

/**
 * heartbeat_ctl_table_to_string:
 * @self: a table
 *
 * Returns: (transfer full): it for standard output: on a terminal no wider than that, and with colours
 */
char *
heartbeat_ctl_table_to_string (HeartbeatCtlTable *self)
{
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
  g_autofree char *text = heartbeat_ctl_table_to_string (self);

  g_print ("%s", text);
}
