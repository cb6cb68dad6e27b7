/* SPDX-License-Identifier: MIT */

#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_PUBLISHER (heartbeat_publisher_get_type ())
G_DECLARE_INTERFACE (HeartbeatPublisher, heartbeat_publisher, HEARTBEAT, PUBLISHER, GObject)

/**
 * HeartbeatPublisherInterface:
 * @has_broker: implements heartbeat_publisher_has_broker()
 * @publish_async: implements heartbeat_publisher_publish_async()
 * @publish_finish: implements heartbeat_publisher_publish_finish()
 *
 * What publishes an agent's events.
 */
struct _HeartbeatPublisherInterface
{
  GTypeInterface parent;

  gboolean (*has_broker) (HeartbeatPublisher *self);
  void (*publish_async) (HeartbeatPublisher *self,
                         const char *event_type,
                         const char *cause,
                         JsonNode *payload,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data);
  char *(*publish_finish) (HeartbeatPublisher *self, GAsyncResult *result, GError **error);
};

gboolean heartbeat_publisher_has_broker (HeartbeatPublisher *self);
void heartbeat_publisher_publish_async (HeartbeatPublisher *self,
                                        const char *event_type,
                                        const char *cause,
                                        JsonNode *payload,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
char *
heartbeat_publisher_publish_finish (HeartbeatPublisher *self, GAsyncResult *result, GError **error);

G_END_DECLS
