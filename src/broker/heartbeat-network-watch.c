/* SPDX-License-Identifier: MIT */

#include "broker/heartbeat-network-watch.h"

#include "base/heartbeat-deadline.h"
#include "base/heartbeat-clock-watch.h"
#include "base/heartbeat-log.h"

/* A network that comes up changes many times. */
#define CHANGES_APART G_USEC_PER_SEC

/**
 * HeartbeatNetworkWatch:
 *
 * Reports when an unreachable host may be reachable: the network changed, or the machine woke up. It waits for events
 * only and never wakes the process up by itself.
 */
struct _HeartbeatNetworkWatch
{
  GObject parent_instance;

  GNetworkMonitor *monitor; /* NULL if there is none */
  HeartbeatClockWatch *clock;
  gint64 last_change; /* when it was reported last; 0 for never */
  GSource *change;
};

enum
{
  CHANGED,
  RESUMED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (HeartbeatNetworkWatch, heartbeat_network_watch, G_TYPE_OBJECT)

/**
 * heartbeat_network_watch_next_change:
 * @last: when a change was reported last, in µs of the monotonic clock; 0 for never
 * @now: the time of another one
 *
 * Returns: when to report the new one, together with all that come until then
 */
gint64
heartbeat_network_watch_next_change (gint64 last, gint64 now)
{
  return last == 0 ? now : MAX (now, last + CHANGES_APART);
}

static gboolean
on_change (gpointer user_data)
{
  g_autoptr (HeartbeatNetworkWatch) self = g_object_ref (user_data);

  heartbeat_deadline_clear (&self->change);
  self->last_change = g_get_monotonic_time ();
  g_signal_emit (self, signals[CHANGED], 0);
  return G_SOURCE_REMOVE;
}

static void
report_change (HeartbeatNetworkWatch *self)
{
  gint64 when = heartbeat_network_watch_next_change (self->last_change, g_get_monotonic_time ());

  if (self->change == NULL)
    heartbeat_deadline_set (&self->change, when, on_change, self);
}

/* --- The network ---------------------------------------------------------------------------------------------------- */

/* The monitor that asks the kernel for the routes and is answered at once; its sources are on the thread's default main context.
 * GLib's default one may be NetworkManager's, which waits for the system bus while it holds a lock of GIO's: if the bus hangs,
 * so does the main loop with its first use of TLS (25 s, seen with GLib 2.74). Not on a thread: two threads that are the first
 * to use GIO's sockets can block each other for ever, one in a class_init function and one in a get_type function (seen in one
 * start of ten). */
static GNetworkMonitor *
make_monitor (GError **error)
{
  /* Lets GIO register its extensions: looking for one alone does not. */
  g_autoptr (GProxy) none = g_proxy_get_default_for_protocol ("none");
  GIOExtensionPoint *point = g_io_extension_point_lookup (G_NETWORK_MONITOR_EXTENSION_POINT_NAME);
  GIOExtension *netlink = NULL;

  if (point != NULL)
    netlink = g_io_extension_point_get_extension_by_name (point, "netlink");
  if (netlink != NULL)
    return (GNetworkMonitor *) g_initable_new (g_io_extension_get_type (netlink), NULL, error,
                                               NULL);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "GIO has no netlink monitor");
  return NULL;
}

static void
watch_network (HeartbeatNetworkWatch *self)
{
  g_autoptr (GError) error = NULL;

  self->monitor = make_monitor (&error);
  if (self->monitor == NULL)
    {
      heartbeat_log (G_LOG_LEVEL_DEBUG, HEARTBEAT_EVENT_NONE, NULL, NULL,
                     "Cannot watch the network: %s", error->message);
      return;
    }
  g_signal_connect_object (self->monitor, "network-changed", G_CALLBACK (report_change), self,
                           G_CONNECT_SWAPPED);
  heartbeat_log (G_LOG_LEVEL_DEBUG, HEARTBEAT_EVENT_NONE, NULL, NULL, "Watching the network");
}

/* --- Life ----------------------------------------------------------------------------------------------------------- */

static void
on_resumed (HeartbeatNetworkWatch *self)
{
  g_signal_emit (self, signals[RESUMED], 0);
  report_change (self);
}

static void
heartbeat_network_watch_dispose (GObject *object)
{
  HeartbeatNetworkWatch *self = HEARTBEAT_NETWORK_WATCH (object);

  g_clear_object (&self->monitor);
  heartbeat_deadline_clear (&self->change);
  g_clear_object (&self->clock);

  G_OBJECT_CLASS (heartbeat_network_watch_parent_class)->dispose (object);
}

static void
heartbeat_network_watch_class_init (HeartbeatNetworkWatchClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = heartbeat_network_watch_dispose;

  /**
   * HeartbeatNetworkWatch::changed:
   * @self: a watch
   *
   * The network changed, or the machine woke up. At most once a second.
   */
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);

  /**
   * HeartbeatNetworkWatch::resumed:
   * @self: a watch
   *
   * The machine woke up: timers have stood still, the clock has not.
   */
  signals[RESUMED] = g_signal_new ("resumed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void
heartbeat_network_watch_init (HeartbeatNetworkWatch *self)
{
}

/**
 * heartbeat_network_watch_new:
 *
 * Begins to watch, on the thread's default main context.
 *
 * Returns: (transfer full): a watch
 */
HeartbeatNetworkWatch *
heartbeat_network_watch_new (void)
{
  HeartbeatNetworkWatch *self = g_object_new (HEARTBEAT_TYPE_NETWORK_WATCH, NULL);

  self->clock = heartbeat_clock_watch_new ();
  g_signal_connect_object (self->clock, "resumed", G_CALLBACK (on_resumed), self,
                           G_CONNECT_SWAPPED);
  watch_network (self);
  return self;
}

/**
 * heartbeat_network_watch_get_monitor:
 * @self: a watch
 *
 * Returns: (transfer none) (nullable): the monitor of the network; %NULL if there is none
 */
GNetworkMonitor *
heartbeat_network_watch_get_monitor (HeartbeatNetworkWatch *self)
{
  g_return_val_if_fail (HEARTBEAT_IS_NETWORK_WATCH (self), NULL);

  return self->monitor;
}
