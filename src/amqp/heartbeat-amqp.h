/* SPDX-License-Identifier: MIT */

#pragma once

/* librabbitmq moved its headers in 0.12. Only its pure coding functions are used, never its sockets. */
#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/framing.h>
#else
#include <amqp.h>
#include <amqp_framing.h>
#endif
