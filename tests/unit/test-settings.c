/* SPDX-License-Identifier: MIT */

#include <locale.h>
#include <string.h>

#include <glib/gstdio.h>

#include "base/heartbeat-error.h"
#include "base/heartbeat-setting-spec.h"
#include "service/heartbeat-settings.h"
#include "heartbeat-test.h"

#define PASSWORD "geheim"

/* Settings from `NAME=VALUE` texts alone, and from arguments. */
static HeartbeatSettings *
read_settings (const char *const *environment, const char *const *arguments, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (g_free);
  g_autofree char **argv = NULL;
  int argc;
  guint n;
  const HeartbeatSettingSpec *specs = heartbeat_setting_spec_list (&n);

  for (guint i = 0; i < n; i++)
    g_unsetenv (specs[i].variable);
  g_unsetenv ("CREDENTIALS_DIRECTORY");
  for (; environment != NULL && *environment != NULL; environment++)
    {
      const char *equals = strchr (*environment, '=');
      g_autofree char *name = g_strndup (*environment, equals - *environment);

      g_setenv (name, equals + 1, TRUE);
    }

  g_ptr_array_add (list, g_strdup ("heartbeat-consumer"));
  for (; arguments != NULL && *arguments != NULL; arguments++)
    g_ptr_array_add (list, g_strdup (*arguments));
  /* GOption takes what it knows out of the array. */
  argv = g_new0 (char *, list->len + 1);
  memcpy (argv, list->pdata, list->len * sizeof (char *));
  argc = (int) list->len;
  return heartbeat_settings_new (&argc, &argv, error);
}

static HeartbeatSettings *
read_good (const char *const *environment, const char *const *arguments)
{
  g_autoptr (GError) error = NULL;
  HeartbeatSettings *settings = read_settings (environment, arguments, &error);

  g_assert_no_error (error);
  g_assert_nonnull (settings);
  return settings;
}

static char *
read_bad (const char *const *environment, const char *const *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatSettings) settings = read_settings (environment, arguments, &error);

  g_assert_null (settings);
  g_assert_nonnull (error);
  g_assert_cmpstr (error->message, !=, "");
  return g_strdup (error->message);
}

/* The two that are required, and one more. */
static HeartbeatSettings *
read_variable (const char *name, const char *value, GError **error)
{
  g_autofree char *text = g_strdup_printf ("%s=%s", name, value);
  const char *environment[] = { "AGENT_NAME=cack", "HEARTBEAT_PATH=h.json", text, NULL };

  return read_settings (environment, NULL, error);
}

static HeartbeatSettings *
read_option (const char *option, const char *value, GError **error)
{
  static const char *const environment[] = { "AGENT_NAME=cack", "HEARTBEAT_PATH=h.json", NULL };
  g_autofree char *text = g_strdup_printf ("--%s=%s", option, value);
  const char *arguments[] = { text, NULL };

  return read_settings (environment, arguments, error);
}

/* --- Every setting -------------------------------------------------------------------------------------------------- */

typedef struct
{
  const char *variable;
  const char *option;
  const char *fallback; /* as README has it */
  const char *one;
  const char *other;
} Setting;

static const Setting settings[] = {
  { "AGENT_NAME", "agent", "cack", "tonny", "7of-9_x" },
  { "HEARTBEAT_PATH", "config", "h.json", "/a b/caf\xc3\xa9.json", "x" },
  { "RABBIT_URL", "rabbit-url", "amqp://delorenj:delorenj@localhost:5673/", "amqp://localhost/",
    "amqp://a:b@c/ amqps://d:e@f/%2F" },
  { "EXCHANGE_NAME", "exchange", "bloodbank.events.v1", "a", "b.c" },
  { "LOG_LEVEL", "log-level", "INFO", "DEBUG", "ERROR" },
  { "TICK_SOURCE", "tick-source", "amqp", "local", "auto" },
  { "TICK_INTERVAL_S", "tick-interval", "60", "1", "86400" },
  { "HEARTBEAT_BUS", "bus", "session", "none", "session" },
  { "NOTIFY", "notify", "failures", "all", "none" },
  { "QUEUE_TYPE", "queue-type", "classic", "quorum", "classic" },
  { "MAX_CONCURRENT_RUNS", "max-concurrent-runs", "1", "2", "3" },
  { "HANDLER_TIMEOUT_S", "handler-timeout", "300", "1", "1500" },
};

