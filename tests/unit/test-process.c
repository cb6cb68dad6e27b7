/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>

#include "handlers/heartbeat-command.h"
#include "process/heartbeat-process.h"
#include "heartbeat-test-run.h"
#include "heartbeat-test.h"

#define STARTED  G_GINT64_CONSTANT (1771796220123456)
#define ENVELOPE "{\"event_id\": \"e-1\", \"payload\": {\"big\": 18446744073709551616}}"

/* --- A folder with a run in it -------------------------------------------------------------------------------------- */

typedef struct
{
  char *folder;
  HeartbeatProcesses *processes;
  HbtestRun run;
  HeartbeatProcessOutput *output;
  GError *error;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = hbtest_make_folder ();
  fixture->processes = heartbeat_processes_new ();
}

/* As the service does it at its end. */
static void
stop_processes (Fixture *fixture)
{
  g_autoptr (GAsyncResult) result = NULL;

  heartbeat_processes_stop_async (fixture->processes, hbtest_keep_result, &result);
  hbtest_wait_for (result != NULL);
  heartbeat_processes_stop_finish (fixture->processes, result);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  hbtest_remove_folder (fixture->folder);
  hbtest_run_clear (&fixture->run);
  stop_processes (fixture);
  g_object_unref (fixture->processes);
  g_clear_pointer (&fixture->output, heartbeat_process_output_free);
  g_clear_error (&fixture->error);
}

/* A run of a check with this `meta`; it takes @meta. */
static HeartbeatRun *
make_run (Fixture *fixture, const char *check_name, char *meta)
{
  g_autofree char *owned = meta;
  HeartbeatRunInput input = { 0 };

  input.agent_name = "cack";
  input.check_name = check_name;
  input.working_folder = fixture->folder;
  input.started = STARTED;
  input.check = g_strdup_printf ("{\"handler\": \"command\", \"meta\": %s}", owned);
  input.envelope = g_strdup (ENVELOPE);
  return hbtest_run_new (&fixture->run, &input);
}

static char *
quote (const char *text)
{
  g_autoptr (JsonNode) node = json_node_init_string (json_node_alloc (), text);

  return json_to_string (node, FALSE);
}

/* Starts the handler on a script of the shell; it alone keeps the run. */
static void
start_script (Fixture *fixture, const char *script)
{
  g_autofree char *quoted = quote (script);
  g_autoptr (HeartbeatRun) run
      = make_run (fixture, "mail", g_strdup_printf ("{\"command\": %s}", quoted));

  heartbeat_command_handler (run, fixture->processes);
}

static void
start_program (Fixture *fixture, const char *program)
{
  g_autoptr (HeartbeatRun) run
      = make_run (fixture, "mail", g_strdup_printf ("{\"command\": [\"%s\"]}", program));

  heartbeat_command_handler (run, fixture->processes);
}

/* More than a pipe holds, so that a write has to wait. */
static char *
large_meta (const char *script)
{
  g_autofree char *quoted = quote (script);
  g_autofree char *padding = g_strnfill (1000000, 'x');

  return g_strdup_printf ("{\"command\": %s, \"padding\": \"%s\"}", quoted, padding);
}

static void
start_with_large_input (Fixture *fixture, const char *script)
{
  g_autoptr (HeartbeatRun) run = make_run (fixture, "mail", large_meta (script));

  heartbeat_command_handler (run, fixture->processes);
}

static void
finish (Fixture *fixture)
{
  hbtest_run_wait (&fixture->run);
  g_assert_nonnull (fixture->run.result);
}

static void
abandon (Fixture *fixture)
{
  heartbeat_run_abandon (fixture->run.run);
  hbtest_run_wait (&fixture->run);
  g_assert_null (fixture->run.result);
}

static void
assert_result (Fixture *fixture, HeartbeatStatus status, const char *message)
{
  hbtest_run_assert (&fixture->run, status, message);
}

static gboolean
on_turn (gpointer user_data)
{
  guint *turns = user_data;

  (*turns)++;
  return G_SOURCE_CONTINUE;
}

/* How often the main loop comes round to a timer of 10 ms. */
static guint
count_turns (gint64 span)
{
  const gint64 end = g_get_monotonic_time () + span;
  guint turns = 0;
  guint timer = g_timeout_add (10, on_turn, &turns);

  hbtest_wait_for (g_get_monotonic_time () >= end);
  g_source_remove (timer);
  return turns;
}

