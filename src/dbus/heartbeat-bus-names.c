/* SPDX-License-Identifier: MIT */

#include "dbus/heartbeat-bus-names.h"

#include "base/heartbeat-log.h"

#define NAME_PREFIX "org.bloodbank.Heartbeat1."
#define BUS_NAME    "org.freedesktop.DBus"
#define BUS_PATH    "/org/freedesktop/DBus"

/**
 * HeartbeatBusNames:
 *
 * The names on the bus, one for each agent. Not by g_bus_own_name(), because g_bus_unown_name() blocks until the bus has
 * answered.
 */
struct _HeartbeatBusNames
{
  GObject parent_instance;

  GDBusConnection *connection;
  GCancellable *cancellable;
  guint subscription;
  GHashTable *claims; /* name → Claim */
  guint n_owned;
};

/* Referenced by each call to the bus about it as well. */
typedef struct
{
  HeartbeatBusNames *names; /* unowned; NULL once the name was released */
  char *name;
  char *agent;
  gboolean owned;
  gboolean warned;
} Claim;

enum
{
  CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (HeartbeatBusNames, heartbeat_bus_names, G_TYPE_OBJECT)

static void
claim_clear (gpointer data)
{
  Claim *claim = data;

  g_free (claim->name);
  g_free (claim->agent);
}

static void
claim_unref (Claim *claim)
{
  g_rc_box_release_full (claim, claim_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Claim, claim_unref)

/* A call may still be under way. */
static void
claim_release (gpointer data)
{
  Claim *claim = data;

  claim->names = NULL;
  claim_unref (claim);
}

/* Asks the bus something about @claim's name. */
static void
ask (Claim *claim,
     const char *method,
     GVariant *arguments,
     const char *reply,
     GAsyncReadyCallback callback)
{
  HeartbeatBusNames *self = claim->names;

  g_dbus_connection_call (self->connection, BUS_NAME, BUS_PATH, BUS_NAME, method, arguments,
                          G_VARIANT_TYPE (reply), G_DBUS_CALL_FLAGS_NONE, -1, self->cancellable,
                          callback, g_rc_box_acquire (claim));
}

static void
on_holder (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Claim) claim = user_data;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  guint pid;

  if (reply == NULL || claim->names == NULL || claim->owned)
    return;
  g_variant_get (reply, "(u)", &pid);
  heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_BUS_NAME_TAKEN, claim->agent, NULL,
                 "the name %s on the session bus belongs to another process (pid %u)", claim->name,
                 pid);
}

static void
warn_once (Claim *claim)
{
  if (claim->warned)
    return;
  claim->warned = TRUE;
  ask (claim, "GetConnectionUnixProcessID", g_variant_new ("(s)", claim->name), "(u)", on_holder);
}

static void
set_owned (Claim *claim, gboolean owned)
{
  HeartbeatBusNames *self = claim->names;

  if (claim->owned == owned)
    return;
  claim->owned = owned;
  if (owned)
    claim->warned = FALSE;
  self->n_owned += owned ? 1 : -1;
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
on_requested (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Claim) claim = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  guint answer;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || claim->names == NULL)
    return;
  if (reply == NULL)
    {
      g_dbus_error_strip_remote_error (error);
      heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_BUS_NAME_TAKEN, claim->agent, NULL,
                     "the bus does not give the name %s: %s", claim->name, error->message);
      return;
    }
  g_variant_get (reply, "(u)", &answer);
  /* 1: it is ours, 4: it was already; otherwise we are in the queue for it. */
  if (answer == 1 || answer == 4)
    set_owned (claim, TRUE);
  else
    warn_once (claim);
}

static void
on_signal (GDBusConnection *connection,
           const char *sender,
           const char *path,
           const char *interface,
           const char *signal,
           GVariant *parameters,
           gpointer user_data)
{
  HeartbeatBusNames *self = user_data;
  const char *name;
  Claim *claim;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(s)")))
    return;
  g_variant_get (parameters, "(&s)", &name);
  claim = g_hash_table_lookup (self->claims, name);
  if (claim == NULL)
    return;
  if (g_str_equal (signal, "NameAcquired"))
    set_owned (claim, TRUE);
  else if (g_str_equal (signal, "NameLost") && claim->owned)
    {
      set_owned (claim, FALSE);
      warn_once (claim);
    }
}

static void
request (Claim *claim)
{
  ask (claim, "RequestName", g_variant_new ("(su)", claim->name, 0), "(u)", on_requested);
}

static void
disconnect (HeartbeatBusNames *self)
{
  GHashTableIter iter;
  Claim *claim;

  if (self->connection == NULL)
    return;
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_dbus_connection_signal_unsubscribe (self->connection, self->subscription);
  self->subscription = 0;
  g_clear_object (&self->connection);
  self->n_owned = 0;
  g_hash_table_iter_init (&iter, self->claims);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &claim))
    claim->owned = FALSE;
}

