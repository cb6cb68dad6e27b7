/* SPDX-License-Identifier: MIT */

/* What a C programmer would write first: librabbitmq, a consumer, an acknowledgement. The benchmarks compare the service
 * with it:
 *   yardstick PORT VHOST EXCHANGE AGENT QUEUES single|batched [stamps]
 * It declares and binds what the service does, QUEUES times over (AGENT, or AGENT-0 and so on), consumes with the same
 * prefetch, says `registered` and acknowledges for ever: each message by itself, or all that a read of the socket has
 * brought at once. With `stamps` it prints when each message came, in ns of the wall clock. It publishes nothing. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp.h>
#include <amqp_tcp_socket.h>
#endif

#define CHANNEL     1
#define PREFETCH    64
#define HEARTBEAT_S 30
#define FRAME_MAX   131072
#define MAX_AGENT   64
#define MAX_NAME    (MAX_AGENT + 16)

static amqp_connection_state_t connection;

static void
die (const char *what)
{
  fprintf (stderr, "yardstick: %s\n", what);
  exit (1);
}

static void
check (amqp_rpc_reply_t reply, const char *what)
{
  if (reply.reply_type != AMQP_RESPONSE_NORMAL)
    die (what);
}

static void
connect_to (int port, const char *vhost)
{
  amqp_socket_t *socket;

  connection = amqp_new_connection ();
  socket = amqp_tcp_socket_new (connection);
  if (socket == NULL || amqp_socket_open (socket, "127.0.0.1", port) != AMQP_STATUS_OK)
    die ("cannot connect");
  check (amqp_login (connection, vhost, 0, FRAME_MAX, HEARTBEAT_S, AMQP_SASL_METHOD_PLAIN, "guest",
                     "guest"),
         "login");
  amqp_channel_open (connection, CHANNEL);
  check (amqp_get_rpc_reply (connection), "channel.open");
}

static void
bind_queue (const char *queue, const char *exchange, const char *key)
{
  amqp_queue_bind (connection, CHANNEL, amqp_cstring_bytes (queue), amqp_cstring_bytes (exchange),
                   amqp_cstring_bytes (key), amqp_empty_table);
  check (amqp_get_rpc_reply (connection), "queue.bind");
}

static void
consume_from (const char *agent, const char *exchange)
{
  char queue[MAX_NAME], key[MAX_NAME];

  snprintf (queue, sizeof queue, "agent.%s.inbox", agent);
  snprintf (key, sizeof key, "agent.%s.#", agent);
  amqp_exchange_declare (connection, CHANNEL, amqp_cstring_bytes (exchange),
                         amqp_cstring_bytes ("topic"), 0, 1, 0, 0, amqp_empty_table);
  check (amqp_get_rpc_reply (connection), "exchange.declare");
  amqp_queue_declare (connection, CHANNEL, amqp_cstring_bytes (queue), 0, 1, 0, 0,
                      amqp_empty_table);
  check (amqp_get_rpc_reply (connection), "queue.declare");
  bind_queue (queue, exchange, key);
  bind_queue (queue, exchange, "system.heartbeat.#");
  amqp_basic_qos (connection, CHANNEL, 0, PREFETCH, 0);
  check (amqp_get_rpc_reply (connection), "basic.qos");
  amqp_basic_consume (connection, CHANNEL, amqp_cstring_bytes (queue), amqp_empty_bytes, 0, 0, 0,
                      amqp_empty_table);
  check (amqp_get_rpc_reply (connection), "basic.consume");
}

static void
print_stamp (void)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  printf ("%lld\n", now.tv_sec * 1000000000LL + now.tv_nsec);
  fflush (stdout);
}

static void
acknowledge (unsigned long long tag, int multiple)
{
  if (amqp_basic_ack (connection, CHANNEL, tag, multiple) != AMQP_STATUS_OK)
    die ("basic.ack");
}

/* Waits for the next message. While others are not acknowledged it waits no longer than a moment: what is left in the buffer
 * may be no message, but a frame of another kind. */
static int
receive (amqp_envelope_t *envelope, int pending)
{
  struct timeval moment = { 0, 1000 };
  amqp_rpc_reply_t reply = amqp_consume_message (connection, envelope, pending ? &moment : NULL, 0);

  if (pending && reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION
      && reply.library_error == AMQP_STATUS_TIMEOUT)
    return 0;
  check (reply, "basic.deliver");
  return 1;
}

static void
consume (int batched, int stamps)
{
  unsigned long long tag = 0;
  int pending = 0;

  for (;;)
    {
      amqp_envelope_t envelope;

      amqp_maybe_release_buffers (connection);
      if (receive (&envelope, pending))
        {
          if (stamps)
            print_stamp ();
          tag = envelope.delivery_tag;
          pending
              = batched && (amqp_frames_enqueued (connection) || amqp_data_in_buffer (connection));
          amqp_destroy_envelope (&envelope);
        }
      else
        pending = 0;
      if (!pending)
        acknowledge (tag, batched);
    }
}

int
main (int argc, char **argv)
{
  int queues;

  if (argc < 7)
    die ("PORT VHOST EXCHANGE AGENT QUEUES single|batched [stamps]");
  queues = atoi (argv[5]);
  connect_to (atoi (argv[1]), argv[2]);
  for (int i = 0; i < queues; i++)
    {
      char agent[MAX_AGENT];

      snprintf (agent, sizeof agent, queues == 1 ? "%s" : "%s-%d", argv[4], i);
      consume_from (agent, argv[3]);
    }
  puts ("registered");
  fflush (stdout);
  consume (strcmp (argv[6], "batched") == 0, argc > 7);
  return 0;
}
