/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

GVariant *heartbeat_performance_parse (const char *text);

G_END_DECLS