static void
heartbeat_bus_names_dispose (GObject *object)
{
  disconnect (HEARTBEAT_BUS_NAMES (object));
  G_OBJECT_CLASS (heartbeat_bus_names_parent_class)->dispose (object);
}

static void
heartbeat_bus_names_finalize (GObject *object)
{
  g_hash_table_unref (HEARTBEAT_BUS_NAMES (object)->claims);
  G_OBJECT_CLASS (heartbeat_bus_names_parent_class)->finalize (object);
}

static void
heartbeat_bus_names_class_init (HeartbeatBusNamesClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = heartbeat_bus_names_dispose;
  object_class->finalize = heartbeat_bus_names_finalize;

  /**
   * HeartbeatBusNames::changed:
   * @self: the names
   *
   * A name was acquired, lost or released.
   */
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void
heartbeat_bus_names_init (HeartbeatBusNames *self)
{
  self->claims = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, claim_release);
}

/**
 * heartbeat_bus_names_new:
 *
 * Returns: (transfer full): no names yet
 */
HeartbeatBusNames *
heartbeat_bus_names_new (void)
{
  return g_object_new (HEARTBEAT_TYPE_BUS_NAMES, NULL);
}

/**
 * heartbeat_bus_names_for_agent:
 * @agent: the name of an agent
 *
 * Returns: (transfer full): its name on the bus, where no element may begin with a digit
 */
char *
heartbeat_bus_names_for_agent (const char *agent)
{
  g_return_val_if_fail (agent != NULL, NULL);

  return g_strconcat (NAME_PREFIX, g_ascii_isdigit (*agent) ? "_" : "", agent, NULL);
}

/**
 * heartbeat_bus_names_claim:
 * @self: the names
 * @agent: the name of an agent that has none yet
 *
 * Requests an agent's name, now and whenever there is a bus. If another process has it, we are in the queue for it.
 */
void
heartbeat_bus_names_claim (HeartbeatBusNames *self, const char *agent)
{
  Claim *claim = g_rc_box_new0 (Claim);

  g_return_if_fail (HEARTBEAT_IS_BUS_NAMES (self));
  g_return_if_fail (agent != NULL);

  claim->names = self;
  claim->name = heartbeat_bus_names_for_agent (agent);
  claim->agent = g_strdup (agent);
  g_hash_table_replace (self->claims, claim->name, claim);
  if (self->connection != NULL)
    request (claim);
}

/**
 * heartbeat_bus_names_release:
 * @self: the names
 * @agent: the name of an agent
 *
 * Releases its name.
 */
void
heartbeat_bus_names_release (HeartbeatBusNames *self, const char *agent)
{
  g_autofree char *name = NULL;
  Claim *claim;

  g_return_if_fail (HEARTBEAT_IS_BUS_NAMES (self));
  g_return_if_fail (agent != NULL);

  name = heartbeat_bus_names_for_agent (agent);
  claim = g_hash_table_lookup (self->claims, name);
  if (claim == NULL)
    return;
  if (claim->owned)
    self->n_owned--;
  g_hash_table_remove (self->claims, name);
  if (self->connection != NULL)
    g_dbus_connection_call (self->connection, BUS_NAME, BUS_PATH, BUS_NAME, "ReleaseName",
                            g_variant_new ("(s)", name), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
                            NULL, NULL);
  g_signal_emit (self, signals[CHANGED], 0);
}

/**
 * heartbeat_bus_names_set_connection:
 * @self: the names
 * @connection: (nullable): a connection to the bus that nobody else uses; %NULL when it is closed or about to be
 *
 * Requests all names on @connection.
 */
void
heartbeat_bus_names_set_connection (HeartbeatBusNames *self, GDBusConnection *connection)
{
  GHashTableIter iter;
  Claim *claim;

  g_return_if_fail (HEARTBEAT_IS_BUS_NAMES (self));

  disconnect (self);
  if (connection == NULL)
    return;
  self->connection = g_object_ref (connection);
  self->cancellable = g_cancellable_new ();
  self->subscription
      = g_dbus_connection_signal_subscribe (connection, BUS_NAME, BUS_NAME, NULL, BUS_PATH, NULL,
                                            G_DBUS_SIGNAL_FLAGS_NONE, on_signal, self, NULL);
  g_hash_table_iter_init (&iter, self->claims);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &claim))
    request (claim);
}

/**
 * heartbeat_bus_names_are_owned:
 * @self: the names
 * @count: how many names are wanted
 *
 * Returns: whether that many are ours; %FALSE without a bus
 */
gboolean
heartbeat_bus_names_are_owned (HeartbeatBusNames *self, guint count)
{
  g_return_val_if_fail (HEARTBEAT_IS_BUS_NAMES (self), FALSE);

  return self->connection != NULL && self->n_owned == count;
}