static void
run_script (Fixture *fixture, const char *script)
{
  start_script (fixture, script);
  finish (fixture);
}

/* --- The program itself, without the handler ------------------------------------------------------------------------ */

static void
collect (Fixture *fixture, const char *script)
{
  const char *const argv[] = { "/bin/sh", "-c", script, NULL };
  HeartbeatRun *run = make_run (fixture, "mail", g_strdup ("{}"));
  g_autoptr (GAsyncResult) result = NULL;

  heartbeat_process_run_async (NULL, run, argv, HEARTBEAT_OUTPUT_MAX_BYTES, hbtest_keep_result,
                               &result);
  heartbeat_run_succeed (run, NULL);
  g_object_unref (run);
  hbtest_wait_for (result != NULL);
  fixture->output = heartbeat_process_run_finish (result, &fixture->error);
  g_clear_object (&result);
  finish (fixture);
}

/* --- Files and processes -------------------------------------------------------------------------------------------- */

static char *
read_file (Fixture *fixture, const char *name, gsize *length)
{
  g_autofree char *path = g_build_filename (fixture->folder, name, NULL);
  char *text = NULL;

  return g_file_get_contents (path, &text, length, NULL) ? text : NULL;
}

/* The group whose number a script has written to `group`, with its newline. */
static pid_t
read_group (Fixture *fixture)
{
  g_autofree char *text = read_file (fixture, "group", NULL);

  return text != NULL && strchr (text, '\n') != NULL ? atoi (text) : 0;
}

/* Waits until the script has written it. */
static pid_t
wait_for_group (Fixture *fixture)
{
  hbtest_poll_for (read_group (fixture) > 0);
  return read_group (fixture);
}

static gboolean
is_in_group (const char *pid, pid_t group)
{
  g_autofree char *path = g_build_filename ("/proc", pid, "stat", NULL);
  g_autofree char *text = NULL;
  const char *rest;
  char state;
  int parent, found;

  if (!g_ascii_isdigit (*pid) || !g_file_get_contents (path, &text, NULL, NULL))
    return FALSE;
  rest = strrchr (text, ')');
  if (rest == NULL || sscanf (rest, ") %c %d %d", &state, &parent, &found) != 3)
    return FALSE;
  /* A zombie whose parent is init is init's. */
  return found == group && state != 'Z' && state != 'X';
}

static guint
count_group (pid_t group)
{
  g_autoptr (GDir) proc = g_dir_open ("/proc", 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (proc)) != NULL)
    n += is_in_group (name, group);
  return n;
}

