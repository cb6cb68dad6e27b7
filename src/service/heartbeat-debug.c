/* SPDX-License-Identifier: MIT */

#include "service/heartbeat-debug.h"

#include "service/heartbeat-latency-probe.h"

/**
 * HeartbeatDebug:
 *
 * What `HEARTBEAT_DEBUG` asks for, as it is seen on the bus.
 */
struct _HeartbeatDebug
{
  HeartbeatDBusDebugSkeleton parent_instance;

  HeartbeatLatencyProbe *probe;
};

/* In the order of the interface's description. */
enum
{
  PROP_0,
  PROP_WORST_LOOP_DELAY,
  PROP_WORST_LOOP_DELAY_RAW,
};

static void debug_iface_init (HeartbeatDBusDebugIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (HeartbeatDebug,
                               heartbeat_debug,
                               HEARTBEAT_DBUS_TYPE_DEBUG_SKELETON,
                               G_IMPLEMENT_INTERFACE (HEARTBEAT_DBUS_TYPE_DEBUG, debug_iface_init))

static void
heartbeat_debug_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  HeartbeatDebug *self = HEARTBEAT_DEBUG (object);
  const HeartbeatLatency *latency = heartbeat_latency_probe_read (self->probe);

  switch (id)
    {
    case PROP_WORST_LOOP_DELAY:
      g_value_set_uint64 (value, (guint64) latency->worst);
      break;
    case PROP_WORST_LOOP_DELAY_RAW:
      g_value_set_uint64 (value, (guint64) latency->worst_raw);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

/* The interface's properties are writable to GObject and to nobody else. */
static void
heartbeat_debug_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
heartbeat_debug_finalize (GObject *object)
{
  heartbeat_latency_probe_free (HEARTBEAT_DEBUG (object)->probe);
  G_OBJECT_CLASS (heartbeat_debug_parent_class)->finalize (object);
}

static void
heartbeat_debug_class_init (HeartbeatDebugClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = heartbeat_debug_get_property;
  object_class->set_property = heartbeat_debug_set_property;
  object_class->finalize = heartbeat_debug_finalize;
  heartbeat_dbus_debug_override_properties (object_class, 1);
}

static void
heartbeat_debug_init (HeartbeatDebug *self)
{
  self->probe = heartbeat_latency_probe_new ();
}

static gboolean
handle_reset_worst_loop_delay (HeartbeatDBusDebug *skeleton, GDBusMethodInvocation *invocation)
{
  heartbeat_latency_probe_reset (HEARTBEAT_DEBUG (skeleton)->probe);
  heartbeat_dbus_debug_complete_reset_worst_loop_delay (skeleton, invocation);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
debug_iface_init (HeartbeatDBusDebugIface *iface)
{
  iface->handle_reset_worst_loop_delay = handle_reset_worst_loop_delay;
}

/**
 * heartbeat_debug_new:
 * @wanted: (nullable): the value of `HEARTBEAT_DEBUG`: names after commas, of which `latency` is known
 *
 * Returns: (transfer full) (nullable): an interface for the bus that measures from now on, or %NULL where nobody wants it
 */
HeartbeatDebug *
heartbeat_debug_new (const char *wanted)
{
  static const GDebugKey keys[] = { { "latency", 1 } };

  if (g_parse_debug_string (wanted, keys, G_N_ELEMENTS (keys)) == 0)
    return NULL;
  return g_object_new (HEARTBEAT_TYPE_DEBUG, NULL);
}
