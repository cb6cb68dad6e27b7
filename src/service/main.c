/* SPDX-License-Identifier: MIT */

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib/gi18n.h>

#include "broker/heartbeat-broker-uri.h"
#include "broker/heartbeat-tls.h"
#include "core/heartbeat-config.h"
#include "core/heartbeat-error.h"
#include "core/heartbeat-storage.h"
#include "service/heartbeat-application.h"
#include "service/heartbeat-lock.h"
#include "service/heartbeat-log-writer.h"

/* systemd must not restart on this one: only a person can change it. */
#define EXIT_UNUSABLE 2

static int
report (const GError *error, int status)
{
  g_printerr ("heartbeat-consumer: %s\n", error->message);
  return status;
}

/* Files that are missing now may be there when the service runs, and are waited for: they are warned about only. */
static void
check_certificates (const HeartbeatSettings *settings)
{
  g_autoptr (GPtrArray) uris = NULL;

  if (settings->rabbit_url != NULL)
    uris = heartbeat_broker_uri_parse_list (settings->rabbit_url, NULL);
  for (guint i = 0; uris != NULL && i < uris->len; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *broker = heartbeat_broker_uri_to_display (g_ptr_array_index (uris, i));

      if (!heartbeat_tls_check_files (g_ptr_array_index (uris, i), &error))
        g_printerr ("heartbeat-consumer: RABBIT_URL (--rabbit-url), %s: %s\n", broker,
                    error->message);
    }
}

static int
check_config (const HeartbeatSettings *settings)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) text = NULL;
  g_autoptr (HeartbeatConfig) config = NULL;
  g_autoptr (GPtrArray) problems = NULL;
  HeartbeatIdentity identity;

  text = heartbeat_storage_read (settings->config, HEARTBEAT_CONFIG_MAX_SIZE, &identity, &error);
  if (text == NULL)
    return report (error, EXIT_UNUSABLE);
  problems = heartbeat_config_validate (text);
  for (guint i = 0; i < problems->len; i++)
    {
      g_autofree char *problem = heartbeat_problem_to_string (g_ptr_array_index (problems, i));

      g_printerr ("heartbeat-consumer: %s: %s\n", settings->config, problem);
    }
  config = heartbeat_config_parse (text, NULL);
  if (problems->len > 0 || config == NULL)
    return EXIT_UNUSABLE;
  if (strcmp (config->agent, settings->agent) != 0)
    g_printerr ("heartbeat-consumer: %s: is written for the agent “%s”, not for “%s”\n",
                settings->config, config->agent, settings->agent);
  check_certificates (settings);
  g_print (_ ("%s: the settings and %u checks are good\n"), settings->config, config->checks->len);
  return EXIT_SUCCESS;
}

/* What could not be written was not said. */
static int
finish_output (int status)
{
  if (fflush (stdout) == 0 && !ferror (stdout))
    return status;
  g_printerr ("heartbeat-consumer: %s\n", _ ("the output cannot be written"));
  return EXIT_FAILURE;
}

static int
serve (const HeartbeatSettings *settings)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatLock) lock = heartbeat_lock_take (settings->agent, &error);
  g_autoptr (HeartbeatApplication) application = NULL;

  if (lock == NULL)
    return report (error, g_error_matches (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_ALREADY_RUNNING)
                              ? EXIT_UNUSABLE
                              : EXIT_FAILURE);
  application = heartbeat_application_new (settings);
  if (!heartbeat_application_run (application, &error))
    return report (error, EXIT_UNUSABLE);
  return EXIT_SUCCESS;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatSettings) settings = NULL;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
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
  return settings->check_config ? finish_output (check_config (settings)) : serve (settings);
}
