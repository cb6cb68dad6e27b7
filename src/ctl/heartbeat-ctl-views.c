/* SPDX-License-Identifier: MIT */

#include "ctl/heartbeat-ctl-views.h"

#include <string.h>

#include "core/heartbeat-i18n.h"

/* A process may serve many agents and tells of all of them in one answer: so each process is asked once, and all of them
 * at the same time, since one of them may be stuck. */
typedef struct
{
  GPtrArray *views;
  GHashTable *by_path; /* of an agent's object → its view */
  GCancellable *cancellable;
  guint waiting; /* for as many processes */
} Asking;

typedef struct
{
  Asking *asking;
  const char *owner;
} Process;

/* --- An answer ------------------------------------------------------------------------------------------------------ */

/* The view of the agent that an object is part of, if the process has that agent's name too. */
static HeartbeatCtlView *
find_view (const Process *process, const char *path)
{
  const gsize root = strlen (HEARTBEAT_CTL_ROOT "/");
  HeartbeatCtlView *view = NULL;

  if (g_str_has_prefix (path, HEARTBEAT_CTL_ROOT "/"))
    {
      g_autofree char *agent = g_strndup (path, root + strcspn (path + root, "/"));

      view = g_hash_table_lookup (process->asking->by_path, agent);
    }
  return view != NULL && g_strcmp0 (view->owner, process->owner) == 0 ? view : NULL;
}

static void
collect (const Process *process, GDBusObjectManager *manager)
{
  g_autolist (GDBusObject) objects = g_dbus_object_manager_get_objects (manager);

  for (GList *l = objects; l != NULL; l = l->next)
    {
      HeartbeatDBusObject *object = HEARTBEAT_DBUS_OBJECT (l->data);
      HeartbeatCtlView *view = find_view (process, g_dbus_object_get_object_path (l->data));
      HeartbeatDBusAgent *agent = heartbeat_dbus_object_peek_agent (object);
      HeartbeatDBusCheck *check = heartbeat_dbus_object_peek_check (object);

      if (view != NULL && agent != NULL)
        g_set_object (&view->agent, agent);
      else if (view != NULL && check != NULL)
        g_ptr_array_add (view->checks, g_object_ref (check));
    }
}

static void
set_error (const Process *process, const GError *error)
{
  for (guint i = 0; i < process->asking->views->len; i++)
    {
      HeartbeatCtlView *view = g_ptr_array_index (process->asking->views, i);

      if (g_strcmp0 (view->owner, process->owner) == 0)
        view->error = g_error_copy (error);
    }
}

/* Nobody but the limit of time cancels. */
static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Process *process = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusObjectManager) manager
      = heartbeat_dbus_object_manager_client_new_finish (result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    error->code = G_IO_ERROR_TIMED_OUT;
  if (manager != NULL)
    collect (process, manager);
  else
    set_error (process, error);
  process->asking->waiting--;
}

/* --- The questions -------------------------------------------------------------------------------------------------- */

static char *
get_owner (GDBusConnection *bus, const char *agent)
{
  g_autofree char *name = heartbeat_ctl_bus_name (agent);
  char *owner = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetNameOwner",
      g_variant_new ("(s)", name), G_VARIANT_TYPE ("(s)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);

  if (reply != NULL)
    g_variant_get (reply, "(s)", &owner);
  return owner;
}

static void
ask (Asking *asking, GDBusConnection *bus, const char *owner)
{
  Process *process = g_new (Process, 1);

  *process = (Process){ asking, owner };
  asking->waiting++;
  heartbeat_dbus_object_manager_client_new (bus, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_NONE, owner,
                                            HEARTBEAT_CTL_ROOT, asking->cancellable, on_answer,
                                            process);
}

static void
ask_all (Asking *asking, GDBusConnection *bus)
{
  g_autoptr (GHashTable) asked = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < asking->views->len; i++)
    {
      HeartbeatCtlView *view = g_ptr_array_index (asking->views, i);

      view->owner = get_owner (bus, view->name);
      g_hash_table_insert (asking->by_path, heartbeat_ctl_agent_path (view->name), view);
      if (view->owner != NULL && g_hash_table_add (asked, view->owner))
        ask (asking, bus, view->owner);
    }
}

