/* SPDX-License-Identifier: MIT */

#pragma once

#include "amqp/heartbeat-connection.h"

G_BEGIN_DECLS

const char *heartbeat_ctl_advice_for_connection (HeartbeatConnectionStage stage,
                                                 const GError *error);
const char *heartbeat_ctl_advice_for_refusal (const GError *error);

G_END_DECLS
