/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "amqp/heartbeat-broker-uri.h"
#include "base/heartbeat-error.h"

typedef struct
{
  const char *text;
  gboolean tls;
  const char *display;
  const char *user;
  const char *password;
  const char *vhost;
} Good;

static void
test_good (void)
{
  static const Good cases[] = {
    { "amqp://delorenj:delorenj@localhost:5673/", FALSE, "localhost:5673", "delorenj", "delorenj",
      "/" },
    { "amqp://h", FALSE, "h:5672", "guest", "guest", "/" },
    { "amqp://", FALSE, "localhost:5672", "guest", "guest", "/" },
    { "amqps://h", TRUE, "h:5671", "guest", "guest", "/" },
    { "AMQPS://H/%2F", TRUE, "H:5671", "guest", "guest", "/" },
    { "amqp://h/%2f", FALSE, "h:5672", "guest", "guest", "/" },
    { "amqp://u@h/v", FALSE, "h:5672", "u", "", "v" },
    { "amqp://u:@h/v", FALSE, "h:5672", "u", "", "v" },
    { "amqp://caf%C3%A9:p%40s%3As%2F%23%3F@h:1/a%2Fb", FALSE, "h:1", "café", "p@s:s/#?", "a/b" },
    { "amqp://u:a:b@[::1]:5673/v", FALSE, "[::1]:5673", "u", "a:b", "v" },
    { "amqp://[fe80::1%25eth0]", FALSE, "[fe80::1%eth0]:5672", "guest", "guest", "/" },
    { "amqp://u:p@h?", FALSE, "h:5672", "u", "p", "/" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (HeartbeatBrokerUri) uri = heartbeat_broker_uri_parse (cases[i].text, &error);
      g_autofree char *display = NULL;

      g_test_message ("%s", cases[i].text);
      g_assert_no_error (error);
      display = heartbeat_broker_uri_to_display (uri);
      g_assert_cmpint (uri->tls, ==, cases[i].tls);
      g_assert_cmpstr (display, ==, cases[i].display);
      g_assert_cmpstr (uri->user, ==, cases[i].user);
      g_assert_cmpstr (uri->password, ==, cases[i].password);
      g_assert_cmpstr (uri->vhost, ==, cases[i].vhost);
    }
}

/* In each the password is or holds "geheim", which no message may show. */
static void
test_bad (void)
{
  static const char *const cases[] = {
    "",
    "geheim",
    "http://u:geheim@h",
    "amqp:u:geheim@h",
    "amqp://u:geheim@h:0",
    "amqp://u:geheim@[fe80::1%25et%e9h0]",
    "amqp://u:geheim@[fe80::1%25%0a]",
    "amqp://u:geheim@h:65536",
    "amqp://u:geheim@h:x",
    "amqp://u:1234/geheim@h",
    "amqp://u:geheim/x@h:5672/",
    "amqp://u:a@geheim@h",
    "amqp://u:geheim%00x@h",
    "amqp://u:geheim%zz@h",
    "amqp://u:geheim%0a@h",
    "amqp://u:geheim%ff@h",
    "amqp://u:geheim@h/a/b",
    "amqp://u:geheim@h/#x",
    "amqp://u:geheim#x@h/",
    "amqp://u:geheim@h?what=1",
    "amqp://u:geheim@h?what",
    "amqp://u:1?geheim@h",
    "amqp://u:geheim@h?cacertfile=/ca.pem",
    "amqp://u:geheim@h?verify=verify_none",
    "amqp://u:geheim@h?auth_mechanism=external",
    "amqps://u:geheim@h?cacertfile=ca.pem",
    "amqps://u:geheim@h?cacertfile=~/ca.pem",
    "amqps://u:geheim@h?cacertfile=",
    "amqps://u:geheim@h?cacertfile=/a%00",
    "amqps://u:geheim@h?cacertfile=/a%0Ab",
    "amqps://u:geheim@h?cacertfile=/a%zz",
    "amqps://u:geheim@h?cacertfile=/a&cacertfile=/a",
    "amqps://u:geheim@h?cacertfile=/a&x=1",
    "amqps://u:geheim@h?CACERTFILE=/a",
    "amqps://u:geheim@h?keyfile=/k",
    "amqps://u:geheim@h?verify=none",
    "amqps://u:geheim@h?verify=verify_none&verify=verify_peer",
    "amqps://u:geheim@h?server_name_indication=a/b",
    "amqps://u:geheim@h?server_name_indication=disable",
    "amqps://u:geheim@h?auth_mechanism=external",
    "amqps://u:geheim@h?certfile=/c&auth_mechanism=rabbit-cr-demo",
    "amqp://u:geheim@h h2",
    "amqp://u:geheim@h\ti",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (HeartbeatBrokerUri) uri = heartbeat_broker_uri_parse (cases[i], &error);

      g_test_message ("%s: %s", cases[i], error != NULL ? error->message : "no error");
      g_assert_null (uri);
      g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT);
      g_assert_null (strstr (error->message, "geheim"));
    }
}

