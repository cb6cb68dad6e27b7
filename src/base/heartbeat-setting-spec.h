/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  HEARTBEAT_SETTING_TEXT,
  HEARTBEAT_SETTING_CHOICE,
  HEARTBEAT_SETTING_NUMBER,
  HEARTBEAT_SETTING_BOOLEAN,
} HeartbeatSettingType;

/**
 * HeartbeatSettingSpec:
 * @variable: the environment variable
 * @option: the long option
 * @placeholder: what `--help` calls the value, to be translated
 * @help: what `--help` says about it, to be translated
 * @type: the type
 * @fallback: (nullable): the default
 * @choices: (nullable): the values of a choice or a boolean, separated by spaces
 * @min: the smallest number, or the shortest text in bytes
 * @max: the largest number, or the longest text in bytes; a text with 0 has no limit
 * @secret: whether the value is never shown
 *
 * A setting of the service, which programs, library and documentation agree on.
 */
typedef struct
{
  const char *variable;
  const char *option;
  const char *placeholder;
  const char *help;
  HeartbeatSettingType type;
  const char *fallback;
  const char *choices;
  guint min;
  guint max;
  gboolean secret;
} HeartbeatSettingSpec;

const HeartbeatSettingSpec *heartbeat_setting_spec_list (guint *n);
const HeartbeatSettingSpec *heartbeat_setting_spec_find (const char *variable);
guint heartbeat_setting_spec_get_default_number (const HeartbeatSettingSpec *self);
gboolean heartbeat_setting_spec_has_choice (const HeartbeatSettingSpec *self, const char *value);

char *
heartbeat_setting_spec_parse (const HeartbeatSettingSpec *self, const char *text, GError **error);
void heartbeat_setting_spec_set_error (const HeartbeatSettingSpec *self,
                                       const char *value,
                                       const char *rule,
                                       GError **error);
void heartbeat_setting_spec_set_missing (const HeartbeatSettingSpec *self, GError **error);
char *heartbeat_setting_spec_hide_url (const char *text);

G_END_DECLS
