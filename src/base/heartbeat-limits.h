/* SPDX-License-Identifier: MIT */

#pragma once

/* The limits that users can see, or that more than one file has to keep. What concerns one file alone is defined there, and the
 * ranges of settings are in base/heartbeat-setting-spec.c. */

/* --- heartbeat.json ------------------------------------------------------------------------------------------------- */

/* A file is held in memory as text and as values. */
#define HEARTBEAT_CONFIG_MAX_BYTES (16 * 1024 * 1024)

/* Each check is an object on the bus. */
#define HEARTBEAT_CONFIG_MAX_CHECKS 1000

/* Arrays and objects within each other, in files and messages alike: what parses them is recursive. */
#define HEARTBEAT_JSON_MAX_DEPTH 64

/* An agent's name is part of a routing key, of a file's name and of a bus name, which has 255 bytes. */
#define HEARTBEAT_AGENT_NAME_MAX_BYTES 64

/* Enough for people; an object path has room for it even if each byte is escaped. */
#define HEARTBEAT_CHECK_NAME_MAX_BYTES 255

/* Ticks come once a minute: more often than once a second is a mistake of units. */
#define HEARTBEAT_CADENCE_MIN_MS 1000

/* Below a second a time-out would measure the machine. Above 25 minutes a message of the inbox would outlast the broker's
 * patience, which ends after 30. */
#define HEARTBEAT_TIMEOUT_MIN_MS 1000
#define HEARTBEAT_TIMEOUT_MAX_MS 1500000

/* --- Runs ----------------------------------------------------------------------------------------------------------- */

/* The first pause after a failure, doubled with each further one up to the cadence. */
#define HEARTBEAT_RETRY_FIRST_MS 30000

/* What is kept of a handler's output; the rest is read and dropped, so that it does not block. */
#define HEARTBEAT_OUTPUT_MAX_BYTES (64 * 1024)

/* How long runs may go on once the service was asked to stop. systemd waits for 90 s by default. */
#define HEARTBEAT_STOP_GRACE_MS 10000

/* At this size the file of past runs is renamed, and a new one begins. */
#define HEARTBEAT_HISTORY_MAX_BYTES (1024 * 1024)

/* A tick's own quarter counts for five minutes: an old one, drained after an outage, says nothing about now. */
#define HEARTBEAT_TICK_FRESH_MS 300000

/* How many intervals without a tick are an outage of the broker's ticks. */
#define HEARTBEAT_TICK_OUTAGE_INTERVALS 2.5

/* --- The broker ----------------------------------------------------------------------------------------------------- */

/* AMQP 0-9-1, section 4.2.5.3: the names of exchanges and queues, routing keys, ids of messages. */
#define HEARTBEAT_SHORT_STRING_MAX_BYTES 255

/* A larger message is counted off and rejected, never held in memory. */
#define HEARTBEAT_MESSAGE_MAX_BYTES (1024 * 1024)

/* How many messages the broker sends ahead of their acknowledgement. */
#define HEARTBEAT_PREFETCH_MESSAGES 64

/* How long a message may stay unacknowledged: after 15 or 30 minutes, by its version, RabbitMQ closes the channel. */
#define HEARTBEAT_ACK_DELAY_MAX_S 600

/* From a call to publish until it has failed, including the time that it waits for a connection. */
#define HEARTBEAT_PUBLISH_TIMEOUT_S 10

/* While the broker is away; one more is refused. */
#define HEARTBEAT_PUBLISH_MAX_WAITING 256

/* What nobody fetches within an hour is of no use, and the inbox of an agent that is gone must not grow for ever. */
#define HEARTBEAT_EXPIRATION_MS 3600000

/* What we ask of the broker: agents of one process share a connection, with a channel each. */
#define HEARTBEAT_AMQP_MAX_CHANNELS 2047
#define HEARTBEAT_AMQP_HEARTBEAT_S  30

/* The wait before the next attempt to connect is random, within these bounds. */
#define HEARTBEAT_BACKOFF_MIN_MS 100
#define HEARTBEAT_BACKOFF_MAX_MS 60000

/* --- The desktop ---------------------------------------------------------------------------------------------------- */

/* Servers show a few lines. */
#define HEARTBEAT_NOTIFICATION_MAX_CHARS 300

/* A broker that is away for a shorter time is not notified: it may just restart. */
#define HEARTBEAT_BROKER_PATIENCE_MS 300000
