/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-setting-spec.h"

#include <string.h>

#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"
#include "base/heartbeat-limits.h"
#include "base/heartbeat-macros.h"

/* How much of a text that is too long an error shows. */
#define SHOWN_CHARS 40

/* Words that mean yes have odd indices. */
#define NO_OR_YES "no yes false true off on 0 1"

#define TEXT(fallback, ...)   HEARTBEAT_SETTING_TEXT, fallback, NULL, __VA_ARGS__
#define CHOICE(fallback, ...) HEARTBEAT_SETTING_CHOICE, fallback, __VA_ARGS__, 0, 0
#define BOOLEAN(fallback)     HEARTBEAT_SETTING_BOOLEAN, fallback, NO_OR_YES, 0, 0
#define NUMBER(fallback, ...) HEARTBEAT_SETTING_NUMBER, fallback, NULL, __VA_ARGS__

/* One row describes a setting to everybody: the service's environment, options and help, the library's properties, the doctor,
 * and the tests that look it up in README.md and the man page. */
static const HeartbeatSettingSpec specs[] = {
  { "AGENT_NAME", "agent", N_ ("NAME"), N_ ("The agent to serve"), TEXT (NULL, 1, 0) },
  { "HEARTBEAT_PATH", "config", N_ ("FILE"), N_ ("Its heartbeat.json"), TEXT (NULL, 1, 0) },
  { "HEARTBEAT_DIR", "agents-dir", N_ ("FOLDER"),
    N_ ("Serve all agents whose files are in it, instead of one"), TEXT (NULL, 1, 0) },
  { "RABBIT_URL", "rabbit-url", N_ ("URL"),
    N_ ("The broker, amqp:// or amqps://; several are separated by spaces"),
    TEXT (HEARTBEAT_DEFAULT_RABBIT_URL, 0, 0), .secret = TRUE },
  { "EXCHANGE_NAME", "exchange", N_ ("NAME"), N_ ("The topic exchange"),
    TEXT (HEARTBEAT_DEFAULT_EXCHANGE, 1, HEARTBEAT_SHORT_STRING_MAX_BYTES) },
  { "LOG_LEVEL", "log-level", N_ ("LEVEL"), N_ ("DEBUG, INFO, WARNING, ERROR or CRITICAL"),
    CHOICE ("INFO", "DEBUG INFO WARNING WARN ERROR CRITICAL FATAL") },
  { "TICK_SOURCE", "tick-source", N_ ("SOURCE"),
    N_ ("amqp, local (a timer in the process) or auto (local while the broker sends none)"),
    CHOICE ("amqp", "amqp local auto") },
  { "TICK_INTERVAL_S", "tick-interval", N_ ("SECONDS"), N_ ("Between two local ticks"),
    NUMBER ("60", 1, 86400) },
  { "HEARTBEAT_BUS", "bus", N_ ("BUS"), N_ ("session or none"),
    CHOICE ("session", "session none") },
  { "NOTIFY", "notify", N_ ("WHAT"), N_ ("failures, all or none"),
    CHOICE ("failures", "failures all none") },
  { "QUEUE_TYPE", "queue-type", N_ ("TYPE"), N_ ("classic or quorum"),
    CHOICE ("classic", "classic quorum") },
  { "MAX_CONCURRENT_RUNS", "max-concurrent-runs", N_ ("NUMBER"),
    N_ ("Runs that ticks may have going at once"), NUMBER ("1", 1, 1000) },
  { "HANDLER_TIMEOUT_S", "handler-timeout", N_ ("SECONDS"),
    N_ ("Time limit of a run; a check's timeoutMs wins"),
    NUMBER ("300", HEARTBEAT_TIMEOUT_MIN_MS / 1000, HEARTBEAT_TIMEOUT_MAX_MS / 1000) },
  { "INBOX_HANDLER", "inbox-handler", N_ ("NAME"),
    N_ ("The handler of messages that come into the agent's inbox"), TEXT (NULL, 0, 0) },
  { "PUBLISH_RESULTS", "publish-results", N_ ("WHETHER"),
    N_ ("Publish how each run has ended: yes or no"), BOOLEAN ("no") },
  { "HANDLER_PATH", "handler-path", N_ ("FOLDERS"),
    N_ ("Where handlers are executables, separated by colons"), TEXT (NULL, 0, 0) },
};

