/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *heartbeat_advice_describe (const GError *error);
char *heartbeat_advice_describe_difference (const GError *error);
gboolean heartbeat_advice_is_other_type (const GError *error);

G_END_DECLS
