/* SPDX-License-Identifier: MIT */

#include "amqp/heartbeat-advice.h"

#include <string.h>

#include <gio/gio.h>

#include "amqp/heartbeat-amqp-error.h"
#include "base/heartbeat-error.h"
#include "base/heartbeat-i18n.h"

/*
 * What the broker refused, in plain words, and what to do about it. RabbitMQ names in its text what it is about, such
 * as “access to queue 'q' in vhost '/' refused for user 'u'”; a text that is not known stays as it is.
 */

/* What a method needs on what it names. */
static const struct
{
  const char *method;
  const char *resource;
  const char *permission;
} permissions[] = {
  { "exchange.declare", "exchange", "configure" },
  { "queue.declare", "queue", "configure" },
  { "queue.bind", "queue", "write" },
  { "queue.bind", "exchange", "read" },
  { "basic.consume", "queue", "read" },
  { "basic.publish", "exchange", "write" },
};

/* Returns what stands between @before and the next @after. */
static char *
dup_between (const char *text, const char *before, const char *after)
{
  const char *start = strstr (text, before);
  const char *end = NULL;

  if (start == NULL)
    return NULL;
  start += strlen (before);
  end = strstr (start, after);
  return end != NULL ? g_strndup (start, (gsize) (end - start)) : NULL;
}

/* Returns the name in “WORD 'NAME'”. The broker does not escape apostrophes in it: one before a letter is part of the name. */
static char *
dup_name (const char *text, const char *word)
{
  g_autofree char *before = g_strconcat (word, " '", NULL);
  const char *start = strstr (text, before);
  const char *end = NULL;

  if (start == NULL)
    return NULL;
  start += strlen (before);
  end = strchr (start, '\'');
  while (end != NULL && (g_ascii_isalnum (end[1]) || end[1] & 0x80))
    end = strchr (end + 1, '\'');
  return end != NULL ? g_strndup (start, (gsize) (end - start)) : NULL;
}

/* heartbeat_amqp_error_new() puts the method at the end. */
static char *
dup_method (const char *text)
{
  return dup_between (text, "asked for: ", ")");
}

/* Returns the text without the broker's name of the code, and without what heartbeat_amqp_error_new() put behind it. */
static char *
dup_words (const char *text)
{
  const char *start = strstr (text, " - ");
  const char *end = g_strrstr (text, " (");

  start = start != NULL ? start + strlen (" - ") : text;
  return end != NULL && end > start ? g_strndup (start, (gsize) (end - start)) : g_strdup (start);
}

static const char *
find_permission (const char *method, const char *resource)
{
  for (gsize i = 0; method != NULL && i < G_N_ELEMENTS (permissions); i++)
    {
      if (g_str_equal (method, permissions[i].method)
          && g_str_equal (resource, permissions[i].resource))
        return permissions[i].permission;
    }
  return NULL;
}

/* The names come from the broker, and people paste commands into shells. */
static char *
grant (const char *vhost, const char *user)
{
  g_autofree char *quoted_vhost = g_shell_quote (vhost);
  g_autofree char *quoted_user = g_shell_quote (user);

  return g_strdup_printf ("rabbitmqctl set_permissions -p %s %s '.*' '.*' '.*'", quoted_vhost,
                          quoted_user);
}

static char *
grant_topic (const char *vhost, const char *user, const char *exchange)
{
  g_autofree char *quoted_vhost = g_shell_quote (vhost);
  g_autofree char *quoted_user = g_shell_quote (user);
  g_autofree char *quoted_exchange = g_shell_quote (exchange);

  return g_strdup_printf ("rabbitmqctl set_topic_permissions -p %s %s %s '.*' '.*'", quoted_vhost,
                          quoted_user, quoted_exchange);
}

static char *
describe_topic (int code, const char *text)
{
  g_autofree char *topic = dup_name (text, "topic");
  g_autofree char *exchange = dup_name (text, "exchange");
  g_autofree char *vhost = dup_name (text, "vhost");
  g_autofree char *user = dup_name (text, "user");
  g_autofree char *command = NULL;

  if (topic == NULL || exchange == NULL || vhost == NULL || user == NULL)
    return NULL;
  command = grant_topic (vhost, user, exchange);
  return g_strdup_printf (
      _ ("no permission for the routing key %s (%d): give it to the user %s: %s"), topic, code,
      user, command);
}

