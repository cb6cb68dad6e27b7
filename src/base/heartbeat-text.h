/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *heartbeat_text_dup_valid (const char *text);
char *heartbeat_text_shorten (const char *text, gsize max_chars);
char *heartbeat_text_to_line (const char *text);
char *heartbeat_text_to_plain (const char *text);
gboolean heartbeat_text_has_controls (const char *text);

G_END_DECLS
