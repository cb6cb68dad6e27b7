/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

guint heartbeat_ctl_text_width (const char *text);
char *heartbeat_ctl_text_cut (const char *text, guint width);
char *heartbeat_ctl_text_wrap (const char *text, guint indent, guint width);

G_END_DECLS