static char *
describe_permission (int code, const char *text)
{
  g_autofree char *resource = dup_between (text, "access to ", " '");
  g_autofree char *method = dup_method (text);
  g_autofree char *vhost = dup_name (text, "vhost");
  g_autofree char *user = dup_name (text, "user");
  g_autofree char *name = NULL;
  g_autofree char *command = NULL;
  const char *permission = NULL;

  if (resource == NULL || vhost == NULL || user == NULL)
    return NULL;
  if (g_str_equal (resource, "topic"))
    return describe_topic (code, text);
  name = dup_name (text, resource);
  permission = find_permission (method, resource);
  if (name == NULL || permission == NULL)
    return NULL;
  command = grant (vhost, user);
  /* Translators: configure, write and read are the broker's words for permissions, the first %s is one of them */
  if (g_str_equal (resource, "queue"))
    return g_strdup_printf (
        _ ("no %s permission for the queue %s (%d): the user %s needs configure, "
           "write and read: %s"),
        permission, name, code, user, command);
  /* Translators: configure, write and read are the broker's words for permissions, the first %s is one of them */
  return g_strdup_printf (
      _ ("no %s permission for the exchange %s (%d): the user %s needs configure, "
         "write and read: %s"),
      permission, name, code, user, command);
}

static char *
describe_refused_access (int code, const char *text)
{
  if (strstr (text, "reserved prefix") != NULL)
    return g_strdup_printf (
        _ ("names that begin with amq. are the broker's own (%d): set EXCHANGE_NAME to another"),
        code);
  return describe_permission (code, text);
}

/* Some versions of RabbitMQ put quotation marks around the name, some do not. */
static char *
dup_missing_vhost (const char *text)
{
  char *quoted = dup_between (text, "vhost '", "' not found");

  return quoted != NULL ? quoted : dup_between (text, "vhost ", " not found");
}

static char *
describe_vhost (int code, const char *text)
{
  g_autofree char *missing = dup_missing_vhost (text);
  g_autofree char *vhost = dup_name (text, "vhost");
  g_autofree char *user = dup_name (text, "user");
  g_autofree char *command = NULL;

  if (missing != NULL)
    {
      command = g_shell_quote (missing);
      return g_strdup_printf (
          _ ("the broker has no vhost %s (%d): correct the path of RABBIT_URL, or "
             "make it: rabbitmqctl add_vhost %s"),
          missing, code, command);
    }
  /* What stands behind the user's name is another reason, such as a limit of connections. */
  if (vhost == NULL || user == NULL || strstr (text, "access to vhost") == NULL
      || strstr (text, "limit") != NULL)
    return NULL;
  command = grant (vhost, user);
  return g_strdup_printf (_ ("the user %s has no permission for the vhost %s (%d): %s"), user,
                          vhost, code, command);
}

static char *
describe_not_found (int code, const char *text)
{
  g_autofree char *exchange = dup_name (text, "no exchange");
  g_autofree char *queue = dup_name (text, "no queue");
  g_autofree char *vhost = dup_name (text, "vhost");

  if (vhost == NULL || (exchange == NULL && queue == NULL))
    return NULL;
  if (exchange == NULL)
    return g_strdup_printf (_ ("there is no queue %s in the vhost %s (%d): it is declared again"),
                            queue, vhost, code);
  return g_strdup_printf (
      _ ("there is no exchange %s in the vhost %s (%d): correct EXCHANGE_NAME or "
         "RABBIT_URL; a consumer declares it when it connects"),
      exchange, vhost, code);
}

static char *
describe_locked (int code, const char *text)
{
  g_autofree char *queue = dup_name (text, "queue");
  g_autofree char *vhost = dup_name (text, "vhost");
  g_autofree char *quoted = NULL;

  if (queue == NULL || vhost == NULL)
    return NULL;
  quoted = g_shell_quote (vhost);
  return g_strdup_printf (
      _ ("the queue %s belongs to another connection alone (%d): end the program "
         "that declared it as exclusive: rabbitmqctl list_queues -p %s name "
         "owner_pid"),
      queue, code, quoted);
}

/**
 * heartbeat_advice_is_other_type:
 * @error: the broker's answer to exchange.declare
 *
 * Returns: whether the exchange exists with another type, so that it would deliver the wrong things
 */
