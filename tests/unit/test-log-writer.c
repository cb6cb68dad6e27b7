/* SPDX-License-Identifier: MIT */

#include <stdlib.h>

#include <glib.h>

#include "base/heartbeat-log.h"
#include "service/heartbeat-log-writer.h"

#define EVERYTHING                                                                                 \
  (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE            \
   | G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG)

typedef void (*Job) (void);

/* A writer is installed once in a process, so each test has a child that logs. */
static void
run_logging (Job job)
{
  if (g_test_subprocess ())
    {
      job ();
      exit (EXIT_SUCCESS);
    }
  g_test_trap_subprocess (NULL, 30 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
}

#define assert_logged(pattern)     g_test_trap_assert_stderr (pattern)
#define assert_not_logged(pattern) g_test_trap_assert_stderr_unmatched (pattern)

static void
log_all_levels (void)
{
  heartbeat_log (G_LOG_LEVEL_CRITICAL, NULL, NULL, NULL, "at critical");
  heartbeat_log (G_LOG_LEVEL_WARNING, NULL, NULL, NULL, "at warning");
  heartbeat_log (G_LOG_LEVEL_MESSAGE, NULL, NULL, NULL, "at message");
  heartbeat_log (G_LOG_LEVEL_INFO, NULL, NULL, NULL, "at info");
  heartbeat_log (G_LOG_LEVEL_DEBUG, NULL, NULL, NULL, "at debug");
}

static void
log_levels_at_debug (void)
{
  heartbeat_log_writer_install (EVERYTHING);
  log_all_levels ();
}

static void
test_levels_have_names (void)
{
  run_logging (log_levels_at_debug);
  assert_logged (
      "*Z ERROR at critical\n*Z WARNING at warning\n*Z INFO at message\n*Z INFO at info\n"
      "*Z DEBUG at debug\n*");
}

static void
log_levels_at_warning (void)
{
  heartbeat_log_writer_install (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
  log_all_levels ();
}

static void
test_lower_levels_stay_away (void)
{
  run_logging (log_levels_at_warning);
  assert_logged ("*at critical*at warning*");
  assert_not_logged ("*at message*");
  assert_not_logged ("*at info*");
  assert_not_logged ("*at debug*");
}

static void
log_one (void)
{
  heartbeat_log_writer_install (EVERYTHING);
  heartbeat_log (G_LOG_LEVEL_INFO, NULL, "cack", "mail", "a run");
}

static void
test_line_has_time_level_and_agent (void)
{
  run_logging (log_one);
  assert_logged ("*20?"
                 "?-?"
                 "?-?"
                 "?T?"
                 "?:?"
                 "?:?"
                 "?.?"
                 "??Z INFO cack: a run\n*");
}

static void
log_without_agent (void)
{
  heartbeat_log_writer_install (EVERYTHING);
  heartbeat_log (G_LOG_LEVEL_INFO, NULL, NULL, NULL, "%s", "");
  heartbeat_log (G_LOG_LEVEL_INFO, NULL, NULL, NULL, "no agent");
}

static void
test_line_without_agent (void)
{
  run_logging (log_without_agent);
  assert_logged ("*Z INFO \n*Z INFO no agent\n*");
}

static void
log_what_is_no_line (void)
{
  heartbeat_log_writer_install (EVERYTHING);
  heartbeat_log (G_LOG_LEVEL_INFO, NULL, "cack", NULL, "one\ntwo\r\n%s\tthree", "2026 FORGED");
  heartbeat_log (G_LOG_LEVEL_INFO, NULL, NULL, NULL,
                 "a\x1b[31mb\x07"
                 "c\x7f"
                 "d");
  heartbeat_log (G_LOG_LEVEL_INFO, NULL, NULL, NULL,
                 "e\xc2\x9b"
                 "31mf\xc2\x85g");
  heartbeat_log (G_LOG_LEVEL_INFO, NULL, NULL, NULL, "h\xff\xc3i");
  heartbeat_log (G_LOG_LEVEL_INFO, NULL, NULL, NULL, "caf\xc3\xa9 \xe9\x82\xae");
}

static void
test_one_line_an_event (void)
{
  run_logging (log_what_is_no_line);
  assert_logged ("*INFO cack: one two  2026 FORGED three\n*");
  assert_logged ("*INFO a [31mb c d\n*");
  assert_logged ("*INFO e  31mf  g\n*");
  assert_logged ("*INFO h\xef\xbf\xbd\xef\xbf\xbdi\n*");
  assert_logged ("*INFO caf\xc3\xa9 \xe9\x82\xae\n*");
  assert_not_logged ("*\x1b*");
}

static void
log_for_others (void)
{
  heartbeat_log_writer_install (EVERYTHING);
  g_log_structured ("GLib-GIO", G_LOG_LEVEL_DEBUG, "MESSAGE", "another debug");
  g_log_structured ("GLib-GIO", G_LOG_LEVEL_INFO, "MESSAGE", "another info");
  g_log_structured ("GLib-GIO", G_LOG_LEVEL_MESSAGE, "MESSAGE", "another message");
  g_log_structured ("GLib-GIO", G_LOG_LEVEL_WARNING, "MESSAGE", "another warning");
  heartbeat_log (G_LOG_LEVEL_DEBUG, NULL, NULL, NULL, "own debug");
}

static void
test_others_only_when_it_matters (void)
{
  run_logging (log_for_others);
  assert_logged ("*another message\n*another warning\n*own debug\n*");
  assert_not_logged ("*another debug*");
  assert_not_logged ("*another info*");
}

static void
log_odd_fields (void)
{
  const GLogField without_message[] = { { "GLIB_DOMAIN", G_LOG_DOMAIN, -1 } };
  const GLogField binary[] = { { "MESSAGE", "\x01\x02", 2 }, { "GLIB_DOMAIN", G_LOG_DOMAIN, -1 } };
  const GLogField without_domain[] = { { "MESSAGE", "homeless", -1 } };

  heartbeat_log_writer_install (EVERYTHING);
  g_log_structured_array (G_LOG_LEVEL_INFO, without_message, G_N_ELEMENTS (without_message));
  g_log_structured_array (G_LOG_LEVEL_INFO, binary, G_N_ELEMENTS (binary));
  g_log_structured_array (G_LOG_LEVEL_WARNING, without_domain, G_N_ELEMENTS (without_domain));
  heartbeat_log (G_LOG_LEVEL_INFO, NULL, NULL, NULL, "still there");
}

static void
test_odd_fields (void)
{
  run_logging (log_odd_fields);
  assert_logged ("*WARNING homeless\n*INFO still there\n*");
}

static void
log_long_text (void)
{
  g_autofree char *text = g_strnfill (200000, 'x');

  heartbeat_log_writer_install (EVERYTHING);
  heartbeat_log (G_LOG_LEVEL_INFO, NULL, NULL, NULL, "%s%%s%%n end", text);
}

static void
test_text_of_any_length (void)
{
  run_logging (log_long_text);
  assert_logged ("*xxxx%s%n end\n*");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/log-writer/levels-have-names", test_levels_have_names);
  g_test_add_func ("/log-writer/lower-levels-stay-away", test_lower_levels_stay_away);
  g_test_add_func ("/log-writer/line-has-time-level-and-agent", test_line_has_time_level_and_agent);
  g_test_add_func ("/log-writer/line-without-agent", test_line_without_agent);
  g_test_add_func ("/log-writer/one-line-an-event", test_one_line_an_event);
  g_test_add_func ("/log-writer/others-only-when-it-matters", test_others_only_when_it_matters);
  g_test_add_func ("/log-writer/odd-fields", test_odd_fields);
  g_test_add_func ("/log-writer/text-of-any-length", test_text_of_any_length);

  return g_test_run ();
}
