/* SPDX-License-Identifier: MIT */

#pragma once

#include "consumer/heartbeat-consumer.h"
#include "core/heartbeat-agent.h"
#include "core/heartbeat-check.h"
#include "core/heartbeat-error.h"
#include "core/heartbeat-result.h"
#include "core/heartbeat-run.h"
#include "desktop/heartbeat-bus.h"
#include "desktop/heartbeat-notifier.h"