static gboolean
has_no_children (void)
{
  siginfo_t info;

  return waitid (P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

/* --- Ends ----------------------------------------------------------------------------------------------------------- */

typedef enum
{
  SCRIPT,
  PROGRAM,
  LARGE_INPUT, /* a script that is given more than a pipe holds */
} Kind;

typedef struct
{
  const char *name;
  Kind kind;
  const char *command;
  HeartbeatStatus status;
  const char *message; /* all of it, or a piece of it in the case of a failure */
} Case;

static const Case cases[] = {
  { "end/true", PROGRAM, "/bin/true", HEARTBEAT_STATUS_SUCCESS, "" },
  { "end/false", PROGRAM, "/bin/false", HEARTBEAT_STATUS_FAILED,
    "the program ended with status 1" },
  { "end/program-in-path", PROGRAM, "true", HEARTBEAT_STATUS_SUCCESS, "" },
  { "end/missing-program", PROGRAM, "/nowhere/program", HEARTBEAT_STATUS_FAILED,
    "/nowhere/program" },
  { "end/empty-program-name", PROGRAM, "", HEARTBEAT_STATUS_FAILED, "is not installed" },
  { "end/program-without-permission", PROGRAM, "/dev/null", HEARTBEAT_STATUS_FAILED,
    "it is not executable" },
  { "end/signal", SCRIPT, "kill -9 $$", HEARTBEAT_STATUS_FAILED,
    "the program was ended by signal 9" },
  { "input/is-not-read", LARGE_INPUT, "exec <&-; echo gone", HEARTBEAT_STATUS_SUCCESS, "gone" },
  { "output/large-through-the-handler", SCRIPT, "echo good; head -c 1000000 /dev/urandom",
    HEARTBEAT_STATUS_SUCCESS, "good" },
  { "surroundings/own-process-group", SCRIPT, "test $(cut -d ' ' -f 5 /proc/$$/stat) = $$",
    HEARTBEAT_STATUS_SUCCESS, "" },
  /* Nothing but its three pipes; the fourth is the folder that the shell reads. */
  { "surroundings/inherits-nothing", SCRIPT, "cd /proc/$$/fd && echo *", HEARTBEAT_STATUS_SUCCESS,
    "0 1 2 3" },
};

static void
test_case (Fixture *fixture, gconstpointer data)
{
  static void (*const start[]) (Fixture *, const char *)
      = { start_script, start_program, start_with_large_input };
  const Case *c = data;

  start[c->kind](fixture, c->command);
  finish (fixture);
  g_assert_cmpint (heartbeat_result_get_started (fixture->run.result), ==, STARTED);
  if (c->status == HEARTBEAT_STATUS_SUCCESS)
    {
      assert_result (fixture, c->status, c->message);
      return;
    }
  g_assert_cmpint (heartbeat_result_get_status (fixture->run.result), ==, c->status);
  hbtest_assert_contains (heartbeat_result_get_message (fixture->run.result), c->message);
}

static void
test_missing_working_folder (Fixture *fixture, gconstpointer data)
{
  char *folder = fixture->folder;

  fixture->folder = (char *) "/nowhere/at/all";
  start_program (fixture, "/bin/true");
  finish (fixture);
  fixture->folder = folder;
  g_assert_cmpint (heartbeat_result_get_status (fixture->run.result), ==, HEARTBEAT_STATUS_FAILED);
  hbtest_assert_contains (heartbeat_result_get_message (fixture->run.result), "/nowhere/at/all");
}

static void
test_json_result (Fixture *fixture, gconstpointer data)
{
  gint64 n;

  run_script (fixture, "echo '{\"status\": \"skipped\", \"message\": \"no mail\", \"details\": "
                       "{\"n\": 3}}'; exit 1");
  assert_result (fixture, HEARTBEAT_STATUS_SKIPPED, "no mail");
  g_assert_true (
      g_variant_lookup (heartbeat_result_get_details (fixture->run.result), "n", "x", &n));
  g_assert_cmpint (n, ==, 3);
}

static void
test_last_words (Fixture *fixture, gconstpointer data)
{
  collect (fixture, "echo out; echo err >&2; exit 2");
  g_assert_no_error (fixture->error);
  g_assert_cmpstr (fixture->output->text, ==, "out\n");
  g_assert_cmpstr (fixture->output->error_text, ==, "err\n");
  g_assert_cmpint (WEXITSTATUS (fixture->output->exit_status), ==, 2);
}

/* --- Standard input ------------------------------------------------------------------------------------------------- */

static void
test_input_is_json (Fixture *fixture, gconstpointer data)
{
  static const char name[] = "a \"b\"\\ \n\x01 caf\xc3\xa9";
  g_autofree char *text = NULL;
  g_autoptr (JsonNode) root = NULL;
  JsonObject *object;
  HeartbeatRun *run
      = make_run (fixture, name, g_strdup ("{\"command\": \"cat >input\", \"n\": 0.10}"));

  heartbeat_command_handler (run, fixture->processes);
  g_object_unref (run);
  finish (fixture);
  assert_result (fixture, HEARTBEAT_STATUS_SUCCESS, "");

  text = read_file (fixture, "input", NULL);
  root = json_from_string (text, NULL);
  g_assert_true (JSON_NODE_HOLDS_OBJECT (root));
  object = json_node_get_object (root);
  g_assert_cmpuint (json_object_get_size (object), ==, 5);
  g_assert_cmpstr (json_object_get_string_member (object, "agent"), ==, "cack");
  g_assert_cmpstr (json_object_get_string_member (object, "check_name"), ==, name);
  g_assert_cmpint (json_object_get_int_member (object, "timestamp"), ==, STARTED / 1000);
  g_assert_cmpstr (json_object_get_string_member (
                       json_object_get_object_member (object, "envelope"), "event_id"),
                   ==, "e-1");
  g_assert_cmpstr (json_object_get_string_member (json_object_get_object_member (object, "check"),
                                                  "handler"),
                   ==, "command");
  hbtest_assert_contains (text, "\"n\": 0.10}");
  hbtest_assert_contains (text, "\"envelope\": " ENVELOPE);
  g_assert_true (g_str_has_suffix (text, "\n"));
}

static void
test_small_input_is_not_read (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 20; i++)
    {
      start_script (fixture, "exec <&-");
      finish (fixture);
      assert_result (fixture, HEARTBEAT_STATUS_SUCCESS, "");
    }
}

static void
test_input_is_read_late (Fixture *fixture, gconstpointer data)
{
  start_with_large_input (fixture, "sleep 0.5; wc -c");
  finish (fixture);
  g_assert_cmpint (heartbeat_result_get_status (fixture->run.result), ==, HEARTBEAT_STATUS_SUCCESS);
  g_assert_cmpint (atoi (heartbeat_result_get_message (fixture->run.result)), >, 1000000);
}

/* A program that takes its time must not hold up the loop. */
static void
test_input_waits_without_blocking (Fixture *fixture, gconstpointer data)
{
  gint64 begin = g_get_monotonic_time ();

  start_with_large_input (fixture, "exec sleep 20");
  g_assert_cmpuint (count_turns (G_USEC_PER_SEC / 2), >=, 10);
  abandon (fixture);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 15 * G_USEC_PER_SEC);
}