static void
assert_setting (HeartbeatSettings *found, const Setting *setting, const char *expected)
{
  g_assert_cmpstr (heartbeat_settings_get (found, setting->variable), ==, expected);
}

static void
test_setting (gconstpointer data)
{
  const Setting *setting = data;
  g_autofree char *one = g_strdup_printf ("%s=%s", setting->variable, setting->one);
  g_autofree char *empty = g_strdup_printf ("%s=", setting->variable);
  g_autofree char *option = g_strdup_printf ("--%s=%s", setting->option, setting->other);
  g_autofree char *name = g_strconcat ("--", setting->option, NULL);
  const char *required[] = { "AGENT_NAME=cack", "HEARTBEAT_PATH=h.json", NULL, NULL };
  const char *arguments[] = { option, NULL };
  const char *two_arguments[] = { name, setting->other, NULL };
  gboolean is_required = g_str_equal (setting->variable, "AGENT_NAME")
                         || g_str_equal (setting->variable, "HEARTBEAT_PATH");
  g_autoptr (HeartbeatSettings) by_default = read_good (required, NULL);
  g_autoptr (HeartbeatSettings) by_option = read_good (required, arguments);
  g_autoptr (HeartbeatSettings) by_two_arguments = read_good (required, two_arguments);
  g_autoptr (HeartbeatSettings) by_variable = NULL;
  g_autoptr (HeartbeatSettings) by_both = NULL;
  g_autoptr (HeartbeatSettings) by_empty_variable = NULL;

  assert_setting (by_default, setting, setting->fallback);
  assert_setting (by_option, setting, setting->other);
  assert_setting (by_two_arguments, setting, setting->other);
  required[2] = one;
  by_variable = read_good (required, NULL);
  assert_setting (by_variable, setting, setting->one);
  by_both = read_good (required, arguments);
  assert_setting (by_both, setting, setting->other);
  if (is_required)
    return;
  required[2] = empty;
  by_empty_variable = read_good (required, NULL);
  assert_setting (by_empty_variable, setting, setting->fallback);
}

static void
test_option_wins_over_a_bad_variable (void)
{
  const char *environment[]
      = { "AGENT_NAME=.", "HEARTBEAT_PATH=h.json", "LOG_LEVEL=loud", "TICK_INTERVAL_S=x", NULL };
  const char *arguments[] = { "--agent=cack", "--log-level=debug", "--tick-interval=5", NULL };
  g_autoptr (HeartbeatSettings) found = read_good (environment, arguments);

  g_assert_cmpstr (heartbeat_settings_get (found, "AGENT_NAME"), ==, "cack");
}

static void
test_last_of_two_options_wins (void)
{
  const char *arguments[]
      = { "--agent=a", "--agent=b", "--config=h", "--tick-interval=5", "--tick-interval=6", NULL };
  g_autoptr (HeartbeatSettings) found = read_good (NULL, arguments);

  g_assert_cmpstr (heartbeat_settings_get (found, "AGENT_NAME"), ==, "b");
  g_assert_cmpuint (heartbeat_settings_get_number (found, "TICK_INTERVAL_S"), ==, 6);
}

/* --- Values --------------------------------------------------------------------------------------------------------- */

typedef struct
{
  const char *variable;
  const char *option;
  const char *values[10];
} Values;

