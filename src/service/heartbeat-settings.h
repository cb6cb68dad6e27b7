/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * HeartbeatSettings:
 * @values: (element-type utf8 utf8): what is set, by variable
 * @check_config: whether only settings and file are checked
 * @version: whether only the version is printed
 * @file_limit: how many files the programs of the service may have open, 0 for as many as itself; the program sets it
 *
 * The checked settings from the environment and the command line. heartbeat_setting_spec_list() describes each. Either
 * `AGENT_NAME` and `HEARTBEAT_PATH` or `HEARTBEAT_DIR` are set.
 */
typedef struct
{
  GHashTable *values;
  gboolean check_config;
  gboolean version;
  guint64 file_limit;
} HeartbeatSettings;

HeartbeatSettings *heartbeat_settings_new (int *argc, char ***argv, GError **error);
void heartbeat_settings_free (HeartbeatSettings *self);

gboolean heartbeat_settings_has (const HeartbeatSettings *self, const char *variable);
const char *heartbeat_settings_get (const HeartbeatSettings *self, const char *variable);
gboolean
heartbeat_settings_is (const HeartbeatSettings *self, const char *variable, const char *value);
guint heartbeat_settings_get_number (const HeartbeatSettings *self, const char *variable);
GLogLevelFlags heartbeat_settings_get_log_levels (const HeartbeatSettings *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatSettings, heartbeat_settings_free)

G_END_DECLS
