/* SPDX-License-Identifier: MIT */

#include "handlers/heartbeat-compaction.h"

#include <string.h>

#include "run/heartbeat-publisher.h"
#include "json/heartbeat-envelope.h"
#include "base/heartbeat-i18n.h"
#include "base/heartbeat-quarter.h"
#include "json/heartbeat-tick.h"
#include "base/heartbeat-zone.h"

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HeartbeatRun) run = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *event_id
      = heartbeat_publisher_publish_finish (HEARTBEAT_PUBLISHER (source), result, &error);

  if (event_id != NULL)
    heartbeat_run_succeed (run, _ ("compaction requested"));
  else
    heartbeat_run_fail (run, error->message);
}

/* The quarter that the tick names, else that of the day. */
static guint
find_quarter (HeartbeatRun *run)
{
  const char *envelope = heartbeat_run_get_envelope (run);
  gint64 now = heartbeat_run_get_timestamp (run);
  g_autoptr (GTimeZone) zone = NULL;
  HeartbeatTick tick;
  guint quarter = 0;

  if (heartbeat_tick_parse (&tick, envelope, strlen (envelope), NULL))
    quarter = heartbeat_tick_get_fresh_quarter (&tick, now);
  if (quarter != 0)
    return quarter;
  zone = heartbeat_zone_lookup (HEARTBEAT_ZONE_DEFAULT, NULL);
  now /= 1000;
  return heartbeat_quarter_at (HEARTBEAT_QUARTER_OF_DAY,
                               zone != NULL ? heartbeat_zone_to_local (zone, now) : now);
}

/**
 * heartbeat_compaction_handler:
 * @run: a run
 * @user_data: a #HeartbeatPublisher
 *
 * The handler `quarterly_compaction`, which an agent replaces by its own: says on the exchange that it is time.
 */
void
heartbeat_compaction_handler (HeartbeatRun *run, gpointer user_data)
{
  HeartbeatPublisher *publisher = user_data;
  const char *agent = NULL;
  g_autofree char *event_type = NULL;
  g_autofree char *cause = NULL;
  g_autoptr (JsonBuilder) builder = NULL;
  char quarter[] = "Q0";

  g_return_if_fail (HEARTBEAT_IS_RUN (run));

  agent = heartbeat_run_get_agent_name (run);
  event_type = g_strdup_printf ("agent.%s.compaction_requested", agent);
  cause = heartbeat_envelope_dup_event_id (heartbeat_run_get_envelope (run));
  if (!heartbeat_publisher_has_broker (publisher))
    {
      heartbeat_run_skip (run, _ ("there is no broker to ask"));
      return;
    }
  quarter[1] += find_quarter (run);
  builder = json_builder_new ();
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "agent");
  json_builder_add_string_value (builder, agent);
  json_builder_set_member_name (builder, "check");
  json_builder_add_string_value (builder, heartbeat_run_get_check_name (run));
  json_builder_set_member_name (builder, "quarter");
  json_builder_add_string_value (builder, quarter);
  json_builder_end_object (builder);
  heartbeat_publisher_publish_async (publisher, event_type, cause, json_builder_get_root (builder),
                                     heartbeat_run_get_cancellable (run), on_sent,
                                     g_object_ref (run));
}