/* All of it, though nobody reads what the program prints of it after 64 KiB. */
static void
test_input_is_echoed (Fixture *fixture, gconstpointer data)
{
  g_autofree char *copy = NULL;
  gsize length = 0;

  start_with_large_input (fixture, "tee copy");
  finish (fixture);
  g_assert_cmpint (heartbeat_result_get_status (fixture->run.result), ==, HEARTBEAT_STATUS_SUCCESS);
  copy = read_file (fixture, "copy", &length);
  g_assert_nonnull (copy);
  g_assert_cmpuint (length, >, 1000000);
  g_assert_true (g_str_has_suffix (copy, "}\n"));
}

/* --- Output --------------------------------------------------------------------------------------------------------- */

static void
test_output_past_64_kib_is_dropped (Fixture *fixture, gconstpointer data)
{
  collect (fixture, "head -c 1000000 /dev/zero | tr '\\0' a; echo -n end >&2");
  g_assert_no_error (fixture->error);
  g_assert_cmpint (fixture->output->exit_status, ==, 0);
  g_assert_cmpuint (strlen (fixture->output->text), ==, 65536);
  g_assert_cmpuint (strspn (fixture->output->text, "a"), ==, 65536);
  g_assert_cmpstr (fixture->output->error_text, ==, "end");
}

static void
test_errors_past_4_kib_are_dropped (Fixture *fixture, gconstpointer data)
{
  collect (fixture, "echo out; head -c 1000000 /dev/zero | tr '\\0' e >&2");
  g_assert_cmpstr (fixture->output->text, ==, "out\n");
  g_assert_cmpuint (strlen (fixture->output->error_text), ==, 4096);
}

static void
test_output_of_64_kib_is_kept (Fixture *fixture, gconstpointer data)
{
  collect (fixture, "head -c 65536 /dev/zero | tr '\\0' a");
  g_assert_cmpuint (strlen (fixture->output->text), ==, 65536);
}

static void
test_output_without_end_leaves_the_loop_alone (Fixture *fixture, gconstpointer data)
{
  start_script (fixture, "exec yes");
  g_assert_cmpuint (count_turns (G_USEC_PER_SEC), >=, 20);
  abandon (fixture);
}

/* What the program's children do with its pipes is their affair. */
static void
test_background_child_keeps_the_output (Fixture *fixture, gconstpointer data)
{
  gint64 begin = g_get_monotonic_time ();
  pid_t group;

  run_script (fixture, "echo $$ >group; sleep 100 & echo done");
  assert_result (fixture, HEARTBEAT_STATUS_SUCCESS, "done");
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 15 * G_USEC_PER_SEC);

  /* Nobody asked for its end. */
  group = read_group (fixture);
  g_assert_cmpuint (count_group (group), ==, 1);
  kill (-group, SIGKILL);
  hbtest_poll_for (count_group (group) == 0);
}

