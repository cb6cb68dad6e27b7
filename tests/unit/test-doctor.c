/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "amqp/heartbeat-amqp-error.h"
#include "ctl/heartbeat-ctl-advice.h"
#include "ctl/heartbeat-ctl-environment.h"
#include "ctl/doctor/heartbeat-ctl-finding.h"
#include "ctl/print/heartbeat-ctl-text.h"
#include "heartbeat-test.h"

static void
assert_value (const char *text, const char *value)
{
  g_autoptr (GHashTable) values = heartbeat_ctl_environment_parse (text);

  g_assert_cmpstr (g_hash_table_lookup (values, "A"), ==, value);
}

static void
test_environment (void)
{
  assert_value ("", NULL);
  assert_value ("A", NULL);
  assert_value ("A=", "");
  assert_value ("A=b", "b");
  assert_value ("A=b c  \nB=d\n", "b c");
  assert_value (" A = b \r\n", "b");
  assert_value ("# A=b\n; A=c\n", NULL);
  assert_value ("#=\nA=b", "b");
  assert_value ("no assignment\nA=b", "b");
  assert_value ("A=b\nA=c\n", "c");
  assert_value ("A=\"b \\\"c\\\" \\d \"  \n", "b \"c\" \\d ");
  assert_value ("A='b \\ \"c ' \n", "b \\ \"c ");
  assert_value ("A=b'c d'\"e f\"g\n", "bc de fg");
  assert_value ("A=b\\\nc\\ \n", "bc ");
  assert_value ("A=\"b\\\nc\n d\"\n", "bc\n d");
  assert_value ("A=amqp://u:p#%2F@h/ \n", "amqp://u:p#%2F@h/");
  assert_value ("A=\"b", "b");
  assert_value ("A='b", "b");
  assert_value ("A=b\\", "b");
  assert_value ("A=\"b\\", "b\\");
}

static GPtrArray *
make_findings (HeartbeatCtlVerdict last)
{
  GPtrArray *findings
      = g_ptr_array_new_with_free_func ((GDestroyNotify) heartbeat_ctl_finding_free);
  HeartbeatCtlFinding *first = heartbeat_ctl_finding_new ("queue", "Queue", "localhost:5672");
  HeartbeatCtlFinding *second = heartbeat_ctl_finding_new ("bus", "Session bus", NULL);

  heartbeat_ctl_finding_set (first, HEARTBEAT_CTL_VERDICT_OK, "%s is there", "q");
  heartbeat_ctl_finding_set (second, last, "line\nend \033[31m");
  heartbeat_ctl_finding_advise (second, "log in\n");
  g_ptr_array_add (findings, first);
  g_ptr_array_add (findings, second);
  return findings;
}

static void
test_good (void)
{
  for (int i = HEARTBEAT_CTL_VERDICT_OK; i <= HEARTBEAT_CTL_VERDICT_SKIPPED; i++)
    {
      g_autoptr (GPtrArray) findings = make_findings (i);

      g_assert_cmpint (heartbeat_ctl_findings_are_good (findings), ==,
                       i != HEARTBEAT_CTL_VERDICT_FAILED);
    }
}

static void
test_table (void)
{
  g_autoptr (GPtrArray) findings = make_findings (HEARTBEAT_CTL_VERDICT_FAILED);
  g_autofree char *plain = heartbeat_ctl_findings_to_string (findings, 0, FALSE);
  g_autofree char *coloured = heartbeat_ctl_findings_to_string (findings, 0, TRUE);

  g_assert_true (g_str_has_prefix (plain, "✓ Queue        q is there\n✗ Session bus  line end "));
  hbtest_assert_contains (plain, "\n    → log in");
  g_assert_null (strchr (plain, '\033'));
  hbtest_assert_contains (coloured, "\033[31m✗\033[0m Session bus");
}

static void
test_narrow (void)
{
  g_autoptr (GPtrArray) findings = make_findings (HEARTBEAT_CTL_VERDICT_FAILED);
  g_autofree char *text = heartbeat_ctl_findings_to_string (findings, 24, FALSE);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  g_assert_cmpstr (lines[0], ==, "✓ Queue        q is");
  g_assert_cmpstr (lines[1], ==, "               there");
  for (char **line = lines; *line != NULL; line++)
    g_assert_cmpuint (heartbeat_ctl_text_width (*line), <=, 24);
}

static void
test_serialize (void)
{
  g_autoptr (GPtrArray) findings = make_findings (HEARTBEAT_CTL_VERDICT_WARNING);
  g_autoptr (GVariant) rows = g_variant_ref_sink (heartbeat_ctl_findings_serialize (findings));
  g_autofree char *text = g_variant_print (rows, FALSE);

  hbtest_assert_contains (text, "'broker': <@ms 'localhost:5672'>, 'status': <'ok'>");
  hbtest_assert_contains (text, "'broker': <@ms nothing>, 'status': <'warning'>");
}

static void
test_advice (void)
{
  g_autoptr (GError) refused
      = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED, "refused");
  g_autoptr (GError) access = g_error_new_literal (HEARTBEAT_AMQP_ERROR, AMQP_ACCESS_REFUSED, "no");

  for (int i = HEARTBEAT_CONNECTION_STAGE_CONNECT; i <= HEARTBEAT_CONNECTION_STAGE_USE; i++)
    {
      const char *advice = heartbeat_ctl_advice_for_connection (i, refused);

      g_assert_nonnull (advice);
      g_assert_cmpstr (advice, !=, "");
    }
  hbtest_assert_contains (
      heartbeat_ctl_advice_for_connection (HEARTBEAT_CONNECTION_STAGE_CONNECT, refused), "5672");
  hbtest_assert_contains (heartbeat_ctl_advice_for_refusal (access), "set_permissions");
  g_assert_null (heartbeat_ctl_advice_for_refusal (refused));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/doctor/environment", test_environment);
  g_test_add_func ("/doctor/good", test_good);
  g_test_add_func ("/doctor/table", test_table);
  g_test_add_func ("/doctor/narrow", test_narrow);
  g_test_add_func ("/doctor/serialize", test_serialize);
  g_test_add_func ("/doctor/advice", test_advice);
  return g_test_run ();
}
