/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Wire:
 * @bytes: what the broker sends
 * @chunk: how many bytes of it come at a time, 0 for all at once
 * @stage: how far the conversation went before
 *
 * What an input of the fuzzer means to those targets that hear a broker.
 */
typedef struct
{
  GByteArray *bytes;
  gsize chunk;
  guint stage;
} Wire;

void wire_init (Wire *wire, const uint8_t *data, size_t size);
void wire_clear (Wire *wire);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Wire, wire_clear)
