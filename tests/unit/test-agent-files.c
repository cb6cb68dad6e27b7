/* SPDX-License-Identifier: MIT */

#include <unistd.h>

#include <glib/gstdio.h>

#include "service/heartbeat-agent-files.h"
#include "service/heartbeat-status.h"
#include "heartbeat-test.h"

static void
test_stems (void)
{
  static const struct
  {
    const char *entry;
    const char *stem;
  } cases[] = {
    { "cack.json", "cack" },
    { "cack.heartbeat.json", "cack" },
    { "cack/heartbeat.json", "cack" },
    { "a.b.json", "a.b" },
    { "heartbeat.json", "heartbeat" },
    { "cack.heartbeat.json/heartbeat.json", "cack.heartbeat.json" },
    { ".cack.json", NULL },
    { ".json", NULL },
    { ".heartbeat.json", NULL },
    { ".cack/heartbeat.json", NULL },
    { "cack/other.json", NULL },
    { "cack.JSON", NULL },
    { "cack.json~", NULL },
    { "cack.json.new", NULL },
    { "json", NULL },
    { "", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *stem = heartbeat_agent_files_dup_stem (cases[i].entry);

      g_test_message ("%s", cases[i].entry);
      g_assert_cmpstr (stem, ==, cases[i].stem);
    }
}

static void
free_file (gpointer file)
{
  heartbeat_agent_file_free (file);
}

static HeartbeatAgentFile *
add (GPtrArray *files, const char *entry, const char *agent)
{
  HeartbeatAgentFile *file = heartbeat_agent_file_new ("/f", entry);

  file->agent = g_strdup (agent);
  g_ptr_array_add (files, file);
  return file;
}

static void
test_the_first_of_one_name_is_served (void)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (free_file);
  HeartbeatAgentFile *third = add (files, "c.json", "x");
  HeartbeatAgentFile *stem = add (files, "x.json", NULL);
  HeartbeatAgentFile *first = add (files, "a.json", "x");
  HeartbeatAgentFile *other = add (files, "b/heartbeat.json", "y");

  heartbeat_agent_files_resolve (files);
  g_assert_true (g_ptr_array_index (files, 0) == first);
  g_assert_null (first->problem);
  g_assert_null (other->problem);
  hbtest_assert_contains (third->problem, "/f/c.json");
  hbtest_assert_contains (third->problem, "served from /f/a.json");
  hbtest_assert_contains (stem->problem, "served from /f/a.json");
}

/* A file that cannot be served takes no name away from another. */
static void
test_problems_take_no_names (void)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (free_file);
  HeartbeatAgentFile *broken = add (files, "a.json", "x");
  HeartbeatAgentFile *good = add (files, "b.json", "x");
  HeartbeatAgentFile *dotted = add (files, "c.json", "x.y");
  HeartbeatAgentFile *spaced = add (files, "d e.json", NULL);
  HeartbeatAgentFile *empty = add (files, "f.json", "");
  HeartbeatAgentFile *bytes = add (files, "\xff.json", "bytes");

  broken->problem = g_strdup ("a link to nothing");
  heartbeat_agent_files_resolve (files);
  g_assert_cmpstr (broken->problem, ==, "a link to nothing");
  g_assert_null (good->problem);
  hbtest_assert_contains (dotted->problem, "“x.y” is not of the form");
  hbtest_assert_contains (dotted->problem, "change its");
  hbtest_assert_contains (spaced->problem, "give it an “agent”");
  g_assert_nonnull (empty->problem);
  hbtest_assert_contains (bytes->problem, "not UTF-8");
  for (guint i = 0; i < files->len; i++)
    {
      const HeartbeatAgentFile *file = g_ptr_array_index (files, i);

      g_assert_true (file->problem == NULL || g_utf8_validate (file->problem, -1, NULL));
    }
}

/* --- Reading -------------------------------------------------------------------------------------------------------- */

static void
put (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  hbtest_write (path, text);
}

static HeartbeatAgentFiles *
read_folder (const char *folder, HeartbeatAgentFiles *known)
{
  g_autoptr (GError) error = NULL;
  HeartbeatAgentFiles *files = heartbeat_agent_files_read (folder, known, &error);

  g_assert_no_error (error);
  return files;
}

