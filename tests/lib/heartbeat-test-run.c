/* SPDX-License-Identifier: MIT */

#include "heartbeat-test-run.h"

#include "amqp/heartbeat-broker-uri.h"
#include "heartbeat-test.h"

static void
on_ended (HeartbeatRun *run, HeartbeatResult *result, gpointer user_data)
{
  HbtestRun *self = user_data;

  g_assert_null (self->result);
  self->result = heartbeat_result_ref (result);
}

/**
 * hbtest_run_new:
 * @self: what keeps the result
 * @input: the input of the run
 *
 * What @self has of a run before is forgotten.
 *
 * Returns: (transfer full): the run, for a handler
 */
HeartbeatRun *
hbtest_run_new (HbtestRun *self, const HeartbeatRunInput *input)
{
  hbtest_run_clear (self);
  self->run = heartbeat_run_new (input, on_ended, self);
  g_object_add_weak_pointer (G_OBJECT (self->run), (gpointer *) &self->run);
  return self->run;
}

void
hbtest_run_clear (HbtestRun *self)
{
  g_assert_null (self->run);
  g_clear_pointer (&self->result, heartbeat_result_unref);
}

void
hbtest_away_broker_init (HbtestAwayBroker *self)
{
  g_autoptr (GPtrArray) uris = heartbeat_broker_uri_parse_list ("amqp://a:b@127.0.0.1:1/", NULL);
  g_autoptr (HeartbeatAmqpPublisher) publisher = NULL;

  self->connection = heartbeat_connection_new (uris, "publish");
  publisher = heartbeat_amqp_publisher_new (self->connection);
  self->publisher = heartbeat_outbox_new (publisher, "cack", "x");
}

void
hbtest_away_broker_clear (HbtestAwayBroker *self)
{
  g_clear_object (&self->publisher);
  heartbeat_connection_close_async (self->connection, NULL, NULL);
  hbtest_release (g_steal_pointer (&self->connection));
}
