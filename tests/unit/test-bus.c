/* SPDX-License-Identifier: MIT */

#include <string.h>
#include <utime.h>

#include <glib/gstdio.h>

#include "agent/heartbeat-agent-private.h"
#include "base/heartbeat-log.h"
#include "dbus/heartbeat-bus.h"
#include "heartbeat-test.h"

#define TICK        "{\"event_id\":\"tick-1\",\"payload\":{}}"
#define PREFIX      "org.bloodbank.Heartbeat1."
#define ROOT        "/org/bloodbank/Heartbeat1"
#define AGENT       ROOT "/1st_2dcack"
#define CHECK(name) AGENT "/checks/" name
#define NAME        PREFIX "_1st-cack"
#define ERRORS      PREFIX "Error."
#define FILE_TEXT                                                                                  \
  "{\"$schema\": \"heartbeat.v1\", \"agent\": \"1st-cack\", \"checks\": {\n"                       \
  "  \"well\": {\"cadenceMs\": 1000, \"handler\": \"well\", \"enabled\": false},\n"                \
  "  \"badly\": {\"cadenceMs\": 1000, \"handler\": \"badly\", \"enabled\": false},\n"              \
  "  \"later\": {\"cadenceMs\": 1000, \"handler\": \"later\", \"enabled\": false},\n"              \
  "  \"w\xc3\xb6rk & co\": {\"cadenceMs\": 60000, \"handler\": \"well\", \"enabled\": false}%s\n"  \
  "}}\n"

/* Warnings about the bus since the test began. */
static guint n_bus_warnings;

static gboolean
is_about_bus (const GLogField *field)
{
  const char *const events[] = { HEARTBEAT_EVENT_BUS_LOST, HEARTBEAT_EVENT_BUS_FOUND,
                                 HEARTBEAT_EVENT_BUS_FAILED, HEARTBEAT_EVENT_BUS_NAME_TAKEN, NULL };

  return strcmp (field->key, "MESSAGE_ID") == 0 && g_strv_contains (events, field->value);
}

static GLogWriterOutput
count_warnings (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  for (gsize i = 0; i < n_fields; i++)
    if (is_about_bus (&fields[i]))
      {
        if (level == G_LOG_LEVEL_WARNING)
          n_bus_warnings++;
        return G_LOG_WRITER_HANDLED;
      }
  return level < G_LOG_LEVEL_WARNING ? g_log_writer_default (level, fields, n_fields, NULL)
                                     : G_LOG_WRITER_HANDLED;
}

typedef struct
{
  GTestDBus *daemon;
  char *folder;
  char *path;
  HeartbeatConsumer *consumer;
  HeartbeatAgent *agent;
  HeartbeatBus *bus;
  GDBusConnection *client;
  GPtrArray *heard;  /* of char: what the client was told, "SIGNAL MEMBERS" */
  HeartbeatRun *run; /* the one that "later" keeps */
} Fixture;

static void
linger (guint milliseconds)
{
  const gint64 end = g_get_monotonic_time () + milliseconds * G_TIME_SPAN_MILLISECOND;

  hbtest_poll_for (g_get_monotonic_time () >= end);
}

static void
run_well (HeartbeatRun *run, gpointer user_data)
{
  GVariantDict details;

  g_variant_dict_init (&details, NULL);
  g_variant_dict_insert (&details, "answer", "i", 42);
  heartbeat_run_end (run, HEARTBEAT_STATUS_SUCCESS, "pong", g_variant_dict_end (&details));
}

static void
run_badly (HeartbeatRun *run, gpointer user_data)
{
  heartbeat_run_fail (run, "it broke");
}

static void
run_later (HeartbeatRun *run, gpointer user_data)
{
  Fixture *f = user_data;

  f->run = g_object_ref (run);
}

static void
write_file (Fixture *f, const char *more)
{
  const struct utimbuf past = { 1771796220, 1771796220 };
  g_autofree char *text = g_strdup_printf (FILE_TEXT, more);

  hbtest_write (f->path, text);
  /* An older file is trusted. */
  g_assert_cmpint (g_utime (f->path, (struct utimbuf *) &past), ==, 0);
}

