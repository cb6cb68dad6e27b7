/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "amqp/heartbeat-broker-uri.h"
#include "agent/heartbeat-agent.h"
#include "base/heartbeat-i18n.h"
#include "json/heartbeat-json.h"
#include "ctl/print/heartbeat-ctl-format.h"
#include "ctl/heartbeat-ctl.h"

#define FOLDER "heartbeat-consumer"

/* A check that does no harm, to be replaced. */
static const char first_checks[]
    = "  \"checks\": {\n"
      "    \"hello\": {\n"
      "      \"handler\": \"command\",\n"
      "      \"cadenceMs\": 900000,\n"
      "      \"meta\": { \"command\": [\"echo\", \"Hello from heartbeat-consumer\"] }\n"
      "    }\n"
      "  }\n";

/* Never over a file that is there. */
static gboolean
write_new (const char *path, const char *text, int mode, GError **error)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  gsize length = strlen (text);
  gboolean written = FALSE;
  int code = errno;

  if (fd >= 0)
    {
      written = write (fd, text, length) == (gssize) length;
      code = written ? 0 : errno;
      if (close (fd) != 0 && written)
        {
          written = FALSE;
          code = errno;
        }
    }
  if (!written)
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code), "%s: %s", path,
                 g_strerror (code));
  return written;
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

  return make_folder_of (path, error) && write_new (path, text, 0666, error);
}

/* As systemd.exec(5) has it for EnvironmentFile=: in double quotes a backslash takes the next character as it is. */
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

/* Readable by its owner alone, for it may hold a password. */
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
  return make_folder_of (path, error) && write_new (path, text->str, 0600, error);
}

static gboolean
check_arguments (HeartbeatCtl *self, const char *agent)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) uris = NULL;

  if (!heartbeat_agent_is_name (agent))
    {
      heartbeat_ctl_complain (_ ("“%s” is no name of the form [A-Za-z0-9][A-Za-z0-9_-]{0,63}"),
                              agent);
      return FALSE;
    }
  if (self->rabbit_url == NULL)
    return TRUE;
  uris = heartbeat_broker_uri_parse_list (self->rabbit_url, &error);
  if (uris == NULL)
    heartbeat_ctl_complain ("--rabbit-url: %s", error->message);
  return uris != NULL;
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
  g_autoptr (JsonBuilder) builder = NULL;

  if (!self->json)
    {
      if (config_is_new)
        g_print (_ ("%s: written, with a first check\n"), config);
      else
        g_print (_ ("%s: is there already, and is used as it is\n"), config);
      g_print (_ ("%s: written\n"), environment);
      g_print (_ ("\nStart it now and at each login, and let it run without one:\n"));
      g_print ("  %s\n  loginctl enable-linger\n", enable);
      return;
    }
  builder = json_builder_new ();
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "agent");
  json_builder_add_string_value (builder, agent);
  json_builder_set_member_name (builder, "config");
  json_builder_add_string_value (builder, config);
  json_builder_set_member_name (builder, "environment");
  json_builder_add_string_value (builder, environment);
  json_builder_set_member_name (builder, "commands");
  json_builder_begin_array (builder);
  json_builder_add_string_value (builder, enable);
  json_builder_add_string_value (builder, "loginctl enable-linger");
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  heartbeat_ctl_print_json (builder);
}

/**
 * heartbeat_ctl_init:
 * @self: the command line
 * @args: the name of an agent
 *
 * `heartbeatctl init NAME [--config FILE] [--rabbit-url URL]`: writes a first heartbeat.json and the settings of the user
 * service, and says how to start it. Nothing that exists is changed.
 *
 * Returns: the exit status
 */
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
  gboolean config_is_new = FALSE;
  g_autoptr (GError) error = NULL;

  if (!check_arguments (self, agent))
    return HEARTBEAT_CTL_USAGE;
  config_is_new = !g_file_test (config, G_FILE_TEST_EXISTS);
  if (g_file_test (environment, G_FILE_TEST_EXISTS))
    {
      heartbeat_ctl_complain (_ ("%s: is there already: this agent is set up"), environment);
      return HEARTBEAT_CTL_FAILED;
    }
  if ((config_is_new && !write_config (config, agent, &error))
      || !write_environment (environment, config, self->rabbit_url, &error))
    {
      heartbeat_ctl_complain ("%s", error->message);
      return HEARTBEAT_CTL_FAILED;
    }
  print_made (self, agent, config, environment, config_is_new);
  return HEARTBEAT_CTL_OK;
}
