/* SPDX-License-Identifier: MIT */

#pragma once

#include "amqp/heartbeat-broker-uri.h"
#include "amqp/heartbeat-connection.h"

G_BEGIN_DECLS

#define HEARTBEAT_TYPE_CTL_PROBE (heartbeat_ctl_probe_get_type ())
G_DECLARE_FINAL_TYPE (HeartbeatCtlProbe, heartbeat_ctl_probe, HEARTBEAT, CTL_PROBE, GObject)

HeartbeatCtlProbe *heartbeat_ctl_probe_new (HeartbeatBrokerUri *uri);
const GError *heartbeat_ctl_probe_connect (HeartbeatCtlProbe *self,
                                           HeartbeatConnectionStage *stage);
gboolean heartbeat_ctl_probe_call (HeartbeatCtlProbe *self,
                                   amqp_method_number_t method,
                                   void *decoded,
                                   HeartbeatReply *reply,
                                   GError **error);
gboolean heartbeat_ctl_probe_is_routed (HeartbeatCtlProbe *self,
                                        const char *exchange,
                                        const char *routing_key,
                                        gboolean *routed,
                                        GError **error);
void heartbeat_ctl_probe_close (HeartbeatCtlProbe *self);

G_END_DECLS
