/* SPDX-License-Identifier: MIT */

#include "json/heartbeat-json.h"

#include <math.h>
#include <string.h>

/* What the scanner has accepted is not checked again: every value has its end, and every container and string is closed. */

gboolean
heartbeat_json_is_object (const HeartbeatJson *value)
{
  g_return_val_if_fail (value != NULL, FALSE);

  return *value->start == '{';
}

gboolean
heartbeat_json_is_array (const HeartbeatJson *value)
{
  g_return_val_if_fail (value != NULL, FALSE);

  return *value->start == '[';
}

gboolean
heartbeat_json_is_string (const HeartbeatJson *value)
{
  g_return_val_if_fail (value != NULL, FALSE);

  return *value->start == '"';
}

gboolean
heartbeat_json_is_null (const HeartbeatJson *value)
{
  g_return_val_if_fail (value != NULL, FALSE);

  return *value->start == 'n';
}

/* The byte after the string that starts at @at. */
static const char *
skip_string (const char *at)
{
  for (at++; *at != '"'; at++)
    if (*at == '\\')
      at++;
  return at + 1;
}

/* The byte after the container that starts at @at: strings hide brackets, all else is counted. */
static const char *
skip_container (const char *at, const char *end)
{
  guint depth = 0;

  while (at < end)
    {
      if (*at == '"')
        {
          at = skip_string (at);
          continue;
        }
      if (*at == '{' || *at == '[')
        depth++;
      else if ((*at == '}' || *at == ']') && --depth == 0)
        return at + 1;
      at++;
    }
  return end;
}

