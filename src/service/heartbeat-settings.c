/* SPDX-License-Identifier: MIT */

#include "service/heartbeat-settings.h"

#include <string.h>

#include "amqp/heartbeat-broker-uri.h"
#include "consumer/heartbeat-consumer.h"
#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"
#include "handlers/heartbeat-executables.h"

#define CREDENTIAL "rabbit-url"

/* AMQP 0-9-1, section 4.2.5.3: the name of an exchange is a short string. */
#define MAX_SHORT_STRING 255

/**
 * Setting:
 * @variable: its environment variable
 * @option: its long option
 * @offset: of its text in #HeartbeatSettings
 * @fallback: (nullable): its default
 * @values: (nullable): what it may be, separated by spaces
 * @number: offset of its number in #HeartbeatSettings, or 0 for a text
 * @least: the smallest number
 * @most: the largest one
 * @placeholder: how `--help` names its value
 * @help: what `--help` says
 *
 * One row for each setting: adding one is adding a row.
 */
typedef struct
{
  const char *variable;
  const char *option;
  gsize offset;
  const char *fallback;
  const char *values;
  gsize number;
  guint least;
  guint most;
  const char *placeholder;
  const char *help;
} Setting;

#define TEXT(member)            G_STRUCT_OFFSET (HeartbeatSettings, member), NULL, NULL, 0, 0, 0
#define FIXED(member, fallback) G_STRUCT_OFFSET (HeartbeatSettings, member), fallback, NULL, 0, 0, 0
#define ONE_OF(member, fallback, values)                                                           \
  G_STRUCT_OFFSET (HeartbeatSettings, member), fallback, values, 0, 0, 0
#define NUMBER(member, fallback, least, most)                                                      \
  G_STRUCT_OFFSET (HeartbeatSettings, member##_text), fallback, NULL,                              \
      G_STRUCT_OFFSET (HeartbeatSettings, member), least, most

/* Those that mean yes are at odd places. */
#define YES_OR_NO "no yes false true off on 0 1"

static const Setting settings[] = {
  { "AGENT_NAME", "agent", TEXT (agent), N_ ("NAME"), N_ ("The agent to serve") },
  { "HEARTBEAT_PATH", "config", TEXT (config), N_ ("FILE"), N_ ("Its heartbeat.json") },
  { "HEARTBEAT_DIR", "agents-dir", TEXT (agents_dir), N_ ("FOLDER"),
    N_ ("Serve all agents whose files are in it, instead of one") },
  { "RABBIT_URL", "rabbit-url", TEXT (rabbit_url), N_ ("URL"),
    N_ ("The broker, amqp:// or amqps://; several are separated by spaces") },
  { "EXCHANGE_NAME", "exchange", FIXED (exchange, HEARTBEAT_DEFAULT_EXCHANGE), N_ ("NAME"),
    N_ ("The topic exchange") },
  { "LOG_LEVEL", "log-level",
    ONE_OF (log_level, "INFO", "DEBUG INFO WARNING WARN ERROR CRITICAL FATAL"), N_ ("LEVEL"),
    N_ ("DEBUG, INFO, WARNING, ERROR or CRITICAL") },
  { "TICK_SOURCE", "tick-source", ONE_OF (tick_source, "amqp", "amqp local auto"), N_ ("SOURCE"),
    N_ ("amqp, local (a timer in the process) or auto (local while the broker sends none)") },
  { "TICK_INTERVAL_S", "tick-interval", NUMBER (tick_interval, "60", 1, 86400), N_ ("SECONDS"),
    N_ ("Between two local ticks") },
  { "HEARTBEAT_BUS", "bus", ONE_OF (bus, "session", "session none"), N_ ("BUS"),
    N_ ("session or none") },
  { "NOTIFY", "notify", ONE_OF (notify, "failures", "failures all none"), N_ ("WHAT"),
    N_ ("failures, all or none") },
  { "QUEUE_TYPE", "queue-type", ONE_OF (queue_type, "classic", "classic quorum"), N_ ("TYPE"),
    N_ ("classic or quorum") },
  { "MAX_CONCURRENT_RUNS", "max-concurrent-runs", NUMBER (max_concurrent_runs, "1", 1, 1000),
    N_ ("NUMBER"), N_ ("Runs that ticks may have going at once") },
  { "HANDLER_TIMEOUT_S", "handler-timeout", NUMBER (handler_timeout, "300", 1, 1500),
    N_ ("SECONDS"), N_ ("Time limit of a run; a check's timeoutMs wins") },
  { "INBOX_HANDLER", "inbox-handler", TEXT (inbox_handler), N_ ("NAME"),
    N_ ("The handler of messages that come into the agent's inbox") },
  { "PUBLISH_RESULTS", "publish-results", ONE_OF (publish_results_text, "no", YES_OR_NO),
    N_ ("WHETHER"), N_ ("Publish how each run has ended: yes or no") },
  { "HANDLER_PATH", "handler-path", TEXT (handler_path), N_ ("FOLDERS"),
    N_ ("Where handlers are executables, separated by colons") },
};

static char **
text_of (HeartbeatSettings *self, const Setting *setting)
{
  return G_STRUCT_MEMBER_P (self, setting->offset);
}

/* A broker's URL in the wrong place may hold a password: what follows the scheme is not shown. */
static char *
dup_shown (const char *text)
{
  const char *end = strstr (text, "://");

  return end != NULL ? g_strdup_printf ("%.*s://…", (int) (end - text), text) : g_strdup (text);
}

static gboolean
fail (GError **error, const Setting *setting, const char *value, const char *rule)
{
  g_autofree char *shown = dup_shown (value);

  /* Translators: a variable, an option, its value, the rule that it breaks (“a number from 1 to 60 is expected”) */
  g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
               _ ("%s (--%s) is “%s”: %s"), setting->variable, setting->option, shown, rule);
  return FALSE;
}