static void
connect_client (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  g_clear_object (&f->client);
  f->client = g_dbus_connection_new_for_address_sync (
      g_test_dbus_get_bus_address (f->daemon),
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, &error);
  g_assert_no_error (error);
}

static void
reload (Fixture *f)
{
  g_autoptr (GAsyncResult) result = NULL;

  heartbeat_agent_reload_async (f->agent, NULL, hbtest_keep_result, &result);
  hbtest_wait_for (result != NULL);
  heartbeat_agent_reload_finish (f->agent, result, NULL);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  n_bus_warnings = 0;
  f->daemon = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (f->daemon);
  f->folder = hbtest_make_folder ();
  f->path = g_build_filename (f->folder, "heartbeat.json", NULL);
  write_file (f, "");
  f->heard = g_ptr_array_new_with_free_func (g_free);
  f->consumer = g_object_new (HEARTBEAT_TYPE_CONSUMER, "agent-name", "1st-cack", "heartbeat-path",
                              f->path, "tick-source", "local", "tick-interval", 86400, NULL);
  f->agent = heartbeat_consumer_get_agent (f->consumer);
  heartbeat_consumer_register_handler (f->consumer, "well", run_well, f, NULL);
  heartbeat_consumer_register_handler (f->consumer, "badly", run_badly, f, NULL);
  heartbeat_consumer_register_handler (f->consumer, "later", run_later, f, NULL);
  heartbeat_consumer_start (f->consumer, NULL);
  reload (f);
  /* A timer's first tick is at once. */
  hbtest_wait_for (heartbeat_agent_get_ticks_received (f->agent) == 1);
  f->bus = heartbeat_bus_new ();
  heartbeat_bus_add_consumer (f->bus, f->consumer);
  connect_client (f);
}

static void
start (Fixture *f)
{
  heartbeat_bus_start (f->bus);
  hbtest_wait_for (heartbeat_bus_get_ready (f->bus));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) stopped = NULL;

  g_clear_object (&f->run);
  heartbeat_consumer_stop_async (f->consumer, hbtest_keep_result, &stopped);
  hbtest_wait_for (stopped != NULL);
  heartbeat_consumer_stop_finish (f->consumer, stopped, NULL);
  g_clear_object (&stopped);
  g_dbus_connection_close_sync (f->client, NULL, NULL);
  g_object_unref (f->client);
  heartbeat_bus_stop (f->bus);
  g_assert_finalize_object (f->bus);
  hbtest_release (f->consumer);
  g_ptr_array_unref (f->heard);
  hbtest_remove_folder (f->folder);
  g_free (f->path);
  g_test_dbus_down (f->daemon);
  g_object_unref (f->daemon);
}

/* --- A client ------------------------------------------------------------------------------------------------------- */

typedef struct
{
  GVariant *reply;
  GError *error;
  gboolean done;
} Answer;

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;

  answer->reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &answer->error);
  answer->done = TRUE;
}

/* The answer to a call, of which floating @arguments are taken. */
static GVariant *
call (Fixture *f, const char *path, const char *method, GVariant *arguments)
{
  g_autofree char *interface = g_strndup (method, strrchr (method, '.') - method);
  Answer answer = { NULL, NULL, FALSE };

  g_dbus_connection_call (f->client, NAME, path, interface, strrchr (method, '.') + 1, arguments,
                          NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_answer, &answer);
  hbtest_wait_for (answer.done);
  g_assert_no_error (answer.error);
  return answer.reply;
}

static void
assert_fails (Fixture *f,
              const char *path,
              const char *method,
              GVariant *arguments,
              const char *error_name)
{
  g_autofree char *interface = g_strndup (method, strrchr (method, '.') - method);
  g_autofree char *name = NULL;
  Answer answer = { NULL, NULL, FALSE };

  g_dbus_connection_call (f->client, NAME, path, interface, strrchr (method, '.') + 1, arguments,
                          NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_answer, &answer);
  hbtest_wait_for (answer.done);
  g_assert_null (answer.reply);
  name = g_dbus_error_get_remote_error (answer.error);
  g_assert_cmpstr (name, ==, error_name);
  g_error_free (answer.error);
}