/**
 * heartbeat_setting_spec_list:
 * @n: (out): how many there are
 *
 * Returns: (transfer none) (array length=n): all settings, in the order of `--help`
 */
const HeartbeatSettingSpec *
heartbeat_setting_spec_list (guint *n)
{
  g_return_val_if_fail (n != NULL, NULL);

  *n = G_N_ELEMENTS (specs);
  return specs;
}

/**
 * heartbeat_setting_spec_find:
 * @variable: the environment variable of a setting that exists
 *
 * Returns: (transfer none): the setting
 */
const HeartbeatSettingSpec *
heartbeat_setting_spec_find (const char *variable)
{
  g_return_val_if_fail (variable != NULL, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (specs); i++)
    if (strcmp (specs[i].variable, variable) == 0)
      return &specs[i];
  g_error ("There is no setting %s", variable);
}

/**
 * heartbeat_setting_spec_get_default_number:
 * @self: a number
 *
 * Returns: its default
 */
guint
heartbeat_setting_spec_get_default_number (const HeartbeatSettingSpec *self)
{
  g_return_val_if_fail (self != NULL && self->type == HEARTBEAT_SETTING_NUMBER, 0);

  return (guint) g_ascii_strtoull (self->fallback, NULL, 10);
}

/**
 * heartbeat_setting_spec_has_choice:
 * @self: a choice
 * @value: a value
 *
 * Returns: whether it is one of the choices, in their spelling
 */
gboolean
heartbeat_setting_spec_has_choice (const HeartbeatSettingSpec *self, const char *value)
{
  g_auto (GStrv) choices = NULL;

  g_return_val_if_fail (self != NULL && self->choices != NULL, FALSE);
  g_return_val_if_fail (value != NULL, FALSE);

  choices = g_strsplit (self->choices, " ", -1);
  return g_strv_contains ((const char *const *) choices, value);
}

/* --- Errors --------------------------------------------------------------------------------------------------------- */

/**
 * heartbeat_setting_spec_hide_url:
 * @text: any text
 *
 * Returns: (transfer full): the text, without what follows the scheme of a URL in it, which may be a password
 */
char *
heartbeat_setting_spec_hide_url (const char *text)
{
  const char *end;

  g_return_val_if_fail (text != NULL, NULL);

  end = strstr (text, "://");
  return end != NULL ? g_strdup_printf ("%.*s://…", (int) (end - text), text) : g_strdup (text);
}

/**
 * heartbeat_setting_spec_set_error:
 * @self: a setting
 * @value: its value, shown unless it is secret or a URL
 * @rule: the rule that it breaks, translated (“a number from 1 to 60 is expected”)
 * @error: return location for %HEARTBEAT_ERROR_INVALID_ARGUMENT
 *
 * Reports a value that cannot be used.
 */
void
heartbeat_setting_spec_set_error (const HeartbeatSettingSpec *self,
                                  const char *value,
                                  const char *rule,
                                  GError **error)
{
  g_autofree char *shown = NULL;

  g_return_if_fail (self != NULL);
  g_return_if_fail (value != NULL);
  g_return_if_fail (rule != NULL);

  shown = self->secret ? g_strdup ("…") : heartbeat_setting_spec_hide_url (value);
  /* Translators: a variable, an option, its value, the rule that it breaks (“a number from 1 to 60 is expected”) */
  g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT,
               _ ("%s (--%s) is “%s”: %s"), self->variable, self->option, shown, rule);
}

/**
 * heartbeat_setting_spec_set_missing:
 * @self: a setting
 * @error: return location for %HEARTBEAT_ERROR_INVALID_ARGUMENT
 *
 * Reports a setting that is required and has no value.
 */
