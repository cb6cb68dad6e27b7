/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean heartbeat_io_error (GError **error, int code, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
void heartbeat_io_error_warn (int code, const char *what, const char *path);

G_END_DECLS
