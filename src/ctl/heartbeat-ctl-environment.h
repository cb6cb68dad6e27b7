/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

GHashTable *heartbeat_ctl_environment_parse (const char *text);

G_END_DECLS