static GVariant *
get (Fixture *f, const char *path, const char *interface, const char *property)
{
  g_autoptr (GVariant) reply = call (f, path, "org.freedesktop.DBus.Properties.Get",
                                     g_variant_new ("(ss)", interface, property));
  GVariant *value;

  g_variant_get (reply, "(v)", &value);
  return value;
}

static void
assert_text (Fixture *f,
             const char *path,
             const char *interface,
             const char *property,
             const char *text)
{
  g_autoptr (GVariant) value = get (f, path, interface, property);

  g_assert_cmpstr (g_variant_get_string (value, NULL), ==, text);
}

static int
compare_strings (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* In the order of the alphabet. */
static char *
list_keys (GVariant *dict)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();
  GVariantIter iter;
  const char *key;

  g_ptr_array_add (keys, (gpointer) "");
  g_variant_iter_init (&iter, dict);
  while (g_variant_iter_next (&iter, "{&sv}", &key, NULL))
    g_ptr_array_add (keys, (gpointer) key);
  g_ptr_array_sort (keys, compare_strings);
  g_ptr_array_add (keys, NULL);
  return g_strjoinv (" ", (char **) keys->pdata);
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
  Fixture *f = user_data;

  if (strcmp (signal, "PropertiesChanged") == 0)
    {
      g_autoptr (GVariant) changes = g_variant_get_child_value (parameters, 1);
      g_autofree char *keys = list_keys (changes);

      g_ptr_array_add (f->heard, g_strdup_printf ("%s%s", strrchr (path, '/') + 1, keys));
    }
  else
    g_ptr_array_add (f->heard, g_strdup_printf ("%s %s", strrchr (path, '/') + 1, signal));
}

static void
listen (Fixture *f)
{
  g_dbus_connection_signal_subscribe (f->client, NAME, NULL, NULL, NULL, NULL,
                                      G_DBUS_SIGNAL_FLAGS_NONE, on_signal, f, NULL);
  /* Subscribed when this is answered. */
  g_variant_unref (get (f, AGENT, PREFIX "Agent", "Name"));
}

static int
find_heard (Fixture *f, const char *start)
{
  for (guint i = 0; i < f->heard->len; i++)
    if (g_str_has_prefix (g_ptr_array_index (f->heard, i), start))
      return i;
  return -1;
}

static gboolean
hears (Fixture *f, const char *part)
{
  for (guint i = 0; i < f->heard->len; i++)
    if (strstr (g_ptr_array_index (f->heard, i), part) != NULL)
      return TRUE;
  return FALSE;
}

static GVariant *
run_arguments (const char *check, const char *option, GVariant *value)
{
  GVariantBuilder options;

  g_variant_builder_init (&options, G_VARIANT_TYPE_VARDICT);
  if (option != NULL)
    g_variant_builder_add (&options, "{sv}", option, value);
  return g_variant_new ("(sa{sv})", check, &options);
}

/* --- Tests ---------------------------------------------------------------------------------------------------------- */

static void
test_exports (Fixture *f, gconstpointer data)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) objects = NULL;
  g_autoptr (GVariant) check = NULL;
  g_autoptr (GVariant) reason = NULL;

  start (f);
  g_assert_true (heartbeat_bus_get_connected (f->bus));
  g_assert_cmpstr (heartbeat_bus_get_error (f->bus), ==, "");
  reply = call (f, ROOT, "org.freedesktop.DBus.ObjectManager.GetManagedObjects", NULL);
  objects = g_variant_get_child_value (reply, 0);
  g_assert_cmpuint (g_variant_n_children (objects), ==, 5);
  g_assert_true (g_variant_lookup (objects, AGENT, "@a{sa{sv}}", NULL));
  g_assert_true (g_variant_lookup (objects, CHECK ("w_c3_b6rk_20_26_20co"), "@a{sa{sv}}", &check));

  assert_text (f, CHECK ("w_c3_b6rk_20_26_20co"), PREFIX "Check", "Name", "w\xc3\xb6rk & co");
  assert_text (f, AGENT, PREFIX "Agent", "Name", "1st-cack");
  assert_text (f, AGENT, PREFIX "Agent", "ConfigPath", f->path);
  assert_text (f, AGENT, PREFIX "Agent", "ConnectionState", "disabled");
  assert_text (f, AGENT, PREFIX "Agent", "TickSource", "local");
  assert_text (f, AGENT, PREFIX "Agent", "Version", PACKAGE_VERSION);
  assert_text (f, CHECK ("badly"), PREFIX "Check", "State", "disabled");
  assert_text (f, CHECK ("badly"), PREFIX "Check", "LastStatus", "");
  reason = get (f, CHECK ("badly"), PREFIX "Check", "Reason");
  g_assert_true (g_variant_is_of_type (reason, G_VARIANT_TYPE_VARDICT));
}

