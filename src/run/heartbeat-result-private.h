/* SPDX-License-Identifier: MIT */

#pragma once

#include "run/heartbeat-result.h"

G_BEGIN_DECLS

void heartbeat_result_set_cause (HeartbeatResult *result, char *cause);
const char *heartbeat_result_get_cause (HeartbeatResult *result);

G_END_DECLS