static gboolean
check_values (const Setting *setting, char *value, GError **error)
{
  g_auto (GStrv) values = g_strsplit (setting->values, " ", -1);
  g_autofree char *listed = g_strjoinv (", ", values);
  g_autofree char *rule = g_strdup_printf (_ ("one of %s is expected"), listed);

  for (guint i = 0; values[i] != NULL; i++)
    {
      if (g_ascii_strcasecmp (values[i], value) != 0)
        continue;
      memcpy (value, values[i], strlen (value));
      return TRUE;
    }
  return fail (error, setting, value, rule);
}

static gboolean
read_number (HeartbeatSettings *self, const Setting *setting, const char *value, GError **error)
{
  g_autofree char *rule = NULL;
  guint64 number;

  if (g_ascii_string_to_unsigned (value, 10, setting->least, setting->most, &number, NULL))
    {
      G_STRUCT_MEMBER (guint, self, setting->number) = number;
      return TRUE;
    }
  rule = g_strdup_printf (_ ("a number from %u to %u is expected"), setting->least, setting->most);
  return fail (error, setting, value, rule);
}

/* An exchange, a file or a handler of that name would be shown to everybody, and with it the password. */
static gboolean
is_misplaced_url (const Setting *setting, const char *value)
{
  return setting->offset != G_STRUCT_OFFSET (HeartbeatSettings, rabbit_url)
         && (g_ascii_strncasecmp (value, "amqp://", strlen ("amqp://")) == 0
             || g_ascii_strncasecmp (value, "amqps://", strlen ("amqps://")) == 0);
}

/* An option wins over its variable; an empty variable counts as unset. */
static gboolean
resolve (HeartbeatSettings *self, const Setting *setting, GError **error)
{
  char **text = text_of (self, setting);
  const char *variable = g_getenv (setting->variable);

  if (*text == NULL && variable != NULL && *variable != '\0')
    *text = g_strdup (variable);
  if (*text == NULL)
    *text = g_strdup (setting->fallback);
  if (*text == NULL)
    return TRUE;
  if (!g_utf8_validate (*text, -1, NULL))
    return fail (error, setting, "?", _ ("UTF-8 is expected"));
  if (is_misplaced_url (setting, *text))
    return fail (error, setting, *text,
                 _ ("a broker's URL belongs into RABBIT_URL (--rabbit-url)"));
  if (setting->values != NULL)
    return check_values (setting, *text, error);
  return setting->number == 0 || read_number (self, setting, *text, error);
}

/* systemd passes secrets as files rather than in the environment. Where there is one, the default broker is not meant; an
 * empty one counts as unset, as the units give it where nobody has written one. */
static gboolean
read_credential (HeartbeatSettings *self, GError **error)
{
  const char *folder = g_getenv ("CREDENTIALS_DIRECTORY");
  g_autofree char *path = NULL;
  g_autoptr (GError) read_error = NULL;

  if (self->rabbit_url != NULL || folder == NULL || *folder == '\0')
    return TRUE;
  path = g_build_filename (folder, CREDENTIAL, NULL);
  if (g_file_get_contents (path, &self->rabbit_url, NULL, &read_error))
    {
      if (*g_strstrip (self->rabbit_url) == '\0')
        g_clear_pointer (&self->rabbit_url, g_free);
      return TRUE;
    }
  if (g_error_matches (read_error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&read_error));
  return FALSE;
}