static const Values good_values[] = {
  { "LOG_LEVEL",
    "log-level",
    { "debug", "Info", "wArNiNg", "warn", "error", "critical", "fatal", "FATAL", "WARN" } },
  { "TICK_SOURCE", "tick-source", { "AMQP", "Local", "auto" } },
  { "HEARTBEAT_BUS", "bus", { "SESSION", "None" } },
  { "NOTIFY", "notify", { "Failures", "ALL", "none" } },
  { "QUEUE_TYPE", "queue-type", { "CLASSIC", "Quorum" } },
  { "TICK_INTERVAL_S", "tick-interval", { "1", "060", "86400" } },
  { "MAX_CONCURRENT_RUNS", "max-concurrent-runs", { "1", "1000" } },
  { "HANDLER_TIMEOUT_S", "handler-timeout", { "1", "1500" } },
  { "EXCHANGE_NAME", "exchange", { "x", "a.b-c_d:e", "caf\xc3\xa9" } },
  { "INBOX_HANDLER", "inbox-handler", { "mail", "a b" } },
  { "PUBLISH_RESULTS", "publish-results", { "YES", "no", "True", "0" } },
};

static const Values bad_values[] = {
  { "LOG_LEVEL", "log-level", { "verbose", "INFO ", " INFO", "INF", "INFOO", "3", "NOTSET" } },
  { "TICK_SOURCE", "tick-source", { "timer", "amqp,local", "amqps" } },
  { "HEARTBEAT_BUS", "bus", { "system", "no", "0" } },
  { "NOTIFY", "notify", { "failure", "yes" } },
  { "QUEUE_TYPE", "queue-type", { "stream", "quorums" } },
  { "TICK_INTERVAL_S",
    "tick-interval",
    { "0", "86401", "-1", "+1", " 1", "1 ", "1.0", "0x10", "60s", "18446744073709551617" } },
  { "MAX_CONCURRENT_RUNS", "max-concurrent-runs", { "0", "-1", "1001", "one", "4294967297" } },
  { "HANDLER_TIMEOUT_S", "handler-timeout", { "0", "1501", "1e3", "300000", "-300" } },
  { "PUBLISH_RESULTS", "publish-results", { "maybe", "2", "y" } },
  { "RABBIT_URL", "rabbit-url", { "localhost", "http://localhost/", "amqp://h:0/", " ", "," } },
};

static void
test_good_values (gconstpointer data)
{
  const Values *v = data;

  for (guint i = 0; i < G_N_ELEMENTS (v->values) && v->values[i] != NULL; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (HeartbeatSettings) by_variable = read_variable (v->variable, v->values[i], &error);
      g_autoptr (HeartbeatSettings) by_option = NULL;

      g_assert_no_error (error);
      by_option = read_option (v->option, v->values[i], &error);
      g_assert_no_error (error);
    }
}

/* The message tells where to look, by either name, and what is expected there. */
static void
assert_named (const GError *error, const Values *values)
{
  hbtest_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT, values->variable);
  hbtest_assert_contains (error->message, values->option);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static void
test_bad_values (gconstpointer data)
{
  const Values *v = data;

  for (guint i = 0; i < G_N_ELEMENTS (v->values) && v->values[i] != NULL; i++)
    {
      g_autoptr (GError) by_variable = NULL;
      g_autoptr (GError) by_option = NULL;

      g_assert_null (read_variable (v->variable, v->values[i], &by_variable));
      assert_named (by_variable, v);
      g_assert_null (read_option (v->option, v->values[i], &by_option));
      assert_named (by_option, v);
      g_assert_cmpstr (by_variable->message, ==, by_option->message);
    }
}

static void
test_variables_that_are_no_utf_8 (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (read_variable (settings[i].variable, "a\xff" PASSWORD, &error));
      g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      hbtest_assert_contains (error->message, settings[i].variable);
      g_assert_null (strstr (error->message, PASSWORD));
    }
}

/* --- Log levels ----------------------------------------------------------------------------------------------------- */

static void
test_log_levels (void)
{
  const GLogLevelFlags errors = G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL;
  const GLogLevelFlags infos
      = errors | G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO;
  const struct
  {
    const char *name;
    GLogLevelFlags levels;
  } cases[] = {
    { "DEBUG", infos | G_LOG_LEVEL_DEBUG },
    { "debug", infos | G_LOG_LEVEL_DEBUG },
    { "INFO", infos },
    { "info", infos },
    { "WARNING", errors | G_LOG_LEVEL_WARNING },
    { "Warning", errors | G_LOG_LEVEL_WARNING },
    { "warn", errors | G_LOG_LEVEL_WARNING },
    { "ERROR", errors },
    { "error", errors },
    { "CRITICAL", errors },
    { "critical", errors },
    { "fatal", errors },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (HeartbeatSettings) found = read_variable ("LOG_LEVEL", cases[i].name, NULL);

      g_assert_nonnull (found);
      g_assert_cmpuint (heartbeat_settings_get_log_levels (found), ==, cases[i].levels);
    }
}

