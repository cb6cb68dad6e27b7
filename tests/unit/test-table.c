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

  /* What would speak to the terminal. */
  { "line-breaks", 2, { "a\nb", "1\r\n2", "c", "d\te" }, "a b  1  2\nc    d e\n" },
  { "escape-sequences",
    2,
    { "\x1b[31mred", "\x07\x08\x7f.", "x", "y" },
    " [31mred     .\nx         y\n" },
  { "control-characters-of-two-bytes",
    2,
    { "\xc2\x9b"
      "2J",
      "\xc2\x80\xc2\x9f.", "x", "y" },
    "  2J      .\nx     y\n" },
  { "overrides-of-the-direction", 2, { "\xe2\x80\xae.", "x", "y", "z" }, "   .  x\ny     z\n" },
  { "marks-of-a-direction-stay", 1, { "\xe2\x80\x8f.", "\xd7\xa9" }, "\xe2\x80\x8f.\n\xd7\xa9\n" },
  { "what-is-just-above-them-stays", 1, { "\xc2\xa0\xc2\xa9" }, "\xc2\xa0\xc2\xa9\n" },
  { "what-is-no-utf-8", 2, { "\xff", "\xc3", "a", "b" }, "\xef\xbf\xbd  \xef\xbf\xbd\na  b\n" },
};

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (HeartbeatCtlTable) table = heartbeat_ctl_table_new (c->n_columns);
  g_autofree char *text = NULL;

  for (guint i = 0; i < MAX_CELLS && c->cells[i] != NULL; i++)
    heartbeat_ctl_table_add (table, c->cells[i]);
  text = heartbeat_ctl_table_render (table, 0, FALSE);
  g_assert_cmpstr (text, ==, c->expected);
}

static void
test_many_rows (void)
{
  g_autoptr (HeartbeatCtlTable) table = heartbeat_ctl_table_new (2);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  for (guint i = 0; i < 10000; i++)
    {
      g_autofree char *number = g_strdup_printf ("%u", i);

      heartbeat_ctl_table_add (table, number);
      heartbeat_ctl_table_add (table, "x");
    }
  text = heartbeat_ctl_table_render (table, 0, FALSE);
  lines = g_strsplit (text, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 10001);
  g_assert_cmpstr (lines[0], ==, "0     x");
  g_assert_cmpstr (lines[9999], ==, "9999  x");
}

static void
test_can_be_asked_twice (void)
{
  g_autoptr (HeartbeatCtlTable) table = heartbeat_ctl_table_new (1);
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  heartbeat_ctl_table_add (table, "a");
  first = heartbeat_ctl_table_render (table, 0, FALSE);
  heartbeat_ctl_table_add (table, "b");
  second = heartbeat_ctl_table_render (table, 0, FALSE);
  g_assert_cmpstr (first, ==, "a\n");
  g_assert_cmpstr (second, ==, "a\nb\n");
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
    "a-very-long-nam…  short\nx                 message…\n" },
  { 14,
    { "a", "\xe9\x82\xae\xe4\xbb\xb6\xe9\x82\xae\xe4\xbb\xb6\xe9\x82\xae\xe4\xbb\xb6" },
    "a  \xe9\x82\xae\xe4\xbb\xb6\xe9\x82\xae\xe4\xbb\xb6\xe9\x82\xae…\n" },
};

static void
test_fit (gconstpointer data)
{
  const Fit *c = data;
  g_autoptr (HeartbeatCtlTable) table = heartbeat_ctl_table_new (2);
  g_autofree char *text = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (c->cells) && c->cells[i] != NULL; i++)
    heartbeat_ctl_table_add (table, c->cells[i]);
  text = heartbeat_ctl_table_render (table, c->width, FALSE);
  g_assert_cmpstr (text, ==, c->expected);
}

static char *
render_spare (guint width)
{
  g_autoptr (HeartbeatCtlTable) table = heartbeat_ctl_table_new (4);

  heartbeat_ctl_table_add (table, "name");
  heartbeat_ctl_table_add (table, "first");
  heartbeat_ctl_table_add (table, "second");
  heartbeat_ctl_table_add (table, "a rather long text");
  heartbeat_ctl_table_add_spare (table, 1, 14);
  heartbeat_ctl_table_add_spare (table, 2, 10);
  return heartbeat_ctl_table_render (table, width, FALSE);
}

