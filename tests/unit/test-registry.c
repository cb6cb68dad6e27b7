/* SPDX-License-Identifier: MIT */

#include "run/heartbeat-registry.h"

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

static void
test_empty (void)
{
  g_autoptr (HeartbeatRegistry) registry = heartbeat_registry_new ();
  g_auto (GStrv) names = heartbeat_registry_list (registry);

  g_assert_null (heartbeat_registry_find (registry, "ping"));
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
      g_assert_true (heartbeat_registry_find (registry, "ping")->user_data == &destroyed[i - 1]);
    }
  for (guint i = 0; i < HEARTBEAT_HANDLER_N_RANKS; i++)
    {
      g_assert_true (heartbeat_registry_find (registry, "ping")->user_data == &destroyed[i]);
      g_assert_true (heartbeat_registry_remove (registry, i, "ping"));
      g_assert_cmpuint (destroyed[i], ==, 1);
    }
  g_assert_null (heartbeat_registry_find (registry, "ping"));
}

static void
test_replace_destroys_the_old_one (void)
{
  HeartbeatRegistry *registry = heartbeat_registry_new ();
  guint first = 0, second = 0;

  add (registry, HEARTBEAT_HANDLER_PROGRAM, "ping", &first);
  add (registry, HEARTBEAT_HANDLER_PROGRAM, "ping", &second);
  g_assert_cmpuint (first, ==, 1);
  g_assert_true (heartbeat_registry_find (registry, "ping")->user_data == &second);
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
  add (registry, HEARTBEAT_HANDLER_EXECUTABLE, "sub_health", &destroyed);
  names = heartbeat_registry_list (registry);
  g_assert_cmpstrv (names, expected);
}

/* A handler for any name comes after those of its rank, and before those of the next. */
static void
test_any_name (void)
{
  g_autoptr (HeartbeatRegistry) registry = heartbeat_registry_new ();
  int any, program, built_in;
  const HeartbeatHandler anyone = { run_nothing, &any, NULL };
  const HeartbeatHandler first = { run_nothing, &program, NULL };
  const HeartbeatHandler last = { run_nothing, &built_in, NULL };
  g_auto (GStrv) names = NULL;

  heartbeat_registry_add_any (registry, HEARTBEAT_HANDLER_EXECUTABLE, &anyone);
  heartbeat_registry_add (registry, HEARTBEAT_HANDLER_BUILT_IN, "ping", &last);
  g_assert_true (heartbeat_registry_find (registry, "ping")->user_data == &any);
  g_assert_true (
      heartbeat_registry_find_below (registry, "ping", HEARTBEAT_HANDLER_EXECUTABLE)->user_data
      == &built_in);
  g_assert_true (heartbeat_registry_find (registry, "")->user_data == &any);
  g_assert_null (heartbeat_registry_find_below (registry, "", HEARTBEAT_HANDLER_EXECUTABLE));
  heartbeat_registry_add (registry, HEARTBEAT_HANDLER_PROGRAM, "ping", &first);
  g_assert_true (heartbeat_registry_find (registry, "ping")->user_data == &program);
  names = heartbeat_registry_list (registry);
  g_assert_cmpuint (g_strv_length (names), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/registry/empty", test_empty);
  g_test_add_func ("/registry/first-rank-wins", test_first_rank_wins);
  g_test_add_func ("/registry/replace-destroys-the-old-one", test_replace_destroys_the_old_one);
  g_test_add_func ("/registry/list-is-sorted-and-each-once", test_list);
  g_test_add_func ("/registry/any-name", test_any_name);

  return g_test_run ();
}
