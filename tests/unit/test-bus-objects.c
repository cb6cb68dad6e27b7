/* SPDX-License-Identifier: MIT */

#include "dbus/heartbeat-bus-objects.h"

#include "dbus/heartbeat-bus-properties.h"
#include "heartbeat-test.h"

#define ROOT      "/org/example"
#define NAME      "org.example.Number"
#define N_OBJECTS 20
#define READ_US                                                                                    \
  (6 * G_TIME_SPAN_MILLISECOND) /* more than a slice: in each turn one object is read */

/* --- An interface that says when it is read ------------------------------------------------------------------------- */

#define TEST_TYPE_NUMBER (test_number_get_type ())
G_DECLARE_FINAL_TYPE (TestNumber, test_number, TEST, NUMBER, GDBusInterfaceSkeleton)

struct _TestNumber
{
  GDBusInterfaceSkeleton parent_instance;

  guint number;
  HeartbeatBusProperties *properties;
  void (*on_read) (TestNumber *self, gpointer user_data);
  gpointer user_data;
};

G_DEFINE_FINAL_TYPE (TestNumber, test_number, G_TYPE_DBUS_INTERFACE_SKELETON)

static GDBusPropertyInfo number_info
    = { -1, (char *) "Number", (char *) "u", G_DBUS_PROPERTY_INFO_FLAGS_READABLE, NULL };
static GDBusPropertyInfo *property_infos[] = { &number_info, NULL };
static GDBusInterfaceInfo interface_info = { -1, (char *) NAME, NULL, NULL, property_infos, NULL };
static GDBusInterfaceVTable vtable;

static GDBusInterfaceInfo *
test_number_get_info (GDBusInterfaceSkeleton *skeleton)
{
  return &interface_info;
}

static GDBusInterfaceVTable *
test_number_get_vtable (GDBusInterfaceSkeleton *skeleton)
{
  return &vtable;
}

static GVariant *
test_number_get_properties (GDBusInterfaceSkeleton *skeleton)
{
  TestNumber *self = TEST_NUMBER (skeleton);
  guint number = self->number;

  if (self->on_read != NULL)
    self->on_read (self, self->user_data);
  return g_variant_new_parsed ("{'Number': <%u>}", number);
}

static void
test_number_flush (GDBusInterfaceSkeleton *skeleton)
{
}

static void
test_number_dispose (GObject *object)
{
  g_clear_pointer (&TEST_NUMBER (object)->properties, heartbeat_bus_properties_free);
  G_OBJECT_CLASS (test_number_parent_class)->dispose (object);
}

static void
test_number_class_init (TestNumberClass *klass)
{
  GDBusInterfaceSkeletonClass *skeleton_class = G_DBUS_INTERFACE_SKELETON_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = test_number_dispose;
  skeleton_class->get_info = test_number_get_info;
  skeleton_class->get_vtable = test_number_get_vtable;
  skeleton_class->get_properties = test_number_get_properties;
  skeleton_class->flush = test_number_flush;
}

static void
test_number_init (TestNumber *self)
{
}

/* --- A service and a client ----------------------------------------------------------------------------------------- */

typedef struct
{
  GTestDBus *daemon;
  GDBusConnection *service, *client;
  GDBusObjectManagerServer *manager;
  HeartbeatBusChangeDebouncer *collector;
  HeartbeatBusWorkQueue *slices;
  HeartbeatBusObjects *objects;
  TestNumber *numbers[N_OBJECTS];
  guint n_read;
  TestNumber *first;                 /* the one that was read first */
  void (*midway) (gpointer fixture); /* called once, when half of them are read */
  GVariant *answers[2];
  guint n_answers;
  GError *error;
} Fixture;

static void
on_read (TestNumber *number, gpointer user_data)
{
  Fixture *f = user_data;
  gint64 end = g_get_monotonic_time () + READ_US;

  while (g_get_monotonic_time () < end)
    continue;
  if (f->n_read++ == 0)
    f->first = number;
  if (f->n_read == N_OBJECTS / 2 && f->midway != NULL)
    f->midway (f);
}

static void
flush_item (gpointer item, gpointer user_data)
{
  heartbeat_bus_properties_flush (item);
}

static GDBusConnection *
connect_to (GTestDBus *daemon)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_for_address_sync (
      g_test_dbus_get_bus_address (daemon),
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, &error);

  g_assert_no_error (error);
  return connection;
}