static void
assert_name (HeartbeatAgentFiles *files, guint i, const char *entry, const char *name)
{
  const HeartbeatAgentFile *file = g_ptr_array_index (files->files, i);

  g_assert_cmpstr (file->entry, ==, entry);
  g_assert_cmpstr (heartbeat_agent_file_get_name (file), ==, name);
}

static void
test_a_broken_file_keeps_its_name (void)
{
  char *folder = hbtest_make_folder ();
  g_autoptr (HeartbeatAgentFiles) good = NULL;
  g_autoptr (HeartbeatAgentFiles) broken = NULL;
  g_autoptr (HeartbeatAgentFiles) still_broken = NULL;
  g_autoptr (HeartbeatAgentFiles) fresh = NULL;
  g_autoptr (HeartbeatAgentFiles) renamed = NULL;

  put (folder, "a.json", "{\"agent\": \"ann\"}");
  put (folder, "b.json", "[]");
  good = read_folder (folder, NULL);
  g_assert_cmpuint (good->files->len, ==, 2);
  assert_name (good, 0, "a.json", "ann");
  assert_name (good, 1, "b.json", "b");

  put (folder, "a.json", "{\"agent\": \"an");
  broken = read_folder (folder, good);
  assert_name (broken, 0, "a.json", "ann");
  still_broken = read_folder (folder, broken);
  assert_name (still_broken, 0, "a.json", "ann");
  fresh = read_folder (folder, NULL);
  assert_name (fresh, 0, "a.json", "a");

  put (folder, "a.json", "{\"agent\": \"bert\"}");
  renamed = read_folder (folder, still_broken);
  assert_name (renamed, 0, "a.json", "bert");
  hbtest_remove_folder (folder);
}

static void
test_links_and_folders (void)
{
  char *folder = hbtest_make_folder ();
  g_autofree char *link = g_build_filename (folder, "link.json", NULL);
  g_autofree char *loop = g_build_filename (folder, "loop.json", NULL);
  g_autofree char *below = g_build_filename (folder, "below.json", NULL);
  g_autoptr (HeartbeatAgentFiles) files = NULL;
  const HeartbeatAgentFile *file;

  g_assert_cmpint (symlink ("nothing", link), ==, 0);
  g_assert_cmpint (symlink ("loop.json", loop), ==, 0);
  g_assert_cmpint (g_mkdir (below, 0700), ==, 0);
  files = read_folder (folder, NULL);
  g_assert_cmpuint (files->files->len, ==, 2);
  file = g_ptr_array_index (files->files, 0);
  hbtest_assert_contains (file->problem, "the link leads to no file");
  file = g_ptr_array_index (files->files, 1);
  hbtest_assert_contains (file->problem, "the link leads to no file");
  g_assert_cmpuint (g_hash_table_size (files->folders), ==, 2);
  g_assert_true (g_hash_table_contains (files->folders, folder));
  g_assert_true (g_hash_table_contains (files->folders, below));
  hbtest_remove_folder (folder);
}

static void
test_no_folder (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (heartbeat_agent_files_read ("/nonexistent/x", NULL, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
}

/* --- The status ----------------------------------------------------------------------------------------------------- */

static void
assert_status (guint agents, guint problems, const char *expected)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new ();
  g_autofree char *status = NULL;

  for (guint i = 0; i < problems; i++)
    g_ptr_array_add (list, (gpointer) "a.json: it is wrong");
  status = heartbeat_status_format_folder (agents, list, HEARTBEAT_CONNECTION_STATE_CONNECTED);
  g_assert_cmpstr (status, ==, expected);
}

static void
test_status (void)
{
  assert_status (0, 0, "0 agents, broker connected");
  assert_status (1, 0, "1 agent, broker connected");
  assert_status (7, 1, "7 agents, 1 problem, broker connected; a.json: it is wrong");
  assert_status (7, 2, "7 agents, 2 problems, broker connected; a.json: it is wrong");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-files/stems", test_stems);
  g_test_add_func ("/agent-files/duplicates", test_the_first_of_one_name_is_served);
  g_test_add_func ("/agent-files/problems", test_problems_take_no_names);
  g_test_add_func ("/agent-files/broken", test_a_broken_file_keeps_its_name);
  g_test_add_func ("/agent-files/links", test_links_and_folders);
  g_test_add_func ("/agent-files/no-folder", test_no_folder);
  g_test_add_func ("/agent-files/status", test_status);
  return g_test_run ();
}
