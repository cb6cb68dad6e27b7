/* SPDX-License-Identifier: MIT */

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <glib-unix.h>
#include <json-glib/json-glib.h>

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

/* events below the table of a live view */
#define MAX_LINES   8
#define LEAST_LINES 3

/* A terminal of fewer rows just scrolls. */
#define LEAST_ROWS 8

/* Times are shown to the second. Events are shown at once, but not more than ten times a second. */
#define REFRESH_MS 1000
#define EVENT_MS   100

/* The view freezes while it waits for a process. */
#define ANSWER_MS 2000

/* ECMA-48: alternate screen on and off, cursor off and on, cursor home and erase below */
#define SCREEN_ON  "\033[?1049h\033[?25l"
#define SCREEN_OFF "\033[?25h\033[?1049l"
#define SCREEN_TOP "\033[H\033[J"

typedef struct
{
  HeartbeatCtl *ctl;
  GPtrArray *agents; /* all that have been seen, on the bus or not */
  GHashTable *marks; /* agent → HeartbeatCtlRunMarks, until its next run has finished */
  GMainLoop *loop;
  gboolean live; /* redraw the terminal; else print a line for each event */
  GQueue lines;  /* of text: the last events of a live view */
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

static HeartbeatCtlRunMarks *
get_marks (Monitor *self, HeartbeatCtlView *view, GHashTable *silent)
{
  HeartbeatCtlRunMarks *marks = g_hash_table_lookup (self->marks, view->name);

  if (marks != NULL && heartbeat_ctl_run_marks_cover (marks, view))
    return marks;
  marks = heartbeat_ctl_run_marks_load (view, ANSWER_MS, silent, NULL);
  if (marks != NULL)
    g_hash_table_replace (self->marks, g_strdup (view->name), marks);
  return marks;
}

static char *
describe_view (Monitor *self, HeartbeatCtlView *view, GHashTable *silent)
{
  g_autofree char *line = NULL;

  if (view->error == NULL)
    return heartbeat_ctl_status_to_string (view, get_marks (self, view, silent),
                                           g_get_real_time ());
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
  g_autoptr (HeartbeatCtlTable) table = heartbeat_ctl_table_new (NULL, 1, FALSE);

  for (GList *l = self->lines.head; l != NULL; l = l->next)
    heartbeat_ctl_table_add (table, l->data);
  return heartbeat_ctl_table_to_string (table);
}

/* Draws only as many lines as fit, so that nothing scrolls out of sight. The events get the rows that the checks leave, and at
 * least three. */
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
report (Monitor *self, char *line)
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

/* A signal, with "" for what it does not have. */
typedef struct
{
  const char *event;
  const char *subject; /* the check, or the routing key */
  const char *status;
  const char *message;
} Event;

/* Anybody on the bus can send such a signal, with parameters of any type. */
static gboolean
read_event (const char *member, GVariant *parameters, Event *event)
{
  g_autoptr (GVariant) details = NULL;
  const char *type = g_variant_get_type_string (parameters);

  *event = (Event){ "", "", "", "" };
  if (g_str_equal (member, "CheckStarted") && g_str_equal (type, "(s)"))
    {
      event->event = "started";
      g_variant_get (parameters, "(&s)", &event->subject);
    }
  else if (g_str_equal (member, "CheckFinished") && g_str_equal (type, "(ssa{sv})"))
    {
      event->event = "finished";
      g_variant_get (parameters, "(&s&s@a{sv})", &event->subject, &event->status, &details);
      g_variant_lookup (details, "message", "&s", &event->message);
    }
  else if (g_str_equal (member, "MessageReceived") && g_str_equal (type, "(sss)"))
    {
      event->event = "message";
      g_variant_get (parameters, "(&s&s&s)", &event->subject, &event->status, &event->message);
    }
  return *event->event != '\0';
}

static char *
event_to_json (const char *agent, const Event *event)
{
  gboolean is_message = g_str_equal (event->event, "message");
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) document = NULL;
  g_autoptr (JsonNode) root = NULL;

  g_variant_builder_add_parsed (&builder, "{'time', <%x>}", g_get_real_time ());
  g_variant_builder_add_parsed (&builder, "{'agent', <%s>}", agent);
  g_variant_builder_add_parsed (&builder, "{'event', <%s>}", event->event);
  g_variant_builder_add_parsed (&builder, "{%s, <%s>}", is_message ? "routing_key" : "check",
                                event->subject);
  if (*event->status != '\0')
    g_variant_builder_add_parsed (&builder, "{%s, <%s>}", is_message ? "event_type" : "status",
                                  event->status);
  if (*event->message != '\0')
    g_variant_builder_add_parsed (&builder, "{%s, <%s>}", is_message ? "body" : "message",
                                  event->message);
  document = g_variant_ref_sink (g_variant_builder_end (&builder));
  root = json_gvariant_serialize (document);
  return heartbeat_json_print (root, FALSE);
}

/* The type of a message is not ours to translate. */
static const char *
describe_event (const Event *event)
{
  if (g_str_equal (event->event, "started"))
    /* Translators: a check has just begun to run */
    return C_ ("event", "started");
  if (g_str_equal (event->event, "finished"))
    return heartbeat_ctl_format_word ("status", event->status);
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

/* Returns the agent with that object path; NULL if there is none, or --agent names another one. */
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
    g_hash_table_remove (self->marks, agent);
  report (self, self->ctl->json ? event_to_json (agent, &event) : event_to_line (agent, &event));
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

/* `heartbeatctl monitor`: on a terminal a live view of the agents, until it is interrupted. Elsewhere, and with `--json`, a
 * line for each event. Agents that start later are included. */
HeartbeatCtlExit
heartbeat_ctl_monitor (HeartbeatCtl *self, char **args)
{
  g_autoptr (GPtrArray) agents = NULL;
  HeartbeatCtlExit status = heartbeat_ctl_find_agents (self, &agents);
  Monitor monitor = { .ctl = self };

  if (status != HEARTBEAT_CTL_OK)
    return status;
  monitor.agents = agents;
  monitor.marks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                         (GDestroyNotify) heartbeat_ctl_run_marks_free);
  monitor.loop = g_main_loop_new (NULL, FALSE);
  monitor.live = !self->json && heartbeat_ctl_terminal_get_width () > 0;
  g_queue_init (&monitor.lines);
  run (&monitor);
  g_queue_clear_full (&monitor.lines, g_free);
  g_hash_table_unref (monitor.marks);
  g_main_loop_unref (monitor.loop);
  if (!g_dbus_connection_is_closed (self->bus))
    return HEARTBEAT_CTL_OK;
  return heartbeat_ctl_report (HEARTBEAT_CTL_NOT_RUNNING, _ ("the session bus has gone"));
}
