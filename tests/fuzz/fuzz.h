/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/* What libFuzzer calls again and again, and replay.c once for each file of a corpus. A broken promise aborts. */
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
