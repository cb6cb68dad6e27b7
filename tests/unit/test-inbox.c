/* SPDX-License-Identifier: MIT */

#include "broker/heartbeat-inbox.h"
#include "agent/heartbeat-agent-private.h"
#include "consumer/heartbeat-tick-ack.h"
#include "heartbeat-test-broker.h"
#include "heartbeat-test.h"

static void
note (guint64 tag, gboolean multiple, HeartbeatDisposition disposition, gpointer user_data)
{
  static const char *const words[] = { "ack", "reject", "requeue" };

  g_string_append_printf (user_data, "%s%" G_GUINT64_FORMAT "%s ", words[disposition], tag,
                          multiple ? "+" : "");
}

static HeartbeatDisposition
read_disposition (char letter)
{
  if (letter == 'a')
    return HEARTBEAT_DISPOSITION_ACKNOWLEDGE;
  return letter == 'r' ? HEARTBEAT_DISPOSITION_REJECT : HEARTBEAT_DISPOSITION_REQUEUE;
}

/* One step a letter: deliver the next one, or settle: "a3" acknowledges, "r3" rejects, "q3" requeues, "." flushes. */
static void
test_window (gconstpointer data)
{
  const char *const *test = data;
  g_autoptr (HeartbeatAckWindow) window = heartbeat_ack_window_new ();
  g_autoptr (GString) sent = g_string_new (NULL);
  guint64 next = 1;

  for (const char *p = test[0]; *p != '\0'; p++)
    {
      if (*p == 'd')
        heartbeat_ack_window_add (window, next++);
      else if (*p == '.')
        heartbeat_ack_window_flush (window, note, sent);
      else if (*p == 'c')
        heartbeat_ack_window_clear (window);
      else
        {
          heartbeat_ack_window_settle (window, (guint64) (p[1] - '0'), read_disposition (*p));
          p++;
        }
    }
  g_assert_cmpstr (sent->str, ==, test[1]);
}

static const char *const windows[][2] = {
  { ".", "" },
  { "d.", "" },
  { "da1.", "ack1 " },
  { "da1..", "ack1 " },
  { "dddda1a2a3a4.", "ack4+ " },
  { "ddda1a3.", "ack1 ack3 " },
  { "ddda1a3.a2.", "ack1 ack3 ack2 " },
  { "ddda2a3.a1.", "ack2 ack3 ack1 " },
  { "ddda1r2a3.", "reject2 ack3+ " },
  { "ddr1r2.", "reject1 reject2 " },
  { "dddq1r2a3.", "requeue1 reject2 ack3 " },
  { "da1r1a1.", "ack1 " },
  { "da1.a1.", "ack1 " },
  { "da9.", "" },
  { "ddca1a2.", "" },
  { "dddda2a4.da5.a1a3.", "ack2 ack4 ack5 ack3+ " },
};

/* Every reply that an inbox waits for may be zeros. */
static void
answer (HbtestBroker *f, GByteArray *bytes, amqp_method_number_t method)
{
  amqp_queue_declare_ok_t nothing = { 0 };

  hbtest_broker_hear (f, bytes, method);
  hbtest_broker_say (f, f->number, method + 1, &nothing);
}

static void
hear_ack (HbtestBroker *f, GByteArray *bytes, guint64 tag)
{
  const amqp_basic_ack_t *ack = hbtest_broker_hear (f, bytes, AMQP_BASIC_ACK_METHOD);

  g_assert_cmpuint (ack->delivery_tag, ==, tag);
  g_assert_false (ack->multiple);
  g_atomic_int_inc (&f->acknowledged);
  g_main_context_wakeup (NULL);
}

static void
answer_declarations (HbtestBroker *f, GByteArray *bytes, gboolean passive)
{
  static const amqp_method_number_t asked[]
      = { AMQP_QUEUE_DECLARE_METHOD, AMQP_QUEUE_BIND_METHOD, AMQP_QUEUE_BIND_METHOD,
          AMQP_BASIC_QOS_METHOD, AMQP_BASIC_CONSUME_METHOD };
  const amqp_exchange_declare_t *declare
      = hbtest_broker_hear (f, bytes, AMQP_EXCHANGE_DECLARE_METHOD);

  g_assert_cmpint (declare->passive, ==, passive);
  hbtest_broker_say (f, f->number, AMQP_EXCHANGE_DECLARE_OK_METHOD,
                     &(amqp_exchange_declare_ok_t){ 0 });
  for (gsize i = 0; i < G_N_ELEMENTS (asked); i++)
    answer (f, bytes, asked[i]);
}

