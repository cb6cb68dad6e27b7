/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "base/heartbeat-error.h"
#include "json/heartbeat-tick.h"

#define NOW G_GINT64_CONSTANT (1771796220123)

/* A file in tests/data, whether G_TEST_SRCDIR is tests or tests/unit. */
static char *
read_data (const char *name, gsize *length)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", name, NULL);
  g_autoptr (GError) error = NULL;
  char *text;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_free (path);
      path = g_test_build_filename (G_TEST_DIST, "..", "data", name, NULL);
    }
  g_file_get_contents (path, &text, length, &error);
  g_assert_no_error (error);
  return text;
}

static void
parse (const char *body, HeartbeatTick *tick)
{
  g_autofree char *exact = g_memdup2 (body, strlen (body));
  g_autoptr (GError) error = NULL;

  heartbeat_tick_parse (tick, exact, strlen (body), &error);
  g_assert_no_error (error);
}

static void
test_real_samples (void)
{
  static const struct
  {
    const char *file;
    guint quarter;
    gint64 time;
  } cases[] = {
    { "tick-published.json", 3, NOW },
    { "tick-later-publisher.json", 1, NOW },
    { "tick-manual.json", 0, NOW },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gsize length;
      g_autofree char *body = read_data (cases[i].file, &length);
      g_autoptr (GError) error = NULL;
      HeartbeatTick tick;

      g_assert_true (heartbeat_tick_parse (&tick, body, length, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (tick.quarter, ==, cases[i].quarter);
      g_assert_cmpint (tick.time, ==, cases[i].time);
      g_assert_true (tick.body == body);
      g_assert_cmpuint (tick.length, ==, length);
    }
}

static void
test_members (void)
{
  static const struct
  {
    const char *body;
    guint quarter;
    gint64 time;
  } cases[] = {
    { "{}", 0, 0 },
    { "{\"payload\":{}}", 0, 0 },
    { "{\"payload\":null,\"timestamp\":null}", 0, 0 },
    { "{\"payload\":[1],\"timestamp\":5}", 0, 0 },
    { "{\"payload\":{\"quarter\":\"Q1\",\"epochMs\":1},\"payload\":{\"quarter\":\"Q2\"}}", 2, 0 },
    { "{\"payload\":{\"quarter\":\"Q1\"},\"payload\":0}", 0, 0 },
    { "{\"source\":{\"quarter\":\"Q1\"},\"payload\":{\"a\":{\"quarter\":\"Q2\"}}}", 0, 0 },
    { "{\"payload\":[{\"quarter\":\"Q1\"}],\"quarter\":\"Q2\"}", 0, 0 },
    { "{\"payload\":\"x\"}", 0, 0 },
    { "{\"payload\":{\"quarter\":\"Q4\"}}", 4, 0 },
    { "{\"payload\":{\"quarter\":\"Q\\u0034\"}}", 4, 0 },
    { "{\"payload\":{\"quarter\":\"Q5\"}}", 0, 0 },
    { "{\"payload\":{\"quarter\":\"q1\"}}", 0, 0 },
    { "{\"payload\":{\"quarter\":1}}", 0, 0 },
    { "{\"payload\":{\"quarter\":null}}", 0, 0 },
    { "{\"payload\":{\"epochMs\":5000}}", 0, 5000 },
    { "{\"payload\":{\"epoch_ms\":5000}}", 0, 5000 },
    { "{\"payload\":{\"epochMs\":5e3}}", 0, 5000 },
    { "{\"payload\":{\"epochMs\":\"5000\"}}", 0, 0 },
    { "{\"payload\":{\"epochMs\":1e400}}", 0, 0 },
    { "{\"payload\":{\"epochMs\":1.5}}", 0, 0 },
    { "{\"payload\":{\"timestamp\":\"2026-02-22T21:37:00Z\"}}", 0, 1771796220000 },
    { "{\"timestamp\":\"2026-02-22T21:37:00Z\"}", 0, 1771796220000 },
    { "{\"timestamp\":\"2026-02-22T21:37:00.123456+00:00\"}", 0, NOW },
    { "{\"timestamp\":\"2026-02-22T16:37:00-05:00\"}", 0, 1771796220000 },
    { "{\"timestamp\":\"yesterday\"}", 0, 0 },
    { "{\"timestamp\":\"\"}", 0, 0 },
    { "{\"timestamp\":\"2026-02-30T21:37:00Z\"}", 0, 0 },
    /* the payload's time before the event's, epochMs before both */
    { "{\"timestamp\":\"2026-02-22T21:37:01Z\",\"payload\":{\"timestamp\":\"2026-02-22T21:37:00Z\"}"
      "}",
      0, 1771796220000 },
    { "{\"payload\":{\"timestamp\":\"2026-02-22T21:37:00Z\",\"epochMs\":7}}", 0, 7 },
    { "{\"timestamp\":\"2026-02-22T21:37:00Z\",\"payload\":{\"timestamp\":\"?\"}}", 0,
      1771796220000 },
    /* of duplicates the last */
    { "{\"payload\":{\"quarter\":\"Q1\",\"quarter\":\"Q2\",\"epochMs\":1,\"epochMs\":2}}", 2, 2 },
    { "{\"payload\":{\"quarter\":\"Q1\",\"quarter\":7}}", 0, 0 },
    { "{\"payload\":{\"quarter\":\"Q1\"},\"payload\":{}}", 0, 0 },
    /* only the payload's own members */
    { "{\"quarter\":\"Q1\",\"epochMs\":5,\"payload\":{\"payload\":{\"quarter\":\"Q2\"}}}", 0, 0 },
    { " \n{ \"p\\u0061yload\" : { \"qu\\u0061rter\" : \"Q3\" } } ", 3, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      HeartbeatTick tick;

      g_test_message ("%s", cases[i].body);
      parse (cases[i].body, &tick);
      g_assert_cmpuint (tick.quarter, ==, cases[i].quarter);
      g_assert_cmpint (tick.time, ==, cases[i].time);
    }
}

static void
test_refuses (void)
{
  static const char *const bodies[] = { "",
                                        " ",
                                        "[]",
                                        "1",
                                        "null",
                                        "\"x\"",
                                        "{",
                                        "{}x",
                                        "{'a':1}",
                                        "\xef\xbb\xbf{}",
                                        "{\"a\":\"\\ud800\"}",
                                        "{\"a\":\"\xff\"}",
                                        "{\"a\":01}",
                                        "// c\n{}" };

  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autofree char *exact = g_memdup2 (bodies[i], strlen (bodies[i]));
      g_autoptr (GError) error = NULL;
      HeartbeatTick tick;

      g_assert_false (heartbeat_tick_parse (&tick, exact, strlen (bodies[i]), &error));
      g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT);
    }
}

static void
test_fresh_quarter (void)
{
  static const struct
  {
    gint64 time;
    guint quarter;
    guint fresh;
  } cases[] = {
    { 0, 2, 2 },           { NOW, 2, 2 }, { NOW - 300000, 2, 2 }, { NOW - 300001, 2, 0 },
    { NOW + 60000, 2, 2 }, { NOW, 0, 0 }, { -5, 2, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      HeartbeatTick tick = { "{}", 2, cases[i].quarter, cases[i].time };

      g_assert_cmpuint (heartbeat_tick_get_fresh_quarter (&tick, NOW), ==, cases[i].fresh);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tick/real-samples", test_real_samples);
  g_test_add_func ("/tick/every-member-is-optional", test_members);
  g_test_add_func ("/tick/refuses-what-is-no-object", test_refuses);
  g_test_add_func ("/tick/quarter-is-fresh-for-five-minutes", test_fresh_quarter);

  return g_test_run ();
}
