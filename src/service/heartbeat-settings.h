/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * HeartbeatSettings:
 *
 * What the environment and the command line say, checked. Either @agent and @config or @agents_dir are %NULL. @rabbit_url
 * and @handler_path are %NULL where nobody has set one. @file_limit is set by the program: how many files its own programs
 * may have open, 0 for as many as itself.
 */
typedef struct
{
  char *agent;
  char *config;
  char *agents_dir;
  char *rabbit_url;
  char *exchange;
  char *log_level;
  char *tick_source;
  char *bus;
  char *notify;
  char *queue_type;
  char *inbox_handler;
  char *publish_results_text;
  char *handler_path;
  char *tick_interval_text;
  char *max_concurrent_runs_text;
  char *handler_timeout_text;
  guint tick_interval;
  guint max_concurrent_runs;
  guint handler_timeout;
  gboolean publish_results;
  gboolean check_config;
  gboolean version;
  guint64 file_limit;
} HeartbeatSettings;

HeartbeatSettings *heartbeat_settings_new (int *argc, char ***argv, GError **error);
void heartbeat_settings_free (HeartbeatSettings *self);
GLogLevelFlags heartbeat_settings_get_log_levels (const HeartbeatSettings *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatSettings, heartbeat_settings_free)

G_END_DECLS
