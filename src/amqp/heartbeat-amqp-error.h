/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

#include "amqp/heartbeat-amqp.h"

G_BEGIN_DECLS

/**
 * HEARTBEAT_AMQP_ERROR:
 *
 * Error domain of what the broker refused. The codes are AMQP's reply codes, `AMQP_NOT_FOUND` (404) and the like.
 */
#define HEARTBEAT_AMQP_ERROR (heartbeat_amqp_error_quark ())

GQuark heartbeat_amqp_error_quark (void);
GError *
heartbeat_amqp_error_new (guint16 reply_code, amqp_bytes_t reply_text, amqp_method_number_t method);
char *heartbeat_amqp_text (amqp_bytes_t bytes);
char *heartbeat_amqp_method_name (amqp_method_number_t method);

G_END_DECLS