static gboolean
is_yes (const char *value)
{
  g_auto (GStrv) values = g_strsplit (YES_OR_NO, " ", -1);

  for (guint i = 1; i < g_strv_length (values); i += 2)
    if (strcmp (values[i], value) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
require (const char *value, const char *variable, const char *option, GError **error)
{
  if (value != NULL && *value != '\0')
    return TRUE;
  g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT, _ ("%s (--%s) is missing"),
               variable, option);
  return FALSE;
}

/* One agent, or a folder of them: who gives both may mean either. */
static gboolean
check_folder (HeartbeatSettings *self, GError **error)
{
  const Setting *other = self->agent != NULL ? &settings[0] : &settings[1];

  if (!require (self->agents_dir, "HEARTBEAT_DIR", "agents-dir", error))
    return FALSE;
  if (self->agent == NULL && self->config == NULL)
    return TRUE;
  g_set_error (
      error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
      _ ("HEARTBEAT_DIR (--agents-dir) serves all agents of a folder and %s (--%s) is of one: "
         "unset one of the two"),
      other->variable, other->option);
  return FALSE;
}

static gboolean
check_agent (HeartbeatSettings *self, GError **error)
{
  if (self->agents_dir != NULL)
    return check_folder (self, error);
  if (!require (self->agent, "AGENT_NAME", "agent", error)
      || !require (self->config, "HEARTBEAT_PATH", "config", error))
    return FALSE;
  return heartbeat_agent_is_name (self->agent)
         || fail (error, &settings[0], self->agent,
                  _ ("a name of the form [A-Za-z0-9][A-Za-z0-9_-]{0,63} is expected"));
}

static gboolean
check_url (HeartbeatSettings *self, GError **error)
{
  g_autoptr (GPtrArray) uris = NULL;

  if (self->rabbit_url == NULL)
    return TRUE;
  uris = heartbeat_broker_uri_parse_list (self->rabbit_url, error);
  if (uris == NULL)
    g_prefix_error (error, "RABBIT_URL (--rabbit-url): ");
  return uris != NULL;
}

static gboolean
check_handler_path (HeartbeatSettings *self, GError **error)
{
  g_auto (GStrv) folders = heartbeat_executables_parse_path (self->handler_path, error);

  if (folders == NULL)
    g_prefix_error (error, "HANDLER_PATH (--handler-path): ");
  return folders != NULL;
}

static gboolean
check_exchange (HeartbeatSettings *self, GError **error)
{
  g_autofree char *shown = NULL;

  if (!require (self->exchange, "EXCHANGE_NAME", "exchange", error))
    return FALSE;
  if (strlen (self->exchange) <= MAX_SHORT_STRING)
    return TRUE;
  shown = g_utf8_substring (self->exchange, 0, 40);
  g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
               _ ("EXCHANGE_NAME (--exchange) is “%s…”: at most 255 bytes are expected"), shown);
  return FALSE;
}

static gboolean
parse_options (HeartbeatSettings *self, int *argc, char ***argv, GError **error)
{
  GOptionEntry entries[G_N_ELEMENTS (settings) + 3] = { 0 };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) parse_error = NULL;
  g_autofree char *shown = NULL;
  guint n = 0;

  for (; n < G_N_ELEMENTS (settings); n++)
    entries[n] = (GOptionEntry){ settings[n].option,           0,
                                 G_OPTION_FLAG_NONE,           G_OPTION_ARG_STRING,
                                 text_of (self, &settings[n]), settings[n].help,
                                 settings[n].placeholder };
  entries[n++] = (GOptionEntry){ "check-config",
                                 0,
                                 0,
                                 G_OPTION_ARG_NONE,
                                 &self->check_config,
                                 N_ ("Check settings and file, and exit with 0 or 2"),
                                 NULL };
  entries[n++] = (GOptionEntry){
    "version", 0, 0, G_OPTION_ARG_NONE, &self->version, N_ ("Print the version"), NULL
  };
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_set_summary (context,
                                _ ("Runs the checks of an AI agent at each heartbeat tick."));
  if (!g_option_context_parse (context, argc, argv, &parse_error))
    {
      shown = dup_shown (parse_error->message);
      g_set_error_literal (error, parse_error->domain, parse_error->code, shown);
      return FALSE;
    }
  if (*argc <= 1)
    return TRUE;
  shown = dup_shown ((*argv)[1]);
  g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT, _ ("“%s” is not expected"),
               shown);
  return FALSE;
}

/**
 * heartbeat_settings_new:
 * @argc: (inout): as `main` has it
 * @argv: (inout): as `main` has it
 * @error: return location for an error that names setting and rule
 *
 * Reads and checks the settings. With `--version` nothing but the command line is checked.
 *
 * Returns: (transfer full): the settings
 */
HeartbeatSettings *
heartbeat_settings_new (int *argc, char ***argv, GError **error)
{
  g_autoptr (HeartbeatSettings) self = g_new0 (HeartbeatSettings, 1);

  if (!parse_options (self, argc, argv, error))
    return NULL;
  if (self->version)
    return g_steal_pointer (&self);
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    if (!resolve (self, &settings[i], error))
      return NULL;
  if (!read_credential (self, error))
    return NULL;
  self->publish_results = is_yes (self->publish_results_text);
  if (!check_agent (self, error) || !check_exchange (self, error) || !check_url (self, error)
      || !check_handler_path (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
heartbeat_settings_free (HeartbeatSettings *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++)
    g_free (*text_of (self, &settings[i]));
  g_free (self);
}

/**
 * heartbeat_settings_get_log_levels:
 * @self: settings
 *
 * Returns: the levels that are logged
 */
GLogLevelFlags
heartbeat_settings_get_log_levels (const HeartbeatSettings *self)
{
  const GLogLevelFlags errors = G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL;
  const GLogLevelFlags infos
      = errors | G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO;

  switch (self->log_level[0])
    {
    case 'D':
      return infos | G_LOG_LEVEL_DEBUG;
    case 'I':
      return infos;
    case 'W':
      return errors | G_LOG_LEVEL_WARNING;
    default:
      return errors;
    }
}
