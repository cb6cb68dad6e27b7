/* SPDX-License-Identifier: MIT */

#pragma once

#include "config/heartbeat-check-spec.h"
#include "base/heartbeat-limits.h"

G_BEGIN_DECLS

#define HEARTBEAT_CONFIG_SIZE_RULE "the file is larger than 16 MiB"

/**
 * HeartbeatConfig:
 * @text: the text of the file
 * @agent: the agent that it names
 * @checks: (element-type HeartbeatCheckSpec): the checks, sorted by name
 * @pause: the pause of all checks
 *
 * A heartbeat.json that was read. It does not change, and may be passed between threads.
 */
typedef struct
{
  gatomicrefcount refs;
  GBytes *text;
  char *agent;
  GPtrArray *checks;
  HeartbeatPause pause;
} HeartbeatConfig;

HeartbeatConfig *heartbeat_config_parse (GBytes *text, GError **error);
GPtrArray *heartbeat_config_validate (GBytes *text);
HeartbeatConfig *heartbeat_config_ref (HeartbeatConfig *config);
void heartbeat_config_unref (HeartbeatConfig *config);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatConfig, heartbeat_config_unref)

G_END_DECLS