static void
test_background_child_that_writes (Fixture *fixture, gconstpointer data)
{
  pid_t group;

  run_script (fixture, "echo done; echo $$ >group; yes & sleep 0.1");
  assert_result (fixture, HEARTBEAT_STATUS_SUCCESS, "done");

  /* Its pipe has no reader any more. */
  group = read_group (fixture);
  hbtest_poll_for (count_group (group) == 0);
}

/* --- Surroundings --------------------------------------------------------------------------------------------------- */

static const char *
find_variable (const char *block, gsize length, const char *name)
{
  g_autofree char *prefix = g_strconcat (name, "=", NULL);

  for (const char *at = block; at < block + length; at += strlen (at) + 1)
    if (g_str_has_prefix (at, prefix))
      return at + strlen (prefix);
  return NULL;
}

static void
test_environment (Fixture *fixture, gconstpointer data)
{
  static const char *const hidden[] = { "RABBIT_URL",   "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET",
                                        "WATCHDOG_PID", "WATCHDOG_USEC",         "JOURNAL_STREAM" };
  g_autofree char *block = NULL;
  gsize length;

  for (guint i = 0; i < G_N_ELEMENTS (hidden); i++)
    g_setenv (hidden[i], "amqp://cack:geheim@localhost/", TRUE);
  g_setenv ("HEARTBEAT_AGENT", "another", TRUE);
  g_setenv ("KEPT_BY_THE_TEST", "a=b c", TRUE);
  run_script (fixture, "exec env -0 >environment");
  assert_result (fixture, HEARTBEAT_STATUS_SUCCESS, "");
  for (guint i = 0; i < G_N_ELEMENTS (hidden); i++)
    {
      g_assert_nonnull (g_getenv (hidden[i]));
      g_unsetenv (hidden[i]);
    }

  block = read_file (fixture, "environment", &length);
  g_assert_cmpstr (find_variable (block, length, "HEARTBEAT_AGENT"), ==, "cack");
  g_assert_cmpstr (find_variable (block, length, "HEARTBEAT_CHECK"), ==, "mail");
  g_assert_cmpstr (find_variable (block, length, "KEPT_BY_THE_TEST"), ==, "a=b c");
  for (guint i = 0; i < G_N_ELEMENTS (hidden); i++)
    g_assert_null (find_variable (block, length, hidden[i]));
  g_assert_null (memmem (block, length, "geheim", strlen ("geheim")));
}

static void
test_working_folder (Fixture *fixture, gconstpointer data)
{
  g_autofree char *real = realpath (fixture->folder, NULL);

  run_script (fixture, "pwd -P");
  assert_result (fixture, HEARTBEAT_STATUS_SUCCESS, real);
}

static void
test_broken_pipe_ends_it (Fixture *fixture, gconstpointer data)
{
  signal (SIGPIPE, SIG_IGN);
  run_script (fixture, "awk '/^SigIgn/ { print $2 }' /proc/self/status");
  g_assert_cmpint (heartbeat_result_get_status (fixture->run.result), ==, HEARTBEAT_STATUS_SUCCESS);
  g_assert_cmpuint (g_ascii_strtoull (heartbeat_result_get_message (fixture->run.result), NULL, 16)
                        & (1u << (SIGPIPE - 1)),
                    ==, 0);
}

/* --- Cancelling ----------------------------------------------------------------------------------------------------- */

static void
test_cancelled_program_ends (Fixture *fixture, gconstpointer data)
{
  gint64 begin;
  pid_t group;

  start_script (fixture, "echo $$ >group; sleep 100; echo never");
  group = wait_for_group (fixture);
  begin = g_get_monotonic_time ();
  abandon (fixture);
  hbtest_poll_for (count_group (group) == 0);
  g_assert_null (fixture->run.result);
  /* SIGTERM was enough. */
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 4 * G_USEC_PER_SEC);
}

static void
test_cancelled_program_may_tidy_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = NULL;

  start_script (
      fixture,
      "trap 'sleep 0.3; echo yes >tidy; exit' TERM; echo $$ >group; while :; do sleep 0.1; done");
  wait_for_group (fixture);
  abandon (fixture);
  text = read_file (fixture, "tidy", NULL);
  g_assert_cmpstr (text, ==, "yes\n");
}