static void export(Fixture *f, guint i)
{
  g_autofree char *path = g_strdup_printf (ROOT "/%u", i);
  g_autoptr (GDBusObjectSkeleton) object = g_dbus_object_skeleton_new (path);
  TestNumber *number = g_object_new (TEST_TYPE_NUMBER, NULL);

  f->numbers[i] = number;
  number->number = i;
  number->properties
      = heartbeat_bus_properties_new (G_DBUS_INTERFACE_SKELETON (number), f->collector);
  g_dbus_object_skeleton_add_interface (object, G_DBUS_INTERFACE_SKELETON (number));
  g_dbus_object_manager_server_export (f->manager, object);
  heartbeat_bus_properties_begin (number->properties);
  number->user_data = f;
  number->on_read = on_read;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->daemon = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (f->daemon);
  f->service = connect_to (f->daemon);
  f->client = connect_to (f->daemon);
  f->manager = g_dbus_object_manager_server_new (ROOT);
  f->collector = heartbeat_bus_change_debouncer_new (flush_item);
  f->slices = heartbeat_bus_work_queue_new ();
  for (guint i = 0; i < N_OBJECTS; i++)
    export(f, i);
  g_dbus_object_manager_server_set_connection (f->manager, f->service);
  f->objects = heartbeat_bus_objects_new (f->manager, f->slices);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  heartbeat_bus_objects_end (f->objects);
  /* what the filter and calls on their way hold is let go by the loop */
  hbtest_release (f->objects);
  g_dbus_object_manager_server_set_connection (f->manager, NULL);
  g_assert_finalize_object (f->manager);
  for (guint i = 0; i < N_OBJECTS; i++)
    g_assert_finalize_object (f->numbers[i]);
  heartbeat_bus_work_queue_unref (f->slices);
  heartbeat_bus_change_debouncer_unref (f->collector);
  g_dbus_connection_close_sync (f->client, NULL, NULL);
  g_dbus_connection_close_sync (f->service, NULL, NULL);
  g_object_unref (f->client);
  g_object_unref (f->service);
  g_test_dbus_down (f->daemon);
  g_object_unref (f->daemon);
  for (guint i = 0; i < G_N_ELEMENTS (f->answers); i++)
    g_clear_pointer (&f->answers[i], g_variant_unref);
  g_clear_error (&f->error);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *f = user_data;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &f->error);

  if (reply != NULL)
    f->answers[f->n_answers] = g_variant_get_child_value (reply, 0);
  f->n_answers++;
}

static void
ask_with (Fixture *f, const char *path, GVariant *arguments)
{
  g_dbus_connection_call (f->client, g_dbus_connection_get_unique_name (f->service), path,
                          "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", arguments,
                          NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_answer, f);
}

static void
ask (Fixture *f)
{
  ask_with (f, ROOT, NULL);
}

static guint
find (GVariant *answer, const char *path)
{
  g_autoptr (GVariant) interfaces = g_variant_lookup_value (answer, path, NULL);
  g_autoptr (GVariant) values = NULL;
  guint number;

  g_assert_nonnull (interfaces);
  g_assert_cmpuint (g_variant_n_children (interfaces), ==, 1);
  values = g_variant_lookup_value (interfaces, NAME, NULL);
  g_assert_nonnull (values);
  g_assert_true (g_variant_lookup (values, "Number", "u", &number));
  return number;
}

static const char *
path_of (TestNumber *number)
{
  return g_dbus_interface_skeleton_get_object_path (G_DBUS_INTERFACE_SKELETON (number));
}

/* --- Tests ---------------------------------------------------------------------------------------------------------- */

static void
test_all_are_there (Fixture *f, gconstpointer data)
{
  ask (f);
  hbtest_wait_for (f->n_answers == 1);
  g_assert_no_error (f->error);
  g_assert_true (g_variant_is_of_type (f->answers[0], G_VARIANT_TYPE ("a{oa{sa{sv}}}")));
  g_assert_cmpuint (g_variant_n_children (f->answers[0]), ==, N_OBJECTS);
  for (guint i = 0; i < N_OBJECTS; i++)
    g_assert_cmpuint (find (f->answers[0], path_of (f->numbers[i])), ==, i);
  /* each once: what was read in slices is what is sent */
  g_assert_cmpuint (f->n_read, ==, N_OBJECTS);
}

static void
change_and_ask (gpointer user_data)
{
  Fixture *f = user_data;

  f->first->number = 77;
  heartbeat_bus_properties_mark (f->first->properties);
  ask (f);
}

/* The first one was read before it changed: who asks after that must not be answered with it. */
static void
test_who_asks_later_sees_what_is_later (Fixture *f, gconstpointer data)
{
  f->midway = change_and_ask;
  ask (f);
  hbtest_wait_for (f->n_answers == 2);
  g_assert_cmpuint (find (f->answers[1], path_of (f->first)), ==, 77);
}

