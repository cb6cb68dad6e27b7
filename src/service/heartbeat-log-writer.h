/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

void heartbeat_log_writer_install (GLogLevelFlags levels);

G_END_DECLS
