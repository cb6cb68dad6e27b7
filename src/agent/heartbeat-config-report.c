/* SPDX-License-Identifier: MIT */

#include "agent/heartbeat-config-report.h"

#include <string.h>

#include "base/heartbeat-log.h"

static void
report_check (const char *agent_name,
              const char *path,
              const HeartbeatCheckSpec *known,
              const HeartbeatCheckSpec *spec,
              gint64 now)
{
  if (spec->error != NULL)
    {
      if (known == NULL || g_strcmp0 (known->error, spec->error) != 0)
        heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_CHECK_INVALID, agent_name, spec->name,
                       "%s: %s; the check is disabled, the others go on", path, spec->error);
    }
  else if (spec->last_run - now > spec->cadence
           && (known == NULL || known->last_run != spec->last_run))
    heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_LAST_RUN_AHEAD, agent_name, spec->name,
                   "%s: checks.%s.lastRun: %" G_GINT64_FORMAT
                   " is more than a cadence ahead, and counts as 0",
                   path, spec->name, spec->last_run);
}

/**
 * heartbeat_config_report:
 * @agent_name: the agent that reads the file
 * @path: where the file is
 * @schedule: what was known before
 * @config: what the file says now
 * @now: the time, in ms since the epoch
 *
 * Logs what is odd about a file and was not before.
 */
void
heartbeat_config_report (const char *agent_name,
                         const char *path,
                         HeartbeatSchedule *schedule,
                         HeartbeatConfig *config,
                         gint64 now)
{
  const HeartbeatConfig *old;

  g_return_if_fail (agent_name != NULL);
  g_return_if_fail (path != NULL);
  g_return_if_fail (schedule != NULL);

  old = heartbeat_schedule_get_config (schedule);
  if (old != NULL && g_bytes_equal (old->text, config->text))
    return;
  for (guint i = 0; i < config->checks->len; i++)
    {
      const HeartbeatCheckSpec *spec = g_ptr_array_index (config->checks, i);
      HeartbeatCheck *check = heartbeat_schedule_lookup (schedule, spec->name);

      report_check (agent_name, path, check != NULL ? heartbeat_check_get_spec (check) : NULL, spec,
                    now);
    }
  if (strcmp (config->agent, agent_name) != 0
      && (old == NULL || strcmp (old->agent, config->agent) != 0))
    heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_CONFIG_OTHER_AGENT, agent_name, NULL,
                   "%s: is written for the agent “%s”, not for “%s”", path, config->agent,
                   agent_name);
}