/* How groups of processes resist: their end must come all the same. */
typedef struct
{
  const char *name;
  const char *script;
} Group;

static const Group groups[] = {
  { "that-ignores-it",
    "trap '' TERM; (while :; do echo child; done) & (while :; do sleep 1; done) & "
    "echo $$ >group; while :; do echo parent; done" },
  /* The parent obeys at once, and its child does not. */
  { "whose-grandchild-ignores-it",
    "(trap '' TERM; echo $$ >group; while :; do sleep 1; done) & wait" },
  { "that-is-stopped", "echo $$ >group; kill -STOP $$; sleep 100" },
};

static void
test_cancelled_group (Fixture *fixture, gconstpointer data)
{
  const Group *test = data;
  gint64 begin;
  pid_t group;

  start_script (fixture, test->script);
  group = wait_for_group (fixture);
  g_assert_cmpint (getpgid (group), ==, group);
  begin = g_get_monotonic_time ();
  heartbeat_run_abandon (fixture->run.run);
  hbtest_poll_for (count_group (group) == 0);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 10 * G_USEC_PER_SEC);
  hbtest_run_wait (&fixture->run);
  g_assert_null (fixture->run.result);
}

static void
test_cancelled_twice (Fixture *fixture, gconstpointer data)
{
  start_script (fixture, "sleep 100");
  heartbeat_run_abandon (fixture->run.run);
  abandon (fixture);
}

static void
test_cancelled_at_the_end (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 100; i++)
    {
      start_script (fixture, "exit 0");
      for (guint n = i; n > 0 && fixture->run.run != NULL; n--)
        g_main_context_iteration (NULL, FALSE);
      if (fixture->run.run != NULL)
        abandon (fixture);
    }
  stop_processes (fixture);
  g_assert_true (has_no_children ());
}

static const Group stopped_groups[] = {
  { "that-ignores-it",
    "trap '' TERM; (while :; do echo child; done) & echo $$ >group; while :; do echo parent; "
    "done" },
  { "whose-grandchild-ignores-it", "(trap '' TERM; echo $$ >group; exec sleep 100) & wait" },
  { "that-is-stopped", "sleep 100 & echo $$ >group; kill -STOP $$" },
};

/* At a stop nobody waits five seconds: neither for who ignores SIGTERM, nor for what a parent has left that obeys it. */
static void
test_stopped_group (Fixture *fixture, gconstpointer data)
{
  const Group *test = data;
  gint64 begin;
  pid_t group;

  start_script (fixture, test->script);
  group = wait_for_group (fixture);
  heartbeat_run_abandon (fixture->run.run);
  begin = g_get_monotonic_time ();
  stop_processes (fixture);
  hbtest_poll_for (count_group (group) == 0);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 4 * G_USEC_PER_SEC);
  hbtest_run_wait (&fixture->run);
  g_assert_true (has_no_children ());
}

/* A program that embeds the library may wait for all children. */
static void
test_somebody_else_waits (Fixture *fixture, gconstpointer data)
{
  signal (SIGCHLD, SIG_IGN);
  run_script (fixture, "echo '{\"status\": \"skipped\"}'");
  assert_result (fixture, HEARTBEAT_STATUS_SKIPPED, "");
  start_script (fixture, "echo $$ >group; sleep 100");
  wait_for_group (fixture);
  abandon (fixture);
  signal (SIGCHLD, SIG_DFL);
}

static void
test_no_shell_between (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->folder, "bare", NULL);

  hbtest_write (path, "echo a shell would say this\n");
  g_assert_cmpint (g_chmod (path, 0755), ==, 0);
  start_program (fixture, "./bare");
  finish (fixture);
  g_assert_cmpint (heartbeat_result_get_status (fixture->run.result), ==, HEARTBEAT_STATUS_FAILED);
  hbtest_assert_contains (heartbeat_result_get_message (fixture->run.result), "#!/bin/sh");
}

/* --- What is left behind -------------------------------------------------------------------------------------------- */

static void
run_many (Fixture *fixture, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      if (i % 4 == 0)
        start_program (fixture, "/nowhere/program");
      else
        start_script (fixture, i % 4 == 1 ? "exit 3" : i % 4 == 2 ? "cat" : "exec <&- >&- 2>&-");
      finish (fixture);
    }
}

