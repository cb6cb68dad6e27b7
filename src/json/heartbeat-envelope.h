/* SPDX-License-Identifier: MIT */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define HEARTBEAT_TICK_ROUTING_KEY "system.heartbeat.tick"

/* What the service itself sends names this as its source. */
#define HEARTBEAT_SOURCE_TYPE_AGENT "agent"
#define HEARTBEAT_SOURCE_APP        "heartbeat-consumer"

/**
 * HeartbeatEnvelope:
 * @event_id: a random UUID
 * @body: the event as JSON
 *
 * An event of Bloodbank that was made here.
 */
typedef struct
{
  char *event_id;
  GBytes *body;
} HeartbeatEnvelope;

/**
 * HeartbeatEnvelopeSource:
 * @type: `scheduled`, `manual` or `agent`
 * @app: the name of the program
 *
 * Who makes an event.
 */
typedef struct
{
  const char *type;
  const char *app;
} HeartbeatEnvelopeSource;

HeartbeatEnvelope *heartbeat_envelope_new (const char *event_type,
                                           const HeartbeatEnvelopeSource *source,
                                           const char *cause,
                                           JsonNode *payload,
                                           gint64 now);
HeartbeatEnvelope *heartbeat_envelope_new_tick (const HeartbeatEnvelopeSource *source, gint64 now);
void heartbeat_envelope_free (HeartbeatEnvelope *envelope);

char *heartbeat_envelope_dup_event_id (const char *body);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatEnvelope, heartbeat_envelope_free)

G_END_DECLS
