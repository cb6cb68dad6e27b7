/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean heartbeat_details_fit (GVariant *details);

G_END_DECLS
