/* SPDX-License-Identifier: MIT */

#include "run/heartbeat-handler.h"

/**
 * heartbeat_handler_new:
 * @func: executes a run
 * @user_data: passed to @func
 * @destroy: (nullable): frees @user_data
 *
 * Returns: (transfer full): a handler
 */
HeartbeatHandler *
heartbeat_handler_new (HeartbeatHandlerFunc func, gpointer user_data, GDestroyNotify destroy)
{
  HeartbeatHandler *self;

  g_return_val_if_fail (func != NULL, NULL);

  self = g_rc_box_new (HeartbeatHandler);
  *self = (HeartbeatHandler){ func, user_data, destroy };
  return self;
}

HeartbeatHandler *
heartbeat_handler_ref (HeartbeatHandler *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  HeartbeatHandler *self = data;

  if (self->destroy != NULL)
    self->destroy (self->user_data);
}

void
heartbeat_handler_unref (HeartbeatHandler *self)
{
  g_return_if_fail (self != NULL);

  g_rc_box_release_full (self, clear);
}
