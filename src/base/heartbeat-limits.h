/* SPDX-License-Identifier: MIT */

#pragma once

/* The limits that users rely on, or that more than one file keeps. What only one file knows is defined there. */

/* AMQP 0-9-1, section 4.2.5.3: the names of exchanges and queues, routing keys. */
#define HEARTBEAT_SHORT_STRING_MAX_BYTES 255

/* How long a run may be allowed to take: less than a second measures the machine, more than 25 minutes outlasts the broker's
 * patience with a message that is not acknowledged. */
#define HEARTBEAT_TIMEOUT_MIN_MS 1000
#define HEARTBEAT_TIMEOUT_MAX_MS 1500000