static void
test_run (Fixture *f, gconstpointer data)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) result = NULL;
  g_autoptr (GVariant) details = NULL;
  g_autoptr (GVariant) last_run = NULL;
  const char *status, *message;
  gint64 started, duration;

  start (f);
  reply = call (f, AGENT, PREFIX "Agent.RunCheck",
                run_arguments ("well", "timeout-ms", g_variant_new_uint32 (1000)));
  result = g_variant_get_child_value (reply, 0);
  g_assert_true (g_variant_lookup (result, "status", "&s", &status));
  g_assert_true (g_variant_lookup (result, "message", "&s", &message));
  g_assert_true (g_variant_lookup (result, "started", "x", &started));
  g_assert_true (g_variant_lookup (result, "duration", "x", &duration));
  g_assert_true (g_variant_lookup (result, "details", "@a{sv}", &details));
  g_assert_cmpstr (status, ==, "success");
  g_assert_cmpstr (message, ==, "pong");
  g_assert_cmpint (g_variant_n_children (details), ==, 1);
  last_run = get (f, CHECK ("well"), PREFIX "Check", "LastRun");
  g_assert_cmpint (g_variant_get_int64 (last_run) / 1000, ==, started / 1000);
  assert_text (f, CHECK ("well"), PREFIX "Check", "LastMessage", "pong");
}

static void
test_run_fails (Fixture *f, gconstpointer data)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) result = NULL;
  g_autoptr (GVariant) failures = NULL;
  const char *status;

  start (f);
  reply = call (f, CHECK ("badly"), PREFIX "Check.Run", g_variant_new ("(a{sv})", NULL));
  result = g_variant_get_child_value (reply, 0);
  g_assert_true (g_variant_lookup (result, "status", "&s", &status));
  g_assert_cmpstr (status, ==, "failed");
  failures = get (f, CHECK ("badly"), PREFIX "Check", "ConsecutiveFailures");
  g_assert_cmpuint (g_variant_get_uint32 (failures), ==, 1);
}

static void
test_options (Fixture *f, gconstpointer data)
{
  const char *method = PREFIX "Agent.RunCheck";
  const char *invalid = ERRORS "InvalidArgument";

  start (f);
  assert_fails (f, AGENT, method, run_arguments ("none", NULL, NULL), ERRORS "NoSuchCheck");
  assert_fails (f, AGENT, method, run_arguments ("none", "wait", g_variant_new_boolean (FALSE)),
                ERRORS "NoSuchCheck");
  assert_fails (f, AGENT, method, run_arguments ("well", "hurry", g_variant_new_boolean (TRUE)),
                invalid);
  assert_fails (f, AGENT, method, run_arguments ("well", "wait", g_variant_new_int32 (1)), invalid);
  assert_fails (f, AGENT, method, run_arguments ("well", "timeout-ms", g_variant_new_int32 (5000)),
                invalid);
  assert_fails (f, AGENT, method, run_arguments ("well", "timeout-ms", g_variant_new_uint32 (999)),
                invalid);
  assert_fails (f, AGENT, method,
                run_arguments ("well", "timeout-ms", g_variant_new_uint32 (1500001)), invalid);
  g_assert_cmpuint (heartbeat_agent_get_runs (f->agent, HEARTBEAT_STATUS_SUCCESS), ==, 0);
}

