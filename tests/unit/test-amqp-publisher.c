/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "base/heartbeat-error.h"
#include "broker/heartbeat-amqp-publisher.h"
#include "heartbeat-test-broker.h"
#include "heartbeat-test.h"

static void
hear_publish (HbtestBroker *f, GByteArray *bytes, const char *message_id)
{
  HeartbeatFrame frame = { 0 };
  amqp_bytes_t encoded = amqp_empty_bytes;
  amqp_basic_properties_t *p = NULL;
  void *decoded = NULL;

  hbtest_broker_hear (f, bytes, AMQP_BASIC_PUBLISH_METHOD);
  g_assert_cmpuint (hbtest_broker_hear_frame (f, bytes, &frame), ==, AMQP_FRAME_HEADER);
  encoded.bytes = (void *) (frame.payload + 12);
  encoded.len = frame.length - 12;
  g_assert_cmpint (amqp_decode_properties (AMQP_BASIC_CLASS, &f->pool, encoded, &decoded), >=, 0);
  p = decoded;
  g_assert_cmpmem (p->message_id.bytes, p->message_id.len, message_id, strlen (message_id));
  g_assert_cmpuint (p->delivery_mode, ==, 2);
  g_assert_cmpmem (p->expiration.bytes, p->expiration.len, "3600000", 7);
  g_assert_cmpuint (hbtest_broker_hear_frame (f, bytes, &frame), ==, AMQP_FRAME_BODY);
}

static void
open_confirming (HbtestBroker *f, GByteArray *bytes)
{
  amqp_confirm_select_ok_t ok = { 0 };

  hbtest_broker_open_channel (f, bytes);
  hbtest_broker_hear (f, bytes, AMQP_CONFIRM_SELECT_METHOD);
  hbtest_broker_say (f, 1, AMQP_CONFIRM_SELECT_OK_METHOD, &ok);
}

static void
hear_channel_end (HbtestBroker *f, GByteArray *bytes, guint16 code, const char *text, guint16 next)
{
  amqp_channel_close_t close = { .reply_code = code, .reply_text = amqp_cstring_bytes (text) };
  amqp_confirm_select_ok_t ok = { 0 };
  amqp_channel_open_ok_t open = { 0 };

  hbtest_broker_say (f, 1, AMQP_CHANNEL_CLOSE_METHOD, &close);
  hbtest_broker_hear (f, bytes, AMQP_CHANNEL_CLOSE_OK_METHOD);
  hbtest_broker_hear (f, bytes, AMQP_CHANNEL_OPEN_METHOD);
  f->number = next;
  hbtest_broker_say (f, next, AMQP_CHANNEL_OPEN_OK_METHOD, &open);
  hbtest_broker_hear (f, bytes, AMQP_CONFIRM_SELECT_METHOD);
  hbtest_broker_say (f, next, AMQP_CONFIRM_SELECT_OK_METHOD, &ok);
}

/* What is published, what the broker does, and how each publication ends. */
typedef struct
{
  const char *name;
  const char
      *messages; /* ids, which are exchanges too; at "|" the end of those before is waited for */
  const char *script; /* an id is one that the broker hears, else see answer_publication() */
  const char *ends;   /* "+" or "-" for each message */
  const char *error;  /* is in the message of those that fail */
} Publishing;

static const Publishing publishings[] = {
  { "multiple", "one two three", "one two three +99 +2 *3", "+++", NULL },
  { "nack", "one", "one -1 one -2 one -3 one -4", "-", "" },
  /* A quorum queue does so while it elects a leader; what comes meanwhile is not held up. */
  { "nacks-for-a-while", "one two", "one two -1 one -3 +2 one -4 one +5", "++", NULL },
  /* A closed channel is the answer to one message; the others are sent again. */
  { "blamed", "good bad better", "good bad better not-found good better *2", "+-+",
    "no exchange bad" },
  /* Where nobody knows whom it answers, all end: one that closes the channel each time must not be sent for ever. */
  { "nobody-blamed", "one two | three", "one two too-large three +1", "--+", "message size" },
  /* A connection that is lost before the confirm: all is sent again, in order, with the same ids. */
  { "again", "one two", "one two lose one two *2", "++", NULL },
};

static void
answer_publication (HbtestBroker *f, GByteArray *bytes, const char *word)
{
  guint64 tag = g_ascii_strtoull (word + 1, NULL, 10);
  amqp_basic_ack_t ack = { .delivery_tag = tag, .multiple = *word == '*' };
  amqp_basic_nack_t nack = { .delivery_tag = tag };

  if (*word == '+' || *word == '*')
    hbtest_broker_say (f, f->number, AMQP_BASIC_ACK_METHOD, &ack);
  else if (*word == '-')
    hbtest_broker_say (f, f->number, AMQP_BASIC_NACK_METHOD, &nack);
  else if (g_str_equal (word, "not-found"))
    hear_channel_end (f, bytes, AMQP_NOT_FOUND, "NOT_FOUND - no exchange 'bad' in vhost '/'", 2);
  else if (g_str_equal (word, "too-large"))
    hear_channel_end (f, bytes, AMQP_PRECONDITION_FAILED, "PRECONDITION_FAILED - message size", 1);
  else
    hear_publish (f, bytes, word);
}

