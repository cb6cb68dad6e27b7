/* SPDX-License-Identifier: MIT */

#include "amqp/heartbeat-amqp-error.h"

#include <string.h>

#include "base/heartbeat-text.h"

/**
 * heartbeat_amqp_error_quark:
 *
 * Returns: the error domain of the broker's refusals
 */
G_DEFINE_QUARK (heartbeat - amqp - error - quark, heartbeat_amqp_error)

/**
 * heartbeat_amqp_text:
 * @bytes: bytes from the wire
 *
 * Makes the broker's text safe for the log and for D-Bus.
 *
 * Returns: (transfer full): valid UTF-8 without control characters
 */
char *
heartbeat_amqp_text (amqp_bytes_t bytes)
{
  g_autofree char *text = bytes.len > 0 ? g_strndup (bytes.bytes, bytes.len) : g_strdup ("");

  return heartbeat_text_to_line (text);
}

/**
 * heartbeat_amqp_method_name:
 * @method: number of an AMQP method
 *
 * Returns: (nullable) (transfer full): the name as in AMQP's specification, such as "queue.declare"; %NULL for a number
 *   that is none
 */
char *
heartbeat_amqp_method_name (amqp_method_number_t method)
{
  const char *constant = amqp_method_name (method);
  char *name = NULL;

  if (constant == NULL || !g_str_has_prefix (constant, "AMQP_")
      || !g_str_has_suffix (constant, "_METHOD"))
    return NULL;

  constant += strlen ("AMQP_");
  name = g_ascii_strdown (constant, (gssize) (strlen (constant) - strlen ("_METHOD")));
  g_strdelimit (name, "_", '-');
  *strchr (name, '-') = '.';
  return name;
}

/**
 * heartbeat_amqp_error_new:
 * @reply_code: the reply code of a close method
 * @reply_text: its text
 * @method: the method that the broker blames, 0 for none
 *
 * Makes an error of the broker's reason to close a channel or the connection.
 *
 * Returns: (transfer full): an error of the domain %HEARTBEAT_AMQP_ERROR
 */
GError *
heartbeat_amqp_error_new (guint16 reply_code, amqp_bytes_t reply_text, amqp_method_number_t method)
{
  g_autofree char *text = heartbeat_amqp_text (reply_text);
  g_autofree char *name = heartbeat_amqp_method_name (method);

  if (name == NULL)
    return g_error_new (HEARTBEAT_AMQP_ERROR, reply_code, "%s (%u)", text, reply_code);
  return g_error_new (HEARTBEAT_AMQP_ERROR, reply_code, "%s (%u, asked for: %s)", text, reply_code,
                      name);
}