static gboolean
follows_scalar (char c)
{
  return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The byte after the value that starts at @at. */
static const char *
skip_value (const char *at, const char *end)
{
  if (*at == '"')
    return skip_string (at);
  if (*at == '{' || *at == '[')
    return skip_container (at, end);
  while (at < end && !follows_scalar (*at))
    at++;
  return at;
}

/* Between two tokens there are only white space, a comma or a colon. */
static const char *
skip_to_token (const char *at, const char *end)
{
  while (at < end
         && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t' || *at == ',' || *at == ':'))
    at++;
  return at;
}

/**
 * heartbeat_json_init:
 * @value: (out caller-allocates): the value
 * @start: its first byte
 * @root: the value that @start lies in
 *
 * Finds the end of a value that heartbeat_json_scan_members() has named.
 */
void
heartbeat_json_init (HeartbeatJson *value, const char *start, const HeartbeatJson *root)
{
  g_return_if_fail (value != NULL);
  g_return_if_fail (start != NULL);
  g_return_if_fail (root != NULL);

  *value = (HeartbeatJson){ start, skip_value (start, root->end) };
}

/**
 * heartbeat_json_iter_init:
 * @iter: (out caller-allocates): the iterator
 * @container: an object or an array
 *
 * Starts before the first member or element.
 */
void
heartbeat_json_iter_init (HeartbeatJsonIter *iter, const HeartbeatJson *container)
{
  g_return_if_fail (iter != NULL);
  g_return_if_fail (container != NULL);

  iter->end = container->end - 1;
  iter->next = skip_to_token (container->start + 1, iter->end);
}

static gboolean
iter_value (HeartbeatJsonIter *iter, HeartbeatJson *value)
{
  value->start = iter->next;
  value->end = skip_value (iter->next, iter->end);
  iter->next = skip_to_token (value->end, iter->end);
  return TRUE;
}

/**
 * heartbeat_json_iter_member:
 * @iter: an iterator over an object
 * @name: (out caller-allocates): the name, a string value with its quotes
 * @value: (out caller-allocates): the value
 *
 * Returns: %FALSE after the last member
 */
gboolean
heartbeat_json_iter_member (HeartbeatJsonIter *iter, HeartbeatJson *name, HeartbeatJson *value)
{
  g_return_val_if_fail (iter != NULL, FALSE);
  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (value != NULL, FALSE);

  if (iter->next >= iter->end)
    return FALSE;
  name->start = iter->next;
  name->end = skip_string (iter->next);
  iter->next = skip_to_token (name->end, iter->end);
  return iter_value (iter, value);
}

/**
 * heartbeat_json_iter_element:
 * @iter: an iterator over an array
 * @value: (out caller-allocates): the element
 *
 * Returns: %FALSE after the last element
 */
gboolean
heartbeat_json_iter_element (HeartbeatJsonIter *iter, HeartbeatJson *value)
{
  g_return_val_if_fail (iter != NULL, FALSE);
  g_return_val_if_fail (value != NULL, FALSE);

  return iter->next < iter->end && iter_value (iter, value);
}

/**
 * heartbeat_json_get_member:
 * @object: an object
 * @name: a member's name
 * @value: (out caller-allocates): its value; of duplicate members the last counts
 *
 * Returns: whether @object has such a member
 */
gboolean
heartbeat_json_get_member (const HeartbeatJson *object, const char *name, HeartbeatJson *value)
{
  HeartbeatJsonIter iter;
  HeartbeatJson key, candidate;
  gboolean found = FALSE;

  g_return_val_if_fail (object != NULL, FALSE);
  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (value != NULL, FALSE);

  heartbeat_json_iter_init (&iter, object);
  while (heartbeat_json_iter_member (&iter, &key, &candidate))
    {
      if (!heartbeat_json_equals (&key, name))
        continue;
      *value = candidate;
      found = TRUE;
    }
  return found;
}

/**
 * heartbeat_json_equals:
 * @string: any value
 * @text: a text
 *
 * Returns: whether @string is a string and means @text, escaped or not
 */
gboolean
heartbeat_json_equals (const HeartbeatJson *string, const char *text)
{
  g_autofree char *unescaped = NULL;
  gsize length, text_length, unescaped_length;

  g_return_val_if_fail (string != NULL, FALSE);
  g_return_val_if_fail (text != NULL, FALSE);

  if (*string->start != '"')
    return FALSE;
  /* The first byte tells most names apart. */
  if (string->start[1] != text[0] && string->start[1] != '\\' && text[0] != '\0')
    return FALSE;

  length = string->end - string->start;
  text_length = strlen (text);
  if (length < text_length + 2)
    return FALSE;
  if (memchr (string->start, '\\', length) == NULL)
    return length == text_length + 2 && memcmp (string->start + 1, text, text_length) == 0;
  unescaped = heartbeat_json_dup_string (string, &unescaped_length);
  return unescaped_length == text_length && memcmp (unescaped, text, text_length) == 0;
}

/* The four hexadecimal digits of an escape. */
static gunichar
read_hex4 (const char *at)
{
  gunichar value = 0;

  for (int i = 0; i < 4; i++)
    value = value * 16 + g_ascii_xdigit_value (at[i]);
  return value;
}

static void
append_escape (GString *out, const char **at)
{
  static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
  const char *name;
  gunichar c;

  (*at)++;
  if (**at != 'u')
    {
      name = strchr (names, **at);
      g_string_append_c (out, name != NULL ? values[name - names] : **at);
      (*at)++;
      return;
    }
  c = read_hex4 (*at + 1);
  *at += 5;
  if (c >= 0xd800 && c <= 0xdbff)
    {
      c = 0x10000 + ((c - 0xd800) << 10) + (read_hex4 (*at + 2) - 0xdc00);
      *at += 6;
    }
  g_string_append_unichar (out, c);
}

/**
 * heartbeat_json_dup_string:
 * @string: a string value
 * @length: (out) (optional): the length in bytes: `\u0000` is a NUL within
 *
 * Returns: (transfer full): what the string means, in UTF-8
 */
char *
heartbeat_json_dup_string (const HeartbeatJson *string, gsize *length)
{
  const char *at = NULL, *end = NULL;
  GString *out = NULL;

  g_return_val_if_fail (string != NULL, NULL);

  at = string->start + 1;
  end = string->end - 1;
  out = g_string_sized_new (end - at);
  while (at < end)
    {
      if (*at == '\\')
        append_escape (out, &at);
      else
        g_string_append_c (out, *at++);
    }
  if (length != NULL)
    *length = out->len;
  return g_string_free (out, FALSE);
}

/**
 * heartbeat_json_dup_c_string:
 * @value: any value
 *
 * For texts whose rest after a NUL nobody would see, so that they would not be what they look like.
 *
 * Returns: (transfer full) (nullable): what the string means, in UTF-8; %NULL where it is no string or has a NUL within
 */
char *
heartbeat_json_dup_c_string (const HeartbeatJson *value)
{
  g_autofree char *text = NULL;
  gsize length;

  g_return_val_if_fail (value != NULL, NULL);

  if (!heartbeat_json_is_string (value))
    return NULL;
  text = heartbeat_json_dup_string (value, &length);
  return strlen (text) == length ? g_steal_pointer (&text) : NULL;
}

/**
 * heartbeat_json_dup_text:
 * @value: any value
 *
 * Returns: (transfer full): the value as it is written
 */
char *
heartbeat_json_dup_text (const HeartbeatJson *value)
{
  g_return_val_if_fail (value != NULL, NULL);

  return g_strndup (value->start, value->end - value->start);
}

/**
 * heartbeat_json_get_boolean:
 * @value: any value
 * @result: (out): the truth
 *
 * Returns: whether @value is `true` or `false`
 */
gboolean
heartbeat_json_get_boolean (const HeartbeatJson *value, gboolean *result)
{
  g_return_val_if_fail (value != NULL, FALSE);
  g_return_val_if_fail (result != NULL, FALSE);

  *result = *value->start == 't';
  return *value->start == 't' || *value->start == 'f';
}

/* The usual form, without an allocation: up to 15 digits are below 2^53. */
static gboolean
read_plain_integer (const HeartbeatJson *value, gint64 *result)
{
  gboolean negative = *value->start == '-';
  const char *at = value->start + negative;
  gint64 number = 0;

  if (value->end - at > 15)
    return FALSE;
  for (; at < value->end; at++)
    {
      if (!g_ascii_isdigit (*at))
        return FALSE;
      number = number * 10 + (*at - '0');
    }
  *result = negative ? -number : number;
  return TRUE;
}

/**
 * heartbeat_json_get_integer:
 * @value: any value
 * @result: (out): the integer
 *
 * Any number with a whole value of at most 2^53 - 1 is an integer, however it is written: 900000, 900000.0, 9e5.
 *
 * Returns: whether @value is such a number
 */
gboolean
heartbeat_json_get_integer (const HeartbeatJson *value, gint64 *result)
{
  g_autofree char *text = NULL;
  double number;

  g_return_val_if_fail (value != NULL, FALSE);
  g_return_val_if_fail (result != NULL, FALSE);

  if (*value->start != '-' && !g_ascii_isdigit (*value->start))
    return FALSE;
  if (read_plain_integer (value, result))
    return TRUE;
  text = heartbeat_json_dup_text (value);
  number = g_ascii_strtod (text, NULL);
  if (!(fabs (number) <= HEARTBEAT_JSON_MAX_INTEGER) || number != floor (number))
    return FALSE;
  *result = (gint64) number;
  return TRUE;
}

/**
 * heartbeat_json_quote:
 * @text: a text in UTF-8
 *
 * Returns: (transfer full): @text as a JSON string, with its quotes
 */
char *
heartbeat_json_quote (const char *text)
{
  GString *out = NULL;

  g_return_val_if_fail (text != NULL, NULL);

  out = g_string_new ("\"");
  for (; *text != '\0'; text++)
    {
      if (*text == '"' || *text == '\\')
        g_string_append_c (out, '\\');
      if ((guchar) *text < 0x20)
        g_string_append_printf (out, "\\u%04x", (guint) (guchar) *text);
      else
        g_string_append_c (out, *text);
    }
  g_string_append_c (out, '"');
  return g_string_free (out, FALSE);
}

/**
 * heartbeat_json_print:
 * @node: a value
 * @pretty: whether each member has its own line
 *
 * Escapes every control character: json_to_string() leaves U+001F as it is, which is not JSON.
 *
 * Returns: (transfer full): @node as JSON
 */
char *
heartbeat_json_print (JsonNode *node, gboolean pretty)
{
  g_autofree char *text = NULL;
  GString *out = NULL;

  g_return_val_if_fail (node != NULL, NULL);

  text = json_to_string (node, pretty);
  out = g_string_new (text);
  g_string_replace (out, "\x1f", "\\u001f", 0);
  return g_string_free (out, FALSE);
}