/* Goes on where the connection before was lost. */
static void
script_publishing (HbtestBroker *f)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_auto (GStrv) words = g_strsplit (f->word, " ", -1);

  open_confirming (f, bytes);
  for (char **word = words; *word != NULL; word++)
    {
      f->word += strlen (*word) + 1;
      if (g_str_equal (*word, "lose"))
        return;
      answer_publication (f, bytes, *word);
    }
  hbtest_broker_hear (f, bytes, AMQP_CHANNEL_CLOSE_METHOD);
  hbtest_broker_serve_close (f, bytes);
}

typedef struct
{
  HbtestBroker *fixture;
  char *end;
  const char *error;
} Publication;

static void
on_published (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Publication *publication = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (*publication->end, ==, '?');
  if (heartbeat_amqp_publisher_publish_finish (HEARTBEAT_AMQP_PUBLISHER (source), result, &error))
    *publication->end = '+';
  else
    {
      *publication->end = '-';
      hbtest_assert_error (error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_REFUSED, publication->error);
    }
  publication->fixture->pending--;
}

static void
publish (HbtestBroker *f,
         HeartbeatAmqpPublisher *publisher,
         const char *id,
         char *end,
         const char *error)
{
  g_autoptr (GBytes) body = g_bytes_new_static ("{}", 2);
  HeartbeatPublication publication = { id, "k", id, body, 3600000 };
  Publication *mine = g_new0 (Publication, 1);

  *mine = (Publication){ f, end, error };
  *end = '?';
  f->pending++;
  heartbeat_amqp_publisher_publish_async (publisher, &publication, NULL, on_published, mine);
}

static void
set_up_publishing (HbtestBroker *f, gconstpointer data)
{
  const Publishing *test = data;

  f->word = test->script;
  hbtest_broker_set_up (f, script_publishing);
}

static void
test_publishing (HbtestBroker *f, gconstpointer data)
{
  const Publishing *test = data;
  g_autoptr (HeartbeatAmqpPublisher) publisher = heartbeat_amqp_publisher_new (f->connection);
  g_auto (GStrv) ids = g_strsplit (test->messages, " ", -1);
  char ends[8] = "";
  guint n = 0;

  for (char **id = ids; *id != NULL; id++)
    {
      if (g_str_equal (*id, "|"))
        hbtest_broker_wait_for_pending (f);
      else
        publish (f, publisher, *id, &ends[n++], test->error);
    }
  hbtest_broker_wait_for_pending (f);
  g_assert_cmpstr (ends, ==, test->ends);
  g_assert_cmpuint (f->accepted, ==, strstr (test->script, "lose") != NULL ? 2 : 1);
}

static void
on_too_many (GObject *source, GAsyncResult *result, gpointer user_data)
{
  HbtestBroker *f = user_data;

  g_clear_error (&f->error);
  g_assert_false (heartbeat_amqp_publisher_publish_finish (HEARTBEAT_AMQP_PUBLISHER (source),
                                                           result, &f->error));
  f->pending--;
}

static void
set_up_listening (HbtestBroker *f, gconstpointer data)
{
  hbtest_broker_set_up (f, hbtest_broker_listen);
}

static void
test_full (HbtestBroker *f, gconstpointer data)
{
  g_autoptr (HeartbeatAmqpPublisher) publisher = heartbeat_amqp_publisher_new (f->connection);
  g_autoptr (GBytes) body = g_bytes_new_static ("{}", 2);
  HeartbeatPublication publication = { "x", "k", "one", body, 3600000 };

  for (f->pending = 0; f->pending < 257; f->pending++)
    heartbeat_amqp_publisher_publish_async (publisher, &publication, NULL, on_too_many, f);
  hbtest_wait_for (f->pending <= 256);
  g_assert_error (f->error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_REFUSED);

  heartbeat_connection_close_async (f->connection, NULL, NULL);
  hbtest_broker_wait_for_pending (f);
  g_assert_error (f->error, HEARTBEAT_ERROR, HEARTBEAT_ERROR_NOT_CONNECTED);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  /* Warnings belong to what is tested here. */
  hbtest_allow_warnings ();

  hbtest_add_fixture_cases ("/publisher", publishings, HbtestBroker, set_up_publishing,
                            test_publishing, hbtest_broker_tear_down);
  g_test_add ("/publisher/full", HbtestBroker, NULL, set_up_listening, test_full,
              hbtest_broker_tear_down);

  return g_test_run ();
}
