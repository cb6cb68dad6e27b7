/* SPDX-License-Identifier: MIT */

#include <string.h>

#include <glib/gstdio.h>

#include "amqp/heartbeat-tls-error.h"
#include "amqp/heartbeat-tls.h"
#include "base/heartbeat-error.h"
#include "heartbeat-test.h"

/* 2026-11-24 12:00 UTC */
#define NOW  1795521600
#define DAY  86400
#define HEAD "The broker's certificate is not accepted: "

typedef struct
{
  GTlsCertificateFlags errors;
  const char *cacertfile;
  gint64 not_before;
  gint64 not_after;
  const char *expected;
} Verdict;

static void
test_verdicts (void)
{
  static const char *const names[] = { "mq.example", "10.1.2.3", NULL };
  static const Verdict cases[] = {
    { G_TLS_CERTIFICATE_UNKNOWN_CA, NULL, 0, 0,
      HEAD "it is not signed by an authority that this system knows; name the broker's with "
           "?cacertfile=" },
    { G_TLS_CERTIFICATE_UNKNOWN_CA, "/ca.pem", 0, 0,
      HEAD "it is not signed by an authority in /ca.pem" },
    { G_TLS_CERTIFICATE_BAD_IDENTITY, NULL, 0, 0,
      HEAD "it is not for broker, but for mq.example, 10.1.2.3" },
    { G_TLS_CERTIFICATE_EXPIRED, NULL, 0, NOW - DAY, HEAD "it expired on 2026-11-23 12:00 UTC" },
    { G_TLS_CERTIFICATE_EXPIRED, NULL, 0, NOW + DAY,
      HEAD "the certificate of one of its authorities has expired" },
    { G_TLS_CERTIFICATE_EXPIRED, NULL, 0, 0,
      HEAD "the certificate of one of its authorities has expired" },
    { G_TLS_CERTIFICATE_NOT_ACTIVATED, NULL, NOW + DAY, 0,
      HEAD "it is not valid before 2026-11-25 12:00 UTC; is this machine's clock right?" },
    { G_TLS_CERTIFICATE_NOT_ACTIVATED, NULL, NOW - DAY, 0,
      HEAD "the certificate of one of its authorities is not valid yet" },
    { G_TLS_CERTIFICATE_REVOKED, NULL, 0, 0, HEAD "it is revoked" },
    { G_TLS_CERTIFICATE_INSECURE, NULL, 0, 0, HEAD "its algorithms or keys are too weak" },
    { G_TLS_CERTIFICATE_GENERIC_ERROR, NULL, 0, 0, HEAD "its signature or its purpose is wrong" },
    { G_TLS_CERTIFICATE_NO_FLAGS, NULL, 0, 0, HEAD "its signature or its purpose is wrong" },
    { G_TLS_CERTIFICATE_EXPIRED | G_TLS_CERTIFICATE_BAD_IDENTITY | G_TLS_CERTIFICATE_GENERIC_ERROR,
      NULL, 0, NOW - DAY,
      HEAD "it is not for broker, but for mq.example, 10.1.2.3; it expired on 2026-11-23 12:00 "
           "UTC" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      HeartbeatTlsVerdict verdict = {
        cases[i].errors,     "broker",           names, cases[i].cacertfile,
        cases[i].not_before, cases[i].not_after,
      };
      g_autofree char *text = heartbeat_tls_describe_verdict (&verdict, NOW);

      g_assert_cmpstr (text, ==, cases[i].expected);
    }
}

static void
assert_names (const char *const *names, const char *expected)
{
  HeartbeatTlsVerdict verdict
      = { .errors = G_TLS_CERTIFICATE_BAD_IDENTITY, .host = "h", .names = names };
  g_autofree char *text = heartbeat_tls_describe_verdict (&verdict, NOW);

  g_assert_true (g_str_has_prefix (text, HEAD "it is not for h, but for "));
  g_assert_cmpstr (text + strlen (HEAD "it is not for h, but for "), ==, expected);
}

/* They come from whoever answered. */
static void
test_names (void)
{
  static const char *const none[] = { NULL };
  static const char *const wild[] = { "a\nINFO b\x1b[31m\xc3\xa4", NULL };
  static const char *const five[] = { "1", "2", "3", "4", "5", NULL };
  static const char *const six[] = { "1", "2", "3", "4", "5", "6", NULL };
  g_autofree char *filled = g_strnfill (1000, 'x');
  g_autofree char *cut = g_strnfill (80, 'x');
  const char *const long_one[] = { filled, NULL };

  assert_names (NULL, "no name at all");
  assert_names (none, "no name at all");
  assert_names (wild, "a?INFO b?[31m??");
  assert_names (five, "1, 2, 3, 4, 5");
  assert_names (six, "1, 2, 3, 4, 5, others");
  assert_names (long_one, cut);
}

typedef struct
{
  int code;
  HeartbeatTlsProgress progress;
  const char *certfile;
  const char *expected;
} Failure;

static void
test_failures (void)
{
  static const Failure cases[] = {
    { G_TLS_ERROR_NOT_TLS, HEARTBEAT_TLS_PROGRESS_HANDSHAKE, NULL, "is it the broker's port for" },
    { G_TLS_ERROR_MISC, HEARTBEAT_TLS_PROGRESS_HANDSHAKE, "/c", "is it the broker's port for" },
    { G_TLS_ERROR_MISC, HEARTBEAT_TLS_PROGRESS_ACCEPTED, "/c",
      "refused the client certificate /c" },
    { G_TLS_ERROR_NOT_TLS, HEARTBEAT_TLS_PROGRESS_ACCEPTED, "/c", "must be the one in /k (said)" },
    { G_TLS_ERROR_CERTIFICATE_REQUIRED, HEARTBEAT_TLS_PROGRESS_ACCEPTED, NULL, "wants a client" },
    { G_TLS_ERROR_MISC, HEARTBEAT_TLS_PROGRESS_ACCEPTED, NULL, "perhaps it wants a client" },
  };
  g_autoptr (GError) reset
      = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "reset by peer");
  g_autofree char *text
      = heartbeat_tls_describe_failure (reset, HEARTBEAT_TLS_PROGRESS_ACCEPTED, "/c", "/k");

  g_assert_cmpstr (text, ==, "reset by peer");
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = g_error_new_literal (G_TLS_ERROR, cases[i].code, "said");
      g_autofree char *message
          = heartbeat_tls_describe_failure (error, cases[i].progress, cases[i].certfile, "/k");

      g_test_message ("%s", message);
      hbtest_assert_contains (message, cases[i].expected);
    }
}

