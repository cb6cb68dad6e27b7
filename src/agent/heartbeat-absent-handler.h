/* SPDX-License-Identifier: MIT */

#pragma once

#include "run/heartbeat-registry.h"

G_BEGIN_DECLS

void heartbeat_absent_handler_register (HeartbeatRegistry *registry, const char *name);

G_END_DECLS
