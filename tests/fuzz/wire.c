/* SPDX-License-Identifier: MIT */

#include "wire.h"

#include "amqp/heartbeat-frame.h"

#define HEAD 2

/* One frame of an input: four bytes name type, channel and length, what there is of the payload follows. Its length and
 * end are right, or the fuzzer would spend its life with finding out that they must be. */
static gsize
append_frame (GByteArray *out, const uint8_t *data, size_t size)
{
  static const guint8 types[]
      = { AMQP_FRAME_METHOD, AMQP_FRAME_HEADER, AMQP_FRAME_BODY, AMQP_FRAME_HEARTBEAT };
  gsize length = MIN ((gsize) data[2] << 8 | data[3], size - 4);
  guint8 head[HEARTBEAT_FRAME_HEAD] = {
    types[data[0] & 3], 0, data[1], 0, 0, (guint8) (length >> 8), (guint8) length,
  };
  const guint8 end = AMQP_FRAME_END;

  g_byte_array_append (out, head, sizeof head);
  g_byte_array_append (out, data + 4, (guint) length);
  g_byte_array_append (out, &end, 1);
  return 4 + length;
}

/**
 * wire_init:
 * @wire: (out caller-allocates): what @data means
 * @data: (array length=size): an input
 * @size: its length
 *
 * The lowest bit of the first byte says whether raw bytes follow or frames without their ends, the others the stage; the
 * second byte is the size of a chunk.
 */
void
wire_init (Wire *wire, const uint8_t *data, size_t size)
{
  gboolean raw;

  *wire = (Wire){ .bytes = g_byte_array_sized_new ((guint) size + 1) };
  if (size < HEAD)
    return;
  raw = (data[0] & 1) != 0;
  wire->stage = data[0] >> 1;
  wire->chunk = data[1];
  data += HEAD;
  size -= HEAD;
  if (raw)
    {
      g_byte_array_append (wire->bytes, data, (guint) size);
      return;
    }
  while (size >= 4)
    {
      gsize used = append_frame (wire->bytes, data, size);

      data += used;
      size -= used;
    }
}

void
wire_clear (Wire *wire)
{
  g_clear_pointer (&wire->bytes, g_byte_array_unref);
}