static void
test_spoken (void)
{
  g_assert_true (heartbeat_tls_is_spoken ((const guint8 *) "\x15\x03\x03\x00\x02\x02\x0a", 7));
  g_assert_true (heartbeat_tls_is_spoken ((const guint8 *) "\x16\x03", 2));
  g_assert_false (heartbeat_tls_is_spoken ((const guint8 *) "\x15", 1));
  g_assert_false (heartbeat_tls_is_spoken ((const guint8 *) "AMQP\0\0\x09\x01", 8));
  g_assert_false (heartbeat_tls_is_spoken ((const guint8 *) "\x01\x00\x00", 3));
}

static void
assert_files (const char *query, const char *expected)
{
  g_autofree char *text = g_strconcat ("amqps://u:geheim@h?", query, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatBrokerUri) uri = heartbeat_broker_uri_parse (text, &error);

  g_assert_no_error (error);
  g_assert_cmpint (heartbeat_tls_check_files (uri, &error), ==, expected == NULL);
  if (expected == NULL)
    return;
  g_test_message ("%s", error->message);
  hbtest_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_MISC, expected);
  g_assert_null (strstr (error->message, "geheim"));
}

static void
test_files (void)
{
  char *folder = hbtest_make_folder ();
  g_autofree char *key = g_build_filename (folder, "key.pem", NULL);
  g_autofree char *query = g_strdup_printf ("certfile=%s", key);
  g_autofree char *missing = g_strdup_printf ("certfile=%s&keyfile=%s/none", key, folder);

  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    {
      g_test_skip ("glib-networking is not installed");
      return;
    }
  hbtest_write (key, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n");
  assert_files ("", NULL);
  assert_files ("verify=verify_none", NULL);
  assert_files ("cacertfile=/dev/null", "cacertfile: /dev/null is no regular file");
  assert_files ("cacertfile=/nonexistent/ca", "cacertfile: cannot read /nonexistent/ca: No such");
  assert_files (query, "key.pem is encrypted");
  assert_files (missing, "keyfile: cannot read");
  hbtest_write (key, "");
  assert_files (query, "holds no private key");
  hbtest_remove_folder (folder);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tls/verdicts", test_verdicts);
  g_test_add_func ("/tls/names", test_names);
  g_test_add_func ("/tls/failures", test_failures);
  g_test_add_func ("/tls/spoken", test_spoken);
  g_test_add_func ("/tls/files", test_files);

  return g_test_run ();
}
