/* SPDX-License-Identifier: MIT */

#include "json/heartbeat-details.h"

#include <string.h>

/* libdbus ends the connection of who sends more than 64 containers in each other, the message's own included. */
#define MAX_DEPTH 32

/* As much as a program may write. */
#define MAX_SIZE (64 * 1024)

static gboolean
fits_at (GVariant *value, guint depth)
{
  if (!g_variant_is_container (value))
    return TRUE;
  /* A maybe has no counterpart on D-Bus. */
  if (depth == MAX_DEPTH || strchr (g_variant_get_type_string (value), 'm') != NULL)
    return FALSE;
  for (gsize i = 0; i < g_variant_n_children (value); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (value, i);

      if (!fits_at (child, depth + 1))
        return FALSE;
    }
  return TRUE;
}

/**
 * heartbeat_details_fit:
 * @details: what a handler has to say besides status and message
 *
 * Details travel in signals and answers on D-Bus, and a message that the bus does not take ends our connection to it.
 *
 * Returns: whether they are an `a{sv}` of at most 64 KiB, nested at most 32 deep, of types that D-Bus has
 */
gboolean
heartbeat_details_fit (GVariant *details)
{
  g_return_val_if_fail (details != NULL, FALSE);

  return g_variant_is_of_type (details, G_VARIANT_TYPE_VARDICT)
         && g_variant_get_size (details) <= MAX_SIZE && fits_at (details, 0);
}