void
heartbeat_setting_spec_set_missing (const HeartbeatSettingSpec *self, GError **error)
{
  g_return_if_fail (self != NULL);

  g_set_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT, _ ("%s (--%s) is missing"),
               self->variable, self->option);
}

/* --- Values --------------------------------------------------------------------------------------------------------- */

static char *
parse_text (const HeartbeatSettingSpec *self, const char *text, GError **error)
{
  g_autofree char *start = NULL;
  g_autofree char *shown = NULL;
  g_autofree char *rule = NULL;

  if (self->min > 0 && *text == '\0')
    {
      heartbeat_setting_spec_set_missing (self, error);
      return NULL;
    }
  if (self->max == 0 || strlen (text) <= self->max)
    return g_strdup (text);
  start = g_utf8_substring (text, 0, MIN (SHOWN_CHARS, g_utf8_strlen (text, -1)));
  shown = g_strconcat (start, "…", NULL);
  rule = g_strdup_printf (_ ("at most %u bytes are expected"), self->max);
  heartbeat_setting_spec_set_error (self, shown, rule, error);
  return NULL;
}

static char *
parse_choice (const HeartbeatSettingSpec *self, const char *text, GError **error)
{
  g_auto (GStrv) choices = g_strsplit (self->choices, " ", -1);
  g_autofree char *listed = NULL;
  g_autofree char *rule = NULL;

  for (guint i = 0; choices[i] != NULL; i++)
    if (g_ascii_strcasecmp (choices[i], text) == 0)
      return g_strdup (self->type == HEARTBEAT_SETTING_BOOLEAN ? choices[i % 2] : choices[i]);
  listed = g_strjoinv (", ", choices);
  rule = g_strdup_printf (_ ("one of %s is expected"), listed);
  heartbeat_setting_spec_set_error (self, text, rule, error);
  return NULL;
}

static char *
parse_number (const HeartbeatSettingSpec *self, const char *text, GError **error)
{
  g_autofree char *rule = NULL;
  guint64 number;

  if (g_ascii_string_to_unsigned (text, 10, self->min, self->max, &number, NULL))
    return g_strdup_printf ("%" G_GUINT64_FORMAT, number);
  rule = g_strdup_printf (_ ("a number from %u to %u is expected"), self->min, self->max);
  heartbeat_setting_spec_set_error (self, text, rule, error);
  return NULL;
}

/* An exchange, a file or a handler of that name would be shown to everybody, and with it the password. */
static gboolean
is_misplaced_url (const HeartbeatSettingSpec *self, const char *text)
{
  return !self->secret
         && (g_ascii_strncasecmp (text, "amqp://", strlen ("amqp://")) == 0
             || g_ascii_strncasecmp (text, "amqps://", strlen ("amqps://")) == 0);
}

/**
 * heartbeat_setting_spec_parse:
 * @self: a setting
 * @text: what its variable or its option says
 * @error: return location for %HEARTBEAT_ERROR_INVALID_ARGUMENT, which names setting, value and rule
 *
 * Checks a value. What a name, a path or a URL looks like is up to those who use it.
 *
 * Returns: (transfer full): the value as this description spells it: `quorum` for `Quorum`, `5` for `05`, `yes` for `1`
 */
char *
heartbeat_setting_spec_parse (const HeartbeatSettingSpec *self, const char *text, GError **error)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (text != NULL, NULL);

  if (!g_utf8_validate (text, -1, NULL))
    heartbeat_setting_spec_set_error (self, "?", _ ("UTF-8 is expected"), error);
  else if (is_misplaced_url (self, text))
    heartbeat_setting_spec_set_error (self, text,
                                      _ ("a broker's URL belongs in RABBIT_URL (--rabbit-url)"),
                                      error);
  else if (self->type == HEARTBEAT_SETTING_TEXT)
    return parse_text (self, text, error);
  else if (self->type == HEARTBEAT_SETTING_NUMBER)
    return parse_number (self, text, error);
  else
    return parse_choice (self, text, error);
  return NULL;
}