/* --- The agent ------------------------------------------------------------------------------------------------------ */

static void
test_good_agent_names (void)
{
  g_autofree char *longest = g_strnfill (64, 'a');
  const char *const names[] = { "a", "7", "cack", "Cack-2_b", "a-", "a_", longest };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (HeartbeatSettings) found = read_variable ("AGENT_NAME", names[i], NULL);

      g_assert_nonnull (found);
      g_assert_cmpstr (heartbeat_settings_get (found, "AGENT_NAME"), ==, names[i]);
    }
}

static void
test_bad_agent_names (void)
{
  g_autofree char *longer = g_strnfill (65, 'a');
  const char *const names[] = { "a.b", "#",  "a#",  "*",   "_a",          "-a",  ".",   "a b",
                                " a",  "a ", "a/b", "a\n", "caf\xc3\xa9", "a:b", "a@b", longer };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (read_variable ("AGENT_NAME", names[i], &error));
      hbtest_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                           "AGENT_NAME (--agent)");
      hbtest_assert_contains (error->message, "[A-Za-z0-9][A-Za-z0-9_-]{0,63}");
    }
}

static void
test_required_settings (void)
{
  static const struct
  {
    const char *environment[3];
    const char *arguments[3];
    const char *message;
  } cases[] = {
    { { NULL }, { NULL }, "AGENT_NAME (--agent) is missing" },
    { { "HEARTBEAT_PATH=h" }, { NULL }, "AGENT_NAME (--agent) is missing" },
    { { "AGENT_NAME=", "HEARTBEAT_PATH=h" }, { NULL }, "AGENT_NAME (--agent) is missing" },
    { { "HEARTBEAT_PATH=h" }, { "--agent=" }, "AGENT_NAME (--agent) is missing" },
    { { "AGENT_NAME=cack" }, { NULL }, "HEARTBEAT_PATH (--config) is missing" },
    { { "AGENT_NAME=cack", "HEARTBEAT_PATH=" }, { NULL }, "HEARTBEAT_PATH (--config) is missing" },
    { { "AGENT_NAME=cack" }, { "--config=" }, "HEARTBEAT_PATH (--config) is missing" },
    { { NULL }, { "--agents-dir=" }, "HEARTBEAT_DIR (--agents-dir) is missing" },
    { { "AGENT_NAME=cack", "HEARTBEAT_DIR=d" },
      { NULL },
      "HEARTBEAT_DIR (--agents-dir) serves all agents of a folder and AGENT_NAME (--agent) is of "
      "one: unset one of the "
      "two" },
    { { "HEARTBEAT_DIR=d" },
      { "--config=h" },
      "HEARTBEAT_DIR (--agents-dir) serves all agents of a folder and HEARTBEAT_PATH (--config) is "
      "of one: unset one of "
      "the two" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *message = read_bad (cases[i].environment, cases[i].arguments);

      g_assert_cmpstr (message, ==, cases[i].message);
    }
}

/* --- The command line ----------------------------------------------------------------------------------------------- */

static void
test_stray_argument (void)
{
  const char *environment[] = { "AGENT_NAME=cack", "HEARTBEAT_PATH=h.json", NULL };
  const char *arguments[] = { "--agent", "cack", "stray", NULL };
  g_autofree char *message = read_bad (environment, arguments);

  g_assert_cmpstr (message, ==, "“stray” is not expected");
}

static void
test_unknown_option (void)
{
  const char *environment[] = { "AGENT_NAME=cack", "HEARTBEAT_PATH=h.json", NULL };
  const char *arguments[] = { "--colour", NULL };
  g_autofree char *message = read_bad (environment, arguments);

  hbtest_assert_contains (message, "--colour");
}

static void
test_version_needs_nothing_else (void)
{
  const char *environment[] = { "AGENT_NAME=.", "LOG_LEVEL=loud", "RABBIT_URL=x", NULL };
  const char *arguments[] = { "--version", NULL };
  g_autoptr (HeartbeatSettings) alone = read_good (NULL, arguments);
  g_autoptr (HeartbeatSettings) among_rubbish = read_good (environment, arguments);

  g_assert_true (alone->version);
  g_assert_true (among_rubbish->version);
}

static void
test_check_config (void)
{
  const char *environment[] = { "AGENT_NAME=cack", "HEARTBEAT_PATH=h.json", NULL };
  const char *arguments[] = { "--check-config", NULL };
  g_autoptr (HeartbeatSettings) with = read_good (environment, arguments);
  g_autoptr (HeartbeatSettings) without = read_good (environment, NULL);

  g_assert_true (with->check_config);
  g_assert_false (with->version);
  g_assert_false (without->check_config);
}

/* --- The password --------------------------------------------------------------------------------------------------- */

static const char *const bad_urls[] = {
  "cack:" PASSWORD "@localhost",
  "http://cack:" PASSWORD "@localhost/",
  "amqp://cack:" PASSWORD "@localhost:99999/",
  "amqp://cack:" PASSWORD "@localhost:0/",
  "amqp://cack:" PASSWORD "@local host/",
  "amqp://cack:" PASSWORD "@localhost/a/b",
  "amqp://cack:" PASSWORD "@localhost/?colour=red",
  "amqp://cack:" PASSWORD "@localhost/#x",
  "amqp://cack:%00" PASSWORD "@localhost/",
  "amqp://cack:%zz" PASSWORD "@localhost/",
  "amqp://cack:" PASSWORD "@[::1/",
  "amqp://cack:" PASSWORD "/x@localhost/",
  "amqp://cack:x@" PASSWORD "@localhost/",
  "amqp://cack:" PASSWORD "\n@localhost/",
  "amqp://a:b@localhost/ amqp://cack:" PASSWORD "@localhost:0/",
  "amqp//cack:" PASSWORD "@localhost/",
  "amqp:cack:" PASSWORD "@localhost/",
};

static void
test_bad_url_in_the_environment (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad_urls); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (read_variable ("RABBIT_URL", bad_urls[i], &error));
      hbtest_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
                           "RABBIT_URL (--rabbit-url)");
      g_assert_null (strstr (error->message, PASSWORD));
    }
}

