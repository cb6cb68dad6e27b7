/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <string.h>

#include <glib/gstdio.h>

#include "amqp/heartbeat-broker-uri.h"
#include "agent/heartbeat-agent.h"
#include "base/heartbeat-i18n.h"
#include "json/heartbeat-json.h"
#include "ctl/heartbeat-ctl.h"

#define FOLDER "heartbeat-consumer"

/* a harmless check, to be replaced */
static const char first_checks[]
    = "  \"checks\": {\n"
      "    \"hello\": {\n"
      "      \"handler\": \"command\",\n"
      "      \"cadenceMs\": 900000,\n"
      "      \"meta\": { \"command\": [\"echo\", \"Hello from heartbeat-consumer\"] }\n"
      "    }\n"
      "  }\n";

/* Fails if the file exists. */
static gboolean
write_new (const char *path, const char *text, GFileCreateFlags flags, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileOutputStream) stream = g_file_create (file, flags, NULL, error);

  return stream != NULL
         && g_output_stream_write_all (G_OUTPUT_STREAM (stream), text, strlen (text), NULL, NULL,
                                       error)
         && g_output_stream_close (G_OUTPUT_STREAM (stream), NULL, error);
}

static gboolean
make_folder_of (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);

  if (g_mkdir_with_parents (folder, 0700) == 0)
    return TRUE;
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s: %s", folder,
               g_strerror (errno));
  return FALSE;
}

static gboolean
write_config (const char *path, const char *agent, GError **error)
{
  g_autofree char *name = heartbeat_json_quote (agent);
  g_autofree char *text = g_strdup_printf ("{\n  \"$schema\": \"heartbeat.v1\",\n  \"agent\": %s,\n"
                                           "%s}\n",
                                           name, first_checks);

  return make_folder_of (path, error) && write_new (path, text, G_FILE_CREATE_NONE, error);
}

/* systemd.exec(5), EnvironmentFile=: in double quotes a backslash escapes these characters. */
static void
append_setting (GString *text, const char *name, const char *value)
{
  g_string_append_printf (text, "%s=\"", name);
  for (; *value != '\0'; value++)
    {
      if (strchr ("\"\\`$", *value) != NULL)
        g_string_append_c (text, '\\');
      g_string_append_c (text, *value);
    }
  g_string_append (text, "\"\n");
}

/* Private, since it may contain a password. */
static gboolean
write_environment (const char *path, const char *config, const char *url, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);

  append_setting (text, "HEARTBEAT_PATH", config);
  if (url != NULL)
    append_setting (text, "RABBIT_URL", url);
  else
    g_string_append (text,
                     "# A timer in the service makes the ticks. With a broker, replace the next "
                     "line by RABBIT_URL=amqp://USER:PASSWORD@HOST:PORT/\n"
                     "TICK_SOURCE=local\n");
  return make_folder_of (path, error) && write_new (path, text->str, G_FILE_CREATE_PRIVATE, error);
}

static HeartbeatCtlExit
check_arguments (HeartbeatCtl *self, const char *agent)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) uris = NULL;

  if (!heartbeat_agent_is_name (agent))
    return heartbeat_ctl_report (HEARTBEAT_CTL_USAGE,
                                 _ ("“%s” is no name of the form [A-Za-z0-9][A-Za-z0-9_-]{0,63}"),
                                 agent);
  if (self->rabbit_url == NULL)
    return HEARTBEAT_CTL_OK;
  uris = heartbeat_broker_uri_parse_list (self->rabbit_url, &error);
  if (uris == NULL)
    return heartbeat_ctl_report (HEARTBEAT_CTL_USAGE, "--rabbit-url: %s", error->message);
  return HEARTBEAT_CTL_OK;
}

static void
print_made (HeartbeatCtl *self,
            const char *agent,
            const char *config,
            const char *environment,
            gboolean config_is_new)
{
  g_autofree char *enable
      = g_strdup_printf ("systemctl --user enable --now heartbeat-consumer@%s", agent);

  if (self->json)
    {
      heartbeat_ctl_print_json (
          g_variant_new_parsed ("{'agent': <%s>, 'config': <%s>, 'environment': <%s>, "
                                "'commands': <[%s, 'loginctl enable-linger']>}",
                                agent, config, environment, enable));
      return;
    }
  if (config_is_new)
    g_print (_ ("%s: written, with a first check\n"), config);
  else
    g_print (_ ("%s: is there already, and is used as it is\n"), config);
  g_print (_ ("%s: written\n"), environment);
  g_print (_ ("\nStart it now and at each login, and let it run without one:\n"));
  g_print ("  %s\n  loginctl enable-linger\n", enable);
}

/* `heartbeatctl init NAME [--config FILE] [--rabbit-url URL]`: writes a first heartbeat.json and the settings of the user
 * service, and prints how to start it. Existing files are not changed. */
HeartbeatCtlExit
heartbeat_ctl_init (HeartbeatCtl *self, char **args)
{
  const char *agent = args[0];
  g_autofree char *file = g_strconcat (agent, ".json", NULL);
  g_autofree char *settings = g_strconcat (agent, ".env", NULL);
  g_autofree char *environment
      = g_build_filename (g_get_user_config_dir (), FOLDER, settings, NULL);
  g_autofree char *config = self->config != NULL ? g_canonicalize_filename (self->config, NULL)
                                                 : g_build_filename (g_get_user_config_dir (),
                                                                     FOLDER, "agents", file, NULL);
  g_autofree char *shown = NULL;
  g_autofree char *shown_environment = NULL;
  gboolean config_is_new = FALSE;
  g_autoptr (GError) error = NULL;

  if (check_arguments (self, agent) != HEARTBEAT_CTL_OK)
    return HEARTBEAT_CTL_USAGE;
  config_is_new = !g_file_test (config, G_FILE_TEST_EXISTS);
  if (g_file_test (environment, G_FILE_TEST_EXISTS))
    return heartbeat_ctl_report (HEARTBEAT_CTL_FAILED,
                                 _ ("%s: is there already: this agent is set up"), environment);
  if ((config_is_new && !write_config (config, agent, &error))
      || !write_environment (environment, config, self->rabbit_url, &error))
    return heartbeat_ctl_report (HEARTBEAT_CTL_FAILED, "%s", error->message);
  shown = g_filename_display_name (config);
  shown_environment = g_filename_display_name (environment);
  print_made (self, agent, shown, shown_environment, config_is_new);
  return HEARTBEAT_CTL_OK;
}