/* The exchange exists, and is not durable. */
static void
script_differs (HbtestBroker *f)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  amqp_channel_close_t close = {
    .reply_code = AMQP_PRECONDITION_FAILED,
    .reply_text
    = amqp_cstring_bytes ("PRECONDITION_FAILED - inequivalent arg 'durable' for exchange 'x' in "
                          "vhost '/': received 'true' but current is 'false'"),
  };

  hbtest_broker_open_channel (f, bytes);
  hbtest_broker_hear (f, bytes, AMQP_EXCHANGE_DECLARE_METHOD);
  hbtest_broker_say (f, 1, AMQP_CHANNEL_CLOSE_METHOD, &close);
  hbtest_broker_hear (f, bytes, AMQP_CHANNEL_CLOSE_OK_METHOD);
  f->number = 2;
  answer (f, bytes, AMQP_CHANNEL_OPEN_METHOD);
  answer_declarations (f, bytes, TRUE);
  hbtest_broker_hear (f, bytes, AMQP_CHANNEL_CLOSE_METHOD);
  hbtest_broker_serve_close (f, bytes);
}

static void
script_held_long (HbtestBroker *f)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  hbtest_broker_open_channel (f, bytes);
  answer_declarations (f, bytes, FALSE);
  hbtest_broker_deliver (f, 1);
  hbtest_broker_deliver (f, 2);
  hear_ack (f, bytes, 1);
  hear_ack (f, bytes, 2);
  hbtest_broker_hear (f, bytes, AMQP_CHANNEL_CLOSE_METHOD);
  hbtest_broker_serve_close (f, bytes);
}

static void
set_up (HbtestBroker *f, gconstpointer data)
{
  hbtest_broker_set_up (f, (HbtestScript) (gpointer) data);
}

static HeartbeatDisposition
keep (HeartbeatInbox *inbox, const HeartbeatMessage *message, gpointer user_data)
{
  g_ptr_array_add (user_data,
                   heartbeat_tick_ack_new (inbox, heartbeat_inbox_get_delivery (inbox, message)));
  return HEARTBEAT_DISPOSITION_LATER;
}

static void
finish_tick (HeartbeatAgent *agent, gpointer ack)
{
  g_autoptr (GTask) task = g_task_new (agent, NULL, heartbeat_tick_ack_on_done, ack);

  g_task_return_pointer (task, NULL, NULL);
}

/* What exists with other arguments is used as it is. */
static void
test_differs (HbtestBroker *f, gconstpointer data)
{
  const HeartbeatInboxOptions options = { "cack", "x", NULL, 0 };
  g_autoptr (HeartbeatInbox) inbox = heartbeat_inbox_new (f->connection, &options, keep, NULL);

  heartbeat_inbox_start (inbox);
  heartbeat_connection_start (f->connection);
  hbtest_wait_for (heartbeat_inbox_get_state (inbox) == HEARTBEAT_CONNECTION_STATE_CONNECTED);
  heartbeat_inbox_close_async (inbox, NULL, NULL);
}

/* A tick whose run goes on after ten minutes is acknowledged, once; another one when its run has ended. */
static void
test_held_long (HbtestBroker *f, gconstpointer data)
{
  g_autoptr (HeartbeatRegistry) registry = heartbeat_registry_new ();
  g_autoptr (HeartbeatAgent) agent = heartbeat_agent_new ("cack", "/nowhere/a.json", registry);
  g_autoptr (GPtrArray) acks = g_ptr_array_new ();
  const HeartbeatInboxOptions options = { "cack", "x", NULL, 0 };
  g_autoptr (HeartbeatInbox) inbox = heartbeat_inbox_new (f->connection, &options, keep, acks);
  GSource *limit = NULL;
  gint64 left = 0;

  heartbeat_inbox_start (inbox);
  heartbeat_connection_start (f->connection);
  hbtest_wait_for (acks->len >= 2);

  limit = g_main_context_find_source_by_user_data (NULL, g_ptr_array_index (acks, 0));
  left = g_source_get_ready_time (limit) - g_get_monotonic_time ();
  g_assert_cmpint (left, >, 500 * G_USEC_PER_SEC);
  g_assert_cmpint (left, <=, 601 * G_USEC_PER_SEC);
  g_source_set_ready_time (limit, 0);
  hbtest_wait_for (g_atomic_int_get (&f->acknowledged) >= 1);

  finish_tick (agent, g_ptr_array_index (acks, 0));
  finish_tick (agent, g_ptr_array_index (acks, 1));
  hbtest_run_pending ();
  heartbeat_inbox_close_async (inbox, NULL, NULL);
}
int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings belong to what is tested here. */
  hbtest_allow_warnings ();

  for (gsize i = 0; i < G_N_ELEMENTS (windows); i++)
    {
      g_autofree char *path = g_strdup_printf ("/inbox/acknowledgements/%s", windows[i][0]);

      g_test_add_data_func (path, windows[i], test_window);
    }

  g_test_add ("/inbox/differs", HbtestBroker, (gpointer) script_differs, set_up, test_differs,
              hbtest_broker_tear_down);
  g_test_add ("/inbox/held-long", HbtestBroker, (gpointer) script_held_long, set_up, test_held_long,
              hbtest_broker_tear_down);

  return g_test_run ();
}