static void
test_bad_url_as_an_option (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad_urls); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (read_option ("rabbit-url", bad_urls[i], &error));
      g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT);
      g_assert_null (strstr (error->message, PASSWORD));
    }
}

static void
assert_hidden (const char *first, const char *second)
{
  const char *environment[] = { "AGENT_NAME=cack", "HEARTBEAT_PATH=h.json", NULL };
  const char *arguments[] = { first, second, NULL };
  g_autofree char *message = read_bad (environment, arguments);

  g_assert_null (strstr (message, PASSWORD));
}

/* A URL where none is expected, as happens where an option is misspelt or forgotten. */
static void
test_url_in_the_wrong_place (void)
{
  assert_hidden ("amqp://cack:" PASSWORD "@localhost/", NULL);
  assert_hidden ("--rabbit-ulr=amqp://cack:" PASSWORD "@localhost/", NULL);
  assert_hidden ("--rabbit-ulr", "amqp://cack:" PASSWORD "@localhost/");
  assert_hidden ("-ramqp://cack:" PASSWORD "@localhost/", NULL);
  assert_hidden ("--agent=amqp://cack:" PASSWORD "@localhost/", NULL);
  assert_hidden ("--log-level=amqp://cack:" PASSWORD "@localhost/", NULL);
  assert_hidden ("--tick-interval=amqp://cack:" PASSWORD "@localhost/", NULL);
  assert_hidden ("--exchange=amqp://cack:" PASSWORD "@localhost/", NULL);
  assert_hidden ("--inbox-handler=AMQPS://cack:" PASSWORD "@localhost/", NULL);
  assert_hidden ("--config=amqps://cack:" PASSWORD "@localhost/", NULL);
}