static void
test_no_wait (Fixture *f, gconstpointer data)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) result = NULL;
  gint64 started;

  start (f);
  reply = call (f, AGENT, PREFIX "Agent.RunCheck",
                run_arguments ("later", "wait", g_variant_new_boolean (FALSE)));
  result = g_variant_get_child_value (reply, 0);
  g_assert_cmpuint (g_variant_n_children (result), ==, 1);
  g_assert_true (g_variant_lookup (result, "started", "x", &started));
  assert_text (f, CHECK ("later"), PREFIX "Check", "State", "running");
  assert_fails (f, AGENT, PREFIX "Agent.RunCheck",
                run_arguments ("later", "wait", g_variant_new_boolean (FALSE)),
                ERRORS "AlreadyRunning");
  heartbeat_run_succeed (f->run, NULL);
  hbtest_wait_for (heartbeat_agent_get_runs (f->agent, HEARTBEAT_STATUS_SUCCESS) == 1);
}

static void
test_caller_vanishes (Fixture *f, gconstpointer data)
{
  start (f);
  g_dbus_connection_call (f->client, NAME, AGENT, PREFIX "Agent", "RunCheck",
                          run_arguments ("later", NULL, NULL), NULL, G_DBUS_CALL_FLAGS_NONE, -1,
                          NULL, NULL, NULL);
  hbtest_wait_for (f->run != NULL);
  g_dbus_connection_close_sync (f->client, NULL, NULL);
  heartbeat_run_succeed (f->run, NULL);
  hbtest_wait_for (heartbeat_agent_get_runs (f->agent, HEARTBEAT_STATUS_SUCCESS) == 1);
  connect_client (f);
  assert_text (f, CHECK ("later"), PREFIX "Check", "LastStatus", "success");
}

static void
test_methods (Fixture *f, gconstpointer data)
{
  g_autoptr (GVariant) reply = NULL;
  g_autofree const char **names = NULL;

  start (f);
  reply = call (f, AGENT, PREFIX "Agent.ListHandlers", NULL);
  g_variant_get (reply, "(^a&s)", &names);
  g_assert_true (g_strv_contains (names, "badly"));
  assert_fails (f, AGENT, PREFIX "Agent.Publish", g_variant_new ("(ss)", "agent.x", "{}"),
                ERRORS "NotConnected");
  hbtest_write (f->path, "{");
  assert_fails (f, AGENT, PREFIX "Agent.Reload", NULL, ERRORS "ConfigUnusable");
  write_file (f, "");
  g_variant_unref (call (f, AGENT, PREFIX "Agent.Reload", NULL));
}

/* Who has read what was then taken back before anybody was told is told of what is there instead. */
static void
test_read_too_early (Fixture *f, gconstpointer data)
{
  g_autoptr (GVariant) error = NULL;

  start (f);
  linger (600); /* what changed at the start has been told */
  listen (f);
  hbtest_write (f->path, "{");
  reload (f);
  error = get (f, AGENT, PREFIX "Agent", "ConfigError");
  g_assert_cmpstr (g_variant_get_string (error, NULL), !=, "");
  write_file (f, "");
  reload (f);
  hbtest_wait_for (hears (f, " ConfigError"));
  assert_text (f, AGENT, PREFIX "Agent", "ConfigError", "");
}

static guint
heard_of (Fixture *f, const char *start)
{
  guint n = 0;

  for (guint i = 0; i < f->heard->len; i++)
    n += g_str_has_prefix (g_ptr_array_index (f->heard, i), start);
  return n;
}

