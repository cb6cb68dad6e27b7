/* SPDX-License-Identifier: MIT */

#pragma once

/**
 * HEARTBEAT_EXPORT:
 *
 * Marks a declaration as part of libheartbeat's public interface. All else is hidden.
 */
#define HEARTBEAT_EXPORT __attribute__ ((visibility ("default"))) extern
