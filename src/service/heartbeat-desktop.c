/* SPDX-License-Identifier: MIT */

#include "service/heartbeat-desktop.h"

#include "base/heartbeat-deadline.h"
#include "dbus/heartbeat-bus.h"
#include "notify/heartbeat-notifier.h"

/* Ticks come first: the session bus is connected once the consumer is registered, or this long after the start. */
#define BUS_DELAY_US (200 * G_TIME_SPAN_MILLISECOND)

/**
 * HeartbeatDesktop:
 *
 * What the desktop sees of the agents: objects on the session bus, and notifications. With `HEARTBEAT_BUS=none` it sees nothing.
 */
struct _HeartbeatDesktop
{
  HeartbeatBus *bus;           /* NULL without a bus */
  HeartbeatNotifier *notifier; /* NULL without notifications */
  GSource *bus_delay;          /* until the session bus is connected */
};

static gboolean
on_bus_delay_over (gpointer user_data)
{
  HeartbeatDesktop *self = user_data;

  heartbeat_bus_start (self->bus);
  return G_SOURCE_REMOVE;
}

/**
 * heartbeat_desktop_new:
 * @settings: the settings
 *
 * Returns: (transfer full): the desktop as the settings want it, with a bus that starts in a moment
 */
HeartbeatDesktop *
heartbeat_desktop_new (const HeartbeatSettings *settings)
{
  HeartbeatDesktop *self = g_new0 (HeartbeatDesktop, 1);

  g_return_val_if_fail (settings != NULL, NULL);

  if (heartbeat_settings_is (settings, "HEARTBEAT_BUS", "none"))
    return self;
  self->bus = heartbeat_bus_new ();
  heartbeat_deadline_set_in (&self->bus_delay, BUS_DELAY_US, on_bus_delay_over, self);
  if (heartbeat_settings_is (settings, "NOTIFY", "all"))
    self->notifier = heartbeat_notifier_new (HEARTBEAT_NOTIFY_ALL);
  else if (heartbeat_settings_is (settings, "NOTIFY", "failures"))
    self->notifier = heartbeat_notifier_new (HEARTBEAT_NOTIFY_FAILURES);
  return self;
}

void
heartbeat_desktop_free (HeartbeatDesktop *self)
{
  heartbeat_deadline_clear (&self->bus_delay);
  g_clear_object (&self->notifier);
  g_clear_object (&self->bus);
  g_free (self);
}

/**
 * heartbeat_desktop_start_bus:
 * @self: the desktop
 *
 * Connects to the session bus now, if that has not happened yet.
 */
void
heartbeat_desktop_start_bus (HeartbeatDesktop *self)
{
  g_return_if_fail (self != NULL);

  if (self->bus_delay == NULL)
    return;
  heartbeat_deadline_clear (&self->bus_delay);
  heartbeat_bus_start (self->bus);
}

/**
 * heartbeat_desktop_add_consumer:
 * @self: the desktop
 * @consumer: a consumer
 *
 * Shows an agent.
 */
void
heartbeat_desktop_add_consumer (HeartbeatDesktop *self, HeartbeatConsumer *consumer)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (HEARTBEAT_IS_CONSUMER (consumer));

  if (self->bus != NULL)
    heartbeat_bus_add_consumer (self->bus, consumer);
  if (self->notifier != NULL)
    heartbeat_notifier_add_consumer (self->notifier, consumer);
}

/**
 * heartbeat_desktop_remove_consumer:
 * @self: the desktop
 * @consumer: a consumer that was added
 *
 * Shows an agent no longer.
 */
void
heartbeat_desktop_remove_consumer (HeartbeatDesktop *self, HeartbeatConsumer *consumer)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (HEARTBEAT_IS_CONSUMER (consumer));

  if (self->notifier != NULL)
    heartbeat_notifier_remove_consumer (self->notifier, consumer);
  if (self->bus != NULL)
    heartbeat_bus_remove_consumer (self->bus, consumer);
}

/**
 * heartbeat_desktop_stop:
 * @self: the desktop
 *
 * Leaves the desktop, with all agents at once.
 */
void
heartbeat_desktop_stop (HeartbeatDesktop *self)
{
  g_return_if_fail (self != NULL);

  heartbeat_deadline_clear (&self->bus_delay);
  if (self->notifier != NULL)
    heartbeat_notifier_stop (self->notifier);
  if (self->bus != NULL)
    heartbeat_bus_stop (self->bus);
}