static void
test_tls (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (HeartbeatBrokerUri) all = heartbeat_broker_uri_parse (
      "amqps://u:p@[::1]/v?cacertfile=/etc/ca%20%26.pem&certfile=%2Fa&keyfile=/b&verify=verify_none"
      "&server_name_indication=mq.example",
      &error);
  g_autoptr (HeartbeatBrokerUri) none = heartbeat_broker_uri_parse ("amqps://[::1]", NULL);
  g_autoptr (HeartbeatBrokerUri) one
      = heartbeat_broker_uri_parse ("amqps://h?certfile=/c&verify=verify_peer", NULL);

  g_assert_no_error (error);
  g_assert_cmpstr (all->cacertfile, ==, "/etc/ca &.pem");
  g_assert_cmpstr (all->certfile, ==, "/a");
  g_assert_cmpstr (all->keyfile, ==, "/b");
  g_assert_cmpstr (all->server_name, ==, "mq.example");
  g_assert_false (all->verify);

  g_assert_null (none->cacertfile);
  g_assert_null (none->certfile);
  g_assert_null (none->keyfile);
  g_assert_cmpstr (none->server_name, ==, "::1");
  g_assert_true (none->verify);

  g_assert_cmpstr (one->keyfile, ==, "/c");
  g_assert_true (one->verify);
}

/* However long a file server hangs, it gets no more threads. */
static void
test_readers (void)
{
  g_autoptr (HeartbeatBrokerUri) uri = heartbeat_broker_uri_parse ("amqps://h", NULL);
  guint n = 0;

  while (n < 100 && heartbeat_broker_uri_begin_reading (uri))
    n++;
  g_assert_cmpuint (n, ==, 4);
  heartbeat_broker_uri_end_reading (uri);
  g_assert_true (heartbeat_broker_uri_begin_reading (uri));
  g_assert_false (heartbeat_broker_uri_begin_reading (uri));
}

static void
test_login (void)
{
  static const struct
  {
    const char *text;
    HeartbeatLogin login;
  } cases[] = {
    { "amqp://h", HEARTBEAT_LOGIN_PLAIN },
    { "amqp://h?auth_mechanism=plain", HEARTBEAT_LOGIN_PLAIN },
    { "amqps://h?cacertfile=/a", HEARTBEAT_LOGIN_PLAIN },
    { "amqps://h?certfile=/c", HEARTBEAT_LOGIN_EXTERNAL_IF_OFFERED },
    { "amqps://u:p@h?certfile=/c", HEARTBEAT_LOGIN_PLAIN },
    { "amqps://u:p@h?certfile=/c&auth_mechanism=EXTERNAL", HEARTBEAT_LOGIN_EXTERNAL },
    { "amqps://h?auth_mechanism=external&certfile=/c", HEARTBEAT_LOGIN_EXTERNAL },
    { "amqps://h?auth_mechanism=plain&certfile=/c", HEARTBEAT_LOGIN_PLAIN },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (HeartbeatBrokerUri) uri = heartbeat_broker_uri_parse (cases[i].text, NULL);

      g_test_message ("%s", cases[i].text);
      g_assert_nonnull (uri);
      g_assert_cmpint (uri->login, ==, cases[i].login);
    }
}

static void
test_limits (void)
{
  g_autofree char *name = g_strnfill (255, 'u');
  g_autofree char *fits = g_strdup_printf ("amqp://%s:p@h", name);
  g_autofree char *user = g_strdup_printf ("amqp://%su:p@h", name);
  g_autofree char *vhost = g_strdup_printf ("amqp://u:p@h/%sv", name);
  g_autoptr (HeartbeatBrokerUri) uri = heartbeat_broker_uri_parse (fits, NULL);

  g_assert_nonnull (uri);
  g_assert_null (heartbeat_broker_uri_parse (user, NULL));
  g_assert_null (heartbeat_broker_uri_parse (vhost, NULL));
}

static void
test_list (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) uris
      = heartbeat_broker_uri_parse_list (" amqp://a,AMQPS://u:p,q@b \n\tamqp://c ", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (uris->len, ==, 3);
  g_assert_cmpstr (((HeartbeatBrokerUri *) g_ptr_array_index (uris, 0))->host, ==, "a");
  g_assert_cmpstr (((HeartbeatBrokerUri *) g_ptr_array_index (uris, 1))->password, ==, "p,q");
  g_assert_cmpstr (((HeartbeatBrokerUri *) g_ptr_array_index (uris, 2))->host, ==, "c");

  g_assert_null (heartbeat_broker_uri_parse_list (" ", &error));
  g_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_INVALID_ARGUMENT);
  g_assert_null (heartbeat_broker_uri_parse_list ("amqp://a http://b", NULL));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/broker-uri/good", test_good);
  g_test_add_func ("/broker-uri/bad", test_bad);
  g_test_add_func ("/broker-uri/tls", test_tls);
  g_test_add_func ("/broker-uri/readers", test_readers);
  g_test_add_func ("/broker-uri/login", test_login);
  g_test_add_func ("/broker-uri/limits", test_limits);
  g_test_add_func ("/broker-uri/list", test_list);

  return g_test_run ();
}
