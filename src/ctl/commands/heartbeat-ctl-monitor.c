/* SPDX-License-Identifier: MIT */

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <glib-unix.h>

#include "agent/heartbeat-agent.h"
#include "base/heartbeat-i18n.h"
#include "base/heartbeat-text.h"
#include "json/heartbeat-json.h"
#include "ctl/print/heartbeat-ctl-format.h"
#include "ctl/commands/heartbeat-ctl-status.h"
#include "ctl/print/heartbeat-ctl-table.h"
#include "ctl/print/heartbeat-ctl-terminal.h"
#include "ctl/heartbeat-ctl-views.h"

#define AGENT_INTERFACE "org.bloodbank.Heartbeat1.Agent"

/* Under the table of a live view. */
#define MAX_LINES   8
#define LEAST_LINES 3

/* In a terminal that is not even as high there is no order to keep. */
#define LEAST_ROWS 8

/* Times that count down are shown to the second; events are shown at once, but not a hundred in a second. */
#define REFRESH_MS 1000
#define EVENT_MS   100

/* The view stands still while a process does not answer. */
#define ANSWER_MS 2000

/* ECMA-48: to the other screen and back, the cursor off and on, home, and erase to the end. */
#define SCREEN_ON  "\033[?1049h\033[?25l"
#define SCREEN_OFF "\033[?25h\033[?1049l"
#define SCREEN_TOP "\033[H\033[J"

typedef struct
{
  HeartbeatCtl *ctl;
  GPtrArray *agents;    /* all that have been seen: of one that has gone a live view says so */
  GHashTable *outcomes; /* agent → HeartbeatCtlRunMarks, until its next run has finished */
  GMainLoop *loop;
  gboolean live; /* a terminal that is drawn again and again, else a line an event */
  GQueue lines;  /* of text: the last events, under a live view */
  guint redraw;
} Monitor;

/* --- The live view -------------------------------------------------------------------------------------------------- */

static void
add_new_agents (Monitor *self)
{
  g_autoptr (GPtrArray) present
      = self->ctl->agent == NULL ? heartbeat_ctl_list_agents (self->ctl, NULL) : NULL;

  for (guint i = 0; present != NULL && i < present->len; i++)
    {
      const char *agent = g_ptr_array_index (present, i);

      if (!g_ptr_array_find_with_equal_func (self->agents, agent, g_str_equal, NULL))
        g_ptr_array_add (self->agents, g_strdup (agent));
    }
}

/* NULL with what is wrong. */
static HeartbeatCtlRunMarks *
get_outcomes (Monitor *self, HeartbeatCtlView *view, GError **error)
{
  HeartbeatCtlRunMarks *outcomes = g_hash_table_lookup (self->outcomes, view->name);

  if (outcomes != NULL && heartbeat_ctl_run_marks_cover (outcomes, view))
    return outcomes;
  outcomes = heartbeat_ctl_run_marks_load (view, ANSWER_MS, error);
  if (outcomes != NULL)
    g_hash_table_replace (self->outcomes, g_strdup (view->name), outcomes);
  return outcomes;
}

/* Of a process that is stuck there are no marks, and nobody waits for those of its other agents. */
static char *
describe_status (Monitor *self, HeartbeatCtlView *view, GHashTable *silent)
{
  g_autoptr (HeartbeatCtlRunMarks) none = heartbeat_ctl_run_marks_new ();
  g_autoptr (GError) error = NULL;
  HeartbeatCtlRunMarks *outcomes = NULL;

  if (!g_hash_table_contains (silent, view->owner))
    outcomes = get_outcomes (self, view, &error);
  if (error != NULL)
    g_hash_table_add (silent, view->owner);
  return heartbeat_ctl_status_to_string (view, outcomes != NULL ? outcomes : none,
                                         g_get_real_time ());
}

