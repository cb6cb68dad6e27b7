/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *heartbeat_status_format (guint agents, GPtrArray *problems, const char *broker);

G_END_DECLS