static void
change_and_tell (gpointer user_data)
{
  Fixture *f = user_data;

  f->first->number = 77;
  heartbeat_bus_properties_mark (f->first->properties);
  heartbeat_bus_properties_flush (f->first->properties);
}

/* Whom the change was told of before the answer would take the answer for what is newer. */
static void
test_what_was_told_is_in_the_answer (Fixture *f, gconstpointer data)
{
  f->midway = change_and_tell;
  ask (f);
  hbtest_wait_for (f->n_answers == 1);
  g_assert_cmpuint (find (f->answers[0], path_of (f->first)), ==, 77);
}

static void
take_away (gpointer user_data)
{
  Fixture *f = user_data;

  heartbeat_bus_properties_end (f->first->properties);
  g_dbus_object_manager_server_unexport (f->manager, path_of (f->first));
}

static void
test_what_is_gone_is_not_in_the_answer (Fixture *f, gconstpointer data)
{
  f->midway = take_away;
  ask (f);
  hbtest_wait_for (f->n_answers == 1);
  g_assert_cmpuint (g_variant_n_children (f->answers[0]), ==, N_OBJECTS - 1);
}

static void
test_what_was_prepared_is_not_kept (Fixture *f, gconstpointer data)
{
  g_autoptr (GVariant) values = NULL;

  ask (f);
  hbtest_wait_for (f->n_answers == 1);
  hbtest_run_pending ();
  values = heartbeat_bus_properties_get_prepared (f->numbers[0]->properties);
  g_assert_cmpuint (f->n_read, ==, N_OBJECTS + 1);
}

static void
test_others_are_left_to_gdbus (Fixture *f, gconstpointer data)
{
  ask_with (f, ROOT, g_variant_new ("(s)", "odd"));
  hbtest_wait_for (f->n_answers == 1);
  g_assert_error (f->error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS);
  g_clear_error (&f->error);
  ask_with (f, ROOT "/0", NULL);
  hbtest_wait_for (f->n_answers == 2);
  g_assert_error (f->error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD);
  g_assert_cmpuint (f->n_read, ==, 0);
}

static void
test_who_wants_no_answer_gets_none (Fixture *f, gconstpointer data)
{
  g_autoptr (GDBusMessage) message
      = g_dbus_message_new_method_call (g_dbus_connection_get_unique_name (f->service), ROOT,
                                        "org.freedesktop.DBus.ObjectManager", "GetManagedObjects");

  g_dbus_message_set_flags (message, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
  g_dbus_connection_send_message (f->client, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
  ask (f);
  hbtest_wait_for (f->n_answers == 1);
  g_assert_cmpuint (f->n_read, ==, N_OBJECTS);
}

static void
end (gpointer user_data)
{
  heartbeat_bus_objects_end (((Fixture *) user_data)->objects);
}

static void
test_the_end_comes_amid_a_call (Fixture *f, gconstpointer data)
{
  f->midway = end;
  ask (f);
  hbtest_wait_for (f->n_read >= N_OBJECTS / 2);
  hbtest_run_pending ();
  g_assert_cmpuint (f->n_read, ==, N_OBJECTS / 2);
  g_assert_cmpuint (f->n_answers, ==, 0);
  /* GDBus answers those that come now */
  ask (f);
  hbtest_wait_for (f->n_answers == 1);
  g_assert_cmpuint (g_variant_n_children (f->answers[0]), ==, N_OBJECTS);
  g_dbus_connection_close_sync (f->client, NULL, NULL);
  hbtest_wait_for (f->n_answers == 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, test) g_test_add ("/bus-objects/" path, Fixture, NULL, set_up, test, tear_down)
  ADD ("all-are-there", test_all_are_there);
  ADD ("who-asks-later-sees-what-is-later", test_who_asks_later_sees_what_is_later);
  ADD ("what-was-told-is-in-the-answer", test_what_was_told_is_in_the_answer);
  ADD ("what-is-gone-is-not-in-the-answer", test_what_is_gone_is_not_in_the_answer);
  ADD ("what-was-prepared-is-not-kept", test_what_was_prepared_is_not_kept);
  ADD ("others-are-left-to-gdbus", test_others_are_left_to_gdbus);
  ADD ("who-wants-no-answer-gets-none", test_who_wants_no_answer_gets_none);
  ADD ("the-end-comes-amid-a-call", test_the_end_comes_amid_a_call);
  return g_test_run ();
}