static char *
describe_view (Monitor *self, HeartbeatCtlView *view, GHashTable *silent)
{
  g_autofree char *line = NULL;

  if (view->error == NULL)
    return describe_status (self, view, silent);
  if (g_error_matches (view->error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    /* Translators: the name of an agent */
    return g_strdup_printf (_ ("%s is not on the bus\n"), view->name);
  line = heartbeat_text_to_line (heartbeat_ctl_explain (view->error));
  return g_strdup_printf ("%s: %s\n", view->name, line);
}

static char *
describe_agents (Monitor *self)
{
  g_autoptr (GHashTable) silent = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) views = NULL;
  GString *text = g_string_new (NULL);

  add_new_agents (self);
  views = heartbeat_ctl_views_ask (self->ctl->bus, self->agents, ANSWER_MS);
  for (guint i = 0; i < views->len; i++)
    {
      g_autofree char *agent = describe_view (self, g_ptr_array_index (views, i), silent);

      g_string_append_printf (text, "%s%s", i > 0 ? "\n" : "", agent);
    }
  return g_string_free (text, FALSE);
}

static char *
describe_events (Monitor *self)
{
  g_autoptr (HeartbeatCtlTable) table = heartbeat_ctl_table_new (1);

  for (GList *l = self->lines.head; l != NULL; l = l->next)
    heartbeat_ctl_table_add (table, l->data);
  return heartbeat_ctl_table_to_string (table);
}

/* What does not fit would scroll the agents' heads out of sight. The last events have what room the checks leave, and three
 * rows in any case. */
static void
draw (Monitor *self)
{
  g_autofree char *agents = describe_agents (self);
  g_autofree char *events = describe_events (self);
  g_auto (GStrv) upper = g_strsplit (g_strchomp (agents), "\n", -1);
  g_auto (GStrv) lower = g_strsplit (g_strchomp (events), "\n", -1);
  guint n_upper = g_strv_length (upper);
  guint n_lower = g_strv_length (lower);
  guint rows = heartbeat_ctl_terminal_get_height ();

  if (rows > LEAST_ROWS && n_upper + 1 + n_lower > rows)
    {
      guint room = rows - 1; /* and an empty line between them */
      guint left = room > n_upper ? room - n_upper : 0;

      n_lower = MIN (n_lower, MAX (left, LEAST_LINES));
      n_upper = MIN (n_upper, room - n_lower);
    }
  g_print (SCREEN_TOP);
  for (guint i = 0; i < n_upper; i++)
    g_print ("%s\n", upper[i]);
  for (guint i = g_strv_length (lower) - n_lower; lower[i] != NULL; i++)
    g_print ("\n%s", lower[i]);
  fflush (stdout);
}

static gboolean
on_redraw (gpointer user_data)
{
  Monitor *self = user_data;

  self->redraw = 0;
  draw (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_second (gpointer user_data)
{
  draw (user_data);
  return G_SOURCE_CONTINUE;
}

static void
tell (Monitor *self, char *line)
{
  if (!self->live)
    {
      g_print ("%s\n", line);
      fflush (stdout);
      g_free (line);
      return;
    }
  g_queue_push_tail (&self->lines, line);
  if (self->lines.length > MAX_LINES)
    g_free (g_queue_pop_head (&self->lines));
  if (self->redraw == 0)
    self->redraw = g_timeout_add (EVENT_MS, on_redraw, self);
}

/* --- Events --------------------------------------------------------------------------------------------------------- */

/* What a signal says, as texts; those that it does not have are empty. */
typedef struct
{
  const char *event;
  const char *subject; /* the check, or the routing key */
  const char *status;
  const char *message;
} Event;

/* Anybody on the bus can send a signal of that name. */
static gboolean
has_type (const char *member, GVariant *parameters)
{
  const struct
  {
    const char *member;
    const char *type;
  } signals[] = { { "CheckStarted", "(s)" },
                  { "CheckFinished", "(ssa{sv})" },
                  { "MessageReceived", "(sss)" } };

  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    if (g_str_equal (member, signals[i].member))
      return g_variant_is_of_type (parameters, (const GVariantType *) signals[i].type);
  return FALSE;
}

static gboolean
read_event (const char *member, GVariant *parameters, Event *event)
{
  g_autoptr (GVariant) details = NULL;

  *event = (Event){ "", "", "", "" };
  if (!has_type (member, parameters))
    return FALSE;
  if (g_str_equal (member, "CheckStarted"))
    {
      event->event = "started";
      g_variant_get (parameters, "(&s)", &event->subject);
    }
  else if (g_str_equal (member, "CheckFinished"))
    {
      event->event = "finished";
      g_variant_get (parameters, "(&s&s@a{sv})", &event->subject, &event->status, &details);
      g_variant_lookup (details, "message", "&s", &event->message);
    }
  else if (g_str_equal (member, "MessageReceived"))
    {
      event->event = "message";
      g_variant_get (parameters, "(&s&s&s)", &event->subject, &event->status, &event->message);
    }
  return *event->event != '\0';
}

static void
add_member (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static char *
event_to_json (const char *agent, const Event *event)
{
  gboolean is_message = g_str_equal (event->event, "message");
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "time");
  json_builder_add_int_value (builder, g_get_real_time ());
  add_member (builder, "agent", agent);
  add_member (builder, "event", event->event);
  add_member (builder, is_message ? "routing_key" : "check", event->subject);
  if (*event->status != '\0')
    add_member (builder, is_message ? "event_type" : "status", event->status);
  if (*event->message != '\0')
    add_member (builder, is_message ? "body" : "message", event->message);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return heartbeat_json_print (root, FALSE);
}

/* The type of a message is its sender's own word. */
static const char *
describe_event (const Event *event)
{
  if (g_str_equal (event->event, "started"))
    /* Translators: a check has just begun to run */
    return C_ ("event", "started");
  if (g_str_equal (event->event, "finished"))
    return heartbeat_ctl_format_status (event->status);
  return *event->status != '\0' ? event->status : event->event;
}

static char *
event_to_line (const char *agent, const Event *event)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  g_autofree char *stamp = heartbeat_ctl_format_stamp (g_get_real_time (), zone);
  const char *what = describe_event (event);
  g_autofree char *line = g_strdup_printf ("%s  %s  %s  %s%s%s", stamp, agent, event->subject, what,
                                           *event->message != '\0' ? ": " : "", event->message);

  return heartbeat_text_to_line (line);
}

/* The agent whose object has that path; NULL where it is none's, or not of the one that is asked for. */
static char *
find_agent (Monitor *self, const char *path)
{
  g_autofree char *agent
      = g_str_has_prefix (path, HEARTBEAT_CTL_ROOT "/")
            ? (char *) g_dbus_unescape_object_path (path + strlen (HEARTBEAT_CTL_ROOT "/"))
            : NULL;

  if (agent == NULL || !heartbeat_agent_is_name (agent)
      || (self->ctl->agent != NULL && strcmp (self->ctl->agent, agent) != 0))
    return NULL;
  return g_steal_pointer (&agent);
}

static void
on_signal (GDBusConnection *bus,
           const char *sender,
           const char *path,
           const char *interface,
           const char *member,
           GVariant *parameters,
           gpointer user_data)
{
  Monitor *self = user_data;
  g_autofree char *agent = find_agent (self, path);
  Event event;

  if (agent == NULL || !read_event (member, parameters, &event))
    return;
  if (g_str_equal (event.event, "finished"))
    g_hash_table_remove (self->outcomes, agent);
  tell (self, self->ctl->json ? event_to_json (agent, &event) : event_to_line (agent, &event));
}

/* --- The command ---------------------------------------------------------------------------------------------------- */

static gboolean
on_interrupt (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_CONTINUE;
}

static void
on_bus_closed (Monitor *self)
{
  g_main_loop_quit (self->loop);
}

static void
run (Monitor *self)
{
  guint subscription
      = g_dbus_connection_signal_subscribe (self->ctl->bus, NULL, AGENT_INTERFACE, NULL, NULL, NULL,
                                            G_DBUS_SIGNAL_FLAGS_NONE, on_signal, self, NULL);

  g_signal_connect_swapped (self->ctl->bus, "closed", G_CALLBACK (on_bus_closed), self);
  g_unix_signal_add (SIGINT, on_interrupt, self->loop);
  g_unix_signal_add (SIGTERM, on_interrupt, self->loop);
  if (self->live)
    {
      g_print (SCREEN_ON);
      draw (self);
      g_timeout_add (REFRESH_MS, on_second, self);
    }
  g_main_loop_run (self->loop);
  if (self->live)
    g_print (SCREEN_OFF);
  g_dbus_connection_signal_unsubscribe (self->ctl->bus, subscription);
  g_signal_handlers_disconnect_by_data (self->ctl->bus, self);
}

/**
 * heartbeat_ctl_monitor:
 * @self: the command line
 * @args: none
 *
 * `heartbeatctl monitor`: on a terminal a view of the agents that follows what happens, until it is interrupted. Elsewhere,
 * and with `--json`, a line for each event. Agents that come later are shown too.
 *
 * Returns: the exit status
 */
HeartbeatCtlExit
heartbeat_ctl_monitor (HeartbeatCtl *self, char **args)
{
  g_autoptr (GPtrArray) agents = NULL;
  HeartbeatCtlExit status = heartbeat_ctl_find_agents (self, &agents);
  Monitor monitor = { .ctl = self };
  gboolean lost = FALSE;

  if (status != HEARTBEAT_CTL_OK)
    return status;
  monitor.agents = agents;
  monitor.outcomes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                            (GDestroyNotify) heartbeat_ctl_run_marks_free);
  monitor.loop = g_main_loop_new (NULL, FALSE);
  monitor.live = !self->json && heartbeat_ctl_terminal_get_width () > 0;
  g_queue_init (&monitor.lines);
  run (&monitor);
  g_queue_clear_full (&monitor.lines, g_free);
  g_hash_table_unref (monitor.outcomes);
  g_main_loop_unref (monitor.loop);
  lost = g_dbus_connection_is_closed (self->bus);
  if (!lost)
    return HEARTBEAT_CTL_OK;
  heartbeat_ctl_complain (_ ("the session bus has gone"));
  return HEARTBEAT_CTL_NOT_RUNNING;
}
