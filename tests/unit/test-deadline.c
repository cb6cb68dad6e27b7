/* SPDX-License-Identifier: MIT */

#include "base/heartbeat-deadline.h"
#include "heartbeat-test.h"

typedef struct
{
  GSource *deadline;
  guint calls;
  guint repeats; /* how often it is set again */
} Owner;

static gboolean
on_deadline (gpointer user_data)
{
  Owner *owner = user_data;

  g_assert_null (owner->deadline);
  owner->calls++;
  if (owner->calls <= owner->repeats)
    heartbeat_deadline_set_in (&owner->deadline, 1000, on_deadline, owner);
  return G_SOURCE_CONTINUE;
}

static void
test_once (void)
{
  Owner owner = { 0 };
  gint64 begin = g_get_monotonic_time ();

  heartbeat_deadline_set_in (&owner.deadline, 20 * 1000, on_deadline, &owner);
  hbtest_wait_for (owner.calls > 0);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 20 * 1000);
  g_assert_false (g_main_context_iteration (NULL, FALSE));
  g_assert_cmpuint (owner.calls, ==, 1);
}

static void
test_again_from_the_callback (void)
{
  Owner owner = { .repeats = 3 };

  heartbeat_deadline_set (&owner.deadline, 0, on_deadline, &owner);
  hbtest_wait_for (owner.calls == 4);
  g_assert_null (owner.deadline);
}

static void
test_moved (void)
{
  Owner owner = { 0 };
  GSource *source;

  heartbeat_deadline_set_in (&owner.deadline, G_TIME_SPAN_HOUR, on_deadline, &owner);
  source = owner.deadline;
  heartbeat_deadline_set_in (&owner.deadline, -1, on_deadline, &owner);
  g_assert_true (owner.deadline == source);
  hbtest_wait_for (owner.calls == 1);

  heartbeat_deadline_set (&owner.deadline, 0, on_deadline, &owner);
  heartbeat_deadline_set_in (&owner.deadline, G_TIME_SPAN_HOUR, on_deadline, &owner);
  g_assert_false (g_main_context_iteration (NULL, FALSE));
  heartbeat_deadline_clear (&owner.deadline);
  g_assert_cmpuint (owner.calls, ==, 1);
}

static void
test_cleared (void)
{
  Owner owner = { 0 };

  heartbeat_deadline_clear (&owner.deadline);
  heartbeat_deadline_set (&owner.deadline, 0, on_deadline, &owner);
  heartbeat_deadline_clear (&owner.deadline);
  g_assert_null (owner.deadline);
  g_assert_false (g_main_context_iteration (NULL, FALSE));
  g_assert_cmpuint (owner.calls, ==, 0);
}

static gboolean freed;

static gboolean
free_owner (gpointer user_data)
{
  g_free (user_data);
  freed = TRUE;
  return G_SOURCE_CONTINUE;
}

static void
test_owner_goes_in_the_callback (void)
{
  Owner *owner = g_new0 (Owner, 1);

  heartbeat_deadline_set (&owner->deadline, 0, free_owner, owner);
  hbtest_wait_for (freed);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/deadline/once", test_once);
  g_test_add_func ("/deadline/again-from-the-callback", test_again_from_the_callback);
  g_test_add_func ("/deadline/moved", test_moved);
  g_test_add_func ("/deadline/cleared", test_cleared);
  g_test_add_func ("/deadline/owner-goes-in-the-callback", test_owner_goes_in_the_callback);

  return g_test_run ();
}
