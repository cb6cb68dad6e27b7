/* SPDX-License-Identifier: MIT */

#pragma once

#include "heartbeat/heartbeat-consumer.h"
#include "heartbeat/heartbeat-agent.h"
#include "heartbeat/heartbeat-check.h"
#include "heartbeat/heartbeat-error.h"
#include "heartbeat/heartbeat-result.h"
#include "heartbeat/heartbeat-run.h"
#include "heartbeat/heartbeat-bus.h"
#include "heartbeat/heartbeat-notifier.h"
