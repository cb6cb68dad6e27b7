/* SPDX-License-Identifier: MIT */

#pragma once

#include <glib.h>

/* When to give up; no test waits for it to pass. */
#define WAIT_FOR_US (30 * G_USEC_PER_SEC)

/* Runs the default main context until the condition is true. */
#define wait_for(condition)                                                                        \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 wait_deadline = g_get_monotonic_time () + WAIT_FOR_US;                                  \
    while (!(condition))                                                                           \
      {                                                                                            \
        g_assert_cmpint (g_get_monotonic_time (), <, wait_deadline);                               \
        g_main_context_iteration (NULL, FALSE);                                                    \
        g_usleep (100);                                                                            \
      }                                                                                            \
  }                                                                                                \
  G_STMT_END