static void
test_backlog (Fixture *f, gconstpointer data)
{
  HeartbeatTick tick;
  g_autoptr (GVariant) received = NULL;

  write_file (f, ", \"one\": {\"cadenceMs\": 9000000000000000, \"handler\": \"well\"}");
  reload (f);
  start (f);
  listen (f);
  heartbeat_tick_parse (&tick, TICK, strlen (TICK), NULL);
  heartbeat_agent_run_check_async (f->agent, "well", 0, NULL, NULL, NULL);
  hbtest_wait_for (heartbeat_agent_get_runs (f->agent, HEARTBEAT_STATUS_SUCCESS) == 1);
  linger (50); /* what a fast disk has just saved is read once more */
  reload (f);
  linger (400);
  g_ptr_array_set_size (f->heard, 0);

  for (guint i = 0; i < 10000; i++)
    if (heartbeat_agent_tick (f->agent, &tick, g_get_monotonic_time ()) != HEARTBEAT_TICK_IDLE)
      g_error ("the tick was not idle");
  linger (600);
  g_assert_cmpuint (f->heard->len, ==, 1);
  g_assert_cmpuint (heard_of (f, "1st_2dcack LastTick TicksIdle TicksReceived"), ==, 1);
  received = get (f, AGENT, PREFIX "Agent", "TicksReceived");
  g_assert_cmpuint (g_variant_get_uint64 (received), ==, 10001);
}

/* The tick is a change: when that has been told, nothing else has. */
static void
test_no_change (Fixture *f, gconstpointer data)
{
  HeartbeatTick tick;
  g_autoptr (GVariant) received = NULL;

  start (f);
  listen (f);
  g_object_notify (G_OBJECT (f->agent), "paused");
  g_object_notify (G_OBJECT (heartbeat_agent_get_check (f->agent, "badly")), "state");
  reload (f);
  g_assert_true (heartbeat_tick_parse (&tick, TICK, strlen (TICK), NULL));
  if (heartbeat_agent_tick (f->agent, &tick, g_get_monotonic_time ()) == HEARTBEAT_TICK_DUE)
    heartbeat_agent_run_due_async (f->agent, &tick, NULL, NULL);
  hbtest_wait_for (find_heard (f, "1st_2dcack LastTick Ticks") >= 0);
  received = get (f, AGENT, PREFIX "Agent", "TicksReceived");
  g_assert_cmpuint (g_variant_get_uint64 (received), ==, 2);
  for (guint i = 0; i < f->heard->len; i++)
    {
      const char *heard = g_ptr_array_index (f->heard, i);

      g_assert_true (g_str_has_prefix (heard, "1st_2dcack LastTick Ticks")
                     || g_str_equal (heard, "1st_2dcack TicksIdle"));
      g_assert_null (strstr (heard, "Paused"));
    }
}

static void
test_order (Fixture *f, gconstpointer data)
{
  int changed;

  start (f);
  listen (f);
  heartbeat_agent_run_check_async (f->agent, "badly", 0, NULL, NULL, NULL);
  hbtest_wait_for (find_heard (f, "1st_2dcack CheckFinished") >= 0);
  g_assert_cmpint (find_heard (f, "badly Started"), >=, 0);
  g_assert_cmpint (find_heard (f, "1st_2dcack CheckStarted"), >=, 0);

  changed = find_heard (f, "badly ConsecutiveFailures LastDuration LastMessage LastStatus");
  g_assert_cmpint (changed, >=, 0);
  g_assert_cmpint (changed, <, find_heard (f, "badly Finished"));
  changed = find_heard (f, "1st_2dcack RunsFailed");
  g_assert_cmpint (changed, >=, 0);
  g_assert_cmpint (changed, <, find_heard (f, "1st_2dcack CheckFinished"));
  for (guint i = 0; i < f->heard->len; i++)
    g_assert_null (strstr (g_ptr_array_index (f->heard, i), "OverdueRatio"));
}

static void
test_come_and_go (Fixture *f, gconstpointer data)
{
  start (f);
  listen (f);
  write_file (f, ", \"new\": {\"cadenceMs\": 1000, \"handler\": \"well\", \"enabled\": false}");
  reload (f);
  hbtest_wait_for (find_heard (f, "Heartbeat1 InterfacesAdded") >= 0);
  assert_text (f, CHECK ("new"), PREFIX "Check", "Handler", "well");
  write_file (f, "");
  reload (f);
  hbtest_wait_for (find_heard (f, "Heartbeat1 InterfacesRemoved") >= 0);
  assert_fails (f, CHECK ("new"), PREFIX "Check.Run", g_variant_new ("(a{sv})", NULL),
                "org.freedesktop.DBus.Error.UnknownMethod");
}