static gboolean
on_limit (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return G_SOURCE_REMOVE;
}

/* In a context of its own, so that nothing else happens meanwhile. */
static void
ask_and_wait (Asking *asking, GDBusConnection *bus, guint limit_ms)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GSource) limit = g_timeout_source_new (limit_ms);

  g_main_context_push_thread_default (context);
  g_source_set_callback (limit, on_limit, asking->cancellable, NULL);
  g_source_attach (limit, context);
  ask_all (asking, bus);
  while (asking->waiting > 0)
    g_main_context_iteration (context, TRUE);
  g_source_destroy (limit);
  g_main_context_pop_thread_default (context);
}

/**
 * heartbeat_ctl_views_ask:
 * @bus: the session bus
 * @agents: (element-type utf8): names of agents
 * @limit_ms: for how long to wait for the processes that serve them
 *
 * Returns: (transfer full) (element-type HeartbeatCtlView): what each of them shows now, in the same order
 */
GPtrArray *
heartbeat_ctl_views_ask (GDBusConnection *bus, GPtrArray *agents, guint limit_ms)
{
  GPtrArray *views = g_ptr_array_new_with_free_func ((GDestroyNotify) heartbeat_ctl_view_free);
  g_autoptr (GHashTable) by_path = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Asking asking = { views, by_path, cancellable, 0 };

  for (guint i = 0; i < agents->len; i++)
    g_ptr_array_add (views, heartbeat_ctl_view_new (g_ptr_array_index (agents, i)));
  ask_and_wait (&asking, bus, limit_ms);
  for (guint i = 0; i < views->len; i++)
    {
      HeartbeatCtlView *view = g_ptr_array_index (views, i);

      heartbeat_ctl_view_sort (view);
      if (view->agent == NULL && view->error == NULL)
        view->error
            = g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _ ("%s has left the bus"), view->name);
    }
  return views;
}

/* --- For commands --------------------------------------------------------------------------------------------------- */

/* One of several may leave while they are asked: then it is none of them. */
static HeartbeatCtlExit
complain (HeartbeatCtlView *view, gboolean several)
{
  gboolean left = g_error_matches (view->error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);

  if (left && several)
    return HEARTBEAT_CTL_OK;
  if (left)
    heartbeat_ctl_complain ("%s", view->error->message);
  else
    heartbeat_ctl_complain ("%s: %s", view->name, heartbeat_ctl_explain (view->error));
  return left ? HEARTBEAT_CTL_NOT_RUNNING : HEARTBEAT_CTL_FAILED;
}

/**
 * heartbeat_ctl_views_load:
 * @self: the command line, connected to the bus
 * @agents: (element-type utf8): names of agents
 * @views: (out) (transfer full) (element-type HeartbeatCtlView): what those of them show now that answer
 *
 * Asks @agents, and complains about each that does not answer: the others are shown all the same.
 *
 * Returns: %HEARTBEAT_CTL_OK, or another status after a complaint
 */
HeartbeatCtlExit
heartbeat_ctl_views_load (HeartbeatCtl *self, GPtrArray *agents, GPtrArray **views)
{
  GPtrArray *all = heartbeat_ctl_views_ask (self->bus, agents, HEARTBEAT_CTL_ANSWER_MS);
  HeartbeatCtlExit status = HEARTBEAT_CTL_OK;

  for (guint i = all->len; i > 0; i--)
    {
      HeartbeatCtlView *view = g_ptr_array_index (all, i - 1);
      HeartbeatCtlExit why;

      if (view->error == NULL)
        continue;
      why = complain (view, agents->len > 1);
      status = MAX (status, why);
      g_ptr_array_remove_index (all, i - 1);
    }
  *views = all;
  return status;
}