/* --- The credential ------------------------------------------------------------------------------------------------- */

typedef struct
{
  char *folder;
  char *path;
  char *variable;
} Credential;

static void
set_up (Credential *credential, gconstpointer data)
{
  credential->folder = hbtest_make_folder ();
  credential->path = g_build_filename (credential->folder, "rabbit-url", NULL);
  credential->variable = g_strconcat ("CREDENTIALS_DIRECTORY=", credential->folder, NULL);
}

static void
tear_down (Credential *credential, gconstpointer data)
{
  hbtest_remove_folder (credential->folder);
  g_free (credential->path);
  g_free (credential->variable);
}

static void
write_credential (Credential *credential, const char *text)
{
  hbtest_write (credential->path, text);
}

static HeartbeatSettings *
read_with_credential (Credential *credential, const char *more, GError **error)
{
  const char *environment[]
      = { "AGENT_NAME=cack", "HEARTBEAT_PATH=h.json", credential->variable, more, NULL };

  return read_settings (environment, NULL, error);
}

static void
test_credential_is_read (Credential *credential, gconstpointer data)
{
  g_autoptr (HeartbeatSettings) found = NULL;
  g_autoptr (HeartbeatSettings) with_empty_variable = NULL;

  write_credential (credential, "  amqp://cack:" PASSWORD "@localhost/\n");
  found = read_with_credential (credential, NULL, NULL);
  g_assert_nonnull (found);
  g_assert_cmpstr (heartbeat_settings_get (found, "RABBIT_URL"), ==,
                   "amqp://cack:" PASSWORD "@localhost/");
  with_empty_variable = read_with_credential (credential, "RABBIT_URL=", NULL);
  g_assert_nonnull (with_empty_variable);
  g_assert_cmpstr (heartbeat_settings_get (with_empty_variable, "RABBIT_URL"), ==,
                   heartbeat_settings_get (found, "RABBIT_URL"));
}

static void
test_variable_wins_over_credential (Credential *credential, gconstpointer data)
{
  g_autoptr (HeartbeatSettings) found = NULL;

  write_credential (credential, "rubbish");
  found = read_with_credential (credential, "RABBIT_URL=amqp://localhost/", NULL);
  g_assert_nonnull (found);
  g_assert_cmpstr (heartbeat_settings_get (found, "RABBIT_URL"), ==, "amqp://localhost/");
}

static void
test_no_credential (Credential *credential, gconstpointer data)
{
  g_autoptr (HeartbeatSettings) found = read_with_credential (credential, NULL, NULL);

  g_assert_nonnull (found);
  g_assert_false (heartbeat_settings_has (found, "RABBIT_URL"));
}

/* What a unit gives where nobody has written one. */
static void
test_empty_credential (Credential *credential, gconstpointer data)
{
  g_autoptr (HeartbeatSettings) found = NULL;

  write_credential (credential, "\n");
  found = read_with_credential (credential, NULL, NULL);
  g_assert_nonnull (found);
  g_assert_false (heartbeat_settings_has (found, "RABBIT_URL"));
}

static void
test_bad_credential (Credential *credential, gconstpointer data)
{
  static const char *const texts[] = { "rubbish " PASSWORD, "amqp://cack:" PASSWORD "@localhost:0/",
                                       "amqp://\xff" PASSWORD "/" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;

      write_credential (credential, texts[i]);
      g_assert_null (read_with_credential (credential, NULL, &error));
      g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT);
      g_assert_null (strstr (error->message, PASSWORD));
    }
}

/* It is there, so the default broker is not meant. */
static void
test_unreadable_credential (Credential *credential, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir (credential->path, 0700), ==, 0);
  g_assert_null (read_with_credential (credential, NULL, &error));
  g_assert_nonnull (error);
  hbtest_assert_contains (error->message, credential->path);
}