static void
test_200_runs_leave_nothing (Fixture *fixture, gconstpointer data)
{
  guint before;

  /* GLib's own descriptors come with the first. */
  run_many (fixture, 4);
  hbtest_poll_for (has_no_children ());
  before = hbtest_count_files ("/proc/self/fd");
  run_many (fixture, 200);
  hbtest_poll_for (has_no_children ());
  hbtest_poll_for (hbtest_count_files ("/proc/self/fd") <= before);
}

static void
test_cancelled_runs_leave_nothing (Fixture *fixture, gconstpointer data)
{
  guint before;

  run_many (fixture, 4);
  before = hbtest_count_files ("/proc/self/fd");
  for (guint i = 0; i < 20; i++)
    {
      start_script (fixture, "exec yes");
      abandon (fixture);
    }
  stop_processes (fixture);
  g_assert_true (has_no_children ());
  hbtest_poll_for (hbtest_count_files ("/proc/self/fd") <= before);
}

static void
test_many_at_once (Fixture *fixture, gconstpointer data)
{
  Fixture many[30] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (many); i++)
    {
      g_autofree char *script = g_strdup_printf ("cat >/dev/null; echo %u", i);

      many[i].folder = fixture->folder;
      many[i].processes = fixture->processes;
      start_script (&many[i], script);
    }
  for (guint i = 0; i < G_N_ELEMENTS (many); i++)
    {
      g_autofree char *expected = g_strdup_printf ("%u", i);

      finish (&many[i]);
      assert_result (&many[i], HEARTBEAT_STATUS_SUCCESS, expected);
      hbtest_run_clear (&many[i].run);
    }
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  /* As a program that embeds the library has it, unless it thinks of it. */
  signal (SIGPIPE, SIG_DFL);

  hbtest_add_fixture_cases ("/process", cases, Fixture, set_up, test_case, tear_down);
  hbtest_add_fixture_cases ("/process/cancelled/group", groups, Fixture, set_up,
                            test_cancelled_group, tear_down);
  hbtest_add_fixture_cases ("/process/stopped/group", stopped_groups, Fixture, set_up,
                            test_stopped_group, tear_down);
  ADD ("/process/end/missing-working-folder", test_missing_working_folder);
  ADD ("/process/end/json-result", test_json_result);
  ADD ("/process/end/last-words", test_last_words);
  ADD ("/process/input/is-json", test_input_is_json);
  ADD ("/process/input/small-one-is-not-read", test_small_input_is_not_read);
  ADD ("/process/input/is-read-late", test_input_is_read_late);
  ADD ("/process/input/waits-without-blocking", test_input_waits_without_blocking);
  ADD ("/process/input/is-echoed", test_input_is_echoed);
  ADD ("/process/output/past-64-kib-is-dropped", test_output_past_64_kib_is_dropped);
  ADD ("/process/output/errors-past-4-kib-are-dropped", test_errors_past_4_kib_are_dropped);
  ADD ("/process/output/64-kib-are-kept", test_output_of_64_kib_is_kept);
  ADD ("/process/output/without-end-leaves-the-loop-alone",
       test_output_without_end_leaves_the_loop_alone);
  ADD ("/process/output/background-child-keeps-it", test_background_child_keeps_the_output);
  ADD ("/process/output/background-child-that-writes", test_background_child_that_writes);
  ADD ("/process/surroundings/environment", test_environment);
  ADD ("/process/surroundings/working-folder", test_working_folder);
  ADD ("/process/surroundings/broken-pipe-ends-it", test_broken_pipe_ends_it);
  ADD ("/process/cancelled/ends", test_cancelled_program_ends);
  ADD ("/process/cancelled/may-tidy-up", test_cancelled_program_may_tidy_up);
  ADD ("/process/cancelled/twice", test_cancelled_twice);
  ADD ("/process/cancelled/at-the-end", test_cancelled_at_the_end);
  ADD ("/process/somebody-else-waits", test_somebody_else_waits);
  ADD ("/process/end/no-shell-between", test_no_shell_between);
  ADD ("/process/left-behind/by-200-runs", test_200_runs_leave_nothing);
  ADD ("/process/left-behind/by-cancelled-runs", test_cancelled_runs_leave_nothing);
  ADD ("/process/many-at-once", test_many_at_once);

  return g_test_run ();
}
