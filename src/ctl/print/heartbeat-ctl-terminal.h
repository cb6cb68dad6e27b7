/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

guint heartbeat_ctl_terminal_get_width (void);
guint heartbeat_ctl_terminal_get_height (void);
gboolean heartbeat_ctl_terminal_has_colours (void);

G_END_DECLS
