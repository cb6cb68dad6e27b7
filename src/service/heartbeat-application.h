/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib-object.h>

#include "service/heartbeat-settings.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_APPLICATION (heartbeat_application_get_type ())

G_DECLARE_FINAL_TYPE (HeartbeatApplication, heartbeat_application, HEARTBEAT, APPLICATION, GObject)

HeartbeatApplication *heartbeat_application_new (const HeartbeatSettings *settings);
gboolean heartbeat_application_run (HeartbeatApplication *self, GError **error);

G_END_DECLS
