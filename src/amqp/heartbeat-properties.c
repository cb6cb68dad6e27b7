/* SPDX-License-Identifier: MIT */

#include "amqp/heartbeat-properties.h"

typedef enum
{
  KIND_SHORT, /* a byte of length and so many */
  KIND_TABLE, /* four bytes of length and so many */
  KIND_BYTE,
  KIND_TIME,
} Kind;

/* AMQP 0-9-1, section 1.8.3, in the order in which they follow the flags. */
static const struct
{
  amqp_flags_t flag;
  Kind kind;
} fields[] = {
  { AMQP_BASIC_CONTENT_TYPE_FLAG, KIND_SHORT }, { AMQP_BASIC_CONTENT_ENCODING_FLAG, KIND_SHORT },
  { AMQP_BASIC_HEADERS_FLAG, KIND_TABLE },      { AMQP_BASIC_DELIVERY_MODE_FLAG, KIND_BYTE },
  { AMQP_BASIC_PRIORITY_FLAG, KIND_BYTE },      { AMQP_BASIC_CORRELATION_ID_FLAG, KIND_SHORT },
  { AMQP_BASIC_REPLY_TO_FLAG, KIND_SHORT },     { AMQP_BASIC_EXPIRATION_FLAG, KIND_SHORT },
  { AMQP_BASIC_MESSAGE_ID_FLAG, KIND_SHORT },   { AMQP_BASIC_TIMESTAMP_FLAG, KIND_TIME },
  { AMQP_BASIC_TYPE_FLAG, KIND_SHORT },         { AMQP_BASIC_USER_ID_FLAG, KIND_SHORT },
  { AMQP_BASIC_APP_ID_FLAG, KIND_SHORT },       { AMQP_BASIC_CLUSTER_ID_FLAG, KIND_SHORT },
};

/* The lowest bit of each word: another word follows. */
#define MORE_FLAGS 1u

/* Returns how many bytes a field has before its value, and how many in it. */
static gboolean
measure (Kind kind, const guint8 *at, gsize left, gsize *head, gsize *size)
{
  static const gsize heads[] = { 1, 4, 0, 0 };
  static const gsize sizes[] = { 0, 0, 1, 8 };

  *head = heads[kind];
  *size = sizes[kind];
  if (left < *head)
    return FALSE;
  for (gsize i = 0; i < *head; i++)
    *size = *size << 8 | at[i];
  return *size <= left - *head;
}

static void
keep (HeartbeatProperties *properties, amqp_flags_t flag, amqp_bytes_t value)
{
  if (flag == AMQP_BASIC_CONTENT_TYPE_FLAG)
    properties->content_type = value;
  else if (flag == AMQP_BASIC_MESSAGE_ID_FLAG)
    properties->message_id = value;
  else if (flag == AMQP_BASIC_APP_ID_FLAG)
    properties->app_id = value;
}

static gboolean
read_flags (const guint8 *data, gsize length, gsize *used, guint *flags)
{
  guint word = MORE_FLAGS;

  for (*used = 0; word & MORE_FLAGS; *used += 2)
    {
      if (length - *used < 2)
        return FALSE;
      word = (guint) data[*used] << 8 | data[*used + 1];
      if (*used == 0)
        *flags = word;
    }
  return TRUE;
}

/**
 * heartbeat_properties_read:
 * @properties: (out caller-allocates): what was found
 * @data: (array length=length): the property flags and list of a content header
 * @length: length of @data
 *
 * Reads the properties of a message. Its headers are passed over: nobody needs them, and librabbitmq would decode tables in
 * tables by recursion, as deep as whoever published the message likes, with 1 KiB of memory for each.
 *
 * Returns: whether the properties are whole
 */
gboolean
heartbeat_properties_read (HeartbeatProperties *properties, const guint8 *data, gsize length)
{
  gsize used = 0;
  guint flags = 0;

  g_return_val_if_fail (properties != NULL, FALSE);

  *properties = (HeartbeatProperties){ amqp_empty_bytes, amqp_empty_bytes, amqp_empty_bytes };
  if (!read_flags (data, length, &used, &flags))
    return FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      gsize head = 0;
      gsize size = 0;

      if ((flags & fields[i].flag) == 0)
        continue;
      if (!measure (fields[i].kind, data + used, length - used, &head, &size))
        return FALSE;
      keep (properties, fields[i].flag, (amqp_bytes_t){ size, (void *) (data + used + head) });
      used += head + size;
    }
  return TRUE;
}
