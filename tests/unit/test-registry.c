/* SPDX-License-Identifier: MIT */

#include "run/heartbeat-registry.h"
#include "base/heartbeat-error.h"
#include "heartbeat-test.h"

static void
run_nothing (HeartbeatRun *run, gpointer user_data)
{
}

static void
count (gpointer data)
{
  guint *counter = data;

  (*counter)++;
}

static void
add (HeartbeatRegistry *registry, HeartbeatHandlerRank rank, const char *name, guint *destroyed)
{
  const HeartbeatHandler handler = { run_nothing, destroyed, count };

  heartbeat_registry_add (registry, rank, name, &handler);
}

/* The data of the handler that a lookup finds, NULL if it finds none. */
static gpointer
look_up (HeartbeatRegistry *registry, const char *name, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (HeartbeatHandler) handler = NULL;

  heartbeat_registry_lookup_async (registry, name, NULL, hbtest_keep_result, &result);
  g_assert_null (result);
  hbtest_wait_for (result != NULL);
  handler = heartbeat_registry_lookup_finish (registry, result, error);
  return handler != NULL ? handler->user_data : NULL;
}

static void
test_empty (void)
{
  g_autoptr (HeartbeatRegistry) registry = heartbeat_registry_new ();
  g_auto (GStrv) names = heartbeat_registry_list (registry);

  g_assert_null (look_up (registry, "ping", NULL));
  g_assert_null (names[0]);
  g_assert_false (heartbeat_registry_remove (registry, HEARTBEAT_HANDLER_BUS, "ping"));
}

static void
test_first_rank_wins (void)
{
  g_autoptr (HeartbeatRegistry) registry = heartbeat_registry_new ();
  guint destroyed[HEARTBEAT_HANDLER_N_RANKS] = { 0 };

  for (guint i = HEARTBEAT_HANDLER_N_RANKS; i > 0; i--)
    {
      add (registry, i - 1, "ping", &destroyed[i - 1]);
      g_assert_true (look_up (registry, "ping", NULL) == &destroyed[i - 1]);
    }
  for (guint i = 0; i < HEARTBEAT_HANDLER_N_RANKS; i++)
    {
      g_assert_true (look_up (registry, "ping", NULL) == &destroyed[i]);
      g_assert_true (heartbeat_registry_remove (registry, i, "ping"));
      g_assert_cmpuint (destroyed[i], ==, 1);
    }
  g_assert_null (look_up (registry, "ping", NULL));
}

static void
test_replace_destroys_the_old_one (void)
{
  HeartbeatRegistry *registry = heartbeat_registry_new ();
  guint first = 0, second = 0;

  add (registry, HEARTBEAT_HANDLER_PROGRAM, "ping", &first);
  add (registry, HEARTBEAT_HANDLER_PROGRAM, "ping", &second);
  g_assert_cmpuint (first, ==, 1);
  g_assert_true (look_up (registry, "ping", NULL) == &second);
  g_assert_cmpuint (second, ==, 0);
  g_object_unref (registry);
  g_assert_cmpuint (second, ==, 1);
}

static void
test_list (void)
{
  g_autoptr (HeartbeatRegistry) registry = heartbeat_registry_new ();
  guint destroyed = 0;
  const char *const expected[] = { "default", "ping", "sub_health", NULL };
  g_auto (GStrv) names = NULL;

  add (registry, HEARTBEAT_HANDLER_BUILT_IN, "sub_health", &destroyed);
  add (registry, HEARTBEAT_HANDLER_BUILT_IN, "default", &destroyed);
  add (registry, HEARTBEAT_HANDLER_PROGRAM, "ping", &destroyed);
  add (registry, HEARTBEAT_HANDLER_BUS, "sub_health", &destroyed);
  names = heartbeat_registry_list (registry);
  g_assert_cmpstrv (names, expected);
}

static void
search (const char *name, GTask *task, gpointer user_data)
{
  guint *searches = user_data;

  (*searches)++;
  if (g_str_equal (name, "broken"))
    g_task_return_new_error (task, HEARTBEAT_ERROR, HEARTBEAT_ERROR_FAILED, "it is a folder");
  else if (g_str_equal (name, "ping"))
    g_task_return_pointer (task, heartbeat_handler_new (run_nothing, user_data, NULL),
                           (GDestroyNotify) heartbeat_handler_unref);
  else
    g_task_return_pointer (task, NULL, NULL);
  g_object_unref (task);
}

/* Executables come after what programs have registered, and before what is built in. */
static void
test_search (void)
{
  g_autoptr (HeartbeatRegistry) registry = heartbeat_registry_new ();
  g_autoptr (GError) error = NULL;
  guint searches = 0, built_in = 0, on_bus = 0;

  heartbeat_registry_set_search (registry, search, &searches, NULL);
  add (registry, HEARTBEAT_HANDLER_BUILT_IN, "ping", &built_in);
  add (registry, HEARTBEAT_HANDLER_BUILT_IN, "default", &built_in);
  g_assert_true (look_up (registry, "ping", NULL) == &searches);
  g_assert_true (look_up (registry, "default", NULL) == &built_in);
  g_assert_null (look_up (registry, "other", &error));
  g_assert_no_error (error);
  g_assert_null (look_up (registry, "broken", &error));
  g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_FAILED);
  g_assert_cmpuint (searches, ==, 4);
  add (registry, HEARTBEAT_HANDLER_BUS, "ping", &on_bus);
  g_assert_true (look_up (registry, "ping", NULL) == &on_bus);
  g_assert_cmpuint (searches, ==, 4);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/registry/empty", test_empty);
  g_test_add_func ("/registry/first-rank-wins", test_first_rank_wins);
  g_test_add_func ("/registry/replace-destroys-the-old-one", test_replace_destroys_the_old_one);
  g_test_add_func ("/registry/list-is-sorted-and-each-once", test_list);
  g_test_add_func ("/registry/search", test_search);

  return g_test_run ();
}
