/* SPDX-License-Identifier: MIT */

/* What the tests of the handlers share: a run without an agent, and a broker that is away. */

#pragma once

#include "broker/heartbeat-outbox.h"
#include "run/heartbeat-run-private.h"

G_BEGIN_DECLS

/* A run and how it ended. Zero-initialised; hbtest_run_clear() at the end. */
typedef struct
{
  HeartbeatRun *run; /* unowned; NULL when nobody has it any more */
  HeartbeatResult *result;
} HbtestRun;

HeartbeatRun *hbtest_run_new (HbtestRun *self, const HeartbeatRunInput *input);
void hbtest_run_clear (HbtestRun *self);

/* Waits until the handler has let go of the run. */
#define hbtest_run_wait(self) hbtest_poll_for ((self)->run == NULL)

#define hbtest_run_assert(self, status, message)                                                   \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_assert_nonnull ((self)->result);                                                             \
    g_assert_cmpstr (heartbeat_result_get_message ((self)->result), ==, message);                  \
    g_assert_cmpint (heartbeat_result_get_status ((self)->result), ==, status);                    \
  }                                                                                                \
  G_STMT_END

/* A connection to a port where nobody listens. */
typedef struct
{
  HeartbeatConnection *connection;
  HeartbeatPublisher *publisher;
} HbtestAwayBroker;

void hbtest_away_broker_init (HbtestAwayBroker *self);
void hbtest_away_broker_clear (HbtestAwayBroker *self);

G_END_DECLS