static void
test_spare_columns (void)
{
  static const struct
  {
    guint width;
    const char *expected;
  } spares[] = {
    { 0, "name  first  second  a rather long text\n" },
    { 39, "name  first  second  a rather long text\n" },
    { 35, "name  first  second  a rather long…\n" },
    { 34, "name  second  a rather long text\n" },
    { 24, "name  second  a rather …\n" },
    { 23, "name  a rather long te…\n" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (spares); i++)
    {
      g_autofree char *text = render_spare (spares[i].width);

      g_assert_cmpstr (text, ==, spares[i].expected);
    }
}

/* Of a name as long as may be, the columns beside it are not to suffer. */
static void
test_a_long_name (void)
{
  g_autofree char *name = g_strnfill (255, 'n');
  g_autoptr (HeartbeatCtlTable) table = heartbeat_ctl_table_new (3);
  g_autofree char *text = NULL;
  g_autofree char *whole = NULL;

  heartbeat_ctl_table_add (table, name);
  heartbeat_ctl_table_add (table, "spare");
  heartbeat_ctl_table_add (table, "a text for people");
  heartbeat_ctl_table_add_spare (table, 1, 10);
  text = heartbeat_ctl_table_render (table, 42, FALSE);
  g_assert_cmpstr (text, ==, "nnnnnnnnnnnnn…  spare  a text for people\n");
  whole = heartbeat_ctl_table_render (table, 0, FALSE);
  g_assert_cmpuint (strlen (whole), ==, 255 + 2 + 5 + 2 + 17 + 1);
}

static void
test_wrap (void)
{
  g_autoptr (HeartbeatCtlTable) table = heartbeat_ctl_table_new (2);
  g_autofree char *text = NULL;

  heartbeat_ctl_table_add (table, "name");
  heartbeat_ctl_table_add_styled (table, "a rather long text", HEARTBEAT_CTL_STYLE_BAD);
  heartbeat_ctl_table_add (table, "path");
  heartbeat_ctl_table_add (table, "/home/anna/heartbeat.json ");
  heartbeat_ctl_table_add (table, "\xe9\x82\xae");
  heartbeat_ctl_table_add (
      table, "\xe9\x82\xae\xe4\xbb\xb6\xe9\x82\xae\xe4\xbb\xb6\xe9\x82\xae\xe4\xbb\xb6");
  heartbeat_ctl_table_set_wrapped (table);
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
  g_autoptr (HeartbeatCtlTable) table = heartbeat_ctl_table_new (2);
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
test_outcomes (void)
{
  g_autoptr (GVariant) runs = g_variant_ref_sink (g_variant_new_parsed (
      "[{'check': <'a'>, 'status': <'failed'>}, {'check': <'b'>, 'status': <'skipped'>},"
      " {'check': <'a'>, 'status': <'success'>}, {'odd': <1>}]"));
  g_autoptr (HeartbeatCtlRunMarks) outcomes = heartbeat_ctl_run_marks_new ();
  g_autofree char *a = NULL;
  g_autofree char *b = NULL;
  g_autofree char *c = NULL;

  heartbeat_ctl_run_marks_add (outcomes, runs);
  a = heartbeat_ctl_run_marks_row (outcomes, "a", TRUE);
  b = heartbeat_ctl_run_marks_row (outcomes, "b", FALSE);
  c = heartbeat_ctl_run_marks_row (outcomes, "c", TRUE);
  g_assert_cmpstr (a, ==, "✓✗");
  g_assert_cmpstr (b, ==, ".");
  g_assert_cmpstr (c, ==, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  hbtest_add_cases ("/table", cases, test_case);
  g_test_add_func ("/table/many-rows", test_many_rows);
  g_test_add_func ("/table/spare-columns", test_spare_columns);
  g_test_add_func ("/table/a-long-name", test_a_long_name);
  g_test_add_func ("/table/wrap", test_wrap);
  g_test_add_func ("/table/can-be-asked-twice", test_can_be_asked_twice);

  for (guint i = 0; i < G_N_ELEMENTS (fits); i++)
    {
      g_autofree char *path = g_strdup_printf ("/table/fits/%u", i);

      g_test_add_data_func (path, &fits[i], test_fit);
    }
  g_test_add_func ("/table/colours", test_colours);
  g_test_add_func ("/table/outcomes", test_outcomes);
  return g_test_run ();
}
