/* SPDX-License-Identifier: MIT */

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "amqp/heartbeat-broker-uri.h"
#include "amqp/heartbeat-tls.h"
#include "config/heartbeat-config.h"
#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"
#include "storage/heartbeat-storage.h"
#include "service/heartbeat-agent-files.h"
#include "service/heartbeat-application.h"
#include "service/heartbeat-log-writer.h"

/* systemd must not restart after this one: only a person can change it. */
#define EXIT_UNUSABLE 2

static int
report (const GError *error, int status)
{
  g_printerr ("heartbeat-consumer: %s\n", error->message);
  return status;
}

/* Certificates that are missing now may exist when the service runs, which waits for them: this only warns. */
static void
check_certificates (const HeartbeatSettings *settings)
{
  g_autoptr (GPtrArray) uris = NULL;

  if (heartbeat_settings_has (settings, "RABBIT_URL"))
    uris = heartbeat_broker_uri_parse_list (heartbeat_settings_get (settings, "RABBIT_URL"), NULL);
  for (guint i = 0; uris != NULL && i < uris->len; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *broker = heartbeat_broker_uri_to_display (g_ptr_array_index (uris, i));

      if (!heartbeat_tls_check_files (g_ptr_array_index (uris, i), &error))
        g_printerr ("heartbeat-consumer: RABBIT_URL (--rabbit-url), %s: %s\n", broker,
                    error->message);
    }
}

static void
report_problem (const char *path, const char *problem)
{
  g_printerr ("heartbeat-consumer: %s: %s\n", path, problem);
}

/* Reports what is wrong with a file; returns %NULL if anything is. */
static HeartbeatConfig *
check_file (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) problems = NULL;
  HeartbeatIdentity identity;
  g_autoptr (GBytes) text
      = heartbeat_storage_read (path, HEARTBEAT_CONFIG_MAX_BYTES, &identity, &error);

  if (text == NULL)
    {
      report (error, EXIT_UNUSABLE);
      return NULL;
    }
  problems = heartbeat_config_validate (text);
  for (guint i = 0; i < problems->len; i++)
    {
      g_autofree char *problem = heartbeat_problem_to_string (g_ptr_array_index (problems, i));

      report_problem (path, problem);
    }
  return problems->len == 0 ? heartbeat_config_parse (text, NULL) : NULL;
}

static int
check_agent (const HeartbeatSettings *settings)
{
  const char *agent = heartbeat_settings_get (settings, "AGENT_NAME");
  const char *path = heartbeat_settings_get (settings, "HEARTBEAT_PATH");
  g_autoptr (HeartbeatConfig) config = check_file (path);

  if (config == NULL)
    return EXIT_UNUSABLE;
  if (strcmp (config->agent, agent) != 0)
    {
      g_autofree char *problem = g_strdup_printf (_ ("is written for the agent “%s”, not for “%s”"),
                                                  config->agent, agent);

      report_problem (path, problem);
    }
  check_certificates (settings);
  g_print (ngettext ("%s: the settings and %u check are good\n",
                     "%s: the settings and %u checks are good\n", config->checks->len),
           path, config->checks->len);
  return EXIT_SUCCESS;
}

static gboolean
check_agent_file (const HeartbeatAgentFile *file)
{
  g_autoptr (HeartbeatConfig) config = NULL;

  if (file->problem != NULL)
    {
      g_printerr ("heartbeat-consumer: %s\n", file->problem);
      return FALSE;
    }
  config = check_file (file->path);
  return config != NULL;
}

static int
check_folder (const HeartbeatSettings *settings)
{
  const char *folder = heartbeat_settings_get (settings, "HEARTBEAT_DIR");
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatAgentFiles) contents = heartbeat_agent_files_read (folder, NULL, &error);
  gboolean good = TRUE;

  if (contents == NULL)
    return report (error, EXIT_UNUSABLE);
  for (guint i = 0; i < contents->files->len; i++)
    good &= check_agent_file (g_ptr_array_index (contents->files, i));
  if (!good)
    return EXIT_UNUSABLE;
  check_certificates (settings);
  g_print (ngettext ("%s: the settings and the file of %u agent are good\n",
                     "%s: the settings and the files of %u agents are good\n",
                     contents->files->len),
           folder, contents->files->len);
  return EXIT_SUCCESS;
}

static int
check_config (const HeartbeatSettings *settings)
{
  return heartbeat_settings_has (settings, "HEARTBEAT_DIR") ? check_folder (settings)
                                                            : check_agent (settings);
}

/* Output that could not be written is a failure. */
static int
finish_output (int status)
{
  if (fflush (stdout) == 0 && !ferror (stdout))
    return status;
  g_printerr ("heartbeat-consumer: %s\n", _ ("the output cannot be written"));
  return EXIT_FAILURE;
}

/* A thousand agents have a few thousand files open when all their programs run at once, but by default a process may have 1,024
 * unless it asks for more. GLib aborts a process that runs out of them. Programs get the limit that was in force before. */
static void
raise_file_limit (HeartbeatSettings *settings)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
    return;
  settings->file_limit = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit (RLIMIT_NOFILE, &limit) != 0)
    settings->file_limit = 0;
}

/* An error of our own domain is one that only a person can mend: starting again would not help. */
static int
serve (const HeartbeatSettings *settings)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatApplication) application = heartbeat_application_new (settings);

  if (heartbeat_application_run (application, &error))
    return EXIT_SUCCESS;
  return report (error, error->domain == HEARTBEAT_ERROR ? EXIT_UNUSABLE : EXIT_FAILURE);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatSettings) settings = NULL;

  setlocale (LC_ALL, "");
  heartbeat_i18n_bind ();
  textdomain (GETTEXT_PACKAGE);

  settings = heartbeat_settings_new (&argc, &argv, &error);
  if (settings == NULL)
    return report (error, EXIT_UNUSABLE);
  if (settings->version)
    {
      g_print ("heartbeat-consumer %s\n", PACKAGE_VERSION);
      return EXIT_SUCCESS;
    }
  heartbeat_log_writer_install (heartbeat_settings_get_log_levels (settings));
  raise_file_limit (settings);
  return settings->check_config ? finish_output (check_config (settings)) : serve (settings);
}