static void
test_message (Fixture *f, gconstpointer data)
{
  start (f);
  listen (f);
  g_signal_emit_by_name (f->consumer, "message-received", "agent.1st-cack.\xff", "type", "{}");
  hbtest_wait_for (find_heard (f, "1st_2dcack MessageReceived") >= 0);
}

static void
test_remove_consumer (Fixture *f, gconstpointer data)
{
  start (f);
  heartbeat_bus_remove_consumer (f->bus, f->consumer);
  assert_fails (f, AGENT, PREFIX "Agent.Reload", NULL, "org.freedesktop.DBus.Error.ServiceUnknown");
  heartbeat_bus_add_consumer (f->bus, f->consumer);
  g_assert_false (heartbeat_bus_get_ready (f->bus));
  hbtest_wait_for (heartbeat_bus_get_ready (f->bus));
  assert_text (f, AGENT, PREFIX "Agent", "Name", "1st-cack");
}

static void
test_name_taken (Fixture *f, gconstpointer data)
{
  GVariant *reply;

  reply = g_dbus_connection_call_sync (f->client, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                       "org.freedesktop.DBus", "RequestName",
                                       g_variant_new ("(su)", NAME, 4), NULL, 0, -1, NULL, NULL);
  g_variant_unref (reply);
  heartbeat_bus_start (f->bus);
  hbtest_wait_for (n_bus_warnings == 1);
  g_assert_true (heartbeat_bus_get_connected (f->bus));
  g_assert_false (heartbeat_bus_get_ready (f->bus));
  g_dbus_connection_close_sync (f->client, NULL, NULL);
  hbtest_wait_for (heartbeat_bus_get_ready (f->bus));
  g_assert_cmpuint (n_bus_warnings, ==, 1);
  connect_client (f);
}

static void
test_bus_goes (Fixture *f, gconstpointer data)
{
  g_autofree char *address = NULL;

  start (f);
  g_test_dbus_stop (f->daemon);
  hbtest_wait_for (!heartbeat_bus_get_connected (f->bus));
  g_assert_false (heartbeat_bus_get_ready (f->bus));
  g_assert_cmpstr (heartbeat_bus_get_error (f->bus), !=, "");
  g_assert_cmpuint (n_bus_warnings, ==, 1);
  heartbeat_agent_run_check_async (f->agent, "badly", 0, NULL, NULL, NULL);
  hbtest_wait_for (heartbeat_agent_get_runs (f->agent, HEARTBEAT_STATUS_FAILED) == 1);

  g_object_unref (f->daemon);
  f->daemon = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (f->daemon);
  hbtest_wait_for (heartbeat_bus_get_ready (f->bus));
  g_assert_cmpstr (heartbeat_bus_get_error (f->bus), ==, "");
  g_assert_cmpuint (n_bus_warnings, ==, 1);
  connect_client (f);
  assert_text (f, CHECK ("badly"), PREFIX "Check", "LastStatus", "failed");
}

static void
add (const char *path, void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (count_warnings, NULL, NULL);

  add ("/bus/exports", test_exports);
  add ("/bus/run", test_run);
  add ("/bus/run-fails", test_run_fails);
  add ("/bus/options", test_options);
  add ("/bus/no-wait", test_no_wait);
  add ("/bus/caller-vanishes", test_caller_vanishes);
  add ("/bus/methods", test_methods);
  add ("/bus/backlog", test_backlog);
  add ("/bus/no-change", test_no_change);
  add ("/bus/read-too-early", test_read_too_early);
  add ("/bus/order", test_order);
  add ("/bus/come-and-go", test_come_and_go);
  add ("/bus/message", test_message);
  add ("/bus/remove-consumer", test_remove_consumer);
  add ("/bus/name-taken", test_name_taken);
  add ("/bus/bus-goes", test_bus_goes);
  return g_test_run ();
}
