/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "ctl/heartbeat-ctl-run-marks.h"
#include "ctl/print/heartbeat-ctl-table.h"
#include "heartbeat-test.h"

#define MAX_CELLS 12

typedef struct
{
  const char *name;
  guint n_columns;
  const char *cells[MAX_CELLS];
  const char *expected;
} Case;

static const Case cases[] = {
  { "empty", 3, { NULL }, "" },
  { "one-cell", 1, { "a" }, "a\n" },
  { "one-column", 1, { "a", "", "bcd" }, "a\n\nbcd\n" },
  { "columns-are-aligned",
    3,
    { "NAME", "STATE", "DUE", "mail", "running", "in 3 min" },
    "NAME  STATE    DUE\nmail  running  in 3 min\n" },
  { "no-spaces-at-the-end", 2, { "a", "b", "long", "", "x", "y  " }, "a     b\nlong\nx     y\n" },
  { "empty-rows", 2, { "", "", "a", "b", "", "" }, "\na  b\n\n" },
  { "last-column-may-be-of-any-width",
    2,
    { "a", "a long text", "b", "c" },
    "a  a long text\nb  c\n" },

  /* What a terminal shows twice as wide, or not at all. */
  { "cjk",
    2,
    { "\xe9\x82\xae\xe4\xbb\xb6", "1", "mail!", "2" },
    "\xe9\x82\xae\xe4\xbb\xb6   1\nmail!  2\n" },
  { "hangul",
    2,
    { "\xed\x95\x9c\xea\xb5\xad", "1", "ab", "2" },
    "\xed\x95\x9c\xea\xb5\xad  1\nab    2\n" },
  { "full-width-letters", 2, { "\xef\xbc\xa1", "1", "a", "2" }, "\xef\xbc\xa1  1\na   2\n" },
  { "emoji", 2, { "\xf0\x9f\x92\x93", "1", "ok", "2" }, "\xf0\x9f\x92\x93  1\nok  2\n" },
  { "combining-marks", 2, { "e\xcc\x81t", "1", "ete", "2" }, "e\xcc\x81t   1\nete  2\n" },
  { "zero-width-space", 2, { "a\xe2\x80\x8b", "1", "b", "2" }, "a\xe2\x80\x8b  1\nb  2\n" },
  { "umlauts", 2, { "\xc3\xa4\xc3\xb6", "1", "ao", "2" }, "\xc3\xa4\xc3\xb6  1\nao  2\n" },

  /* see test-text.c */
  { "control-characters",
    2,
    { "\x1b[31mred", "\x07\x08\x7f.", "x", "y" },
    " [31mred     .\nx         y\n" },
  { "invalid-utf-8", 2, { "\xff", "\xc3", "a", "b" }, "\xef\xbf\xbd  \xef\xbf\xbd\na  b\n" },
};

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (HeartbeatCtlTable) table = heartbeat_ctl_table_new (NULL, c->n_columns, FALSE);
  g_autofree char *text = NULL;

  for (guint i = 0; i < MAX_CELLS && c->cells[i] != NULL; i++)
    heartbeat_ctl_table_add (table, c->cells[i]);
  text = heartbeat_ctl_table_render (table, 0, FALSE);
  g_assert_cmpstr (text, ==, c->expected);
}

typedef struct
{
  guint width;
  const char *cells[6];
  const char *expected;
} Fit;

static const Fit fits[] = {
  { 0, { "name", "a rather long text" }, "name  a rather long text\n" },
  { 24, { "name", "a rather long text" }, "name  a rather long text\n" },
  { 23, { "name", "a rather long text" }, "name  a rather long te…\n" },
  { 14, { "name", "a rather long text" }, "name  a rathe…\n" },
  /* no column gets narrower than eight, whatever the terminal */
  { 5, { "name", "a rather long text" }, "name  a rathe…\n" },
  { 26,
    { "a-very-long-name-of-a-check", "short", "x", "message and so on" },
    "a-very-…  short\nx         message and so …\n" },
  { 14,
    { "a", "\xe9\x82\xae\xe4\xbb\xb6\xe9\x82\xae\xe4\xbb\xb6\xe9\x82\xae\xe4\xbb\xb6" },
    "a  \xe9\x82\xae\xe4\xbb\xb6\xe9\x82\xae\xe4\xbb\xb6\xe9\x82\xae…\n" },
};

static void
test_fit (gconstpointer data)
{
  const Fit *c = data;
  g_autoptr (HeartbeatCtlTable) table = heartbeat_ctl_table_new (NULL, 2, FALSE);
  g_autofree char *text = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (c->cells) && c->cells[i] != NULL; i++)
    heartbeat_ctl_table_add (table, c->cells[i]);
  text = heartbeat_ctl_table_render (table, c->width, FALSE);
  g_assert_cmpstr (text, ==, c->expected);
}

static char *
render_row (const char *const *cells, guint width)
{
  static const HeartbeatCtlColumn columns[]
      = { { "NAME", 0 }, { "FIRST", 14 }, { "SECOND", 10 }, { "TEXT", 0 } };
  g_autoptr (HeartbeatCtlTable) table
      = heartbeat_ctl_table_new (columns, G_N_ELEMENTS (columns), FALSE);
  g_autofree char *text = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    heartbeat_ctl_table_add (table, cells[i]);
  text = heartbeat_ctl_table_render (table, width, FALSE);
  return g_strdup (strchr (text, '\n') + 1);
}

