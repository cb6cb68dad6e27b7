/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

#include "amqp/heartbeat-frame.h"
#include "amqp/heartbeat-message.h"

G_BEGIN_DECLS

typedef struct _HeartbeatAssembly HeartbeatAssembly;

/**
 * HeartbeatAssembled:
 * @HEARTBEAT_ASSEMBLED_MORE: the message is not whole yet
 * @HEARTBEAT_ASSEMBLED_MESSAGE: it is, heartbeat_assembly_get_message() has it
 * @HEARTBEAT_ASSEMBLED_ERROR: the frame does not belong here
 *
 * What a frame did to the message that is being put together.
 */
typedef enum
{
  HEARTBEAT_ASSEMBLED_MORE,
  HEARTBEAT_ASSEMBLED_MESSAGE,
  HEARTBEAT_ASSEMBLED_ERROR,
} HeartbeatAssembled;

HeartbeatAssembly *heartbeat_assembly_new (void);
void heartbeat_assembly_free (HeartbeatAssembly *self);
gboolean heartbeat_assembly_is_idle (HeartbeatAssembly *self);
void heartbeat_assembly_begin_delivery (HeartbeatAssembly *self,
                                        const amqp_basic_deliver_t *deliver);
void heartbeat_assembly_begin_return (HeartbeatAssembly *self, const amqp_basic_return_t *returned);
HeartbeatAssembled
heartbeat_assembly_add (HeartbeatAssembly *self, const HeartbeatFrame *frame, GError **error);
const HeartbeatMessage *heartbeat_assembly_get_message (HeartbeatAssembly *self);
void heartbeat_assembly_clear (HeartbeatAssembly *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HeartbeatAssembly, heartbeat_assembly_free)

G_END_DECLS
