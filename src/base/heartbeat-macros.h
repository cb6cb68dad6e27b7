/* SPDX-License-Identifier: MIT */

#pragma once

/**
 * HEARTBEAT_EXPORT:
 *
 * Marks a declaration as part of libheartbeat's public interface. All else is hidden.
 */
#define HEARTBEAT_EXPORT __attribute__ ((visibility ("default"))) extern

/**
 * HEARTBEAT_DEFAULT_EXCHANGE:
 *
 * The exchange where none is given.
 */
#define HEARTBEAT_DEFAULT_EXCHANGE "bloodbank.events.v1"

/**
 * HEARTBEAT_DEFAULT_RABBIT_URL:
 *
 * The broker where none is given.
 */
#define HEARTBEAT_DEFAULT_RABBIT_URL "amqp://delorenj:delorenj@localhost:5673/"
