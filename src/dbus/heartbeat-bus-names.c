/* SPDX-License-Identifier: MIT */

#include "dbus/heartbeat-bus-names.h"

#include "base/heartbeat-log.h"

#define NAME_PREFIX "org.bloodbank.Heartbeat1."
#define BUS_NAME    "org.freedesktop.DBus"
#define BUS_PATH    "/org/freedesktop/DBus"

/**
 * HeartbeatBusNames:
 *
 * The names on the bus, one for each agent. g_bus_own_name() is not for us: giving a name back waits for the bus.
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

typedef struct
{
  char *name;
  char *agent;
  gboolean owned;
  gboolean warned;
} Claim;

/* A question about a name on its way. The claim may be gone when the answer comes. */
typedef struct
{
  HeartbeatBusNames *names;
  char *name;
} Question;

enum
{
  CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (HeartbeatBusNames, heartbeat_bus_names, G_TYPE_OBJECT)

static void
claim_free (gpointer data)
{
  Claim *claim = data;

  g_free (claim->name);
  g_free (claim->agent);
  g_free (claim);
}

static void
question_free (Question *question)
{
  g_object_unref (question->names);
  g_free (question->name);
  g_free (question);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Question, question_free)

/* Asks the bus something about @claim's name. */
static void
ask (HeartbeatBusNames *self,
     Claim *claim,
     const char *method,
     GVariant *arguments,
     const char *reply,
     GAsyncReadyCallback callback)
{
  Question *question = g_new (Question, 1);

  question->names = g_object_ref (self);
  question->name = g_strdup (claim->name);
  g_dbus_connection_call (self->connection, BUS_NAME, BUS_PATH, BUS_NAME, method, arguments,
                          G_VARIANT_TYPE (reply), G_DBUS_CALL_FLAGS_NONE, -1, self->cancellable,
                          callback, question);
}

static void
on_holder (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Question) question = user_data;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  Claim *claim = g_hash_table_lookup (question->names->claims, question->name);
  guint pid;

  if (reply == NULL || claim == NULL || claim->owned)
    return;
  g_variant_get (reply, "(u)", &pid);
  heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_BUS_NAME_TAKEN, claim->agent, NULL,
                 "the name %s on the session bus belongs to another process (pid %u)", claim->name,
                 pid);
}

static void
warn_once (HeartbeatBusNames *self, Claim *claim)
{
  if (claim->warned)
    return;
  claim->warned = TRUE;
  ask (self, claim, "GetConnectionUnixProcessID", g_variant_new ("(s)", claim->name), "(u)",
       on_holder);
}

static void
set_owned (HeartbeatBusNames *self, Claim *claim, gboolean owned)
{
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
  g_autoptr (Question) question = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  Claim *claim = g_hash_table_lookup (question->names->claims, question->name);
  guint answer;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || claim == NULL)
    return;
  if (reply == NULL)
    {
      g_dbus_error_strip_remote_error (error);
      heartbeat_log (G_LOG_LEVEL_WARNING, HEARTBEAT_EVENT_BUS_NAME_TAKEN, claim->agent, NULL,
                     "the bus does not give the name %s: %s", claim->name, error->message);
      return;
    }
  g_variant_get (reply, "(u)", &answer);
  /* 1: it is ours, 4: it was already; else we wait in the queue for it. */
  if (answer == 1 || answer == 4)
    set_owned (question->names, claim, TRUE);
  else
    warn_once (question->names, claim);
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
    set_owned (self, claim, TRUE);
  else if (g_str_equal (signal, "NameLost") && claim->owned)
    {
      set_owned (self, claim, FALSE);
      warn_once (self, claim);
    }
}

static void
request (HeartbeatBusNames *self, Claim *claim)
{
  ask (self, claim, "RequestName", g_variant_new ("(su)", claim->name, 0), "(u)", on_requested);
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
   * @self: names
   *
   * One of them has become ours, or another's.
   */
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void
heartbeat_bus_names_init (HeartbeatBusNames *self)
{
  self->claims = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, claim_free);
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
  return g_strconcat (NAME_PREFIX, g_ascii_isdigit (*agent) ? "_" : "", agent, NULL);
}

/**
 * heartbeat_bus_names_claim:
 * @self: names
 * @agent: the name of an agent that has none yet
 *
 * Asks for an agent's name, now and whenever there is a bus. Where another process has it, ours is next.
 */
void
heartbeat_bus_names_claim (HeartbeatBusNames *self, const char *agent)
{
  Claim *claim = g_new0 (Claim, 1);

  claim->name = heartbeat_bus_names_for_agent (agent);
  claim->agent = g_strdup (agent);
  g_hash_table_replace (self->claims, claim->name, claim);
  if (self->connection != NULL)
    request (self, claim);
}

/**
 * heartbeat_bus_names_release:
 * @self: names
 * @agent: the name of an agent
 *
 * Gives its name back.
 */
void
heartbeat_bus_names_release (HeartbeatBusNames *self, const char *agent)
{
  g_autofree char *name = heartbeat_bus_names_for_agent (agent);
  Claim *claim = g_hash_table_lookup (self->claims, name);

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
 * @self: names
 * @connection: (nullable): a connection to the bus, which is used by nobody else; %NULL when it is gone or about to go
 *
 * Asks for all names on @connection.
 */
void
heartbeat_bus_names_set_connection (HeartbeatBusNames *self, GDBusConnection *connection)
{
  GHashTableIter iter;
  Claim *claim;

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
    request (self, claim);
}

/**
 * heartbeat_bus_names_are_owned:
 * @self: names
 * @count: how many are wanted
 *
 * Returns: whether so many are ours; %FALSE without a bus
 */
gboolean
heartbeat_bus_names_are_owned (HeartbeatBusNames *self, guint count)
{
  return self->connection != NULL && self->n_owned == count;
}
