/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean heartbeat_attributes_copy (int from, int to);

G_END_DECLS