static void
test_narrow (void)
{
  static const char *const cells[] = { "name", "first", "second", "a rather long text" };
  static const struct
  {
    guint width;
    const char *expected;
  } rows[] = {
    { 0, "name  first  second  a rather long text\n" },
    { 39, "name  first  second  a rather long text\n" },
    { 35, "name  first  second  a rather long…\n" },
    { 34, "name  second  a rather long text\n" },
    { 24, "name  second  a rather …\n" },
    { 23, "name  a rather long te…\n" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = render_row (cells, rows[i].width);

      g_assert_cmpstr (text, ==, rows[i].expected);
    }
}

static void
test_a_long_name_drops_no_column (void)
{
  g_autofree char *name = g_strnfill (255, 'n');
  const char *const cells[] = { name, "one", "two", "a text for people" };
  g_autofree char *text = render_row (cells, 50);
  g_autofree char *whole = render_row (cells, 0);

  g_assert_cmpstr (text, ==, "nnnnnnnnnnnnnnn…  one    two     a text for people\n");
  g_assert_true (g_str_has_prefix (whole, name));
}

static void
test_wrap (void)
{
  g_autoptr (HeartbeatCtlTable) table = heartbeat_ctl_table_new (NULL, 2, TRUE);
  g_autofree char *text = NULL;

  heartbeat_ctl_table_add (table, "name");
  heartbeat_ctl_table_add_styled (table, "a rather long text", HEARTBEAT_CTL_STYLE_BAD);
  heartbeat_ctl_table_add (table, "path");
  heartbeat_ctl_table_add (table, "/home/anna/heartbeat.json ");
  heartbeat_ctl_table_add (table, "\xe9\x82\xae");
  heartbeat_ctl_table_add (
      table, "\xe9\x82\xae\xe4\xbb\xb6\xe9\x82\xae\xe4\xbb\xb6\xe9\x82\xae\xe4\xbb\xb6");
  text = heartbeat_ctl_table_render (table, 17, TRUE);
  g_assert_cmpstr (text, ==,
                   "name  \033[31ma rather\n"
                   "      long text\033[0m\n"
                   "path  /home/anna/\n"
                   "      heartbeat.j\n"
                   "      son\n"
                   "\xe9\x82\xae    \xe9\x82\xae\xe4\xbb\xb6\xe9\x82\xae\xe4\xbb\xb6\xe9\x82\xae\n"
                   "      \xe4\xbb\xb6\n");
}

static void
test_colours (void)
{
  g_autoptr (HeartbeatCtlTable) table = heartbeat_ctl_table_new (NULL, 2, FALSE);
  g_autofree char *text = NULL;
  g_autofree char *plain = NULL;

  heartbeat_ctl_table_add_styled (table, "STATE", HEARTBEAT_CTL_STYLE_HEAD);
  heartbeat_ctl_table_add (table, "x");
  heartbeat_ctl_table_add_styled (table, "failed", heartbeat_ctl_style_of ("failed"));
  heartbeat_ctl_table_add_styled (table, "", HEARTBEAT_CTL_STYLE_GOOD);
  text = heartbeat_ctl_table_render (table, 0, TRUE);
  plain = heartbeat_ctl_table_render (table, 0, FALSE);
  g_assert_cmpstr (text, ==, "\033[1mSTATE\033[0m   x\n\033[31mfailed\033[0m\n");
  g_assert_cmpstr (plain, ==, "STATE   x\nfailed\n");
}

static void
test_marks (void)
{
  g_autoptr (GVariant) runs = g_variant_ref_sink (g_variant_new_parsed (
      "[{'check': <'a'>, 'status': <'failed'>}, {'check': <'b'>, 'status': <'skipped'>},"
      " {'check': <'a'>, 'status': <'success'>}, {'odd': <1>}]"));
  g_autoptr (HeartbeatCtlRunMarks) marks = heartbeat_ctl_run_marks_new ();
  g_autofree char *a = NULL;
  g_autofree char *b = NULL;
  g_autofree char *c = NULL;

  heartbeat_ctl_run_marks_add (marks, runs);
  a = heartbeat_ctl_run_marks_row (marks, "a", TRUE);
  b = heartbeat_ctl_run_marks_row (marks, "b", FALSE);
  c = heartbeat_ctl_run_marks_row (marks, "c", TRUE);
  g_assert_cmpstr (a, ==, "✓✗");
  g_assert_cmpstr (b, ==, ".");
  g_assert_cmpstr (c, ==, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  hbtest_add_cases ("/table", cases, test_case);
  g_test_add_func ("/table/narrow", test_narrow);
  g_test_add_func ("/table/a-long-name-drops-no-column", test_a_long_name_drops_no_column);
  g_test_add_func ("/table/wrap", test_wrap);

  for (guint i = 0; i < G_N_ELEMENTS (fits); i++)
    {
      g_autofree char *path = g_strdup_printf ("/table/fits/%u", i);

      g_test_add_data_func (path, &fits[i], test_fit);
    }
  g_test_add_func ("/table/colours", test_colours);
  g_test_add_func ("/table/marks", test_marks);
  return g_test_run ();
}