gboolean
heartbeat_advice_is_other_type (const GError *error)
{
  g_return_val_if_fail (error != NULL, FALSE);

  return g_error_matches (error, HEARTBEAT_AMQP_ERROR, AMQP_PRECONDITION_FAILED)
         && strstr (error->message, "inequivalent arg 'type' for exchange") != NULL;
}

static char *
describe_precondition (int code, const char *text)
{
  g_autofree char *exchange = dup_name (text, "exchange");
  g_autofree char *type = dup_name (text, "current is");
  g_autofree char *timeout = dup_between (text, "Timeout value used: ", " ms");

  if (timeout != NULL)
    return g_strdup_printf (_ ("a message was not acknowledged within the broker's "
                               "consumer_timeout of %s ms (%d): it is "
                               "delivered again; raise consumer_timeout in rabbitmq.conf"),
                            timeout, code);
  if (exchange == NULL || type == NULL || strstr (text, "inequivalent arg 'type'") == NULL)
    return NULL;
  return g_strdup_printf (_ ("the exchange %s is of type %s, not topic (%d): set EXCHANGE_NAME to "
                             "another, or delete it, and it is made anew"),
                          exchange, type, code);
}

static char *
describe_forced (int code, const char *text)
{
  g_autofree char *words = dup_words (text);

  if (strstr (words, "'shutdown'") != NULL)
    return g_strdup_printf (_ ("the broker shuts down (%d): the connection comes back with it"),
                            code);
  return g_strdup_printf (
      _ ("the broker's administrator closed the connection: %s (%d); it is made "
         "again"),
      words, code);
}

static char *
describe_refusal (int code, const char *text)
{
  switch (code)
    {
    case AMQP_ACCESS_REFUSED:
      return describe_refused_access (code, text);
    case AMQP_NOT_FOUND:
      return describe_not_found (code, text);
    case AMQP_RESOURCE_LOCKED:
      return describe_locked (code, text);
    case AMQP_PRECONDITION_FAILED:
      return describe_precondition (code, text);
    case AMQP_CONNECTION_FORCED:
      return describe_forced (code, text);
    case AMQP_NOT_ALLOWED:
      return describe_vhost (code, text);
    default:
      return NULL;
    }
}

/**
 * heartbeat_advice_describe:
 * @error: why there is no connection, or what the broker refused
 *
 * Describes what happened and what to do, in one line.
 *
 * Returns: (transfer full): a text for people
 */
char *
heartbeat_advice_describe (const GError *error)
{
  char *text = NULL;

  g_return_val_if_fail (error != NULL, NULL);

  if (error->domain == HEARTBEAT_AMQP_ERROR)
    text = describe_refusal (error->code, error->message);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    text
        = g_strdup_printf (_ ("%s: start the broker there, or correct RABBIT_URL"), error->message);
  else if (error->domain == G_RESOLVER_ERROR)
    text = g_strdup_printf (_ ("%s: correct the host in RABBIT_URL"), error->message);
  return text != NULL ? text : g_strdup (error->message);
}

/**
 * heartbeat_advice_describe_difference:
 * @error: the broker's answer to the declaration of something that exists with other arguments
 *
 * Returns: (transfer full): what differs, for people
 */
char *
heartbeat_advice_describe_difference (const GError *error)
{
  g_autofree char *what = dup_between (error->message, "inequivalent arg '", "'");
  g_autofree char *kind = dup_between (error->message, "' for ", " '");
  g_autofree char *name = kind != NULL ? dup_name (error->message, kind) : NULL;
  g_autofree char *wanted = dup_between (error->message, "received ", " but current is ");
  g_autofree char *is = dup_between (error->message, " but current is ", " (");

  if (what == NULL || name == NULL || wanted == NULL || is == NULL)
    return g_strdup (error->message);
  if (g_str_equal (kind, "queue"))
    /* Translators: a queue, one of its arguments (x-queue-type), two values of it, a number */
    return g_strdup_printf (_ ("the queue %s has another %s: it is %s, wanted was %s (%d)"), name,
                            what, is, wanted, error->code);
  /* Translators: an exchange, one of its arguments (durable), two values of it, a number */
  return g_strdup_printf (_ ("the exchange %s has another %s: it is %s, wanted was %s (%d)"), name,
                          what, is, wanted, error->code);
}