/* Nothing in the working folder is a credential. */
static void
test_empty_credentials_variable (Credential *credential, gconstpointer data)
{
  const char *environment[]
      = { "AGENT_NAME=cack", "HEARTBEAT_PATH=h.json", "CREDENTIALS_DIRECTORY=", NULL };
  g_autofree char *before = g_get_current_dir ();
  g_autoptr (HeartbeatSettings) found = NULL;

  write_credential (credential, "amqp://attacker/");
  g_assert_cmpint (g_chdir (credential->folder), ==, 0);
  found = read_good (environment, NULL);
  g_assert_cmpint (g_chdir (before), ==, 0);
  g_assert_false (heartbeat_settings_has (found, "RABBIT_URL"));
}

#define ADD(path, func) g_test_add (path, Credential, NULL, set_up, func, tear_down)

static void
test_a_folder_instead_of_an_agent (void)
{
  static const char *const environment[] = { "AGENT_NAME=", "HEARTBEAT_DIR=/a/b", NULL };
  static const char *const arguments[] = { "--agents-dir=c", NULL };
  g_autoptr (HeartbeatSettings) by_variable = read_good (environment, NULL);
  g_autoptr (HeartbeatSettings) by_option = read_good (environment, arguments);

  g_assert_cmpstr (heartbeat_settings_get (by_variable, "HEARTBEAT_DIR"), ==, "/a/b");
  g_assert_false (heartbeat_settings_has (by_variable, "AGENT_NAME"));
  g_assert_false (heartbeat_settings_has (by_variable, "HEARTBEAT_PATH"));
  g_assert_cmpstr (heartbeat_settings_get (by_option, "HEARTBEAT_DIR"), ==, "c");
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "C.UTF-8");
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    {
      g_autofree char *path = g_strconcat ("/settings/each/", settings[i].option, NULL);

      g_test_add_data_func (path, &settings[i], test_setting);
    }
  for (guint i = 0; i < G_N_ELEMENTS (good_values); i++)
    {
      g_autofree char *path = g_strconcat ("/settings/values/good/", good_values[i].option, NULL);

      g_test_add_data_func (path, &good_values[i], test_good_values);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad_values); i++)
    {
      g_autofree char *path = g_strconcat ("/settings/values/bad/", bad_values[i].option, NULL);

      g_test_add_data_func (path, &bad_values[i], test_bad_values);
    }
  g_test_add_func ("/settings/option-wins-over-a-bad-variable",
                   test_option_wins_over_a_bad_variable);
  g_test_add_func ("/settings/last-of-two-options-wins", test_last_of_two_options_wins);
  g_test_add_func ("/settings/values/no-utf-8", test_variables_that_are_no_utf_8);
  g_test_add_func ("/settings/log-levels", test_log_levels);
  g_test_add_func ("/settings/agent/good-names", test_good_agent_names);
  g_test_add_func ("/settings/agent/bad-names", test_bad_agent_names);
  g_test_add_func ("/settings/required", test_required_settings);
  g_test_add_func ("/settings/stray-argument", test_stray_argument);
  g_test_add_func ("/settings/unknown-option", test_unknown_option);
  g_test_add_func ("/settings/version-needs-nothing-else", test_version_needs_nothing_else);
  g_test_add_func ("/settings/check-config", test_check_config);
  g_test_add_func ("/settings/password/bad-url-in-the-environment",
                   test_bad_url_in_the_environment);
  g_test_add_func ("/settings/password/bad-url-as-an-option", test_bad_url_as_an_option);
  g_test_add_func ("/settings/password/url-in-the-wrong-place", test_url_in_the_wrong_place);
  ADD ("/settings/credential/is-read", test_credential_is_read);
  ADD ("/settings/credential/variable-wins", test_variable_wins_over_credential);
  ADD ("/settings/credential/none", test_no_credential);
  ADD ("/settings/credential/empty", test_empty_credential);
  ADD ("/settings/credential/bad", test_bad_credential);
  ADD ("/settings/credential/unreadable", test_unreadable_credential);
  ADD ("/settings/credential/empty-variable", test_empty_credentials_variable);

  g_test_add_func ("/settings/folder", test_a_folder_instead_of_an_agent);
  return g_test_run ();
}
