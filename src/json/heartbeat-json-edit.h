/* SPDX-License-Identifier: MIT */

#pragma once

#include "json/heartbeat-json.h"

G_BEGIN_DECLS

GBytes *heartbeat_json_edit_set_member (GBytes *text,
                                        const char *const *path,
                                        const char *name,
                                        const char *value,
                                        GError **error);

GBytes *heartbeat_json_edit_remove_member (GBytes *text,
                                           const char *const *path,
                                           const char *name,
                                           GError **error);

G_END_DECLS
